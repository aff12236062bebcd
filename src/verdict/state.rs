//! What the verdict remembers beside the model.

use std::marker::PhantomData;

/// State of single modules; a field each.
#[derive(Debug, Default)]
pub(super) struct State<'m> {
    marker: PhantomData<&'m ()>,
}
