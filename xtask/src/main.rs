//! Development tasks of djanginx: `cargo xtask test` and its parts.
//!
//! - [`system`] installs what only the system's package manager can give,
//! - [`nginx`] builds nginx from source,
//! - [`python`] makes the virtual environment of the application servers,
//! - [`directives`] rebuilds what is known about nginx's directives,
//! - [`manifest`] is the page on which the tests read what there is,
//! - [`suite`] runs the tests,
//! - [`parity`] compares djanginx with nginx on labelled configurations,
//! - [`peers`] compares its rules with those of other linters on their own examples.

mod directives;
mod manifest;
mod nginx;
mod parity;
mod peers;
mod prepare;
mod python;
mod suite;
mod system;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Development tasks of djanginx")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install or build what the tests need, then run all of them
    Test {
        /// Handed to `cargo nextest run`, or to `cargo test` where nextest is not installed
        #[arg(
            trailing_var_arg = true,
            allow_hyphen_values = true,
            value_name = "ARGUMENT"
        )]
        arguments: Vec<String>,
    },
    /// Install or build what the tests need, and stop there
    Prepare,
    /// Build another nginx from its source tree and let the tests use it as well
    Engine {
        /// A release's unpacked source, or a checkout of nginx's repository
        #[arg(long, value_name = "PATH")]
        source: PathBuf,
        /// What to call it; the version by default
        #[arg(long)]
        name: Option<String>,
    },
    Directives(directives::Args),
    Parity(parity::Args),
    Peers(peers::Args),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.task) {
        Ok(status) => status,
        Err(error) => {
            workspace::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::find()?;
    match task {
        Task::Parity(args) => parity::run(&args),
        Task::Peers(args) => peers::run(&args).map(|()| ExitCode::SUCCESS),
        Task::Test { arguments } => {
            prepare::run(&workspace)?;
            suite::run(&workspace, &arguments)
        }
        Task::Prepare => prepare::run(&workspace).map(|()| ExitCode::SUCCESS),
        Task::Engine { source, name } => {
            nginx::add(&workspace, &source, name.as_deref()).map(|()| ExitCode::SUCCESS)
        }
        Task::Directives(args) => {
            directives::run(&args, &workspace.root).map(|()| ExitCode::SUCCESS)
        }
    }
}
