//! What rules ask about who answers the requests of a `location`.

use crate::directives::{self, Context, Origin, PASSES};
use crate::model::{Model, Scope, ScopeId, Statement};
use crate::rules::places::{access, lacks_a_file, serves_files};
use crate::syntax::Terminator;

/// Whether nothing but files answers what a `location` takes, and all of it is at hand: it has no
/// handler, hands nothing on by `rewrite`, and holds nothing of which that is not known.
/// `try_files`, `error_page` and blocks in it are not looked at.
#[must_use]
pub fn only_files_answer(model: &Model<'_>, location: ScopeId) -> bool {
    let block = model.scope(location);
    serves_files(model, location)
        && !block.statements().any(|statement| may_answer(&statement))
        && is_understood(block)
        && has_all_of_its_own(model, location)
}

/// Whether all that is written in a block is known, and nginx takes it as it is.
fn is_understood(block: &Scope<'_>) -> bool {
    let own = block.opener.and_then(|opener| opener.directive.block());
    let mut own = own.into_iter().flat_map(|block| block.directives());
    // Both come in reading order.
    let mut taken = block.statements();
    own.all(|inner| {
        if inner.terminator() == Terminator::Block {
            let rows = directives::lookup(&inner.name().value());
            return rows.iter().any(|row| row.body.is_block());
        }
        taken.any(|statement| statement.head() == inner.head())
    })
}

/// Whether a directive hands requests on, or belongs to a module of others that may answer;
/// their filters only change what somebody else says.
fn may_answer(statement: &Statement<'_>) -> bool {
    let module = statement.row.module;
    matches!(statement.name(), "rewrite" | "internal_redirect")
        || module.origin != Origin::Nginx && !module.name.contains("filter")
}

/// Whether no file is missing in a block, and no folder that it includes is empty here.
#[must_use]
pub fn has_all_of_its_own(model: &Model<'_>, block: ScopeId) -> bool {
    let mut includes = model.scope(block).named("include");
    let empty = includes.any(|include| model.empty_includes.contains(&include.head()));
    !empty && !lacks_a_file(model, block, "return")
}

/// Whether an `if` or a `limit_except` of a `location` has a directive of one of these names, or
/// one that hands requests to a backend.
#[must_use]
pub fn hands_on_some(model: &Model<'_>, location: ScopeId, names: &[&str]) -> bool {
    let blocks = model.scope(location).blocks.iter();
    let mut blocks = blocks.map(|(_, inner)| model.scope(*inner));
    blocks.any(|inner| {
        inner.context != Context::Location && { inner.statements() }
            .any(|found| names.contains(&found.name()) || PASSES.contains(&found.name()))
    })
}

/// Whether a block has locations.
#[must_use]
pub fn has_locations(model: &Model<'_>, block: ScopeId) -> bool {
    let mut blocks = model.scope(block).blocks.iter();
    blocks.any(|(_, inner)| model.scope(*inner).context == Context::Location)
}

/// Whether a block refuses everybody.
#[must_use]
pub fn is_closed(model: &Model<'_>, block: ScopeId) -> bool {
    let rules = access(model, block);
    let all = |rule: &Statement<'_>| rule.arg(0).is_some_and(|who| who.is("all"));
    rules.iter().all(|rule| rule.name() == "deny") && rules.iter().any(all)
}
