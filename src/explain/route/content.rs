//! What makes the content, and what is sent on.

use super::super::nodes;
use super::super::passing;
use super::super::trace::{End, StepKind};
use super::{Case, Expanded, Next, Router};
use crate::directives::Context;
use crate::directives::PASSES;
use crate::model::Statement;
use crate::model::upstream::Reference;
use crate::source::readable;

impl<'m> Router<'_, 'm> {
    pub(super) fn content(&self, case: &mut Case<'m>) -> Next<'m> {
        let model = self.world.model;
        let found = model.outwards(case.facts.scope).find_map(|id| {
            let block = model.scope(id);
            let own = block.statements().rev();
            let mut handlers = own.filter(|statement| is_handler(statement.name()));
            let inherits = matches!(block.context, Context::IfInLocation | Context::LimitExcept);
            match handlers.next() {
                Some(handler) => Some(Some(handler)),
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

    pub(super) fn pass(&self, case: &mut Case<'m>, pass: Statement<'m>) -> Next<'m> {
        let upstreams = &self.world.model.http.upstreams;
        let span = Some(pass.head());
        let to = pass
            .arg(0)
            .map(|word| word.value().into_owned())
            .unwrap_or_default();
        let mut to = to;
        let mut upstream = None;
        if memchr::memchr(b'$', &to).is_some() {
            match self.expand(case, &to) {
                Ok(text) => {
                    upstream = upstreams.find(host_of(&text));
                    to = text;
                }
                Err(Expanded::Cases(next)) => return *next,
                Err(Expanded::Unknown(what)) => {
                    case.assuming.push(format!(
                        "depends on `{what}`, which is part of where it goes"
                    ));
                }
            }
        } else {
            let same = |reference: &&Reference<'m>| {
                reference.statement.directive.head() == pass.directive.head()
            };
            let reference = upstreams.references.iter().find(same);
            upstream = reference
                .and_then(|reference| upstreams.of(reference))
                .or(upstream);
        }
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
        let mut peers = Vec::new();
        let mut method = None;
        let mut chosen = None;
        if let Some(upstream) = upstream {
            method = Some(nodes::method(upstream));
            chosen = nodes::chosen(self.world.model, upstream, &mut case.facts);
            for peer in &upstream.servers {
                let words = peer.statement.args().map(|word| word.to_str().into_owned());
                peers.push((words.collect::<Vec<_>>().join(" "), peer.statement.head()));
            }
        }
        Next::End(
            End::Upstream {
                directive: pass.name(),
                to,
                uri,
                nodes: peers,
                method,
                chosen,
                status: case.status,
            },
            span,
        )
    }
}

/// What makes a location's content, beside files.
fn is_handler(name: &str) -> bool {
    let others = [
        "stub_status",
        "empty_gif",
        "flv",
        "mp4",
        "perl",
        "api",
        "js_content",
    ];
    PASSES.contains(&name) || others.contains(&name)
}

/// The host that the argument of a `*_pass` has, whose variables are known.
fn host_of(text: &[u8]) -> &[u8] {
    let rest = memchr::memmem::find(text, b"://").map_or(text, |at| &text[at + 3..]);
    let end = rest
        .iter()
        .position(|byte| b"/?".contains(byte))
        .unwrap_or(rest.len());
    &rest[..end]
}
