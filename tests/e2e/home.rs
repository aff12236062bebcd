//! A test's own folder and ports, so that tests never meet.

use std::fs::{self, File, Permissions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};

use tempfile::TempDir;

use crate::engines::is_root;

/// `nobody` and its group, the user of what root starts but must not run as root.
pub(crate) const NOBODY: u32 = 65534;

/// A folder that is gone when the test is over, and the ports that the test has taken.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("djanginx-")
            .tempdir()
            .expect("a folder");
        // `nobody` passes through it.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("permitted");
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A folder in it that servers without privileges write to.
    pub(crate) fn writable(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(&path).expect("a folder");
        give_away(&path);
        path
    }

    /// A file in it with that content, and the folders on the way.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("below the folder")).expect("a folder");
        fs::write(&path, content).expect("written");
        path
    }
}

/// Hands a path over to `nobody` where this process is root.
pub(crate) fn give_away(path: &Path) {
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).expect("root may do so");
    }
}

/// A port on loopback that is this test's alone until dropped.
///
/// It lies below the range from which the kernel takes ports for outgoing connections:
/// there, between a node's death and its restart, a connection could be given the port as
/// its own end. A locked file keeps other tests away, in this process and in others.
pub(crate) struct Port {
    number: u16,
    _lease: File,
}

impl Port {
    pub(crate) fn lease() -> Self {
        const FIRST: u16 = 11_000;
        const COUNT: u16 = 20_000;
        static NEXT: AtomicU16 = AtomicU16::new(0);
        // One user cannot write where another has: each has leases of his own.
        let user = fs::metadata("/proc/self").expect("this process").uid();
        let folder = std::env::temp_dir().join(format!("djanginx-ports-{user}"));
        fs::create_dir_all(&folder).expect("a folder for leases");
        // Each process starts elsewhere, to save attempts.
        let start = (std::process::id() % u32::from(COUNT)) as u16;
        for _ in 0..COUNT {
            let step = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
            let number = FIRST + (start + step) % COUNT;
            let lease = File::create(folder.join(number.to_string())).expect("a lease");
            let is_free = || TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok();
            if lease.try_lock().is_ok() && is_free() {
                return Self {
                    number,
                    _lease: lease,
                };
            }
        }
        panic!("no port is free");
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.number.fmt(f)
    }
}
