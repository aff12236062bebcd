//! `sticky-pointless`.

use crate::model::upstream::{Method, Upstream};
use crate::rules::facts::pools::{is_address, primaries, shown};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `sticky` in an upstream with one server, or beside `ip_hash` or `hash`.
    ///
    /// ## Why it matters
    ///
    /// With one server there is nothing to stick to. Beside `ip_hash` and `hash` two mechanisms
    /// send a client to the same server; which one does is hard to tell when it fails.
    ///
    /// ## What to do
    ///
    /// Remove `sticky`, or the method.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#sticky>
    pub struct StickyPointless {
        id: "sticky-pointless",
        group: Upstream,
        severity: Info,
    }
}

impl Rule for StickyPointless {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn upstream(&self, upstream: &Upstream<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some(sticky) = upstream.sticky else {
            return;
        };
        let name = shown(upstream);
        let mut servers = primaries(upstream);
        let (only, second) = (servers.next(), servers.next());
        let hashes = matches!(upstream.method, Method::IpHash | Method::Hash);
        let finding = match (only, second, upstream.methods.last()) {
            (Some(only), None, _)
                if is_address(only) && !cx.model.incomplete.contains(&upstream.scope) =>
            {
                cx.finding(
                    sticky.head(),
                    format!("`{name}` has one server to stick to"),
                )
                .related(only.statement.head(), "the only one")
            }
            (_, _, Some(method)) if hashes => cx
                .finding(
                    sticky.head(),
                    format!("`{}` keeps clients on a server already", method.name()),
                )
                .related(method.head(), "does the same"),
            _ => return,
        };
        cx.report(finding.label("has no effect").help("Remove `sticky`"));
    }
}
