//! When a question has reached which phase. reqwest and rustls do not say it, so the places
//! that know tell a clock that belongs to the task.

use super::result::{Phase, TlsFailure};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

tokio::task_local! {
    static CLOCK: Arc<Clock>;
}

/// The clock of one question.
#[derive(Debug)]
pub(super) struct Clock {
    /// When it was asked.
    pub(super) start: Instant,
    /// The one address that may be connected to.
    pub(super) pinned: Option<SocketAddr>,
    marks: Mutex<Marks>,
}

/// What has happened.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks {
    /// The connection is there.
    pub(super) connected: Option<Instant>,
    /// TLS begins.
    pub(super) securing: bool,
    /// TLS is agreed.
    pub(super) secured: Option<Instant>,
    /// The head of the answer is there.
    pub(super) answered: Option<Instant>,
    /// The node's certificate, DER.
    pub(super) certificate: Option<Vec<u8>>,
    /// What is wrong with it, whether that counts or not.
    pub(super) fault: Option<TlsFailure>,
}

impl Clock {
    pub(super) fn new(pinned: Option<SocketAddr>) -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            pinned,
            marks: Mutex::default(),
        })
    }

    /// What has happened so far; to be changed as it happens.
    pub(super) fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The phase that the question is in.
    pub(super) fn phase(&self) -> Phase {
        let marks = self.marks();
        match &*marks {
            Marks {
                answered: Some(_), ..
            } => Phase::Transfer,
            Marks {
                securing: true,
                secured: None,
                ..
            } => Phase::Tls,
            Marks {
                connected: Some(_), ..
            } => Phase::FirstByte,
            _ => Phase::Connect,
        }
    }

    /// Runs a future that knows this clock.
    pub(super) async fn scope<T>(self: &Arc<Self>, future: impl Future<Output = T>) -> T {
        CLOCK.scope(Arc::clone(self), future).await
    }
}

/// Tells the clock of this task something, if it has one.
pub(super) fn mark(change: impl FnOnce(&mut Marks)) {
    let _ = CLOCK.try_with(|clock| change(&mut clock.marks()));
}

/// The address that this task may connect to.
pub(super) fn pinned() -> Option<SocketAddr> {
    CLOCK.try_with(|clock| clock.pinned).ok().flatten()
}
