//! The `http` block: what all servers share.

use super::asked;
use super::catch_all::{CatchAll, catch_all};
use super::common::{HeaderLine, LogLine, access_log, request_id};
use super::limits::{RateZone, rate_zones};
use super::names;
use super::site::{Others, SiteView};
use super::sockets::has_unusual_port;
use super::sticky::{self, StickyMaps};
use super::tls::{TlsSettings, hsts_value, shared_tls};
use super::upstream::{self, Upstream};
use crate::render::arg::Arg;
use crate::topology::model::{
    HstsOwner, LogFormat, Named, Pool, Protocol, Resolver, Site, Topology, TrustedProxies,
};
use crate::version::Target;
use serde::Serialize;

/// The `http` block.
#[derive(Debug, Clone, Serialize)]
pub struct Http {
    /// Whether `sendfile` must be off.
    pub sendfile_off: bool,
    /// Whether nginx serves files itself and so needs their MIME types.
    pub types: bool,
    /// Folders for temporary files.
    pub temp: Option<Tempfiles>,
    /// `server_names_hash_bucket_size`, where nginx's own is too small for a name.
    pub names_bucket: Option<Arg>,
    /// `server_names_hash_max_size`, where nginx's own is too small for the names.
    pub names_max: Option<Arg>,
    /// `map_hash_bucket_size`, where nginx's own is too small for a path that is not logged.
    pub maps_bucket: Option<Arg>,
    /// `variables_hash_max_size`, where nginx's own is too small for the variables.
    pub variables_max: Option<Arg>,
    /// Trusted proxies.
    pub real_ip: Option<RealIp>,
    /// `resolver`.
    pub resolver: Option<ResolverView>,
    /// The access log.
    pub log: Log,
    /// Whether a map for WebSocket connections is needed.
    pub websocket: bool,
    /// Whether a map for the host with its port is needed.
    pub host_map: bool,
    /// Whether a map that keeps request ids of clients is needed, and for which variable.
    pub request_id_map: Option<Arg>,
    /// Whether a map for hashed static files is needed.
    pub hashed_static: bool,
    /// Maps for pools whose `sticky cookie` is replaced by a hash.
    pub sticky: Vec<StickyMaps>,
    /// Maps of `Strict-Transport-Security` for sites that also answer plain HTTP.
    pub hsts: Vec<HeaderLine>,
    /// Zones of rate limits.
    pub limits: Vec<RateZone>,
    /// TLS settings, when all sites share them.
    pub tls: Option<TlsSettings>,
    /// Pools.
    pub upstreams: Vec<Upstream>,
    /// Servers for hosts that nobody has.
    pub catch_all: Vec<CatchAll>,
    /// Sites.
    pub sites: Vec<SiteView>,
}

/// Folders for temporary files.
#[derive(Debug, Clone, Serialize)]
pub struct Tempfiles {
    /// `client_body_temp_path`.
    pub client_body: Arg,
    /// `proxy_temp_path`.
    pub proxy: Arg,
    /// `fastcgi_temp_path`.
    pub fastcgi: Arg,
    /// `uwsgi_temp_path`.
    pub uwsgi: Arg,
    /// `scgi_temp_path`.
    pub scgi: Arg,
}

/// Trusted proxies.
#[derive(Debug, Clone, Serialize)]
pub struct RealIp {
    /// Their networks.
    pub networks: Vec<Arg>,
    /// `real_ip_header`.
    pub header: Arg,
    /// Whether they tell the scheme in X-Forwarded-Proto.
    pub scheme: bool,
    /// Whether a uwsgi pool needs the scheme as `HTTPS`.
    pub https: bool,
}

/// Name servers.
#[derive(Debug, Clone, Serialize)]
pub struct ResolverView {
    /// `resolver`, its arguments.
    pub args: Vec<Arg>,
    /// The rules of lint that are not to speak about it.
    pub ignored: Vec<Arg>,
}

/// The access log of everything.
#[derive(Debug, Clone, Serialize)]
pub struct Log {
    /// Whether the JSON format must be defined.
    pub json: bool,
    /// What the JSON format calls the request's id.
    pub request_id: Arg,
    /// Paths that are not logged.
    pub exclude: Vec<Arg>,
    /// The log.
    pub line: LogLine,
}

impl Http {
    /// The `http` block, or `None` for a topology of streams alone.
    pub(super) fn new(topology: &Topology, target: Target) -> Option<Self> {
        if topology.sites.is_empty() && topology.pools.is_empty() {
            return None;
        }
        let shared_tls = shared_tls(topology, target);
        let others = Others {
            own_tls: shared_tls.is_none(),
            encrypted: topology.encrypted().is_some(),
        };
        let mut sites: Vec<SiteView> = topology
            .sites
            .iter()
            .map(|(name, site)| SiteView::new(topology, target, name, site, others))
            .collect();
        asked::mark_homes(topology, &mut sites);
        let routes = || {
            topology
                .sites
                .values()
                .flat_map(|site| site.routes.values())
        };
        let proxies = topology.trusted_proxies.as_ref();
        Some(Self {
            sendfile_off: topology.sites.values().any(is_shared_by_virtualbox),
            types: topology.sites.values().any(serves_files),
            temp: topology.nginx.temp_dir.as_deref().map(tempfiles),
            names_bucket: names_bucket(topology).map(Arg::from),
            names_max: names_max(topology).map(Arg::from),
            maps_bucket: maps_bucket(topology).map(Arg::from),
            variables_max: variables_max(topology).map(Arg::from),
            real_ip: proxies.map(|proxies| real_ip(proxies, &topology.pools)),
            resolver: topology
                .nginx
                .resolver
                .as_ref()
                .map(|resolver| ResolverView {
                    ignored: asked::of_resolver(topology, resolver),
                    ..ResolverView::new(resolver)
                }),
            log: log(topology),
            websocket: routes().any(|route| route.websocket == Some(true)),
            host_map: !target.at_least(1, 29, 3) && topology.sites.values().any(has_unusual_port),
            request_id_map: topology
                .nginx
                .request_id
                .as_ref()
                .filter(|id| id.enabled && id.trust)
                .map(|id| Arg::expression(header_variable(id.header.as_deref()))),
            hashed_static: topology.sites.values().any(|s| {
                s.served_static()
                    .is_some_and(|files| files.hashed == Some(true))
            }),
            sticky: sticky::maps(topology, target),
            hsts: topology
                .sites
                .iter()
                .filter_map(|(name, site)| hsts_map(name, site))
                .collect(),
            limits: topology
                .sites
                .iter()
                .flat_map(|(name, site)| rate_zones(name, site))
                .collect(),
            tls: shared_tls,
            upstreams: upstream::all(topology, target),
            catch_all: catch_all(topology, target),
            sites,
        })
    }
}

/// VirtualBox hands out old content of what it shares to `sendfile`.
fn is_shared_by_virtualbox(site: &Site) -> bool {
    let served = site.served_static().map(|files| &files.root);
    let media = site.media.as_ref().map(|media| &media.root);
    let protected = site.protected_media.as_ref().map(|media| &media.root);
    let acme = site.acme.as_ref().map(|acme| &acme.webroot);
    let page = site
        .errors
        .as_ref()
        .and_then(|errors| errors.down_page.as_ref());
    let mut paths = [served, media, protected, acme, page].into_iter().flatten();
    paths.any(|path| {
        let rest = path.strip_prefix("/vagrant");
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

fn serves_files(site: &Site) -> bool {
    site.served_static().is_some()
        || site.media.is_some()
        || site.protected_media.is_some()
        || site
            .errors
            .as_ref()
            .is_some_and(|errors| errors.down_page.is_some())
}

fn tempfiles(folder: &str) -> Tempfiles {
    let below = |name: &str| Arg::literal(format!("{}/{name}", folder.trim_end_matches('/')));
    Tempfiles {
        client_body: below("client_body"),
        proxy: below("proxy"),
        fastcgi: below("fastcgi"),
        uwsgi: below("uwsgi"),
        scgi: below("scgi"),
    }
}

/// The bucket that the longest key of a hash needs: an element is a pointer and the key with
/// two more bytes, rounded up to a pointer, and a bucket ends with a pointer
/// (`NGX_HASH_ELT_SIZE` and `ngx_hash_init` in `ngx_hash.c`). nginx's default is 64.
fn bucket<'a>(keys: impl Iterator<Item = &'a str>) -> Option<String> {
    let longest = keys.map(str::len).max()?;
    let needed = (8 + (longest + 2).next_multiple_of(8) + 8).next_power_of_two();
    (needed > 64).then(|| needed.to_string())
}

fn names_bucket(topology: &Topology) -> Option<String> {
    bucket(domains(topology))
}

fn maps_bucket(topology: &Topology) -> Option<String> {
    bucket(topology.log().exclude.iter().map(String::as_str))
}

/// nginx looks for a hash without overfull buckets up to `max_size`, 512 by default, and
/// warns when it finds none.
fn names_max(topology: &Topology) -> Option<String> {
    let count = domains(topology).count();
    (count > 256).then(|| (count * 4).next_power_of_two().to_string())
}

/// nginx and its modules have about 300 variables of their own; the default is 1024 slots.
fn variables_max(topology: &Topology) -> Option<String> {
    let own = topology.sites.len() * 2
        + topology
            .sites
            .values()
            .map(|site| site.routes.len())
            .sum::<usize>();
    (own > 300).then(|| ((own + 300) * 4).next_power_of_two().to_string())
}

fn domains(topology: &Topology) -> impl Iterator<Item = &str> {
    topology
        .sites
        .values()
        .flat_map(|site| &site.domains)
        .map(String::as_str)
}

fn real_ip(proxies: &TrustedProxies, pools: &Named<Pool>) -> RealIp {
    let over_protocol = proxies.proxy_protocol == Some(true);
    // Whoever connects has to speak the protocol, and nginx takes no address without a network.
    let everybody = ["0.0.0.0/0", "::/0"].map(Arg::from);
    let listed = proxies
        .networks
        .iter()
        .map(|network| network.as_str().into());
    RealIp {
        networks: if proxies.networks.is_empty() && over_protocol {
            everybody.into()
        } else {
            listed.collect()
        },
        header: if over_protocol {
            "proxy_protocol".into()
        } else {
            proxies
                .header
                .as_deref()
                .unwrap_or("X-Forwarded-For")
                .into()
        },
        scheme: !over_protocol,
        https: !over_protocol && pools.values().any(|pool| pool.spoken() == Protocol::Uwsgi),
    }
}

impl ResolverView {
    /// The view of name servers.
    pub(super) fn new(resolver: &Resolver) -> Self {
        Self {
            args: resolver_args(resolver),
            ignored: Vec::new(),
        }
    }
}

fn resolver_args(resolver: &Resolver) -> Vec<Arg> {
    let mut args: Vec<Arg> = resolver
        .addresses
        .iter()
        .map(|a| a.as_str().into())
        .collect();
    if let Some(valid) = &resolver.valid {
        args.push(format!("valid={valid}").into());
    }
    if resolver.ipv6 == Some(false) {
        args.push("ipv6=off".into());
    }
    args
}

/// The variable of the client's header, such as `$http_x_request_id`.
fn header_variable(header: Option<&str>) -> String {
    let header = header.unwrap_or("X-Request-ID");
    format!("$http_{}", header.to_ascii_lowercase().replace('-', "_"))
}

fn log(topology: &Topology) -> Log {
    let log = topology.log();
    let own_logs = topology
        .sites
        .values()
        .map(|site| site.access_log.as_deref());
    let mut written = std::iter::once(log.path.as_deref())
        .chain(own_logs.filter(Option::is_some))
        .filter(|path| *path != Some("off"));
    let json = log.format() == LogFormat::Json && written.next().is_some();
    Log {
        json,
        request_id: request_id(topology)
            .map_or_else(|| Arg::expression("$request_id"), |(_, variable)| variable),
        exclude: log
            .exclude
            .iter()
            .map(|path| path.as_str().into())
            .collect(),
        line: access_log(
            topology,
            log.path.as_deref().unwrap_or("/var/log/nginx/access.log"),
        ),
    }
}

/// A map is needed where one server answers both plain HTTP and TLS: the header must not go
/// out over plain HTTP.
fn hsts_map(name: &str, site: &Site) -> Option<HeaderLine> {
    let tls = site.tls().filter(|tls| !tls.redirects())?;
    let value = hsts_value(tls)?;
    (tls.hsts().owner == HstsOwner::Nginx).then(|| HeaderLine {
        name: Arg::expression(names::hsts(name)),
        value: value.into(),
        always: true,
    })
}
