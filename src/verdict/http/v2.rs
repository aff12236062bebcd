//! `ngx_http_v2_module`.

use super::super::reading::{Reading, Setter, refusal, warning};
use super::super::setters::function;
use super::core::pool_size;
use super::modules::Module;
use crate::directives::DirectiveInfo;
use crate::model::Statement;
use crate::values::number::{number, size};

pub(super) const MODULE: Module = Module {
    setter,
    ..Module::NONE
};

/// `NGX_HTTP_V2_STATE_BUFFER_SIZE`.
const STATE_BUFFER: i64 = 16;
/// `NGX_HTTP_V2_MAX_WINDOW`.
const MAX_WINDOW: i64 = (1 << 31) - 1;

fn setter(row: &'static DirectiveInfo) -> Option<Setter> {
    Some(match function(row) {
        "ngx_http_v2_push" => push,
        "ngx_http_v2_obsolete" => obsolete,
        "ngx_http_v2_spdy_deprecated" => spdy,
        _ => match row.notes.check? {
            "ngx_http_v2_pool_size" => pool_size,
            "ngx_http_v2_recv_buffer_size" => recv_buffer_size,
            "ngx_http_v2_preread_size" => preread_size,
            "ngx_http_v2_streams_index_mask" => streams_index_size,
            "ngx_http_v2_chunk_size" => chunk_size,
            _ => return None,
        },
    })
}

fn recv_buffer_size<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else { return };
    if size(&word.value()).is_some_and(|bytes| bytes <= STATE_BUFFER) {
        reading.refuse(
            statement,
            word,
            "invalid-value",
            "the buffer is too small",
            "\"http2_recv_buffer_size\" directive value is too small",
            "Write `256k`, or remove the line",
        );
    }
}

fn preread_size<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else { return };
    if size(&word.value()).is_some_and(|bytes| bytes > MAX_WINDOW) {
        reading.refuse(
            statement,
            word,
            "invalid-value",
            format!("the buffer is larger than {MAX_WINDOW} bytes"),
            format!("the maximum body preread buffer size is {MAX_WINDOW}"),
            "Write `64k`, or remove the line",
        );
    }
}

fn streams_index_size<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else { return };
    if number(&word.value()).is_some_and(|count| count.count_ones() != 1) {
        reading.refuse(
            statement,
            word,
            "invalid-value",
            format!("`{}` is no power of two", word.to_str()),
            "\"http2_streams_index_size\" directive must be a power of two",
            "Write `32`, or remove the line",
        );
    }
}

fn chunk_size<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else { return };
    if size(&word.value()) == Some(0) {
        reading.refuse(
            statement,
            word,
            "invalid-value",
            "a chunk has no bytes",
            "the http2 chunk size cannot be zero",
            "Write `8k`, or remove the line",
        );
    }
}

fn push<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else { return };
    let off = word.is("off");
    if let Some(first) = reading.once(statement, "http2_push") {
        let before = first.arg(0).is_some_and(|word| word.is("off"));
        let nginx = match (before, off) {
            (true, true) => "is duplicate",
            (true, false) => "URI cannot be used with \"off\" parameter",
            (false, true) => "\"off\" parameter cannot be used with URI",
            (false, false) => "",
        };
        if !nginx.is_empty() {
            let finding = refusal(
                statement,
                "duplicate-directive",
                statement.head(),
                "`http2_push off` is not alone in its block",
                format!("\"http2_push\" directive {nginx}"),
            );
            reading.say(finding.related(first.head(), "first").help("Remove `off`"));
            return;
        }
    }
    if !off {
        reading.expression(statement, word);
    }
}

fn obsolete<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let name = statement.name();
    let (nginx, help) = match statement.row.notes.deprecated {
        Some(instead) => (
            format!(
                "the \"{name}\" directive is obsolete, use the \"{instead}\" directive instead"
            ),
            format!("Write `{instead}`"),
        ),
        None => (
            format!("the \"{name}\" directive is obsolete, ignored"),
            "Remove it".to_owned(),
        ),
    };
    let message = format!("`{name}` does nothing any more");
    let span = statement.head();
    reading.say(warning(statement, "deprecated-directive", span, message, nginx).help(help));
}

fn spdy<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let name = statement.name();
    reading.say(
        warning(
            statement,
            "deprecated-directive",
            statement.head(),
            format!("`{name}` does nothing any more; HTTP/2 took the place of SPDY"),
            format!(
                "invalid directive \"{name}\": ngx_http_spdy_module was superseded by \
                 ngx_http_v2_module"
            ),
        )
        .help("Remove it"),
    );
}
