//! The outermost level and `events`.
//!
//! - `process` has the settings of the processes (`src/core/nginx.c`).
//! - `log` has `error_log` of every level (`src/core/ngx_log.c`).
//! - `events` has connections (`src/event/ngx_event.c`).
//! - `resolver` has the name servers of every family (`src/core/ngx_resolver.c`).
//! - `threads` has pools of threads (`src/core/ngx_thread_pool.c`).

mod events;
mod log;
mod process;
mod resolver;
mod threads;

pub(super) use events::State as Events;
pub(super) use log::error_log;
pub(super) use resolver::resolver;
pub(super) use threads::{Pool, use_pool};

use super::reading::{Reading, Setter};
use crate::directives::{DirectiveInfo, Value};

/// What reads a directive of this family.
pub(super) fn setter(row: &'static DirectiveInfo) -> Option<Setter> {
    let Value::Own(function) = row.value else {
        return None;
    };
    match function {
        "ngx_set_worker_processes" => Some(process::worker_processes),
        "ngx_set_cpu_affinity" => Some(process::worker_cpu_affinity),
        "ngx_set_priority" => Some(process::worker_priority),
        "ngx_error_log" => Some(log::error_log),
        "ngx_event_connections" => Some(events::worker_connections),
        "ngx_event_use" => Some(events::event_method),
        "ngx_event_debug_connection" => Some(events::debug_connection),
        "ngx_thread_pool" => Some(threads::thread_pool),
        _ => None,
    }
}

/// What is done when the block of a directive of this family ends.
pub(super) fn closer(_row: &'static DirectiveInfo) -> Option<Setter> {
    None
}

/// What the modules outside `http`, `mail` and `stream` say when all is read, in their order
/// (`init_conf`).
pub(super) fn finish(reading: &mut Reading<'_>) {
    process::finish(reading);
    events::finish(reading);
    threads::finish(reading);
}
