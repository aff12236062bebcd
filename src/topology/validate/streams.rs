//! Streams: databases and caches.

use super::groups::{self, Group, Kind};
use super::place::Scope;
use super::quantities::{self, Counted};
use super::text;
use super::{Checks, access, balance, cross, sockets};
use crate::directives::{self, Context, Found};
use crate::finding::Finding;
use crate::topology::address::{NodeAddress, Socket};
use crate::topology::document::Step::{Index, Key};
use crate::topology::model::{Modules, NodeState, Stream};

/// Ports of databases with one node that takes writes.
const SINGLE_WRITER: &[(u16, &str)] = &[(3306, "MySQL"), (5432, "PostgreSQL"), (6379, "Redis")];

/// Checks all streams.
pub(super) fn check(cx: &mut Checks<'_>) {
    let (topology, document) = (cx.topology, cx.document);
    for (name, stream) in &topology.streams {
        let scope = Scope::new(document, &[Key("streams"), Key(name)]);
        text::name(cx, name, scope.at(&[]));
        check_values(cx, stream, &scope);
        let group = Group {
            kind: Kind::Stream,
            name,
            scope: &scope,
            nodes: &stream.nodes,
            balancing: stream.balancing(),
            method: stream
                .balance
                .as_ref()
                .map(|_| scope.at(&[Key("balance")]).span()),
            sticks: false,
        };
        let addresses = groups::check(cx, &group);
        refuse_several_writers(cx, stream, &addresses, &scope);
        refuse_exposed(cx, stream, &scope);
        refuse_loop(cx, stream, &addresses, &scope);
    }
    check_module(cx);
    cross::refuse_equal_names(cx, "streams", topology.streams.keys());
}

fn check_values(cx: &mut Checks<'_>, stream: &Stream, scope: &Scope<'_>) {
    if stream.listen.0.is_empty() {
        cx.report(
            Finding::error(
                "topology-listen",
                scope.at(&[Key("listen")]).span(),
                "the stream listens nowhere",
            )
            .label("no socket")
            .help(
                "Write a socket such as `127.0.0.1:6432`; nginx says `no \"listen\" is defined \
                   for server`",
            ),
        );
    }
    for (index, listen) in stream.listen.0.iter().enumerate() {
        let keys = [Key("listen"), Index(index)];
        sockets::check_listen(cx, listen, scope.at(&keys));
    }
    if let Some(value) = &stream.balance {
        balance::check(cx, value, scope, Kind::Stream);
    }
    access::check_allow(cx, stream.allow.as_deref(), scope);
    let Some(timeouts) = &stream.timeouts else {
        return;
    };
    for (key, value) in [("connect", &timeouts.connect), ("idle", &timeouts.idle)] {
        let keys = [Key("timeouts"), Key(key)];
        quantities::positive_time(cx, value.as_ref(), Counted::Millis, scope.at(&keys));
    }
    for (key, set) in [
        ("read", timeouts.read.is_some()),
        ("send", timeouts.send.is_some()),
    ] {
        if !set {
            continue;
        }
        let keys = [Key("timeouts"), Key(key)];
        cx.report(
            Finding::error(
                "topology-timeouts-key",
                scope.at(&keys).key(),
                format!("`{key}` is a timeout of pools and routes"),
            )
            .label("not in a stream")
            .help("Write `idle`: a stream counts the time without a byte in either direction"),
        );
    }
}

/// nginx cannot tell a primary from a replica, so writes would go to both.
fn refuse_several_writers(
    cx: &mut Checks<'_>,
    stream: &Stream,
    addresses: &[Option<NodeAddress>],
    scope: &Scope<'_>,
) {
    if stream.replicas == Some(true) {
        return;
    }
    let writer = |index: &usize| {
        let port = match &addresses[*index] {
            Some(NodeAddress::Ip(address)) => Some(address.port()),
            Some(NodeAddress::Name(_, port)) => *port,
            _ => None,
        };
        SINGLE_WRITER
            .iter()
            .find(|(known, _)| Some(*known) == port)
            .filter(|_| stream.nodes[*index].state() == NodeState::Up)
            .map(|(_, name)| *name)
    };
    let mut writers = (0..addresses.len()).filter(|index| writer(index).is_some());
    let (Some(first), Some(second)) = (writers.next(), writers.next()) else {
        return;
    };
    let at = |index| {
        scope
            .at(&[Key("nodes"), Index(index), Key("address")])
            .span()
    };
    cx.report(
        Finding::error(
            "topology-several-writers",
            at(second),
            format!(
                "writes to {} would go to several nodes, and one of them takes writes",
                writer(&first).unwrap_or("the database")
            ),
        )
        .label("a second primary?")
        .related(at(first), "the first")
        .help(
            "Write `state: backup` for the standby, or `replicas: true` if all of them only \
               answer reads",
        ),
    );
}

/// A database that everybody can connect to.
fn refuse_exposed(cx: &mut Checks<'_>, stream: &Stream, scope: &Scope<'_>) {
    if stream.allow.is_some() {
        return;
    }
    for (index, listen) in stream.listen.0.iter().enumerate() {
        let Ok(socket) = Socket::parse(&listen.0) else {
            continue;
        };
        if !socket.is_wildcard() {
            continue;
        }
        let keys = [Key("listen"), Index(index)];
        cx.report(
            Finding::error(
                "topology-exposed-stream",
                scope.at(&keys).span(),
                format!(
                    "port {} is open to everybody who reaches this machine",
                    socket.port()
                ),
            )
            .label("on all addresses")
            .help(format!(
                "Write `127.0.0.1:{}` for this machine alone, or list who may connect in `allow`",
                socket.port()
            )),
        );
    }
}

/// A node that is the stream itself.
fn refuse_loop(
    cx: &mut Checks<'_>,
    stream: &Stream,
    addresses: &[Option<NodeAddress>],
    scope: &Scope<'_>,
) {
    for (index, address) in addresses.iter().enumerate() {
        let Some(NodeAddress::Ip(address)) = address else {
            continue;
        };
        let own = stream.listen.0.iter().position(|listen| {
            Socket::parse(&listen.0).is_ok_and(|socket| cross::reaches(*address, socket))
        });
        let Some(own) = own else { continue };
        let place = scope.at(&[Key("listen"), Index(own)]).span();
        let keys = [Key("nodes"), Index(index), Key("address")];
        cross::report_loop(cx, scope.at(&keys).span(), place);
    }
}

/// The list of modules is complete where there is one; without one nothing is known. Packages
/// of nginx.org have the module built in, Debian and Alpine load it.
fn check_module(cx: &mut Checks<'_>) {
    let topology = cx.topology;
    let listed = matches!(&topology.nginx.modules, Some(Modules::Present(_)));
    let found = directives::find(b"stream", Context::Main, cx.target, &cx.declared);
    if !listed || matches!(found, Found::Here(_)) || topology.streams.is_empty() {
        return;
    }
    let finding = Finding::error(
        "topology-missing-module",
        cx.document.key_at(&[Key("streams")]),
        "`streams` needs the module stream, which is not declared",
    )
    .label("needs stream")
    .related(
        cx.document.at(&[Key("nginx"), Key("modules")]),
        "not in this list",
    )
    .help(
        "Add `stream` to `nginx.modules`, or write `{stream: modules/ngx_stream_module.so}` \
           where it has to be loaded; nginx says `unknown directive \"stream\"`",
    );
    cx.report(finding);
}
