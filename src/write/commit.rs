//! Brings the planned files into place, as a list of small steps that one loop runs.
//!
//! All that can fail for want of room or rights is done first, beside the targets. Then
//! files are renamed into place in the order of the plan, so that a file that refers to
//! another never comes before it, and orphans go last, when nothing refers to them any
//! more. Until the last of it is on the disk, every step can be undone.

use super::compare::{ChangeKind, Seen};
use super::error::{Attempt, Stuck};
use super::lock::Locks;
use super::target::{Stamp, directory_of};
use super::temporary::{self, StageError};
use super::{Observer, Staged, WriteError};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use tempfile::TempPath;

/// One step of a run.
///
/// Files are named as in the plan, directories by where they are on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Wait for another run that has this directory. Comes again until that has ended.
    Wait(&'a Path),
    /// Make this directory.
    MakeDirectory(&'a Path),
    /// Write the new text of this file beside it.
    Stage(&'a Path),
    /// Give what is there a second name, to be able to put it back.
    Keep(&'a Path),
    /// Have the staged files checked by [`Observer::check`].
    Check,
    /// Put the new file in place.
    Replace(&'a Path),
    /// Remove this orphan.
    Remove(&'a Path),
    /// Bring the names in this directory to the disk.
    Sync(&'a Path),
    /// Drop the second name of what was there. From the first of these on the run is not
    /// undone any more.
    Discard(&'a Path),
}

/// A file to be put in place, or an orphan to be removed.
struct Work<'s> {
    /// As the plan names it.
    path: &'s Path,
    target: &'s Path,
    directory: &'s Path,
    stamp: Option<Stamp>,
    /// `None` for an orphan.
    new: Option<&'s [u8]>,
    /// `None` where there is no file.
    old: Option<&'s [u8]>,
    staged: Option<TempPath>,
    kept: Option<TempPath>,
    /// Whether the new state is in place.
    done: bool,
}

/// A step with the index of its work, or with its directory.
#[derive(Debug, Clone, Copy)]
enum Op<'s> {
    MakeDirectory(&'s Path),
    Stage(usize),
    Keep(usize),
    Check,
    Replace(usize),
    Remove(usize),
    Sync(&'s Path),
    Discard(usize),
}

/// A run, from what was seen on disk to what was planned.
pub(super) struct Commit<'s, 'l> {
    work: Vec<Work<'s>>,
    ops: Vec<Op<'s>>,
    locks: &'l mut Locks,
    /// Directories that this run has made.
    made: Vec<&'s Path>,
}

impl<'s, 'l> Commit<'s, 'l> {
    pub(super) fn new(seen: &'s [Seen<'_>], locks: &'l mut Locks) -> Self {
        let work: Vec<_> = seen.iter().filter_map(Work::new).collect();
        let mut missing: Vec<&Path> = Vec::new();
        for seen in seen.iter().filter(|s| s.change.is_drift()) {
            for directory in &seen.target.missing {
                if !missing.contains(&directory.as_path()) {
                    missing.push(directory);
                }
            }
        }
        let ops = if work.is_empty() {
            Vec::new()
        } else {
            ops(&work, &missing)
        };
        Self {
            work,
            ops,
            locks,
            made: Vec::new(),
        }
    }

    /// Runs all steps, or undoes those that were done.
    pub(super) fn run(mut self, observer: &mut dyn Observer) -> Result<(), WriteError> {
        for op in std::mem::take(&mut self.ops) {
            let go_on = observer.before(&self.step(op));
            let result = match op {
                // All is in place and on the disk: there is nothing left to stop.
                Op::Discard(_) => self.execute(op, observer),
                _ if go_on.is_break() => Err(WriteError::Interrupted),
                _ => self.execute(op, observer),
            };
            if let Err(cause) = result {
                return Err(self.undo(cause));
            }
        }
        Ok(())
    }

    fn step(&self, op: Op<'s>) -> Step<'s> {
        match op {
            Op::MakeDirectory(path) => Step::MakeDirectory(path),
            Op::Stage(i) => Step::Stage(self.work[i].path),
            Op::Keep(i) => Step::Keep(self.work[i].path),
            Op::Check => Step::Check,
            Op::Replace(i) => Step::Replace(self.work[i].path),
            Op::Remove(i) => Step::Remove(self.work[i].path),
            Op::Sync(path) => Step::Sync(path),
            Op::Discard(i) => Step::Discard(self.work[i].path),
        }
    }

    fn execute(&mut self, op: Op<'s>, observer: &mut dyn Observer) -> Result<(), WriteError> {
        match op {
            Op::MakeDirectory(path) => self.make_directory(path, observer),
            Op::Stage(i) => self.work[i].stage(),
            Op::Keep(i) => self.work[i].keep(),
            Op::Check => {
                let staged: Vec<_> = self.work.iter().filter_map(Work::as_staged).collect();
                observer.check(&staged).map_err(WriteError::Rejected)
            }
            Op::Replace(i) => self.work[i].replace(),
            Op::Remove(i) => self.work[i].remove(),
            Op::Sync(path) => temporary::sync_directory(path)
                .map_err(|source| WriteError::os(Attempt::Sync, path, source)),
            Op::Discard(i) => {
                // What cannot be removed now is removed by the next run.
                self.work[i].kept = None;
                Ok(())
            }
        }
    }

    fn make_directory(
        &mut self,
        path: &'s Path,
        observer: &mut dyn Observer,
    ) -> Result<(), WriteError> {
        let made = match DirBuilder::new().mode(0o755).create(path) {
            Ok(()) => true,
            // Another run was faster.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => false,
            Err(source) => return Err(vanished_or(Attempt::MakeDirectory, path, source)),
        };
        // Others see it now. The outer directory is made and locked first, which is the
        // order in which they take it.
        let step = Step::Wait(path);
        self.locks.take(path, &mut || observer.before(&step))?;
        if made {
            // Only what nobody else has taken is removed again.
            self.made.push(path);
        }
        temporary::sync_directory(directory_of(path))
            .map_err(|source| WriteError::os(Attempt::Sync, path, source))
    }

    /// Puts everything back, the last first, so that here, too, no file ever refers to
    /// one that is not there.
    fn undo(&mut self, cause: WriteError) -> WriteError {
        let mut stuck = Vec::new();
        let mut touched: Vec<&Path> = Vec::new();
        for work in self.work.iter_mut().rev() {
            if work.done {
                touched.push(work.directory);
                stuck.extend(work.restore().err());
            }
            work.staged = None;
            work.kept = None;
        }
        for directory in self.made.iter().rev() {
            // One that somebody else has put something into stays.
            let _ = fs::remove_dir(directory);
        }
        touched.dedup();
        for directory in touched {
            // The run has failed already, and nothing better can be done.
            let _ = temporary::sync_directory(directory);
        }
        if stuck.is_empty() {
            return cause;
        }
        stuck.reverse();
        WriteError::NotUndone {
            cause: Box::new(cause),
            stuck,
        }
    }
}

/// What was there when it was compared and is not any more was taken away by somebody.
fn vanished_or(attempt: Attempt, path: &Path, source: io::Error) -> WriteError {
    if source.kind() == io::ErrorKind::NotFound {
        let path = path.to_owned();
        return WriteError::ChangedMeanwhile { path };
    }
    WriteError::os(attempt, path, source)
}

/// The steps, in their order. `work` has the plan's files first, then orphans.
fn ops<'s>(work: &[Work<'s>], missing: &[&'s Path]) -> Vec<Op<'s>> {
    let mut ops: Vec<_> = missing.iter().map(|path| Op::MakeDirectory(path)).collect();
    let with = |f: fn(&Work<'_>) -> bool| {
        let chosen = work.iter().enumerate().filter(move |(_, w)| f(w));
        chosen.map(|(i, _)| i)
    };
    ops.extend(with(|w| w.new.is_some()).map(Op::Stage));
    ops.extend(with(|w| w.old.is_some()).map(Op::Keep));
    ops.push(Op::Check);
    let mut unsynced: Option<&Path> = None;
    for (i, work) in work.iter().enumerate() {
        // What is in one directory must be on the disk before what another has to say
        // about it. In the same directory the file system keeps the order.
        if let Some(directory) = unsynced.replace(work.directory)
            && directory != work.directory
        {
            ops.push(Op::Sync(directory));
        }
        ops.push(match work.new {
            Some(_) => Op::Replace(i),
            None => Op::Remove(i),
        });
    }
    ops.extend(unsynced.map(Op::Sync));
    ops.extend(with(|w| w.old.is_some()).map(Op::Discard));
    ops
}

impl<'s> Work<'s> {
    fn new(seen: &'s Seen<'_>) -> Option<Self> {
        let (new, old) = match &seen.change.kind {
            ChangeKind::Unchanged => return None,
            ChangeKind::Changed { old, new } => (Some(*new), Some(old.as_slice())),
            ChangeKind::Missing { new } => (Some(*new), None),
            ChangeKind::Orphaned { old } => (None, Some(old.as_slice())),
        };
        Some(Self {
            path: &seen.change.path,
            target: &seen.target.path,
            directory: &seen.target.directory,
            stamp: seen.target.stamp,
            new,
            old,
            staged: None,
            kept: None,
            done: false,
        })
    }

    fn as_staged(&self) -> Option<Staged<'_>> {
        Some(Staged {
            path: self.path,
            staged: self.staged.as_deref()?,
        })
    }

    fn stage(&mut self) -> Result<(), WriteError> {
        let like = self.old.is_some().then_some(self.target);
        let staged = temporary::stage(self.directory, self.new.unwrap_or_default(), like);
        self.staged = Some(staged.map_err(|e| self.stage_error(e))?);
        Ok(())
    }

    fn keep(&mut self) -> Result<(), WriteError> {
        let kept = temporary::keep(self.directory, self.target, self.old.unwrap_or_default());
        self.kept = Some(kept.map_err(|e| self.stage_error(e))?);
        Ok(())
    }

    fn stage_error(&self, error: StageError) -> WriteError {
        match error {
            StageError::Owner { uid, gid } => WriteError::OwnerNotKept {
                path: self.target.to_owned(),
                uid,
                gid,
            },
            StageError::Io(source) => vanished_or(Attempt::WriteIn, self.directory, source),
        }
    }

    fn replace(&mut self) -> Result<(), WriteError> {
        let staged = self
            .staged
            .take()
            .expect("internal: a file is staged before it replaces another");
        self.expect_untouched()?;
        let replace = |source| vanished_or(Attempt::Replace, self.target, source);
        if self.stamp.is_some() {
            staged.persist(self.target).map_err(|e| replace(e.error))?;
        } else if let Err(e) = staged.persist_noclobber(self.target) {
            // Where a file system cannot refuse to overwrite, having just looked is the
            // best there is.
            self.expect_untouched()?;
            e.path.persist(self.target).map_err(|e| replace(e.error))?;
        }
        self.done = true;
        Ok(())
    }

    fn remove(&mut self) -> Result<(), WriteError> {
        self.expect_untouched()?;
        fs::remove_file(self.target)
            .map_err(|source| vanished_or(Attempt::Remove, self.target, source))?;
        self.done = true;
        Ok(())
    }

    /// Refuses when the file is not the one that was compared.
    fn expect_untouched(&self) -> Result<(), WriteError> {
        let now = match fs::symlink_metadata(self.target) {
            Ok(metadata) => Some(Stamp::of(&metadata)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(WriteError::os(Attempt::Read, self.target, source)),
        };
        if now == self.stamp {
            return Ok(());
        }
        Err(WriteError::ChangedMeanwhile {
            path: self.target.to_owned(),
        })
    }

    /// Puts the old state back.
    fn restore(&mut self) -> Result<(), Stuck> {
        let (kept, source) = match self.kept.take() {
            Some(kept) => match kept.persist(self.target) {
                Ok(()) => return Ok(()),
                Err(e) => (e.path.keep().ok(), e.error),
            },
            None => match fs::remove_file(self.target) {
                Ok(()) => return Ok(()),
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => (None, error),
            },
        };
        Err(Stuck {
            path: self.path.to_owned(),
            kept: kept.filter(|k: &PathBuf| k.exists()),
            source,
        })
    }
}
