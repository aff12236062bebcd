//! From a configuration to questions: the request that nginx would send to each node for
//! the assumed client.
//!
//! The client is on this machine, asks `GET`, HTTP/1.1, and writes the first domain of the
//! server that is no wildcard, else the address that it listens on. A topology is rendered
//! first, so that what is asked is what its nginx would ask.

use super::example;
use super::pools::{self, Node, Pool};
use super::secret::{self, Secret};
use super::target::{
    self, Ask, Backend, Header, HttpRequest, Skipped, Target, Targets, Tls, UwsgiRequest,
};
use crate::app_server::AppServer;
use crate::directives::{Context, Modules};
use crate::evaluation::{Facts, Value};
use crate::explain::passing::Passing;
use crate::model::files::Disk;
use crate::model::{Limits, Model, Prefix, ScopeId, Statement, Texts};
use crate::render::{self, RenderError};
use crate::rules::facts::{Matcher, location_of};
use crate::source::Span;
use crate::topology::Loaded;
use crate::topology::document::Step;
use crate::topology::model::{Layout, Topology};
use crate::values::uri::{self, Escape, Uri};
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
    /// What is in them and never shown.
    pub secrets: Vec<Secret>,
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
    server: Option<AppServer>,
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
    // Where nginx's own packages have their configuration.
    let mut targets = plan(&reading.model, Path::new("/etc/nginx"), wishes, &known);
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
            server: pool.server,
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
        user: user(model),
        targets: Targets::default(),
        asked: HashSet::new(),
        skipped: HashSet::new(),
    };
    for scope in &model.scopes {
        for statement in scope.statements() {
            match (scope.context, statement.name()) {
                (Context::StreamServer, "proxy_pass") => plan.stream(statement),
                (_, "proxy_pass" | "uwsgi_pass") if scope.context == Context::Location => {
                    plan.location(statement);
                }
                (_, "proxy_pass" | "uwsgi_pass") => {
                    plan.skip(statement, "only requests that meet a condition go there");
                }
                (_, "fastcgi_pass" | "scgi_pass" | "grpc_pass" | "memcached_pass") => {
                    let name = statement.name();
                    let protocol = name.strip_suffix("_pass").unwrap_or(name);
                    plan.skip(statement, &format!("{protocol} is not spoken yet"));
                }
                _ => {}
            }
        }
    }
    plan.targets
}

/// The user and the group of nginx's workers, where they are written.
fn user(model: &Model<'_>) -> Option<(String, Option<String>)> {
    let user = model.scope(ScopeId::MAIN).first("user")?;
    let word = |index| user.arg(index).map(|word| word.to_str().into_owned());
    Some((word(0)?, word(1)))
}

/// Where the assumed client is.
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct Plan<'a, 'm> {
    model: &'a Model<'m>,
    folder: &'a Path,
    wishes: &'a Wishes,
    known: &'a Known,
    user: Option<(String, Option<String>)>,
    targets: Targets,
    /// By the name of a pool: what its nodes are asked.
    asked: HashSet<(String, Arc<Ask>)>,
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
        let variables = "variables decide where `proxy_pass` goes";
        let text = pass.arg(0).map(|word| word.to_str().into_owned());
        let text = text.filter(|text| !text.contains('$'));
        let pool = match text {
            Some(text) => pools::pool(self.model, pass, &text),
            None => Err(variables.to_owned()),
        };
        match pool {
            Err(reason) => self.skip(pass, &reason),
            Ok(pool) => {
                let ask = Arc::new(stream_ask(&pool));
                self.nodes(&pool, &[ask], Backend::Other);
            }
        }
    }

    fn location(&mut self, pass: Statement<'m>) {
        let location = Location::new(self.model, pass);
        let pool = match self.pool(&location, pass) {
            Ok(pool) => pool,
            Err(reason) => return self.skip(pass, &reason),
        };
        let facts = self.known.pools.get(&pool.name);
        let path = self.wishes.path.clone();
        let path = path.or_else(|| facts.and_then(|facts| facts.path.clone()));
        let path = path.unwrap_or_else(|| match facts {
            Some(_) => "/".to_owned(),
            None => location.path.clone(),
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
        if !uwsgi && (facts.is_some() || location.path != "/") {
            let ask = self.http(&location, &pool, &location.path, true);
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

    /// Where the requests of a location go.
    fn pool(&self, location: &Location<'m>, pass: Statement<'m>) -> Result<Pool, String> {
        let Some(word) = pass.arg(0) else {
            return Err(format!("`{}` says nothing", pass.name()));
        };
        let text = word.value();
        if memchr::memchr(b'$', &text).is_none() {
            return pools::pool(self.model, pass, &String::from_utf8_lossy(&text));
        }
        let path = self.wishes.path.as_ref().unwrap_or(&location.path);
        let mut passing = self.passing(location, path, false);
        let text = expand(&mut passing.facts, self.model, &text, pass.name())?;
        let text = self.public(text, pass.name())?;
        pools::pool(self.model, pass, &text)
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
        let common = Arc::new(target::Pool {
            name: pool.name.clone(),
            backend,
            server: facts.and_then(|facts| facts.server),
            cookie: pool.cookie.clone(),
            user: self.user.clone(),
        });
        let asked = &mut self.asked;
        let new = |ask: &&Arc<Ask>| asked.insert((pool.name.clone(), Arc::clone(ask)));
        let asks: Vec<_> = asks.iter().filter(new).collect();
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
                    for ask in &asks {
                        let page = !matches!(&***ask, Ask::Http(request) if request.websocket);
                        let path = facts.and_then(|facts| facts.path.as_ref());
                        self.targets.targets.push(Target {
                            pool: Arc::clone(&common),
                            address: address.clone(),
                            place,
                            ask: Arc::clone(ask),
                            status: facts.and_then(|facts| facts.status).filter(|_| page),
                            health: page && path.is_some() && self.wishes.path.is_none(),
                        });
                    }
                }
            }
        }
    }

    /// What `ngx_http_proxy_create_request` makes.
    fn http(
        &self,
        location: &Location<'m>,
        pool: &Pool,
        path: &str,
        websocket: bool,
    ) -> Result<HttpRequest, String> {
        let model = self.model;
        let mut passing = self.passing(location, path, websocket);
        pool.tell(&mut passing.facts);
        let at = passing.facts.scope;
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
            let value = expand(&mut passing.facts, model, &value.value(), &name)?;
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
                headers.push(self.header(name, value));
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
        // What is not below the location, such as the health check of a topology, is a path
        // of the node's own.
        let uri = match location.has(path) {
            true => passing.sent_uri(model, location.pass),
            false => None,
        };
        let uri = uri.map_or_else(|| Ok(path.to_owned()), String::from_utf8);
        let uri = uri.map_err(|_| "its URI is no UTF-8".to_owned())?;
        let uri = self.public(uri, "its URI")?;
        Ok(HttpRequest {
            head,
            uri,
            http10,
            headers,
            websocket,
            tls: pool
                .https
                .then(|| self.tls("proxy", pool, &mut passing.facts))
                .transpose()?,
        })
    }

    /// What `ngx_http_uwsgi_create_request` makes.
    fn uwsgi(
        &self,
        location: &Location<'m>,
        pool: &Pool,
        path: &str,
    ) -> Result<UwsgiRequest, String> {
        let mut passing = self.passing(location, path, false);
        pool.tell(&mut passing.facts);
        let at = passing.facts.scope;
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
            let value = expand(&mut passing.facts, self.model, &written, &name)?;
            if let Some(header) = name.strip_prefix("HTTP_") {
                hidden.push(header.replace('-', "_").to_ascii_uppercase());
                if written.is_empty() {
                    continue;
                }
            }
            let optional = statement.arg(2).is_some_and(|word| word.is("if_not_empty"));
            if !(optional && value.is_empty()) {
                params.push(self.header(&name, &value));
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
                .then(|| self.tls("uwsgi", pool, &mut passing.facts))
                .transpose()?,
        })
    }

    fn tls(&self, family: &str, pool: &Pool, facts: &mut Facts) -> Result<Tls, String> {
        let mut tls = tls(self.model, family, pool, facts, self.folder)?;
        tls.name = self.public(tls.name, &format!("`{family}_ssl_name`"))?;
        Ok(tls)
    }

    /// A header that may have a secret of the client's in it.
    fn header(&self, name: &str, value: &str) -> Header {
        Header {
            shown: secret::masked_text(&self.wishes.secrets, value),
            ..plain(name, value)
        }
    }

    /// A text that is shown, and must have no secret in it.
    fn public(&self, text: String, name: &str) -> Result<String, String> {
        match secret::reveals(&self.wishes.secrets, &text) {
            true => Err(format!("{name} has a secret of `--header` in it")),
            false => Ok(text),
        }
    }

    /// What the assumed client asks, as nginx sees it in a location.
    fn passing(&self, location: &Location<'m>, path: &str, websocket: bool) -> Passing {
        let target = path.as_bytes();
        let uri = uri::parse(target, true).unwrap_or_else(|_| Uri {
            path: target.to_vec(),
            args: Vec::new(),
        });
        let server = &location.server;
        let mut facts = Facts::new(uri, target.to_vec(), server.host.clone().into_bytes());
        facts.tls = server.scheme == "https";
        facts.sni = facts.tls.then(|| server.host.clone());
        facts.server_port = server.port;
        facts.server_name = server.name.clone().into_bytes();
        facts.server_addr = Some(server.address);
        facts.client = Some(CLIENT);
        facts.peer = Some(CLIENT);
        facts.whole = true;
        facts.scope = location.pass.scope;
        facts.prefix = self.folder.to_path_buf();
        let headers = self.client(location, websocket).into_iter();
        facts.headers = headers.map(|header| (header.name, header.value)).collect();
        for (name, value) in [
            // As long as a real one, and easily found in the logs of a node.
            ("request_id", "00000000000000000000000000000000"),
            ("remote_port", "40000"),
            ("realip_remote_port", "40000"),
        ] {
            facts.assign(name.as_bytes(), Value::known(value));
        }
        Passing::enter(self.model, facts)
    }

    /// The headers of the assumed client.
    fn client(&self, location: &Location<'m>, websocket: bool) -> Vec<Header> {
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

/// A location that hands requests on, with the server round it.
struct Location<'m> {
    pass: Statement<'m>,
    /// The path that a client asks for to get there.
    path: String,
    /// What that path begins with; `None` where it is not matched by its beginning.
    prefix: Option<Vec<u8>>,
    server: Server,
}

struct Server {
    scheme: &'static str,
    host: String,
    name: String,
    /// The address that clients of this machine come to.
    address: IpAddr,
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

impl<'m> Location<'m> {
    fn new(model: &Model<'m>, pass: Statement<'m>) -> Self {
        let opener = model.scope(pass.scope).opener;
        let located = opener.and_then(location_of);
        let (matcher, text) = located.unwrap_or((Matcher::Prefix, b"/".into()));
        let literal = !matches!(matcher, Matcher::Regex | Matcher::Named);
        let id = model.http.location_of(pass.scope);
        let regex = id.and_then(|id| model.http.location(id).regex.as_deref());
        let path = match regex {
            _ if literal => Some(uri::escape(&text, Escape::Uri)),
            Some(regex) => example::path(&String::from_utf8_lossy(&text), regex)
                .map(|path| uri::escape(path.as_bytes(), Escape::Uri)),
            None => None,
        };
        let path = path.and_then(|path| String::from_utf8(path).ok());
        let server = model
            .outwards(pass.scope)
            .find(|id| model.scope(*id).context == Context::Server);
        Self {
            pass,
            path: path.unwrap_or_else(|| "/".to_owned()),
            prefix: literal.then(|| text.into_owned()),
            server: server.map_or_else(Server::unknown, |server| Server::new(model, server)),
        }
    }

    /// Whether a path of a client leads there, as far as its beginning tells.
    fn has(&self, path: &str) -> bool {
        let uri = uri::parse(path.as_bytes(), true);
        self.prefix
            .as_ref()
            .is_none_or(|prefix| uri.is_ok_and(|uri| uri.path.starts_with(prefix)))
    }
}

impl Server {
    fn unknown() -> Self {
        Self {
            scheme: "http",
            host: "localhost".to_owned(),
            name: String::new(),
            address: CLIENT,
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
            address: listened.trim_matches(['[', ']']).parse().unwrap_or(CLIENT),
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
