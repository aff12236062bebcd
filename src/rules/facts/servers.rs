//! What rules ask about the servers of `http`.

use crate::model::http::ServerId;
use crate::model::{Model, ScopeId};
use crate::rules::places::lacks_a_file;

/// The server that a block is in, itself included; none for what stands in `http`, which is of
/// several servers.
#[must_use]
pub fn server_around(model: &Model<'_>, scope: ScopeId) -> Option<ServerId> {
    let mut around = model.outwards(scope);
    around.find_map(|scope| model.http.server_of(scope))
}

/// Whether it is certain which locations a server has: a file that is not at hand, or a folder
/// that is empty here, may have others.
#[must_use]
pub fn has_all_locations(model: &Model<'_>, server: ServerId) -> bool {
    let scope = model.http.server(server).scope;
    let mut includes = model.scope(scope).named("include");
    let empty = includes.any(|include| model.empty_includes.contains(&include.head()));
    !empty && !lacks_a_file(model, scope, "location")
}
