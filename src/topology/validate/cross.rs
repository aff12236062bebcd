//! What only the whole topology can tell.

use super::Checks;
use super::text::shown;
use crate::finding::Finding;
use crate::source::Span;
use crate::topology::address::{NodeAddress, Socket};
use crate::topology::document::Step::{Index, Key};
use crate::topology::model::Pool;
use std::collections::HashMap;
use std::net::SocketAddr;

/// A pool with its name and the addresses of its nodes.
pub(super) type Checked<'a> = (&'a str, &'a Pool, Vec<Option<NodeAddress>>);

/// Whether a connection to an address surely ends at a socket of this nginx.
pub(super) fn reaches(address: SocketAddr, socket: Socket) -> bool {
    socket.addresses().any(|own| {
        let same_family = own.is_ipv4() == address.is_ipv4();
        let everywhere = own.ip().is_unspecified() && same_family && address.ip().is_loopback();
        own.port() == address.port() && (own.ip() == address.ip() || everywhere)
    })
}

/// nginx as its own backend answers until it has no connection left.
pub(super) fn report_loop(cx: &mut Checks<'_>, node: Span, listen: Span) {
    cx.report(
        Finding::error("topology-proxy-loop", node, "the node is this nginx itself")
            .label("asks itself")
            .related(listen, "listens there")
            .help("Write the address of the application server, or let nginx listen elsewhere"),
    );
}

/// Refuses nodes of pools that are sockets of sites.
pub(super) fn refuse_loops(cx: &mut Checks<'_>, pools: &[Checked<'_>]) {
    let mut by_port: HashMap<u16, Vec<(Socket, Span)>> = HashMap::new();
    for (socket, span) in super::sockets::of_sites(cx) {
        by_port
            .entry(socket.port())
            .or_default()
            .push((socket, span));
    }
    for (name, _, addresses) in pools {
        for (index, address) in addresses.iter().enumerate() {
            let Some(NodeAddress::Ip(address)) = address else {
                continue;
            };
            let mut candidates = by_port.get(&address.port()).into_iter().flatten();
            let own = candidates
                .find(|(socket, _)| reaches(*address, *socket))
                .map(|(_, span)| *span);
            if let Some(listen) = own {
                let way = [
                    Key("pools"),
                    Key(name),
                    Key("nodes"),
                    Index(index),
                    Key("address"),
                ];
                let node = cx.document.at(&way);
                report_loop(cx, node, listen);
            }
        }
    }
}

/// Names that differ in case alone: nginx folds the case of upstreams and variables.
pub(super) fn refuse_equal_names<'a>(
    cx: &mut Checks<'_>,
    of: &'static str,
    names: impl Iterator<Item = &'a String>,
) {
    let mut first: HashMap<String, &str> = HashMap::new();
    for name in names {
        let earlier = *first.entry(name.to_ascii_lowercase()).or_insert(name);
        if earlier == name {
            continue;
        }
        let place = |name| cx.document.key_at(&[Key(of), Key(name)]);
        let (mut at, mut other) = (place(name), place(earlier));
        if at.start < other.start {
            std::mem::swap(&mut at, &mut other);
        }
        cx.report(
            Finding::error(
                "topology-name-clash",
                at,
                format!(
                    "`{}` and `{}` differ only in case",
                    shown(earlier),
                    shown(name)
                ),
            )
            .label("the same to nginx")
            .related(other, "as this one")
            .help("Rename one of the two; nginx says `duplicate upstream`"),
        );
    }
}

/// A topology that nobody can ask anything.
pub(super) fn refuse_nothing(cx: &mut Checks<'_>) {
    if !cx.topology.sites.is_empty() || !cx.topology.streams.is_empty() {
        return;
    }
    let (span, label) = match cx.topology.pools.keys().next() {
        Some(_) => (cx.document.key_at(&[Key("pools")]), "nobody asks them"),
        None => (cx.document.at(&[]), "nothing in it"),
    };
    cx.report(
        Finding::error(
            "topology-nothing-served",
            span,
            "there are neither sites nor streams",
        )
        .label(label)
        .help(
            "Describe under `sites` what people type, such as `sites: {main: {domains: \
                   [example.com], routes: {/: POOL}}}`",
        ),
    );
}
