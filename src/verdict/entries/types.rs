//! `types` (`ngx_http_core_type`).

use super::super::reading::{Reading, warning};
use super::super::sink::printed;
use crate::model::ScopeId;
use crate::model::Statement;
use crate::source::Span;
use foldhash::HashMap;
use std::collections::hash_map::Entry;

/// The extensions of each block, with their types and where they are written.
pub(in super::super) type Extensions = HashMap<ScopeId, HashMap<Vec<u8>, (String, Span)>>;

pub(super) fn read<'m>(reading: &mut Reading<'m>, line: Statement<'m>) {
    let name = line.directive.name();
    if name.is("include") {
        if line.args().len() != 1 {
            super::refuse_count(
                reading,
                line,
                "`include` takes one argument",
                "invalid number of arguments in \"include\" directive",
            );
        }
        return;
    }
    let mime_type = printed(&name.value()).into_owned();
    for word in line.args() {
        let extension = word.value().to_ascii_lowercase();
        let known = reading.state.extensions.entry(line.scope).or_default();
        let mut before = match known.entry(extension) {
            Entry::Vacant(place) => {
                place.insert((mime_type.clone(), word.span()));
                continue;
            }
            Entry::Occupied(before) => before,
        };
        let shown = printed(before.key()).into_owned();
        let (old, first) = before.insert((mime_type.clone(), word.span()));
        reading.say(
            warning(
                line,
                "duplicate-value",
                word.span(),
                format!("`.{shown}` is `{old}` already; now it is `{mime_type}`"),
                format!(
                    "duplicate extension \"{shown}\", content type: \"{mime_type}\", previous \
                     content type: \"{old}\""
                ),
            )
            .related(first, "first")
            .help("Keep the extension in one line"),
        );
    }
}
