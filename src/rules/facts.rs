//! What many rules ask: which places hand requests to Django, and what a location is.

pub mod answers;
pub mod encoding;
pub mod folders;
pub mod headers;
mod layout;
pub mod patterns;
pub mod pools;
pub mod servers;

use super::settings::{AppServer, Settings};
use crate::directives::{Context, PASSES};
use crate::model::upstream::{Peer, Upstream};
use crate::model::{Model, ScopeId, Statement, Texts};
use crate::source::Span;
use crate::values::address::{self, Allowed, Host};
use crate::values::part_of;
use std::borrow::Cow;

/// A directive that hands requests to a backend.
#[derive(Debug, Clone)]
pub struct Pass<'m> {
    /// `proxy_pass` and its like.
    pub statement: Statement<'m>,
    /// What is spoken to the backend.
    pub protocol: Protocol,
    /// Where requests go; `None` where variables decide.
    pub to: Option<Destination<'m>>,
    /// What is behind the host, with its `/`; `None` where nothing is, and nginx then passes
    /// on the URI as the client wrote it. Variables are as written.
    pub uri: Option<Cow<'m, [u8]>>,
    /// The block `server` that it is in.
    pub server: Option<ScopeId>,
    /// Whether Django is behind it.
    pub django: Evidence,
}

/// What is spoken to a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Protocol {
    Http,
    Https,
    Uwsgi,
    Fastcgi,
    Scgi,
    Grpc,
    Memcached,
}

/// Where requests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination<'m> {
    /// The host or the name of an upstream, as written.
    pub name: Cow<'m, [u8]>,
    /// The port that is written.
    pub port: Option<u16>,
    /// Where it is written.
    pub span: Span,
    /// The block `upstream` of that name.
    pub upstream: Option<ScopeId>,
}

/// How sure it is that Django is behind a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// Nothing speaks for it.
    None,
    /// A port, a socket or a name that Django's servers usually have.
    Likely,
    /// The settings say so, or a comment before the upstream.
    Stated,
}

impl Pass<'_> {
    /// Whether Django is probably behind it.
    #[must_use]
    pub fn is_django(&self) -> bool {
        self.django > Evidence::None
    }
}

/// Words in names and sockets that stand for what runs Django.
const NAMES: &[&str] = &[
    "django",
    "gunicorn",
    "uwsgi",
    "uvicorn",
    "daphne",
    "hypercorn",
    "granian",
    "waitress",
    "wsgi",
    "asgi",
    "channels",
];

/// The ports on which Django's servers listen by default, as far as nothing else does.
const PORTS: &[u16] = &[8000, 8001, 8002];

/// Every place that hands requests to a backend, in reading order.
#[must_use]
pub fn passes<'m>(model: &Model<'m>, texts: &Texts<'_>, settings: &Settings) -> Vec<Pass<'m>> {
    let is_http = |statement: &Statement<'_>| {
        matches!(
            model.scope(statement.scope).context,
            Context::Location | Context::IfInLocation | Context::LimitExcept
        )
    };
    let found = model.everywhere(PASSES).filter(is_http);
    let passes = found.filter_map(|statement| pass(model, texts, settings, statement));
    let mut passes: Vec<Pass<'m>> = passes.collect();
    if settings.django.upstreams.is_empty() {
        layout::infer(model, &mut passes);
    }
    passes
}

fn pass<'m>(
    model: &Model<'m>,
    texts: &Texts<'_>,
    settings: &Settings,
    statement: Statement<'m>,
) -> Option<Pass<'m>> {
    let mut protocol = match statement.name() {
        "proxy_pass" => Protocol::Http,
        "uwsgi_pass" => Protocol::Uwsgi,
        "fastcgi_pass" => Protocol::Fastcgi,
        "scgi_pass" => Protocol::Scgi,
        "grpc_pass" => Protocol::Grpc,
        "memcached_pass" => Protocol::Memcached,
        _ => return None,
    };
    let word = statement.arg(0)?;
    let value = word.value();
    let mut colons = memchr::memchr_iter(b':', &value);
    let scheme = match colons.find(|at| value[*at..].starts_with(b"://")) {
        // `unix:///run/app.sock` has a path with two slashes too many, and no scheme.
        Some(at) if !value[..at].eq_ignore_ascii_case(b"unix") => at + 3,
        _ => 0,
    };
    if value[..scheme].eq_ignore_ascii_case(b"https://") {
        protocol = Protocol::Https;
    }
    let server = model
        .outwards(statement.scope)
        .find(|id| model.scope(*id).context == Context::Server);
    let mut found = Pass {
        statement,
        protocol,
        to: None,
        uri: None,
        server,
        django: Evidence::None,
    };
    let dollar = memchr::memchr(b'$', &value);
    let literal = match dollar {
        Some(dollar) if !value[scheme..dollar.max(scheme)].contains(&b'/') => {
            // What the client asked for begins with a slash, which ends the host.
            let behind = &value[dollar..];
            let path = behind.starts_with(b"$request_uri") || behind.starts_with(b"$uri");
            if !path || dollar <= scheme {
                return Some(found);
            }
            dollar
        }
        Some(dollar) if dollar < scheme => return Some(found),
        Some(dollar) => dollar,
        None => value.len(),
    };
    let allowed = Allowed {
        uri: true,
        ..Allowed::default()
    };
    let url = address::parse_url(&value[scheme..literal], allowed).ok()?;
    let upstream = model.http.upstreams.find(url.host_text);
    let upstream = upstream.filter(|_| url.port.is_none());
    let start = scheme + (url.host_text.as_ptr() as usize - value[scheme..].as_ptr() as usize);
    found.uri = (!url.uri.is_empty() || dollar.is_some())
        .then(|| part_of(&value, literal - url.uri.len()..value.len()));
    found.django = match upstream {
        Some(upstream) if is_said_to_be_django(texts, upstream) => Evidence::Stated,
        _ => evidence(settings, protocol, &url, upstream),
    };
    if found.django == Evidence::Likely && is_for_php(model, statement.scope) {
        found.django = Evidence::None;
    }
    found.to = Some(Destination {
        name: part_of(&value, start..start + url.host_text.len()),
        port: url.port,
        span: word.part(start..start + url.host_text.len()),
        upstream: upstream.map(|upstream| upstream.scope),
    });
    Some(found)
}

/// Whether a comment right before an upstream says that Django is behind it.
fn is_said_to_be_django(texts: &Texts<'_>, upstream: &Upstream<'_>) -> bool {
    let span = upstream.statement.head();
    let text = texts.parse(span.file).tree.text();
    let before = text[..span.start as usize].trim_ascii_end();
    let lines = before.rsplit(|byte| *byte == b'\n');
    let mut comments = lines.map_while(|line| line.trim_ascii().strip_prefix(b"#"));
    comments.any(|comment| {
        let said = comment.trim_ascii().strip_prefix(b"djanginx:");
        said.is_some_and(|said| said.trim_ascii() == b"django")
    })
}

fn evidence(
    settings: &Settings,
    protocol: Protocol,
    url: &address::Url<'_>,
    upstream: Option<&Upstream<'_>>,
) -> Evidence {
    let stated = &settings.django.upstreams;
    if !stated.is_empty() {
        let named = stated
            .iter()
            .any(|name| url.host_text.eq_ignore_ascii_case(name.as_bytes()));
        return if named {
            Evidence::Stated
        } else {
            Evidence::None
        };
    }
    let likely = match protocol {
        Protocol::Uwsgi => true,
        Protocol::Http | Protocol::Https => {
            speaks(url.host_text)
                || upstream.is_none() && is_usual(&url.host, url.port)
                || upstream.is_some_and(has_usual_server)
        }
        _ => false,
    };
    if likely {
        Evidence::Likely
    } else {
        Evidence::None
    }
}

/// Whether a location is for PHP, whatever the port is.
fn is_for_php(model: &Model<'_>, scope: ScopeId) -> bool {
    let path = location_around(model, scope).and_then(location_of);
    path.is_some_and(|(_, path)| memchr::memmem::find(&path, b".php").is_some())
}

/// Whether a name or a path has a word that stands for Django.
fn speaks(name: &[u8]) -> bool {
    let begins = |rest: &[u8], known: &str| {
        let start = rest.get(..known.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(known.as_bytes()))
    };
    (0..name.len()).any(|at| {
        let first = name[at].to_ascii_lowercase();
        let mut known = NAMES.iter().filter(|known| known.as_bytes()[0] == first);
        known.any(|known| begins(&name[at..], known))
    })
}

fn is_usual(host: &Host, port: Option<u16>) -> bool {
    match host {
        Host::Unix(path) => speaks(path),
        Host::Name(name) if speaks(name) => true,
        _ => port.is_some_and(|port| PORTS.contains(&port)),
    }
}

fn has_usual_server(upstream: &Upstream<'_>) -> bool {
    let is_usual = |peer: &Peer<'_>| {
        let host = peer.host.as_ref();
        host.is_some_and(|host| is_usual(host, peer.port))
    };
    upstream.servers.iter().any(is_usual)
}

/// What runs Django, as the settings say or a name does.
#[must_use]
pub fn app_server(pass: &Pass<'_>, settings: &Settings) -> Option<AppServer> {
    if settings.django.app_server.is_some() {
        return settings.django.app_server;
    }
    if pass.protocol == Protocol::Uwsgi {
        return Some(AppServer::Uwsgi);
    }
    AppServer::in_name(&pass.to.as_ref()?.name)
}

/// How a `location` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matcher {
    /// A prefix.
    Prefix,
    /// `^~`.
    PrefixNoRegex,
    /// `=`.
    Exact,
    /// `~` or `~*`.
    Regex,
    /// `@`.
    Named,
}

/// The modifier and the path of a `location`, as nginx takes them apart
/// (`ngx_http_core_location`): the modifier may be glued to the path.
#[must_use]
pub fn location_of<'m>(statement: Statement<'m>) -> Option<(Matcher, Cow<'m, [u8]>)> {
    let first = statement.arg(0)?.value();
    if let Some(second) = statement.arg(1) {
        let matcher = match &*first {
            b"=" => Matcher::Exact,
            b"^~" => Matcher::PrefixNoRegex,
            b"~" | b"~*" => Matcher::Regex,
            _ => return None,
        };
        return Some((matcher, second.value()));
    }
    let (matcher, skip) = match &*first {
        [b'=', ..] => (Matcher::Exact, 1),
        [b'^', b'~', ..] => (Matcher::PrefixNoRegex, 2),
        [b'~', b'*', ..] => (Matcher::Regex, 2),
        [b'~', ..] => (Matcher::Regex, 1),
        [b'@', ..] => (Matcher::Named, 0),
        _ => (Matcher::Prefix, 0),
    };
    Some((matcher, part_of(&first, skip..first.len())))
}

/// The nearest `location` round a block, the block itself included.
#[must_use]
pub fn location_around<'m>(model: &Model<'m>, scope: ScopeId) -> Option<Statement<'m>> {
    model
        .outwards(scope)
        .map(|id| model.scope(id))
        .find(|scope| scope.context == Context::Location)
        .and_then(|scope| scope.opener)
}
