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
    let outcome = complete(workspace, &mut manifest);
    // What was built stays known when a later step fails.
    if manifest != before {
        manifest.write(workspace)?;
    }
    outcome
}

fn complete(workspace: &Workspace, manifest: &mut Manifest) -> Result<()> {
    manifest.forget_lost(workspace);
    manifest.register(nginx::debian().context("the installed nginx is of no use")?);
    // One computes, the other downloads.
    let (built, python) = std::thread::scope(|scope| {
        let python = scope.spawn(|| python::environment(workspace));
        let built = nginx::bundled(workspace, manifest);
        (built, python.join().expect("internal: no panic"))
    });
    if let Some(built) = built.context("nginx was not built")? {
        manifest.register(built);
    }
    manifest.python = python.context("there is no Python environment")?;
    manifest.postgresql = system::postgresql()?;
    Ok(())
}
