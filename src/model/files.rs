//! Reading files: from disk, or from memory for dumps, standard input and tests.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Why a file could not be read.
#[derive(Debug)]
pub enum ReadError {
    /// There is none.
    Missing,
    /// It is a folder.
    Folder,
    /// It is a pipe, a socket or a device, which is never opened.
    Special,
    /// It has more bytes than were asked for.
    TooLarge,
    /// The system said no.
    Io(io::Error),
}

/// A place with files, which several threads may ask at once.
pub trait Files: Sync {
    /// The bytes of a file that has at most `most` of them.
    ///
    /// # Errors
    /// When there is no regular file, when it is too large, when reading fails.
    fn read(&self, path: &Path, most: u64) -> Result<Arc<[u8]>, ReadError>;

    /// The names in a folder, in any order, without `.` and `..`; none where it is no
    /// folder that can be read.
    fn list(&self, folder: &Path) -> Vec<OsString>;

    /// Whether there is something of that name, of whatever kind.
    fn exists(&self, path: &Path) -> bool;

    /// The one name of a file that may have several.
    fn same(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
}

/// The file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path, most: u64) -> Result<Arc<[u8]>, ReadError> {
        // Opening a pipe would wait for its writer, and opening a device may do things.
        let metadata = std::fs::metadata(path)?;
        if metadata.is_dir() {
            return Err(ReadError::Folder);
        }
        if !metadata.is_file() {
            return Err(ReadError::Special);
        }
        if metadata.len() > most {
            return Err(ReadError::TooLarge);
        }
        let mut file = File::open(path)?;
        let mut text: Arc<[u8]> = std::iter::repeat_n(0, metadata.len() as usize).collect();
        let bytes = Arc::get_mut(&mut text).expect("internal: it was just made");
        let mut read = 0;
        while read < bytes.len() {
            match file.read(&mut bytes[read..]) {
                Ok(0) => return Ok(text[..read].into()),
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        if read > 0 {
            return Ok(text);
        }
        // Files of `/proc` say that they are empty.
        let mut bytes = Vec::new();
        file.take(most + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            return Err(ReadError::TooLarge);
        }
        Ok(bytes.into())
    }

    fn list(&self, folder: &Path) -> Vec<OsString> {
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        std::fs::read_dir(folder).map_or_else(
            |_| Vec::new(),
            |entries| {
                let entries = entries.filter_map(Result::ok);
                entries.map(|entry| entry.file_name()).collect()
            },
        )
    }

    fn exists(&self, path: &Path) -> bool {
        std::fs::symlink_metadata(path).is_ok()
    }

    fn same(&self, path: &Path) -> PathBuf {
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            _ => Self::Io(error),
        }
    }
}

/// Other files with some of them changed in memory, under whichever of their names.
#[derive(Clone)]
pub struct Overlay<'f> {
    below: &'f dyn Files,
    /// By their one name: the name by which they were changed, and the text.
    changed: BTreeMap<PathBuf, (PathBuf, Arc<[u8]>)>,
}

impl<'f> Overlay<'f> {
    /// With nothing changed.
    #[must_use]
    pub fn new(below: &'f dyn Files) -> Self {
        Self {
            below,
            changed: BTreeMap::new(),
        }
    }

    /// Changes a file.
    pub fn set(&mut self, path: impl Into<PathBuf>, text: impl Into<Arc<[u8]>>) {
        let path = path.into();
        match self.changed.entry(self.below.same(&path)) {
            Entry::Occupied(mut known) => known.get_mut().1 = text.into(),
            Entry::Vacant(new) => {
                new.insert((path, text.into()));
            }
        }
    }

    /// The files that are changed, by path.
    pub fn changed(&self) -> impl Iterator<Item = (&Path, &Arc<[u8]>)> {
        self.changed
            .values()
            .map(|(path, text)| (path.as_path(), text))
    }
}

impl Files for Overlay<'_> {
    fn read(&self, path: &Path, most: u64) -> Result<Arc<[u8]>, ReadError> {
        let changed = if self.changed.is_empty() {
            None
        } else {
            self.changed.get(&self.below.same(path))
        };
        match changed.map(|(_, text)| text) {
            Some(text) if text.len() as u64 > most => Err(ReadError::TooLarge),
            Some(text) => Ok(Arc::clone(text)),
            None => self.below.read(path, most),
        }
    }

    fn list(&self, folder: &Path) -> Vec<OsString> {
        self.below.list(folder)
    }

    fn exists(&self, path: &Path) -> bool {
        self.below.exists(path)
    }

    fn same(&self, path: &Path) -> PathBuf {
        self.below.same(path)
    }
}

/// Files that are in memory. Names are compared after `.` and double slashes are taken
/// out.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    files: BTreeMap<PathBuf, Arc<[u8]>>,
}

impl Memory {
    /// No files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file, or replaces it.
    pub fn insert(&mut self, path: impl AsRef<Path>, text: impl Into<Arc<[u8]>>) {
        self.files.insert(plain(path.as_ref()), text.into());
    }
}

impl Files for Memory {
    fn read(&self, path: &Path, most: u64) -> Result<Arc<[u8]>, ReadError> {
        let path = plain(path);
        match self.files.get(&path) {
            Some(text) if text.len() as u64 > most => Err(ReadError::TooLarge),
            Some(text) => Ok(Arc::clone(text)),
            None if self.exists(&path) => Err(ReadError::Folder),
            None => Err(ReadError::Missing),
        }
    }

    fn list(&self, folder: &Path) -> Vec<OsString> {
        let folder = plain(folder);
        let below = self.files.range(folder.clone()..);
        let below = below.map_while(|(path, _)| path.strip_prefix(&folder).ok());
        let names = below.filter_map(|rest| rest.components().next());
        let mut names: Vec<_> = names.map(|name| name.as_os_str().to_owned()).collect();
        names.dedup();
        names
    }

    fn exists(&self, path: &Path) -> bool {
        let path = plain(path);
        let mut below = self.files.range(path.clone()..);
        below
            .next()
            .is_some_and(|(first, _)| first.starts_with(&path))
    }
}

fn plain(path: &Path) -> PathBuf {
    let parts = path.components();
    parts.filter(|part| *part != Component::CurDir).collect()
}
