//! The nodes of a pool or stream together.

use super::place::Scope;
use super::text::shown;
use super::{Checks, nodes};
use crate::finding::Finding;
use crate::source::Span;
use crate::topology::address::NodeAddress;
use crate::topology::document::Step::{Index, Key};
use crate::topology::model::{Flex, Node, NodeState};
use crate::topology::settle::Balancing;
use std::collections::HashMap;

/// A consistent hash keeps 160 points of 16 bytes for each unit of weight
/// (`ngx_http_upstream_hash_module.c`); a million units are 2.5 GiB.
const MAX_HASH_WEIGHT: u64 = 1_000_000;

/// What the nodes belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Pool,
    Stream,
}

/// The nodes of a pool or stream, with what decides about them.
pub(super) struct Group<'a> {
    pub(super) kind: Kind,
    pub(super) name: &'a str,
    pub(super) scope: &'a Scope<'a>,
    pub(super) nodes: &'a [Flex<Node>],
    /// The method that nginx is told, where it is clear.
    pub(super) balancing: Option<Balancing>,
    /// Where the method is written; `None` when nobody wrote one.
    pub(super) method: Option<Span>,
    /// Whether nodes have names in sticky cookies.
    pub(super) sticks: bool,
}

impl Group<'_> {
    /// Its name for a message.
    pub(super) fn what(&self) -> String {
        match self.kind {
            Kind::Pool => format!("pool `{}`", shown(self.name)),
            Kind::Stream => format!("stream `{}`", shown(self.name)),
        }
    }

    /// Whether it surely has one node: names can have many addresses.
    pub(super) fn is_single(&self) -> bool {
        matches!(self.nodes, [only] if !only.is_name())
    }
}

/// Checks every node, and all of them together; the addresses that are right, by index.
pub(super) fn check(cx: &mut Checks<'_>, group: &Group<'_>) -> Vec<Option<NodeAddress>> {
    let addresses: Vec<Option<NodeAddress>> = group
        .nodes
        .iter()
        .enumerate()
        .map(|(index, node)| nodes::check(cx, group, index, node))
        .collect();
    refuse_empty(cx, group);
    refuse_duplicates(cx, group, &addresses);
    refuse_backups_without_primary(cx, group);
    refuse_all_down(cx, group);
    refuse_backups_with_method(cx, group);
    refuse_huge_hash(cx, group);
    refuse_equal_routes(cx, group);
    warn_of_idle_limits(cx, group);
    addresses
}

fn refuse_empty(cx: &mut Checks<'_>, group: &Group<'_>) {
    if group.nodes.is_empty() {
        cx.report(
            Finding::error(
                "topology-no-nodes",
                group.scope.at(&[Key("nodes")]).span(),
                format!("{} has no nodes", group.what()),
            )
            .label("nobody to ask")
            .help(
                "List at least one node, such as `10.0.0.1:8000`; nginx says `no servers are \
                   inside upstream`",
            ),
        );
    }
}

fn refuse_duplicates(cx: &mut Checks<'_>, group: &Group<'_>, addresses: &[Option<NodeAddress>]) {
    let mut first: HashMap<&NodeAddress, usize> = HashMap::with_capacity(addresses.len());
    for (index, address) in addresses.iter().enumerate() {
        let Some(address) = address else { continue };
        let earlier = *first.entry(address).or_insert(index);
        if earlier == index {
            continue;
        }
        let place = |index| {
            group
                .scope
                .at(&[Key("nodes"), Index(index), Key("address")])
                .span()
        };
        cx.report(
            Finding::error(
                "topology-duplicate-node",
                place(index),
                format!(
                    "`{}` is in {} twice",
                    shown(&group.nodes[index].address),
                    group.what()
                ),
            )
            .label("again")
            .related(place(earlier), "first here")
            .help(
                "Remove one of the two, and write a `weight` if it is to get more: nginx would \
                   count its failures twice over",
            ),
        );
    }
}

fn refuse_backups_without_primary(cx: &mut Checks<'_>, group: &Group<'_>) {
    if group.nodes.is_empty()
        || group
            .nodes
            .iter()
            .any(|node| node.state() != NodeState::Backup)
    {
        return;
    }
    let state = |index| {
        group
            .scope
            .at(&[Key("nodes"), Index(index), Key("state")])
            .span()
    };
    cx.report(
        Finding::error(
            "topology-only-backups",
            state(0),
            format!("every node of {} is a backup", group.what()),
        )
        .label("backup of what?")
        .help(format!(
            "Remove `state: backup` from at least one node; nginx says `no servers in \
                       upstream \"{}\"`",
            shown(group.name)
        )),
    );
}

fn refuse_all_down(cx: &mut Checks<'_>, group: &Group<'_>) {
    let serves = |node: &Flex<Node>| matches!(node.state(), NodeState::Up | NodeState::Backup);
    if group.nodes.is_empty() || group.nodes.iter().any(serves) {
        return;
    }
    let state = [Key("nodes"), Index(0), Key("state")];
    cx.report(
        Finding::error(
            "topology-all-down",
            group.scope.at(&state).span(),
            format!("no node of {} takes new requests", group.what()),
        )
        .label("the first of them")
        .help(
            "Bring one node back with `state: up`: nginx loads this and answers 502, `no live \
               upstreams`",
        ),
    );
}

fn refuse_backups_with_method(cx: &mut Checks<'_>, group: &Group<'_>) {
    let Some(method) = group
        .balancing
        .as_ref()
        .filter(|method| !method.takes_backup())
    else {
        return;
    };
    let word = match method {
        Balancing::IpHash => "ip_hash",
        Balancing::Hash { .. } => "hash",
        _ => "random",
    };
    for (index, node) in group.nodes.iter().enumerate() {
        if node.state() != NodeState::Backup {
            continue;
        }
        let state = [Key("nodes"), Index(index), Key("state")];
        let mut finding = Finding::error(
            "topology-backup-with-method",
            group.scope.at(&state).span(),
            format!("`{word}` has no use for backup nodes"),
        )
        .label("never asked")
        .help(
            "Remove `state: backup`, or balance by `least_conn` or `round_robin`; nginx says \
             `balancing method does not support parameter \"backup\"`",
        );
        if let Some(span) = group.method {
            finding = finding.related(span, format!("balances by `{word}`"));
        }
        cx.report(finding);
    }
}

fn refuse_huge_hash(cx: &mut Checks<'_>, group: &Group<'_>) {
    if !matches!(
        group.balancing,
        Some(Balancing::Hash {
            consistent: true,
            ..
        })
    ) {
        return;
    }
    let total: u64 = group
        .nodes
        .iter()
        .map(|node| u64::from(node.weight.unwrap_or(1)))
        .sum();
    if total <= MAX_HASH_WEIGHT {
        return;
    }
    cx.report(
        Finding::error(
            "topology-hash-weight",
            group.method.unwrap_or_else(|| group.scope.name()),
            format!("a consistent hash over a weight of {total} takes gigabytes of memory"),
        )
        .label("160 points for each unit")
        .help(format!(
            "Lower the weights to a sum of at most {MAX_HASH_WEIGHT}, or write \
                       `consistent: false`"
        )),
    );
}

/// In a cookie two nodes of one name are one node: the first gets everything.
fn refuse_equal_routes(cx: &mut Checks<'_>, group: &Group<'_>) {
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (index, node) in group.nodes.iter().enumerate() {
        let Some(route) = node.route.as_deref().filter(|_| group.sticks) else {
            continue;
        };
        let earlier = *first.entry(route).or_insert(index);
        if earlier == index {
            continue;
        }
        let place = |index| {
            let keys = [Key("nodes"), Index(index), Key("route")];
            group.scope.at(&keys).span()
        };
        cx.report(
            Finding::error(
                "topology-duplicate-node-route",
                place(index),
                format!("two nodes are called `{}`", shown(route)),
            )
            .label("again")
            .related(place(earlier), "first here")
            .help(
                "Give each node a `route` of its own: sessions of the second would go to the \
                   first",
            ),
        );
    }
}

/// nginx never marks the only node as failed.
fn warn_of_idle_limits(cx: &mut Checks<'_>, group: &Group<'_>) {
    let [node] = group.nodes else { return };
    if !group.is_single() {
        return;
    }
    for (key, set) in [
        ("max_fails", node.max_fails.is_some()),
        ("fail_timeout", node.fail_timeout.is_some()),
    ] {
        if !set {
            continue;
        }
        let keys = [Key("nodes"), Index(0), Key(key)];
        cx.report(
            Finding::warning(
                "topology-single-node-failures",
                group.scope.at(&keys).key(),
                format!("`{key}` has no effect on the only node of {}", group.what()),
            )
            .label("ignored by nginx")
            .help("Remove it, or add a second node"),
        );
    }
}
