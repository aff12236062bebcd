//! `django-host-not-forwarded`.

use crate::finding::Severity;
use crate::rules::facts::headers::lacks;
use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, dropped, inherited};
use crate::rules::{Meta, Rule, RuleContext};

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
        let without = places.django_over_http().filter(|pass| {
            let scope = pass.statement.scope;
            let headers = inherited(model, scope, "proxy_set_header");
            // What is set and lost is told by `proxy-headers-dropped`.
            headers.lacks("Host")
                && !(told == Some(true) && headers.get("X-Forwarded-Host").is_some())
                && dropped(model, scope, "proxy_set_header", "Host").is_none()
        });
        for lack in lacks(model, without) {
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
            let only_sockets =
                headers.get("Upgrade").is_some() && { places.place_around(pass.statement.scope) }
                    .is_some_and(|place| place.path.len() > 1);
            if let Some(set) = headers.get("X-Forwarded-Host").filter(|_| told.is_none()) {
                finding.severity = Severity::Info;
                finding = finding.related(set.head(), "Django reads it if it is told to").help(
                    "Write `proxy_set_header Host $host;` too, or `USE_X_FORWARDED_HOST = True` in \
                     Django",
                );
            } else if only_sockets {
                finding.severity = Severity::Info;
            } else if headers.known == Known::Probably {
                finding.severity = Severity::Warning;
            }
            cx.report(lack.shown_in(finding));
        }
    }
}
