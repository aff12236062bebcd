//! `websocket-upgrade-missing`.

use crate::rules::facts::Protocol;
use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, inherited};
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::paths::WEBSOCKETS;

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` for WebSockets (a path with `ws`, `websocket` or `socket.io`) whose requests go on
    /// without `Upgrade`, without `Connection`, or, before nginx 1.29.7, by HTTP/1.0.
    ///
    /// ## Why it matters
    ///
    /// nginx drops `Upgrade` and `Connection` unless they are set, in 1.31 as well: the handshake
    /// reaches Channels as an ordinary request and gets 404 or 400. Below 1.29.7 nginx speaks HTTP/1.0
    /// to backends by default, which knows no upgrade.
    ///
    /// ## What to do
    ///
    /// ```nginx
    /// proxy_http_version 1.1;
    /// proxy_set_header Upgrade $http_upgrade;
    /// proxy_set_header Connection $connection_upgrade;
    /// ```
    ///
    /// with `map $http_upgrade $connection_upgrade { default upgrade; "" ""; }` in `http`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/websocket.html>
    pub struct WebsocketUpgradeMissing {
        id: "websocket-upgrade-missing",
        group: Django,
        severity: Error,
    }
}

impl Rule for WebsocketUpgradeMissing {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        for pass in &places.passes {
            let scope = pass.statement.scope;
            let Some(place) = places.place_around(scope) else {
                continue;
            };
            if !matches!(pass.protocol, Protocol::Http | Protocol::Https)
                || !place.has_word(WEBSOCKETS)
            {
                continue;
            }
            let headers = inherited(model, scope, "proxy_set_header");
            let version = inherited(model, scope, "proxy_http_version");
            if headers.known == Known::No {
                continue;
            }
            let upgrade = headers.get("Upgrade").is_some();
            let connection = headers.get("Connection").and_then(|set| set.arg(1));
            let connection = connection.is_some_and(|word| {
                let value = word.value().to_ascii_lowercase();
                value.contains(&b'$') || memchr::memmem::find(&value, b"upgrade").is_some()
            });
            let by_default = cx.target().at_least(1, 29, 7) || version.known == Known::No;
            let http11 = match version.list.last().and_then(|set| set.arg(0)) {
                Some(word) => word.is("1.1"),
                None => by_default,
            };
            let mut missing = Vec::new();
            if !http11 {
                missing.push("proxy_http_version 1.1;");
            }
            if !upgrade {
                missing.push("proxy_set_header Upgrade $http_upgrade;");
            }
            if !connection {
                missing.push("proxy_set_header Connection $connection_upgrade;");
            }
            if missing.is_empty() {
                continue;
            }
            let finding = cx
                .finding(
                    pass.statement.head(),
                    format!(
                        "WebSockets cannot be opened at `location {}`",
                        place.shown()
                    ),
                )
                .label("no upgrade is passed on")
                .related(place.span(), "for WebSockets")
                .help(format!("Write `{}`", missing.join(" ")));
            cx.report(finding);
        }
    }
}
