//! `upstream-all-down`.

use crate::model::upstream::Upstream;
use crate::rules::facts::pools::shown;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// An upstream all of whose servers are `down`.
    ///
    /// ## Why it matters
    ///
    /// Every request is answered with 502 and `no live upstreams while connecting to upstream`.
    /// Servers that are `backup` help only while one of them is not `down`, and only with a
    /// method that knows them.
    ///
    /// ## What to do
    ///
    /// Remove `down` from one server, or answer with `return 503` instead.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server>
    pub struct UpstreamAllDown {
        id: "upstream-all-down",
        group: Upstream,
        severity: Error,
    }
}

impl Rule for UpstreamAllDown {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn upstream(&self, upstream: &Upstream<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some(first) = upstream.servers.first() else {
            return;
        };
        let all = upstream.servers.iter().all(|peer| peer.down);
        if !all || cx.model.incomplete.contains(&upstream.scope) {
            return;
        }
        let finding = cx
            .finding(
                upstream.statement.head(),
                format!("no server of `{}` is used", shown(upstream)),
            )
            .label("answers 502 always")
            .related(first.statement.head(), "is `down`, as all are")
            .help("Remove `down` from one server");
        cx.report(finding);
    }
}
