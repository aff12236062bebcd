//! What the verdict remembers beside the model.

<<<<<<< HEAD
use super::core::{Events, Pool};
=======
use super::upstreams;
>>>>>>> 8e47f23 (Upstreams, their servers and methods, and what passes requests to them; zones of shared memory)

/// State of single modules; a field each.
#[derive(Debug, Default)]
pub(super) struct State<'m> {
<<<<<<< HEAD
    /// `events`, and what listens.
    pub(super) events: Events<'m>,
    /// The pools of threads, in the order of first mention.
    pub(super) thread_pools: Vec<Pool<'m>>,
=======
    pub(super) upstreams: upstreams::State<'m>,
>>>>>>> 8e47f23 (Upstreams, their servers and methods, and what passes requests to them; zones of shared memory)
}
