//! One node: its address, its numbers, its state.

use super::groups::{Group, Kind};
use super::place::Place;
use super::quantities::{self, Counted};
use super::text::{self, shown};
use super::{Checks, Gate};
use crate::finding::Finding;
use crate::topology::address::{AddressProblem, MAX_SOCKET_PATH, NodeAddress, parse_node};
use crate::topology::document::Step::{Index, Key};
use crate::topology::model::{Node, NodeState};
use crate::version::Version;
use std::net::Ipv6Addr;

/// `resolve` and `service` in open-source nginx (CHANGES).
const RESOLVE: Gate = Gate::OrPlus(Version::new(1, 27, 3));
/// `drain` and `route` of a node in open-source nginx (CHANGES).
pub(super) const STICKY: Gate = Gate::OrPlus(Version::new(1, 29, 6));
/// The longest name of a node in sticky cookies (`NGX_HTTP_UPSTREAM_SID_LEN`).
const MAX_ROUTE: usize = 32;
/// The greatest weight that still makes sense; with a consistent hash each unit is 160
/// points in memory.
const MAX_WEIGHT: u32 = 10_000;
/// The greatest `max_conns` and `max_fails`: more than a kernel has ports.
const MAX_COUNT: u32 = 1_000_000;

/// Checks everything that a node says by itself; its address where it has a right one.
pub(super) fn check(
    cx: &mut Checks<'_>,
    group: &Group<'_>,
    index: usize,
    node: &Node,
) -> Option<NodeAddress> {
    let keys = |key| [Key("nodes"), Index(index), Key(key)];
    let address = check_address(cx, node, group.scope.at(&keys("address")));
    check_numbers(cx, group, index, node);
    if group.kind == Kind::Pool {
        check_route(cx, group, node, group.scope.at(&keys("route")));
    } else {
        refuse_http_keys(cx, group, index, node);
    }
    check_drain(cx, group, node, group.scope.at(&keys("state")));
    if let Some(address) = &address {
        check_resolve(cx, group, index, node, address);
    }
    address
}

fn check_numbers(cx: &mut Checks<'_>, group: &Group<'_>, index: usize, node: &Node) {
    let keys = |key| [Key("nodes"), Index(index), Key(key)];
    let down = "; write `state: down` for a node that is to get nothing";
    let at = keys("weight");
    quantities::range(cx, node.weight, 1..=MAX_WEIGHT, group.scope.at(&at), down);
    let at = keys("max_conns");
    quantities::range(cx, node.max_conns, 0..=MAX_COUNT, group.scope.at(&at), "");
    let at = keys("max_fails");
    quantities::range(cx, node.max_fails, 0..=MAX_COUNT, group.scope.at(&at), "");
    let at = keys("fail_timeout");
    quantities::time(
        cx,
        node.fail_timeout.as_ref(),
        Counted::Seconds,
        group.scope.at(&at),
    );
}

// ── Address ─────────────────────────────────────────────────────────────────────────────

fn check_address(cx: &mut Checks<'_>, node: &Node, place: Place<'_>) -> Option<NodeAddress> {
    let text = node.address.as_str();
    if !text::literal(cx, text, place) {
        return None;
    }
    match parse_node(text) {
        Ok(NodeAddress::Name(name, _)) if name == "localhost" => {
            report_localhost(cx, text, place);
            None
        }
        Ok(NodeAddress::Name(_, None)) if node.service.is_none() => {
            report_address(cx, AddressProblem::MissingPort, text, place);
            None
        }
        Ok(address) => Some(address),
        Err(AddressProblem::MissingPort) if node.service.is_some() => None,
        Err(problem) => {
            report_address(cx, problem, text, place);
            None
        }
    }
}

fn report_localhost(cx: &mut Checks<'_>, text: &str, place: Place<'_>) {
    let port = text.split_once(':').map_or("8000", |(_, port)| port);
    cx.report(
        Finding::error(
            "topology-localhost",
            place.span(),
            "`localhost` is two addresses, and nginx takes it for two nodes",
        )
        .label("127.0.0.1 and ::1")
        .help(format!(
            "Write `127.0.0.1:{port}`, or `[::1]:{port}` if the node listens there"
        )),
    );
}

fn report_address(cx: &mut Checks<'_>, problem: AddressProblem, text: &str, place: Place<'_>) {
    let short = shown(text);
    let (rule, message, label, help) = match problem {
        AddressProblem::Url => {
            let rest = text.split_once("://").map_or("", |(_, rest)| rest);
            let host = rest.split(['/', '?']).next().unwrap_or(rest);
            (
                "topology-node-url",
                format!("`{short}` is a URL, and a node is an address with a port"),
                "a URL",
                format!(
                    "Write `{}`; nginx says `invalid host in upstream`",
                    shown(host)
                ),
            )
        }
        AddressProblem::Path => {
            let host = text.split(['/', '?']).next().unwrap_or(text);
            (
                "topology-node-url",
                format!("`{short}` has a path, and a node is an address with a port"),
                "a path behind the port",
                format!(
                    "Write `{}`, and the path as a route; nginx says `invalid host in upstream`",
                    shown(host)
                ),
            )
        }
        AddressProblem::MissingPort => (
            "topology-missing-port",
            format!("`{short}` has no port"),
            "no port",
            format!(
                "Write the port of the application server, such as `{short}:8000`; nginx \
                     would take port 80"
            ),
        ),
        AddressProblem::Port => (
            "topology-port",
            format!("`{short}` has a port that does not exist"),
            "not a port",
            "Write a port from 1 to 65535; nginx says `invalid port in upstream`".to_owned(),
        ),
        AddressProblem::Brackets => (
            "topology-ipv6-brackets",
            format!("`{short}` is an IPv6 address without brackets"),
            "where does the port begin?",
            format!(
                "Write `\"{}\"` with the quotes; nginx says `invalid port in upstream`",
                bracketed(text)
            ),
        ),
        AddressProblem::Ipv6 => (
            "topology-node-address",
            format!("`{short}` has brackets around something that is no IPv6 address"),
            "not an IPv6 address",
            "Write `\"[2001:db8::5]:8000\"`, with quotes and without a zone".to_owned(),
        ),
        AddressProblem::Ipv4 => (
            "topology-node-address",
            format!("`{short}` is no IPv4 address"),
            "not four numbers up to 255",
            "Write four numbers from 0 to 255 and the port, such as `10.0.0.1:8000`; nginx \
             would look it up as a name"
                .to_owned(),
        ),
        AddressProblem::Name => (
            "topology-node-address",
            format!("`{short}` is neither an address nor a host name"),
            "not an address",
            "Write `10.0.0.1:8000`, `\"[2001:db8::5]:8000\"`, `app.internal:8000` or \
             `unix:/run/app.sock`"
                .to_owned(),
        ),
        AddressProblem::SocketPath => (
            "topology-socket-path",
            format!("`{short}` names no socket by an absolute path"),
            "not an absolute path",
            "Write `unix:` and the whole path of the socket, such as `unix:/run/app.sock`"
                .to_owned(),
        ),
        AddressProblem::LongSocketPath => (
            "topology-socket-path",
            format!(
                "the path of the socket has {} bytes",
                text.len() - "unix:".len()
            ),
            "too long",
            format!(
                "Move the socket to a path of at most {MAX_SOCKET_PATH} bytes; nginx says `too \
                 long path in the unix domain socket`"
            ),
        ),
    };
    cx.report(
        Finding::error(rule, place.span(), message)
            .label(label)
            .help(help),
    );
}

/// An IPv6 address as it has to be written: the last number is the port, unless the whole is
/// an address that needs all of its numbers.
fn bracketed(text: &str) -> String {
    match text.rsplit_once(':') {
        Some((ip, port))
            if ip.parse::<Ipv6Addr>().is_ok() && port.parse::<u16>().is_ok_and(|port| port > 0) =>
        {
            format!("[{ip}]:{port}")
        }
        _ if text.parse::<Ipv6Addr>().is_ok() => format!("[{text}]:8000"),
        _ => "[2001:db8::5]:8000".to_owned(),
    }
}

// ── Names that are looked up while nginx runs ───────────────────────────────────────────

fn check_resolve(
    cx: &mut Checks<'_>,
    group: &Group<'_>,
    index: usize,
    node: &Node,
    address: &NodeAddress,
) {
    let resolve = [Key("nodes"), Index(index), Key("resolve")];
    let service = [Key("nodes"), Index(index), Key("service")];
    let (resolve, service) = (group.scope.at(&resolve), group.scope.at(&service));
    if let Some(name) = &node.service {
        check_service(cx, name, node, address, service);
    }
    if node.resolve != Some(true) {
        return;
    }
    if !RESOLVE.is_open(cx.target) {
        cx.report_gate(
            "topology-resolve-version",
            resolve.span(),
            "`resolve`",
            RESOLVE,
            "Raise `nginx.version`, or leave `resolve` out: the name is then looked up when \
             nginx starts",
        );
    }
    match address {
        NodeAddress::Name(..) if cx.topology.nginx.resolver.is_none() => cx.report(
            Finding::error(
                "topology-missing-resolver",
                resolve.span(),
                "`resolve` needs a name server, and `nginx.resolver` is not set",
            )
            .label("who is to be asked?")
            .help(
                "Write the address of a name server as `nginx.resolver`; nginx says `no resolver \
                 defined to resolve names at run time`",
            ),
        ),
        NodeAddress::Name(..) => {}
        NodeAddress::Ip(_) | NodeAddress::Unix(_) => cx.report(
            Finding::error(
                "topology-resolve-address",
                resolve.span(),
                format!(
                    "`{}` is no name that could be looked up",
                    shown(&node.address)
                ),
            )
            .label("nothing to look up")
            .help("Remove `resolve`, or write the node's host name"),
        ),
    }
}

fn check_service(
    cx: &mut Checks<'_>,
    service: &str,
    node: &Node,
    address: &NodeAddress,
    place: Place<'_>,
) {
    if !text::literal(cx, service, place) {
        return;
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-' || b == b'.';
    let problem = if !service.bytes().all(plain) {
        Some((
            format!("`{}` is no service", shown(service)),
            "not a service",
            "Write the first part of the SRV name, such as `_http._tcp` or `http`",
        ))
    } else if node.resolve != Some(true) {
        Some((
            "`service` is looked up only with `resolve`".to_owned(),
            "needs `resolve: true`",
            "Add `resolve: true`; nginx says `service upstream … requires \"resolve\" parameter`",
        ))
    } else {
        match address {
            NodeAddress::Name(_, None) => None,
            NodeAddress::Name(_, Some(_)) => Some((
                "`service` brings its own ports, and the address has one".to_owned(),
                "the address has a port",
                "Write the address without its port; nginx says `service upstream … may not have \
                 port`",
            )),
            NodeAddress::Ip(_) | NodeAddress::Unix(_) => Some((
                "`service` needs a name to look up".to_owned(),
                "the address is no name",
                "Write the host name as `address`; nginx says `service upstream … requires domain \
                 name`",
            )),
        }
    };
    if let Some((message, label, help)) = problem {
        cx.report(
            Finding::error("topology-service", place.span(), message)
                .label(label)
                .help(help),
        );
    }
}

// ── Stickiness ──────────────────────────────────────────────────────────────────────────

fn check_route(cx: &mut Checks<'_>, group: &Group<'_>, node: &Node, place: Place<'_>) {
    let Some(route) = &node.route else { return };
    if !text::literal(cx, route, place) {
        return;
    }
    // It travels in a cookie (RFC 6265, section 4.1.1), and `.` separates nothing there.
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if route.len() > MAX_ROUTE || !route.bytes().all(fits) {
        cx.report(
            Finding::error(
                "topology-node-route",
                place.span(),
                format!("`{}` is no name for a node in cookies", shown(route)),
            )
            .label(if route.len() > MAX_ROUTE {
                "too long"
            } else {
                "not a plain name"
            })
            .help(format!(
                "Write letters, digits, `-`, `_` and `.`, at most {MAX_ROUTE}; nginx says `route \
                 is longer than {MAX_ROUTE}`"
            )),
        );
    } else if !group.sticks {
        cx.report(
            Finding::warning(
                "topology-unused-node-route",
                place.span(),
                format!(
                    "`route` names a node for `sticky`, and {} has none",
                    group.what()
                ),
            )
            .label("nothing reads it")
            .help("Remove `route`, or give the pool a `sticky`"),
        );
    }
}

fn check_drain(cx: &mut Checks<'_>, group: &Group<'_>, node: &Node, place: Place<'_>) {
    if node.state() != NodeState::Drain || group.kind == Kind::Stream {
        return;
    }
    if !STICKY.is_open(cx.target) {
        cx.report_gate(
            "topology-drain-version",
            place.span(),
            "`state: drain`",
            STICKY,
            "Write `state: down`, or raise `nginx.version`; nginx says `invalid parameter \
             \"drain\"`",
        );
    } else if !group.sticks {
        cx.report(
            Finding::warning(
                "topology-drain-without-sticky",
                place.span(),
                format!(
                    "a draining node gets only sessions that stick to it, and {} has no \
                         `sticky`",
                    group.what()
                ),
            )
            .label("the same as `down`")
            .help("Write `state: down`, or give the pool a `sticky`"),
        );
    }
}

/// Streams have no sessions to stick to.
fn refuse_http_keys(cx: &mut Checks<'_>, group: &Group<'_>, index: usize, node: &Node) {
    let mut refuse = |key, what: &str, help: &'static str| {
        let keys = [Key("nodes"), Index(index), Key(key)];
        cx.report(
            Finding::error(
                "topology-stream-node",
                group.scope.at(&keys).span(),
                format!("{what} belongs to sticky sessions, and a stream has none"),
            )
            .label("not in a stream")
            .help(help),
        );
    };
    if node.route.is_some() {
        refuse(
            "route",
            "`route`",
            "Remove it; nginx says `invalid parameter`",
        );
    }
    if node.state() == NodeState::Drain {
        refuse(
            "state",
            "`drain`",
            "Write `state: down`; nginx says `invalid parameter \"drain\"`",
        );
    }
}
