//! Trees on disk, plans for them, and observers.

use djanginx::write::{Observer, OutputFile, Plan, Staged, Step};
use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) const MARK: &str = "# Made by djanginx";

/// A text with our mark.
pub(crate) fn ours(body: &str) -> String {
    format!("{MARK}\n{body}\n")
}

/// A tree plan of marked texts.
pub(crate) fn tree(root: &Path, files: &[(&str, &str)]) -> Plan {
    let files = files.iter().map(|(path, body)| OutputFile {
        path: path.into(),
        text: ours(body).into_bytes(),
    });
    Plan::tree(root, files.collect(), MARK).unwrap()
}

/// A plan of one marked text.
pub(crate) fn single(target: impl Into<PathBuf>, body: &str) -> Plan {
    Plan::single(target, ours(body), MARK).unwrap()
}

/// A directory that goes away with the test.
pub(crate) struct Dir {
    _guard: Option<tempfile::TempDir>,
    path: PathBuf,
}

impl Dir {
    pub(crate) fn new() -> Self {
        // Not in /tmp, which may lack what other disks have.
        let guard = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let path = guard.path().canonicalize().unwrap();
        Self {
            _guard: Some(guard),
            path,
        }
    }

    /// A directory that another process looks after.
    pub(crate) fn at(path: &Path) -> Self {
        Self {
            _guard: None,
            path: path.to_owned(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn join(&self, path: &str) -> PathBuf {
        self.path.join(path)
    }

    /// Writes a file and the directories above it.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.join(path)).unwrap()
    }

    pub(crate) fn state(&self) -> State {
        state(&self.path)
    }

    /// Every name below, directories with a slash.
    pub(crate) fn names(&self) -> Vec<String> {
        let names = self.state().0.into_iter().map(|(path, entry)| {
            let slash = if entry.what == What::Directory {
                "/"
            } else {
                ""
            };
            format!("{}{slash}", path.display())
        });
        names.collect()
    }

    /// A message without the name of this directory.
    pub(crate) fn scrub(&self, text: &str) -> String {
        text.replace(self.path.to_str().unwrap(), "[DIR]")
    }
}

/// Everything below a directory that a run could change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State(pub(crate) BTreeMap<PathBuf, Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) what: What,
    pub(crate) inode: u64,
    pub(crate) mode: u32,
    /// Zero for a directory, which any file made and removed in it touches.
    pub(crate) modified: (i64, i64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Directory,
    File(Vec<u8>),
    Link(PathBuf),
    Other,
}

pub(crate) fn state(root: &Path) -> State {
    let mut entries = BTreeMap::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        let Ok(names) = fs::read_dir(&directory) else {
            continue;
        };
        for entry in names {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let what = if metadata.is_dir() {
                waiting.push(path.clone());
                What::Directory
            } else if metadata.is_symlink() {
                What::Link(fs::read_link(&path).unwrap())
            } else if metadata.is_file() {
                What::File(fs::read(&path).unwrap())
            } else {
                What::Other
            };
            let modified = match what {
                What::Directory => (0, 0),
                _ => (metadata.mtime(), metadata.mtime_nsec()),
            };
            let entry = Entry {
                what,
                inode: metadata.ino(),
                mode: metadata.mode(),
                modified,
            };
            entries.insert(path.strip_prefix(root).unwrap().to_owned(), entry);
        }
    }
    State(entries)
}

pub(crate) fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Writes down the steps, and does something before one of them.
pub(crate) struct Recorder<'a> {
    root: PathBuf,
    pub(crate) steps: Vec<String>,
    act: Box<Act<'a>>,
}

type Act<'a> = dyn FnMut(usize, &Step<'_>) -> ControlFlow<()> + 'a;

impl<'a> Recorder<'a> {
    pub(crate) fn new(root: &Path) -> Self {
        Self::acting(root, |_, _| ControlFlow::Continue(()))
    }

    /// `act` gets the number of the step, from 0.
    pub(crate) fn acting(
        root: &Path,
        act: impl FnMut(usize, &Step<'_>) -> ControlFlow<()> + 'a,
    ) -> Self {
        Self {
            root: root.to_owned(),
            steps: Vec::new(),
            act: Box::new(act),
        }
    }
}

impl Observer for Recorder<'_> {
    fn before(&mut self, step: &Step<'_>) -> ControlFlow<()> {
        let root = self.root.to_str().unwrap();
        let text = format!("{step:?}").replace(root, "[DIR]");
        self.steps.push(text);
        (self.act)(self.steps.len() - 1, step)
    }
}

/// Judges the staged files with a function.
pub(crate) struct Checker<F>(pub(crate) F);

impl<F: FnMut(&[Staged<'_>]) -> Result<(), String>> Observer for Checker<F> {
    fn check(
        &mut self,
        staged: &[Staged<'_>],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        (self.0)(staged).map_err(Into::into)
    }
}

/// The environment variable that makes a test the child of another.
pub(crate) const ROLE: &str = "DJANGINX_TEST_ROLE";

/// What a child is given, or `None` in a test that is nobody's child.
pub(crate) fn role(name: &str) -> Option<PathBuf> {
    let role = std::env::var(ROLE).ok()?;
    let (role, path) = role.split_once(':')?;
    (role == name).then(|| path.into())
}

/// A command that runs `test` of this program in its own process, as a child with a
/// directory, through `wrapper` (a program and its first arguments).
pub(crate) fn child(wrapper: &[&str], test: &str, role: &str, directory: &Path) -> Command {
    let program = std::env::current_exe().unwrap();
    let mut words = wrapper.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    words.push(program.to_str().unwrap().to_owned());
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(ROLE, format!("{role}:{}", directory.display()));
    command
}

/// Says something to the test whose child this is.
pub(crate) fn say(words: &str) {
    for line in words.lines() {
        println!("\n@said {line}");
    }
}

/// Runs a child, which must pass, and gives what it said.
#[track_caller]
pub(crate) fn run(mut command: Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|e| panic!("{:?} does not start: {e}", command.get_program()));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said = text.lines().filter_map(|l| l.strip_prefix("@said "));
    said.collect::<Vec<_>>().join("\n")
}
