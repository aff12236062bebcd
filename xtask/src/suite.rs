//! The test-suite itself.

use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context, Result};

use crate::workspace::{Workspace, say};

/// Runs all tests and gives the runner's exit status on.
///
/// nextest does not run the examples in documentation, so a whole run adds them; arguments
/// are for the runner and select among its own tests.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    if !has_nextest() {
        return Ok(code(cargo(workspace, &["test", "--workspace"], arguments)?));
    }
    let tests = cargo(workspace, &["nextest", "run", "--workspace"], arguments)?;
    if !tests.success() || !arguments.is_empty() {
        return Ok(code(tests));
    }
    Ok(code(cargo(
        workspace,
        &["test", "--workspace", "--doc"],
        &[],
    )?))
}

fn has_nextest() -> bool {
    let version = Command::new("cargo")
        .args(["nextest", "--version"])
        .output();
    version.is_ok_and(|output| output.status.success())
}

fn cargo(workspace: &Workspace, task: &[&str], arguments: &[String]) -> Result<ExitStatus> {
    say(&format!(
        "running cargo {} {}",
        task.join(" "),
        arguments.join(" ")
    ));
    let mut command = Command::new("cargo");
    command
        .args(task)
        .args(arguments)
        .current_dir(&workspace.root);
    command.status().context("cannot run cargo")
}

/// The same status, as far as a process can give it on; death by a signal is a failure.
fn code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}
