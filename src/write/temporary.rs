//! Files that exist for the length of a run, and what an earlier run left of them.

use std::ffi::{CString, OsStr};
use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown, symlink};
use std::path::{Path, PathBuf};
use tempfile::{Builder, TempPath};

/// The leading dot keeps them out of `include *` (glob(3)).
const PREFIX: &str = ".djanginx-";
const RANDOM: usize = 12;
/// What will take the place of a file.
const NEW: &str = ".new";
/// What was there before.
const OLD: &str = ".old";

/// Whether a file's name is one that only we give.
pub(super) fn is_temporary(name: &OsStr) -> bool {
    let name = name.as_bytes();
    let middle = name.strip_prefix(PREFIX.as_bytes()).and_then(|n| {
        n.strip_suffix(NEW.as_bytes())
            .or(n.strip_suffix(OLD.as_bytes()))
    });
    middle.is_some_and(|m| m.len() == RANDOM && m.iter().all(u8::is_ascii_alphanumeric))
}

/// Removes what a killed run left in a directory. What cannot be removed stays: it is in
/// nobody's way. Call it only where no other run can be at work.
pub(super) fn sweep(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut swept: Vec<_> = entries
        .flatten()
        .filter(|e| is_temporary(&e.file_name()))
        .map(|e| e.path())
        .filter(|path| fs::remove_file(path).is_ok())
        .collect();
    swept.sort();
    swept
}

/// Why a file could not be staged.
#[derive(Debug)]
pub(super) enum StageError {
    /// The owner, this one, could not be kept.
    Owner { uid: u32, gid: u32 },
    /// Anything else.
    Io(io::Error),
}

impl From<io::Error> for StageError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Writes a text to a new file in a directory, down to the disk. The file is as open as
/// the one that it will replace; without one it is readable by all, less the umask.
pub(super) fn stage(
    directory: &Path,
    text: &[u8],
    like: Option<&Path>,
) -> Result<TempPath, StageError> {
    let like = match like {
        Some(path) => Some((path, fs::metadata(path)?)),
        None => None,
    };
    // Nobody else may read it before it has its owner.
    let mode = if like.is_some() { 0o600 } else { 0o644 };
    let mut staged = builder(NEW)
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(directory)?;
    staged.as_file_mut().write_all(text)?;
    if let Some((path, metadata)) = &like {
        resemble(staged.as_file(), path, metadata)?;
    }
    staged.as_file().sync_all()?;
    Ok(staged.into_temp_path())
}

/// Keeps what is at a path under a second name beside it, so that it can be put back
/// without room or rights for a new file. `text` is for file systems without hard links.
pub(super) fn keep(directory: &Path, path: &Path, text: &[u8]) -> Result<TempPath, StageError> {
    // A hard link keeps everything, and of a symbolic link the link itself.
    match builder(OLD).make_in(directory, |name| fs::hard_link(path, name)) {
        Ok(kept) => Ok(kept.into_temp_path()),
        Err(_) => copy(directory, path, text),
    }
}

fn copy(directory: &Path, path: &Path, text: &[u8]) -> Result<TempPath, StageError> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        let target = fs::read_link(path)?;
        let copied = builder(OLD).make_in(directory, |name| symlink(&target, name))?;
        return Ok(copied.into_temp_path());
    }
    let mut copied = builder(OLD)
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(directory)?;
    copied.as_file_mut().write_all(text)?;
    resemble(copied.as_file(), path, &metadata)?;
    copied.as_file().set_modified(metadata.modified()?)?;
    copied.as_file().sync_all()?;
    Ok(copied.into_temp_path())
}

fn builder(suffix: &'static str) -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(PREFIX).suffix(suffix).rand_bytes(RANDOM);
    builder
}

/// Gives a file the owner, mode and extended attributes of another.
fn resemble(file: &File, path: &Path, metadata: &Metadata) -> Result<(), StageError> {
    let (uid, gid) = (metadata.uid(), metadata.gid());
    let now = file.metadata()?;
    if (now.uid(), now.gid()) != (uid, gid) {
        fchown(file, Some(uid), Some(gid)).map_err(|_| StageError::Owner { uid, gid })?;
    }
    // After the owner, whose change clears the set-id bits.
    file.set_permissions(Permissions::from_mode(metadata.mode() & 0o7777))?;
    copy_attributes(file, path);
    Ok(())
}

/// Copies access lists and security labels as far as the system lets us. Which of them
/// may be set depends on the file system and on rights that do not matter to most.
fn copy_attributes(file: &File, path: &Path) {
    let mut names = [0; 4096];
    let Ok(length) = rustix::fs::listxattr(path, &mut names) else {
        return;
    };
    let mut value = vec![0; 65536];
    for name in names[..length].split(|&b| b == 0).filter(|n| !n.is_empty()) {
        let Ok(name) = CString::new(name) else {
            continue;
        };
        if let Ok(length) = rustix::fs::getxattr(path, &name, &mut value[..]) {
            let flags = rustix::fs::XattrFlags::empty();
            let _ = rustix::fs::fsetxattr(file, &name, &value[..length], flags);
        }
    }
}

/// Brings the names in a directory to the disk, on file systems which can.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    match File::open(directory) {
        // Not readable means not syncable; files can be replaced in it all the same.
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(e) => Err(e),
        Ok(directory) => match directory.sync_all() {
            Err(e)
                if matches!(
                    e.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
                ) =>
            {
                Ok(())
            }
            result => result,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_names_are_temporary() {
        for name in [".djanginx-0aZ0aZ0aZ0aZ.new", ".djanginx-aaaaaaaaaaaa.old"] {
            assert!(is_temporary(OsStr::new(name)), "{name}");
        }
        for name in [
            ".djanginx.toml",
            ".djanginx-aaaaaaaaaaa.new",
            ".djanginx-aaaaaaaaaaaaa.new",
            ".djanginx-aaaaaa-aaaaa.new",
            ".djanginx-aaaaaaaaaaaa.conf",
            "djanginx-aaaaaaaaaaaa.new",
            ".djanginx-aaaaaaaaaaaa.new.old",
            "",
        ] {
            assert!(!is_temporary(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn what_we_make_has_such_names() {
        let directory = tempfile::tempdir().unwrap();
        let staged = stage(directory.path(), b"text", None).unwrap();
        let kept = keep(directory.path(), &staged, b"text").unwrap();
        assert!(is_temporary(staged.file_name().unwrap()));
        assert!(is_temporary(kept.file_name().unwrap()));
    }

    #[test]
    fn without_hard_links_a_copy_will_do() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("nginx.conf");
        fs::write(&path, "text").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1);
        File::open(&path).unwrap().set_modified(long_ago).unwrap();
        let kept = copy(directory.path(), &path, b"text").unwrap();
        let metadata = fs::metadata(&kept).unwrap();
        assert_eq!(fs::read(&kept).unwrap(), b"text");
        assert_eq!(metadata.mode() & 0o7777, 0o640);
        assert_eq!(metadata.modified().unwrap(), long_ago);
        assert!(is_temporary(kept.file_name().unwrap()));

        let link = directory.path().join("link");
        symlink("nginx.conf", &link).unwrap();
        let kept = copy(directory.path(), &link, b"text").unwrap();
        assert_eq!(fs::read_link(&kept).unwrap(), Path::new("nginx.conf"));
    }
}
