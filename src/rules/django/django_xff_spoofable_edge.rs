//! `django-xff-spoofable-edge`.

use crate::rules::meta::declare_rule;
use crate::rules::places::{inherited, is_behind_proxy};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `$proxy_add_x_forwarded_for` in a server that clients reach themselves: one with TLS, or any
    /// where the settings say `public = true`, and where no other proxy is trusted.
    ///
    /// ## Why it matters
    ///
    /// The variable appends the address to what the client wrote: `X-Forwarded-For: 1.2.3.4` arrives
    /// as `1.2.3.4, 203.0.113.9`. Code that takes the first address, as many examples for Django do,
    /// takes the one that the client chose.
    ///
    /// ## What to do
    ///
    /// At the edge write `$remote_addr`. Behind a proxy state its networks with `set_real_ip_from`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#var_proxy_add_x_forwarded_for>
    pub struct DjangoXffSpoofableEdge {
        id: "django-xff-spoofable-edge",
        group: Django,
        severity: Info,
    }
}

impl Rule for DjangoXffSpoofableEdge {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let public = cx.settings.django.public;
        let mut told = Vec::new();
        for pass in places.django_over_http() {
            let scope = pass.statement.scope;
            let Some(site) = places.site_around(scope) else {
                continue;
            };
            let edge = public == Some(true) || public.is_none() && site.has_tls();
            if !edge || site.is_local() || is_behind_proxy(model, Some(site), scope) {
                continue;
            }
            let headers = inherited(model, scope, "proxy_set_header");
            let Some(word) = headers.get("X-Forwarded-For").and_then(|set| set.arg(1)) else {
                continue;
            };
            if word.is("$proxy_add_x_forwarded_for") && !told.contains(&word.span()) {
                told.push(word.span());
                let finding = cx
                    .finding(
                        word.span(),
                        "the client chooses the first address of `X-Forwarded-For`",
                    )
                    .label("keeps what the client sent")
                    .help("Write `$remote_addr`");
                cx.report(finding);
            }
        }
    }
}
