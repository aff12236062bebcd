//! `stream`.

use super::limits;
use super::reading::{Reading, Setter};
use super::upstreams;
use crate::directives::{DirectiveInfo, Family};
use crate::model::Statement;

/// What reads a directive of this family.
pub(super) fn setter(row: &'static DirectiveInfo) -> Option<Setter> {
    limits::setter(row).or_else(|| upstreams::setter(row))
}

/// What is done when the block of a directive of this family ends.
pub(super) fn closer(row: &'static DirectiveInfo) -> Option<Setter> {
    if row.name == "stream" {
        return Some(end);
    }
    upstreams::closer(row)
}

/// What `ngx_stream_block` does when it has read its block.
fn end<'m>(reading: &mut Reading<'m>, _stream: Statement<'m>) {
    upstreams::settle(reading, Family::Stream);
}
