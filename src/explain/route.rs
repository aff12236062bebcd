//! The phases of a request (`src/http/ngx_http_core_module.c`).

use super::World;
use super::effects;
use super::passing;
use super::request::Request;
use super::script::{self, Code, Condition, Rewritten};
use super::trace::{Answer, End, Loser, Step, StepKind};
use crate::directives::Context;
use crate::evaluation::path::FilePath;
use crate::evaluation::{Facts, Value};
use crate::model::http::{Found, LocationId, LocationKind, ServerId};
use crate::model::sockets::Socket;
use crate::model::upstream::Method;
use crate::model::{Model, ScopeId, Statement};
use crate::source::{Span, readable};
use crate::values::address::{Host, inet_addr, inet6_addr, parse_cidr};
use crate::values::uri::{self, Escape};
use std::net::IpAddr;
use std::path::PathBuf;

/// The most cases that are looked at, when much is unknown.
const CASES: usize = 32;
/// How often a URI may change (`NGX_HTTP_MAX_URI_CHANGES`), and one more.
const CHANGES: u8 = 11;
/// The most steps of one case; nginx has limits of its own that are far below.
const STEPS: usize = 2_000;

/// Answers what happens to a request: one answer for each case that is not known.
#[must_use]
pub fn explain(world: &World<'_, '_>, request: &Request) -> Vec<Answer> {
    let router = Router { world, request };
    let mut answers = Vec::new();
    let mut open = match router.begin() {
        Ok(case) => vec![case],
        Err(answer) => return vec![*answer],
    };
    while let Some(mut case) = open.pop() {
        let room = answers.len() + open.len() < CASES;
        match router.next(&mut case) {
            Next::Go if case.steps.len() < STEPS => open.push(case),
            Next::Go => answers.push(case.end(world.model, response(500), None)),
            Next::End(end, span) => answers.push(case.end(world.model, end, span)),
            Next::Either(mut cases) => {
                if !room {
                    cases.truncate(1);
                }
                // The first case is answered first.
                open.extend(cases.into_iter().rev());
            }
        }
    }
    answers
}

fn response(status: u16) -> End {
    End::Response {
        status,
        location: None,
    }
}

fn redirect(status: u16, location: Vec<u8>) -> End {
    End::Response {
        status,
        location: Some(location),
    }
}

/// What comes next in a case.
enum Next<'m> {
    Go,
    End(End, Option<Span>),
    Either(Vec<Case<'m>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The rewriting of the server, from this step on.
    ServerRewrite(usize),
    FindLocation,
    /// The rewriting of the location, from this step on.
    Rewrite(usize),
    Access,
    /// `try_files`, from this argument on.
    TryFiles(usize),
    Content,
    /// `index`, from this file on.
    Index(usize),
    /// A status that `error_page` may answer.
    Status(u16),
}

/// A request on its way.
#[derive(Debug, Clone)]
struct Case<'m> {
    assuming: Vec<String>,
    steps: Vec<Step>,
    facts: Facts,
    server: ServerId,
    program: Vec<Code<'m>>,
    phase: Phase,
    changes: u8,
    /// The URI is not that of the client any more.
    internal: bool,
    /// The rewriting has changed the URI.
    changed: bool,
    /// The URI still begins with what the location matched.
    valid_location: bool,
    /// The URI is as the client wrote it.
    unparsed: bool,
    /// `error_page` has answered already.
    error_page: bool,
    /// The status that a page of an error keeps.
    status: Option<u16>,
}

impl Case<'_> {
    fn step(&mut self, kind: StepKind, text: impl Into<String>, span: Option<Span>) {
        self.steps.push(Step {
            kind,
            text: text.into(),
            span,
            lost: Vec::new(),
        });
    }

    fn end(self, model: &Model<'_>, end: End, span: Option<Span>) -> Answer {
        let family = match &end {
            End::Upstream { directive, .. } => directive.split('_').next(),
            _ => None,
        };
        Answer {
            effects: effects::effects(model, self.facts.scope, family),
            assuming: self.assuming,
            steps: self.steps,
            end,
            span,
        }
    }

    fn path(&self) -> String {
        readable(&self.facts.uri.path).into_owned()
    }
}

struct Router<'a, 'm> {
    world: &'a World<'a, 'm>,
    request: &'a Request,
}

impl<'m> Router<'_, 'm> {
    // ── The server ──────────────────────────────────────────────────────────────────────

    fn begin(&self) -> Result<Case<'m>, Box<Answer>> {
        let request = self.request;
        let http = &self.world.model.http;
        let mut steps = Vec::new();
        let early = |steps: Vec<Step>, end: End| {
            Box::new(Answer {
                assuming: Vec::new(),
                steps,
                end,
                span: None,
                effects: Vec::new(),
            })
        };
        let Some(socket) = self.socket(&mut steps) else {
            return Err(early(steps, End::Closed));
        };
        let step = |kind, text: String| Step {
            kind,
            text,
            span: None,
            lost: Vec::new(),
        };
        if request.tls != (socket.ssl || socket.quic) {
            let (text, end) = match request.tls {
                true => (
                    "this socket speaks plain HTTP: the handshake fails",
                    End::Closed,
                ),
                false => (
                    "this socket speaks TLS: plain HTTP is refused",
                    response(400),
                ),
            };
            steps.push(step(StepKind::Listen, text.to_owned()));
            return Err(early(steps, end));
        }
        let Ok((host, _)) = uri::host(&request.host_header()) else {
            steps.push(step(
                StepKind::Server,
                "nginx refuses this `Host`".to_owned(),
            ));
            return Err(early(steps, response(400)));
        };
        // The request line is read before `Host` is known: settings of the URI are those of
        // the default server, or of the one that the handshake names.
        let mut first_server = socket.default_server;
        if request.tls {
            let name = match &request.sni {
                Some(name) => name.to_ascii_lowercase().into_bytes(),
                None => host.clone(),
            };
            first_server = socket.server_for(&name);
            let scope = http.server(first_server).scope;
            let rejects = self.world.model.value(scope, "ssl_reject_handshake");
            if let Some(rejects) = rejects.filter(|flag| flag.arg(0).is_some_and(|w| w.is("on"))) {
                steps.push(Step {
                    kind: StepKind::Server,
                    text: format!("the server for `{}` rejects the handshake", readable(&name)),
                    span: Some(rejects.head()),
                    lost: Vec::new(),
                });
                return Err(early(steps, End::Closed));
            }
        }
        let server = socket.server_for(&host);
        steps.push(self.server_step(socket, server, &host));
        let scope = http.server(server).scope;
        let merge = self
            .world
            .model
            .value(http.server(first_server).scope, "merge_slashes")
            .is_none_or(|flag| flag.arg(0).is_none_or(|word| !word.is("off")));
        let Ok(uri) = uri::parse(&request.target, merge) else {
            steps.push(step(StepKind::Uri, "nginx refuses this URI".to_owned()));
            return Err(early(steps, response(400)));
        };
        let raw = request.target.split(|byte| *byte == b'?').next();
        if raw != Some(uri.path.as_slice()) {
            let text = format!("the path is `{}` for all that follows", readable(&uri.path));
            steps.push(step(StepKind::Uri, text));
        }
        let mut facts = Facts::new(uri, request.target.clone(), host);
        facts.method.clone_from(&request.method);
        facts.request_method.clone_from(&request.method);
        facts.tls = request.tls;
        facts.server_port = request.port;
        facts.sni.clone_from(&request.sni);
        facts.client = request.client;
        facts.peer = request.client;
        facts.headers.clone_from(&request.headers);
        if request.header("host").is_none() {
            let host = String::from_utf8_lossy(&request.host).into_owned();
            facts.headers.push(("Host".to_owned(), host));
        }
        facts.prefix.clone_from(&self.world.prefix);
        facts.scope = scope;
        facts.server_name = http
            .server(server)
            .names
            .first()
            .map(|name| name.name.clone())
            .unwrap_or_default();
        Ok(Case {
            assuming: Vec::new(),
            steps,
            facts,
            server,
            program: script::program(self.world.model, scope),
            phase: Phase::ServerRewrite(0),
            changes: CHANGES,
            internal: false,
            changed: false,
            valid_location: true,
            unparsed: true,
            error_page: false,
            status: None,
        })
    }

    /// The socket that takes the connection: one of that address goes before one of all
    /// addresses.
    fn socket(&self, steps: &mut Vec<Step>) -> Option<&Socket<'m>> {
        let sockets = &self.world.model.http.sockets.all;
        let wanted = self.request.listen.or_else(|| {
            let host = self.request.host.as_slice();
            let end = memchr::memchr(b':', host).unwrap_or(host.len());
            match host.strip_prefix(b"[") {
                Some(rest) => {
                    let end = memchr::memchr(b']', rest)?;
                    inet6_addr(&rest[..end]).map(IpAddr::V6)
                }
                None => inet_addr(&host[..end]).map(IpAddr::V4),
            }
        });
        let here = |socket: &&Socket<'m>| {
            socket.key.port == self.request.port
                && !socket.key.datagram
                && !matches!(socket.key.host, Host::Unix(_))
        };
        let address = |socket: &Socket<'m>| match socket.key.host {
            Host::V4(address) => Some(IpAddr::V4(address)),
            Host::V6(address) => Some(IpAddr::V6(address)),
            _ => None,
        };
        let exact = || {
            let wanted = wanted?;
            sockets
                .iter()
                .filter(here)
                .find(|socket| address(socket) == Some(wanted))
        };
        let wildcard = || {
            sockets.iter().filter(here).find(|socket| {
                let fits = wanted.is_none_or(|wanted| {
                    address(socket).is_some_and(|own| own.is_ipv4() == wanted.is_ipv4())
                });
                socket.wildcard && fits
            })
        };
        let any = || sockets.iter().filter(here).find(|_| wanted.is_none());
        let Some(socket) = exact().or_else(wildcard).or_else(any) else {
            let text = format!("no server listens on port {}", self.request.port);
            steps.push(Step {
                kind: StepKind::Listen,
                text,
                span: None,
                lost: Vec::new(),
            });
            return None;
        };
        steps.push(Step {
            kind: StepKind::Listen,
            text: format!("the connection comes in on {}", socket.text),
            span: socket.listens.first().map(|listen| listen.span),
            lost: Vec::new(),
        });
        Some(socket)
    }

    fn server_step(&self, socket: &Socket<'m>, server: ServerId, host: &[u8]) -> Step {
        let http = &self.world.model.http;
        let found = http.server(server);
        let shown = readable(host);
        let by_name = socket.names.find(host) == Some(server);
        let regex = || {
            let first = socket
                .regexes
                .iter()
                .find(|(regex, _)| regex.is_match(host));
            first.map(|(_, server)| *server) == Some(server)
        };
        let place = |server: ServerId| {
            let server = http.server(server);
            server
                .names
                .first()
                .map_or(server.statement.head(), |name| name.span)
        };
        let mut lost = Vec::new();
        let (text, span) = if socket.listens.len() == 1 {
            ("it is the only server there".to_owned(), place(server))
        } else if by_name {
            let same = |name: &&crate::model::http::ServerName| {
                name.regex.is_none() && matches_name(&name.name, host)
            };
            let name = found.names.iter().find(same);
            let text = match name {
                Some(name) if name.name != host => {
                    format!("`{}` matches `{shown}`", readable(&name.name))
                }
                _ => format!("its name is `{shown}`"),
            };
            for (regex, other) in &socket.regexes {
                if *other != server && regex.is_match(host) {
                    lost.push(Loser {
                        text: "its expression matches too, but names go first".to_owned(),
                        span: place(*other),
                    });
                }
            }
            (text, name.map_or(place(server), |name| name.span))
        } else if regex() {
            let of_server = found.names.iter().find(|name| {
                let regex = name.regex.as_ref();
                regex.is_some_and(|regex| regex.is_match(host))
            });
            let text = format!("its expression is the first that matches `{shown}`");
            (text, of_server.map_or(place(server), |name| name.span))
        } else {
            let marked = socket.default.is_some();
            let why = if marked {
                "is the default server"
            } else {
                "is the first one"
            };
            let text = format!("no server of this socket has the name `{shown}`: it {why}");
            (text, socket.default.unwrap_or(place(server)))
        };
        Step {
            kind: StepKind::Server,
            text,
            span: Some(span),
            lost,
        }
    }

    // ── Phases ──────────────────────────────────────────────────────────────────────────

    fn next(&self, case: &mut Case<'m>) -> Next<'m> {
        match case.phase {
            Phase::ServerRewrite(at) => self.run(case, at, true),
            Phase::FindLocation => self.find_location(case),
            Phase::Rewrite(at) => self.run(case, at, false),
            Phase::Access => self.access(case),
            Phase::TryFiles(at) => self.try_files(case, at),
            Phase::Content => self.content(case),
            Phase::Index(at) => self.index(case, at),
            Phase::Status(status) => self.status(case, status),
        }
    }

    /// A step of the rewriting.
    fn run(&self, case: &mut Case<'m>, at: usize, of_server: bool) -> Next<'m> {
        let phase = |at| match of_server {
            true => Phase::ServerRewrite(at),
            false => Phase::Rewrite(at),
        };
        let Some(code) = case.program.get(at).copied() else {
            return self.end_rewriting(case, of_server);
        };
        case.phase = phase(at + 1);
        let model = self.world.model;
        let statement = match code {
            Code::If {
                statement,
                scope,
                end,
            } => return self.branch(case, statement, scope, at, end, of_server),
            Code::Do(statement) => statement,
        };
        match statement.name() {
            "break" => {
                if case.changed {
                    case.valid_location = false;
                    case.changed = false;
                }
                case.step(
                    StepKind::Rewrite,
                    "`break` ends the rewriting",
                    Some(statement.head()),
                );
                self.end_rewriting(case, of_server)
            }
            "set" => {
                if let (Some(name), Some(value)) = (statement.arg(0), statement.arg(1)) {
                    let value = case.facts.expand(&value.value(), model);
                    let name = name.value();
                    let name = name.strip_prefix(b"$").unwrap_or(&name);
                    if name.eq_ignore_ascii_case(b"args") {
                        if let Value::Known(args) = &value {
                            case.facts.uri.args.clone_from(args);
                        }
                    } else {
                        case.facts.set.insert(name.to_ascii_lowercase(), value);
                    }
                }
                Next::Go
            }
            "return" => self.give_back(case, statement),
            _ => self.rewrite(case, statement, of_server),
        }
    }

    fn branch(
        &self,
        case: &mut Case<'m>,
        statement: Statement<'m>,
        scope: ScopeId,
        at: usize,
        end: usize,
        of_server: bool,
    ) -> Next<'m> {
        let phase = |at| match of_server {
            true => Phase::ServerRewrite(at),
            false => Phase::Rewrite(at),
        };
        let take = |case: &mut Case<'m>, holds: bool| {
            if holds {
                case.phase = phase(at + 1);
                if !of_server {
                    case.facts.scope = scope;
                }
            } else {
                case.phase = phase(end);
            }
            let text = if holds {
                "`if` holds"
            } else {
                "`if` does not hold"
            };
            case.step(StepKind::Rewrite, text, Some(statement.head()));
        };
        let model = self.world.model;
        let what = match script::condition(statement, &mut case.facts, model) {
            Condition::Holds => {
                take(case, true);
                return Next::Go;
            }
            Condition::Fails => {
                take(case, false);
                return Next::Go;
            }
            Condition::File {
                path,
                test,
                negative,
            } => match self.kind_of(&FilePath::alone(path.clone())) {
                Some(kind) => {
                    let is = match test {
                        b'f' => kind == Kind::File,
                        b'd' => kind == Kind::Folder,
                        _ => kind != Kind::Missing,
                    };
                    take(case, is != negative);
                    return Next::Go;
                }
                None => readable(&path).into_owned(),
            },
            Condition::Unknown(what) => what.variable,
        };
        let shown = statement.directive.head();
        let text = readable(self.world.texts.sources().slice(shown)).into_owned();
        let cases = [true, false].map(|holds| {
            let mut branch = case.clone();
            let verb = if holds { "holds" } else { "does not hold" };
            branch
                .assuming
                .push(format!("depends on `{what}`: `{text}` {verb}"));
            take(&mut branch, holds);
            branch
        });
        Next::Either(cases.into())
    }

    fn give_back(&self, case: &mut Case<'m>, statement: Statement<'m>) -> Next<'m> {
        let word = |index: usize| statement.arg(index).map(|word| word.value().into_owned());
        let first = word(0).unwrap_or_default();
        let code: Option<u16> = std::str::from_utf8(&first)
            .ok()
            .and_then(|t| t.parse().ok());
        let (status, text) = match (code, word(1)) {
            (Some(code), text) => (code, text),
            (None, _) => (302, Some(first)),
        };
        case.step(
            StepKind::Rewrite,
            format!("`return` answers {status}"),
            Some(statement.head()),
        );
        let span = Some(statement.head());
        if status == 444 {
            return Next::End(End::Closed, span);
        }
        if matches!(status, 301 | 302 | 303 | 307 | 308) {
            let location = match case
                .facts
                .expand(&text.unwrap_or_default(), self.world.model)
            {
                Value::Known(location) => location,
                Value::Unknown(what) => what.variable.into_bytes(),
            };
            if self.has_page(case, status) {
                case.phase = Phase::Status(status);
                return Next::Go;
            }
            return Next::End(redirect(status, location), span);
        }
        if status < 400 || text.is_some() {
            let status = case.status.unwrap_or(status);
            return Next::End(response(status), span);
        }
        case.phase = Phase::Status(status);
        Next::Go
    }

    fn rewrite(&self, case: &mut Case<'m>, statement: Statement<'m>, of_server: bool) -> Next<'m> {
        let span = Some(statement.head());
        let before = case.path();
        match script::rewrite(statement, &mut case.facts, self.world.model) {
            Rewritten::No => Next::Go,
            Rewritten::Unknown(what) => {
                case.assuming.push(format!(
                    "depends on `{}`, which is part of the new URI",
                    what.variable
                ));
                Next::End(End::Handler("rewrite"), span)
            }
            Rewritten::Redirect { status, location } => {
                case.step(
                    StepKind::Rewrite,
                    format!("`rewrite` answers {status}"),
                    span,
                );
                if self.has_page(case, status) {
                    case.phase = Phase::Status(status);
                    return Next::Go;
                }
                Next::End(redirect(status, location), span)
            }
            Rewritten::Yes { stop, search } => {
                let text = format!("`{before}` becomes `{}`", case.path());
                case.step(StepKind::Rewrite, text, span);
                case.internal = true;
                case.unparsed = false;
                if search {
                    case.changed = true;
                } else {
                    case.valid_location = false;
                    case.changed = false;
                }
                if case.facts.uri.path.is_empty() {
                    case.phase = Phase::Status(500);
                    return Next::Go;
                }
                if stop {
                    return self.end_rewriting(case, of_server);
                }
                Next::Go
            }
        }
    }

    fn end_rewriting(&self, case: &mut Case<'m>, of_server: bool) -> Next<'m> {
        if of_server {
            case.phase = Phase::FindLocation;
            return Next::Go;
        }
        if !case.changed {
            case.phase = Phase::Access;
            return Next::Go;
        }
        case.changes -= 1;
        if case.changes == 0 {
            case.step(
                StepKind::Rewrite,
                "the URI has changed ten times: nginx gives up",
                None,
            );
            case.phase = Phase::Status(500);
            return Next::Go;
        }
        case.facts.scope = self.world.model.http.server(case.server).scope;
        case.phase = Phase::FindLocation;
        Next::Go
    }

    fn find_location(&self, case: &mut Case<'m>) -> Next<'m> {
        let http = &self.world.model.http;
        case.changed = false;
        let path = case.facts.uri.path.clone();
        match http.find_location(case.server, &path) {
            Found::Server => {
                let text = format!(
                    "no location matches `{}`: the server itself answers",
                    case.path()
                );
                case.step(StepKind::Location, text, None);
                case.facts.scope = http.server(case.server).scope;
                case.phase = Phase::Access;
                Next::Go
            }
            Found::Redirect(id) => {
                let location = http.location(id);
                let span = Some(location.statement.head());
                case.facts.scope = location.scope;
                if !case.internal && self.is_internal(location.scope) {
                    case.phase = Phase::Status(404);
                    return Next::Go;
                }
                let text = format!(
                    "`{}` has only a final slash more: nginx redirects",
                    readable(&location.name)
                );
                case.step(StepKind::Location, text, span);
                let mut to = uri::escape(&location.name, Escape::Uri);
                if !case.facts.uri.args.is_empty() {
                    to.push(b'?');
                    to.extend_from_slice(&case.facts.uri.args);
                }
                if self.has_page(case, 301) {
                    case.phase = Phase::Status(301);
                    return Next::Go;
                }
                Next::End(redirect(301, to), span)
            }
            Found::Location(id) => {
                let location = http.location(id);
                if location.kind.is_regex()
                    && let Some(regex) = &location.regex
                {
                    case.facts.matches(regex, &path);
                }
                let step = self.location_step(case, id, &path);
                case.steps.push(step);
                case.facts.scope = location.scope;
                case.valid_location = true;
                if !case.internal && self.is_internal(location.scope) {
                    case.step(
                        StepKind::Location,
                        "it is `internal`: clients get 404",
                        None,
                    );
                    case.phase = Phase::Status(404);
                    return Next::Go;
                }
                self.enter(case);
                Next::Go
            }
        }
    }

    fn enter(&self, case: &mut Case<'m>) {
        case.program = script::program(self.world.model, case.facts.scope);
        case.phase = Phase::Rewrite(0);
    }

    fn is_internal(&self, scope: ScopeId) -> bool {
        self.world.model.value(scope, "internal").is_some()
    }

    /// Why this location, and why not the others that match.
    fn location_step(&self, case: &Case<'m>, id: LocationId, path: &[u8]) -> Step {
        let http = &self.world.model.http;
        let location = http.location(id);
        let text = match location.kind {
            LocationKind::Exact => "it is the whole path".to_owned(),
            LocationKind::PrefixNoRegex => {
                "it is the longest prefix, and `^~` forbids expressions".to_owned()
            }
            LocationKind::Prefix => {
                "it is the longest prefix, and no expression matches".to_owned()
            }
            _ => "its expression is the first that matches".to_owned(),
        };
        let text = format!(
            "`{}` handles `{}`: {text}",
            name_of(location.statement),
            readable(path)
        );
        let siblings = match location.parent {
            Some(parent) => &http.location(parent).locations,
            None => &http.server(case.server).locations,
        };
        let mut lost = Vec::new();
        for other in siblings.iter().copied().filter(|other| *other != id) {
            let other = http.location(other);
            let matches = match other.kind {
                LocationKind::Exact => other.name == path,
                kind if kind.is_static() => path.starts_with(&other.name),
                kind if kind.is_regex() => other.regex.as_ref().is_some_and(|r| r.is_match(path)),
                _ => false,
            };
            // An ancestor did not lose.
            if !matches {
                continue;
            }
            let why = match (location.kind, other.kind) {
                (LocationKind::Exact, _) => "matches too, but the whole path goes first",
                (kind, other) if kind.is_regex() && other.is_regex() => {
                    "matches too, but stands behind it"
                }
                (kind, other) if kind.is_regex() && other.is_static() => {
                    "matches too, but expressions go before prefixes without `^~`"
                }
                (LocationKind::PrefixNoRegex, other) if other.is_regex() => {
                    "matches too, but is not tried because of `^~`"
                }
                _ => "matches too, but is shorter",
            };
            lost.push(Loser {
                text: format!("`{}` {why}", name_of(other.statement)),
                span: other.statement.head(),
            });
        }
        Step {
            kind: StepKind::Location,
            text,
            span: Some(location.statement.head()),
            lost,
        }
    }

    // ── Access ──────────────────────────────────────────────────────────────────────────

    fn access(&self, case: &mut Case<'m>) -> Next<'m> {
        case.phase = Phase::TryFiles(0);
        let model = self.world.model;
        let rules: Vec<_> = model
            .outwards(case.facts.scope)
            .map(|id| {
                let own = model.scope(id).statements.iter();
                own.filter(|statement| matches!(statement.name(), "allow" | "deny"))
                    .copied()
                    .collect::<Vec<_>>()
            })
            .find(|rules| !rules.is_empty())
            .unwrap_or_default();
        let password = model.value(case.facts.scope, "auth_basic").filter(|auth| {
            auth.arg(0).is_some_and(|word| !word.is("off"))
                && model
                    .value(case.facts.scope, "auth_basic_user_file")
                    .is_some()
        });
        let any = model
            .value(case.facts.scope, "satisfy")
            .is_some_and(|satisfy| satisfy.arg(0).is_some_and(|word| word.is("any")));
        if let Some(password) = password {
            case.step(
                StepKind::Access,
                "a password is asked for",
                Some(password.head()),
            );
        }
        if let Some(request) = model.value(case.facts.scope, "auth_request")
            && request.arg(0).is_some_and(|word| !word.is("off"))
        {
            case.step(
                StepKind::Access,
                "a subrequest decides about access",
                Some(request.head()),
            );
        }
        if rules.is_empty() {
            return Next::Go;
        }
        let Some(client) = self.request.client else {
            case.step(
                StepKind::Access,
                "the client's address decides about access",
                rules.first().map(Statement::head),
            );
            return Next::Go;
        };
        let rule = rules.iter().find(|rule| {
            rule.arg(0).is_some_and(|word| {
                let text = word.value();
                *text == *b"all"
                    || parse_cidr(&text).is_some_and(|cidr| cidr.network.contains(&client))
            })
        });
        match rule {
            Some(rule) if rule.name() == "deny" => {
                case.step(
                    StepKind::Access,
                    format!("{client} is refused"),
                    Some(rule.head()),
                );
                if any && password.is_some() {
                    return Next::Go;
                }
                case.phase = Phase::Status(403);
            }
            Some(rule) => {
                case.step(
                    StepKind::Access,
                    format!("{client} is let in"),
                    Some(rule.head()),
                );
            }
            None => {}
        }
        Next::Go
    }

    // ── Files ───────────────────────────────────────────────────────────────────────────

    /// What a file is; `None` where that cannot be known, because its folder is not here.
    fn kind_of(&self, file: &FilePath) -> Option<Kind> {
        let here = |path: &[u8]| {
            let text = std::str::from_utf8(path).ok()?;
            Some(match &self.world.root {
                Some(root) => root.join(text.trim_start_matches('/')),
                None => PathBuf::from(text),
            })
        };
        match std::fs::metadata(here(&file.path)?) {
            Ok(metadata) if metadata.is_dir() => Some(Kind::Folder),
            Ok(_) => Some(Kind::File),
            Err(_) => {
                let base = here(&file.path[..file.base])?;
                let known = self.world.root.is_some() || base.exists();
                known.then_some(Kind::Missing)
            }
        }
    }

    fn try_files(&self, case: &mut Case<'m>, at: usize) -> Next<'m> {
        let model = self.world.model;
        // Nothing inherits it, and what `if` makes does not have it.
        let Some(statement) = model.scope(case.facts.scope).first("try_files") else {
            case.phase = Phase::Content;
            return Next::Go;
        };
        let span = Some(statement.head());
        let count = statement.args().len();
        let Some(word) = statement.arg(at) else {
            case.phase = Phase::Content;
            return Next::Go;
        };
        let text = word.value().into_owned();
        if at + 1 == count {
            return self.fall_back(case, &text, span);
        }
        let (name, folder) = match text.strip_suffix(b"/") {
            Some(name) => (name, true),
            None => (text.as_slice(), false),
        };
        case.phase = Phase::TryFiles(at + 1);
        let uri = match case.facts.expand(name, model) {
            Value::Known(uri) => uri,
            Value::Unknown(what) => {
                case.assuming
                    .push(format!("there is no file `{}`", what.variable));
                return Next::Go;
            }
        };
        let path = case.facts.file(&uri, self.world.model);
        let shown = path.as_ref().map(|file| readable(&file.path).into_owned());
        let wanted = if folder { Kind::Folder } else { Kind::File };
        let found = |case: &mut Case<'m>, is: bool| {
            let shown = shown.clone().unwrap_or_default();
            if is {
                case.step(
                    StepKind::Redirect,
                    format!("`try_files` finds {shown}"),
                    span,
                );
                case.facts.uri.path.clone_from(&uri);
                case.phase = Phase::Content;
            } else {
                case.step(
                    StepKind::Redirect,
                    format!("`try_files` does not find {shown}"),
                    span,
                );
            }
        };
        match path.as_ref().and_then(|file| self.kind_of(file)) {
            Some(kind) => {
                found(case, kind == wanted);
                Next::Go
            }
            None => {
                let what = if folder { "folder" } else { "file" };
                let cases = [true, false].map(|is| {
                    let mut branch = case.clone();
                    let verb = if is { "there is a" } else { "there is no" };
                    let shown = shown.clone().unwrap_or_default();
                    branch.assuming.push(format!("{verb} {what} {shown}"));
                    found(&mut branch, is);
                    branch
                });
                Next::Either(cases.into())
            }
        }
    }

    fn fall_back(&self, case: &mut Case<'m>, text: &[u8], span: Option<Span>) -> Next<'m> {
        if let Some(code) = text.strip_prefix(b"=") {
            let code = std::str::from_utf8(code)
                .ok()
                .and_then(|code| code.parse().ok());
            let code: u16 = code.unwrap_or(500);
            case.step(
                StepKind::Redirect,
                format!("`try_files` ends with {code}"),
                span,
            );
            case.phase = Phase::Status(code);
            return Next::Go;
        }
        let to = match case.facts.expand(text, self.world.model) {
            Value::Known(to) => to,
            Value::Unknown(what) => what.variable.into_bytes(),
        };
        self.internal_redirect(case, &to, "`try_files`", span)
    }

    /// `ngx_http_internal_redirect`, `ngx_http_named_location`.
    fn internal_redirect(
        &self,
        case: &mut Case<'m>,
        to: &[u8],
        who: &str,
        span: Option<Span>,
    ) -> Next<'m> {
        case.step(
            StepKind::Redirect,
            format!("{who} goes on with `{}`", readable(to)),
            span,
        );
        case.changes -= 1;
        if case.changes == 0 {
            case.phase = Phase::Status(500);
            return Next::Go;
        }
        case.internal = true;
        if to.starts_with(b"@") {
            let http = &self.world.model.http;
            let Some(id) = http.named(case.server, to) else {
                case.phase = Phase::Status(500);
                return Next::Go;
            };
            let location = http.location(id);
            case.facts.scope = location.scope;
            case.changed = false;
            case.step(
                StepKind::Location,
                format!("`{}` takes over", name_of(location.statement)),
                Some(location.statement.head()),
            );
            self.enter(case);
            return Next::Go;
        }
        let (path, args) = match memchr::memchr(b'?', to) {
            Some(at) => (&to[..at], &to[at + 1..]),
            None => (to, &to[to.len()..]),
        };
        case.facts.uri.path = path.to_vec();
        case.facts.uri.args = args.to_vec();
        case.unparsed = false;
        case.changed = false;
        case.facts.scope = self.world.model.http.server(case.server).scope;
        case.program = script::program(self.world.model, case.facts.scope);
        case.phase = Phase::ServerRewrite(0);
        Next::Go
    }

    // ── Content ─────────────────────────────────────────────────────────────────────────

    fn content(&self, case: &mut Case<'m>) -> Next<'m> {
        let model = self.world.model;
        let found = model.outwards(case.facts.scope).find_map(|id| {
            let block = model.scope(id);
            let own = block.statements.iter().rev();
            let mut handlers = own.filter(|statement| is_handler(statement.name()));
            let inherits = matches!(block.context, Context::IfInLocation | Context::LimitExcept);
            match handlers.next() {
                Some(handler) => Some(Some(*handler)),
                None if inherits => None,
                None => Some(None),
            }
        });
        match found.flatten() {
            Some(handler) if handler.name().ends_with("_pass") => self.pass(case, handler),
            Some(handler) => {
                case.step(
                    StepKind::Content,
                    format!("`{}` answers", handler.name()),
                    Some(handler.head()),
                );
                Next::End(End::Handler(handler.name()), Some(handler.head()))
            }
            None => self.file(case),
        }
    }

    fn pass(&self, case: &mut Case<'m>, pass: Statement<'m>) -> Next<'m> {
        let upstreams = &self.world.model.http.upstreams;
        let span = Some(pass.head());
        let to = pass
            .arg(0)
            .map(|word| word.value().into_owned())
            .unwrap_or_default();
        let same = |reference: &&crate::model::upstream::Reference<'m>| {
            reference.statement.directive.head() == pass.directive.head()
        };
        let reference = upstreams.references.iter().find(same);
        let upstream = reference.and_then(|reference| upstreams.of(reference));
        let state = (case.valid_location, case.unparsed);
        let uri = passing::sent_uri(self.world.model, &mut case.facts, state, pass);
        case.step(
            StepKind::Content,
            format!(
                "`{}` hands the request on to {}",
                pass.name(),
                readable(&to)
            ),
            span,
        );
        let mut nodes = Vec::new();
        let mut method = None;
        if let Some(upstream) = upstream {
            method = Some(
                match upstream.method {
                    Method::RoundRobin => "round robin",
                    Method::IpHash => "ip_hash",
                    Method::Hash => "hash",
                    Method::Random => "random",
                    Method::LeastConn => "least_conn",
                    Method::LeastTime => "least_time",
                }
                .to_owned(),
            );
            for peer in &upstream.servers {
                let words = peer.statement.args().map(|word| word.to_str().into_owned());
                nodes.push((words.collect::<Vec<_>>().join(" "), peer.statement.head()));
            }
        }
        Next::End(
            End::Upstream {
                directive: pass.name(),
                to,
                uri,
                nodes,
                method,
            },
            span,
        )
    }

    fn file(&self, case: &mut Case<'m>) -> Next<'m> {
        if !matches!(case.facts.method.as_str(), "GET" | "HEAD" | "POST") {
            case.phase = Phase::Status(405);
            return Next::Go;
        }
        let uri = case.facts.uri.path.clone();
        if uri.ends_with(b"/") {
            case.phase = Phase::Index(0);
            return Next::Go;
        }
        let Some(file) = case.facts.file(&uri, self.world.model) else {
            return Next::End(End::Handler("root"), None);
        };
        let span = self.folder_span(case);
        let found = self.kind_of(&file);
        let path = file.path;
        let kind = match found {
            Some(kind) => kind,
            None => {
                case.step(StepKind::Content, "the file is not on this machine", span);
                Kind::File
            }
        };
        match kind {
            Kind::File if case.facts.method == "POST" => {
                case.phase = Phase::Status(405);
                Next::Go
            }
            Kind::File => {
                let status = case.status.unwrap_or(200);
                Next::End(End::File { path, status }, span)
            }
            Kind::Folder => {
                let mut to = uri::escape(&uri, Escape::Uri);
                to.push(b'/');
                if !case.facts.uri.args.is_empty() {
                    to.push(b'?');
                    to.extend_from_slice(&case.facts.uri.args);
                }
                Next::End(redirect(301, to), span)
            }
            Kind::Missing => {
                let text = format!("there is no file {}", readable(&path));
                case.step(StepKind::Content, text, span);
                case.phase = Phase::Status(404);
                Next::Go
            }
        }
    }

    fn folder_span(&self, case: &Case<'m>) -> Option<Span> {
        let model = self.world.model;
        let mut scopes = model.outwards(case.facts.scope).map(|id| model.scope(id));
        let given = scopes.find_map(|scope| {
            let alias = scope.named("alias").last();
            alias.or_else(|| scope.named("root").last())
        });
        given.map(|given| given.head())
    }

    fn index(&self, case: &mut Case<'m>, at: usize) -> Next<'m> {
        let model = self.world.model;
        let given = model.effective(case.facts.scope, "index");
        let mut names: Vec<(Vec<u8>, Option<Span>)> = given
            .iter()
            .flat_map(|index| index.args())
            .map(|word| (word.value().into_owned(), Some(word.span())))
            .collect();
        if names.is_empty() {
            names.push((b"index.html".to_vec(), None));
        }
        let uri = case.facts.uri.path.clone();
        let Some(folder) = case.facts.file(&uri, self.world.model) else {
            return Next::End(End::Handler("index"), None);
        };
        let Some((name, span)) = names.get(at).cloned() else {
            let list = model
                .value(case.facts.scope, "autoindex")
                .filter(|flag| flag.arg(0).is_some_and(|word| word.is("on")));
            let span = self.folder_span(case);
            return match (self.kind_of(&folder), list) {
                (Some(Kind::Missing), _) => {
                    case.phase = Phase::Status(404);
                    Next::Go
                }
                (_, Some(list)) => {
                    case.step(
                        StepKind::Content,
                        "`autoindex` lists the folder",
                        Some(list.head()),
                    );
                    Next::End(End::Listing { path: folder.path }, Some(list.head()))
                }
                _ => {
                    let text = format!("{} has no index", readable(&folder.path));
                    case.step(StepKind::Content, text, span);
                    case.phase = Phase::Status(403);
                    Next::Go
                }
            };
        };
        if name.starts_with(b"/") {
            let args = case.facts.uri.args.clone();
            let next = self.internal_redirect(case, &name, "`index`", span);
            case.facts.uri.args = args;
            return next;
        }
        let mut path = folder.clone();
        path.path.extend_from_slice(&name);
        match self.kind_of(&path) {
            Some(Kind::Missing) | None if self.kind_of(&folder) == Some(Kind::Missing) => {
                case.phase = Phase::Status(404);
                Next::Go
            }
            Some(Kind::Missing) => {
                case.phase = Phase::Index(at + 1);
                Next::Go
            }
            found => {
                if found.is_none() {
                    case.assuming
                        .push(format!("there is a file {}", readable(&path.path)));
                }
                let mut to = uri;
                to.extend_from_slice(&name);
                let args = case.facts.uri.args.clone();
                let next = self.internal_redirect(case, &to, "`index`", span);
                case.facts.uri.args = args;
                next
            }
        }
    }

    // ── Errors ──────────────────────────────────────────────────────────────────────────

    /// The `error_page` that answers a status here.
    fn page(&self, case: &Case<'m>, status: u16) -> Option<Statement<'m>> {
        if case.error_page || case.changes == 0 {
            return None;
        }
        let pages = self.world.model.effective(case.facts.scope, "error_page");
        pages.into_iter().find(|page| {
            let count = page.args().len();
            let mut codes = page.args().take(count.saturating_sub(1));
            codes.any(|word| word.is(&status.to_string()))
        })
    }

    fn has_page(&self, case: &Case<'m>, status: u16) -> bool {
        self.page(case, status).is_some()
    }

    fn status(&self, case: &mut Case<'m>, status: u16) -> Next<'m> {
        let Some(page) = self.page(case, status) else {
            return Next::End(
                response(status),
                case.steps.last().and_then(|step| step.span),
            );
        };
        let model = self.world.model;
        let recursive = model
            .value(case.facts.scope, "recursive_error_pages")
            .is_some_and(|flag| flag.arg(0).is_some_and(|word| word.is("on")));
        if !recursive {
            case.error_page = true;
        }
        case.status = Some(status);
        let count = page.args().len();
        if let Some(overwrite) = count.checked_sub(2).and_then(|index| page.arg(index))
            && let Some(code) = overwrite.value().strip_prefix(b"=")
        {
            case.status = std::str::from_utf8(code)
                .ok()
                .and_then(|code| code.parse().ok());
        }
        let target = page
            .args()
            .next_back()
            .map(|word| word.value().into_owned());
        let to = match case.facts.expand(&target.unwrap_or_default(), model) {
            Value::Known(to) => to,
            Value::Unknown(what) => what.variable.into_bytes(),
        };
        let span = Some(page.head());
        if to.starts_with(b"/") {
            if case.facts.method != "HEAD" {
                case.facts.method = "GET".to_owned();
            }
            return self.internal_redirect(case, &to, "`error_page`", span);
        }
        if to.starts_with(b"@") {
            return self.internal_redirect(case, &to, "`error_page`", span);
        }
        let redirects = |status: &u16| matches!(status, 301 | 302 | 303 | 307 | 308);
        let status = case.status.filter(redirects).unwrap_or(302);
        case.step(
            StepKind::Redirect,
            format!("`error_page` answers {status}"),
            span,
        );
        Next::End(redirect(status, to), span)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
    Missing,
}

/// What makes a location's content, beside files.
fn is_handler(name: &str) -> bool {
    matches!(
        name,
        "proxy_pass"
            | "uwsgi_pass"
            | "fastcgi_pass"
            | "scgi_pass"
            | "grpc_pass"
            | "memcached_pass"
            | "stub_status"
            | "empty_gif"
            | "flv"
            | "mp4"
            | "perl"
            | "api"
            | "js_content"
    )
}

/// A location as it is written, without `location` and braces.
fn name_of(statement: Statement<'_>) -> String {
    let words = statement.args().map(|word| word.to_str().into_owned());
    format!("location {}", words.collect::<Vec<_>>().join(" "))
}

/// Whether the name of a server, which may have a wildcard, is that of a host.
fn matches_name(name: &[u8], host: &[u8]) -> bool {
    let below = |host: &[u8], rest: &[u8]| host.len() > rest.len() && host.ends_with(rest);
    match name {
        [b'*', rest @ ..] => below(host, rest),
        [b'.', rest @ ..] => host == rest || below(host, name),
        [start @ .., b'*'] => host.starts_with(start),
        _ => name == host,
    }
}
