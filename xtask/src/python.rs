//! The virtual environment with Django and the application servers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::workspace::{Workspace, output_of, run_logged, say};

/// What the interpreter must have: Django 5.2 needs 3.10, the environment needs `venv`.
const CHECK: &str = "import sys, venv, ensurepip; assert sys.version_info >= (3, 10); \
                     print('Python', '.'.join(map(str, sys.version_info[:3])))";

/// The first usable interpreter, with its version.
pub(crate) fn interpreter() -> Option<(&'static str, String)> {
    ["python3", "/usr/bin/python3"]
        .into_iter()
        .find_map(|program| {
            let version = output_of(Command::new(program).args(["-c", CHECK])).ok()?;
            Some((program, version))
        })
}

/// Makes or renews the environment and gives its interpreter, relative to `.engines`.
pub(crate) fn environment(workspace: &Workspace) -> Result<PathBuf> {
    let venv = workspace.engines.join("venv");
    let interpreter = PathBuf::from("venv/bin/python");
    let requirements = workspace.root.join("fixtures/django/requirements.txt");
    let wanted = fs::read_to_string(&requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let stamp = venv.join("installed.txt");
    let works = || workspace.engines.join(&interpreter).is_file();
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) && works() {
        return Ok(interpreter);
    }

    let started = Instant::now();
    let (program, version) = self::interpreter().context("there is no Python 3.10 or newer")?;
    say(&format!(
        "installing Django and application servers for {version} in .engines/venv"
    ));
    let log = workspace.engines.join("python.log");
    run_logged(
        Command::new(program)
            .args(["-m", "venv", "--clear"])
            .arg(&venv),
        &log,
    )?;
    run_logged(&mut pip(&venv, &requirements), &log)?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    say(&format!(
        "installed them in {:.0} s",
        started.elapsed().as_secs_f32()
    ));
    Ok(interpreter)
}

fn pip(venv: &Path, requirements: &Path) -> Command {
    let mut command = Command::new(venv.join("bin/python"));
    command.args([
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
    ]);
    // Python compiles what it imports; the rest is never used.
    command
        .arg("--no-compile")
        .arg("--requirement")
        .arg(requirements);
    command
}
