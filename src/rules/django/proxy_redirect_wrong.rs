//! `proxy-redirect-wrong`.

use crate::rules::meta::declare_rule;
use crate::rules::places::inherited;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `proxy_redirect off` on the way to Django without `proxy_set_header Host`.
    ///
    /// ## Why it matters
    ///
    /// Django builds redirects from the host that it sees, which is then the name of the upstream. By
    /// default nginx puts that right in `Location`; `off` forbids it, and browsers are sent to
    /// `http://django/`.
    ///
    /// ## What to do
    ///
    /// Write `proxy_set_header Host $host;` beside it.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_redirect>
    pub struct ProxyRedirectWrong {
        id: "proxy-redirect-wrong",
        group: Django,
        severity: Warning,
    }
}

impl Rule for ProxyRedirectWrong {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let mut told = Vec::new();
        for pass in places.django_over_http() {
            let scope = pass.statement.scope;
            let Some(off) = model.effective(scope, "proxy_redirect").first().copied() else {
                continue;
            };
            if !off.arg(0).is_some_and(|word| word.is("off"))
                || !inherited(model, scope, "proxy_set_header").lacks("Host")
                || told.contains(&off.head())
            {
                continue;
            }
            told.push(off.head());
            let finding = cx
                .finding(
                    off.head(),
                    "redirects of Django lead to the name of the upstream",
                )
                .label("nginx leaves them as they are")
                .related(pass.statement.head(), "no `Host` is set here")
                .help("Write `proxy_set_header Host $host;` beside `proxy_pass`");
            cx.report(finding);
        }
    }
}
