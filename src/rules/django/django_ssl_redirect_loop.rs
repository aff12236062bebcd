//! `django-ssl-redirect-loop`.

use crate::rules::meta::declare_rule;
use crate::rules::places::inherited;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` of a server with TLS that hands requests to Django without saying by which scheme
    /// they came, while the settings say `secure-ssl-redirect = true`.
    ///
    /// ## Why it matters
    ///
    /// Django takes the request for plain HTTP and redirects to the very URL that was asked for. The
    /// browser stops with "too many redirects".
    ///
    /// ## What to do
    ///
    /// Write `proxy_set_header X-Forwarded-Proto $scheme;` beside `proxy_pass`, and set
    /// `SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")` in Django.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/ref/settings/#secure-ssl-redirect>
    pub struct DjangoSslRedirectLoop {
        id: "django-ssl-redirect-loop",
        group: Django,
        severity: Error,
    }
}

impl Rule for DjangoSslRedirectLoop {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        if cx.settings.django.secure_ssl_redirect != Some(true) {
            return;
        }
        let stated = cx.settings.django.scheme_header();
        let header = stated.as_deref().unwrap_or("X-Forwarded-Proto");
        for pass in places.django_over_http() {
            let scope = pass.statement.scope;
            let headers = inherited(model, scope, "proxy_set_header");
            let tls = places.site_around(scope).is_some_and(|site| site.has_tls());
            if !tls || !headers.lacks(header) {
                continue;
            }
            let finding = cx
                .finding(
                    pass.statement.head(),
                    format!("Django redirects to HTTPS for ever: no `{header}` is set"),
                )
                .label("comes by HTTPS")
                .help(format!(
                    "Write `proxy_set_header {header} $scheme;` in this block"
                ));
            cx.report(finding);
        }
    }
}
