//! `django-xfp-from-client`.

use crate::finding::Severity;
use crate::rules::meta::declare_rule;
use crate::rules::places::{inherited, is_behind_proxy};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `proxy_set_header X-Forwarded-Proto` with what the client wrote into that header: by
    /// `$http_x_forwarded_proto`, or by a `map` or `set` that looks at nothing else.
    ///
    /// It is an error in a server with TLS, which clients reach themselves, and a warning in others.
    ///
    /// ## Why it matters
    ///
    /// With `SECURE_PROXY_SSL_HEADER` Django believes the header: a request over plain HTTP passes for
    /// a safe one, gets cookies that are meant for HTTPS, and is not redirected.
    ///
    /// Nothing is said where nginx trusts another proxy (`set_real_ip_from`), where a `map` looks at a
    /// second variable such as one of `geo $realip_remote_addr`, where the server is only for this
    /// machine, or where the settings say `public = false`.
    ///
    /// ## What to do
    ///
    /// At the edge write `$scheme`. Behind a proxy, believe it alone: `geo $realip_remote_addr $trusted`
    /// with its networks, then `map $trusted:$http_x_forwarded_proto $proto`.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/ref/settings/#secure-proxy-ssl-header>
    /// - <https://nginx.org/en/docs/http/ngx_http_realip_module.html#var_realip_remote_addr>
    pub struct DjangoXfpFromClient {
        id: "django-xfp-from-client",
        group: Django,
        severity: Error,
    }
}

impl Rule for DjangoXfpFromClient {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        if cx.settings.django.public == Some(false) {
            return;
        }
        let stated = cx.settings.django.scheme_header();
        let header = stated.as_deref().unwrap_or("X-Forwarded-Proto");
        let variable = format!("http_{}", header.to_ascii_lowercase().replace('-', "_"));
        let mut told = Vec::new();
        for pass in places.django_over_http() {
            let scope = pass.statement.scope;
            let site = places.site_around(scope);
            let headers = inherited(model, scope, "proxy_set_header");
            let Some(word) = headers.get(header).and_then(|set| set.arg(1)) else {
                continue;
            };
            if !places.is_from_client(scope, &word.value(), &variable)
                || is_behind_proxy(model, site, scope)
                || site.is_some_and(|site| site.is_local())
                || told.contains(&word.span())
            {
                continue;
            }
            told.push(word.span());
            let mut finding = cx
                .finding(
                    word.span(),
                    format!("the client chooses what Django takes for the scheme by `{header}`"),
                )
                .label("taken from the client")
                .help("Write `$scheme`, or believe the addresses of your own proxy alone");
            if !site.is_some_and(|site| site.has_tls()) && cx.settings.django.public != Some(true) {
                finding.severity = Severity::Warning;
            }
            cx.report(finding);
        }
    }
}
