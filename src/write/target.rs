//! From a path to the place on disk that it means.

use super::WriteError;
use super::error::Attempt;
use std::fs::{self, FileType, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// As many symbolic links as Linux follows (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// Where a file is, or will be.
#[derive(Debug)]
pub(super) struct Target {
    /// Its directory: absolute and without links, as far as it exists.
    pub(super) directory: PathBuf,
    /// The file itself, in that directory.
    pub(super) path: PathBuf,
    /// Directories that do not exist yet, the outermost first.
    pub(super) missing: Vec<PathBuf>,
    /// The file that is there.
    pub(super) stamp: Option<Stamp>,
}

/// What tells that a file is still the one we looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

impl Target {
    /// Follows symbolic links to the final file, which may not exist yet.
    pub(super) fn find(path: &Path) -> Result<Self, WriteError> {
        let mut at = path.to_owned();
        for _ in 0..=MAX_LINKS {
            match fs::symlink_metadata(&at) {
                Ok(metadata) if metadata.is_symlink() => {
                    let next = fs::read_link(&at)
                        .map_err(|source| WriteError::os(Attempt::Read, &at, source))?;
                    at = directory_of(&at).join(next);
                }
                Ok(metadata) => return Self::existing(at, &metadata),
                Err(e) if e.kind() == io::ErrorKind::NotFound && at == path => {
                    return Self::missing(path);
                }
                Err(e) if e.kind() == io::ErrorKind::NotFound => {
                    return Err(WriteError::DanglingLink {
                        link: path.to_owned(),
                        target: at,
                    });
                }
                Err(e) if e.kind() == io::ErrorKind::NotADirectory => {
                    return Err(not_a_directory(&at));
                }
                Err(source) => return Err(WriteError::os(Attempt::Read, &at, source)),
            }
        }
        Err(WriteError::LinkLoop {
            link: path.to_owned(),
        })
    }

    fn existing(path: PathBuf, metadata: &Metadata) -> Result<Self, WriteError> {
        if !metadata.is_file() {
            let kind = kind(metadata.file_type());
            return Err(WriteError::NotAFile { path, kind });
        }
        let read = |source| WriteError::os(Attempt::Read, &path, source);
        let directory = fs::canonicalize(directory_of(&path)).map_err(read)?;
        let name = path.file_name().ok_or(WriteError::NotAFile {
            path: path.clone(),
            kind: "a directory",
        })?;
        Ok(Self {
            path: directory.join(name),
            directory,
            missing: Vec::new(),
            stamp: Some(Stamp::of(metadata)),
        })
    }

    fn missing(path: &Path) -> Result<Self, WriteError> {
        let mut names = Vec::new();
        let mut at = directory_of(path);
        let root = loop {
            match fs::metadata(at) {
                Ok(metadata) if metadata.is_dir() => {
                    break fs::canonicalize(at)
                        .map_err(|source| WriteError::os(Attempt::Read, at, source))?;
                }
                Ok(_) => return Err(not_a_directory(path)),
                Err(e) if e.kind() == io::ErrorKind::NotFound => {
                    if let Ok(target) = fs::read_link(at) {
                        return Err(WriteError::DanglingLink {
                            link: at.to_owned(),
                            target: directory_of(at).join(target),
                        });
                    }
                    // Only a name can be made; what ends in `..` exists when its
                    // directory does.
                    let Some(name) = at.file_name() else {
                        return Err(WriteError::os(Attempt::Read, at, e));
                    };
                    names.push(name);
                    at = directory_of(at);
                }
                Err(e) if e.kind() == io::ErrorKind::NotADirectory => {
                    return Err(not_a_directory(path));
                }
                Err(source) => return Err(WriteError::os(Attempt::Read, at, source)),
            }
        };
        let mut directory = root;
        let mut missing = Vec::new();
        for name in names.into_iter().rev() {
            directory.push(name);
            missing.push(directory.clone());
        }
        let name = path.file_name().ok_or(WriteError::NotAFile {
            path: path.to_owned(),
            kind: "a directory",
        })?;
        Ok(Self {
            path: directory.join(name),
            directory,
            missing,
            stamp: None,
        })
    }

    /// The nearest directory that exists.
    pub(super) fn nearest(&self) -> &Path {
        match self.missing.first() {
            Some(first) => directory_of(first),
            None => &self.directory,
        }
    }
}

/// Whether writing to the path sends the bytes away instead of keeping them: a terminal,
/// a pipe, `/dev/null`.
pub(super) fn is_stream(path: &Path) -> bool {
    // Follows the links of /proc/self/fd, behind which /dev/stdout is, as the kernel
    // does; their text (`pipe:[123]`) is no path.
    fs::metadata(path).is_ok_and(|m| m.file_type().is_char_device() || m.file_type().is_fifo())
}

/// The directory in which a path lies; that of a bare name is the current one.
pub(super) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}

fn kind(file_type: FileType) -> &'static str {
    if file_type.is_dir() {
        "a directory"
    } else if file_type.is_fifo() {
        "a named pipe"
    } else if file_type.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// Names the part of the path that is in the way.
fn not_a_directory(path: &Path) -> WriteError {
    let in_the_way = path
        .ancestors()
        .skip(1)
        .find(|a| fs::metadata(a).is_ok_and(|m| !m.is_dir()))
        .unwrap_or(path);
    WriteError::NotADirectory {
        path: in_the_way.to_owned(),
    }
}
