//! Pools: what each says, and what its parts say together.

use super::cross::{self, Checked};
use super::groups::{self, Group, Kind};
use super::place::Scope;
use super::quantities::{self, Counted};
use super::text::{self, shown};
use super::{Checks, balance, failover, keepalive, questions, sticky};
use crate::finding::Finding;
use crate::source::Span;
use crate::topology::address::NodeAddress;
use crate::topology::document::Step::{Index, Key};
use crate::topology::model::{AppServer, Health, Pool, Protocol, Timeouts};
use crate::topology::settle::zone_kilobytes;
use std::collections::HashMap;

/// Checks all pools, and what `defaults` say about pools.
pub(super) fn check(cx: &mut Checks<'_>) {
    let (topology, document) = (cx.topology, cx.document);
    let shared = &topology.defaults;
    let defaults = Pool {
        server: shared.server,
        protocol: shared.protocol,
        balance: shared.balance.clone(),
        sticky: shared.sticky.clone(),
        zone: shared.zone.clone(),
        keepalive: shared.keepalive.clone(),
        failover: shared.failover.clone(),
        timeouts: shared.timeouts.clone(),
        health: shared.health.clone(),
        nodes: Vec::new(),
    };
    check_values(cx, &defaults, &Scope::new(document, &[Key("defaults")]));
    let mut nodes = Vec::with_capacity(topology.pools.len());
    for (name, pool) in &topology.pools {
        let scope = Scope::sharing(document, &[Key("pools"), Key(name)]);
        text::name(cx, name, scope.at(&[]));
        check_values(cx, pool, &scope);
        nodes.push((name.as_str(), pool, check_pool(cx, name, pool, &scope)));
        questions::ask_about_pool(cx, name, pool, &scope);
    }
    refuse_two_protocols(cx, &nodes);
    sticky::refuse_taken_cookies(cx);
    cross::refuse_equal_names(cx, "pools", topology.pools.keys());
    cross::refuse_loops(cx, &nodes);
}

/// What a pool, or `defaults` for pools, says by itself.
fn check_values(cx: &mut Checks<'_>, pool: &Pool, scope: &Scope<'_>) {
    if let Some(value) = &pool.balance {
        balance::check(cx, value, scope, Kind::Pool);
    }
    if let Some(value) = &pool.sticky {
        sticky::check_values(cx, value, scope);
    }
    quantities::zone(cx, pool.zone.as_ref(), scope.at(&[Key("zone")]));
    if let Some(value) = &pool.keepalive {
        keepalive::check_values(cx, value, scope);
    }
    if let Some(value) = &pool.failover {
        failover::check_values(cx, value, scope);
    }
    if let Some(value) = &pool.timeouts {
        check_timeouts(cx, value, scope);
    }
    if let Some(value) = &pool.health {
        check_health(cx, value, scope);
    }
}

/// The timeouts of pools and routes.
pub(super) fn check_timeouts(cx: &mut Checks<'_>, timeouts: &Timeouts, scope: &Scope<'_>) {
    for (key, value) in [
        ("connect", &timeouts.connect),
        ("read", &timeouts.read),
        ("send", &timeouts.send),
    ] {
        let keys = [Key("timeouts"), Key(key)];
        quantities::positive_time(cx, value.as_ref(), Counted::Millis, scope.at(&keys));
    }
    if timeouts.idle.is_some() {
        let keys = [Key("timeouts"), Key("idle")];
        cx.report(
            Finding::error(
                "topology-timeouts-key",
                scope.at(&keys).key(),
                "`idle` is a timeout of streams",
            )
            .label("not for HTTP")
            .help("Write `read` and `send`"),
        );
    }
}

fn check_health(cx: &mut Checks<'_>, health: &Health, scope: &Scope<'_>) {
    let keys = [Key("health"), Key("path")];
    let place = scope.at(&keys);
    let fits = |b: u8| (0x21..0x7f).contains(&b) && b != b'#';
    let path = health.path.as_str();
    if text::writable(cx, path, place) && (!path.starts_with('/') || !path.bytes().all(fits)) {
        cx.report(
            Finding::error(
                "topology-health-path",
                place.span(),
                format!("`{}` is no path that can be asked for", shown(path)),
            )
            .label("not a path")
            .help("Write the path of a view, such as `/healthz/`, with `%20` for a blank"),
        );
    }
    let keys = [Key("health"), Key("status")];
    quantities::range(cx, health.status, 100..=599, scope.at(&keys), "");
}

/// What the parts of a pool say together; the addresses of its nodes.
fn check_pool(
    cx: &mut Checks<'_>,
    name: &str,
    pool: &Pool,
    scope: &Scope<'_>,
) -> Vec<Option<NodeAddress>> {
    check_server(cx, pool, scope);
    let group = Group {
        kind: Kind::Pool,
        name,
        scope,
        nodes: &pool.nodes,
        balancing: pool.balancing(cx.target),
        method: method_place(cx, pool, scope),
        sticks: pool.sticky.as_ref().is_some_and(|sticky| !sticky.ip),
    };
    sticky::check_pool(cx, pool, &group);
    failover::check_pool(cx, pool, scope);
    keepalive::check_pool(cx, pool, scope);
    check_zone(cx, pool, scope);
    groups::check(cx, &group)
}

/// Where the method is written that nginx is told in the end.
fn method_place(cx: &Checks<'_>, pool: &Pool, scope: &Scope<'_>) -> Option<Span> {
    let sticky = pool.sticky.as_ref();
    if sticky.is_some_and(|sticky| sticky.ip) {
        Some(scope.at(&[Key("sticky")]).span())
    } else if pool.falls_back(cx.target) {
        Some(scope.at(&[Key("sticky"), Key("fallback")]).span())
    } else {
        pool.balance
            .as_ref()
            .map(|_| scope.at(&[Key("balance")]).span())
    }
}

/// Only uWSGI, and gunicorn since 25, can speak the uwsgi protocol.
fn check_server(cx: &mut Checks<'_>, pool: &Pool, scope: &Scope<'_>) {
    let server = pool.app_server();
    if pool.protocol != Some(Protocol::Uwsgi)
        || matches!(server, AppServer::Uwsgi | AppServer::Gunicorn)
    {
        return;
    }
    let mut finding = Finding::error(
        "topology-server-protocol",
        scope.at(&[Key("protocol")]).span(),
        format!("{} does not speak the uwsgi protocol", server.as_str()),
    )
    .label("not its protocol")
    .help("Remove `protocol`, or write `server: uwsgi`");
    if pool.server.is_some() {
        finding = finding.related(scope.at(&[Key("server")]).span(), "speaks HTTP");
    }
    cx.report(finding);
}

/// A zone that cannot hold the nodes makes nginx refuse to start.
fn check_zone(cx: &mut Checks<'_>, pool: &Pool, scope: &Scope<'_>) {
    let Some(bytes) = pool.zone.as_ref().and_then(|zone| zone.bytes()) else {
        return;
    };
    let needed = pool.smallest_zone();
    if (super::quantities::SMALLEST_ZONE..needed).contains(&bytes) {
        cx.report(
            Finding::error(
                "topology-zone-size",
                scope.at(&[Key("zone")]).span(),
                format!(
                    "{} nodes do not fit into a zone of {bytes} bytes",
                    pool.nodes.len()
                ),
            )
            .label("too small for the nodes")
            .help(format!(
                "Write `{}k` or more, or remove `zone`; nginx says `no memory in upstream zone`",
                zone_kilobytes(pool.nodes.len())
            )),
        );
    }
}

/// One port speaks one protocol.
fn refuse_two_protocols(cx: &mut Checks<'_>, pools: &[Checked<'_>]) {
    let spoken = |protocol| pools.iter().any(|(_, pool, _)| pool.spoken() == protocol);
    if !spoken(Protocol::Http) || !spoken(Protocol::Uwsgi) {
        return;
    }
    let mut first: HashMap<&NodeAddress, (usize, usize)> = HashMap::new();
    for (pool_at, (name, pool, addresses)) in pools.iter().enumerate() {
        for (index, address) in addresses.iter().enumerate() {
            let Some(address) = address else { continue };
            let (other_at, other_index) = *first.entry(address).or_insert((pool_at, index));
            let (other_name, other, _) = &pools[other_at];
            if pool.spoken() == other.spoken() {
                continue;
            }
            let place = |pool, index| {
                cx.document.at(&[
                    Key("pools"),
                    Key(pool),
                    Key("nodes"),
                    Index(index),
                    Key("address"),
                ])
            };
            let word = |protocol| match protocol {
                Protocol::Http => "HTTP",
                Protocol::Uwsgi => "uwsgi",
            };
            let finding = Finding::error(
                "topology-two-protocols",
                place(name, index),
                format!(
                    "`{}` is to speak {} here and {} in pool `{}`",
                    shown(&pool.nodes[index].address),
                    word(pool.spoken()),
                    word(other.spoken()),
                    shown(other_name)
                ),
            )
            .label(word(pool.spoken()))
            .related(place(other_name, other_index), word(other.spoken()))
            .help("Give both pools the same `server` and `protocol`: one port speaks one protocol");
            cx.report(finding);
        }
    }
}
