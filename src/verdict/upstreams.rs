//! Upstreams of `http` and of `stream`, which nginx reads with two copies of one source
//! (`src/http/ngx_http_upstream.c`, `src/stream/ngx_stream_upstream.c` and the modules of
//! balancing methods).

mod add;
mod block;
mod methods;
mod passes;
mod server;
mod settle;
mod sticky;

pub(super) use settle::settle;

use super::reading::{Reading, Setter};
use crate::directives::{DirectiveInfo, Family, Value};
use crate::model::upstream::{Upstream, Upstreams};
use crate::model::{ScopeId, Statement};

/// What is remembered of the upstreams of `http` and of `stream`.
#[derive(Debug, Default)]
pub(super) struct State<'m> {
    http: add::Added<'m>,
    stream: add::Added<'m>,
    block: block::Block<'m>,
}

impl<'m> State<'m> {
    fn of(&mut self, family: Family) -> &mut add::Added<'m> {
        match family {
            Family::Stream => &mut self.stream,
            _ => &mut self.http,
        }
    }

    /// The block of an upstream that is being read.
    fn block(&mut self, scope: ScopeId) -> &mut block::Block<'m> {
        if self.block.scope != Some(scope) {
            self.block = block::Block::new(scope);
        }
        &mut self.block
    }
}

/// What reads a directive.
pub(super) fn setter(row: &'static DirectiveInfo) -> Option<Setter> {
    let Value::Own(name) = row.value else {
        return None;
    };
    if let Some(setter) = passes::setter(name) {
        return Some(setter);
    }
    let (_, name) = name
        .split_once("ngx_http_upstream")
        .or_else(|| name.split_once("ngx_stream_upstream"))?;
    Some(match name {
        "" => block::open,
        "_server" => server::read,
        "_hash" => methods::hash,
        "_ip_hash" => methods::ip_hash,
        "_least_conn" => methods::least_conn,
        "_least_time" => methods::least_time,
        "_random" => methods::random,
        "_keepalive" => methods::keepalive,
        "_zone" => methods::zone,
        "_sticky" if !row.plus => sticky::read,
        _ => return None,
    })
}

/// What is done when the block of a directive ends.
pub(super) fn closer(row: &'static DirectiveInfo) -> Option<Setter> {
    match row.value {
        Value::Own("ngx_http_upstream" | "ngx_stream_upstream") => Some(block::close),
        _ => None,
    }
}

fn upstreams<'r, 'm>(reading: &'r mut Reading<'m>, family: Family) -> &'r mut Upstreams<'m> {
    match family {
        Family::Stream => &mut reading.model.stream.upstreams,
        _ => &mut reading.model.http.upstreams,
    }
}

/// The upstream that a directive stands in; none where its block is not at hand.
fn current<'r, 'm>(
    reading: &'r mut Reading<'m>,
    statement: Statement<'m>,
) -> Option<&'r mut Upstream<'m>> {
    let upstreams = upstreams(reading, statement.row.module.family);
    let last = upstreams.all.last_mut()?;
    (last.scope == statement.scope).then_some(last)
}
