//! What other processes cost.

use nix::sys::resource::{UsageWho, getrusage};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The CPU time, user and system, that this process or its children have had so far.
pub(crate) fn used(who: UsageWho) -> Duration {
    let usage = getrusage(who).expect("resource usage");
    let (user, system) = (usage.user_time(), usage.system_time());
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    Duration::from_micros((micros(user) + micros(system)) as u64)
}

/// The CPU time of a process from start to exit, whatever it says.
pub(crate) fn cpu(command: &mut Command) -> Duration {
    let before = used(UsageWho::RUSAGE_CHILDREN);
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("the program runs");
    used(UsageWho::RUSAGE_CHILDREN) - before
}

/// The one in the middle.
pub(crate) fn median<T: Ord + Copy>(all: &mut [T]) -> T {
    all.sort_unstable();
    all[all.len() / 2]
}

/// Prints a line of a table.
#[allow(clippy::print_stdout, reason = "a bench prints its table")]
pub(crate) fn print(line: &str) {
    println!("{line}");
}
