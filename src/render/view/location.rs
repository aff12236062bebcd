//! Locations of pools: who may come in, and what Django is told.

use super::asked;
use super::common::{HeaderLine, request_id, scheme};
use super::limits::{Limit, limits};
use super::names;
use super::sockets::has_unusual_port;
use super::sticky::replaced_cookie;
use super::tls::hsts_value;
use super::upstream::is_alone;
use crate::render::arg::Arg;
use crate::topology::model::{Failover, Protocol, Route, Satisfy, Site, Topology};
use crate::topology::settle::{CONNECT_TIMEOUT, IDLE_TIMEOUT, READ_TIMEOUT};
use crate::topology::units::{Size, Time};
use crate::version::Target;
use serde::Serialize;

/// A location of a pool.
#[derive(Debug, Clone, Serialize)]
pub struct Location {
    /// `^~` where no regular expression may come between.
    pub modifier: Option<Arg>,
    /// The prefix.
    pub path: Arg,
    /// Who may come in.
    pub access: Option<Access>,
    /// How often.
    pub limit: Option<Limit>,
    /// All headers of the response, where they are not just the site's.
    pub headers: Vec<HeaderLine>,
    /// `client_max_body_size`, where it is not the site's.
    pub body_limit: Option<Arg>,
    /// The rules of lint that are not to speak about the limit.
    pub body_limit_ignored: Vec<Arg>,
    /// The rules of lint that are not to speak about `proxy_pass`.
    pub pass_ignored: Vec<Arg>,
    /// Over HTTP.
    pub proxy: Option<Proxy>,
    /// Over uWSGI's protocol.
    pub uwsgi: Option<Uwsgi>,
    /// What both protocols share.
    pub upstream: UpstreamSettings,
}

/// Who may come in.
#[derive(Debug, Clone, Serialize)]
pub struct Access {
    /// Whether one condition is enough.
    pub satisfy_any: bool,
    /// Networks that may not.
    pub deny: Vec<Arg>,
    /// Networks that may; everybody else is refused unless it is empty.
    pub allow: Vec<Arg>,
    /// `auth_basic`.
    pub realm: Option<Arg>,
    /// `auth_basic_user_file`.
    pub password_file: Option<Arg>,
}

/// Timeouts, failover and buffers of a location.
#[derive(Debug, Clone, Serialize)]
pub struct UpstreamSettings {
    /// `*_connect_timeout`.
    pub connect_timeout: Arg,
    /// `*_read_timeout`.
    pub read_timeout: Arg,
    /// The rules of lint that are not to speak about it.
    pub read_timeout_ignored: Vec<Arg>,
    /// `*_send_timeout`.
    pub send_timeout: Arg,
    /// `*_next_upstream`; none for a single node.
    pub next_upstream: Option<Vec<Arg>>,
    /// The rules of lint that are not to speak about it.
    pub next_upstream_ignored: Vec<Arg>,
    /// `*_next_upstream_tries`.
    pub tries: Arg,
    /// `*_next_upstream_timeout`.
    pub tries_timeout: Arg,
    /// Whether responses are passed on piece by piece.
    pub unbuffered: bool,
    /// Whether request bodies are passed on piece by piece.
    pub request_unbuffered: bool,
    /// The rules of lint that are not to speak about the lack of a buffer.
    pub unbuffered_ignored: Vec<Arg>,
    /// `*_buffer_size`.
    pub buffer_size: Arg,
    /// `*_buffers`.
    pub buffers: Vec<Arg>,
    /// Response headers of Django's that nginx sends itself.
    pub hide: Vec<Arg>,
}

/// `proxy_pass`.
#[derive(Debug, Clone, Serialize)]
pub struct Proxy {
    /// The target.
    pub pass: Arg,
    /// Every header that is set, in order.
    pub headers: Vec<HeaderLine>,
}

/// `uwsgi_pass`.
#[derive(Debug, Clone, Serialize)]
pub struct Uwsgi {
    /// The target.
    pub pass: Arg,
    /// The scheme.
    pub scheme: Arg,
    /// `on` over TLS.
    pub https: Arg,
    /// Request headers that are set.
    pub headers: Vec<HeaderLine>,
}

pub(super) fn locations(
    topology: &Topology,
    target: Target,
    name: &str,
    site: &Site,
    shared: &[HeaderLine],
) -> Vec<Location> {
    let mut limits = limits(name, site);
    site.routes
        .iter()
        .filter_map(|(path, route)| {
            let mut view = location(topology, target, site, path, &route.0)?;
            view.limit = limits.remove(path.as_str());
            view.headers = location_headers(topology, target, &route.0, shared);
            Some(view)
        })
        .collect()
}

/// The cookie of a pool without `sticky`, and then the site's headers again, which nginx
/// drops where a location has one of its own.
fn location_headers(
    topology: &Topology,
    target: Target,
    route: &Route,
    shared: &[HeaderLine],
) -> Vec<HeaderLine> {
    let replaced = topology
        .pools
        .get(&route.pool)
        .is_some_and(|pool| replaced_cookie(pool, target).is_some());
    if !replaced {
        return Vec::new();
    }
    let cookie = HeaderLine {
        name: "Set-Cookie".into(),
        value: Arg::expression(names::sticky_cookie(&route.pool)),
        always: true,
    };
    shared.iter().cloned().chain([cookie]).collect()
}

fn location(
    topology: &Topology,
    target: Target,
    site: &Site,
    path: &str,
    route: &Route,
) -> Option<Location> {
    let pool = topology.pools.get(&route.pool)?;
    let access = access(route);
    let uwsgi = pool.spoken() == Protocol::Uwsgi;
    Some(Location {
        modifier: access.as_ref().map(|_| "^~".into()),
        path: path.into(),
        access,
        limit: None,
        headers: Vec::new(),
        body_limit: route.body_limit.as_ref().map(body_limit),
        body_limit_ignored: { route.body_limit.as_ref() }
            .map(asked::of_body_limit)
            .unwrap_or_default(),
        pass_ignored: asked::of_pass(path, route, pool),
        proxy: (!uwsgi).then(|| proxy(topology, target, site, path, route)),
        uwsgi: uwsgi.then(|| Uwsgi {
            pass: route.pool.as_str().into(),
            scheme: scheme(topology),
            https: match &topology.trusted_proxies {
                Some(proxies) if proxies.proxy_protocol != Some(true) => {
                    Arg::expression(names::HTTPS)
                }
                _ => Arg::expression("$https"),
            },
            headers: uwsgi_headers(topology, target, site),
        }),
        upstream: upstream_settings(topology, site, path, route),
    })
}

fn access(route: &Route) -> Option<Access> {
    let networks = |list: &Option<Vec<String>>| -> Vec<Arg> {
        list.iter()
            .flatten()
            .map(|network| network.as_str().into())
            .collect()
    };
    let access = Access {
        satisfy_any: route.satisfy == Some(Satisfy::Any),
        deny: networks(&route.deny),
        allow: networks(&route.allow),
        realm: route
            .basic_auth
            .as_ref()
            .map(|auth| auth.realm.as_deref().unwrap_or("Restricted").into()),
        password_file: route
            .basic_auth
            .as_ref()
            .map(|auth| auth.file.as_str().into()),
    };
    let any = !access.deny.is_empty() || !access.allow.is_empty() || access.password_file.is_some();
    any.then_some(access)
}

/// What Django is told about the host. `$host` is what nginx has matched and normalised, but
/// it has lost the port, which Django needs wherever clients write one.
fn host(target: Target, site: &Site) -> Arg {
    Arg::expression(if !has_unusual_port(site) {
        "$host"
    } else if target.at_least(1, 29, 3) {
        "$host$is_request_port$request_port"
    } else {
        names::HOST
    })
}

/// Headers that say who the client is and how it came. Whatever the client itself sends under
/// these names is replaced, or removed by an empty value, so that nothing forged gets through.
fn forwarded_headers(topology: &Topology, target: Target, site: &Site) -> Vec<(String, Arg)> {
    let own = site.headers.clone().unwrap_or_default();
    let port = if own.forwarded_port == Some(true) {
        Arg::expression("$server_port")
    } else {
        "".into()
    };
    let fixed: [(&str, Arg); 12] = [
        ("Host", host(target, site)),
        ("X-Real-IP", Arg::expression("$remote_addr")),
        ("X-Forwarded-For", Arg::expression("$remote_addr")),
        ("X-Forwarded-Proto", scheme(topology)),
        ("X-Forwarded-Port", port),
        ("X-Forwarded-Host", "".into()),
        ("X-Forwarded-Server", "".into()),
        ("X-Forwarded-Prefix", "".into()),
        ("X-Forwarded-Protocol", "".into()),
        ("X-Forwarded-Ssl", "".into()),
        ("Forwarded", "".into()),
        ("Proxy", "".into()),
    ];
    let mut headers: Vec<(String, Arg)> = fixed
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    if let Some((header, id)) = request_id(topology) {
        headers.push((header, id));
    }
    headers.extend(
        own.request
            .iter()
            .map(|(name, value)| (name.clone(), Arg::expression(value.as_str()))),
    );
    headers
}

fn proxy(topology: &Topology, target: Target, site: &Site, path: &str, route: &Route) -> Proxy {
    let strip = route.strip_prefix == Some(true) && path != "/";
    let keeps = topology
        .pools
        .get(&route.pool)
        .is_some_and(|pool| pool.idle().is_some());
    let mut headers = forwarded_headers(topology, target, site);
    if strip {
        let prefix = path.trim_end_matches('/');
        for (name, value) in &mut headers {
            if name == "X-Forwarded-Prefix" {
                *value = prefix.into();
            }
        }
    }
    if route.websocket == Some(true) {
        headers.push(("Upgrade".to_owned(), Arg::expression("$http_upgrade")));
        headers.push(("Connection".to_owned(), Arg::expression(names::CONNECTION)));
    } else {
        let connection = if keeps { "" } else { "close" };
        headers.push(("Connection".to_owned(), connection.into()));
    }
    let uri = if strip { "/" } else { "" };
    Proxy {
        pass: format!("http://{}{uri}", route.pool).into(),
        headers: lines(headers),
    }
}

/// uwsgi passes headers as `HTTP_…`; such a parameter takes the place of the client's header,
/// and an empty one removes it (`ngx_http_uwsgi_module.c`).
fn uwsgi_headers(topology: &Topology, target: Target, site: &Site) -> Vec<HeaderLine> {
    let cgi_name = |name: &str| format!("HTTP_{}", name.to_ascii_uppercase().replace('-', "_"));
    let headers = forwarded_headers(topology, target, site);
    lines(
        headers
            .into_iter()
            .map(|(name, value)| (cgi_name(&name), value))
            .collect(),
    )
}

fn lines(headers: Vec<(String, Arg)>) -> Vec<HeaderLine> {
    headers
        .into_iter()
        .map(|(name, value)| HeaderLine {
            name: name.into(),
            value,
            always: false,
        })
        .collect()
}

fn upstream_settings(
    topology: &Topology,
    site: &Site,
    path: &str,
    route: &Route,
) -> UpstreamSettings {
    let pool = topology.pools.get(&route.pool);
    let long = route.websocket == Some(true) || route.streaming == Some(true);
    let own = route.timeouts.clone().unwrap_or_default();
    let shared = pool
        .and_then(|pool| pool.timeouts.clone())
        .unwrap_or_default();
    let time = |own: Option<Time>, shared: Option<Time>, default: &str| -> Arg {
        own.or(shared)
            .map_or_else(|| default.into(), |time| time.0.into())
    };
    // What a pool says about ordinary requests does not fit connections that stay open.
    let (shared_read, shared_send) = if long {
        (None, None)
    } else {
        (shared.read, shared.send)
    };
    let silent = if long { IDLE_TIMEOUT } else { READ_TIMEOUT };
    let failover = pool.and_then(|pool| pool.failover.as_ref());
    let conditions = pool.map(|pool| pool.failover_on()).unwrap_or_default();
    let several = pool.is_some_and(|pool| !is_alone(&pool.nodes));
    let buffering = route.buffering.clone().unwrap_or_default().0;
    let size = |size: Option<Size>| -> Arg { size.map_or_else(|| "16k".into(), |s| s.0.into()) };
    UpstreamSettings {
        connect_timeout: time(own.connect, shared.connect, CONNECT_TIMEOUT),
        read_timeout_ignored: asked::of_read_timeout(path, route),
        read_timeout: time(own.read, shared_read, silent),
        send_timeout: time(own.send, shared_send, silent),
        next_upstream_ignored: asked::of_failover(&conditions),
        next_upstream: several.then(|| {
            conditions
                .iter()
                .map(|condition| condition.as_str().into())
                .collect()
        }),
        tries: Failover::tries(failover).into(),
        tries_timeout: Failover::timeout(failover).0.into(),
        unbuffered: long || buffering.enabled == Some(false),
        request_unbuffered: buffering.request == Some(false),
        unbuffered_ignored: asked::of_unbuffered(route),
        buffer_size: size(buffering.header),
        buffers: vec![buffering.count.unwrap_or(8).into(), size(buffering.size)],
        hide: hidden_headers(topology, site),
    }
}

/// Response headers that nginx sends itself: Django's own would make two.
fn hidden_headers(topology: &Topology, site: &Site) -> Vec<Arg> {
    let mut hidden = Vec::new();
    if site.tls().and_then(hsts_value).is_some() {
        hidden.push("Strict-Transport-Security".into());
    }
    if let Some((header, _)) = request_id(topology) {
        hidden.push(header.into());
    }
    hidden.extend(
        site.headers
            .iter()
            .flat_map(|h| h.response.keys())
            .map(|name| Arg::from(name.as_str())),
    );
    hidden
}

/// nginx's spelling of no limit is 0.
pub(super) fn body_limit(size: &Size) -> Arg {
    if size.0 == "unlimited" {
        "0".into()
    } else {
        size.0.as_str().into()
    }
}
