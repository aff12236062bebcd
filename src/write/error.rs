//! Why files could not be put on disk, and how to mend it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What the operating system was asked to do with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// To read it, its attributes or the names in it.
    Read,
    /// To make this directory.
    MakeDirectory,
    /// To write a new file in this directory.
    WriteIn,
    /// To put another file in the place of this one.
    Replace,
    /// To remove it.
    Remove,
    /// To bring it from memory to the disk.
    Sync,
    /// To send bytes to this device or pipe.
    Send,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::MakeDirectory => "make the directory",
            Self::WriteIn => "write files in",
            Self::Replace => "replace",
            Self::Remove => "remove",
            Self::Sync => "sync",
            Self::Send => "write to",
        })
    }
}

/// A file that could not be brought back when a run was undone.
#[derive(Debug)]
pub struct Stuck {
    /// The file, as the plan names it.
    pub path: PathBuf,
    /// Where its old text is; `None` where there was no file before.
    pub kept: Option<PathBuf>,
    /// Why it could not be brought back.
    pub source: io::Error,
}

/// Why files could not be put on disk.
///
/// Unless it is [`WriteError::NotUndone`], nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A file is to be written where something else is.
    #[error("`{}` is {kind}, not a file", path.display())]
    NotAFile {
        /// The place.
        path: PathBuf,
        /// What it is, with an article.
        kind: &'static str,
    },
    /// A directory is needed where something else is.
    #[error("`{}` is not a directory", path.display())]
    NotADirectory {
        /// The place.
        path: PathBuf,
    },
    /// The directory of a single file does not exist.
    #[error("the directory `{}` does not exist", path.display())]
    NoDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// A symbolic link leads to nothing.
    #[error("the symbolic link `{}` leads to `{}`, which does not exist", link.display(), target.display())]
    DanglingLink {
        /// The link.
        link: PathBuf,
        /// The first name on its way that does not exist.
        target: PathBuf,
    },
    /// A symbolic link leads to itself, or through more links than the system follows.
    #[error("the symbolic link `{}` leads to no file, only to more links", link.display())]
    LinkLoop {
        /// The link.
        link: PathBuf,
    },
    /// Symbolic links make two outputs one.
    #[error("`{}` and `{}` are the same file through a symbolic link", first.display(), second.display())]
    SameFile {
        /// One name.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// Something that has no contents to compare with: a terminal, a pipe, `/dev/null`.
    #[error("`{}` is a pipe or a device, which has nothing to compare with", path.display())]
    Stream {
        /// The place.
        path: PathBuf,
    },
    /// Files in the way do not have the mark of our own files.
    #[error("{} {} not made by djanginx", list(paths), if paths.len() == 1 { "is" } else { "are" })]
    HandWritten {
        /// The files, in the order of the plan.
        paths: Vec<PathBuf>,
    },
    /// No permission.
    #[error("no permission to {attempt} `{}`", path.display())]
    NoPermission {
        /// To do what.
        attempt: Attempt,
        /// With which path.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The file system is mounted read-only.
    #[error("the file system of `{}` is read-only", path.display())]
    ReadOnly {
        /// The path.
        path: PathBuf,
    },
    /// The file system is full, or the user's share of it.
    #[error("no space left in the file system of `{}`", path.display())]
    NoSpace {
        /// The path.
        path: PathBuf,
    },
    /// A name is longer than the file system allows.
    #[error("the path `{}` is too long for its file system", path.display())]
    NameTooLong {
        /// The path.
        path: PathBuf,
    },
    /// A file that is mounted, such as a single file given to a container.
    #[error("`{}` is a mount point, which cannot be replaced", path.display())]
    MountPoint {
        /// The file.
        path: PathBuf,
    },
    /// The new file could not be given to the owner of the old one.
    #[error("no permission to keep the owner {uid}:{gid} of `{}`", path.display())]
    OwnerNotKept {
        /// The file.
        path: PathBuf,
        /// Its user.
        uid: u32,
        /// Its group.
        gid: u32,
    },
    /// Another run has had the directory for too long.
    #[error("another djanginx is writing in `{}`", path.display())]
    Busy {
        /// The directory.
        path: PathBuf,
    },
    /// Somebody else changed a file between our look at it and its replacement.
    #[error("`{}` was changed by somebody else at the same time", path.display())]
    ChangedMeanwhile {
        /// The file.
        path: PathBuf,
    },
    /// The observer said to stop.
    #[error("interrupted, and undone")]
    Interrupted,
    /// The observer did not accept the staged files.
    #[error("the staged files did not pass their check")]
    Rejected(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A run failed half way and some of it could not be undone. Every file is whole,
    /// either old or new.
    #[error("{cause}; {} could not be brought back", list(&names(stuck)))]
    NotUndone {
        /// Why the run failed.
        cause: Box<WriteError>,
        /// The files that are still as the run left them.
        stuck: Vec<Stuck>,
    },
    /// Anything else the operating system refused.
    #[error("cannot {attempt} `{}`", path.display())]
    Os {
        /// To do what.
        attempt: Attempt,
        /// With which path.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A plan that no caller should have made.
    #[error("internal: {0}")]
    Internal(String),
}

impl WriteError {
    /// Gives an error of the operating system its own name where it has one.
    pub(super) fn os(attempt: Attempt, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied => Self::NoPermission {
                attempt,
                path,
                source,
            },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace { path },
            io::ErrorKind::InvalidFilename => Self::NameTooLong { path },
            io::ErrorKind::NotADirectory => Self::NotADirectory { path },
            // Linux refuses to rename over a mount point (rename(2), EBUSY) and to
            // link out of one (link(2), EXDEV).
            io::ErrorKind::ResourceBusy | io::ErrorKind::CrossesDevices
                if matches!(attempt, Attempt::Replace | Attempt::Remove) =>
            {
                Self::MountPoint { path }
            }
            _ => Self::Os {
                attempt,
                path,
                source,
            },
        }
    }

    /// What to do about it, as an order.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::NotAFile { kind, .. } if *kind == "a directory" => {
                "name a file in it, or move it away".to_owned()
            }
            Self::NotAFile { .. } => "choose another path, or move it away".to_owned(),
            Self::NotADirectory { .. } => {
                "move the file away, or choose another directory".to_owned()
            }
            Self::NoDirectory { path } => {
                format!("make it with `mkdir -p {}`", path.display())
            }
            Self::DanglingLink { .. } => {
                "make the file that it leads to, or remove the link".to_owned()
            }
            Self::LinkLoop { .. } => "remove the link".to_owned(),
            Self::SameFile { .. } => "remove the link".to_owned(),
            Self::Stream { .. } => "leave `--check` out, or name a file".to_owned(),
            Self::HandWritten { paths } if paths.len() == 1 => {
                "move it away, or overwrite it with `--force`".to_owned()
            }
            Self::HandWritten { .. } => {
                "move them away, or overwrite them with `--force`".to_owned()
            }
            Self::NoPermission {
                attempt, source, ..
            } => match (attempt, source.raw_os_error()) {
                (Attempt::Replace | Attempt::Remove, Some(EPERM)) => {
                    "run as the owner of its directory, and see with `lsattr` whether it is immutable"
                        .to_owned()
                }
                _ => "run as a user who may, or choose another path".to_owned(),
            },
            Self::ReadOnly { .. } => "mount it writable, or choose another path".to_owned(),
            Self::NoSpace { .. } => "free some space, or choose another path".to_owned(),
            Self::NameTooLong { .. } => "choose a shorter path".to_owned(),
            Self::MountPoint { .. } => "mount its directory in place of the file".to_owned(),
            Self::OwnerNotKept { .. } => "run as that user or as root".to_owned(),
            Self::Busy { .. } => "wait until it has ended, then run this again".to_owned(),
            Self::ChangedMeanwhile { .. } => "look at it, then run this again".to_owned(),
            Self::NotUndone { stuck, .. } => not_undone(stuck),
            Self::Interrupted | Self::Rejected(_) | Self::Os { .. } | Self::Internal(_) => {
                return None;
            }
        })
    }

    /// Whether the reader of a pipe went away, which is no error to the user.
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Os { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// "Operation not permitted", which has the same [`io::ErrorKind`] as "permission
/// denied" and another meaning: not even the owner may. 1 on every Unix.
const EPERM: i32 = 1;

fn names(stuck: &[Stuck]) -> Vec<PathBuf> {
    stuck.iter().map(|s| s.path.clone()).collect()
}

/// The first ten by name, the rest by number.
fn list(paths: &[PathBuf]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<_> = paths
        .iter()
        .take(SHOWN)
        .map(|p| format!("`{}`", p.display()))
        .collect();
    let mut text = shown.join(", ");
    if paths.len() > SHOWN {
        text += &format!(" and {} more", paths.len() - SHOWN);
    }
    text
}

fn not_undone(stuck: &[Stuck]) -> String {
    let mut text = "mend the cause and run this again; each file is whole, old or new".to_owned();
    for Stuck { path, kept, .. } in stuck {
        if let Some(kept) = kept {
            text += &format!(
                "; until then `{}` is in `{}`",
                path.display(),
                kept.display()
            );
        }
    }
    text
}
