//! The command line: one file per command. Only here is anything printed, and only
//! through [`Streams`].

use crate::Error;
use clap::Parser;
use std::io::Write;
use std::process::ExitCode;

/// Nothing to report.
pub const SUCCESS: u8 = 0;
/// The input has findings.
pub const FINDINGS: u8 = 1;
/// The work could not be done.
pub const FAILURE: u8 = 2;

/// Where a command writes.
pub struct Streams<'a> {
    /// Standard output: what was asked for.
    pub out: &'a mut dyn Write,
    /// Standard error: what is said about it.
    pub err: &'a mut dyn Write,
}

/// nginx in front of Django: generate, lint, probe, explain.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub struct Cli {}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// When the work could not be done; findings are no error.
    pub fn run(&self, _streams: &mut Streams<'_>) -> Result<ExitCode, Error> {
        Ok(ExitCode::from(SUCCESS))
    }
}

/// Parses the process's arguments, runs, and reports a failure: all of `main`.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let (mut out, mut err) = (anstream::stdout().lock(), anstream::stderr().lock());
    match cli.run(&mut Streams {
        out: &mut out,
        err: &mut err,
    }) {
        Ok(code) => code,
        Err(error) if error.is_broken_pipe() => ExitCode::from(SUCCESS),
        Err(error) => {
            // A failing standard error leaves no place to say so.
            let _ = writeln!(err, "error: {error}");
            ExitCode::from(FAILURE)
        }
    }
}
