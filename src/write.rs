//! Puts files on disk, whole or not at all.
//!
//! It knows nothing of topologies and nginx: a [`Plan`] says which files there are to
//! be, and how our own files are recognised.
//!
//! - [`compare`] says how the disk differs, and writes nothing.
//! - [`apply`] makes the disk as planned.
//! - [`unified_diff`] shows the differences of either.
//!
//! # What holds
//!
//! - At any moment, and after the death of the process or the machine at any moment,
//!   each file has its old bytes or its new ones.
//! - Files come in the order of the plan and orphans go last, so no file ever refers to
//!   one that is not there. In between, the old root may see new files and the new one
//!   old files: a tree is not replaced at a single instant.
//! - A run that fails is undone. Where even that fails, [`WriteError::NotUndone`] says
//!   what is in place.
//! - A file whose bytes are right is not touched. A file that is replaced keeps its mode,
//!   owner, access list and label; a symbolic link keeps being one, and the file that it
//!   leads to is replaced. A new file has mode 0644 and a new directory 0755, less the
//!   umask.
//! - A file without the marker is never removed, and overwritten only by force.
//! - Two runs in the same directory come one after the other. What a killed run has left
//!   (`.djanginx-*`) is removed by the next one.
//! - A single target that is a terminal, a pipe or a character device such as
//!   `/dev/stdout` is written to in place: there is nothing to replace.

mod commit;
mod compare;
mod diff;
mod error;
mod lock;
mod plan;
mod target;
mod temporary;

pub use commit::Step;
pub use compare::{Change, ChangeKind, compare};
pub use diff::unified_diff;
pub use error::{Attempt, Stuck, WriteError};
pub use plan::{OutputFile, Plan};

use commit::Commit;
use lock::Locks;
use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How to write.
#[derive(Debug, Clone)]
pub struct Options {
    /// Overwrite files that are not ours.
    pub force: bool,
    /// How long to wait for another run in the same directory.
    pub patience: Duration,
}

impl Default for Options {
    /// No force; ten seconds.
    fn default() -> Self {
        Self {
            force: false,
            patience: Duration::from_secs(10),
        }
    }
}

/// A file that waits beside its target.
#[derive(Debug, Clone, Copy)]
pub struct Staged<'a> {
    /// The file, as the plan names it.
    pub path: &'a Path,
    /// Where its new text is now.
    pub staged: &'a Path,
}

/// Watches a run, and can stop it. `()` lets everything pass.
pub trait Observer {
    /// Judges the staged files before the first of them is put in place. Not called when
    /// nothing is to be changed, nor for a target that is written to in place.
    ///
    /// # Errors
    /// What makes them unfit; nothing is changed then.
    fn check(
        &mut self,
        _staged: &[Staged<'_>],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }

    /// Is called before each step; `Break` undoes the run, which ends with
    /// [`WriteError::Interrupted`]. From the first [`Step::Discard`] on it is not obeyed.
    fn before(&mut self, _step: &Step<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl Observer for () {}

/// What a run has done.
#[derive(Debug)]
pub struct Report<'p> {
    /// How the disk differed before, as by [`compare`]; it does not any more. Empty for a
    /// target that is written to in place.
    pub changes: Vec<Change<'p>>,
    /// Leftovers of killed runs that were removed, by where they were on disk.
    pub swept: Vec<PathBuf>,
}

/// How often a run starts anew when somebody else was faster.
const ATTEMPTS: usize = 5;

/// Makes the disk as planned.
///
/// # Errors
/// [`WriteError::NotUndone`] when some files are changed and others not; with every
/// other error nothing is changed.
pub fn apply<'p>(
    plan: &'p Plan,
    options: &Options,
    observer: &mut dyn Observer,
) -> Result<Report<'p>, WriteError> {
    if let Some(file) = plan.single_file()
        && target::is_stream(&file.path)
    {
        return send(file);
    }
    let mut attempt = 1;
    loop {
        match apply_once(plan, options, observer) {
            Err(WriteError::ChangedMeanwhile { .. }) if attempt < ATTEMPTS => attempt += 1,
            result => return result,
        }
    }
}

fn apply_once<'p>(
    plan: &'p Plan,
    options: &Options,
    observer: &mut dyn Observer,
) -> Result<Report<'p>, WriteError> {
    let mut locks = Locks::new(options.patience);
    let swept = take_directories(plan, &mut locks, observer)?;
    // Only now: another run may just have changed everything.
    let seen = compare::survey(plan)?;
    if !options.force {
        refuse_hand_written(&seen)?;
    }
    Commit::new(&seen, &mut locks).run(observer)?;
    Ok(Report {
        changes: seen.into_iter().map(|s| s.change).collect(),
        swept,
    })
}

/// Locks every directory of the plan, or the one in which it will be made, and removes
/// leftovers from those that could be locked.
fn take_directories(
    plan: &Plan,
    locks: &mut Locks,
    observer: &mut dyn Observer,
) -> Result<Vec<PathBuf>, WriteError> {
    let mut taken = BTreeSet::new();
    let mut swept = Vec::new();
    loop {
        // While we waited, another run may have made directories that third ones now
        // take without waiting for us.
        let directories = directories(plan)?;
        if directories.is_subset(&taken) {
            return Ok(swept);
        }
        // One order for all runs, so that no two wait for each other.
        for directory in directories.difference(&taken) {
            let step = Step::Wait(directory);
            if locks.take(directory, &mut || observer.before(&step))? {
                swept.extend(temporary::sweep(directory));
            }
        }
        taken.extend(directories);
    }
}

/// The directories that exist of those that the plan writes to or removes from, and for
/// those that do not exist the nearest that does.
fn directories(plan: &Plan) -> Result<BTreeSet<PathBuf>, WriteError> {
    let targets = compare::targets(plan)?;
    let nearest = targets.iter().map(|t| t.nearest().to_owned());
    let searched = plan.directories().map(|d| plan.locate(d));
    Ok(nearest
        .chain(searched.filter_map(|d| d.canonicalize().ok()))
        .collect())
}

fn refuse_hand_written(seen: &[compare::Seen<'_>]) -> Result<(), WriteError> {
    let paths: Vec<_> = seen
        .iter()
        .filter(|s| s.change.is_drift() && !s.ours)
        .map(|s| s.change.path.clone())
        .collect();
    if paths.is_empty() {
        return Ok(());
    }
    Err(WriteError::HandWritten { paths })
}

/// Writes to a device or pipe.
fn send(file: &OutputFile) -> Result<Report<'_>, WriteError> {
    OpenOptions::new()
        .write(true)
        .open(&file.path)
        .and_then(|mut out| out.write_all(&file.text))
        .map_err(|source| WriteError::os(Attempt::Send, &file.path, source))?;
    Ok(Report {
        changes: Vec::new(),
        swept: Vec::new(),
    })
}
