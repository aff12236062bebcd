//! What is asked of whom: plain data, which `--dry-run` prints.

use crate::app_server::AppServer;
use crate::source::Span;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a node listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// An address and a port.
    Ip(SocketAddr),
    /// A name and a port: one node for each of its addresses, as nginx has it.
    Name(String, u16),
    /// The path of a unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Name(name, port) => write!(f, "{name}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// What runs behind a target, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Backend {
    /// A site of Django's.
    Django,
    /// Something else.
    Other,
}

/// What the nodes of a pool have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// The pool, stream, upstream or host.
    pub name: String,
    /// What is behind it.
    pub backend: Backend,
    /// What a topology says that runs on its nodes.
    pub server: Option<AppServer>,
    /// The cookie of nginx's own by which it finds the node of a session (`sticky cookie`).
    pub cookie: Option<String>,
    /// The user that nginx's workers run as, and the group where one is written (`user`).
    pub user: Option<(String, Option<String>)>,
}

/// One thing to ask of one address.
#[derive(Debug, Clone)]
pub struct Target {
    /// The pool that the node is of.
    pub pool: Arc<Pool>,
    /// Where the node listens.
    pub address: Address,
    /// The node's entry in the topology, or its `server` in nginx's configuration.
    pub place: Span,
    /// What is asked.
    pub ask: Arc<Ask>,
    /// The status that means well; every one of 2xx and 3xx where none is told.
    pub status: Option<u16>,
    /// Whether the path is that of the pool's health check.
    pub health: bool,
}

/// A node that is not asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The pool, stream, upstream or host.
    pub pool: String,
    /// The address as it is written.
    pub address: String,
    /// Where it is written.
    pub place: Span,
    /// Why.
    pub reason: String,
}

/// Everything that a configuration has to ask.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    /// What is asked, in the order of the configuration.
    pub targets: Vec<Target>,
    /// What is not.
    pub skipped: Vec<Skipped>,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ask {
    /// A page over HTTP.
    Http(HttpRequest),
    /// A page over uwsgi's protocol.
    Uwsgi(UwsgiRequest),
    /// Whether TLS is spoken, of PostgreSQL.
    Postgres,
    /// `PING`, of Redis.
    Redis,
    /// Nothing: that a connection is accepted is enough.
    Connect,
}

impl Ask {
    /// What is spoken.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        match self {
            Self::Http(request) => match (request.websocket, request.tls.is_some()) {
                (false, false) => Protocol::Http,
                (false, true) => Protocol::Https,
                (true, false) => Protocol::Ws,
                (true, true) => Protocol::Wss,
            },
            Self::Uwsgi(request) if request.tls.is_some() => Protocol::Suwsgi,
            Self::Uwsgi(_) => Protocol::Uwsgi,
            Self::Postgres => Protocol::Postgresql,
            Self::Redis => Protocol::Redis,
            Self::Connect => Protocol::Tcp,
        }
    }

    /// The host that the node is told, as it may be shown.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Http(request) => request.find("host").map(Header::shown),
            Self::Uwsgi(request) => request.find("HTTP_HOST").map(Header::shown),
            _ => None,
        }
    }

    /// The path that the node is asked for, as it may be shown.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Http(request) => Some(&request.uri),
            Self::Uwsgi(request) => request.find("REQUEST_URI").map(Header::shown),
            _ => None,
        }
    }

    /// The scheme that the node is told the client has used.
    #[must_use]
    pub fn scheme(&self) -> Option<&str> {
        match self {
            Self::Http(request) => request.header("x-forwarded-proto"),
            Self::Uwsgi(request) => request
                .param("HTTP_X_FORWARDED_PROTO")
                .or_else(|| request.param("REQUEST_SCHEME")),
            _ => None,
        }
    }
}

/// What is spoken to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTP.
    Http,
    /// HTTP inside TLS.
    Https,
    /// HTTP that becomes a WebSocket.
    Ws,
    /// The same inside TLS.
    Wss,
    /// uwsgi's.
    Uwsgi,
    /// uwsgi's inside TLS.
    Suwsgi,
    /// PostgreSQL's.
    Postgresql,
    /// Redis's.
    Redis,
    /// None: a connection is enough.
    Tcp,
}

impl Protocol {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Ws => "ws",
            Self::Wss => "wss",
            Self::Uwsgi => "uwsgi",
            Self::Suwsgi => "suwsgi",
            Self::Postgresql => "postgresql",
            Self::Redis => "redis",
            Self::Tcp => "tcp",
        }
    }
}

/// A header whose value may be a secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// How it is shown instead, such as `Bearer ${TOKEN}`.
    pub shown: Option<String>,
}

impl Header {
    /// Its value as it may be shown.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.shown.as_deref().unwrap_or(&self.value)
    }
}

impl fmt::Debug for Header {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.shown())
    }
}

/// A request over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HttpRequest {
    /// Whether only the head is asked for (`proxy_method HEAD`).
    pub head: bool,
    /// Path and query.
    pub uri: String,
    /// Whether it is HTTP/1.0, which nginx speaks by default before 1.29.7.
    pub http10: bool,
    /// In nginx's order.
    pub headers: Vec<Header>,
    /// Whether it asks for a WebSocket.
    pub websocket: bool,
    /// With TLS, and how.
    pub tls: Option<Tls>,
}

impl HttpRequest {
    /// The value of a header, by its name in any letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.find(name).map(|header| header.value.as_str())
    }

    fn find(&self, name: &str) -> Option<&Header> {
        let named = |header: &&Header| header.name.eq_ignore_ascii_case(name);
        self.headers.iter().find(named)
    }
}

/// TLS to a node (`proxy_ssl_*`, `uwsgi_ssl_*`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tls {
    /// The name that the certificate must be for, and that is sent as SNI.
    pub name: String,
    /// Whether the name is sent (`proxy_ssl_server_name`).
    pub sni: bool,
    /// Whether nginx refuses a wrong certificate (`proxy_ssl_verify`).
    pub verify: bool,
    /// Whom it trusts (`proxy_ssl_trusted_certificate`).
    pub trusted: Option<PathBuf>,
    /// The certificate that is shown to it, and its key (`proxy_ssl_certificate`).
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// A request over uwsgi's protocol.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UwsgiRequest {
    /// The first and the last byte of the packet's head (`uwsgi_modifier1`,
    /// `uwsgi_modifier2`).
    pub modifiers: (u8, u8),
    /// In nginx's order.
    pub params: Vec<Header>,
    /// With TLS, and how.
    pub tls: Option<Tls>,
}

impl UwsgiRequest {
    /// The value of a parameter.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.find(name).map(|param| param.value.as_str())
    }

    fn find(&self, name: &str) -> Option<&Header> {
        self.params.iter().find(|param| param.name == name)
    }
}
