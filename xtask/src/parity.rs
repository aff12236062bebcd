//! `cargo xtask parity DIR`: how far djanginx agrees with `nginx -t` on labelled
//! configurations.
//!
//! - [`case`] is a configuration and what nginx said about it, from `labels.jsonl` or
//!   from a program that is asked now,
//! - [`verdict`] is what djanginx says,
//! - [`tally`] counts, and lists what differs.

pub(crate) mod case;
mod tally;
pub(crate) mod verdict;

use anyhow::{Context, Result, bail};
use djanginx::version::Target;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use tally::Tally;

/// Compare the verdicts of djanginx with those of nginx
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder; its `labels.jsonl` says what nginx said
    folder: PathBuf,
    /// Ask this program instead of reading labels
    #[arg(long, value_name = "BINARY")]
    nginx: Option<PathBuf>,
    /// The nginx to be: `mainline` and `1.22.1` have labels
    #[arg(long, value_name = "VERSION", default_value = "mainline")]
    target: Target,
    /// Show so many differences of each kind
    #[arg(long, value_name = "N", default_value_t = 3)]
    show: usize,
    /// Fail below so many percent of refusals that agree in message and line
    #[arg(long, value_name = "PERCENT")]
    floor: Option<f64>,
    /// Fail below so many percent of verdicts that agree
    #[arg(long, value_name = "PERCENT")]
    verdict_floor: Option<f64>,
}

/// Runs the comparison; fails when nginx loads what djanginx refuses, or below the floor.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let cases = match &args.nginx {
        Some(binary) => case::ask(&args.folder, binary)?,
        None => case::labelled(&args.folder, args.target)?,
    };
    if cases.is_empty() {
        bail!("{}: no configurations", args.folder.display());
    }
    let mut tally = Tally::default();
    for case in &cases {
        let said = verdict::of(case, args.target)
            .with_context(|| format!("cannot judge {}", case.name))?;
        tally.add(case, &said);
    }
    writeln!(std::io::stdout(), "{}", tally.report(args.show))?;
    let is_below = |floor: Option<f64>, percent: f64| floor.is_some_and(|floor| percent < floor);
    let (verdicts, refusals) = (tally.verdict_percent(), tally.refusal_percent());
    crate::workspace::say(&format!(
        "{verdicts:.2} % of verdicts agree, {refusals:.2} % of refusals in message and line"
    ));
    let below = is_below(args.floor, refusals) || is_below(args.verdict_floor, verdicts);
    if below {
        crate::workspace::say("that is less than the floors ask");
    }
    Ok(if below || tally.false_refusals() > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
