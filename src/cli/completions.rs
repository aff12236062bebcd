//! `djanginx completions`: arguments completed by a shell.

use super::{Cli, SUCCESS, Streams};
use crate::Error;
use clap::CommandFactory;
use clap_complete::Shell;
use std::process::ExitCode;

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell.
    shell: Shell,
}

impl Args {
    /// Runs the command.
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<ExitCode, Error> {
        // clap_complete panics when its writer refuses; memory never does.
        let mut script = Vec::new();
        let mut command = Cli::command();
        let name = command.get_name().to_owned();
        clap_complete::generate(self.shell, &mut command, name, &mut script);
        streams.out.write_all(&script)?;
        Ok(ExitCode::from(SUCCESS))
    }
}
