//! `--output FORMAT=PATH`: a result in another format, in a file.

use crate::Error;
use clap::ValueEnum;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A format and the file that it goes to.
#[derive(Debug, Clone)]
pub(super) struct Output<F> {
    format: F,
    path: PathBuf,
}

impl<F: ValueEnum> std::str::FromStr for Output<F> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (format, path) = text
            .split_once('=')
            .ok_or("write the format and the file, as in `json=djanginx.json`")?;
        Ok(Self {
            format: F::from_str(format, true)?,
            path: PathBuf::from(path),
        })
    }
}

impl<F: Copy> Output<F> {
    /// Writes the file: all of it or nothing, so that nobody reads a part.
    pub(super) fn write(
        &self,
        write: impl FnOnce(F, &mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Error> {
        let create = |source| Error::Create {
            path: self.path.clone(),
            source,
        };
        let mut bytes = Vec::new();
        write(self.format, &mut bytes)?;
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut file = tempfile::Builder::new()
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .tempfile_in(folder)
            .map_err(create)?;
        file.write_all(&bytes).map_err(create)?;
        file.persist(&self.path)
            .map_err(|error| create(error.error))?;
        Ok(())
    }
}
