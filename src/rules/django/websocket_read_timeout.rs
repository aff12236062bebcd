//! `websocket-read-timeout`.

use crate::finding::Severity;
use crate::rules::AppServer;
use crate::rules::facts::app_server;
use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, inherited};
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::number;
use crate::values::paths::WEBSOCKETS;

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` that passes WebSockets on with a `proxy_read_timeout` of 60 seconds, which is the
    /// default, or less. It is a warning where the settings name an app server that sends no pings.
    ///
    /// ## Why it matters
    ///
    /// nginx closes a connection on which the backend is silent for that long. Daphne and Uvicorn send
    /// a ping every 20 seconds, which keeps it open; Hypercorn, Granian and Gunicorn's own workers do
    /// not unless told to, and idle sockets then close after a minute.
    ///
    /// ## What to do
    ///
    /// Write `proxy_read_timeout 1h;` in that `location`, or make the app server send pings.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout>
    /// - <https://nginx.org/en/docs/http/websocket.html>
    pub struct WebsocketReadTimeout {
        id: "websocket-read-timeout",
        group: Django,
        severity: Info,
    }
}

impl Rule for WebsocketReadTimeout {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        for pass in &places.passes {
            let scope = pass.statement.scope;
            let place = places.place_around(scope);
            let Some(place) = place.filter(|place| place.has_word(WEBSOCKETS)) else {
                continue;
            };
            let server = app_server(pass, cx.settings);
            let headers = inherited(model, scope, "proxy_set_header");
            let timeout = inherited(model, scope, "proxy_read_timeout");
            if matches!(server, Some(AppServer::Daphne | AppServer::Uvicorn))
                || headers.get("Upgrade").is_none()
                || timeout.known == Known::No
            {
                continue;
            }
            let word = timeout.list.last().and_then(|set| set.arg(0));
            if word.is_some_and(|word| {
                number::time(&word.value(), true).is_none_or(|seconds| seconds > 60)
            }) {
                continue;
            }
            let (span, label, time) = match word {
                Some(word) => (word.span(), "short", format!("`{}`", word.to_str())),
                None => {
                    let head = pass.statement.head();
                    (head, "60 seconds by default", "a minute".to_owned())
                }
            };
            let mut finding = cx
                .finding(span, format!("idle WebSockets are closed after {time}"))
                .label(label)
                .related(place.span(), "for WebSockets")
                .help("Write `proxy_read_timeout 1h;` in this block");
            if server.is_some() {
                finding.severity = Severity::Warning;
            }
            cx.report(finding);
        }
    }
}
