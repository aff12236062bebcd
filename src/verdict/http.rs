//! `http`: a file for each module or group of modules, and what nginx does when the block
//! ends (`ngx_http_block`).

mod modules;

use super::reading::{Reading, Setter};
use crate::directives::DirectiveInfo;
use crate::model::Statement;

/// What reads a directive of this family.
pub(super) fn setter(row: &'static DirectiveInfo) -> Option<Setter> {
    modules::MODULES
        .iter()
        .find_map(|module| (module.setter)(row))
}

/// What is done when the block of a directive of this family ends.
pub(super) fn closer(row: &'static DirectiveInfo) -> Option<Setter> {
    if row.name == "http" {
        return Some(end);
    }
    modules::MODULES
        .iter()
        .find_map(|module| (module.closer)(row))
}

/// What `ngx_http_block` does when it has read its block: every module in nginx's order
/// settles its main configuration and merges servers and locations, then every module
/// finishes.
fn end<'m>(reading: &mut Reading<'m>, _http: Statement<'m>) {
    for module in modules::MODULES {
        (module.settle)(reading);
        (module.merge)(reading);
    }
    for module in modules::MODULES {
        (module.finish)(reading);
    }
}
