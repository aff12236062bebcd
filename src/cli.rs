//! The command line: one file per command. Only here is anything printed, and only
//! through [`Streams`].

mod generate;

use crate::Error;
use clap::Parser;
use std::io::{Read, Write};
use std::path::Path;
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
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make nginx configuration files from a topology.
    Generate(generate::Args),
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// When the work could not be done; findings are no error.
    pub fn run(&self, streams: &mut Streams<'_>) -> Result<ExitCode, Error> {
        match &self.command {
            Command::Generate(args) => args.run(streams),
        }
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
            let _ = write!(err, "error: {error}");
            let mut cause = std::error::Error::source(&error);
            while let Some(inner) = cause {
                let _ = write!(err, ": {inner}");
                cause = inner.source();
            }
            let _ = writeln!(err);
            if let Some(help) = error.help() {
                let _ = writeln!(err, "  help: {help}");
            }
            ExitCode::from(FAILURE)
        }
    }
}

/// Reads a file, or standard input for `-`.
fn read_input(path: &Path) -> Result<Vec<u8>, Error> {
    let read = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    read.map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}
