//! Lists of MIME types, such as `gzip_types` (`ngx_http_types_slot`).

use super::reading::{Reading, warning};
use super::sink::printed;
use crate::model::Statement;

/// A type may be in a list once; nginx begins most lists with `text/html`.
pub(super) fn mime_types<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let lists = &mut reading.state.mime_types;
    let list = lists
        .entry((statement.scope, statement.name()))
        .or_insert_with(|| match statement.name() {
            "xslt_types" => Some(vec![b"text/xml".to_vec()]),
            _ => Some(vec![b"text/html".to_vec()]),
        });
    let mut findings = Vec::new();
    for word in statement.args() {
        let Some(known) = list else { break };
        let value = word.value().to_ascii_lowercase();
        if value == b"*" {
            *list = None;
        } else if known.contains(&value) {
            let shown = printed(&value);
            findings.push(
                warning(
                    statement,
                    "duplicate-value",
                    word.span(),
                    format!("`{shown}` is in `{}` already", statement.name()),
                    format!("duplicate MIME type \"{shown}\""),
                )
                .help(match &*value {
                    b"text/html" => "Remove it: it is always in the list",
                    _ => "Remove it",
                }),
            );
        } else {
            known.push(value);
        }
    }
    for finding in findings {
        reading.say(finding);
    }
}
