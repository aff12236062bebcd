//! Which function reads a directive: nginx's own for every directive, by their names in
//! nginx's sources.
//!
//! Each family of modules has its own list, in the file beside it. What is here are the
//! kinds of values that many directives share.

use super::reading::{Reading, Setter};
use super::sink::printed;
use super::{core, entries, http, logs, mail, networks, paths, server_names, stream, variables};
use crate::directives::{DirectiveInfo, Family, Origin, Value};
use crate::model::Statement;
use crate::values::expression::has_variables;
use crate::values::number::size;

/// What reads a directive when it is met.
pub(super) fn setter(row: &'static DirectiveInfo) -> Option<Setter> {
    if row.module.origin != Origin::Nginx || row.plus {
        return Some(variables::foreign);
    }
    if let Some(setter) = shared(function(row))
        .or_else(|| entries::setter(row))
        .or_else(|| logs::setter(row))
    {
        return Some(setter);
    }
    let own = match (row.module.family, row.name) {
        (Family::Http, _) | (Family::Core, "http") => http::setter(row),
        (Family::Stream, _) | (Family::Core, "stream") => stream::setter(row),
        (Family::Mail, _) | (Family::Core, "mail") => mail::setter(row),
        _ => core::setter(row),
    };
    own.or(match row.value {
        Value::Expression | Value::Predicates => Some(expressions),
        Value::SizeExpression => Some(size_expression),
        Value::Path => Some(paths::temporary),
        Value::Access => Some(access),
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
        "ngx_http_realip_from" | "ngx_mail_realip_from" | "ngx_stream_realip_from" => {
            networks::trusted
        }
        "ngx_http_core_server_name" | "ngx_stream_core_server_name" => server_names::server_name,
        "ngx_http_access_rule" | "ngx_stream_access_rule" => networks::access,
        _ => return None,
    })
}

/// The name of the function that reads a directive in nginx's sources; empty where that is
/// one for plain values.
pub(super) fn function(row: &DirectiveInfo) -> &'static str {
    match row.value {
        Value::Own(name) => name,
        _ => "",
    }
}

/// What is done when the block of a directive ends.
pub(super) fn closer(row: &'static DirectiveInfo) -> Option<Setter> {
    if let Some(closer) = entries::closer(row) {
        return Some(closer);
    }
    match (row.module.family, row.name) {
        (Family::Http, _) | (Family::Core, "http") => http::closer(row),
        (Family::Stream, _) | (Family::Core, "stream") => stream::closer(row),
        (Family::Mail, _) | (Family::Core, "mail") => mail::closer(row),
        _ => core::closer(row),
    }
}

/// `ngx_http_set_complex_value_slot` and its like.
pub(super) fn expressions<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    for word in statement.args() {
        reading.expression(statement, word);
    }
}

/// `ngx_http_set_complex_value_size_slot` and its like.
fn size_expression<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else { return };
    let value = word.value();
    if !has_variables(&value) && size(&value).is_none() {
        let help = "Write a whole number, with `k` or `m` behind it for KiB or MiB";
        return reading.refuse_value(statement, word, "size", help);
    }
    reading.expression(statement, word);
}

/// `ngx_conf_set_access_slot`.
fn access<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    for word in statement.args() {
        let value = word.value();
        let rights = [&b"user:"[..], b"group:", b"all:"]
            .iter()
            .find_map(|who| value.strip_prefix(*who));
        if !matches!(rights, Some(b"r" | b"rw")) {
            reading.refuse(
                statement,
                word,
                "invalid-value",
                format!("`{}` says nothing about permissions", word.to_str()),
                format!("invalid value \"{}\"", printed(&value)),
                "Write `user:`, `group:` or `all:`, and `r` or `rw` at once behind it",
            );
            return;
        }
    }
}
