//! `mixed-socket-tcp-upstream`.

use crate::model::upstream::{Peer, Upstream};
use crate::rules::facts::pools::{primaries, shown};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::address::Host;

declare_rule! {
    /// ## What it reports
    ///
    /// An upstream whose servers are partly unix sockets and partly addresses.
    ///
    /// ## Why it matters
    ///
    /// Requests are shared out evenly between this machine and others, and the setup differs
    /// between them: what listens on a socket is mostly one process group of this machine, and
    /// the address is often left over from a test.
    ///
    /// ## What to do
    ///
    /// Use one kind, or mark one of them `backup`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server>
    pub struct MixedSocketTcpUpstream {
        id: "mixed-socket-tcp-upstream",
        group: Upstream,
        severity: Info,
    }
}

impl Rule for MixedSocketTcpUpstream {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn upstream(&self, upstream: &Upstream<'_>, cx: &mut RuleContext<'_, '_>) {
        let is_unix = |peer: &&Peer<'_>| matches!(peer.host, Some(Host::Unix(_)));
        // Names and addresses of this machine count as one kind with others.
        let is_other = |peer: &&Peer<'_>| peer.host.is_some() && !is_unix(peer);
        let used = || primaries(upstream).filter(|peer| !peer.down && peer.weight == 1);
        let (Some(unix), Some(other)) = (used().find(is_unix), used().find(is_other)) else {
            return;
        };
        let finding = cx
            .finding(
                upstream.statement.head(),
                format!("`{}` mixes sockets and addresses", shown(upstream)),
            )
            .label("two kinds of servers")
            .related(unix.statement.head(), "a socket")
            .related(other.statement.head(), "an address")
            .help("Use one kind, or mark one of them `backup`");
        cx.report(finding);
    }
}
