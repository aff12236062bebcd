//! What nginx does when all text is read (`ngx_init_cycle`).

use super::reading::Reading;
use super::zones;
use super::{core, live};

/// The modules outside `http`, `mail` and `stream`, then shared memory, files and sockets.
pub(super) fn end(reading: &mut Reading<'_>) {
    core::finish(reading);
    zones::end(reading);
    live::end(reading);
}
