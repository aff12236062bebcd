//! What the verdict remembers beside the model.

use super::core::{Events, Pool};
use super::upstreams;

/// State of single modules; a field each.
#[derive(Debug, Default)]
pub(super) struct State<'m> {
    /// `events`, and what listens.
    pub(super) events: Events<'m>,
    /// The pools of threads, in the order of first mention.
    pub(super) thread_pools: Vec<Pool<'m>>,
    pub(super) upstreams: upstreams::State<'m>,
}
