//! `django-host-not-forwarded`.

use crate::finding::Severity;
use crate::rules::facts::headers::lacks_by_severity;
use crate::rules::meta::declare_rule;
use crate::rules::places::{Inherited, Known, dropped, inherited};
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::paths::WEBSOCKETS;

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` that hands requests to Django without `proxy_set_header Host`.
    ///
    /// ## Why it matters
    ///
    /// Without it nginx sends what stands in `proxy_pass`: the name of the upstream, an address with
    /// its port, or `localhost` for a unix socket. Django compares that with `ALLOWED_HOSTS`, answers
    /// 400 to everybody, or accepts `localhost` and builds links that lead nowhere.
    ///
    /// In a part of a configuration, where `nginx.conf` may set the header for all servers, the
    /// finding is a warning. It is an information where `X-Forwarded-Host` tells the host, which
    /// Django reads with `USE_X_FORWARDED_HOST = True` (state `use-x-forwarded-host` in the
    /// settings), and in a location of WebSockets, whose origin is checked instead of the host.
    ///
    /// ## What to do
    ///
    /// Write `proxy_set_header Host $host;` beside `proxy_pass`; on another port than 80 and 443
    /// write `$http_host`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header>
    /// - <https://docs.djangoproject.com/en/stable/ref/settings/#allowed-hosts>
    pub struct DjangoHostNotForwarded {
        id: "django-host-not-forwarded",
        group: Django,
        severity: Error,
    }
}

impl Rule for DjangoHostNotForwarded {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let told = cx.settings.django.use_x_forwarded_host;
        // The directive by which Django is told in another way, if it asks for it.
        let told_otherwise = |headers: &Inherited<'_>| {
            let set = headers.get("X-Forwarded-Host");
            set.map(|set| set.head()).filter(|_| told.is_none())
        };
        let mut without = Vec::new();
        for pass in places.django_over_http() {
            let scope = pass.statement.scope;
            let headers = inherited(model, scope, "proxy_set_header");
            // What is set and lost is told by `proxy-headers-dropped`.
            if !headers.lacks("Host")
                || told == Some(true) && headers.get("X-Forwarded-Host").is_some()
                || dropped(model, scope, "proxy_set_header", "Host").is_some()
            {
                continue;
            }
            let place = places.place_around(scope);
            let only_sockets = headers.get("Upgrade").is_some()
                && place.is_some_and(|place| place.has_word(WEBSOCKETS));
            let severity = if only_sockets || told_otherwise(&headers).is_some() {
                Severity::Info
            } else if headers.known == Known::Probably {
                Severity::Warning
            } else {
                Severity::Error
            };
            without.push((severity, pass));
        }
        for (severity, lack) in lacks_by_severity(model, without) {
            let pass = lack.first;
            let headers = inherited(model, pass.statement.scope, "proxy_set_header");
            let sent = match &pass.to {
                Some(to) => String::from_utf8_lossy(&to.name).into_owned(),
                None => "the backend's name".to_owned(),
            };
            let sent = if sent.starts_with('/') {
                "localhost".to_owned()
            } else {
                sent
            };
            let mut finding = cx
                .finding(
                    pass.statement.head(),
                    format!("Django is not told the host: it sees `{sent}`"),
                )
                .label("no `Host` is set")
                .help(format!(
                    "Write `proxy_set_header Host $host;` {}",
                    lack.place
                ));
            finding.severity = severity;
            if let Some(set) = told_otherwise(&headers) {
                finding = finding
                    .related(set, "Django reads it if it is told to")
                    .help(
                        "Write `proxy_set_header Host $host;` too, or `USE_X_FORWARDED_HOST = \
                         True` in Django",
                    );
            }
            cx.report(lack.shown_in(finding));
        }
    }
}
