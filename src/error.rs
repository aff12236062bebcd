//! The root error: the work could not be done (exit status 2).

use crate::write::WriteError;
use std::path::PathBuf;

/// Why the work could not be done. Problems in the user's files are never this;
/// they are [`crate::finding::Finding`]s.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that must not be overwritten is there.
    #[error("{} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file or folder could not be created.
    #[error("cannot create {}", path.display())]
    Create {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A wrong use of the command line that clap cannot see.
    #[error("{0}")]
    Usage(String),
    /// A template is wrong.
    #[error("{0}")]
    Render(#[from] crate::render::RenderError),
    /// A program that was named as nginx is none.
    #[error(transparent)]
    NotNginx(#[from] crate::check::nginx::NotNginx),
    /// Output could not be written.
    #[error("cannot write the output")]
    Output(#[from] std::io::Error),
    /// Files could not be put on disk; [`WriteError::help`] says what to do.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Write(error) => error.help(),
            Self::Exists { .. } => Some("remove it, or name another folder".to_owned()),
            _ => None,
        }
    }

    /// Whether this is the reader of our output going away, which is no error.
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        match self {
            Self::Output(e) => e.kind() == std::io::ErrorKind::BrokenPipe,
            Self::Write(e) => e.is_broken_pipe(),
            _ => false,
        }
    }
}
