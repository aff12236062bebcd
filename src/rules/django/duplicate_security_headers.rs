//! `duplicate-security-headers`.

use crate::rules::facts::Protocol;
use crate::rules::facts::headers::listed;
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
            let added = inherited(model, scope, "add_header");
            let twice = names.filter(|name| hidden.get(name).is_none());
            let twice = twice.filter_map(|name| added.get(name));
            let twice: Vec<_> = twice
                .filter(|set| set.arg(1).is_some_and(|word| !word.value().is_empty()))
                .collect();
            let Some(first) = twice.iter().min_by_key(|set| set.head().start) else {
                continue;
            };
            if hidden.known == Known::No || told.contains(&first.head()) {
                continue;
            }
            told.push(first.head());
            let names = listed(&twice);
            let name = first
                .arg(0)
                .map_or_else(String::new, |name| name.to_str().into_owned());
            let help = match twice.len() {
                1 => format!("Remove it, or write `{hide} {name};` beside it"),
                _ => format!("Remove them, or write `{hide} {name};` and so on for each"),
            };
            let finding = cx
                .finding(
                    first.head(),
                    format!("clients get {names} twice, from nginx and from Django"),
                )
                .label("Django sends it too")
                .related(pass.statement.head(), "goes to Django")
                .help(help);
            cx.report(finding);
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
