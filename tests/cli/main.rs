//! The command line from outside: arguments and files in, exact output and status out.

#![allow(clippy::unwrap_used, missing_docs)] // a test may panic

mod check;
#[path = "../support/engines.rs"]
mod engines;
mod generate;
mod init;
mod run;
mod usage;
mod validate;

use run::Run;
