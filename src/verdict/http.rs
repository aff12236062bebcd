//! `http`: a file for each module or group of modules, and what nginx does when the block
//! ends (`ngx_http_block`).

pub(super) mod access;
mod core;
mod files;
mod filters;
mod headers;
mod listen;
mod locations;
mod modules;
pub(super) mod passing;
mod rewrite;
mod ssl;
mod v2;

use super::reading::{Reading, Setter};
use super::{hashes, server_names, sockets, variables};
use crate::directives::{DirectiveInfo, Family};
use crate::model::{Model, Statement};
use crate::source::Span;

/// What reads a directive of this family.
pub(super) fn setter(row: &'static DirectiveInfo) -> Option<Setter> {
    if row.name == "http" {
        return Some(http);
    }
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

fn http<'m>(reading: &mut Reading<'m>, _http: Statement<'m>) {
    reading.model.http.scope = Some(reading.opened);
}

/// What `ngx_http_block` does when it has read its block: every module in nginx's order
/// settles its main configuration and merges servers and locations; locations are sorted;
/// every module finishes; then come variables and server names.
fn end<'m>(reading: &mut Reading<'m>, _http: Statement<'m>) {
    for module in modules::MODULES {
        (module.settle)(reading);
        (module.merge)(reading);
    }
    hashes::types(reading);
    locations::sort(reading);
    locations::note_passes(&mut reading.model.http);
    for module in modules::MODULES {
        (module.finish)(reading);
    }
    variables::end(reading, Family::Http);
    server_names::finish(reading, Family::Http);
    sockets::count(reading, Family::Http);
}

/// The place that nginx prints for what it says at the end of `http`.
fn end_of_block(model: &Model<'_>) -> Option<Span> {
    let opener = model.scope(model.http.scope?).opener?;
    let span = opener.directive.span();
    Some(Span::new(span.file, span.end.saturating_sub(1), span.end))
}
