//! `.engines/engines.json`: what the tests can use and where it is.
//!
//! Paths of things in `.engines` are relative to it, so that the folder can be copied to
//! another checkout of the same machine.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::workspace::Workspace;

/// The whole file.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Each nginx that the tests run against, in the order of registration.
    pub(crate) engines: Vec<Engine>,
    /// Interpreter of the virtual environment with Django and the application servers.
    pub(crate) python: PathBuf,
    /// Folder with `initdb`, `postgres` and `psql`.
    pub(crate) postgresql: PathBuf,
}

/// One nginx.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Engine {
    pub(crate) name: String,
    /// As in `nginx -v`, without the `nginx/`.
    pub(crate) version: String,
    pub(crate) binary: PathBuf,
    /// Names of built-in or loadable modules that a configuration has to load first,
    /// each with the file to give to `load_module`.
    pub(crate) dynamic_modules: Vec<DynamicModule>,
    /// Where it came from, in words for a person.
    pub(crate) origin: String,
}

/// A module outside the binary.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct DynamicModule {
    pub(crate) name: String,
    pub(crate) file: PathBuf,
}

impl Manifest {
    /// The file's content; empty where there is no file yet or where it is of an older form.
    pub(crate) fn read(workspace: &Workspace) -> Result<Self> {
        let path = path(workspace);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(serde_json::from_str(&text).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Replaces the file.
    pub(crate) fn write(&self, workspace: &Workspace) -> Result<()> {
        let path = path(workspace);
        let text = serde_json::to_string_pretty(self).context("internal: plain data")?;
        let staged = path.with_extension("json.new");
        std::fs::write(&staged, text + "\n")
            .and_then(|()| std::fs::rename(&staged, &path))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Adds an engine in place of the one of the same name.
    pub(crate) fn register(&mut self, engine: Engine) {
        match self
            .engines
            .iter_mut()
            .find(|known| known.name == engine.name)
        {
            Some(known) => *known = engine,
            None => self.engines.push(engine),
        }
    }

    /// Drops engines whose binary is no longer there.
    pub(crate) fn forget_lost(&mut self, workspace: &Workspace) {
        self.engines
            .retain(|engine| workspace.engines.join(&engine.binary).is_file());
    }

    /// The engine of that name.
    pub(crate) fn engine(&self, name: &str) -> Option<&Engine> {
        self.engines.iter().find(|engine| engine.name == name)
    }
}

fn path(workspace: &Workspace) -> PathBuf {
    workspace.engines.join(Path::new("engines.json"))
}
