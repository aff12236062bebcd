//! `djanginx init`: a topology to begin with.

use super::{SUCCESS, Streams, Verbosity};
use crate::{Error, topology};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// The topology; it names the schema's file for editors.
const TOPOLOGY: &str = include_str!("init/topology.yaml");

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder to write into.
    #[arg(default_value = ".")]
    dir: PathBuf,
}

impl Args {
    /// Runs the command.
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<ExitCode, Error> {
        let schema = topology::schema_text();
        let files = [
            ("topology.yaml", TOPOLOGY),
            ("topology.schema.json", schema.as_str()),
        ];
        let files = files.map(|(name, text)| (self.dir.join(name), text));
        for (path, _) in &files {
            if path.symlink_metadata().is_ok() {
                return Err(Error::Exists { path: path.clone() });
            }
        }
        std::fs::create_dir_all(&self.dir).map_err(|source| Error::Create {
            path: self.dir.clone(),
            source,
        })?;
        for (path, text) in &files {
            create(path, text)?;
        }
        if streams.verbosity > Verbosity::Quiet {
            for (path, _) in &files {
                writeln!(streams.err, "created {}", path.display())?;
            }
            let path = files[0].0.display();
            writeln!(
                streams.err,
                "edit {path}, then run: djanginx generate {path}"
            )?;
        }
        Ok(ExitCode::from(SUCCESS))
    }
}

/// Creates a file that must not exist; leaves none behind that is not whole.
fn create(path: &PathBuf, text: &str) -> Result<(), Error> {
    let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Error::Exists { path: path.clone() });
        }
        Err(source) => {
            return Err(Error::Create {
                path: path.clone(),
                source,
            });
        }
    };
    file.write_all(text.as_bytes()).map_err(|source| {
        // What is left is of no use; that it cannot be removed either changes nothing.
        let _ = std::fs::remove_file(path);
        Error::Create {
            path: path.clone(),
            source,
        }
    })
}
