//! The phases of a request (`src/http/ngx_http_core_module.c`).

mod access;
mod connection;
mod content;
mod errors;
mod files;
mod rewriting;

use super::World;
use super::effects;
use super::request::Request;
use super::script::{self, Code};
use super::trace::{Answer, End, Loser, Step, StepKind};
use crate::evaluation::{Facts, Unknown, Value};
use crate::model::computed::Table;
use crate::model::http::{Found, Location, LocationId, LocationKind, ServerId};
use crate::model::{ScopeId, Statement};
use crate::source::{Span, readable};
use crate::values::number::size;
use crate::values::uri::{self, Escape};
use std::collections::HashMap;

/// The most cases that are looked at, when much is unknown.
const CASES: usize = 32;
/// How often a URI may change (`NGX_HTTP_MAX_URI_CHANGES`), and one more.
const CHANGES: u8 = 11;
/// The most steps of one case; nginx has limits of its own that are far below.
const STEPS: usize = 2_000;
/// The most values of a variable that are looked at, each in a case of its own.
const VALUES: usize = 8;
/// `client_max_body_size` where none is given.
const MAX_BODY: i64 = 1 << 20;

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
        case.at = (case.phase, case.steps.len());
        match router.next(&mut case) {
            Next::Go if case.steps.len() < STEPS => open.push(case),
            Next::Go => answers.push(router.answer(case, response(500), None)),
            Next::End(end, span) => answers.push(router.answer(case, end, span)),
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
    /// The address that a proxy tells for a location.
    RealIp,
    /// Who is let in, from this check on.
    Access(usize),
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
    /// The address is what a proxy told.
    real_ip: bool,
    /// What a check has answered that `satisfy any` may overrule.
    access_code: Option<u16>,
    /// `if`s whose result has been assumed, as they are written.
    decided: HashMap<Vec<u8>, bool>,
    /// Where the step began that is being made.
    at: (Phase, usize),
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

    fn path(&self) -> String {
        readable(&self.facts.uri.path).into_owned()
    }
}

/// Why a text has no value.
enum Expanded<'m> {
    /// Each value that it may have is a case.
    Cases(Box<Next<'m>>),
    /// The variable that is not known, with `$`.
    Unknown(String),
}

struct Router<'a, 'm> {
    world: &'a World<'a, 'm>,
    request: &'a Request,
}

impl<'m> Router<'_, 'm> {
    fn next(&self, case: &mut Case<'m>) -> Next<'m> {
        match case.phase {
            Phase::ServerRewrite(at) => self.run(case, at, true),
            Phase::FindLocation => self.find_location(case),
            Phase::Rewrite(at) => self.run(case, at, false),
            Phase::RealIp => {
                self.real_ip(case);
                case.phase = Phase::Access(0);
                Next::Go
            }
            Phase::Access(at) => self.access(case, at),
            Phase::TryFiles(at) => self.try_files(case, at),
            Phase::Content => self.content(case),
            Phase::Index(at) => self.index(case, at),
            Phase::Status(status) => self.status(case, status),
        }
    }

    fn find_location(&self, case: &mut Case<'m>) -> Next<'m> {
        let http = &self.world.model.http;
        case.changed = false;
        let path = case.facts.uri.path.clone();
        let (id, redirects) = match http.find_location(case.server, &path) {
            Found::Server => {
                let text = format!(
                    "no location matches `{}`: the server itself answers",
                    case.path()
                );
                case.step(StepKind::Location, text, None);
                case.facts.scope = http.server(case.server).scope;
                case.program.clear();
                case.phase = Phase::Rewrite(0);
                return Next::Go;
            }
            Found::Redirect(id) => (id, true),
            Found::Location(id) => (id, false),
        };
        let location = http.location(id);
        let span = Some(location.statement.head());
        if let Some(regex) = location.regex.as_ref().filter(|_| location.kind.is_regex()) {
            case.facts.matches(regex, &path);
        }
        case.facts.scope = location.scope;
        case.valid_location = true;
        if redirects {
            let text = format!(
                "`{}` is missing only a final slash to be `{}`: nginx redirects before it tries \
                 expressions",
                case.path(),
                name_of(location.statement)
            );
            case.step(StepKind::Location, text, span);
        } else {
            let step = self.location_step(case, id, &path);
            case.steps.push(step);
        }
        if !case.internal && self.is_internal(location.scope) {
            let text = "it is `internal`: clients get 404";
            let internal = self.world.model.value(location.scope, "internal");
            case.step(StepKind::Location, text, internal.map(|i| i.head()));
            case.phase = Phase::Status(404);
            return Next::Go;
        }
        self.limit_method(case, location);
        if let Some(next) = self.too_large(case) {
            return next;
        }
        if redirects {
            let mut to = uri::escape(&location.name, Escape::Uri);
            if !case.facts.uri.args.is_empty() {
                to.push(b'?');
                to.extend_from_slice(&case.facts.uri.args);
            }
            return self.redirect(case, 301, to, span);
        }
        self.enter(case);
        Next::Go
    }

    /// `limit_except`: other methods have settings of their own.
    fn limit_method(&self, case: &mut Case<'m>, location: &Location<'m>) {
        let http = &self.world.model.http;
        let blocks = location.locations.iter().map(|id| http.location(*id));
        let mut limits = blocks.filter(|block| block.kind == LocationKind::LimitExcept);
        let Some(limit) = limits.next_back() else {
            return;
        };
        let method = case.facts.method.as_str();
        let listed = limit.statement.args().any(|word| {
            word.to_str().eq_ignore_ascii_case(method) || method == "HEAD" && word.is("GET")
        });
        if !listed {
            let text = format!("{method} is none of the methods that `limit_except` leaves alone");
            case.step(StepKind::Access, text, Some(limit.statement.head()));
            case.facts.scope = limit.scope;
        }
    }

    /// `client_max_body_size`, where the length of the body is stated.
    fn too_large(&self, case: &mut Case<'m>) -> Option<Next<'m>> {
        let length: i64 = case.facts.header("content-length")?.parse().ok()?;
        let limit = self
            .world
            .model
            .value(case.facts.scope, "client_max_body_size");
        let most = limit
            .and_then(|limit| size(&limit.arg(0)?.value()))
            .unwrap_or(MAX_BODY);
        if most == 0 || length <= most {
            return None;
        }
        let text = format!("{length} bytes are more than `client_max_body_size` lets in");
        case.step(StepKind::Access, text, limit.map(|limit| limit.head()));
        case.phase = Phase::Status(413);
        Some(Next::Go)
    }

    fn enter(&self, case: &mut Case<'m>) {
        case.program = script::program(self.world.model, case.facts.scope);
        case.phase = Phase::Rewrite(0);
    }

    fn is_internal(&self, scope: ScopeId) -> bool {
        self.world.model.value(scope, "internal").is_some()
    }

    /// A case for each value that a variable may have, which something unknown decides.
    fn fork(&self, case: &Case<'m>, unknown: &Unknown) -> Option<Next<'m>> {
        let model = self.world.model;
        let name = unknown.computed.as_deref()?;
        let computed = model.http.computed.find(name)?;
        let source = &unknown.variable;
        let shown = |text: &[u8]| readable(text).into_owned();
        // What has to be so, the value, and the text that is looked up, where it is one.
        let mut values: Vec<(String, Vec<u8>, Option<Vec<u8>>)> = Vec::new();
        let mut add = |why: String, value: &[u8], text: Option<&[u8]>| match values
            .iter_mut()
            .find(|(_, known, _)| known == value)
        {
            Some((_, _, text)) => *text = None,
            None => values.push((why, value.to_vec(), text.map(<[u8]>::to_vec))),
        };
        match &computed.table {
            Table::Map(map) => {
                for (text, value) in &map.results {
                    let whole = (!map.hostnames).then_some(text.as_slice());
                    add(format!("`{source}` is `{}`", shown(text)), value, whole);
                }
                for (_, pattern, value) in &map.regexes {
                    add(
                        format!("`{source}` matches `{}`", shown(pattern)),
                        value,
                        None,
                    );
                }
                add(
                    format!("`{source}` is none of those listed"),
                    &map.default,
                    None,
                );
            }
            Table::Geo(geo) => {
                for value in geo.values() {
                    add(
                        format!("`{source}` is in a network of `{}`", shown(value)),
                        value,
                        None,
                    );
                }
            }
            Table::Split(split) => {
                for (_, value) in &split.parts {
                    add(format!("`{source}` falls into that part"), value, None);
                }
            }
        }
        let alone = computed
            .source
            .as_deref()
            .is_some_and(|text| text == source.as_bytes());
        let cases = values.into_iter().take(VALUES).map(|(why, value, text)| {
            let mut branch = self.again(case);
            let so = format!(
                "depends on `{source}`: {why}, so `${}` is `{}`",
                shown(name),
                shown(&value)
            );
            if let Some(text) = text.filter(|_| alone) {
                branch
                    .facts
                    .assign(&source.as_bytes()[1..], Value::Known(text));
            }
            let value = match branch.facts.expand(&value, model) {
                Value::Known(value) => Value::Known(value),
                Value::Unknown(unknown) => {
                    Value::unknown(unknown.variable.trim_start_matches('$').as_bytes())
                }
            };
            branch.assuming.push(so);
            branch.facts.assume(name, value);
            branch
        });
        Some(Next::Either(cases.collect()))
    }

    /// The case before the step that is being made.
    fn again(&self, case: &Case<'m>) -> Case<'m> {
        let mut again = case.clone();
        (again.phase, _) = case.at;
        again.steps.truncate(case.at.1);
        again
    }

    /// The value of a text; or what comes next where it is not known.
    fn expand(&self, case: &mut Case<'m>, text: &[u8]) -> Result<Vec<u8>, Expanded<'m>> {
        match case.facts.expand(text, self.world.model) {
            Value::Known(text) => Ok(text),
            Value::Unknown(unknown) => Err(match self.fork(case, &unknown) {
                Some(next) => Expanded::Cases(Box::new(next)),
                None => Expanded::Unknown(unknown.variable),
            }),
        }
    }

    /// What a request comes to, with what counts there.
    fn answer(&self, case: Case<'m>, end: End, span: Option<Span>) -> Answer {
        let mut facts = case.facts;
        let effects = effects::effects(self.world.model, &mut facts, &end);
        Answer {
            effects,
            assuming: case.assuming,
            steps: case.steps,
            end,
            span,
        }
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
        let mut lost = Vec::new();
        for other in self.rivals(case.server, id) {
            let other = http.location(other);
            let matches = match other.kind {
                LocationKind::Exact => other.name == path,
                kind if kind.is_static() => path.starts_with(&other.name),
                kind if kind.is_regex() => other.regex.as_ref().is_some_and(|r| r.is_match(path)),
                _ => false,
            };
            if !matches {
                continue;
            }
            let inside = other.parent != location.parent;
            let why = match (location.kind, other.kind) {
                (LocationKind::Exact, _) => "matches too, but `=` goes first",
                (_, other) if inside && other.is_regex() => {
                    "matches too, but what is inside the longest prefix goes first"
                }
                (kind, other) if kind.is_regex() && other.is_regex() => {
                    "matches too, but stands further below"
                }
                (kind, other) if kind.is_regex() && other.is_static() => {
                    "matches too, but an expression goes before a prefix without `^~`"
                }
                (LocationKind::PrefixNoRegex, other) if other.is_regex() => {
                    "would match, but is not tried because of `^~`"
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

    /// The locations that a location is chosen before: those beside it, and beside those
    /// around it.
    fn rivals(&self, server: ServerId, id: LocationId) -> Vec<LocationId> {
        let http = &self.world.model.http;
        let around: Vec<_> =
            std::iter::successors(Some(id), |id| http.location(*id).parent).collect();
        let mut rivals = Vec::new();
        for own in &around {
            let siblings = match http.location(*own).parent {
                Some(parent) => &http.location(parent).locations,
                None => &http.server(server).locations,
            };
            rivals.extend(siblings.iter().copied().filter(|id| !around.contains(id)));
        }
        rivals
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
        case.facts.alias_takes_uri &= to.starts_with(b"@");
        if to.starts_with(b"@") {
            let http = &self.world.model.http;
            let Some(id) = http.named(case.server, to) else {
                case.phase = Phase::Status(500);
                return Next::Go;
            };
            let location = http.location(id);
            case.facts.scope = location.scope;
            case.changed = false;
            self.limit_method(case, location);
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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
    Missing,
}

/// A location as it is written, without `location` and braces.
fn name_of(statement: Statement<'_>) -> String {
    let words = statement.args().map(|word| word.to_str().into_owned());
    format!("location {}", words.collect::<Vec<_>>().join(" "))
}
