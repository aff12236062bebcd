//! File names as other tools want them: relative to the repository, with `/`.

use std::path::{Component, Path, PathBuf};

/// The folder that names are relative to.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    folder: PathBuf,
    root: Option<PathBuf>,
}

impl Paths {
    /// Names relative to the repository round a folder; without one, to the folder itself.
    /// Symbolic links are resolved.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let root = folder
            .ancestors()
            .find(|folder| folder.join(".git").exists())
            .unwrap_or(&folder)
            .to_owned();
        Self {
            folder,
            root: Some(root),
        }
    }

    /// A name as it is, for tests and for input that is no file.
    #[must_use]
    pub fn as_given() -> Self {
        Self::default()
    }

    /// The name of a file relative to the root; one outside of it as it is.
    #[must_use]
    pub fn relative(&self, name: &str) -> String {
        let Some(root) = &self.root else {
            return name.to_owned();
        };
        let path = self.folder.join(name);
        let path = path.canonicalize().unwrap_or(path);
        match path.strip_prefix(root) {
            Ok(relative) => {
                let parts = relative.components().filter_map(|part| match part {
                    Component::Normal(name) => Some(name.to_string_lossy()),
                    _ => None,
                });
                parts.collect::<Vec<_>>().join("/")
            }
            Err(_) => name.to_owned(),
        }
    }
}
