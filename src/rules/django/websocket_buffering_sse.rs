//! `websocket-buffering-sse`.

use crate::rules::meta::declare_rule;
use crate::rules::places::{inherited, is_on};
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::paths::EVENTS;

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` for server-sent events (a path with `sse`, `events` or `stream`) that hands
    /// requests to Django with buffering on.
    ///
    /// ## Why it matters
    ///
    /// nginx collects the answer in buffers of 4 or 8 kilobytes before it passes it on. Short events
    /// arrive late, or all at the end. Django can switch it off for one answer with the header
    /// `X-Accel-Buffering: no`, which nginx obeys; then there is nothing to do.
    ///
    /// ## What to do
    ///
    /// Write `proxy_buffering off;` in that `location`, or send `X-Accel-Buffering: no`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering>
    pub struct WebsocketBufferingSse {
        id: "websocket-buffering-sse",
        group: Django,
        severity: Info,
    }
}

impl Rule for WebsocketBufferingSse {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        for pass in places.django_over_http() {
            let scope = pass.statement.scope;
            let Some(place) = places.place_around(scope) else {
                continue;
            };
            if !place.has_word(EVENTS)
                || !is_on(model, scope, "proxy_buffering", true)
                || inherited(model, scope, "proxy_set_header")
                    .get("Upgrade")
                    .is_some()
            {
                continue;
            }
            let finding = cx
                .finding(
                    pass.statement.head(),
                    format!("events of `location {}` wait in a buffer", place.shown()),
                )
                .label("answers are buffered")
                .help("Write `proxy_buffering off;` in this block");
            cx.report(finding);
        }
    }
}
