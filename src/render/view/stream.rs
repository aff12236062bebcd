//! Streams: databases and caches over TCP.

use super::asked;
use super::names;
use super::upstream::{self, NodeNames, ServerLine};
use crate::render::arg::Arg;
use crate::topology::model::{Stream, Topology};
use crate::topology::settle::{CONNECT_TIMEOUT, IDLE_TIMEOUT};
use crate::topology::units::Time;
use serde::Serialize;

/// One stream: its upstream and its server.
#[derive(Debug, Clone, Serialize)]
pub struct StreamView {
    /// Its name, and the upstream's.
    pub name: Arg,
    /// The rules of lint that are not to speak about the upstream.
    pub ignored: Vec<Arg>,
    /// `zone`, its arguments.
    pub zone: Vec<Arg>,
    /// The balancing method, name first; empty for nginx's own round robin.
    pub method: Vec<Arg>,
    /// The rules of lint that are not to speak about the method.
    pub method_ignored: Vec<Arg>,
    /// `server` lines, their arguments.
    pub servers: Vec<ServerLine>,
    /// The server.
    pub server: StreamServer,
}

/// The `server` of a stream.
#[derive(Debug, Clone, Serialize)]
pub struct StreamServer {
    /// `listen` lines, their arguments.
    pub listen: Vec<Vec<Arg>>,
    /// `proxy_connect_timeout`.
    pub connect_timeout: Arg,
    /// `proxy_timeout`.
    pub idle_timeout: Arg,
    /// Networks that may come in; everybody else is refused unless it is empty.
    pub allow: Vec<Arg>,
}

/// Whether a node's name is looked up while nginx runs.
pub(super) fn resolves(topology: &Topology) -> bool {
    let mut nodes = topology.streams.values().flat_map(|stream| &stream.nodes);
    nodes.any(|node| node.resolve == Some(true))
}

pub(super) fn all(topology: &Topology) -> Vec<StreamView> {
    topology
        .streams
        .iter()
        .map(|(name, stream)| view(topology, name, stream))
        .collect()
}

fn view(topology: &Topology, name: &str, stream: &Stream) -> StreamView {
    let alone = upstream::is_alone(&stream.nodes);
    let timeouts = stream.timeouts.clone().unwrap_or_default();
    let time = |time: Option<Time>, default: &str| -> Arg {
        time.map_or_else(|| default.into(), |time| time.0.into())
    };
    let method = if alone {
        Vec::new()
    } else {
        upstream::method(stream.balancing().as_ref())
    };
    StreamView {
        name: name.into(),
        ignored: asked::of_upstream(&stream.nodes),
        zone: vec![
            names::stream_zone(name).into(),
            upstream::shared_memory(stream.nodes.len()).into(),
        ],
        method_ignored: asked::of_method(topology, None, &method, stream.nodes.len()),
        method,
        servers: stream
            .nodes
            .iter()
            .map(|node| upstream::server(node, alone, NodeNames::None))
            .collect(),
        server: StreamServer {
            listen: stream
                .listen
                .0
                .iter()
                .flat_map(super::sockets::addresses)
                .map(|address| vec![address, "so_keepalive=on".into()])
                .collect(),
            connect_timeout: time(timeouts.connect, CONNECT_TIMEOUT),
            idle_timeout: time(timeouts.idle, IDLE_TIMEOUT),
            allow: stream
                .allow
                .iter()
                .flatten()
                .map(|network| network.as_str().into())
                .collect(),
        },
    }
}
