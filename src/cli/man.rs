//! `djanginx man`: manual pages.

use super::{Cli, SUCCESS, Streams};
use crate::Error;
use clap::CommandFactory;
use std::process::ExitCode;

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The command whose page is wanted.
    command: Option<String>,
}

impl Args {
    /// Runs the command.
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<ExitCode, Error> {
        let mut command = Cli::command();
        // Fills in the names of commands' pages (`djanginx-generate`) and global options.
        command.build();
        let command = match &self.command {
            None => command,
            Some(name) => command
                .get_subcommands()
                .find(|command| command.get_name() == name)
                .cloned()
                .ok_or_else(|| Error::Usage(format!("there is no command `{name}`")))?,
        };
        clap_mangen::Man::new(command).render(&mut &mut *streams.out)?;
        Ok(ExitCode::from(SUCCESS))
    }
}
