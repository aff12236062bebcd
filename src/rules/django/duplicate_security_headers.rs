//! `duplicate-security-headers`.

use crate::rules::facts::Protocol;
use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, inherited};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `add_header` for a header that Django sends itself (`X-Frame-Options`, `X-Content-Type-Options`,
    /// `Referrer-Policy`, `Cross-Origin-Opener-Policy`, and `Strict-Transport-Security` where the settings
    /// state `secure-hsts-seconds`), on the way to Django, without `proxy_hide_header`.
    ///
    /// ## Why it matters
    ///
    /// `SecurityMiddleware` and `XFrameOptionsMiddleware` send these headers by default, and nginx adds
    /// its own beside them. Clients get both: browsers take the values of `X-Frame-Options` together and
    /// may ignore them, and the stricter of two values is not always the one that counts.
    ///
    /// ## What to do
    ///
    /// Leave the header to Django, or write `proxy_hide_header NAME;` beside `add_header`.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/ref/middleware/#module-django.middleware.security>
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_hide_header>
    pub struct DuplicateSecurityHeaders {
        id: "duplicate-security-headers",
        group: Django,
        severity: Warning,
    }
}

impl Rule for DuplicateSecurityHeaders {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let hsts = cx
            .settings
            .django
            .secure_hsts_seconds
            .is_some_and(|seconds| seconds > 0);
        let mut told = Vec::new();
        for pass in places.passes.iter().filter(|pass| pass.is_django()) {
            let scope = pass.statement.scope;
            let hide = match pass.protocol {
                Protocol::Http | Protocol::Https => "proxy_hide_header",
                Protocol::Uwsgi => "uwsgi_hide_header",
                _ => continue,
            };
            let hidden = inherited(model, scope, hide);
            let names = SENT
                .iter()
                .chain(hsts.then_some(&"Strict-Transport-Security"));
            for name in names {
                let added = inherited(model, scope, "add_header");
                let Some(added) = added.get(name) else {
                    continue;
                };
                if hidden.known == Known::No
                    || hidden.get(name).is_some()
                    || told.contains(&added.head())
                    || added.arg(1).is_none_or(|word| word.value().is_empty())
                {
                    continue;
                }
                told.push(added.head());
                let finding = cx
                    .finding(
                        added.head(),
                        format!("clients get `{name}` twice, from nginx and from Django"),
                    )
                    .label("Django sends it too")
                    .related(pass.statement.head(), "goes to Django")
                    .help(format!("Remove it, or write `{hide} {name};` beside it"));
                cx.report(finding);
            }
        }
    }
}

/// What Django sends with its default settings.
const SENT: &[&str] = &[
    "X-Frame-Options",
    "X-Content-Type-Options",
    "Referrer-Policy",
    "Cross-Origin-Opener-Policy",
];
