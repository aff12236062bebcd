//! `django-xfp-hardcoded-https`.

use crate::finding::Severity;
use crate::rules::meta::declare_rule;
use crate::rules::places::{inherited, is_behind_proxy};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `proxy_set_header X-Forwarded-Proto https` in a server that clients also reach without TLS.
    ///
    /// It is an error where the server has TLS beside it, and a warning where it has none: another
    /// proxy may end TLS before it.
    ///
    /// ## Why it matters
    ///
    /// Django takes requests over plain HTTP for safe ones: it does not redirect them and sends cookies
    /// that are meant for HTTPS in the clear.
    ///
    /// Nothing is said where the server sends plain requests to HTTPS, where nginx trusts another proxy
    /// (`set_real_ip_from`), or where the settings say `public = false`.
    ///
    /// ## What to do
    ///
    /// Write `$scheme`.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/ref/settings/#secure-proxy-ssl-header>
    pub struct DjangoXfpHardcodedHttps {
        id: "django-xfp-hardcoded-https",
        group: Django,
        severity: Error,
    }
}

impl Rule for DjangoXfpHardcodedHttps {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        if cx.settings.django.public == Some(false) {
            return;
        }
        let mut told = Vec::new();
        for pass in places.django_over_http() {
            let scope = pass.statement.scope;
            let headers = inherited(model, scope, "proxy_set_header");
            let set = headers.get("X-Forwarded-Proto").and_then(|set| set.arg(1));
            let (Some(word), Some(site)) = (set, places.site_around(scope)) else {
                continue;
            };
            let Some(socket) = site.plain() else {
                continue;
            };
            if !word.value().eq_ignore_ascii_case(b"https")
                || is_behind_proxy(model, Some(site), scope)
                || places.sends_to_https(site.scope)
                || told.contains(&word.span())
            {
                continue;
            }
            told.push(word.span());
            let mut finding = cx
                .finding(word.span(), "Django takes requests without TLS for `https`")
                .label("said of every request")
                .help("Write `$scheme`");
            if let Some(listen) = socket.statement {
                finding = finding.related(listen.head(), "no TLS here");
            }
            if !site.has_tls() {
                finding.severity = Severity::Warning;
            }
            cx.report(finding);
        }
    }
}
