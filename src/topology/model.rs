//! The topology as types. Their documentation is the JSON Schema's.
//!
//! Everything that can be left out is an `Option` here; what leaving out means is decided
//! by [`super`], so that `defaults` can stand between.

pub use crate::app_server::AppServer;

use super::units::{Size, Time};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, IntoDeserializer, MapAccess, Visitor};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// Names in the order of the alphabet, which is the order of the output.
pub type Named<T> = BTreeMap<String, T>;

/// Django nodes and the sites that they serve, described for djanginx.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Topology {
    /// The nginx that the configuration is for.
    #[serde(default)]
    pub nginx: Nginx,
    /// Which peers may tell the client's address and scheme. Nobody by default.
    pub trusted_proxies: Option<TrustedProxies>,
    /// Keys that all pools, sites and routes share unless they say otherwise.
    #[serde(default)]
    pub defaults: Defaults,
    /// Groups of interchangeable Django nodes; each becomes an upstream.
    #[serde(default)]
    pub pools: Named<Pool>,
    /// What people type; each becomes server blocks.
    #[serde(default)]
    pub sites: Named<Site>,
    /// Databases and caches, balanced over TCP.
    #[serde(default)]
    pub streams: Named<Stream>,
}

/// The nginx that the configuration is for.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nginx {
    /// What the configuration must load on: `1.28`, `1.28.3`, `stable`, `mainline` or
    /// `plus-r35`. A branch means its last release. Default 1.26.
    #[schemars(extend("type" = ["string", "number"]))]
    pub version: Option<String>,
    /// The OpenSSL that nginx runs with, such as `3.5`. Default 3.0.
    #[schemars(extend("type" = ["string", "number"]))]
    pub openssl: Option<String>,
    /// Modules that are there beyond those compiled in by default: a list of names, or names
    /// with the files to load.
    pub modules: Option<Modules>,
    /// One file, or one file for each concern. Default `single`.
    pub layout: Option<Layout>,
    /// The user that workers run as.
    pub user: Option<String>,
    /// The file that holds the process id.
    pub pid: Option<String>,
    /// Where nginx writes errors, with an optional level.
    pub error_log: Option<Flex<ErrorLog>>,
    /// The folder for request bodies and responses that do not fit into memory.
    pub temp_dir: Option<String>,
    /// Worker processes and their connections.
    #[serde(default)]
    pub workers: Workers,
    /// The access log. Default `json`.
    pub log: Option<Flex<Log>>,
    /// Whether each request gets an id that Django and the log see. Default true.
    pub request_id: Option<Flex<RequestId>>,
    /// Name servers for nodes with `resolve`.
    pub resolver: Option<Flex<Resolver>>,
}

/// Modules of nginx: present, or to be loaded from a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Modules {
    /// Names of modules that are there.
    Present(Vec<String>),
    /// Names with the files that `load_module` loads.
    Load(Named<String>),
}

/// How the output is cut into files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
pub enum Layout {
    /// One complete `nginx.conf`.
    #[serde(rename = "single")]
    Single,
    /// A folder: `nginx.conf` and one file for each concern in `conf.d/`.
    #[serde(rename = "conf.d")]
    ConfD,
}

/// Where nginx writes errors.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorLog {
    /// The file, or `stderr`.
    pub path: String,
    /// The lowest level that is written. Default `error`.
    pub level: Option<LogLevel>,
}

impl ShortForm for ErrorLog {
    fn from_short(text: &str) -> Result<Self, String> {
        Ok(Self {
            path: text.to_owned(),
            level: None,
        })
    }
}

/// Levels of the error log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum LogLevel {
    Debug,
    Info,
    Notice,
    Warn,
    Error,
    Crit,
    Alert,
    Emerg,
}

impl LogLevel {
    /// nginx's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Crit => "crit",
            Self::Alert => "alert",
            Self::Emerg => "emerg",
        }
    }
}

/// Worker processes.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workers {
    /// How many: a number or `auto`. Default `auto`.
    #[schemars(extend("type" = ["string", "integer"]))]
    pub processes: Option<String>,
    /// Connections of each worker; a proxied client takes two. Default 4096.
    pub connections: Option<u32>,
    /// How long old workers may finish their requests after a reload. Default 30s.
    pub shutdown_timeout: Option<Time>,
}

/// The access log.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// One JSON object for each request, or nginx's classic line. Default `json`.
    pub format: Option<LogFormat>,
    /// The file, or `off`. Default `/var/log/nginx/access.log`.
    pub path: Option<String>,
    /// Paths that are not logged, such as `/healthz/`.
    #[serde(default)]
    pub exclude: Vec<String>,
}

/// Formats of the access log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object for each request, with upstream times.
    Json,
    /// nginx's predefined `combined`.
    Combined,
}

impl ShortForm for Log {
    fn from_short(text: &str) -> Result<Self, String> {
        let mut log = Self::default();
        match text {
            "json" => log.format = Some(LogFormat::Json),
            "combined" => log.format = Some(LogFormat::Combined),
            "off" => log.path = Some("off".to_owned()),
            _ => return Err(format!("`{text}` is neither `json`, `combined` nor `off`")),
        }
        Ok(log)
    }

    fn short_schema() -> Schema {
        json_schema!({ "type": "string", "enum": ["json", "combined", "off"] })
    }
}

/// Ids of requests.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestId {
    /// The header that carries the id to Django and back. Default `X-Request-ID`.
    pub header: Option<String>,
    /// Whether an id that comes with the request is kept. Default false.
    #[serde(default)]
    pub trust: bool,
    /// Whether there are ids at all. Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

impl ShortForm for RequestId {
    fn from_short(text: &str) -> Result<Self, String> {
        Ok(Self {
            header: None,
            trust: false,
            enabled: boolean(text)?,
        })
    }

    fn short_schema() -> Schema {
        json_schema!({ "type": "boolean" })
    }
}

/// Name servers.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolver {
    /// Their addresses, with an optional port.
    pub addresses: Vec<String>,
    /// How long an answer is kept, instead of its own time to live.
    pub valid: Option<Time>,
    /// Whether IPv6 addresses are asked for. Default true.
    pub ipv6: Option<bool>,
}

impl ShortForm for Resolver {
    fn from_short(text: &str) -> Result<Self, String> {
        Ok(Self {
            addresses: vec![text.to_owned()],
            valid: None,
            ipv6: None,
        })
    }
}

/// Which peers may tell the client's address and scheme.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustedProxies {
    /// Networks of the proxies, such as `10.0.0.0/8`.
    #[serde(default)]
    pub networks: Vec<String>,
    /// The header that holds the client's address. Default `X-Forwarded-For`.
    pub header: Option<String>,
    /// Whether the proxies speak the PROXY protocol instead of sending a header.
    pub proxy_protocol: Option<bool>,
}

/// Keys that all pools, sites and routes share unless they say otherwise.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    /// As in a pool.
    pub server: Option<AppServer>,
    /// As in a pool.
    pub protocol: Option<Protocol>,
    /// As in a pool.
    pub balance: Option<Flex<Balance>>,
    /// As in a pool.
    pub sticky: Option<Flex<Sticky>>,
    /// As in a pool.
    pub zone: Option<Size>,
    /// As in a pool.
    pub keepalive: Option<Flex<Keepalive>>,
    /// As in a pool.
    pub failover: Option<Failover>,
    /// As in a pool and in a route.
    pub timeouts: Option<Timeouts>,
    /// As in a pool.
    pub health: Option<Flex<Health>>,
    /// As in a site.
    pub listen: Option<Vec<Listen>>,
    /// As in a site.
    pub tls: Option<Flex<Tls>>,
    /// As in a site.
    pub acme: Option<Flex<Acme>>,
    /// As in a site and in a route.
    pub body_limit: Option<Size>,
    /// As in a site.
    pub headers: Option<Headers>,
    /// As in a site.
    pub errors: Option<Errors>,
    /// As in a site.
    pub security_headers: Option<SecurityHeaders>,
    /// As in a site.
    pub access_log: Option<String>,
    /// As in a route.
    pub buffering: Option<Flex<Buffering>>,
    /// As in a route.
    pub allow: Option<Vec<String>>,
    /// As in a route.
    pub deny: Option<Vec<String>>,
    /// As in a route.
    pub basic_auth: Option<Flex<BasicAuth>>,
    /// As in a route.
    pub satisfy: Option<Satisfy>,
    /// As in a route.
    pub rate_limit: Option<Flex<RateLimit>>,
}

/// Interchangeable Django nodes; becomes an upstream.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// The application server that runs on the nodes. Default `gunicorn`.
    pub server: Option<AppServer>,
    /// The protocol that the nodes speak. Default `uwsgi` for uWSGI, else `http`.
    pub protocol: Option<Protocol>,
    /// The nodes.
    pub nodes: Vec<Flex<Node>>,
    /// How requests are spread. Default `least_conn` for two nodes and more.
    pub balance: Option<Flex<Balance>>,
    /// What keeps a session on its node. Default: nothing.
    pub sticky: Option<Flex<Sticky>>,
    /// The size of the memory that workers share about the nodes. Default: large enough.
    pub zone: Option<Size>,
    /// Idle connections that are kept open to the nodes. Default `auto`.
    pub keepalive: Option<Flex<Keepalive>>,
    /// When another node is tried.
    pub failover: Option<Failover>,
    /// How long nginx waits for the nodes.
    pub timeouts: Option<Timeouts>,
    /// What `probe` asks. Open-source nginx itself has no active health checks.
    pub health: Option<Flex<Health>>,
}

/// Protocols between nginx and a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTP/1.1, through `proxy_pass`.
    Http,
    /// uWSGI's own, through `uwsgi_pass`.
    Uwsgi,
}

/// One node of a pool or stream.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// `10.0.0.1:8000`, `"[2001:db8::5]:8000"`, `app.internal:8000` or `unix:/run/app.sock`.
    pub address: String,
    /// Its share of the requests. Default 1.
    pub weight: Option<u32>,
    /// The most connections at one time. Default: no limit.
    pub max_conns: Option<u32>,
    /// Failures within `fail_timeout` after which the node is left alone. Default 3.
    pub max_fails: Option<u32>,
    /// The time in which failures count, and for which the node is left alone. Default 10s.
    pub fail_timeout: Option<Time>,
    /// Default `up`.
    pub state: Option<NodeState>,
    /// Whether the name is looked up again while nginx runs.
    pub resolve: Option<bool>,
    /// The SRV service to look up, such as `_http._tcp`; needs `resolve`.
    pub service: Option<String>,
    /// The name of this node in sticky cookies.
    pub route: Option<String>,
}

impl ShortForm for Node {
    fn from_short(text: &str) -> Result<Self, String> {
        Ok(Self {
            address: text.to_owned(),
            ..Self::default()
        })
    }
}

/// Whether a node gets requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NodeState {
    /// It does.
    #[default]
    Up,
    /// Only when no other node is left.
    Backup,
    /// It does not.
    Down,
    /// Only those that stick to it already (nginx 1.29.6 and later).
    Drain,
}

/// How requests are spread over nodes.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Balance {
    /// The named method of the short form.
    #[serde(skip)]
    pub method: Option<Method>,
    /// By the hash of an expression, such as `$request_uri`.
    pub hash: Option<String>,
    /// With `hash`: whether few keys move when nodes come and go (ketama). Default true.
    pub consistent: Option<bool>,
    /// By chance: `one`, or `two` and then the one with fewer connections.
    pub random: Option<RandomChoice>,
    /// By the shortest average time to the first byte or the last (nginx 1.31.0 and later).
    pub least_time: Option<LeastTime>,
    /// With `least_time`: whether requests that are still open count. Default false.
    pub inflight: Option<bool>,
}

/// Methods that need no parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// In turn, by weight.
    RoundRobin,
    /// The fewest connections.
    LeastConn,
    /// By the client's address.
    IpHash,
    /// By chance.
    Random,
}

/// How `random` chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RandomChoice {
    /// One node by chance.
    One,
    /// Two nodes by chance, then the one with fewer connections.
    Two,
}

/// Which time `least_time` compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeastTime {
    /// To the response header (pools).
    Header,
    /// To the last byte.
    LastByte,
    /// To connect (streams).
    Connect,
    /// To the first byte (streams).
    FirstByte,
}

impl LeastTime {
    /// nginx's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::LastByte => "last_byte",
            Self::Connect => "connect",
            Self::FirstByte => "first_byte",
        }
    }
}

impl ShortForm for Balance {
    fn from_short(text: &str) -> Result<Self, String> {
        let method = match text {
            "round_robin" => Method::RoundRobin,
            "least_conn" => Method::LeastConn,
            "ip_hash" => Method::IpHash,
            "random" => Method::Random,
            _ => return Err(format!("`{text}` is no balancing method")),
        };
        Ok(Self {
            method: Some(method),
            ..Self::default()
        })
    }

    fn short_schema() -> Schema {
        json_schema!({
            "type": "string",
            "enum": ["round_robin", "least_conn", "ip_hash", "random"],
        })
    }
}

/// What keeps a session on its node: exactly one of `cookie`, `route` and `learn`, or the
/// short form `ip`.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sticky {
    /// The short form `ip`: by the client's address.
    #[serde(skip)]
    pub ip: bool,
    /// A cookie of nginx's own with this name.
    pub cookie: Option<String>,
    /// Variables whose first non-empty value is compared with each node's `route`.
    pub route: Option<Vec<String>>,
    /// A cookie of Django's, such as `sessionid`, from whose first appearance nginx learns.
    pub learn: Option<String>,
    /// What to do on an nginx without `sticky` (before 1.29.6).
    pub fallback: Option<StickyFallback>,
    /// With `cookie`: how long the browser keeps it. Default: until it is closed.
    pub expires: Option<Time>,
    /// With `cookie`: its path. Default `/`.
    pub path: Option<String>,
    /// With `cookie`: its domain.
    pub domain: Option<String>,
    /// With `cookie`: only over TLS. Default: whether every site of the pool has TLS.
    pub secure: Option<bool>,
    /// With `cookie`: hidden from scripts. Default true.
    pub httponly: Option<bool>,
    /// With `cookie`: when other sites' pages send it. Default `lax`.
    pub samesite: Option<SameSite>,
    /// With `learn`: the memory for sessions. Default 1m.
    pub zone: Option<Size>,
    /// With `learn`: how long a session is remembered. Default 1h.
    pub timeout: Option<Time>,
}

impl ShortForm for Sticky {
    fn from_short(text: &str) -> Result<Self, String> {
        match text {
            "ip" => Ok(Self {
                ip: true,
                ..Self::default()
            }),
            _ => Err(format!("`{text}` is not `ip`")),
        }
    }

    fn short_schema() -> Schema {
        json_schema!({ "type": "string", "enum": ["ip"] })
    }
}

/// What stands in for `sticky` on an older nginx.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StickyFallback {
    /// A consistent hash of the cookie, in the place of `balance`.
    Hash,
}

/// Values of the cookie attribute `SameSite`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum SameSite {
    Strict,
    Lax,
    None,
}

impl SameSite {
    /// nginx's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Lax => "lax",
            Self::None => "none",
        }
    }
}

/// Idle connections to the nodes: `auto`, `off`, a number, or all of it.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keepalive {
    /// Whether connections are kept. Default: whether the application server keeps them.
    #[serde(skip)]
    pub enabled: Option<bool>,
    /// Idle connections that each worker keeps. Default 16.
    pub connections: Option<u32>,
    /// How long an idle connection is kept; must be shorter than `server_timeout`. Default:
    /// one second less.
    pub timeout: Option<Time>,
    /// How long the application server itself keeps idle connections, as it was started
    /// (`gunicorn --keep-alive`, `uvicorn --timeout-keep-alive`). Default: its own default.
    pub server_timeout: Option<Time>,
    /// Requests after which a connection is closed. Default 1000.
    pub requests: Option<u32>,
    /// Age at which a connection is closed (nginx 1.19.10 and later). Default 1h.
    pub time: Option<Time>,
}

impl ShortForm for Keepalive {
    fn from_short(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::default()),
            "off" | "false" => Ok(Self {
                enabled: Some(false),
                ..Self::default()
            }),
            _ => {
                let connections = text
                    .parse()
                    .map_err(|_| format!("`{text}` is neither `auto`, `off` nor a number"))?;
                Ok(Self {
                    enabled: Some(connections > 0),
                    connections: Some(connections),
                    ..Self::default()
                })
            }
        }
    }

    fn short_schema() -> Schema {
        json_schema!({ "anyOf": [
            { "type": "string", "enum": ["auto", "off"] },
            { "type": "integer", "minimum": 0, "maximum": u32::MAX },
        ]})
    }
}

/// When another node is tried.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Failover {
    /// Failures after which the next node is tried. Default `[error, timeout]`; `[off]`
    /// means never.
    pub on: Option<Vec<FailoverCondition>>,
    /// Nodes that one request may be sent to. Default 2.
    pub tries: Option<u32>,
    /// How long one request may look for a node. Default 10s.
    pub timeout: Option<Time>,
}

/// Conditions of `proxy_next_upstream`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum FailoverCondition {
    Error,
    Timeout,
    InvalidHeader,
    #[serde(rename = "http_500")]
    Http500,
    #[serde(rename = "http_502")]
    Http502,
    #[serde(rename = "http_503")]
    Http503,
    #[serde(rename = "http_504")]
    Http504,
    #[serde(rename = "http_403")]
    Http403,
    #[serde(rename = "http_404")]
    Http404,
    #[serde(rename = "http_429")]
    Http429,
    NonIdempotent,
    Off,
}

impl FailoverCondition {
    /// nginx's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::InvalidHeader => "invalid_header",
            Self::Http500 => "http_500",
            Self::Http502 => "http_502",
            Self::Http503 => "http_503",
            Self::Http504 => "http_504",
            Self::Http403 => "http_403",
            Self::Http404 => "http_404",
            Self::Http429 => "http_429",
            Self::NonIdempotent => "non_idempotent",
            Self::Off => "off",
        }
    }
}

/// How long nginx waits.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timeouts {
    /// For the connection to a node. Default 3s.
    pub connect: Option<Time>,
    /// For the next bytes of the response. Default 60s; 1h for WebSockets and streaming.
    pub read: Option<Time>,
    /// For the node to take the next bytes of the request. Default 60s.
    pub send: Option<Time>,
    /// In streams: without a byte in either direction. Default 1h.
    pub idle: Option<Time>,
}

/// What `probe` asks of every node.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// The path.
    pub path: String,
    /// The status that means well. Default: 2xx and 3xx.
    pub status: Option<u16>,
}

impl ShortForm for Health {
    fn from_short(text: &str) -> Result<Self, String> {
        Ok(Self {
            path: text.to_owned(),
            status: None,
        })
    }
}

/// What people type; becomes server blocks.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Host names, `*.example.com` included.
    pub domains: Vec<String>,
    /// Plain-HTTP sockets: ports or `ADDRESS:PORT`. Default `[80]`, on IPv4 and IPv6.
    pub listen: Option<Vec<Listen>>,
    /// TLS, or `off`. Default `off`.
    pub tls: Option<Flex<Tls>>,
    /// Where certificates' http-01 challenges are answered from.
    pub acme: Option<Flex<Acme>>,
    /// Which pool handles which path prefix.
    #[serde(default)]
    pub routes: Named<Flex<Route>>,
    /// Static files that nginx serves itself.
    #[serde(rename = "static")]
    pub static_files: Option<Flex<StaticFiles>>,
    /// Uploaded files that nginx serves itself.
    pub media: Option<Flex<Media>>,
    /// Files that nginx serves when Django says so (`X-Accel-Redirect`).
    pub protected_media: Option<ProtectedMedia>,
    /// The largest request body, or `unlimited`. Default 10m.
    pub body_limit: Option<Size>,
    /// Headers beyond those that Django needs.
    pub headers: Option<Headers>,
    /// Pages for errors that nginx makes.
    pub errors: Option<Errors>,
    /// Security headers on what nginx answers itself. Default `django`.
    pub security_headers: Option<SecurityHeaders>,
    /// A log of this site's own, or `off`.
    pub access_log: Option<String>,
}

/// A listening socket: a port on all addresses, or `ADDRESS:PORT`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(transparent)]
pub struct Listen(pub String);

/// TLS of a site.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The short form `off`.
    #[serde(skip)]
    pub off: bool,
    /// Mozilla's profile, guideline 6.0. Default `intermediate`.
    pub profile: Option<TlsProfile>,
    /// The certificate with its chain, PEM.
    pub certificate: Option<String>,
    /// The private key, PEM.
    pub key: Option<String>,
    /// How long browsers must use TLS (Strict-Transport-Security), `off`, or `django` when
    /// Django sends it. Default `off`.
    pub hsts: Option<Flex<Hsts>>,
    /// Whether plain HTTP is redirected. Default true.
    pub redirect: Option<bool>,
    /// TLS sockets: ports or `ADDRESS:PORT`. Default `[443]`.
    pub listen: Option<OneOrMany<Listen>>,
    /// Whether HTTP/2 is spoken. Default true.
    pub http2: Option<bool>,
}

impl ShortForm for Tls {
    fn from_short(text: &str) -> Result<Self, String> {
        match text {
            "off" | "false" => Ok(Self {
                off: true,
                ..Self::default()
            }),
            _ => Err(format!("`{text}` is not `off`")),
        }
    }

    fn short_schema() -> Schema {
        json_schema!({ "type": "string", "enum": ["off"] })
    }
}

/// Mozilla's TLS profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TlsProfile {
    /// TLS 1.2 and 1.3: what almost every client speaks.
    Intermediate,
    /// TLS 1.3 only.
    Modern,
}

/// Strict-Transport-Security.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hsts {
    /// Who sends it.
    #[serde(skip)]
    pub owner: HstsOwner,
    /// How long browsers remember.
    pub max_age: Option<Time>,
    /// Whether subdomains are bound, too. Default false.
    pub subdomains: Option<bool>,
    /// Whether browsers may ship the rule. Default false.
    pub preload: Option<bool>,
}

/// Who sends Strict-Transport-Security.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HstsOwner {
    /// nginx does, and Django's own is hidden.
    #[default]
    Nginx,
    /// Django does; nginx lets it through.
    Django,
    /// Nobody.
    Nobody,
}

impl ShortForm for Hsts {
    fn from_short(text: &str) -> Result<Self, String> {
        Ok(match text {
            "off" | "false" => Self {
                owner: HstsOwner::Nobody,
                ..Self::default()
            },
            "django" => Self {
                owner: HstsOwner::Django,
                ..Self::default()
            },
            _ => Self {
                max_age: Some(Time(text.to_owned())),
                ..Self::default()
            },
        })
    }

    fn short_schema() -> Schema {
        json_schema!({ "anyOf": [
            { "type": "string", "enum": ["off", "django"] },
            { "type": ["string", "integer"], "format": "nginx-time" },
        ]})
    }
}

/// Where http-01 challenges are answered from.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acme {
    /// The folder that the ACME client writes `.well-known/acme-challenge/` into.
    pub webroot: String,
}

impl ShortForm for Acme {
    fn from_short(text: &str) -> Result<Self, String> {
        Ok(Self {
            webroot: text.to_owned(),
        })
    }
}

/// Static files.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StaticFiles {
    /// The short form `none`: Django or a CDN serves them.
    #[serde(skip)]
    pub none: bool,
    /// `STATIC_URL`. Default `/static/`.
    pub url: Option<String>,
    /// `STATIC_ROOT`, an absolute path.
    pub root: String,
    /// Whether names carry a hash (ManifestStaticFilesStorage) and may be cached for ever.
    /// Default false.
    pub hashed: Option<bool>,
    /// Whether `.gz` files lie beside the originals (needs http_gzip_static). Default none.
    pub precompressed: Option<Vec<Precompressed>>,
}

impl ShortForm for StaticFiles {
    fn from_short(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self {
                none: true,
                ..Self::default()
            }),
            _ => Err(format!("`{text}` is not `none`")),
        }
    }

    fn short_schema() -> Schema {
        json_schema!({ "type": "string", "enum": ["none"] })
    }
}

/// Compressed files beside the originals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precompressed {
    /// `.gz`, by http_gzip_static.
    Gzip,
    /// `.br`, by the third-party brotli module.
    Br,
}

/// Uploaded files that everybody may read.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Media {
    /// `MEDIA_URL`. Default `/media/`.
    pub url: Option<String>,
    /// `MEDIA_ROOT`, an absolute path.
    pub root: String,
}

impl ShortForm for Media {
    fn from_short(text: &str) -> Result<Self, String> {
        Ok(Self {
            url: None,
            root: text.to_owned(),
        })
    }
}

/// Files that only Django may hand out.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProtectedMedia {
    /// The prefix of `X-Accel-Redirect`, such as `/_protected/`.
    pub url: String,
    /// The folder, an absolute path.
    pub root: String,
}

/// Headers beyond those that Django needs.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Headers {
    /// Sent to Django; an empty value removes the client's.
    #[serde(default)]
    pub request: Named<String>,
    /// Added to every response.
    #[serde(default)]
    pub response: Named<String>,
    /// Whether Django is told the port (`X-Forwarded-Port`). Default false.
    pub forwarded_port: Option<bool>,
}

/// Pages for errors that nginx makes.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Errors {
    /// The HTML file for 502, 503 and 504, an absolute path.
    pub down_page: Option<String>,
}

/// Which security headers nginx adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SecurityHeaders {
    /// On static and media files; Django's SecurityMiddleware does the rest.
    Django,
    /// None at all.
    None,
}

/// What handles a path prefix.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The pool.
    pub pool: String,
    /// Whether connections may become WebSockets. Default false.
    pub websocket: Option<bool>,
    /// Whether responses are passed on piece by piece (server-sent events). Default false.
    pub streaming: Option<bool>,
    /// The largest request body, or `unlimited`.
    pub body_limit: Option<Size>,
    /// How long nginx waits for the nodes.
    pub timeouts: Option<Timeouts>,
    /// How much of a response nginx holds for slow clients; `off` holds nothing.
    pub buffering: Option<Flex<Buffering>>,
    /// Networks that may come in; everybody else is refused.
    pub allow: Option<Vec<String>>,
    /// Networks that may not.
    pub deny: Option<Vec<String>>,
    /// A password file.
    pub basic_auth: Option<Flex<BasicAuth>>,
    /// Whether network and password must both fit, or one of them. Default `all`.
    pub satisfy: Option<Satisfy>,
    /// How often one client may ask.
    pub rate_limit: Option<Flex<RateLimit>>,
    /// Whether Django sees the path without the prefix. Default false.
    pub strip_prefix: Option<bool>,
}

impl ShortForm for Route {
    fn from_short(text: &str) -> Result<Self, String> {
        Ok(Self {
            pool: text.to_owned(),
            ..Self::default()
        })
    }
}

/// How much of a response nginx holds.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Buffering {
    /// The short form.
    #[serde(skip)]
    pub enabled: Option<bool>,
    /// The buffer for the response header. Default 16k.
    pub header: Option<Size>,
    /// How many buffers for the body. Default 8.
    pub count: Option<u32>,
    /// The size of each. Default 16k.
    pub size: Option<Size>,
    /// Whether the whole request body is read before a node is asked. Default true.
    pub request: Option<bool>,
}

impl ShortForm for Buffering {
    fn from_short(text: &str) -> Result<Self, String> {
        Ok(Self {
            enabled: Some(boolean(text)?),
            ..Self::default()
        })
    }

    fn short_schema() -> Schema {
        json_schema!({ "anyOf": [
            { "type": "boolean" },
            { "type": "string", "enum": ["on", "off"] },
        ]})
    }
}

/// A password file.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicAuth {
    /// What the browser shows. Default `Restricted`.
    pub realm: Option<String>,
    /// The file that `htpasswd` wrote, an absolute path.
    pub file: String,
}

impl ShortForm for BasicAuth {
    fn from_short(text: &str) -> Result<Self, String> {
        Ok(Self {
            realm: None,
            file: text.to_owned(),
        })
    }
}

/// Whether all conditions must fit, or one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Satisfy {
    All,
    Any,
}

/// How often one client may ask.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// `10r/s` or `5r/m`.
    pub rate: String,
    /// Requests above the rate that are let through at once. Default 0.
    pub burst: Option<u32>,
    /// Methods that count. Default: all.
    pub methods: Option<Vec<String>>,
    /// The status of a refusal. Default 429.
    pub status: Option<u16>,
    /// The memory for addresses. Default 10m.
    pub zone: Option<Size>,
    /// Only log, do not refuse. Default false.
    pub dry_run: Option<bool>,
}

impl ShortForm for RateLimit {
    fn from_short(text: &str) -> Result<Self, String> {
        Ok(Self {
            rate: text.to_owned(),
            ..Self::default()
        })
    }
}

/// A database or cache, balanced over TCP.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// The socket: `ADDRESS:PORT`, or a port.
    pub listen: OneOrMany<Listen>,
    /// The nodes.
    pub nodes: Vec<Flex<Node>>,
    /// How connections are spread. Default: in turn.
    pub balance: Option<Flex<Balance>>,
    /// `connect` and `idle`.
    pub timeouts: Option<Timeouts>,
    /// Networks that may come in; everybody else is refused.
    pub allow: Option<Vec<String>>,
    /// Whether the nodes are replicas that only answer reads, so that several may be up.
    /// Default false.
    pub replicas: Option<bool>,
}

// ── Short forms ─────────────────────────────────────────────────────────────────────────

/// A type that can also be written as one scalar.
pub trait ShortForm: Sized {
    /// Reads the scalar.
    ///
    /// # Errors
    /// A sentence for the user when the scalar is not one of those that are known.
    fn from_short(text: &str) -> Result<Self, String>;

    /// The schema of the scalar.
    #[must_use]
    fn short_schema() -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// A value that was written in its short or its long form.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Flex<T>(pub T);

impl<T> std::ops::Deref for Flex<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: ShortForm + Deserialize<'de>> Deserialize<'de> for Flex<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(FlexVisitor(PhantomData))
            .map(Flex)
    }
}

struct FlexVisitor<T>(PhantomData<T>);

impl<'de, T: ShortForm + Deserialize<'de>> Visitor<'de> for FlexVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scalar or a mapping")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::from_short(text).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<T, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<T, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<T, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<T, E> {
        self.visit_str(if value { "true" } else { "false" })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(de::value::MapAccessDeserializer::new(map))
    }
}

impl<T: ShortForm + JsonSchema> JsonSchema for Flex<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Flex{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [T::short_schema(), generator.subschema_for::<T>()] })
    }
}

/// One value, or a list of them.
#[derive(Debug, Clone, PartialEq)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Many<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Many<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a scalar or a sequence")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
                Ok(vec![T::deserialize(text.into_deserializer())?])
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Vec<T>, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, seq: A) -> Result<Vec<T>, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(seq))
            }
        }
        deserializer
            .deserialize_any(Many(PhantomData))
            .map(OneOrMany)
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

impl JsonSchema for Listen {
    fn schema_name() -> Cow<'static, str> {
        "Listen".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A listening socket: a port on all addresses, or `ADDRESS:PORT`.",
            "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": 65535 },
                { "type": "string" },
            ],
        })
    }
}

impl<'de> Deserialize<'de> for Modules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Modules;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sequence of names or a mapping of names to files")
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, seq: A) -> Result<Modules, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(seq)).map(Modules::Present)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Modules, A::Error> {
                Named::deserialize(de::value::MapAccessDeserializer::new(map)).map(Modules::Load)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Modules {
    fn schema_name() -> Cow<'static, str> {
        "Modules".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Modules of nginx: names that are there, or names with the files to load.",
            "anyOf": [
                { "type": "array", "items": { "type": "string" } },
                { "type": "object", "additionalProperties": { "type": "string" } },
            ],
        })
    }
}

/// `true`, `false`, and nginx's `on` and `off`.
fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "true" | "on" => Ok(true),
        "false" | "off" => Ok(false),
        _ => Err(format!("`{text}` is neither `true` nor `false`")),
    }
}
