//! `host-header-spoofing`.

use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::places::variables;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `proxy_set_header Host` with what the client wrote into `X-Forwarded-Host`, an argument or a cookie.
    /// `django-host-from-client-header` says the same where Django is behind it.
    ///
    /// `$http_host` is not reported. Other tools want `$host` instead, but that comes from the client as
    /// well: nginx takes it from the request line, else from `Host`, in small letters and without the
    /// port. In nginx 1.18 to 1.31 `GET http://b.example/ HTTP/1.1` with `Host: a.example:81` gives
    /// `b.example` for `$host` and `a.example:81` for `$http_host`: neither is checked. `server_name` and
    /// the backend's own list of hosts check them.
    ///
    /// ## Why it matters
    ///
    /// Whoever sends the request chooses the host that the backend believes in, by a header that no
    /// `server_name` has checked.
    ///
    /// ## What to do
    ///
    /// Write `proxy_set_header Host $host;`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#var_host>
    /// - <https://github.com/yandex/gixy/issues/93>
    pub struct HostHeaderSpoofing {
        id: "host-header-spoofing",
        group: Security,
        severity: Error,
    }
}

impl Rule for HostHeaderSpoofing {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["proxy_set_header", "grpc_set_header"]
    }

    fn directive(&self, header: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let (Some(name), Some(word)) = (header.arg(0), header.arg(1)) else {
            return;
        };
        if !name.value().eq_ignore_ascii_case(b"Host") {
            return;
        }
        let chosen = variables(&word.value()).into_iter().find(|name| {
            name == b"http_x_forwarded_host"
                || name.starts_with(b"arg_")
                || name.starts_with(b"cookie_")
        });
        let Some(chosen) = chosen else {
            return;
        };
        let (places, model) = (cx.places(), cx.model);
        let reaches = |pass: &crate::rules::facts::Pass<'_>| {
            pass.is_django()
                && model
                    .outwards(pass.statement.scope)
                    .any(|id| id == header.scope)
        };
        if places.passes.iter().any(reaches) {
            return;
        }
        let shown = String::from_utf8_lossy(&chosen).into_owned();
        let finding = cx
            .finding(
                word.span(),
                format!("the client chooses the host by `${shown}`"),
            )
            .label("taken from the client")
            .help("Write `$host`");
        cx.report(finding);
    }
}
