//! `django-xfp-missing`.

use crate::finding::Severity;
use crate::model::Model;
use crate::rules::facts::headers::lacks_by_severity;
use crate::rules::facts::{Pass, Protocol};
use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, dropped, inherited};
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::paths::WEBSOCKETS;

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` that hands requests to Django and does not say by which scheme they came: no
    /// `X-Forwarded-Proto` and no other header that the settings name as `secure-proxy-ssl-header`.
    ///
    /// It is an error in a server with TLS, and where the settings name such a header. A
    /// `uwsgi_pass` in a server with TLS that sends neither `HTTPS` nor `REQUEST_SCHEME` is one too.
    /// For WebSockets, which have no CSRF check and build no links, it is a note.
    ///
    /// ## Why it matters
    ///
    /// Django takes every request for plain HTTP: it builds `http://` links, and its check of `Origin`
    /// fails over HTTPS. If `SECURE_PROXY_SSL_HEADER` is set, it is worse: nginx passes on a header
    /// that it does not set as the client wrote it, so that everybody can claim to come by HTTPS.
    ///
    /// A backend that is asked by `uwsgi_pass` learns the scheme from `HTTPS` and `REQUEST_SCHEME` in
    /// `uwsgi_params` and needs no header.
    ///
    /// ## What to do
    ///
    /// Write `proxy_set_header X-Forwarded-Proto $scheme;` beside `proxy_pass`.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/ref/settings/#secure-proxy-ssl-header>
    pub struct DjangoXfpMissing {
        id: "django-xfp-missing",
        group: Django,
        severity: Warning,
    }
}

impl Rule for DjangoXfpMissing {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let stated = cx.settings.django.scheme_header();
        let header = stated.as_deref().unwrap_or("X-Forwarded-Proto");
        // Told by `django-ssl-redirect-loop`.
        let redirects = cx.settings.django.secure_ssl_redirect == Some(true);
        let others = [
            "X-Forwarded-Protocol",
            "X-Forwarded-Ssl",
            "X-Scheme",
            "Forwarded",
        ];
        let mut without = Vec::new();
        for pass in places.django_over_http() {
            let scope = pass.statement.scope;
            let headers = inherited(model, scope, "proxy_set_header");
            let other = stated.is_none() && others.iter().any(|name| headers.get(name).is_some());
            if other || !headers.lacks(header) {
                continue;
            }
            let tls = places.site_around(scope).is_some_and(|site| site.has_tls());
            if tls && redirects || dropped(model, scope, "proxy_set_header", header).is_some() {
                continue;
            }
            let place = places.place_around(scope);
            let severity = if headers.get("Upgrade").is_some()
                && place.is_some_and(|place| place.has_word(WEBSOCKETS))
            {
                Severity::Info
            } else if (tls || stated.is_some()) && headers.known == Known::Surely {
                Severity::Error
            } else {
                Severity::Warning
            };
            without.push((severity, pass));
        }
        for (severity, lack) in lacks_by_severity(model, without) {
            let mut finding = cx
                .finding(
                    lack.first.statement.head(),
                    format!(
                        "Django is not told the scheme: `{header}` passes as the client sends it"
                    ),
                )
                .label(format!("no `{header}` is set"))
                .help(format!(
                    "Write `proxy_set_header {header} $scheme;` {}",
                    lack.place
                ));
            finding.severity = severity;
            cx.report(lack.shown_in(finding));
        }
        let over_uwsgi = places.passes.iter().filter(|pass| {
            pass.is_django() && pass.protocol == Protocol::Uwsgi && lacks_the_scheme(model, pass)
        });
        for pass in over_uwsgi {
            let site = places.site_around(pass.statement.scope);
            if !site.is_some_and(|site| site.has_tls()) {
                continue;
            }
            let mut finding = cx
                .finding(
                    pass.statement.head(),
                    "Django is not told the scheme: it takes HTTPS for HTTP",
                )
                .label("no `HTTPS` is sent")
                .help("Write `uwsgi_param HTTPS $https if_not_empty;` beside the other parameters");
            finding.severity = Severity::Error;
            cx.report(finding);
        }
    }
}

/// Whether the parameters of requests are sent to uWSGI, but none that tells the scheme.
fn lacks_the_scheme(model: &Model<'_>, pass: &Pass<'_>) -> bool {
    let params = inherited(model, pass.statement.scope, "uwsgi_param");
    let tells = |name: &&str| !params.lacks(name);
    let names = [
        "HTTPS",
        "REQUEST_SCHEME",
        "UWSGI_SCHEME",
        "HTTP_X_FORWARDED_PROTO",
    ];
    // Without any, `uwsgi-params-missing` speaks.
    !names.iter().any(tells) && tells(&"REQUEST_METHOD")
}
