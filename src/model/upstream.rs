//! Upstreams, and who refers to them.

use super::scope::{ScopeId, Statement};
use crate::source::Span;
use crate::values::address::Host;
use crate::values::small;
use foldhash::HashMap;

/// The upstreams of `http` or of `stream`.
#[derive(Debug, Clone, Default)]
pub struct Upstreams<'m> {
    /// Those with a block, in reading order.
    pub all: Vec<Upstream<'m>>,
    /// Each by its name in small letters.
    pub by_name: HashMap<Vec<u8>, usize>,
    /// Every reference to an address or an upstream, in reading order.
    pub references: Vec<Reference<'m>>,
}

/// An `upstream`.
#[derive(Debug, Clone)]
pub struct Upstream<'m> {
    /// Its name.
    pub name: Vec<u8>,
    /// Its block.
    pub scope: ScopeId,
    /// The directive that opens it.
    pub statement: Statement<'m>,
    /// Its servers, in reading order.
    pub servers: Vec<Peer<'m>>,
    /// How a server is chosen: the last of [`Self::methods`].
    pub method: Method,
    /// The directives that say how, in reading order; the last one counts.
    pub methods: Vec<Statement<'m>>,
    /// `keepalive`.
    pub keepalive: Option<Keepalive<'m>>,
    /// `sticky`.
    pub sticky: Option<Statement<'m>>,
    /// `zone`.
    pub zone: Option<Statement<'m>>,
    /// Who refers to it: indexes into [`Upstreams::references`].
    pub references: Vec<usize>,
}

/// How an upstream chooses a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Method {
    /// One after the other.
    #[default]
    RoundRobin,
    /// `ip_hash`.
    IpHash,
    /// `hash`.
    Hash,
    /// `random`.
    Random,
    /// `least_conn`.
    LeastConn,
    /// `least_time`.
    LeastTime,
}

impl Method {
    /// Whether servers may be `backup`.
    #[must_use]
    pub fn has_backups(self) -> bool {
        !matches!(self, Self::IpHash | Self::Hash | Self::Random)
    }
}

/// Idle connections that are kept open.
#[derive(Debug, Clone, Copy)]
pub struct Keepalive<'m> {
    /// The directive.
    pub statement: Statement<'m>,
    /// The most for each worker process.
    pub connections: i64,
    /// `local`: not shared between locations.
    pub local: bool,
}

/// A `server` of an upstream.
#[derive(Debug, Clone)]
pub struct Peer<'m> {
    /// The directive.
    pub statement: Statement<'m>,
    /// Its address, where it can be read.
    pub host: Option<Host>,
    /// Its port, as written.
    pub port: Option<u16>,
    /// `weight`, 1 where none is given.
    pub weight: i64,
    /// `max_conns`, 0 for no limit.
    pub max_conns: i64,
    /// `max_fails`, where it is given.
    pub max_fails: Option<i64>,
    /// `fail_timeout` in seconds, where it is given.
    pub fail_timeout: Option<i64>,
    /// `backup`.
    pub backup: bool,
    /// `down`.
    pub down: bool,
    /// `drain`.
    pub drain: bool,
    /// `resolve`.
    pub resolve: bool,
    /// `service`.
    pub service: Option<Vec<u8>>,
    /// `route`.
    pub route: Option<Vec<u8>>,
}

/// A place that names an upstream or a host, such as `proxy_pass`.
#[derive(Debug, Clone)]
pub struct Reference<'m> {
    /// The directive.
    pub statement: Statement<'m>,
    /// What is spoken there.
    pub scheme: Scheme,
    /// Whether the argument has variables, so that requests decide where they go.
    pub variable: bool,
    /// The host, without scheme and port, or the path of a socket; empty where variables
    /// make it.
    pub host: Vec<u8>,
    /// Whether `host` is the path of a socket.
    pub unix: bool,
    /// The port that is written.
    pub port: Option<u16>,
    /// What is written behind the address; empty where there is nothing, and where
    /// variables make it.
    pub uri: Vec<u8>,
    /// Where the host is.
    pub span: Span,
}

/// What is spoken to an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `proxy_pass http:`.
    Http,
    /// `proxy_pass https:`.
    Https,
    /// `proxy_pass` with a variable in front.
    Variable,
    /// `fastcgi_pass`.
    FastCgi,
    /// `uwsgi_pass`.
    Uwsgi,
    /// `uwsgi_pass suwsgi:`.
    Suwsgi,
    /// `scgi_pass`.
    Scgi,
    /// `grpc_pass`.
    Grpc,
    /// `grpc_pass grpcs:`.
    Grpcs,
    /// `memcached_pass`.
    Memcached,
    /// `tunnel_pass`.
    Tunnel,
    /// `proxy_pass` of `stream`.
    Stream,
}

impl<'m> Upstreams<'m> {
    /// An upstream by its name, in any letters.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<&Upstream<'m>> {
        let index = self.by_name.get(&*small(name))?;
        Some(&self.all[*index])
    }

    /// The upstream that a reference names, if it names one with a block.
    #[must_use]
    pub fn of(&self, reference: &Reference<'m>) -> Option<&Upstream<'m>> {
        self.find(&reference.host).filter(|_| !reference.unix)
    }
}
