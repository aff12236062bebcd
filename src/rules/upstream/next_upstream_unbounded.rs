//! `next-upstream-unbounded`.

use crate::model::upstream::{Scheme, Upstream};
use crate::rules::facts::pools::{shown, users};
use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, inherited};
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::number::time;

declare_rule! {
    /// ## What it reports
    ///
    /// A `proxy_pass` to three or more servers with long timeouts, where neither
    /// `proxy_next_upstream_tries` nor `proxy_next_upstream_timeout` ends the search.
    ///
    /// ## Why it matters
    ///
    /// A request that times out on one server goes to the next, through all of them: with three
    /// servers and the default of 60 seconds a client waits three minutes, and one slow page
    /// keeps every server busy.
    ///
    /// ## What to do
    ///
    /// Write `proxy_next_upstream_tries 2;` and `proxy_next_upstream_timeout 10s;`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream_tries>
    pub struct NextUpstreamUnbounded {
        id: "next-upstream-unbounded",
        group: Upstream,
        severity: Info,
    }
}

/// From how many milliseconds on a timeout is long.
const LONG: i64 = 30_000;

impl Rule for NextUpstreamUnbounded {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn upstream(&self, upstream: &Upstream<'_>, cx: &mut RuleContext<'_, '_>) {
        let count = upstream.servers.iter().filter(|peer| !peer.down).count();
        if count < 3 {
            return;
        }
        for user in users(cx.model, upstream) {
            if !matches!(user.scheme, Scheme::Http | Scheme::Https) {
                continue;
            }
            let value = |name: &str| {
                let found = inherited(cx.model, user.statement.scope, name);
                let known = found.known != Known::No;
                known.then(|| {
                    let last = found.list.last().and_then(|last| last.arg(0));
                    last.map(|word| word.value().into_owned())
                })
            };
            let bounded = |name: &str| match value(name) {
                Some(None) => false,
                Some(Some(value)) => time(&value, false) != Some(0),
                None => true,
            };
            let long = |name: &str| match value(name) {
                Some(None) => true,
                Some(Some(value)) => time(&value, false).is_some_and(|ms| ms >= LONG),
                None => false,
            };
            let off = inherited(cx.model, user.statement.scope, "proxy_next_upstream");
            let off = off.list.last().is_some_and(|next| {
                // Without `timeout` a slow server is the last one.
                let args: Vec<_> = next.args().collect();
                args.iter().any(|word| word.is("off")) || !args.iter().any(|w| w.is("timeout"))
            });
            if off
                || bounded("proxy_next_upstream_tries")
                || bounded("proxy_next_upstream_timeout")
                || !(long("proxy_connect_timeout") || long("proxy_read_timeout"))
            {
                continue;
            }
            let finding = cx
                .finding(
                    user.statement.head(),
                    format!(
                        "a slow request may go to all {count} servers of `{}`",
                        shown(upstream)
                    ),
                )
                .label("nothing ends the search")
                .related(upstream.statement.head(), "tried one after the other")
                .help("Write `proxy_next_upstream_tries 2`");
            cx.report(finding);
            return;
        }
    }
}
