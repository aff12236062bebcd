//! The binary: parse, run, exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    djanginx::cli::main()
}
