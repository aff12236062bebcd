//! What a location hands on to a backend, for a request that has come to it.

use super::script::{self, Code, Condition, Rewritten};
use crate::directives::Context;
use crate::evaluation::{Facts, Value};
use crate::model::http::Found;
use crate::model::{Model, ScopeId, Statement};
use crate::values::uri::{self, Escape};

/// How often a location is entered (`NGX_HTTP_MAX_URI_CHANGES`).
const CHANGES: usize = 10;

/// A request in a location, after its rewriting.
#[derive(Debug, Clone)]
pub struct Passing {
    /// What is known of it there.
    pub facts: Facts,
    /// The URI still begins with what the location matched.
    pub valid_location: bool,
    /// The URI is as the client wrote it.
    pub unparsed: bool,
}

impl Passing {
    /// Brings a request into the location of `facts.scope`, through the rewriting of its
    /// server and its own.
    ///
    /// What would send the request elsewhere (`return`, another location) is passed over:
    /// the question is what the location sends when it sends something.
    #[must_use]
    pub fn enter(model: &Model<'_>, facts: Facts) -> Self {
        let http = &model.http;
        let location = facts.scope;
        let mut passing = Self {
            facts,
            valid_location: true,
            unparsed: true,
        };
        let mut outwards = model.outwards(location);
        let server = outwards.find(|id| model.scope(*id).context == Context::Server);
        let server = server.and_then(|scope| http.server_of(scope));
        if let Some(id) = server {
            let host = passing.facts.host.clone();
            let names = http.server(id).names.iter();
            let mut regexes = names.filter_map(|name| name.regex.as_deref());
            let _ = regexes.find(|regex| passing.facts.matches(regex, &host));
            passing.facts.scope = http.server(id).scope;
            passing.run(model, false);
        }
        for _ in 0..CHANGES {
            passing.facts.scope = location;
            passing.valid_location = true;
            let id = http.location_of(location);
            if let Some(regex) = id.and_then(|id| http.location(id).regex.as_deref()) {
                let path = passing.facts.uri.path.clone();
                passing.facts.matches(regex, &path);
            }
            let entered = passing.clone();
            if !passing.run(model, true) {
                return passing;
            }
            let path = &passing.facts.uri.path;
            let found = server.map(|server| http.find_location(server, path));
            if !matches!((found, id), (Some(Found::Location(found)), Some(id)) if found == id) {
                return entered;
            }
        }
        passing
    }

    /// Runs the program of a block; whether the URI has changed so that a location has to be
    /// looked for.
    fn run(&mut self, model: &Model<'_>, in_location: bool) -> bool {
        let program = script::program(model, self.facts.scope);
        let (mut at, mut changed) = (0, false);
        while let Some(code) = program.get(at) {
            at += 1;
            match *code {
                Code::If {
                    statement,
                    scope,
                    end,
                } => match script::condition(statement, &mut self.facts, model) {
                    Condition::Holds if in_location && !passes(model, scope) => {
                        self.facts.scope = scope;
                    }
                    Condition::Holds => {}
                    // Files are not looked at, and nothing else is stated.
                    Condition::Fails | Condition::File { .. } | Condition::Unknown(_) => at = end,
                },
                Code::Do(statement) => match statement.name() {
                    "break" => break,
                    "set" => {
                        if let (Some(name), Some(value)) = (statement.arg(0), statement.arg(1)) {
                            let value = self.facts.expand(&value.value(), model);
                            let name = name.value();
                            let name = name.strip_prefix(b"$").unwrap_or(&name);
                            self.facts.assign(name, value);
                        }
                    }
                    "rewrite" => {
                        if let Rewritten::Yes { stop, search } =
                            script::rewrite(statement, &mut self.facts, model)
                        {
                            self.unparsed = false;
                            changed = search;
                            self.valid_location &= search;
                            if stop {
                                break;
                            }
                        }
                    }
                    _ => {}
                },
            }
        }
        changed
    }

    /// The URI that `proxy_pass` sends.
    pub fn sent_uri(&mut self, model: &Model<'_>, pass: Statement<'_>) -> Option<Vec<u8>> {
        sent_uri(
            model,
            &mut self.facts,
            (self.valid_location, self.unparsed),
            pass,
        )
    }
}

/// Whether a block hands its requests on itself.
fn passes(model: &Model<'_>, scope: ScopeId) -> bool {
    let statements = model.scope(scope).statements();
    let mut names = statements.map(|statement| statement.name());
    names.any(|name| name.ends_with("_pass"))
}

/// The URI that `proxy_pass` sends (`ngx_http_proxy_create_request`, `ngx_http_proxy_eval`),
/// by whether the URI begins with what the location matched, and whether it is as the client
/// wrote it; `None` where it is not known.
pub(super) fn sent_uri(
    model: &Model<'_>,
    facts: &mut Facts,
    (valid_location, unparsed): (bool, bool),
    pass: Statement<'_>,
) -> Option<Vec<u8>> {
    if pass.name() != "proxy_pass" {
        return None;
    }
    let written = pass.arg(0)?.value().into_owned();
    let variables = memchr::memchr(b'$', &written).is_some();
    let url = match variables {
        false => written,
        true => match facts.expand(&written, model) {
            Value::Known(url) => url,
            Value::Unknown(_) => return None,
        },
    };
    let rest = &url[memchr::memmem::find(&url, b"://")? + 3..];
    let start = if rest.len() >= 5 && rest[..5].eq_ignore_ascii_case(b"unix:") {
        memchr::memchr(b':', &rest[5..]).map(|at| at + 6)
    } else {
        memchr::memchr2(b'/', b'?', rest)
    };
    let own = start.map_or(&[][..], |start| &rest[start..]);
    if variables && !own.is_empty() {
        let slash = if own.starts_with(b"?") { "/" } else { "" };
        return Some([slash.as_bytes(), own].concat());
    }
    if own.is_empty() && unparsed {
        return Some(facts.request_uri.clone());
    }
    let cut = if valid_location && !own.is_empty() {
        let location = model.http.location_of(pass.scope)?;
        model.http.location(location).name.len()
    } else {
        0
    };
    // After `rewrite … break` the own path does not count (`r->valid_location`).
    let mut path = if valid_location {
        own.to_vec()
    } else {
        Vec::new()
    };
    path.extend(uri::escape(facts.uri.path.get(cut..)?, Escape::Uri));
    if !facts.uri.args.is_empty() {
        path.push(b'?');
        path.extend_from_slice(&facts.uri.args);
    }
    Some(path)
}
