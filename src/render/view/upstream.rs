//! Pools as upstreams.

use super::asked;
use super::names;
use super::sticky::{self, replaced_cookie};
use crate::render::arg::Arg;
use crate::topology::model::{Flex, Node, NodeState, Pool, Topology};
use crate::topology::settle::{Balancing, FAIL_TIMEOUT, MAX_FAILS, Stickiness, zone_kilobytes};
use crate::values::address::{self, Allowed, Host};
use crate::values::hosts::{is_local_name, is_public_name};
use crate::version::Target;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// One `upstream`. Inside it order matters: zone, method, sticky, servers, keepalive.
#[derive(Debug, Clone, Serialize)]
pub struct Upstream {
    /// Its name, the pool's.
    pub name: Arg,
    /// The rules of lint that are not to speak about it.
    pub ignored: Vec<Arg>,
    /// `zone`, its arguments.
    pub zone: Vec<Arg>,
    /// The balancing method, name first; empty for nginx's own round robin.
    pub method: Vec<Arg>,
    /// The rules of lint that are not to speak about the method.
    pub method_ignored: Vec<Arg>,
    /// `sticky`, its arguments.
    pub sticky: Option<Vec<Arg>>,
    /// The rules of lint that are not to speak about `sticky`.
    pub sticky_ignored: Vec<Arg>,
    /// `server` lines.
    pub servers: Vec<ServerLine>,
    /// `keepalive` and its companions.
    pub keepalive: Option<Keepalive>,
}

/// A `server` line of an `upstream`.
#[derive(Debug, Clone, Serialize)]
pub struct ServerLine {
    /// Its arguments.
    pub args: Vec<Arg>,
    /// The rules of lint that are not to speak about it, because the topology wants it so.
    pub ignored: Vec<Arg>,
}

/// Upstream keepalive.
#[derive(Debug, Clone, Serialize)]
pub struct Keepalive {
    /// Idle connections of each worker; 0 turns the default of newer releases off.
    pub connections: Arg,
    /// `keepalive_timeout`; none when connections are not kept.
    pub timeout: Option<Arg>,
    /// `keepalive_requests`.
    pub requests: Option<Arg>,
    /// `keepalive_time`.
    pub time: Option<Arg>,
}

pub(super) fn all(topology: &Topology, target: Target) -> Vec<Upstream> {
    topology
        .pools
        .iter()
        .map(|(name, pool)| upstream(topology, name, pool, target))
        .collect()
}

/// What nginx is told; see [`sticky::StickyMaps`] for the one that [`Pool::balancing`] cannot know.
fn pool_method(name: &str, pool: &Pool, target: Target) -> Vec<Arg> {
    if is_alone(&pool.nodes) {
        return Vec::new();
    }
    if replaced_cookie(pool, target).is_some() {
        let key = Arg::expression(names::sticky_key(name));
        return vec!["hash".into(), key, "consistent".into()];
    }
    method(pool.balancing(target).as_ref())
}

fn upstream(topology: &Topology, name: &str, pool: &Pool, target: Target) -> Upstream {
    let alone = is_alone(&pool.nodes);
    let native = !pool.falls_back(target) && pool.has_choice();
    let sticky = native.then(|| sticky::args(topology, name, pool)).flatten();
    let names = match (&sticky, pool.stickiness()) {
        (Some(_), Some(Stickiness::Cookie(_))) => NodeNames::All,
        (Some(_), Some(Stickiness::Route(_))) => NodeNames::Given,
        _ => NodeNames::None,
    };
    let method = pool_method(name, pool, target);
    let cookie = { pool.sticky.as_ref() }.filter(|sticky| native && sticky.cookie.is_some());
    Upstream {
        name: name.into(),
        ignored: asked::of_upstream(&pool.nodes),
        zone: vec![names::pool_zone(name).into(), zone_size(pool).into()],
        method_ignored: asked::of_method(topology, Some(name), &method, pool.nodes.len()),
        method,
        sticky_ignored: cookie
            .map(|sticky| asked::of_cookie(topology, name, sticky))
            .unwrap_or_default(),
        sticky,
        servers: pool
            .nodes
            .iter()
            .map(|node| server(node, alone, names))
            .collect(),
        keepalive: keepalive(pool, target),
    }
}

/// Whether there is nothing to choose between: a single address, which nginx never takes out
/// of rotation and for which it ignores weights and methods (ngx_http_upstream_module,
/// `max_fails`).
pub(super) fn is_alone(nodes: &[Flex<Node>]) -> bool {
    matches!(nodes, [node] if node.resolve != Some(true))
}

/// Shared memory for `count` nodes.
pub(super) fn shared_memory(count: usize) -> String {
    format!("{}k", zone_kilobytes(count))
}

fn zone_size(pool: &Pool) -> String {
    pool.zone
        .as_ref()
        .map_or_else(|| shared_memory(pool.nodes.len()), |size| size.0.clone())
}

/// The balancing method, name first.
pub(super) fn method(balancing: Option<&Balancing>) -> Vec<Arg> {
    match balancing {
        None | Some(Balancing::RoundRobin) => Vec::new(),
        Some(Balancing::LeastConn) => vec!["least_conn".into()],
        Some(Balancing::IpHash) => vec!["ip_hash".into()],
        Some(Balancing::Hash { key, consistent }) => {
            let mut args = vec!["hash".into(), Arg::expression(key.as_str())];
            args.extend(consistent.then(|| "consistent".into()));
            args
        }
        Some(Balancing::Random { two }) => {
            let mut args = vec!["random".into()];
            args.extend(two.then(|| "two".into()));
            args
        }
        Some(Balancing::LeastTime { what, inflight }) => {
            let mut args = vec!["least_time".into(), what.as_str().into()];
            args.extend(inflight.then(|| "inflight".into()));
            args
        }
    }
}

/// Which nodes have names (`route=`), for `sticky`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeNames {
    /// None.
    None,
    /// Those that the topology names.
    Given,
    /// All; the rest are named after their addresses.
    All,
}

/// The name of a node that the topology gives none. nginx would put the MD5 of the address
/// into the cookie, from which the few private addresses are soon guessed; twelve digits of
/// this hash stay the same as long as the address does, whatever the order of the nodes.
fn name_of(address: &str) -> String {
    let digest = Sha256::digest(format!("djanginx node {address}"));
    digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The name in an address, which may stand for several addresses.
fn name_in(address: &str) -> Option<Vec<u8>> {
    match address::parse_url(address.as_bytes(), Allowed::default()) {
        Ok(url) => match url.host {
            Host::Name(name) => Some(name),
            _ => None,
        },
        Err(_) => None,
    }
}

/// The rules that would tell that a name is looked up once, when nginx starts.
fn ignored(node: &Node, name: Option<&[u8]>) -> Vec<Arg> {
    let Some(name) = name.filter(|_| node.resolve != Some(true)) else {
        return Vec::new();
    };
    let up = node.state() != NodeState::Down;
    let rules = [
        ("undefined-upstream", is_local_name(name)),
        ("upstream-server-no-resolve", up && is_public_name(name)),
    ];
    let speaking = rules.into_iter().filter(|(_, speaks)| *speaks);
    speaking.map(|(rule, _)| rule.into()).collect()
}

/// A `server` line.
pub(super) fn server(node: &Node, alone: bool, names: NodeNames) -> ServerLine {
    let name = name_in(&node.address);
    let mut args: Vec<Arg> = Vec::with_capacity(4);
    args.push(node.address.as_str().into());
    let mut add = |text: String| args.push(text.into());
    if let Some(weight) = node.weight.filter(|&weight| weight != 1 && !alone) {
        add(format!("weight={weight}"));
    }
    if let Some(max_conns) = node.max_conns.filter(|&limit| limit != 0) {
        add(format!("max_conns={max_conns}"));
    }
    // nginx forgets the failures of a single address with every request.
    if !alone || name.is_some() {
        add(format!("max_fails={}", node.max_fails.unwrap_or(MAX_FAILS)));
        add(format!(
            "fail_timeout={}",
            node.fail_timeout.as_ref().map_or(FAIL_TIMEOUT, |t| &t.0)
        ));
    }
    match node.state() {
        NodeState::Up => {}
        NodeState::Backup => add("backup".to_owned()),
        NodeState::Down => add("down".to_owned()),
        NodeState::Drain => add("drain".to_owned()),
    }
    if node.resolve == Some(true) {
        add("resolve".to_owned());
    }
    if let Some(service) = &node.service {
        add(format!("service={service}"));
    }
    let route = node.route.as_deref().filter(|_| names != NodeNames::None);
    match route {
        Some(route) => add(format!("route={route}")),
        None if names == NodeNames::All => add(format!("route={}", name_of(&node.address))),
        None => {}
    }
    ServerLine {
        args,
        ignored: ignored(node, name.as_deref()),
    }
}

fn keepalive(pool: &Pool, target: Target) -> Option<Keepalive> {
    let Some(idle) = pool.idle() else {
        // Since 1.29.7 nginx keeps connections unless it is told not to.
        return target.at_least(1, 29, 7).then(|| Keepalive {
            connections: 0.into(),
            timeout: None,
            requests: None,
            time: None,
        });
    };
    Some(Keepalive {
        connections: idle.connections.into(),
        timeout: Some(milliseconds(idle.timeout_ms).into()),
        requests: Some(idle.requests.into()),
        time: idle.time.as_ref().map(|time| time.0.as_str().into()),
    })
}

/// A time in nginx's spelling: whole seconds where they do.
fn milliseconds(millis: u64) -> String {
    if millis.is_multiple_of(1000) {
        format!("{}s", millis / 1000)
    } else {
        format!("{millis}ms")
    }
}
