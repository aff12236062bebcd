//! `stream`, and what nginx does when its block ends (`ngx_stream_block`).
//!
//! - `server` has `server` and `listen` (`src/stream/ngx_stream_core_module.c`).
//! - `proxy` has TLS of servers and towards upstreams.
//! - `script` has `return` and `set`.

mod proxy;
mod script;
mod server;

use super::reading::{Reading, Setter};
use super::{limits, server_names, sockets, tls, upstreams, variables};
use crate::directives::{DirectiveInfo, Family, Value};
use crate::model::{Model, Statement};
use crate::source::Span;

/// What reads a directive of this family.
pub(super) fn setter(row: &'static DirectiveInfo) -> Option<Setter> {
    let own: Option<Setter> = match row.value {
        Value::Own("ngx_stream_block") => Some(open),
        Value::Own("ngx_stream_core_server") => Some(server::open),
        Value::Own("ngx_stream_core_listen") => Some(server::listen),
        Value::Own(
            "ngx_stream_geoip_city" | "ngx_stream_geoip_country" | "ngx_stream_geoip_org",
        ) => Some(super::http::access::geoip),
        Value::Own("ngx_stream_return") => Some(script::return_),
        Value::Own("ngx_stream_set") => Some(script::set),
        _ => None,
    };
    own.or_else(|| limits::setter(row))
        .or_else(|| upstreams::setter(row))
        .or_else(|| tls::setter(row))
}

/// What is done when the block of a directive of this family ends.
pub(super) fn closer(row: &'static DirectiveInfo) -> Option<Setter> {
    match row.value {
        Value::Own("ngx_stream_block") => Some(end),
        Value::Own("ngx_stream_core_server") => Some(server::close),
        _ => upstreams::closer(row),
    }
}

fn open<'m>(reading: &mut Reading<'m>, _stream: Statement<'m>) {
    reading.model.stream.scope = Some(reading.opened);
}

/// What `ngx_stream_block` does when it has read its block.
fn end<'m>(reading: &mut Reading<'m>, _stream: Statement<'m>) {
    server::merge(reading);
    proxy::merge(reading);
    upstreams::settle(reading, Family::Stream);
    proxy::merge_ssl(reading);
    proxy::finish_ssl(reading);
    variables::end(reading, Family::Stream);
    server_names::finish(reading, Family::Stream);
    sockets::count(reading, Family::Stream);
    reading.state.events.sockets += reading.state.stream_pairs.sockets();
}

/// The place that nginx prints for what it says at the end of `stream`.
fn end_of_block(model: &Model<'_>) -> Option<Span> {
    let opener = model.scope(model.stream.scope?).opener?;
    let span = opener.directive.span();
    Some(Span::new(span.file, span.end.saturating_sub(1), span.end))
}
