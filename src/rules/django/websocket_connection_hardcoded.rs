//! `websocket-connection-hardcoded`.

use crate::rules::meta::declare_rule;
use crate::rules::places::inherited;
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::paths::WEBSOCKETS;

declare_rule! {
    /// ## What it reports
    ///
    /// `proxy_set_header Connection "upgrade"` in a `location` that hands ordinary requests to Django
    /// as well.
    ///
    /// ## Why it matters
    ///
    /// Every request then says `Connection: upgrade`, with an empty `Upgrade`. Connections to the
    /// backend are not kept, and some app servers answer 400.
    ///
    /// ## What to do
    ///
    /// Write `$connection_upgrade`, with
    /// `map $http_upgrade $connection_upgrade { default upgrade; "" ""; }` in `http`, or give
    /// WebSockets a `location` of their own.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/websocket.html>
    pub struct WebsocketConnectionHardcoded {
        id: "websocket-connection-hardcoded",
        group: Django,
        severity: Warning,
    }
}

impl Rule for WebsocketConnectionHardcoded {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let mut told = Vec::new();
        for pass in places.django_over_http() {
            let scope = pass.statement.scope;
            let Some(place) = places.place_around(scope) else {
                continue;
            };
            let headers = inherited(model, scope, "proxy_set_header");
            let Some(word) = headers.get("Connection").and_then(|set| set.arg(1)) else {
                continue;
            };
            if !word.value().eq_ignore_ascii_case(b"upgrade")
                || place.has_word(WEBSOCKETS)
                || told.contains(&word.span())
            {
                continue;
            }
            told.push(word.span());
            let finding = cx
                .finding(word.span(), "ordinary requests ask for an upgrade too")
                .label("said of every request")
                .related(place.span(), "not for WebSockets alone")
                .help("Write `$connection_upgrade`, and a `map` of `$http_upgrade` in `http`");
            cx.report(finding);
        }
    }
}
