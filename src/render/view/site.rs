//! Sites: the server of the application, and the one that redirects to it.

use super::asked;
use super::common::{HeaderLine, LogLine, access_log, request_id};
use super::files::{Files, files};
use super::location::{Location, body_limit, locations};
use super::names;
use super::sockets::{addresses, listen_lines, listen_words, port};
use super::tls::{TlsSettings, hsts_value};
use crate::render::arg::Arg;
use crate::topology::model::{Listen, Site, Tls, Topology};
use crate::version::Target;
use serde::Serialize;

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
    /// The rules of lint that are not to speak about the webroot.
    pub acme_ignored: Vec<Arg>,
    /// Where to.
    pub target: Arg,
}

/// The server of the application.
#[derive(Debug, Clone, Serialize)]
pub struct AppServerBlock {
    /// The rules of lint that are not to speak about the server.
    pub ignored: Vec<Arg>,
    /// `listen` lines, their arguments.
    pub listen: Vec<Vec<Arg>>,
    /// Which of them is the first that strangers reach without TLS, where others have it.
    pub unencrypted: Option<usize>,
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
    /// The rules of lint that are not to speak about the limit.
    pub body_limit_ignored: Vec<Arg>,
    /// A log of its own.
    pub access_log: Option<LogLine>,
    /// Headers of every response; locations with headers of their own repeat them.
    pub headers: Vec<HeaderLine>,
    /// The rules of lint that are not to speak about the first header, which is
    /// Strict-Transport-Security.
    pub hsts_ignored: Vec<Arg>,
    /// The webroot of http-01 challenges.
    pub acme: Option<Arg>,
    /// The rules of lint that are not to speak about the webroot.
    pub acme_ignored: Vec<Arg>,
    /// The page for dead nodes.
    pub down_page: Option<DownPage>,
    /// Folders that are served.
    pub files: Vec<Files>,
    /// Locations of pools.
    pub locations: Vec<Location>,
}

/// What a site depends on that all sites decide together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Others {
    /// Whether each site has TLS settings of its own.
    pub(super) own_tls: bool,
    /// Whether one of them has TLS.
    pub(super) encrypted: bool,
}

/// The page for dead nodes.
#[derive(Debug, Clone, Serialize)]
pub struct DownPage {
    /// The location.
    pub location: Arg,
    /// The file.
    pub file: Arg,
    /// The rules of lint that are not to speak about the file.
    pub ignored: Vec<Arg>,
}

impl SiteView {
    pub(super) fn new(
        topology: &Topology,
        target: Target,
        name: &str,
        site: &Site,
        others: Others,
    ) -> Self {
        let redirect = site.tls().filter(|tls| tls.redirects()).map(|_| Redirect {
            listen: listen_lines(
                &site.plain_sockets(),
                &listen_words(topology, target, false, false),
            ),
            names: server_names(site),
            acme: acme(site),
            acme_ignored: Vec::new(),
            target: Arg::expression(redirect_target(&site.tls_sockets())),
        });
        // Without a plain socket there is nothing to redirect.
        let redirect = redirect.filter(|redirect| !redirect.listen.is_empty());
        Self {
            name: name.into(),
            server: app_server(topology, target, name, site, others),
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
    others: Others,
) -> AppServerBlock {
    let tls = site.tls();
    let plain = site.own_plain_sockets();
    let words = listen_words(topology, target, false, false);
    let mut listen = listen_lines(&plain, &words);
    let asked = others.encrypted && topology.is_open(site);
    let unencrypted = asked.then(|| {
        let local = plain.iter().take_while(|socket| socket.is_local());
        local.flat_map(addresses).count()
    });
    if let Some(tls) = tls {
        let words = listen_words(topology, target, true, tls.speaks_http2());
        listen.extend(listen_lines(&site.tls_sockets(), &words));
    }
    let headers = response_headers(topology, name, site);
    AppServerBlock {
        ignored: asked::of_server(site),
        listen,
        unencrypted,
        http2: tls.is_some_and(Tls::speaks_http2) && target.at_least(1, 25, 1),
        names: server_names(site),
        certificate: tls
            .and_then(|tls| tls.certificate.as_deref())
            .map(Arg::from),
        key: tls.and_then(|tls| tls.key.as_deref()).map(Arg::from),
        tls: tls
            .filter(|_| others.own_tls)
            .map(|tls| TlsSettings::new(topology, target, tls.profile())),
        body_limit: body_limit(&site.body_limit()),
        body_limit_ignored: asked::of_site_body_limit(site),
        access_log: site
            .access_log
            .as_deref()
            .map(|path| access_log(topology, path)),
        acme_ignored: Vec::new(),
        acme: acme(site).filter(|_| tls.is_none_or(|tls| !tls.redirects())),
        down_page: site
            .errors
            .as_ref()
            .and_then(|errors| errors.down_page.as_deref())
            .map(|file| DownPage {
                location: "/djanginx-down.html".into(),
                file: file.into(),
                ignored: Vec::new(),
            }),
        files: files(site, &headers),
        locations: locations(topology, target, name, site, &headers),
        headers,
        hsts_ignored: asked::of_hsts(site),
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
    if let Some((header, id)) = request_id(topology) {
        add(header.into(), id);
    }
    for (name, value) in site.headers.iter().flat_map(|headers| &headers.response) {
        add(name.as_str().into(), Arg::expression(value.as_str()));
    }
    headers
}
