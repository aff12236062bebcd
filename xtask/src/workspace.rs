//! Where things are, and how a task runs a command and tells what it does.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The checkout and the folder in it that holds what the tests need.
pub(crate) struct Workspace {
    /// Root of the checkout.
    pub(crate) root: PathBuf,
    /// `.engines`: everything built or installed for the tests, not under version control.
    pub(crate) engines: PathBuf,
}

impl Workspace {
    /// The workspace that this task was compiled in.
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("internal: xtask lies in the workspace")?
            .to_owned();
        let engines = root.join(".engines");
        std::fs::create_dir_all(&engines)
            .with_context(|| format!("cannot create {}", engines.display()))?;
        Ok(Self { root, engines })
    }

    /// Waits for other runs in this checkout and keeps them out while the file is open.
    pub(crate) fn lock(&self) -> Result<File> {
        let path = self.engines.join("lock");
        let file =
            File::create(&path).with_context(|| format!("cannot open {}", path.display()))?;
        file.lock()
            .with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(file)
    }
}

/// Tells the person at the terminal what is going on.
#[expect(
    clippy::print_stderr,
    reason = "a task talks to a person, its commands own stdout"
)]
pub(crate) fn say(message: &str) {
    eprintln!("xtask: {message}");
}

/// Runs a command with its output in `log`; on failure the error ends with the log's last lines.
pub(crate) fn run_logged(command: &mut Command, log: &Path) -> Result<()> {
    let shown = shown(command);
    let file = File::options().create(true).append(true).open(log);
    let file = file.with_context(|| format!("cannot open {}", log.display()))?;
    let status = command
        .stdin(Stdio::null())
        .stdout(file.try_clone().context("cannot share the log file")?)
        .stderr(file)
        .status()
        .with_context(|| format!("cannot run `{shown}`"))?;
    if status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(30)..].join("\n");
    bail!(
        "`{shown}` failed ({status}):\n{tail}\nThe whole output is in {}",
        log.display()
    )
}

/// Runs a command and gives what it printed, both streams together, without the last newline.
pub(crate) fn output_of(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run `{shown}`"))?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).trim_end().to_owned();
    if !output.status.success() {
        bail!("`{shown}` failed ({}): {text}", output.status);
    }
    Ok(text)
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
