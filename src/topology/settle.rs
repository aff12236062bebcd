//! What leaving a key out means: `defaults` first, then djanginx's own.
//!
//! [`settle`] folds `defaults` into every pool, site and route; the methods here answer
//! with djanginx's own default where still nothing is said. Validation and rendering both
//! ask them, so that they cannot disagree.

use super::model::{
    AppServer, Balance, Buffering, Defaults, Failover, FailoverCondition, Flex, Hsts, HstsOwner,
    Keepalive, LeastTime, Listen, Log, LogFormat, Method, Node, NodeState, OneOrMany, Pool,
    Protocol, RandomChoice, Route, SecurityHeaders, Site, Sticky, StickyFallback, Stream, Timeouts,
    Tls, TlsProfile, Topology,
};
use super::units::{Size, Time};
use crate::values::address::{self, Allowed, Host};
use crate::values::paths::{EVENTS, WEBSOCKETS, has_word};
use crate::version::{GENERATE_DEFAULT, ParseTargetError, Target};

/// Nodes that one request may be sent to.
pub const FAILOVER_TRIES: u32 = 2;
/// How long one request may look for a node.
pub const FAILOVER_TIMEOUT: &str = "10s";
/// How long nginx waits for a connection to a node.
pub const CONNECT_TIMEOUT: &str = "3s";
/// How long nginx waits for the next bytes of a node.
pub const READ_TIMEOUT: &str = "60s";
/// How long a WebSocket or a stream may be silent.
pub const IDLE_TIMEOUT: &str = "1h";
/// Failures that a node may have: one slow request must not ban it, as nginx's 1 does.
pub const MAX_FAILS: u32 = 3;
/// The time in which failures count.
pub const FAIL_TIMEOUT: &str = "10s";
/// The largest request body.
pub const BODY_LIMIT: &str = "10m";
/// Idle connections that each worker keeps open to a pool.
pub const KEEPALIVE_CONNECTIONS: u32 = 16;

/// The shared memory of a pool or stream, in kilobytes. A peer with its address and its
/// names takes 800 to 950 bytes of nginx's slab pages, to which some pages for each size of
/// object come (measured with 1.22 to 1.31); there is a third more for names that resolve to
/// several addresses.
#[must_use]
pub fn zone_kilobytes(nodes: usize) -> u64 {
    let needed = 32 + (nodes as u64 * 1280).div_ceil(1024);
    needed.next_power_of_two().max(64)
}

/// Folds `defaults` into every pool, site and route.
pub fn settle(topology: &mut Topology) {
    let defaults = std::mem::take(&mut topology.defaults);
    for pool in topology.pools.values_mut() {
        settle_pool(pool, &defaults);
    }
    for site in topology.sites.values_mut() {
        settle_site(site, &defaults);
        for route in site.routes.values_mut() {
            settle_route(&mut route.0, &defaults);
        }
    }
    topology.defaults = defaults;
}

fn or<T: Clone>(own: &mut Option<T>, default: &Option<T>) {
    if own.is_none() {
        own.clone_from(default);
    }
}

fn settle_pool(pool: &mut Pool, defaults: &Defaults) {
    or(&mut pool.server, &defaults.server);
    or(&mut pool.protocol, &defaults.protocol);
    // `sticky: ip` and `balance` say the same thing twice: what a pool says itself must not
    // meet a default of the other.
    if pool.sticky.as_ref().is_none_or(|sticky| !sticky.ip) {
        or(&mut pool.balance, &defaults.balance);
    }
    if pool
        .balance
        .as_ref()
        .is_none_or(|b| b.method != Some(Method::IpHash))
    {
        or(&mut pool.sticky, &defaults.sticky);
    }
    or(&mut pool.zone, &defaults.zone);
    or(&mut pool.keepalive, &defaults.keepalive);
    or(&mut pool.health, &defaults.health);
    if let Some(shared) = &defaults.failover {
        let own = pool.failover.get_or_insert_default();
        or(&mut own.on, &shared.on);
        or(&mut own.tries, &shared.tries);
        or(&mut own.timeout, &shared.timeout);
    }
    settle_timeouts(&mut pool.timeouts, defaults.timeouts.as_ref());
}

fn settle_timeouts(own: &mut Option<Timeouts>, shared: Option<&Timeouts>) {
    if let Some(shared) = shared {
        let own = own.get_or_insert_default();
        or(&mut own.connect, &shared.connect);
        or(&mut own.read, &shared.read);
        or(&mut own.send, &shared.send);
        or(&mut own.idle, &shared.idle);
    }
}

fn settle_site(site: &mut Site, defaults: &Defaults) {
    or(&mut site.listen, &defaults.listen);
    match (&mut site.tls, &defaults.tls) {
        (Some(own), Some(shared)) if !own.off => {
            let (own, shared) = (&mut own.0, &shared.0);
            or(&mut own.profile, &shared.profile);
            or(&mut own.certificate, &shared.certificate);
            or(&mut own.key, &shared.key);
            or(&mut own.hsts, &shared.hsts);
            or(&mut own.redirect, &shared.redirect);
            or(&mut own.listen, &shared.listen);
            or(&mut own.http2, &shared.http2);
        }
        (own, shared) => or(own, shared),
    }
    or(&mut site.acme, &defaults.acme);
    or(&mut site.body_limit, &defaults.body_limit);
    if let Some(shared) = &defaults.headers {
        let own = site.headers.get_or_insert_default();
        for (name, value) in &shared.request {
            own.request
                .entry(name.clone())
                .or_insert_with(|| value.clone());
        }
        for (name, value) in &shared.response {
            own.response
                .entry(name.clone())
                .or_insert_with(|| value.clone());
        }
        or(&mut own.forwarded_port, &shared.forwarded_port);
    }
    or(&mut site.errors, &defaults.errors);
    or(&mut site.security_headers, &defaults.security_headers);
    or(&mut site.access_log, &defaults.access_log);
}

fn settle_route(route: &mut Route, defaults: &Defaults) {
    or(&mut route.buffering, &defaults.buffering);
    or(&mut route.allow, &defaults.allow);
    or(&mut route.deny, &defaults.deny);
    or(&mut route.basic_auth, &defaults.basic_auth);
    or(&mut route.satisfy, &defaults.satisfy);
    or(&mut route.rate_limit, &defaults.rate_limit);
}

impl Topology {
    /// The nginx that the configuration is for.
    ///
    /// # Errors
    /// When `nginx.version` names no known release.
    pub fn target(&self) -> Result<Target, ParseTargetError> {
        self.nginx
            .version
            .as_deref()
            .unwrap_or(GENERATE_DEFAULT)
            .parse()
    }

    /// The OpenSSL that nginx runs with, as three numbers; `None` where nothing or no
    /// version is said. A letter behind the last number is a release of its own there.
    #[must_use]
    pub fn openssl(&self) -> Option<(u16, u16, u16)> {
        let text = self.nginx.openssl.as_deref()?;
        let mut parts = text
            .trim_end_matches(|c: char| c.is_ascii_lowercase())
            .splitn(3, '.');
        let mut number = || {
            let digits = parts.next()?;
            digits
                .bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| digits.parse().ok())?
        };
        let (major, minor) = (number()?, number()?);
        match text.split('.').count() {
            2 => Some((major, minor, 0)),
            _ => Some((major, minor, number()?)),
        }
    }

    /// The sites that route to a pool, with their names.
    pub fn users<'a>(&'a self, pool: &'a str) -> impl Iterator<Item = (&'a String, &'a Site)> {
        let routes_to = move |site: &Site| site.routes.values().any(|route| route.pool == pool);
        let sites = self.sites.iter();
        sites.filter(move |(_, site)| routes_to(site))
    }

    /// Whether every site that routes to a pool answers over TLS alone; false where none does.
    #[must_use]
    pub fn only_over_tls(&self, pool: &str) -> bool {
        let mut users = self.users(pool).peekable();
        users.peek().is_some()
            && users.all(|(_, site)| site.tls().is_some() && site.own_plain_sockets().is_empty())
    }

    /// The first site of a pool whose requests all come from a proxy on the same machine, so
    /// that they have one address; none where `trusted_proxies` put the client's in its place.
    #[must_use]
    pub fn behind_proxy<'a>(&'a self, pool: &'a str) -> Option<(&'a str, &'a Site)> {
        let mut users = self.users(pool);
        let local = |site: &Site| {
            let plain = site.own_plain_sockets();
            plain
                .iter()
                .chain(&site.tls_sockets())
                .all(Listen::is_local)
        };
        let found = users.find(|(_, site)| self.trusted_proxies.is_none() && local(site));
        found.map(|(name, site)| (name.as_str(), site))
    }

    /// A site with TLS, with its name.
    #[must_use]
    pub fn encrypted(&self) -> Option<(&String, &Site)> {
        self.sites.iter().find(|(_, site)| site.tls().is_some())
    }

    /// Whether a site hands to Django what strangers ask without TLS, and no proxy in front
    /// takes care of that.
    #[must_use]
    pub fn is_open(&self, site: &Site) -> bool {
        let sockets = site.own_plain_sockets();
        !site.routes.is_empty()
            && self.trusted_proxies.is_none()
            && sockets.iter().any(|socket| !socket.is_local())
    }

    /// The access log.
    #[must_use]
    pub fn log(&self) -> Log {
        self.nginx.log.clone().unwrap_or_default().0
    }
}

impl Log {
    /// The format; `json` by default.
    #[must_use]
    pub fn format(&self) -> LogFormat {
        self.format.unwrap_or(LogFormat::Json)
    }
}

/// A balancing method with its parameters.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Balancing {
    RoundRobin,
    LeastConn,
    IpHash,
    Hash { key: String, consistent: bool },
    Random { two: bool },
    LeastTime { what: LeastTime, inflight: bool },
}

impl Balancing {
    /// Whether the method can leave `backup` nodes for the end.
    #[must_use]
    pub fn takes_backup(&self) -> bool {
        !matches!(self, Self::IpHash | Self::Hash { .. } | Self::Random { .. })
    }
}

impl Balance {
    /// The method, or `None` where not exactly one is named.
    #[must_use]
    pub fn balancing(&self) -> Option<Balancing> {
        match (self.method, &self.hash, self.random, self.least_time) {
            (Some(method), None, None, None) => Some(match method {
                Method::RoundRobin => Balancing::RoundRobin,
                Method::LeastConn => Balancing::LeastConn,
                Method::IpHash => Balancing::IpHash,
                Method::Random => Balancing::Random { two: false },
            }),
            (None, Some(key), None, None) => Some(Balancing::Hash {
                key: key.clone(),
                consistent: self.consistent.unwrap_or(true),
            }),
            (None, None, Some(choice), None) => Some(Balancing::Random {
                two: choice == RandomChoice::Two,
            }),
            (None, None, None, Some(what)) => Some(Balancing::LeastTime {
                what,
                inflight: self.inflight.unwrap_or(false),
            }),
            _ => None,
        }
    }
}

/// How a session is kept on its node.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Stickiness<'a> {
    None,
    Ip,
    Cookie(&'a str),
    Route(&'a [String]),
    Learn(&'a str),
}

impl Sticky {
    /// The mode, or `None` where not exactly one is named.
    #[must_use]
    pub fn mode(&self) -> Option<Stickiness<'_>> {
        match (self.ip, &self.cookie, &self.route, &self.learn) {
            (true, None, None, None) => Some(Stickiness::Ip),
            (false, Some(name), None, None) => Some(Stickiness::Cookie(name)),
            (false, None, Some(variables), None) => Some(Stickiness::Route(variables)),
            (false, None, None, Some(name)) => Some(Stickiness::Learn(name)),
            _ => None,
        }
    }
}

impl Pool {
    /// The application server; gunicorn by default.
    #[must_use]
    pub fn app_server(&self) -> AppServer {
        self.server.unwrap_or(AppServer::Gunicorn)
    }

    /// The protocol; `uwsgi` by default for uWSGI, else `http`.
    #[must_use]
    pub fn spoken(&self) -> Protocol {
        self.protocol.unwrap_or(match self.app_server() {
            AppServer::Uwsgi => Protocol::Uwsgi,
            _ => Protocol::Http,
        })
    }

    /// How a session is kept on its node; `None` for a contradictory `sticky`.
    #[must_use]
    pub fn stickiness(&self) -> Option<Stickiness<'_>> {
        match &self.sticky {
            None => Some(Stickiness::None),
            Some(sticky) => sticky.mode(),
        }
    }

    /// Whether `sticky` must be replaced by its fallback on this target.
    #[must_use]
    pub fn falls_back(&self, target: Target) -> bool {
        let native = target.at_least(1, 29, 6) || target.is_plus();
        let asked = self.sticky.as_ref().is_some_and(|s| !s.ip);
        asked
            && !native
            && self.sticky.as_ref().and_then(|s| s.fallback) == Some(StickyFallback::Hash)
    }

    /// What nginx is told to do, stickiness included; `None` for a contradictory `balance`
    /// or `sticky`.
    #[must_use]
    pub fn balancing(&self, target: Target) -> Option<Balancing> {
        match self.stickiness()? {
            Stickiness::Ip => return Some(Balancing::IpHash),
            Stickiness::Cookie(cookie) | Stickiness::Learn(cookie) if self.falls_back(target) => {
                return Some(Balancing::Hash {
                    key: format!("$cookie_{cookie}"),
                    consistent: true,
                });
            }
            Stickiness::Route(variables) if self.falls_back(target) => {
                return Some(Balancing::Hash {
                    key: variables.concat(),
                    consistent: true,
                });
            }
            _ => {}
        }
        match &self.balance {
            Some(balance) => balance.balancing(),
            None if self.nodes.len() > 1 => Some(Balancing::LeastConn),
            None => Some(Balancing::RoundRobin),
        }
    }

    /// Whether there is something to stick to: several nodes that take turns, or several
    /// backups. nginx asks the only one of them first whatever a session says.
    #[must_use]
    pub fn has_choice(&self) -> bool {
        let is_backup = |node: &&Flex<Node>| node.state() == NodeState::Backup;
        let backups = self.nodes.iter().filter(is_backup).count();
        let several = self.nodes.len() - backups > 1 || backups > 1;
        several || self.nodes.iter().any(|node| node.is_name())
    }

    /// The conditions for the next node; empty for never.
    #[must_use]
    pub fn failover_on(&self) -> Vec<FailoverCondition> {
        match self
            .failover
            .as_ref()
            .and_then(|failover| failover.on.clone())
        {
            Some(on) => on,
            None => vec![FailoverCondition::Error, FailoverCondition::Timeout],
        }
    }

    /// Bytes of shared memory below which the nodes surely do not fit; see
    /// [`zone_kilobytes`].
    #[must_use]
    pub fn smallest_zone(&self) -> u64 {
        self.nodes.len() as u64 * 790
    }

    /// The idle connections to keep, or `None` for closing each after its request.
    #[must_use]
    pub fn idle(&self) -> Option<IdleConnections> {
        if self.spoken() == Protocol::Uwsgi {
            return None;
        }
        let keepalive = self.keepalive.clone().unwrap_or_default().0;
        if keepalive.enabled == Some(false) || keepalive.connections == Some(0) {
            return None;
        }
        let server = keepalive.server_keeps(self.app_server())?;
        let asked = keepalive.timeout.as_ref().and_then(Time::millis);
        Some(IdleConnections {
            connections: keepalive.connections.unwrap_or(KEEPALIVE_CONNECTIONS),
            timeout_ms: asked.unwrap_or_else(|| server.saturating_sub(1000).max(1000)),
            server_ms: server,
            requests: keepalive.requests.unwrap_or(1000),
            time: keepalive.time.clone(),
        })
    }
}

/// Upstream keepalive as it is emitted.
#[derive(Debug, Clone, PartialEq)]
pub struct IdleConnections {
    /// Idle connections of each worker.
    pub connections: u32,
    /// How long one is kept, in milliseconds.
    pub timeout_ms: u64,
    /// How long the application server keeps one, in milliseconds.
    pub server_ms: u64,
    /// Requests after which one is closed.
    pub requests: u32,
    /// Age at which one is closed.
    pub time: Option<Time>,
}

impl Keepalive {
    /// How long the application server keeps idle connections, in milliseconds; `None` when
    /// it keeps none and nothing else is said.
    ///
    /// gunicorn's default worker (`sync`) closes every connection; its other workers keep
    /// them for 2 s (`--keep-alive`). uvicorn and hypercorn keep them for 5 s; granian's and
    /// waitress's and daphne's own defaults are much longer.
    #[must_use]
    pub fn server_keeps(&self, server: AppServer) -> Option<u64> {
        if let Some(stated) = &self.server_timeout {
            return stated.millis().filter(|&millis| millis > 0);
        }
        let explicit = self.enabled == Some(true) || self.connections.is_some();
        match server {
            AppServer::Gunicorn if explicit => Some(2_000),
            AppServer::Gunicorn | AppServer::Uwsgi => None,
            AppServer::Uvicorn | AppServer::Hypercorn => Some(5_000),
            AppServer::Granian | AppServer::Daphne => Some(30_000),
            AppServer::Waitress => Some(120_000),
        }
    }
}

impl Failover {
    /// Nodes that one request may be sent to.
    #[must_use]
    pub fn tries(failover: Option<&Self>) -> u32 {
        failover.and_then(|f| f.tries).unwrap_or(FAILOVER_TRIES)
    }

    /// How long one request may look for a node.
    #[must_use]
    pub fn timeout(failover: Option<&Self>) -> Time {
        failover
            .and_then(|f| f.timeout.clone())
            .unwrap_or_else(|| Time(FAILOVER_TIMEOUT.to_owned()))
    }
}

impl Node {
    /// Whether it gets requests; `up` by default.
    #[must_use]
    pub fn state(&self) -> NodeState {
        self.state.unwrap_or_default()
    }

    /// Whether it is on the machine of nginx.
    #[must_use]
    pub fn is_local(&self) -> bool {
        is_local(&self.address, false)
    }

    /// Whether its address is a name, which may stand for several.
    #[must_use]
    pub fn is_name(&self) -> bool {
        let url = address::parse_url(self.address.as_bytes(), Allowed::default());
        url.is_ok_and(|url| matches!(url.host, Host::Name(_)))
    }

    /// The path of a unix socket.
    #[must_use]
    pub fn socket(&self) -> Option<&str> {
        self.address.strip_prefix("unix:")
    }
}

impl Site {
    /// TLS, when it is on.
    #[must_use]
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref().map(|tls| &tls.0).filter(|tls| !tls.off)
    }

    /// Plain-HTTP sockets; port 80 by default.
    #[must_use]
    pub fn plain_sockets(&self) -> Vec<Listen> {
        self.listen
            .clone()
            .unwrap_or_else(|| vec![Listen("80".to_owned())])
    }

    /// The plain-HTTP sockets that do not redirect.
    #[must_use]
    pub fn own_plain_sockets(&self) -> Vec<Listen> {
        match self.tls() {
            Some(tls) if tls.redirects() => Vec::new(),
            _ => self.plain_sockets(),
        }
    }

    /// TLS sockets; port 443 by default, none without TLS.
    #[must_use]
    pub fn tls_sockets(&self) -> Vec<Listen> {
        let Some(tls) = self.tls() else {
            return Vec::new();
        };
        match &tls.listen {
            Some(OneOrMany(sockets)) => sockets.clone(),
            None => vec![Listen("443".to_owned())],
        }
    }

    /// Static files that nginx serves.
    #[must_use]
    pub fn served_static(&self) -> Option<&super::model::StaticFiles> {
        self.static_files.as_ref().map(|s| &s.0).filter(|s| !s.none)
    }

    /// The largest request body.
    #[must_use]
    pub fn body_limit(&self) -> Size {
        self.body_limit
            .clone()
            .unwrap_or_else(|| Size(BODY_LIMIT.to_owned()))
    }

    /// Which security headers nginx adds.
    #[must_use]
    pub fn security_headers(&self) -> SecurityHeaders {
        self.security_headers.unwrap_or(SecurityHeaders::Django)
    }
}

impl super::model::StaticFiles {
    /// `STATIC_URL`.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_deref().unwrap_or("/static/")
    }
}

impl super::model::Media {
    /// `MEDIA_URL`.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_deref().unwrap_or("/media/")
    }
}

impl Tls {
    /// Mozilla's profile.
    #[must_use]
    pub fn profile(&self) -> TlsProfile {
        self.profile.unwrap_or(TlsProfile::Intermediate)
    }

    /// Whether plain HTTP is redirected.
    #[must_use]
    pub fn redirects(&self) -> bool {
        self.redirect.unwrap_or(true)
    }

    /// Whether HTTP/2 is spoken.
    #[must_use]
    pub fn speaks_http2(&self) -> bool {
        self.http2.unwrap_or(true)
    }

    /// Strict-Transport-Security.
    #[must_use]
    pub fn hsts(&self) -> Hsts {
        match &self.hsts {
            Some(Flex(hsts)) => hsts.clone(),
            None => Hsts {
                owner: HstsOwner::Nobody,
                ..Hsts::default()
            },
        }
    }
}

/// Whether an address is one of this machine.
fn is_local(address: &str, listen: bool) -> bool {
    let allowed = Allowed { listen, uri: false };
    let url = address::parse_url(address.as_bytes(), allowed);
    url.is_ok_and(|url| match url.host {
        Host::V4(address) => address.is_loopback(),
        Host::V6(address) => address.is_loopback(),
        Host::Unix(_) => true,
        Host::Name(name) => name == b"localhost",
    })
}

impl Listen {
    /// Whether only this machine reaches it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        is_local(&self.0, true)
    }
}

impl Route {
    /// Whether its path is one of WebSockets, and its connections cannot become any.
    #[must_use]
    pub fn refuses_websockets(&self, path: &str, pool: &Pool) -> bool {
        self.websocket != Some(true)
            && pool.spoken() == Protocol::Http
            && has_word(path.as_bytes(), WEBSOCKETS)
    }

    /// Whether its path is one of server-sent events, and its responses wait in a buffer.
    #[must_use]
    pub fn holds_events(&self, path: &str, pool: &Pool) -> bool {
        let off = |buffering: &Flex<Buffering>| buffering.enabled == Some(false);
        let at_once = self.websocket == Some(true)
            || self.streaming == Some(true)
            || self.buffering.as_ref().is_some_and(off);
        !at_once && pool.spoken() == Protocol::Http && has_word(path.as_bytes(), EVENTS)
    }
}

impl Stream {
    /// How connections are spread; in turn by default.
    #[must_use]
    pub fn balancing(&self) -> Option<Balancing> {
        match &self.balance {
            Some(balance) => balance.balancing(),
            None => Some(Balancing::RoundRobin),
        }
    }
}
