//! What nginx does when all text is read (`ngx_init_cycle`).

use super::reading::Reading;

/// Shared memory, files and sockets.
pub(super) fn end(_reading: &mut Reading<'_>) {}
