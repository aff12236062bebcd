//! Rewriting: what each step of the program does.

use super::super::script::{self, Code, Condition, Rewritten};
use super::super::trace::{End, StepKind};
use super::{Case, Expanded, Kind, Next, Phase, Router, response};
use crate::evaluation::Value;
use crate::evaluation::path::FilePath;
use crate::model::{ScopeId, Statement};
use crate::source::readable;

impl<'m> Router<'_, 'm> {
    /// A step of the rewriting.
    pub(super) fn run(&self, case: &mut Case<'m>, at: usize, of_server: bool) -> Next<'m> {
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
                    if let Value::Unknown(unknown) = &value
                        && let Some(next) = self.fork(case, unknown)
                    {
                        return next;
                    }
                    let name = name.value();
                    let name = name.strip_prefix(b"$").unwrap_or(&name);
                    case.facts.assign(name, value);
                }
                Next::Go
            }
            "return" => self.give_back(case, statement),
            _ => self.rewrite(case, statement, of_server),
        }
    }

    pub(super) fn branch(
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
                        b'x' => kind != Kind::Missing && self.is_executable(&path),
                        _ => kind != Kind::Missing,
                    };
                    take(case, is != negative);
                    return Next::Go;
                }
                None => readable(&path).into_owned(),
            },
            Condition::Unknown(unknown) => match self.fork(case, &unknown) {
                Some(next) => return next,
                None => unknown.variable,
            },
        };
        let shown = statement.directive.head();
        let written = self.world.texts.sources().slice(shown).to_vec();
        if let Some(holds) = case.decided.get(&written).copied() {
            take(case, holds);
            return Next::Go;
        }
        let text = readable(&written).into_owned();
        let cases = [true, false].map(|holds| {
            let mut branch = case.clone();
            branch.decided.insert(written.clone(), holds);
            let verb = if holds { "holds" } else { "does not hold" };
            branch
                .assuming
                .push(format!("depends on `{what}`: `{text}` {verb}"));
            take(&mut branch, holds);
            branch
        });
        Next::Either(cases.into())
    }

    pub(super) fn give_back(&self, case: &mut Case<'m>, statement: Statement<'m>) -> Next<'m> {
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
            let location = match self.expand(case, &text.unwrap_or_default()) {
                Ok(location) => location,
                Err(Expanded::Cases(next)) => return *next,
                Err(Expanded::Unknown(what)) => what.into_bytes(),
            };
            return self.redirect(case, status, location, span);
        }
        if status < 400 || text.is_some() {
            let status = case.status.unwrap_or(status);
            return Next::End(response(status), span);
        }
        case.phase = Phase::Status(status);
        Next::Go
    }

    pub(super) fn rewrite(
        &self,
        case: &mut Case<'m>,
        statement: Statement<'m>,
        of_server: bool,
    ) -> Next<'m> {
        let span = Some(statement.head());
        let before = case.path();
        match script::rewrite(statement, &mut case.facts, self.world.model) {
            Rewritten::No => Next::Go,
            Rewritten::Unknown(unknown) => {
                if let Some(next) = self.fork(case, &unknown) {
                    return next;
                }
                let what = unknown.variable;
                case.assuming
                    .push(format!("depends on `{what}`, which is part of the new URI"));
                Next::End(End::Handler("rewrite"), span)
            }
            Rewritten::Redirect { status, location } => {
                case.step(
                    StepKind::Rewrite,
                    format!("`rewrite` answers {status}"),
                    span,
                );
                self.redirect(case, status, location, span)
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

    pub(super) fn end_rewriting(&self, case: &mut Case<'m>, of_server: bool) -> Next<'m> {
        if of_server {
            case.phase = Phase::FindLocation;
            return Next::Go;
        }
        if !case.changed {
            case.phase = Phase::RealIp;
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
}
