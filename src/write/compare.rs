//! What is on disk, beside what is to be there.

use super::error::Attempt;
use super::plan::{HEAD, Plan};
use super::target::{Stamp, Target, directory_of, is_stream};
use super::{WriteError, temporary};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// How one file on disk differs from the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<'p> {
    /// The file, as the plan names it; an orphan relative to the root.
    pub path: PathBuf,
    /// How it differs.
    pub kind: ChangeKind<'p>,
}

/// How a file differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind<'p> {
    /// Not at all.
    Unchanged,
    /// It has another text.
    Changed {
        /// What is on disk.
        old: Vec<u8>,
        /// What is planned.
        new: &'p [u8],
    },
    /// It is not there.
    Missing {
        /// What is planned.
        new: &'p [u8],
    },
    /// It is one of ours, but the plan does not have it.
    Orphaned {
        /// What is on disk.
        old: Vec<u8>,
    },
}

impl Change<'_> {
    /// Whether disk and plan differ.
    #[must_use]
    pub fn is_drift(&self) -> bool {
        self.kind != ChangeKind::Unchanged
    }
}

/// Compares the disk with a plan: the plan's files in its order, then orphans, links
/// first, those nearest to the root first. Writes nothing at all and takes no lock.
///
/// # Errors
/// When the disk cannot be read, or has something in the place of a file or directory.
pub fn compare(plan: &Plan) -> Result<Vec<Change<'_>>, WriteError> {
    if let Some(file) = plan.single_file()
        && is_stream(&file.path)
    {
        let path = file.path.clone();
        return Err(WriteError::Stream { path });
    }
    let seen = survey(plan)?;
    Ok(seen.into_iter().map(|s| s.change).collect())
}

/// A difference, with the place on disk.
#[derive(Debug)]
pub(super) struct Seen<'p> {
    pub(super) change: Change<'p>,
    pub(super) target: Target,
    /// Whether it may be replaced or removed without being asked.
    pub(super) ours: bool,
}

/// Finds the places of the plan's files.
pub(super) fn targets(plan: &Plan) -> Result<Vec<Target>, WriteError> {
    let mut targets = Vec::with_capacity(plan.files().len());
    let mut first_of = BTreeMap::new();
    for file in plan.files() {
        let target = Target::find(&plan.locate(&file.path))?;
        if plan.single_file().is_some() && !target.missing.is_empty() {
            return Err(WriteError::NoDirectory {
                path: directory_of(&file.path).to_owned(),
            });
        }
        if let Some(first) = first_of.insert(target.path.clone(), &file.path) {
            return Err(WriteError::SameFile {
                first: first.clone(),
                second: file.path.clone(),
            });
        }
        targets.push(target);
    }
    Ok(targets)
}

/// Compares, and remembers the places.
pub(super) fn survey(plan: &Plan) -> Result<Vec<Seen<'_>>, WriteError> {
    let targets = targets(plan)?;
    let planned: BTreeSet<PathBuf> = targets.iter().map(|t| t.path.clone()).collect();
    let mut seen = Vec::with_capacity(targets.len());
    for (file, target) in plan.files().iter().zip(targets) {
        let new = file.text.as_slice();
        let (kind, ours) = match target.stamp {
            None => (ChangeKind::Missing { new }, true),
            Some(_) => {
                let old = fs::read(&target.path)
                    .map_err(|source| WriteError::os(Attempt::Read, &target.path, source))?;
                // An empty file has nothing to lose.
                let ours = old.is_empty() || plan.is_ours(&old);
                if old == new {
                    (ChangeKind::Unchanged, ours)
                } else {
                    (ChangeKind::Changed { old, new }, ours)
                }
            }
        };
        let path = file.path.clone();
        seen.push(Seen {
            change: Change { path, kind },
            target,
            ours,
        });
    }
    seen.extend(orphans(plan, &planned)?);
    Ok(seen)
}

/// Finds files of ours that are not planned.
fn orphans<'p>(plan: &'p Plan, planned: &BTreeSet<PathBuf>) -> Result<Vec<Seen<'p>>, WriteError> {
    let mut found = Vec::new();
    let mut searched = BTreeSet::new();
    for relative in plan.directories() {
        let directory = plan.locate(relative);
        let read = |source| WriteError::os(Attempt::Read, &directory, source);
        let metadata = match fs::metadata(&directory) {
            Ok(metadata) if metadata.is_dir() => metadata,
            // Nothing of ours can be in what is no directory; where one is needed,
            // finding the targets has said so.
            Ok(_) => continue,
            Err(e) if is_absence(&e) => continue,
            Err(source) => return Err(read(source)),
        };
        if !searched.insert((metadata.dev(), metadata.ino())) {
            continue;
        }
        let real = fs::canonicalize(&directory).map_err(read)?;
        for entry in fs::read_dir(&real).map_err(read)? {
            let name = entry.map_err(read)?.file_name();
            if !temporary::is_temporary(&name)
                && let Some(old) = read_orphan(plan, planned, &real.join(&name))
            {
                found.push((relative.join(name), real.clone(), old));
            }
        }
    }
    let mut orphans = Vec::new();
    for (path, directory, old) in found {
        let name = path.file_name().unwrap_or_default();
        let target = Target {
            path: directory.join(name),
            directory,
            missing: Vec::new(),
            stamp: Some(old.stamp),
        };
        let key = (!old.is_link, path.components().count(), path.clone());
        let kind = ChangeKind::Orphaned { old: old.text };
        let seen = Seen {
            change: Change { path, kind },
            target,
            ours: true,
        };
        orphans.push((key, seen));
    }
    orphans.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(orphans.into_iter().map(|(_, seen)| seen).collect())
}

struct Orphan {
    text: Vec<u8>,
    /// Of the name in the directory, which may be a link.
    stamp: Stamp,
    is_link: bool,
}

/// Reads a file when it is an orphan. One that we may not read is not known to be ours.
fn read_orphan(plan: &Plan, planned: &BTreeSet<PathBuf>, path: &Path) -> Option<Orphan> {
    let entry = fs::symlink_metadata(path).ok()?;
    // Before it is opened: opening a pipe would wait for its writer.
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    if planned.contains(path) || planned.contains(&fs::canonicalize(path).ok()?) {
        return None;
    }
    let mut file = File::open(path).ok()?;
    let mut text = Vec::new();
    file.by_ref()
        .take(HEAD as u64)
        .read_to_end(&mut text)
        .ok()?;
    if !plan.is_ours(&text) {
        return None;
    }
    file.read_to_end(&mut text).ok()?;
    Some(Orphan {
        text,
        stamp: Stamp::of(&entry),
        is_link: entry.is_symlink(),
    })
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
