//! From a configuration to questions: the request that nginx would send to each node for
//! the assumed client.
//!
//! The client is on this machine, asks `GET`, HTTP/1.1, and writes the first domain of the
//! server that is no wildcard, else the address that it listens on. A topology is rendered
//! first, so that what is asked is what its nginx would ask.

use super::pools::{self, Node, Pool};
use super::target::{
    Ask, Backend, Header, HttpRequest, Skipped, Target, Targets, Tls, UwsgiRequest,
};
use crate::directives::{Context, Modules};
use crate::evaluation::{Facts, Value};
use crate::model::files::Disk;
use crate::model::{Limits, Model, Prefix, ScopeId, Statement, Texts};
use crate::render::{self, RenderError};
use crate::rules::facts::{Matcher, location_of};
use crate::source::Span;
use crate::topology::Loaded;
use crate::topology::document::Step;
use crate::topology::model::{Layout, Topology};
use crate::values::expression::{self, Part};
use crate::values::regex::Regex;
use crate::values::uri::Uri;
use crate::verdict::{self, Start};
use crate::version::Target as Release;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The key and the answer of RFC 6455's own example. The key proves that a server speaks
/// WebSocket and is no secret, so one is as good as another.
pub(super) const WEBSOCKET_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// What answers [`WEBSOCKET_KEY`].
pub(super) const WEBSOCKET_ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// What the user wants beside the configuration.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// The path to ask for, whatever the configuration says.
    pub path: Option<String>,
    /// Headers that the client sends.
    pub headers: Vec<Header>,
}

/// What a topology knows and its nginx configuration does not tell.
#[derive(Default)]
struct Known {
    /// By pool or stream: the places of its nodes, and its health check.
    pools: HashMap<String, PoolFacts>,
}

#[derive(Default)]
struct PoolFacts {
    places: Vec<(Span, String)>,
    path: Option<String>,
    status: Option<u16>,
}

/// What a valid topology has to ask; `templates` is a folder of the user's own.
///
/// # Errors
/// When a template fails. With the embedded ones that is a defect.
pub fn of_topology(
    loaded: &Loaded,
    release: Release,
    source: &[u8],
    templates: Option<&Path>,
    wishes: &Wishes,
) -> Result<Targets, RenderError> {
    let mut topology = loaded.topology.clone();
    topology.nginx.layout = Some(Layout::Single);
    let files = render::render(&topology, release, source, templates)?;
    // It is our own text: its size follows from the topology's, which has limits.
    let limits = Limits {
        statements: usize::MAX,
        ..Limits::default()
    };
    let mut texts = Texts::new(&Disk, limits);
    let mut main = String::new();
    for file in files {
        main = file.text;
    }
    let root = texts.add("nginx.conf", main.into_bytes());
    let root = root.expect("internal: a text has no limit but that of statements");
    let config = texts.follow(root, Prefix::of_folder(Path::new("")));
    let options = verdict::Options {
        target: release,
        modules: Modules::All,
        live: false,
        start: Start::Whole,
    };
    let reading = verdict::read(&texts, &config, &options);
    let known = known(loaded);
    let mut targets = plan(&reading.model, Path::new(""), wishes, &known);
    unused(&loaded.topology, &known, &mut targets);
    Ok(targets)
}

/// What a configuration of nginx has to ask; names of files are relative to a folder.
#[must_use]
pub fn of_model<'m>(model: &Model<'m>, folder: &Path, wishes: &Wishes) -> Targets {
    plan(model, folder, wishes, &Known::default())
}

fn known(loaded: &Loaded) -> Known {
    let document = &loaded.document;
    let places = |kind: &str, name: &str, nodes: usize| -> Vec<Span> {
        let place = |index| {
            document.at(&[
                Step::Key(kind),
                Step::Key(name),
                Step::Key("nodes"),
                Step::Index(index),
                Step::Key("address"),
            ])
        };
        (0..nodes).map(place).collect()
    };
    let mut known = Known::default();
    for (name, pool) in &loaded.topology.pools {
        let nodes = pool.nodes.iter().map(|node| node.address.clone());
        let places = places("pools", name, pool.nodes.len());
        let facts = PoolFacts {
            places: places.into_iter().zip(nodes).collect(),
            path: pool.health.as_ref().map(|health| health.path.clone()),
            status: pool.health.as_ref().and_then(|health| health.status),
        };
        known.pools.insert(name.clone(), facts);
    }
    for (name, stream) in &loaded.topology.streams {
        let nodes = stream.nodes.iter().map(|node| node.address.clone());
        let places = places("streams", name, stream.nodes.len());
        let facts = PoolFacts {
            places: places.into_iter().zip(nodes).collect(),
            ..PoolFacts::default()
        };
        known.pools.insert(name.clone(), facts);
    }
    known
}

/// Nodes of pools that no route uses.
fn unused(topology: &Topology, known: &Known, targets: &mut Targets) {
    for name in topology.pools.keys() {
        let routes = topology
            .sites
            .values()
            .flat_map(|site| site.routes.values());
        if routes.into_iter().any(|route| route.pool == *name) {
            continue;
        }
        for (place, address) in known.pools.get(name).into_iter().flat_map(|p| &p.places) {
            targets.skipped.push(Skipped {
                pool: name.clone(),
                address: address.clone(),
                place: *place,
                reason: "no route uses the pool".to_owned(),
            });
        }
    }
}

fn plan<'m>(model: &Model<'m>, folder: &Path, wishes: &Wishes, known: &Known) -> Targets {
    let mut plan = Plan {
        model,
        folder,
        wishes,
        known,
        targets: Targets::default(),
        asked: HashSet::new(),
        skipped: HashSet::new(),
    };
    for scope in &model.scopes {
        for statement in &scope.statements {
            match (scope.context, statement.name()) {
                (Context::StreamServer, "proxy_pass") => plan.stream(*statement),
                (_, "proxy_pass" | "uwsgi_pass") if scope.context == Context::Location => {
                    plan.location(*statement);
                }
                (_, "proxy_pass" | "uwsgi_pass") => {
                    plan.skip(*statement, "only requests that meet a condition go there");
                }
                (_, "fastcgi_pass" | "scgi_pass" | "grpc_pass" | "memcached_pass") => {
                    let name = statement.name();
                    let protocol = name.strip_suffix("_pass").unwrap_or(name);
                    plan.skip(*statement, &format!("{protocol} is not spoken yet"));
                }
                _ => {}
            }
        }
    }
    plan.targets
}

/// Where the assumed client is.
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct Plan<'a, 'm> {
    model: &'a Model<'m>,
    folder: &'a Path,
    wishes: &'a Wishes,
    known: &'a Known,
    targets: Targets,
    asked: HashSet<(String, usize, Arc<Ask>)>,
    skipped: HashSet<(String, usize)>,
}

impl<'m> Plan<'_, 'm> {
    fn skip(&mut self, pass: Statement<'m>, reason: &str) {
        let address = pass.arg(0).map(|word| word.to_str().into_owned());
        self.targets.skipped.push(Skipped {
            pool: address.clone().unwrap_or_default(),
            address: address.unwrap_or_default(),
            place: pass.head(),
            reason: reason.to_owned(),
        });
    }

    fn stream(&mut self, pass: Statement<'m>) {
        match pools::pool(self.model, pass) {
            Err(reason) => self.skip(pass, &reason),
            Ok(pool) => {
                let ask = Arc::new(stream_ask(&pool));
                self.nodes(&pool, &[ask], Backend::Other);
            }
        }
    }

    fn location(&mut self, pass: Statement<'m>) {
        let pool = match pools::pool(self.model, pass) {
            Ok(pool) => pool,
            Err(reason) => return self.skip(pass, &reason),
        };
        let facts = self.known.pools.get(&pool.name);
        let location = Location::new(self.model, pass);
        let path = self.wishes.path.clone();
        let path = path.or_else(|| facts.and_then(|facts| facts.path.clone()));
        let path = path.unwrap_or_else(|| match facts {
            Some(_) => "/".to_owned(),
            None => location.prefix.clone(),
        });
        let uwsgi = pass.name() == "uwsgi_pass";
        let mut asks = Vec::new();
        let made = if uwsgi {
            self.uwsgi(&location, &pool, &path).map(Ask::Uwsgi)
        } else {
            self.http(&location, &pool, &path, false).map(Ask::Http)
        };
        match made {
            Ok(ask) => asks.push(Arc::new(ask)),
            Err(reason) => return self.skip_nodes(&pool, &reason),
        }
        // Without a topology that says so, `/` with the headers of WebSockets is often copied.
        if !uwsgi && (facts.is_some() || location.prefix != "/") {
            let prefix = location.prefix.clone();
            let ask = self.http(&location, &pool, &prefix, true);
            if let Ok(request) = ask
                && request
                    .header("upgrade")
                    .is_some_and(|to| to.eq_ignore_ascii_case("websocket"))
            {
                asks.push(Arc::new(Ask::Http(request)));
            }
        }
        self.nodes(&pool, &asks, Backend::Django);
    }

    /// Nodes of whom nothing can be asked.
    fn skip_nodes(&mut self, pool: &Pool, reason: &str) {
        for node in &pool.nodes {
            let place = self.place(pool, node);
            if self.skipped.insert((pool.name.clone(), node.index)) {
                self.targets.skipped.push(Skipped {
                    pool: pool.name.clone(),
                    address: node.written.clone(),
                    place,
                    reason: reason.to_owned(),
                });
            }
        }
    }

    /// Where a node is written.
    fn place(&self, pool: &Pool, node: &Node) -> Span {
        let facts = self.known.pools.get(&pool.name);
        let place = facts.and_then(|facts| facts.places.get(node.index));
        place.map_or(node.place, |(place, _)| *place)
    }

    fn nodes(&mut self, pool: &Pool, asks: &[Arc<Ask>], backend: Backend) {
        let facts = self.known.pools.get(&pool.name);
        for node in &pool.nodes {
            let place = self.place(pool, node);
            let Node { index, written, .. } = node;
            match &node.address {
                Err(reason) => {
                    if self.skipped.insert((pool.name.clone(), *index)) {
                        self.targets.skipped.push(Skipped {
                            pool: pool.name.clone(),
                            address: written.clone(),
                            place,
                            reason: reason.clone(),
                        });
                    }
                }
                Ok(address) => {
                    for ask in asks {
                        if !self
                            .asked
                            .insert((pool.name.clone(), *index, Arc::clone(ask)))
                        {
                            continue;
                        }
                        let http = !matches!(&**ask, Ask::Http(request) if request.websocket);
                        self.targets.targets.push(Target {
                            pool: pool.name.clone(),
                            address: address.clone(),
                            place,
                            ask: Arc::clone(ask),
                            backend,
                            status: facts.and_then(|facts| facts.status).filter(|_| http),
                        });
                    }
                }
            }
        }
    }

    /// What `ngx_http_proxy_create_request` makes.
    fn http(
        &self,
        location: &Location,
        pool: &Pool,
        path: &str,
        websocket: bool,
    ) -> Result<HttpRequest, String> {
        let model = self.model;
        let at = location.scope;
        let mut facts = self.facts(location, pool, path, websocket);
        let method = model
            .value(at, "proxy_method")
            .and_then(|method| method.arg(0));
        let method = method.map(|method| method.value().to_ascii_uppercase());
        let head = match method.as_deref() {
            None | Some(b"GET") => false,
            Some(b"HEAD") => true,
            Some(_) => {
                return Err("`proxy_method` makes it a request that may change things".to_owned());
            }
        };
        let newer = model.target.at_least(1, 29, 7);
        let version = model.value(at, "proxy_http_version");
        let http10 = version.map_or(!newer, |version| {
            version.arg(0).is_some_and(|word| word.is("1.0"))
        });
        let mut set = Vec::new();
        for statement in model.effective(at, "proxy_set_header") {
            let (Some(name), Some(value)) = (statement.arg(0), statement.arg(1)) else {
                continue;
            };
            let name = name.to_str().into_owned();
            let value = expand(&mut facts, self.model, &value.value(), &name)?;
            set.push((name, value));
        }
        let is = |(key, _): &&(String, String), name: &str| key.eq_ignore_ascii_case(name);
        if newer && let Some(last) = set.iter().rfind(|header| is(header, "host")).cloned() {
            // One `Host` counts, the others all do.
            set.retain(|header| !is(&header, "host"));
            set.push(last);
        }
        let is_set = |name: &str| set.iter().any(|header| is(&header, name));
        let mut headers = Vec::new();
        let host = set.iter().find(|header| is(header, "host"));
        let own_host = match host {
            None => true,
            Some((_, value)) => newer && !http10 && value.is_empty(),
        };
        if own_host {
            headers.push(plain("Host", &pool.proxy_host));
        }
        for (name, value) in &set {
            if !value.is_empty() {
                headers.push(plain(name, value));
            }
        }
        if !newer && !is_set("connection") {
            headers.push(plain("Connection", "close"));
        }
        if passes_headers(model, at, "proxy_pass_request_headers") {
            /// Those that nginx does not pass on by itself.
            const OWN: [&str; 6] = [
                "host",
                "connection",
                "te",
                "keep-alive",
                "expect",
                "upgrade",
            ];
            for header in self.client(location, websocket) {
                let own = OWN.iter().any(|own| header.name.eq_ignore_ascii_case(own));
                if !own && !is_set(&header.name) {
                    headers.push(header);
                }
            }
        }
        if headers.iter().any(|header| {
            reqwest::header::HeaderName::try_from(&header.name).is_err()
                || reqwest::header::HeaderValue::try_from(&header.value).is_err()
        }) {
            return Err("a header of the request cannot be sent".to_owned());
        }
        Ok(HttpRequest {
            head,
            uri: location.rewritten(&pool.uri, path),
            http10,
            headers,
            websocket,
            tls: pool
                .https
                .then(|| tls(model, "proxy", pool, &mut facts, self.folder))
                .transpose()?,
        })
    }

    /// What `ngx_http_uwsgi_create_request` makes.
    fn uwsgi(&self, location: &Location, pool: &Pool, path: &str) -> Result<UwsgiRequest, String> {
        let mut facts = self.facts(location, pool, path, false);
        let at = location.scope;
        let mut params = Vec::new();
        // Parameters that stand for headers of the client hide these, also where they are not
        // sent (`ngx_http_uwsgi_init_params`).
        let mut hidden = Vec::new();
        for statement in self.model.effective(at, "uwsgi_param") {
            let (Some(name), Some(value)) = (statement.arg(0), statement.arg(1)) else {
                continue;
            };
            let name = name.to_str().into_owned();
            let written = value.value();
            let value = expand(&mut facts, self.model, &written, &name)?;
            if let Some(header) = name.strip_prefix("HTTP_") {
                hidden.push(header.replace('-', "_").to_ascii_uppercase());
            }
            // What is written empty is never sent, what becomes empty is.
            if written.is_empty() {
                continue;
            }
            let optional = statement.arg(2).is_some_and(|word| word.is("if_not_empty"));
            if !(optional && value.is_empty()) {
                params.push(plain(&name, &value));
            }
        }
        if self.model.target.at_least(1, 29, 5) && !hidden.iter().any(|name| name == "HOST") {
            hidden.push("HOST".to_owned());
            params.push(plain("HTTP_HOST", &location.server.http_host()));
        }
        if passes_headers(self.model, at, "uwsgi_pass_request_headers") {
            for header in self.client(location, false) {
                let name = header.name.to_ascii_uppercase().replace('-', "_");
                if !hidden.contains(&name) {
                    let name = format!("HTTP_{name}");
                    params.push(Header { name, ..header });
                }
            }
        }
        let modifier = |name: &str| {
            let number = self.model.value(at, name);
            let number = number.and_then(|number| number.arg(0));
            let number = number.and_then(|number| number.to_str().parse().ok());
            number.unwrap_or(0)
        };
        Ok(UwsgiRequest {
            modifiers: (modifier("uwsgi_modifier1"), modifier("uwsgi_modifier2")),
            params,
            tls: pool
                .https
                .then(|| tls(self.model, "uwsgi", pool, &mut facts, self.folder))
                .transpose()?,
        })
    }

    /// What the assumed client asks, as nginx sees it in a location.
    fn facts(&self, location: &Location, pool: &Pool, path: &str, websocket: bool) -> Facts {
        let (plain, args) = path.split_once('?').unwrap_or((path, ""));
        let uri = Uri {
            path: plain.into(),
            args: args.into(),
        };
        let server = &location.server;
        let mut facts = Facts::new(uri, path.into(), server.host.clone().into_bytes());
        facts.tls = server.scheme == "https";
        facts.server_port = server.port;
        facts.server_name = server.name.clone().into_bytes();
        facts.server_addr = Some(CLIENT);
        facts.client = Some(CLIENT);
        facts.peer = Some(CLIENT);
        facts.whole = true;
        facts.scope = location.scope;
        facts.prefix = self.folder.to_path_buf();
        let headers = self.client(location, websocket).into_iter();
        facts.headers = headers.map(|header| (header.name, header.value)).collect();
        for (name, value) in [
            ("proxy_host", pool.proxy_host.as_str()),
            ("proxy_port", &pool.proxy_port),
            // As long as a real one, and easily found in the logs of a node.
            ("request_id", "00000000000000000000000000000000"),
            ("remote_port", "40000"),
            ("realip_remote_port", "40000"),
        ] {
            facts.assign(name.as_bytes(), Value::known(value));
        }
        self.set(&mut facts);
        facts
    }

    /// `set` of the server, then of the location; those under `if` depend on the request.
    fn set(&self, facts: &mut Facts) {
        let model = self.model;
        let around = model.outwards(facts.scope);
        let server = { around }.find(|id| model.scope(*id).context == Context::Server);
        for name in self.group_names(facts.scope, server) {
            facts.assign(name.as_bytes(), Value::unknown(name.as_bytes()));
        }
        for id in server.into_iter().chain([facts.scope]) {
            let scope = model.scope(id);
            let conditional = scope.blocks.iter().filter(|(_, block)| {
                let context = model.scope(*block).context;
                matches!(context, Context::IfInServer | Context::IfInLocation)
            });
            let conditional = conditional.flat_map(|(_, block)| model.scope(*block).named("set"));
            for (set, known) in scope
                .named("set")
                .map(|set| (set, true))
                .chain(conditional.map(|set| (set, false)))
            {
                let (Some(name), Some(value)) = (set.arg(0), set.arg(1)) else {
                    continue;
                };
                let name = name.value();
                let name = name.strip_prefix(b"$").unwrap_or(&name);
                let value = match known {
                    true => facts.expand(&value.value(), model),
                    false => Value::unknown(name),
                };
                facts.assign(name, value);
            }
        }
    }

    /// The names of groups in the expressions of a location and a server: what they match is
    /// not known.
    fn group_names(&self, location: ScopeId, server: Option<ScopeId>) -> Vec<String> {
        let http = &self.model.http;
        let location = http.location_of(location).map(|id| http.location(id));
        let own = location.and_then(|location| location.regex.as_deref());
        let server = http
            .servers
            .iter()
            .find(|known| Some(known.scope) == server);
        let names = server.into_iter().flat_map(|server| &server.names);
        let regexes = names.filter_map(|name| name.regex.as_deref()).chain(own);
        regexes.flat_map(Regex::names).cloned().collect()
    }

    /// The headers of the assumed client.
    fn client(&self, location: &Location, websocket: bool) -> Vec<Header> {
        let http_host = location.server.http_host();
        let mut headers = vec![plain("Host", &http_host)];
        let agent = concat!("djanginx/", env!("CARGO_PKG_VERSION"));
        for (name, value) in [("User-Agent", agent), ("Accept", "*/*")] {
            headers.push(plain(name, value));
        }
        if websocket {
            let origin = format!("{}://{http_host}", location.server.scheme);
            for (name, value) in [
                ("Connection", "Upgrade"),
                ("Upgrade", "websocket"),
                ("Sec-WebSocket-Key", WEBSOCKET_KEY),
                ("Sec-WebSocket-Version", "13"),
                ("Origin", &origin),
            ] {
                headers.push(plain(name, value));
            }
        }
        for wish in &self.wishes.headers {
            headers.retain(|header| !header.name.eq_ignore_ascii_case(&wish.name));
            headers.push(wish.clone());
        }
        headers
    }
}

fn plain(name: &str, value: &str) -> Header {
    Header {
        name: name.to_owned(),
        value: value.to_owned(),
        shown: None,
    }
}

fn expand(facts: &mut Facts, model: &Model<'_>, text: &[u8], name: &str) -> Result<String, String> {
    let parts = expression::parse(text).unwrap_or_default();
    if let Some(Part::Capture { group, .. }) = parts
        .iter()
        .find(|part| matches!(part, Part::Capture { .. }))
    {
        // A group of the location's pattern.
        return Err(format!("`{name}` depends on `${group}`"));
    }
    match facts.expand(text, model) {
        Value::Known(value) => {
            String::from_utf8(value).map_err(|_| format!("`{name}` is no UTF-8"))
        }
        Value::Unknown(unknown) => Err(format!("`{name}` depends on `{}`", unknown.variable)),
    }
}

/// Whether the client's headers are passed on, as they are by default.
fn passes_headers(model: &Model<'_>, at: ScopeId, name: &str) -> bool {
    let statement = model.value(at, name);
    !statement.is_some_and(|statement| statement.arg(0).is_some_and(|word| word.is("off")))
}

/// `proxy_ssl_*` or `uwsgi_ssl_*`.
fn tls(
    model: &Model<'_>,
    family: &str,
    pool: &Pool,
    facts: &mut Facts,
    folder: &Path,
) -> Result<Tls, String> {
    let at = facts.scope;
    let value = |name: &str| {
        let statement = model.value(at, &format!("{family}_ssl_{name}"));
        statement.and_then(|statement| statement.arg(0))
    };
    let on = |name: &str| value(name).is_some_and(|word| word.is("on"));
    let mut expanded = |name: &str| {
        let word = value(name);
        word.map(|word| expand(facts, model, &word.value(), &format!("{family}_ssl_{name}")))
            .transpose()
    };
    let path = |text: String| folder.join(PathBuf::from(text));
    let name = expanded("name")?.unwrap_or_else(|| pool.proxy_host.clone());
    let identity = expanded("certificate")?.zip(expanded("certificate_key")?);
    Ok(Tls {
        name: name.split(':').next().unwrap_or_default().to_owned(),
        sni: on("server_name"),
        verify: on("verify"),
        trusted: value("trusted_certificate").map(|word| path(word.to_str().into_owned())),
        identity: identity
            .filter(|(certificate, _)| !certificate.is_empty())
            .map(|(certificate, key)| (path(certificate), path(key))),
    })
}

/// What to ask of a stream's nodes: what usually listens on their ports, or what its name
/// says.
fn stream_ask(pool: &Pool) -> Ask {
    let port = pool.nodes.iter().find_map(|node| match &node.address {
        Ok(super::Address::Ip(address)) => Some(address.port()),
        Ok(super::Address::Name(_, port)) => Some(*port),
        _ => None,
    });
    let name = pool.name.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    match port {
        Some(5432 | 5433 | 6432) => Ask::Postgres,
        Some(6379 | 6380) => Ask::Redis,
        _ if has(&["postgres", "pgbouncer", "pgsql"]) => Ask::Postgres,
        _ if has(&["redis", "valkey"]) => Ask::Redis,
        _ => Ask::Connect,
    }
}

/// A location with the server round it.
struct Location {
    scope: ScopeId,
    /// The prefix; `/` for one that is matched otherwise.
    prefix: String,
    /// Whether `proxy_pass` with a path replaces the prefix.
    literal: bool,
    server: Server,
}

struct Server {
    scheme: &'static str,
    host: String,
    name: String,
    port: u16,
}

impl Server {
    fn http_host(&self) -> String {
        match (self.scheme, self.port) {
            ("http", 80) | ("https", 443) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }
}

impl Location {
    fn new(model: &Model<'_>, pass: Statement<'_>) -> Self {
        let opener = model.scope(pass.scope).opener;
        let (matcher, path) = opener
            .and_then(location_of)
            .unwrap_or((Matcher::Prefix, b"/".to_vec()));
        let literal = !matches!(matcher, Matcher::Regex | Matcher::Named);
        let prefix = String::from_utf8(path).ok().filter(|_| literal);
        let server = model
            .outwards(pass.scope)
            .find(|id| model.scope(*id).context == Context::Server);
        Self {
            scope: pass.scope,
            prefix: prefix.unwrap_or_else(|| "/".to_owned()),
            literal,
            server: server.map_or_else(Server::unknown, |server| Server::new(model, server)),
        }
    }

    /// The path that the node sees.
    fn rewritten(&self, uri: &str, path: &str) -> String {
        match path.strip_prefix(self.prefix.as_str()) {
            Some(rest) if !uri.is_empty() && self.literal => format!("{uri}{rest}"),
            _ => path.to_owned(),
        }
    }
}

impl Server {
    fn unknown() -> Self {
        Self {
            scheme: "http",
            host: "localhost".to_owned(),
            name: String::new(),
            port: 80,
        }
    }

    fn new(model: &Model<'_>, server: ScopeId) -> Self {
        let scope = model.scope(server);
        let secure =
            |listen: &Statement<'_>| listen.args().any(|word| word.is("ssl") || word.is("quic"));
        let listens: Vec<_> = scope.named("listen").collect();
        let tls = listens.iter().find(|listen| secure(listen));
        let chosen = tls.or(listens.first());
        let address = chosen.and_then(|listen| listen.arg(0));
        let address = address.map(|word| word.to_str().into_owned());
        let (listened, port) = listened(address.as_deref().unwrap_or("80"));
        let names: Vec<String> = scope
            .named("server_name")
            .flat_map(|names| names.args())
            .map(|word| word.to_str().into_owned())
            .collect();
        let usable = |name: &&String| {
            !name.is_empty()
                && !name.starts_with(['~', '*', '.', '_', '$'])
                && !name.ends_with(".*")
        };
        Self {
            scheme: if tls.is_some() { "https" } else { "http" },
            host: names.iter().find(usable).cloned().unwrap_or(listened),
            name: names.first().cloned().unwrap_or_default(),
            port,
        }
    }
}

/// Address and port of a `listen`, as a client on this machine writes them.
fn listened(text: &str) -> (String, u16) {
    let any = || "127.0.0.1".to_owned();
    if let Ok(port) = text.parse() {
        return (any(), port);
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, port.parse().unwrap_or(80))
        }
        _ => (text, 80),
    };
    match host {
        "*" | "0.0.0.0" | "[::]" | "" => (any(), port),
        "unix" => ("localhost".to_owned(), 80),
        host => (host.to_owned(), port),
    }
}
