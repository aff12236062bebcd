//! Servers and locations.

use super::http::{self, LogLine};
use super::names;
use super::upstream::is_alone;
use crate::render::arg::Arg;
use crate::topology::model::{
    Failover, Hsts, HstsOwner, Listen, Precompressed, Protocol, Route, Satisfy, SecurityHeaders,
    Site, Tls, TlsProfile, Topology,
};
use crate::topology::settle::{CONNECT_TIMEOUT, IDLE_TIMEOUT, READ_TIMEOUT};
use crate::topology::units::Size;
use crate::version::Target;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Mozilla's cipher list for the intermediate profile (guideline 6.0).
const INTERMEDIATE_CIPHERS: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
    ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
    ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
/// Mozilla's key exchange groups (guideline 6.0); OpenSSL before 3.5 lacks the first.
const CURVES: &str = "X25519MLKEM768:X25519:prime256v1:secp384r1";

/// A server for hosts that nobody has.
#[derive(Debug, Clone, Serialize)]
pub struct CatchAll {
    /// `listen` lines, their arguments.
    pub listen: Vec<Vec<Arg>>,
    /// Whether the handshake itself is refused (1.19.4 and later).
    pub reject_handshake: bool,
    /// A certificate for releases that cannot refuse the handshake.
    pub certificate: Option<Arg>,
    /// Its key.
    pub key: Option<Arg>,
    /// TLS settings, where sites do not share them.
    pub tls: Option<TlsSettings>,
}

/// TLS settings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TlsSettings {
    /// `ssl_protocols`.
    pub protocols: Vec<Arg>,
    /// `ssl_ciphers`; none for TLS 1.3 alone.
    pub ciphers: Option<Arg>,
    /// `ssl_ecdh_curve`; none leaves it to OpenSSL.
    pub curves: Option<Arg>,
    /// `ssl_session_cache`.
    pub session_cache: Option<Arg>,
    /// Whether tickets must be turned off: before 1.23.2 their keys were never changed.
    pub tickets_off: bool,
}

/// All servers of a site.
#[derive(Debug, Clone, Serialize)]
pub struct SiteView {
    /// Its name.
    pub name: Arg,
    /// The server that redirects plain HTTP.
    pub redirect: Option<Redirect>,
    /// The server of the application.
    pub server: AppServerBlock,
}

/// A server that sends everybody to HTTPS.
#[derive(Debug, Clone, Serialize)]
pub struct Redirect {
    /// `listen` lines, their arguments.
    pub listen: Vec<Vec<Arg>>,
    /// `server_name`.
    pub names: Vec<Arg>,
    /// The webroot of http-01 challenges.
    pub acme: Option<Arg>,
    /// Where to.
    pub target: Arg,
}

/// The server of the application.
#[derive(Debug, Clone, Serialize)]
pub struct AppServerBlock {
    /// `listen` lines, their arguments.
    pub listen: Vec<Vec<Arg>>,
    /// Whether `http2 on` is written (1.25.1 and later).
    pub http2: bool,
    /// `server_name`.
    pub names: Vec<Arg>,
    /// The certificate.
    pub certificate: Option<Arg>,
    /// Its key.
    pub key: Option<Arg>,
    /// TLS settings, where sites do not share them.
    pub tls: Option<TlsSettings>,
    /// `client_max_body_size`.
    pub body_limit: Arg,
    /// A log of its own.
    pub access_log: Option<LogLine>,
    /// Headers of every response; locations with headers of their own repeat them.
    pub headers: Vec<HeaderLine>,
    /// The webroot of http-01 challenges.
    pub acme: Option<Arg>,
    /// The page for dead nodes.
    pub down_page: Option<DownPage>,
    /// Folders that are served.
    pub files: Vec<Files>,
    /// Locations of pools.
    pub locations: Vec<Location>,
}

/// The page for dead nodes.
#[derive(Debug, Clone, Serialize)]
pub struct DownPage {
    /// The location.
    pub location: Arg,
    /// The file.
    pub file: Arg,
}

/// One `add_header`.
#[derive(Debug, Clone, Serialize)]
pub struct HeaderLine {
    /// The name.
    pub name: Arg,
    /// The value.
    pub value: Arg,
    /// Whether errors have it, too.
    pub always: bool,
}

/// A folder that is served.
#[derive(Debug, Clone, Serialize)]
pub struct Files {
    /// The location.
    pub location: Arg,
    /// The folder.
    pub root: Arg,
    /// Whether only Django may hand the files out.
    pub internal: bool,
    /// Headers, all of them.
    pub headers: Vec<HeaderLine>,
    /// Whether text is compressed.
    pub gzip: bool,
    /// Whether `.gz` files lie beside the originals.
    pub gzip_static: bool,
    /// Whether `.br` files lie beside the originals.
    pub brotli_static: bool,
}

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
    /// `client_max_body_size`, where it is not the site's.
    pub body_limit: Option<Arg>,
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

/// A rate limit.
#[derive(Debug, Clone, Serialize)]
pub struct Limit {
    /// `limit_req`, its arguments.
    pub args: Vec<Arg>,
    /// `limit_req_status`.
    pub status: Arg,
    /// Whether it only logs.
    pub dry_run: bool,
}

/// Timeouts, failover and buffers of a location.
#[derive(Debug, Clone, Serialize)]
pub struct UpstreamSettings {
    /// `*_connect_timeout`.
    pub connect_timeout: Arg,
    /// `*_read_timeout`.
    pub read_timeout: Arg,
    /// `*_send_timeout`.
    pub send_timeout: Arg,
    /// `*_next_upstream`; none for a single node.
    pub next_upstream: Option<Vec<Arg>>,
    /// `*_next_upstream_tries`.
    pub tries: Arg,
    /// `*_next_upstream_timeout`.
    pub tries_timeout: Arg,
    /// Whether responses are passed on piece by piece.
    pub unbuffered: bool,
    /// Whether request bodies are passed on piece by piece.
    pub request_unbuffered: bool,
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

// ── Sockets ─────────────────────────────────────────────────────────────────────────────

/// The addresses of a socket: a bare port listens on IPv4 and IPv6.
pub(super) fn addresses(listen: &Listen) -> Vec<Arg> {
    if listen.0.bytes().all(|b| b.is_ascii_digit()) {
        vec![
            listen.0.as_str().into(),
            format!("[::]:{}", listen.0).into(),
        ]
    } else {
        vec![listen.0.as_str().into()]
    }
}

/// The port of a socket; none for a unix socket.
fn port(listen: &Listen) -> Option<&str> {
    if listen.0.starts_with("unix:") {
        return None;
    }
    let after_address = listen
        .0
        .rsplit_once(']')
        .map_or(listen.0.as_str(), |(_, rest)| rest);
    match after_address.rsplit_once(':') {
        Some((_, port)) => Some(port),
        None if listen.0.bytes().all(|b| b.is_ascii_digit()) => Some(&listen.0),
        None => Some("80"),
    }
}

/// Whether clients write a port into the URL of a site.
pub(super) fn has_unusual_port(site: &Site) -> bool {
    let plain = site.plain_sockets();
    let tls = site.tls_sockets();
    plain.iter().any(|socket| port(socket) != Some("80"))
        || tls.iter().any(|socket| port(socket) != Some("443"))
}

/// The words behind the address in `listen`.
fn listen_words(topology: &Topology, target: Target, tls: bool, http2: bool) -> Vec<Arg> {
    let mut words = Vec::new();
    if tls {
        words.push("ssl".into());
        if http2 && !target.at_least(1, 25, 1) {
            words.push("http2".into());
        }
    }
    if topology
        .trusted_proxies
        .as_ref()
        .is_some_and(|p| p.proxy_protocol == Some(true))
    {
        words.push("proxy_protocol".into());
    }
    words
}

fn listen_lines(sockets: &[Listen], words: &[Arg]) -> Vec<Vec<Arg>> {
    sockets
        .iter()
        .flat_map(addresses)
        .map(|address| {
            std::iter::once(address)
                .chain(words.iter().cloned())
                .collect()
        })
        .collect()
}

/// One catch-all for all plain sockets, and one for the TLS sockets of each profile. The
/// socket's default server answers whoever asks for a host that no site has.
pub(super) fn catch_all(topology: &Topology, target: Target) -> Vec<CatchAll> {
    let mut plain = BTreeSet::new();
    let mut tls: BTreeMap<(TlsProfile, bool), (BTreeSet<Listen>, &Tls)> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for site in topology.sites.values() {
        plain.extend(site.plain_sockets());
        let Some(settings) = site.tls() else { continue };
        for socket in site.tls_sockets() {
            if seen.insert(socket.clone()) {
                let key = (settings.profile(), settings.speaks_http2());
                tls.entry(key)
                    .or_insert_with(|| (BTreeSet::new(), settings))
                    .0
                    .insert(socket);
            }
        }
    }
    let default_first = |mut words: Vec<Arg>| {
        words.insert(0, "default_server".into());
        words
    };
    let mut servers = Vec::new();
    if !plain.is_empty() {
        let words = default_first(listen_words(topology, target, false, false));
        servers.push(CatchAll {
            listen: listen_lines(&plain.into_iter().collect::<Vec<_>>(), &words),
            reject_handshake: false,
            certificate: None,
            key: None,
            tls: None,
        });
    }
    let shared = shared_tls(topology, target).is_some();
    for ((profile, http2), (sockets, settings)) in tls {
        let words = default_first(listen_words(topology, target, true, http2));
        let rejects = target.at_least(1, 19, 4);
        let file = |path: &Option<String>| path.as_deref().filter(|_| !rejects).map(Arg::from);
        servers.push(CatchAll {
            listen: listen_lines(&sockets.into_iter().collect::<Vec<_>>(), &words),
            reject_handshake: rejects,
            certificate: file(&settings.certificate),
            key: file(&settings.key),
            tls: (!shared).then(|| TlsSettings::new(topology, target, profile)),
        });
    }
    servers
}

// ── TLS ─────────────────────────────────────────────────────────────────────────────────

/// The TLS settings that all sites share; `None` without TLS or with several profiles.
pub(super) fn shared_tls(topology: &Topology, target: Target) -> Option<TlsSettings> {
    let profiles: BTreeSet<TlsProfile> = topology
        .sites
        .values()
        .filter_map(Site::tls)
        .map(Tls::profile)
        .collect();
    let mut profiles = profiles.into_iter();
    match (profiles.next(), profiles.next()) {
        (Some(profile), None) => Some(TlsSettings::new(topology, target, profile)),
        _ => None,
    }
}

impl TlsSettings {
    fn new(topology: &Topology, target: Target, profile: TlsProfile) -> Self {
        let intermediate = profile == TlsProfile::Intermediate;
        let protocols: &[&str] = if intermediate {
            &["TLSv1.2", "TLSv1.3"]
        } else {
            &["TLSv1.3"]
        };
        Self {
            protocols: protocols.iter().map(|&p| p.into()).collect(),
            ciphers: intermediate.then(|| INTERMEDIATE_CIPHERS.into()),
            curves: knows_mlkem(topology).then(|| CURVES.into()),
            session_cache: intermediate.then(|| "shared:djanginx_tls:10m".into()),
            tickets_off: intermediate && !target.at_least(1, 23, 2),
        }
    }
}

/// Whether the declared OpenSSL has the group X25519MLKEM768, which 3.5 brought.
fn knows_mlkem(topology: &Topology) -> bool {
    let Some(version) = topology.nginx.openssl.as_deref() else {
        return false;
    };
    let mut numbers = version
        .split('.')
        .map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    version >= (3, 5)
}

/// The value of `Strict-Transport-Security` that nginx sends; `None` when it sends none.
pub(super) fn hsts_value(tls: &Tls) -> Option<String> {
    let hsts: Hsts = tls.hsts();
    if hsts.owner != HstsOwner::Nginx {
        return None;
    }
    let seconds = hsts.max_age.as_ref()?.seconds()?;
    let mut value = format!("max-age={seconds}");
    if hsts.subdomains == Some(true) {
        value.push_str("; includeSubDomains");
    }
    if hsts.preload == Some(true) {
        value.push_str("; preload");
    }
    Some(value)
}

// ── Sites ───────────────────────────────────────────────────────────────────────────────

impl SiteView {
    pub(super) fn new(
        topology: &Topology,
        target: Target,
        name: &str,
        site: &Site,
        own_tls: bool,
    ) -> Self {
        let redirect = site.tls().filter(|tls| tls.redirects()).map(|_| Redirect {
            listen: listen_lines(
                &site.plain_sockets(),
                &listen_words(topology, target, false, false),
            ),
            names: server_names(site),
            acme: acme(site),
            target: Arg::expression(redirect_target(&site.tls_sockets())),
        });
        // Without a plain socket there is nothing to redirect.
        let redirect = redirect.filter(|redirect| !redirect.listen.is_empty());
        Self {
            name: name.into(),
            server: app_server(topology, target, name, site, own_tls),
            redirect,
        }
    }
}

fn server_names(site: &Site) -> Vec<Arg> {
    site.domains
        .iter()
        .map(|domain| domain.to_ascii_lowercase().into())
        .collect()
}

fn acme(site: &Site) -> Option<Arg> {
    site.acme.as_ref().map(|acme| acme.webroot.as_str().into())
}

fn redirect_target(sockets: &[Listen]) -> String {
    match sockets.first().and_then(port) {
        Some(port) if port != "443" => format!("https://$host:{port}$request_uri"),
        _ => "https://$host$request_uri".to_owned(),
    }
}

fn app_server(
    topology: &Topology,
    target: Target,
    name: &str,
    site: &Site,
    own_tls: bool,
) -> AppServerBlock {
    let tls = site.tls();
    let mut listen = Vec::new();
    if tls.is_none_or(|tls| !tls.redirects()) {
        let words = listen_words(topology, target, false, false);
        listen.extend(listen_lines(&site.plain_sockets(), &words));
    }
    if let Some(tls) = tls {
        let words = listen_words(topology, target, true, tls.speaks_http2());
        listen.extend(listen_lines(&site.tls_sockets(), &words));
    }
    let headers = response_headers(topology, name, site);
    AppServerBlock {
        listen,
        http2: tls.is_some_and(Tls::speaks_http2) && target.at_least(1, 25, 1),
        names: server_names(site),
        certificate: tls
            .and_then(|tls| tls.certificate.as_deref())
            .map(Arg::from),
        key: tls.and_then(|tls| tls.key.as_deref()).map(Arg::from),
        tls: tls
            .filter(|_| own_tls)
            .map(|tls| TlsSettings::new(topology, target, tls.profile())),
        body_limit: body_limit(&site.body_limit()),
        access_log: site
            .access_log
            .as_deref()
            .map(|path| http::access_log(topology, path)),
        acme: acme(site).filter(|_| tls.is_none_or(|tls| !tls.redirects())),
        down_page: site
            .errors
            .as_ref()
            .and_then(|errors| errors.down_page.as_deref())
            .map(|file| DownPage {
                location: "/djanginx-down.html".into(),
                file: file.into(),
            }),
        files: files(site, &headers),
        locations: locations(topology, target, name, site),
        headers,
    }
}

/// nginx's spelling of no limit is 0.
fn body_limit(size: &Size) -> Arg {
    if size.0 == "unlimited" {
        "0".into()
    } else {
        size.0.as_str().into()
    }
}

/// Headers of every response of a site.
fn response_headers(topology: &Topology, name: &str, site: &Site) -> Vec<HeaderLine> {
    let mut headers = Vec::new();
    let mut add = |name: Arg, value: Arg| {
        headers.push(HeaderLine {
            name,
            value,
            always: true,
        })
    };
    if let Some(tls) = site.tls()
        && let Some(value) = hsts_value(tls)
    {
        let value = if tls.redirects() {
            value.into()
        } else {
            // This server also answers plain HTTP, where the header must not be sent.
            Arg::expression(names::hsts(name))
        };
        add("Strict-Transport-Security".into(), value);
    }
    if let Some((header, id)) = http::request_id(topology) {
        add(header.into(), id);
    }
    for (name, value) in site.headers.iter().flat_map(|headers| &headers.response) {
        add(name.as_str().into(), Arg::expression(value.as_str()));
    }
    headers
}

fn files(site: &Site, shared: &[HeaderLine]) -> Vec<Files> {
    let line = |name: &str, value: Arg, always| HeaderLine {
        name: name.into(),
        value,
        always,
    };
    let secure = site.security_headers() == SecurityHeaders::Django;
    let with =
        |own: Vec<HeaderLine>| -> Vec<HeaderLine> { shared.iter().cloned().chain(own).collect() };
    let nosniff = || secure.then(|| line("X-Content-Type-Options", "nosniff".into(), true));
    let mut folders = Vec::new();
    if let Some(assets) = site.served_static() {
        let cache = if assets.hashed == Some(true) {
            Arg::expression(names::STATIC_CACHE)
        } else {
            "public, max-age=3600".into()
        };
        let has = |kind| {
            assets
                .precompressed
                .iter()
                .flatten()
                .any(|&known| known == kind)
        };
        folders.push(Files {
            location: assets.url().into(),
            root: assets.root.as_str().into(),
            internal: false,
            headers: with(
                std::iter::once(line("Cache-Control", cache, false))
                    .chain(nosniff())
                    .collect(),
            ),
            gzip: true,
            gzip_static: has(Precompressed::Gzip),
            brotli_static: has(Precompressed::Br),
        });
    }
    if let Some(media) = &site.media {
        // What people upload must not run as a page of the site.
        let sandbox = secure.then(|| {
            line(
                "Content-Security-Policy",
                "default-src 'none'; sandbox".into(),
                true,
            )
        });
        folders.push(Files {
            location: media.url().into(),
            root: media.root.as_str().into(),
            internal: false,
            headers: with(nosniff().into_iter().chain(sandbox).collect()),
            gzip: false,
            gzip_static: false,
            brotli_static: false,
        });
    }
    if let Some(protected) = &site.protected_media {
        folders.push(Files {
            location: protected.url.as_str().into(),
            root: protected.root.as_str().into(),
            internal: true,
            headers: with(nosniff().into_iter().collect()),
            gzip: false,
            gzip_static: false,
            brotli_static: false,
        });
    }
    folders
}

// ── Locations ───────────────────────────────────────────────────────────────────────────

fn locations(topology: &Topology, target: Target, name: &str, site: &Site) -> Vec<Location> {
    let limits: BTreeMap<&str, Limit> = http::limited(site)
        .map(|(number, path, limit)| {
            let mut args: Vec<Arg> =
                vec![format!("zone={}", names::limit_zone(name, number)).into()];
            if let Some(burst) = limit.burst.filter(|&burst| burst > 0) {
                args.push(format!("burst={burst}").into());
                args.push("nodelay".into());
            }
            let view = Limit {
                args,
                status: limit.status.unwrap_or(429).to_string().into(),
                dry_run: limit.dry_run == Some(true),
            };
            (path, view)
        })
        .collect();
    site.routes
        .iter()
        .filter_map(|(path, route)| {
            let limit = limits.get(path.as_str()).cloned();
            location(topology, target, site, path, &route.0, limit)
        })
        .collect()
}

fn location(
    topology: &Topology,
    target: Target,
    site: &Site,
    path: &str,
    route: &Route,
    limit: Option<Limit>,
) -> Option<Location> {
    let pool = topology.pools.get(&route.pool)?;
    let access = access(route);
    let uwsgi = pool.spoken() == Protocol::Uwsgi;
    Some(Location {
        modifier: access.as_ref().map(|_| "^~".into()),
        path: path.into(),
        access,
        limit,
        body_limit: route.body_limit.as_ref().map(body_limit),
        proxy: (!uwsgi).then(|| proxy(topology, target, site, path, route)),
        uwsgi: uwsgi.then(|| Uwsgi {
            pass: route.pool.as_str().into(),
            scheme: http::scheme(topology),
            https: match &topology.trusted_proxies {
                Some(proxies) if proxies.proxy_protocol != Some(true) => {
                    Arg::expression(names::HTTPS)
                }
                _ => Arg::expression("$https"),
            },
            headers: uwsgi_headers(topology, target, site),
        }),
        upstream: upstream_settings(topology, site, route),
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
        ("X-Forwarded-Proto", http::scheme(topology)),
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
    if let Some((header, id)) = http::request_id(topology) {
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

fn upstream_settings(topology: &Topology, site: &Site, route: &Route) -> UpstreamSettings {
    let pool = topology.pools.get(&route.pool);
    let long = route.websocket == Some(true) || route.streaming == Some(true);
    let own = route.timeouts.clone().unwrap_or_default();
    let shared = pool
        .and_then(|pool| pool.timeouts.clone())
        .unwrap_or_default();
    let time = |own: Option<crate::topology::units::Time>,
                shared: Option<crate::topology::units::Time>,
                default: &str|
     -> Arg {
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
        read_timeout: time(own.read, shared_read, silent),
        send_timeout: time(own.send, shared_send, silent),
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
    if let Some((header, _)) = http::request_id(topology) {
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
