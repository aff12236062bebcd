//! Keeps two runs out of the same directory.
//!
//! The directory itself is locked (flock(2)), so that nothing is left behind, and the
//! lock ends with the process. Where a file system cannot do it (NFS locks only what is
//! open for writing) the run goes on without: every file is still replaced as a whole,
//! and the last one wins.

use super::WriteError;
use std::fs::{File, TryLockError};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(10);

/// Directories that this run has for itself until this is dropped.
#[derive(Debug)]
pub(super) struct Locks {
    patience: Duration,
    held: Vec<(Key, File)>,
}

impl Locks {
    /// Holds nothing yet; waits this long for another run to end.
    pub(super) fn new(patience: Duration) -> Self {
        Self {
            patience,
            held: Vec::new(),
        }
    }

    /// Takes a directory, and says whether it could be locked. `wait` is asked before
    /// each pause whether to go on waiting.
    pub(super) fn take(
        &mut self,
        directory: &Path,
        wait: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<bool, WriteError> {
        let start = Instant::now();
        loop {
            let Some((key, file)) = open(directory)? else {
                return Ok(false);
            };
            if self.held.iter().any(|(k, _)| *k == key) {
                return Ok(true);
            }
            match file.try_lock() {
                // The other run may have removed it, and a third one made it again.
                Ok(()) if open(directory)?.is_some_and(|(k, _)| k == key) => {
                    self.held.push((key, file));
                    return Ok(true);
                }
                Ok(()) => {}
                Err(TryLockError::Error(_)) => return Ok(false),
                Err(TryLockError::WouldBlock) if start.elapsed() >= self.patience => {
                    return Err(WriteError::Busy {
                        path: directory.to_owned(),
                    });
                }
                Err(TryLockError::WouldBlock) if wait().is_break() => {
                    return Err(WriteError::Interrupted);
                }
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            }
        }
    }
}

/// By device and inode: the same directory under two names would lock itself out.
type Key = (u64, u64);

/// Opens a directory; `None` when it may not be read.
fn open(directory: &Path) -> Result<Option<(Key, File)>, WriteError> {
    match File::open(directory).and_then(|file| Ok((file.metadata()?, file))) {
        Ok((metadata, file)) => Ok(Some(((metadata.dev(), metadata.ino()), file))),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Err(WriteError::ChangedMeanwhile {
            path: directory.to_owned(),
        }),
        Err(_) => Ok(None),
    }
}
