//! Which function reads a directive: nginx's own for every directive, by their names in
//! nginx's sources.
//!
//! Each family of modules has its own list, in the file beside it. What is here are the
//! kinds of values that many directives share.

use super::reading::{Reading, Setter};
use super::{core, http, mail, stream};
use crate::directives::{DirectiveInfo, Family, Value};
use crate::model::Statement;

/// What reads a directive when it is met.
pub(super) fn setter(row: &'static DirectiveInfo) -> Option<Setter> {
    if let Value::Own(function) = row.value
        && let Some(setter) = shared(function)
    {
        return Some(setter);
    }
    let own = match row.module.family {
        Family::Http => http::setter(row),
        Family::Stream => stream::setter(row),
        Family::Mail => mail::setter(row),
        _ => core::setter(row),
    };
    own.or(match row.value {
        Value::Expression | Value::SizeExpression | Value::Predicates => Some(expressions),
        _ => None,
    })
}

/// What several families call.
fn shared(function: &str) -> Option<Setter> {
    Some(match function {
        "ngx_http_core_error_log" | "ngx_mail_core_error_log" | "ngx_stream_core_error_log" => {
            core::error_log
        }
        "ngx_http_core_resolver"
        | "ngx_http_upstream_resolver"
        | "ngx_mail_core_resolver"
        | "ngx_stream_core_resolver"
        | "ngx_stream_upstream_resolver" => core::resolver,
        _ => return None,
    })
}

/// What is done when the block of a directive ends.
pub(super) fn closer(row: &'static DirectiveInfo) -> Option<Setter> {
    match (row.module.family, row.name) {
        (Family::Http, _) | (Family::Core, "http") => http::closer(row),
        (Family::Stream, _) | (Family::Core, "stream") => stream::closer(row),
        (Family::Mail, _) | (Family::Core, "mail") => mail::closer(row),
        _ => core::closer(row),
    }
}

/// `ngx_http_set_complex_value_slot` and its like.
fn expressions<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    for word in statement.args() {
        reading.expression(statement, word);
    }
}
