//! Servers as child processes: their output is kept, and none outlives its test.

use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::engines::is_root;
use crate::home::NOBODY;

/// How long a test waits for what has to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(10);

/// Waits until `probe` gives something; `what` names it in the failure.
pub(crate) fn wait_for<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(
            Instant::now() < end,
            "waited {} s for {what}",
            PATIENCE.as_secs()
        );
        std::thread::sleep(POLL);
    }
}

/// A command whose process gets `signal` when the thread of the test that started it ends,
/// however it ends: even a killed test leaves nothing behind.
pub(crate) fn supervised(program: &Path, signal: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", signal, "--"]).arg(program);
    command
}

/// Takes root's privileges from a command.
pub(crate) fn without_privileges(command: &mut Command) {
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
}

/// A running server; killed with its whole process group when dropped.
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a command with its output at the end of the file `log`.
    pub(crate) fn start(name: &str, command: &mut Command, log: &Path) -> Self {
        let file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .expect("a log file");
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a second handle"))
            .stderr(file)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        Self {
            name: name.to_owned(),
            child,
            log: log.to_owned(),
        }
    }

    /// Waits until `is_ready`; a server that ends before fails the test.
    pub(crate) fn wait_until_ready(&mut self, mut is_ready: impl FnMut() -> bool) {
        let what = format!("{} to be ready", self.name);
        wait_for(&what, || {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                panic!("{} ended with {status} instead of starting", self.name);
            }
            is_ready().then_some(())
        });
    }

    /// Ends it at once, with all its workers, as a crash of the machine would.
    pub(crate) fn kill(&mut self) {
        // It fails when the process is gone already.
        let _ = kill_process_group(self.pid(), Signal::KILL);
        let status = self.child.wait().expect("a child of ours");
        assert!(
            status.signal().is_some() || std::thread::panicking(),
            "{}: {status}",
            self.name
        );
    }

    /// Sends a signal to the main process and waits for its end.
    pub(crate) fn end_with(&mut self, signal: Signal) -> ExitStatus {
        rustix::process::kill_process(self.pid(), signal).expect("it runs");
        wait_for(&format!("the end of {}", self.name), || {
            self.child.try_wait().expect("a child of ours")
        })
    }

    /// What it has printed.
    pub(crate) fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = kill_process_group(self.pid(), Signal::KILL);
        let _ = self.child.wait();
        if std::thread::panicking() {
            let output = self.output();
            let lines: Vec<&str> = output.lines().collect();
            let tail = lines[lines.len().saturating_sub(25)..].join("\n");
            println!("── last output of {} ──\n{tail}", self.name);
        }
    }
}
