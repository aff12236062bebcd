//! `mixed-socket-tcp-upstream`.

use crate::model::upstream::{Peer, Upstream};
use crate::rules::facts::pools::{primaries, shown};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::address::Host;

declare_rule! {
    /// ## What it reports
    ///
    /// An upstream with a unix socket and an address of this machine.
    ///
    /// ## Why it matters
    ///
    /// Both are on this machine, so mostly one of them is left over: gunicorn listens on the
    /// socket, and half of the requests go to a port where an old version runs, or nothing.
    /// Sockets beside addresses of other machines are not reported.
    ///
    /// ## What to do
    ///
    /// Keep one of them, or mark one of them `backup`.
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
        let is_local = |peer: &&Peer<'_>| match &peer.host {
            Some(Host::V4(address)) => address.is_loopback(),
            Some(Host::V6(address)) => address.is_loopback(),
            Some(Host::Name(name)) => name.eq_ignore_ascii_case(b"localhost"),
            _ => false,
        };
        let used = || primaries(upstream).filter(|peer| !peer.down);
        let (Some(unix), Some(other)) = (used().find(is_unix), used().find(is_local)) else {
            return;
        };
        let finding = cx
            .finding(
                upstream.statement.head(),
                format!(
                    "`{}` has a socket and a port of this machine",
                    shown(upstream)
                ),
            )
            .label("two ways to one machine")
            .related(unix.statement.head(), "a socket")
            .related(other.statement.head(), "a port")
            .help("Keep one of them, or mark one of them `backup`");
        cx.report(finding);
    }
}
