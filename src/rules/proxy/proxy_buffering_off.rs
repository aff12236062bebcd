//! `proxy-buffering-off`.

use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::places::inherited;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `proxy_buffering off` where nothing says that answers are streamed.
    ///
    /// ## Why it matters
    ///
    /// nginx then hands on an answer as fast as the client takes it. A worker of the backend is
    /// busy until the slowest client has read everything, and nothing can be cached. Locations
    /// for events, streams, sockets and downloads need it and are not reported. Whoever writes
    /// the line mostly means it, so this is off unless it is selected.
    ///
    /// ## What to do
    ///
    /// Leave it on, and let the backend send `X-Accel-Buffering: no` with the answers that it
    /// streams.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering>
    pub struct ProxyBufferingOff {
        id: "proxy-buffering-off",
        group: Proxy,
        severity: Info,
        default: false,
    }
}

/// Words in paths where answers are streamed.
const STREAMS: &[&str] = &[
    "event", "sse", "stream", "ws", "socket", "live", "hls", "mcp", "chat", "notif", "terminal",
    "channel", "push", "download", "poll", "log", "video", "ipython", "kernel", "console", "media",
    "file",
];

impl Rule for ProxyBufferingOff {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["proxy_buffering"]
    }

    fn directive(&self, buffering: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let off = { buffering.arg(0) }.is_some_and(|arg| arg.value().eq_ignore_ascii_case(b"off"));
        if !off {
            return;
        }
        let places = cx.places();
        if let Some(place) = places.place_around(buffering.scope) {
            let path = place.path.to_ascii_lowercase();
            let says = |word: &&str| memchr::memmem::find(&path, word.as_bytes()).is_some();
            if STREAMS.iter().any(says) {
                return;
            }
        }
        let headers = inherited(cx.model, buffering.scope, "proxy_set_header");
        if headers.get("Upgrade").is_some() {
            return;
        }
        let finding = cx
            .finding(buffering.head(), "slow clients keep the backend busy here")
            .label("answers are not buffered")
            .help("Leave buffering on, and send `X-Accel-Buffering: no` with streams");
        cx.report(finding);
    }
}
