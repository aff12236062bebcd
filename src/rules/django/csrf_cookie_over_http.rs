//! `csrf-cookie-over-http`.

use crate::rules::meta::declare_rule;
use crate::rules::places::is_behind_proxy;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A server that hands requests to Django without TLS and sends nobody to HTTPS, while another server
    /// has TLS or the settings say `public = true`.
    ///
    /// ## Why it matters
    ///
    /// Cookies for sessions and forms (`sessionid`, `csrftoken`) travel in the clear, and whoever reads
    /// them is logged in.
    ///
    /// Nothing is said where only this machine reaches the server, where nginx trusts another proxy
    /// (`set_real_ip_from`), which then ends TLS, or where the settings say `public = false`.
    ///
    /// ## What to do
    ///
    /// Write `return 308 https://$server_name$request_uri;` in the server without TLS, and
    /// `SESSION_COOKIE_SECURE = True` and `CSRF_COOKIE_SECURE = True` in Django.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/topics/security/#ssl-https>
    pub struct CsrfCookieOverHttp {
        id: "csrf-cookie-over-http",
        group: Django,
        severity: Warning,
    }
}

impl Rule for CsrfCookieOverHttp {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let public = cx.settings.django.public;
        let tls = places.sites().any(|site| site.has_tls());
        if public == Some(false) || public.is_none() && !tls {
            return;
        }
        for site in places.sites() {
            let (Some(socket), Some(pass)) = (site.plain(), places.django_in(site.scope).next())
            else {
                continue;
            };
            if places.sends_to_https(site.scope)
                || is_behind_proxy(model, Some(site), pass.statement.scope)
            {
                continue;
            }
            let span = socket
                .statement
                .map_or_else(|| site.statement.head(), |listen| listen.head());
            let finding = cx
                .finding(span, "Django's cookies travel without TLS")
                .label("no TLS here")
                .related(pass.statement.head(), "goes to Django")
                .help("Write `return 308 https://$server_name$request_uri;` in a server of its own for this socket");
            cx.report(finding);
        }
    }
}
