//! `sticky-pointless`.

use crate::model::upstream::Upstream;
use crate::rules::facts::pools::{is_address, primaries, shown, sticky};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `sticky` in an upstream with one server, or one and one `backup`.
    ///
    /// Nothing is said beside `ip_hash` or `hash`. They choose the server of a client that has no
    /// session yet; then `sticky` counts, and the client stays when its address or the path changes.
    ///
    /// ## Why it matters
    ///
    /// With one server there is nothing to stick to: nginx asks it first, whatever the session says.
    ///
    /// ## What to do
    ///
    /// Remove `sticky`.
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
        let Some(sticky) = sticky(cx.model, upstream) else {
            return;
        };
        let name = shown(upstream);
        let mut servers = primaries(upstream);
        let (only, second) = (servers.next(), servers.next());
        let (Some(only), None) = (only, second) else {
            return;
        };
        let mut backups = upstream.servers.iter().filter(|peer| peer.backup);
        let spare = backups.next();
        let choice = spare.is_some_and(|spare| !is_address(spare)) || backups.next().is_some();
        if choice || !is_address(only) || cx.model.incomplete.contains(&upstream.scope) {
            return;
        }
        let finding = cx
            .finding(
                sticky.head(),
                format!("`{name}` has one server to stick to"),
            )
            .related(only.statement.head(), "the only one");
        cx.report(finding.label("has no effect").help("Remove `sticky`"));
    }
}
