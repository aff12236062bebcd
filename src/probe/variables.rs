//! nginx's variables, as the assumed client would make them.
//!
//! The client is on this machine and asks nothing but a page, so almost every variable has
//! one value. Those of `map`, `geo` and `set` are computed as nginx computes them; what only
//! a real request can tell (`$ssl_client_s_dn`, `$upstream_addr`, a module's own) is unknown.

use crate::model::{Config, Model, ScopeId, Statement, Texts};
use crate::syntax::Directive;

use crate::values::expression::{self, Part};
use crate::values::regex::Regex;
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

/// Where the assumed client is.
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// How deep variables may refer to each other (nginx's own limit is 100,
/// `ngx_http_variables.c`).
const DEEPEST: u32 = 100;

/// The request of the assumed client, as nginx sees it in one location.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    /// `http` or `https`.
    pub(super) scheme: &'static str,
    /// The host, without a port.
    pub(super) host: String,
    /// The host as the client wrote it.
    pub(super) http_host: String,
    /// The port that nginx listens on.
    pub(super) server_port: u16,
    /// The first name of the server.
    pub(super) server_name: String,
    /// The path.
    pub(super) path: String,
    /// What is behind the path's `?`.
    pub(super) args: String,
    /// `$proxy_host`.
    pub(super) proxy_host: String,
    /// `$proxy_port`.
    pub(super) proxy_port: String,
    /// `$request_id`.
    pub(super) request_id: String,
    /// The client's headers.
    pub(super) headers: Vec<(String, String)>,
}

/// Why an expression has no value here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unknown(
    /// The variable, without `$`.
    pub(super) String,
);

/// The blocks that compute variables: `map` and `geo`, by the variable without `$`.
pub(super) struct Computed<'m> {
    blocks: HashMap<String, Directive<'m>>,
}

impl<'m> Computed<'m> {
    /// Those of a configuration, and of a part of one.
    pub(super) fn read(texts: &'m Texts<'_>, config: &Config) -> Self {
        let mut blocks = HashMap::new();
        for file in config.files() {
            let root = texts.parse(file).tree.root();
            let outer = root.directives();
            for directive in outer {
                let inner = directive.block().filter(|_| directive.is("http"));
                let inner = inner.into_iter().flat_map(|block| block.directives());
                for block in std::iter::once(directive).chain(inner) {
                    if !block.is("map") && !block.is("geo") {
                        continue;
                    }
                    let Some(name) = block.args().next_back() else {
                        continue;
                    };
                    if let Some(name) = name.value().strip_prefix(b"$") {
                        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
                        blocks.insert(name, block);
                    }
                }
            }
        }
        Self { blocks }
    }
}

/// Computes expressions.
pub(super) struct Variables<'a, 'm> {
    model: &'a Model<'m>,
    computed: &'a Computed<'m>,
    location: ScopeId,
    visit: &'a Visit,
    captured: RefCell<HashMap<String, Vec<u8>>>,
}

impl<'a, 'm> Variables<'a, 'm> {
    pub(super) fn new(
        model: &'a Model<'m>,
        computed: &'a Computed<'m>,
        location: ScopeId,
        visit: &'a Visit,
    ) -> Self {
        Self {
            model,
            computed,
            location,
            visit,
            captured: RefCell::default(),
        }
    }

    /// The value of an expression.
    pub(super) fn expand(&self, text: &[u8]) -> Result<Vec<u8>, Unknown> {
        self.expand_at(text, 0)
    }

    fn expand_at(&self, text: &[u8], depth: u32) -> Result<Vec<u8>, Unknown> {
        let Ok(parts) = expression::parse(text) else {
            return Ok(text.to_owned());
        };
        let mut value = Vec::with_capacity(text.len());
        for part in parts {
            match part {
                Part::Text(range) => value.extend_from_slice(&text[range]),
                Part::Variable { name, .. } => {
                    let name = String::from_utf8_lossy(&text[name]).to_ascii_lowercase();
                    value.extend(self.variable(&name, depth + 1)?);
                }
                // Groups of a location's pattern: what they match is not known.
                Part::Capture { group, .. } => return Err(Unknown(group.to_string())),
            }
        }
        Ok(value)
    }

    fn variable(&self, name: &str, depth: u32) -> Result<Vec<u8>, Unknown> {
        let unknown = || Unknown(name.to_owned());
        if depth > DEEPEST {
            return Err(unknown());
        }
        if let Some(value) = self.captured.borrow().get(name) {
            return Ok(value.clone());
        }
        if let Some(value) = self.set(name, depth) {
            return value;
        }
        if let Some(value) = self.block(name, depth) {
            return value;
        }
        self.builtin(name).ok_or_else(unknown)
    }

    /// A variable of nginx's own modules.
    fn builtin(&self, name: &str) -> Option<Vec<u8>> {
        let visit = self.visit;
        let query = if visit.args.is_empty() { "" } else { "?" };
        let text = match name {
            "host" => visit.host.clone(),
            "remote_addr" | "realip_remote_addr" | "server_addr" => CLIENT.to_string(),
            "proxy_add_x_forwarded_for" => CLIENT.to_string(),
            "binary_remote_addr" => return Some(vec![127, 0, 0, 1]),
            "remote_port" | "realip_remote_port" => "40000".to_owned(),
            "scheme" => visit.scheme.to_owned(),
            "https" if visit.scheme == "https" => "on".to_owned(),
            "server_port" => visit.server_port.to_string(),
            "server_name" => visit.server_name.clone(),
            "server_protocol" => "HTTP/1.1".to_owned(),
            "request_method" => "GET".to_owned(),
            "request_uri" => format!("{}{query}{}", visit.path, visit.args),
            "uri" | "document_uri" => visit.path.clone(),
            "args" | "query_string" => visit.args.clone(),
            "is_args" => query.to_owned(),
            "request" => format!("GET {}{query}{} HTTP/1.1", visit.path, visit.args),
            "request_id" => visit.request_id.clone(),
            "proxy_host" => visit.proxy_host.clone(),
            "proxy_port" => visit.proxy_port.clone(),
            "nginx_version" => self.model.target.to_string(),
            "document_root" => {
                let root = self.model.value(self.location, "root");
                let root = root.and_then(|root| root.arg(0));
                // The default is below the prefix, here that of nginx's own packages.
                let default = || b"/etc/nginx/html".to_vec();
                return Some(root.map_or_else(default, |word| word.value().into_owned()));
            }
            // The client wrote the port that nginx listens on, or none (1.29.3).
            "request_port" | "is_request_port" => {
                let port = visit.http_host.strip_prefix(visit.host.as_str());
                match (name, port.and_then(|port| port.strip_prefix(':'))) {
                    (_, None) => String::new(),
                    ("request_port", Some(port)) => port.to_owned(),
                    (_, Some(_)) => ":".to_owned(),
                }
            }
            "https"
            | "content_type"
            | "content_length"
            | "remote_user"
            | "request_body"
            | "invalid_referer"
            | "proxy_protocol_addr"
            | "http2"
            | "http3"
            | "ssl_client_verify"
            | "proxy_internal_body_length"
            | "proxy_internal_chunked" => String::new(),
            _ => {
                if let Some(header) = name.strip_prefix("http_") {
                    let named = |(key, _): &&(String, String)| {
                        key.replace('-', "_").eq_ignore_ascii_case(header)
                    };
                    let found = visit.headers.iter().find(named);
                    return Some(found.map_or_else(Vec::new, |(_, value)| value.clone().into()));
                }
                let absent = ["cookie_", "arg_"];
                return absent
                    .iter()
                    .any(|prefix| name.starts_with(prefix))
                    .then(Vec::new);
            }
        };
        Some(text.into_bytes())
    }

    /// `set`, in the server and then in the location; those under `if` depend on the request.
    fn set(&self, name: &str, depth: u32) -> Option<Result<Vec<u8>, Unknown>> {
        let is_it = |set: &Statement<'_>| {
            let value = set.arg(0).map(|word| word.value());
            let value = value.as_deref().and_then(|value| value.strip_prefix(b"$"));
            value.is_some_and(|value| value.eq_ignore_ascii_case(name.as_bytes()))
        };
        let set = self.model.outwards(self.location).find_map(|scope| {
            let sets = self.model.scope(scope).named("set");
            sets.filter(is_it).last()
        })?;
        let value = set.arg(1)?.value().into_owned();
        Some(self.expand_at(&value, depth))
    }

    /// `map` and `geo`.
    fn block(&self, name: &str, depth: u32) -> Option<Result<Vec<u8>, Unknown>> {
        let block = *self.computed.blocks.get(name)?;
        Some(if block.is("map") {
            self.map(block, depth)
        } else {
            self.geo(block, depth)
        })
    }

    /// The value of a `map` (`ngx_http_map_find`): an exact text first, then patterns in
    /// their order, then `default`.
    fn map(&self, map: Directive<'m>, depth: u32) -> Result<Vec<u8>, Unknown> {
        let source = map.arg(0).map(|word| word.value().into_owned());
        let value = self.expand_at(&source.unwrap_or_default(), depth)?;
        let mut default = Vec::new();
        let mut matched = None;
        for line in map.block().into_iter().flat_map(|b| b.directives()) {
            let (key, Some(result)) = (line.name().value(), line.arg(0)) else {
                continue;
            };
            let result = || result.value().into_owned();
            let (pattern, caseless) = match &*key {
                b"default" => {
                    default = result();
                    continue;
                }
                [b'~', b'*', pattern @ ..] => (Some(pattern), true),
                [b'~', pattern @ ..] => (Some(pattern), false),
                _ => (None, false),
            };
            match pattern {
                None => {
                    let key = key.strip_prefix(b"\\").unwrap_or(&key);
                    if key.eq_ignore_ascii_case(&value) {
                        return self.expand_at(&result(), depth);
                    }
                }
                Some(pattern) if matched.is_none() => {
                    let regex = Regex::new(pattern, caseless).ok();
                    if let Some(regex) = regex.filter(|regex| regex.is_match(&value)) {
                        let mut captured = self.captured.borrow_mut();
                        for (name, text) in regex.named_in(&value) {
                            let name = String::from_utf8_lossy(&name).to_ascii_lowercase();
                            captured.insert(name, text);
                        }
                        matched = Some(result());
                    }
                }
                Some(_) => {}
            }
        }
        self.expand_at(&matched.unwrap_or(default), depth)
    }

    /// The value of a `geo` for the client's address: the longest network that holds it.
    fn geo(&self, geo: Directive<'m>, depth: u32) -> Result<Vec<u8>, Unknown> {
        let mut args = geo.args();
        let source = match args.len() {
            2 => args.next().map(|word| word.value().into_owned()),
            _ => Some(b"$remote_addr".to_vec()),
        };
        let address = self.expand_at(&source.unwrap_or_default(), depth)?;
        let address: IpAddr = String::from_utf8_lossy(&address).parse().unwrap_or(CLIENT);
        let mut default = Vec::new();
        let mut best: Option<(u8, Vec<u8>)> = None;
        for line in geo.block().into_iter().flat_map(|b| b.directives()) {
            let (key, Some(value)) = (line.name().value(), line.arg(0)) else {
                continue;
            };
            let value = || value.value().into_owned();
            if *key == *b"default" {
                default = value();
            } else if let Some(network) = network(&key)
                && network.contains(&address)
                && best
                    .as_ref()
                    .is_none_or(|(longest, _)| network.prefix_len() >= *longest)
            {
                best = Some((network.prefix_len(), value()));
            }
        }
        Ok(best.map_or(default, |(_, value)| value))
    }
}

/// `10.0.0.0/8`, or one address.
fn network(text: &[u8]) -> Option<ipnet::IpNet> {
    let text = std::str::from_utf8(text).ok()?;
    let one = || text.parse::<IpAddr>().map(ipnet::IpNet::from).ok();
    text.parse().ok().or_else(one)
}
