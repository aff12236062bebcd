//! Everything that the tests need, in order; each step is quick when its result is there.

use anyhow::{Context, Result};

use crate::manifest::Manifest;
use crate::workspace::Workspace;
use crate::{nginx, python, system};

/// Installs and builds what is missing, and writes the manifest.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let _lock = workspace.lock()?;
    system::install_missing(workspace)?;
    let mut manifest = Manifest::read(workspace)?;
    let before = manifest.clone();
    manifest.forget_lost(workspace);
    manifest.register(nginx::debian().context("the installed nginx is of no use")?);
    if let Some(built) = nginx::bundled(workspace, &manifest).context("nginx was not built")? {
        manifest.register(built);
    }
    manifest.python = python::environment(workspace).context("no Python environment")?;
    manifest.postgresql = system::postgresql()?;
    if manifest != before {
        manifest.write(workspace)?;
    }
    Ok(())
}
