//! What is to be on disk.

use super::WriteError;
use super::temporary;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// How far into a file its mark is looked for, in bytes.
pub(super) const HEAD: usize = 4096;

/// One file of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputFile {
    /// Where, relative to the output's root.
    pub path: PathBuf,
    /// All of it.
    pub text: Vec<u8>,
}

/// The whole output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The root; `None` when the only file's path is the target itself.
    root: Option<PathBuf>,
    files: Vec<OutputFile>,
    marker: Vec<u8>,
    /// Where files of ours can be, relative to the root.
    directories: BTreeSet<PathBuf>,
}

impl Plan {
    /// One file. Nothing beside it is looked at.
    ///
    /// `marker` is how a line near the top of each of our files begins. A file without
    /// such a line is somebody's own and is only overwritten by force.
    ///
    /// # Errors
    /// When the target can only be a directory, or the text has no marker.
    pub fn single(
        target: impl Into<PathBuf>,
        text: impl Into<Vec<u8>>,
        marker: impl Into<Vec<u8>>,
    ) -> Result<Self, WriteError> {
        let plan = Self::of_one(target.into(), text.into(), marker.into())?;
        plan.expect_marked()?;
        Ok(plan)
    }

    /// One file that is the user's own, which is overwritten as it is.
    ///
    /// # Errors
    /// When the target can only be a directory.
    pub fn of_users(
        target: impl Into<PathBuf>,
        text: impl Into<Vec<u8>>,
    ) -> Result<Self, WriteError> {
        // Every line begins with nothing, so that whatever is there may be overwritten.
        Self::of_one(target.into(), text.into(), Vec::new())
    }

    fn of_one(path: PathBuf, text: Vec<u8>, marker: Vec<u8>) -> Result<Self, WriteError> {
        // `file_name` ignores a slash at the end; the system does not.
        if path.file_name().is_none() || path.as_os_str().as_bytes().ends_with(b"/") {
            return Err(WriteError::NotAFile {
                path,
                kind: "a directory",
            });
        }
        Ok(Self {
            root: None,
            files: vec![OutputFile { path, text }],
            marker,
            directories: BTreeSet::new(),
        })
    }

    /// A tree of files in the order of their dependence: a file comes before every file
    /// that refers to it.
    ///
    /// A file with the marker that lies in the root or in the directory of a planned
    /// file, and that the plan does not have, is an orphan. See [`Plan::single`] for
    /// the marker.
    ///
    /// # Errors
    /// [`WriteError::Internal`] when a path is absolute, leaves the root or is there
    /// twice, or a text has no marker.
    pub fn tree(
        root: impl Into<PathBuf>,
        files: Vec<OutputFile>,
        marker: impl Into<Vec<u8>>,
    ) -> Result<Self, WriteError> {
        let mut seen = BTreeSet::new();
        for OutputFile { path, .. } in &files {
            expect_inside(path)?;
            if !seen.insert(path.as_path()) {
                return Err(internal("two outputs have the path", path));
            }
        }
        for path in &seen {
            if path.ancestors().skip(1).any(|a| seen.contains(a)) {
                return Err(internal(
                    "an output lies in another, which is a file:",
                    path,
                ));
            }
        }
        let mut directories: BTreeSet<_> = seen
            .iter()
            .filter_map(|p| p.parent())
            .map(Path::to_owned)
            .collect();
        directories.insert(PathBuf::new());
        let mut root = root.into();
        if root.as_os_str().is_empty() {
            root.push(".");
        }
        let plan = Self {
            root: Some(root),
            marker: marker.into(),
            directories,
            files,
        };
        plan.expect_marked()?;
        Ok(plan)
    }

    /// Looks for orphans in these directories of the root, too: those that other
    /// layouts write to. They need not exist.
    ///
    /// # Errors
    /// [`WriteError::Internal`] when a path is absolute or leaves the root.
    pub fn also_search<P: Into<PathBuf>>(
        mut self,
        directories: impl IntoIterator<Item = P>,
    ) -> Result<Self, WriteError> {
        for path in directories {
            let path = path.into();
            expect_inside(&path)?;
            self.directories.insert(path);
        }
        Ok(self)
    }

    /// The files, in the order of their dependence.
    #[must_use]
    pub fn files(&self) -> &[OutputFile] {
        &self.files
    }

    /// Where the output goes: the root of a tree, or the single file.
    #[must_use]
    pub fn target(&self) -> &Path {
        match (&self.root, self.files.first()) {
            (Some(root), _) => root,
            (None, Some(file)) => &file.path,
            (None, None) => Path::new(""),
        }
    }

    /// The path of the single file; `None` for a tree.
    pub(super) fn single_file(&self) -> Option<&OutputFile> {
        match self.root {
            None => self.files.first(),
            Some(_) => None,
        }
    }

    /// The path to give to the system for a path of the plan.
    pub(super) fn locate(&self, path: &Path) -> PathBuf {
        match &self.root {
            // Joining nothing would add a slash.
            Some(root) if path.as_os_str().is_empty() => root.clone(),
            Some(root) => root.join(path),
            None => path.to_owned(),
        }
    }

    /// Where files of ours can be, relative to the root; nothing for a single file.
    pub(super) fn directories(&self) -> impl Iterator<Item = &Path> {
        self.directories.iter().map(PathBuf::as_path)
    }

    /// Whether a file is ours, by its beginning.
    pub(super) fn is_ours(&self, text: &[u8]) -> bool {
        let head = &text[..text.len().min(HEAD)];
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        head.split(|&b| b == b'\n')
            .any(|line| line.starts_with(&self.marker))
    }

    fn expect_marked(&self) -> Result<(), WriteError> {
        if self.marker.is_empty() {
            return Err(WriteError::Internal("the marker is empty".to_owned()));
        }
        match self.files.iter().find(|f| !self.is_ours(&f.text)) {
            Some(file) => Err(internal("an output has no marker:", &file.path)),
            None => Ok(()),
        }
    }
}

fn expect_inside(path: &Path) -> Result<(), WriteError> {
    let normal = path.components().all(|c| matches!(c, Component::Normal(_)));
    let ends = path.as_os_str().as_bytes();
    if ends.is_empty() || ends.ends_with(b"/") || !normal {
        return Err(internal("a path does not stay in the root:", path));
    }
    if path.file_name().is_some_and(temporary::is_temporary) {
        return Err(internal("a path has the name of a temporary file:", path));
    }
    if path.as_os_str() == OsStr::new(".") {
        return Err(internal("a path is the root itself:", path));
    }
    Ok(())
}

fn internal(what: &str, path: &Path) -> WriteError {
    WriteError::Internal(format!("{what} `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> OutputFile {
        OutputFile {
            path: path.into(),
            text: b"# made\n".to_vec(),
        }
    }

    fn message(files: Vec<OutputFile>) -> String {
        Plan::tree("out", files, "# made").unwrap_err().to_string()
    }

    #[test]
    fn paths_stay_in_the_root() {
        for path in ["/etc/passwd", "../a", "a/../../b", "", ".", "a/", "./a"] {
            let expected = format!("internal: a path does not stay in the root: `{path}`");
            assert_eq!(message(vec![file(path)]), expected);
            let plan = Plan::tree("out", vec![], "# made").unwrap();
            assert_eq!(plan.also_search([path]).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn paths_are_there_once() {
        assert_eq!(
            message(vec![file("a"), file("b"), file("a")]),
            "internal: two outputs have the path `a`"
        );
        assert_eq!(
            message(vec![file("a/b/c"), file("a")]),
            "internal: an output lies in another, which is a file: `a/b/c`"
        );
    }

    #[test]
    fn outputs_are_marked() {
        let unmarked = OutputFile {
            path: "a".into(),
            text: b"events {}\n".to_vec(),
        };
        assert_eq!(
            message(vec![unmarked]),
            "internal: an output has no marker: `a`"
        );
        assert_eq!(
            Plan::single("a", "", "").unwrap_err().to_string(),
            "internal: the marker is empty"
        );
    }

    #[test]
    fn the_marker_begins_a_line_near_the_top() {
        let plan = Plan::tree("out", vec![], "# made").unwrap();
        assert!(plan.is_ours(b"# made by hand"));
        assert!(plan.is_ours(b"\xef\xbb\xbf# made\r\n"));
        assert!(plan.is_ours(b"# first\n# made\n"));
        assert!(!plan.is_ours(b" # made\n"));
        assert!(!plan.is_ours(b""));
        let late = [vec![b'\n'; HEAD], b"# made".to_vec()].concat();
        assert!(!plan.is_ours(&late));
    }

    #[test]
    fn a_single_target_is_no_directory() {
        for path in ["build/", "/", "..", "build/.."] {
            let error = Plan::single(path, "# made\n", "# made").unwrap_err();
            assert!(matches!(error, WriteError::NotAFile { .. }), "{path}");
        }
    }
}
