//! `proxy-headers-dropped`.

use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, dropped, inherited};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A header that Django needs (`Host`, `X-Forwarded-Proto`, `X-Forwarded-For`, `X-Real-IP`) and that
    /// is set round a `location`, but lost in it, because the location sets another header.
    ///
    /// ## Why it matters
    ///
    /// A block with one `proxy_set_header` inherits none. Without `Host` Django answers 400 or builds
    /// wrong links (`ALLOWED_HOSTS`); without `X-Forwarded-Proto` it takes HTTPS for HTTP
    /// (`SECURE_PROXY_SSL_HEADER`); without the address logs and limits see nginx alone.
    ///
    /// ## What to do
    ///
    /// Repeat the lines in the block that sets a header of its own.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header>
    pub struct ProxyHeadersDropped {
        id: "proxy-headers-dropped",
        group: Django,
        severity: Error,
    }
}

impl Rule for ProxyHeadersDropped {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        for pass in places.django_over_http() {
            let scope = pass.statement.scope;
            let headers = inherited(model, scope, "proxy_set_header");
            if headers.known == Known::No {
                continue;
            }
            let mut lost = Vec::new();
            for name in ["Host", "X-Forwarded-Proto", "X-Forwarded-For", "X-Real-IP"] {
                let address = matches!(name, "X-Forwarded-For" | "X-Real-IP");
                let other = ["X-Forwarded-For", "X-Real-IP"];
                if headers.get(name).is_none()
                    && !(address && other.iter().any(|name| headers.get(name).is_some()))
                    && let Some(set) = dropped(model, scope, "proxy_set_header", name)
                {
                    lost.push((name, set));
                }
            }
            let (Some(((_, set), _)), Some(own)) = (lost.split_first(), headers.list.first())
            else {
                continue;
            };
            let names: Vec<_> = lost.iter().map(|(name, _)| format!("`{name}`")).collect();
            let finding = cx
                .finding(
                    own.head(),
                    format!("this header makes Django lose {}", names.join(", ")),
                )
                .label("nothing is inherited beside it")
                .related(set.head(), "set here")
                .related(pass.statement.head(), "goes to Django")
                .help("Repeat the lost lines in this block");
            cx.report(finding);
        }
    }
}
