//! Who is let in (`ngx_http_core_access_phase`).

use super::super::trace::StepKind;
use super::{Case, Next, Phase, Router};
use crate::model::Statement;
use crate::source::Span;
use crate::values::address::parse_cidr;
use std::borrow::Cow;

/// What a check says.
enum Check {
    /// It has nothing to say.
    Silent,
    /// The client is let in.
    Lets(String, Option<Span>),
    /// The client is refused with a status.
    Refuses(u16, String, Option<Span>),
    /// Something decides that is not known: what, and the status of a refusal.
    Depends(Cow<'static, str>, u16, Option<Span>),
}

impl<'m> Router<'_, 'm> {
    /// The checks in the order of nginx, and what `satisfy` makes of them.
    pub(super) fn access(&self, case: &mut Case<'m>, at: usize) -> Next<'m> {
        let check = match at {
            0 => self.addresses(case),
            1 => self.password(case),
            2 => self.subrequest(case),
            _ => {
                case.phase = match case.access_code.take() {
                    Some(status) => Phase::Status(status),
                    None => Phase::TryFiles(0),
                };
                return Next::Go;
            }
        };
        case.phase = Phase::Access(at + 1);
        let any = self
            .world
            .model
            .value(case.facts.scope, "satisfy")
            .is_some_and(|satisfy| satisfy.arg(0).is_some_and(|word| word.is("any")));
        match check {
            Check::Silent => {}
            Check::Lets(text, span) => {
                case.step(StepKind::Access, text, span);
                lets(case, any);
            }
            Check::Refuses(status, text, span) => {
                case.step(StepKind::Access, text, span);
                refuses(case, any, status);
            }
            Check::Depends(what, status, span) => {
                let cases = [true, false].map(|is| {
                    let mut branch = case.clone();
                    let verb = if is { "lets the client in" } else { "does not" };
                    branch
                        .assuming
                        .push(format!("depends on {what}: it {verb}"));
                    let text = if is {
                        format!("{what} lets the client in")
                    } else {
                        format!("{what} refuses the client with {status}")
                    };
                    branch.step(StepKind::Access, text, span);
                    match is {
                        true => lets(&mut branch, any),
                        false => refuses(&mut branch, any, status),
                    }
                    branch
                });
                return Next::Either(cases.into());
            }
        }
        Next::Go
    }

    /// `allow` and `deny`.
    fn addresses(&self, case: &Case<'m>) -> Check {
        let model = self.world.model;
        let rules = model
            .outwards(case.facts.scope)
            .map(|id| {
                let own = model.scope(id).statements();
                own.filter(|statement| matches!(statement.name(), "allow" | "deny"))
                    .collect::<Vec<_>>()
            })
            .find(|rules| !rules.is_empty())
            .unwrap_or_default();
        let is_all = |rule: &Statement<'_>| rule.arg(0).is_some_and(|word| word.is("all"));
        let Some(first) = rules.first() else {
            return Check::Silent;
        };
        let client = match case.facts.client {
            Some(client) => client.to_canonical(),
            None if is_all(first) && first.name() == "deny" => {
                return Check::Refuses(403, "everybody is refused".to_owned(), Some(first.head()));
            }
            None if rules.iter().all(|rule| rule.name() == "allow") => return Check::Silent,
            None => {
                return Check::Depends("the address of the client".into(), 403, Some(first.head()));
            }
        };
        let fits = |rule: &&Statement<'m>| {
            is_all(rule)
                || rule.arg(0).is_some_and(|word| {
                    parse_cidr(&word.value()).is_some_and(|cidr| cidr.network.contains(&client))
                })
        };
        match rules.iter().find(fits) {
            Some(rule) if rule.name() == "deny" => {
                Check::Refuses(403, format!("{client} is refused"), Some(rule.head()))
            }
            Some(rule) => Check::Lets(format!("{client} is let in"), Some(rule.head())),
            None => Check::Silent,
        }
    }

    /// `auth_basic`.
    fn password(&self, case: &Case<'m>) -> Check {
        let model = self.world.model;
        let on = |auth: &Statement<'_>| auth.arg(0).is_some_and(|word| !word.is("off"));
        let auth = model.value(case.facts.scope, "auth_basic").filter(on);
        let file = model.value(case.facts.scope, "auth_basic_user_file");
        let (Some(auth), Some(_)) = (auth, file) else {
            return Check::Silent;
        };
        let span = Some(auth.head());
        if case.facts.whole && case.facts.header("authorization").is_none() {
            return Check::Refuses(401, "no password is given".to_owned(), span);
        }
        Check::Depends("the password".into(), 401, span)
    }

    /// `auth_request`.
    fn subrequest(&self, case: &Case<'m>) -> Check {
        let request = self.world.model.value(case.facts.scope, "auth_request");
        let uri = request
            .and_then(|request| request.arg(0))
            .filter(|word| !word.is("off"));
        match (request, uri) {
            (Some(request), Some(uri)) => {
                let what = format!("the answer of `{}`", uri.to_str());
                Check::Depends(what.into(), 401, Some(request.head()))
            }
            _ => Check::Silent,
        }
    }
}

fn lets(case: &mut Case<'_>, any: bool) {
    if any {
        case.access_code = None;
        case.phase = Phase::TryFiles(0);
    }
}

fn refuses(case: &mut Case<'_>, any: bool, status: u16) {
    if !any {
        case.access_code = None;
        case.phase = Phase::Status(status);
    } else if case.access_code != Some(401) {
        case.access_code = Some(status);
    }
}
