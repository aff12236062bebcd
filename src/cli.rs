//! The command line: one file per command. Only here is anything printed, and only
//! through [`Streams`].

mod check;
mod completions;
mod explain;
mod findings;
mod generate;
mod init;
mod input;
mod lint;
mod man;
mod output;
mod probe;
mod rule_args;
mod rules;
mod schema;
mod validate;

use crate::Error;
use crate::report::full::Style;
use clap::{Parser, ValueEnum};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

/// Nothing to report.
pub const SUCCESS: u8 = 0;
/// The input has findings.
pub const FINDINGS: u8 = 1;
/// The work could not be done.
pub const FAILURE: u8 = 2;

/// How much is said beside what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Only what is wrong.
    Quiet,
    /// What was done.
    Normal,
    /// How, too.
    Verbose,
}

/// Where a command writes.
pub struct Streams<'a> {
    /// Standard output: what was asked for.
    pub out: &'a mut dyn Write,
    /// Standard error: what is said about it.
    pub err: &'a mut dyn Write,
    /// How findings look on standard output.
    pub out_style: Style,
    /// How findings look on standard error.
    pub err_style: Style,
    /// How much is said on standard error.
    pub verbosity: Verbosity,
}

/// nginx in front of Django: generate, lint, probe, explain.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const GLOBAL: &str = "Global options";

#[derive(Debug, clap::Args)]
struct Global {
    /// When output is coloured; `auto` heeds NO_COLOR and FORCE_COLOR.
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "WHEN", value_enum, default_value_t = When::Auto)]
    color: When,

    /// Say only what is wrong.
    #[arg(short, long, global = true, help_heading = GLOBAL, conflicts_with = "verbose")]
    quiet: bool,

    /// Say more.
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Write a commented starter topology.
    Init(init::Args),
    /// Check a topology: every problem at once, each at its place.
    Validate(validate::Args),
    /// Make nginx configuration files from a topology.
    Generate(generate::Args),
    /// Say what is wrong with nginx configurations.
    Lint(lint::Args),
    /// Ask every node what nginx would ask it.
    Probe(probe::Args),
    /// Say whether a topology can be deployed: all of the above, and `nginx -t`.
    Check(check::Args),
    /// Say which server, location and node handles a URL, and why.
    Explain(explain::Args),
    /// List what lint looks for.
    Rules(rules::ListArgs),
    /// Print the manual of a rule.
    Rule(rules::OneArgs),
    /// Print the JSON Schema of the topology.
    Schema,
    /// Print a script that completes arguments in a shell.
    Completions(completions::Args),
    /// Print the manual page, or that of one command.
    Man(man::Args),
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// When the work could not be done; findings are no error.
    pub fn run(&self, streams: &mut Streams<'_>) -> Result<ExitCode, Error> {
        match &self.command {
            Command::Init(args) => args.run(streams),
            Command::Validate(args) => args.run(streams),
            Command::Generate(args) => args.run(streams),
            Command::Lint(args) => args.run(streams),
            Command::Probe(args) => args.run(streams),
            Command::Check(args) => args.run(streams),
            Command::Explain(args) => args.run(streams),
            Command::Rules(args) => args.run(streams),
            Command::Rule(args) => args.run(streams),
            Command::Schema => schema::run(streams),
            Command::Completions(args) => args.run(streams),
            Command::Man(args) => args.run(streams),
        }
    }
}

/// The JSON Schemas of what `--format json` prints, by the name of the command.
#[must_use]
pub fn schemas() -> [(&'static str, String); 3] {
    [
        ("check", check::schema()),
        ("lint", lint::schema()),
        ("probe", probe::schema()),
    ]
}

/// Parses the process's arguments, runs, and reports a failure: all of `main`.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(said) => {
            // Help and version are asked for; everything else is a wrong use. When the
            // reader went away there is nobody left to tell.
            let _ = said.print();
            let wrong = said.use_stderr();
            return ExitCode::from(if wrong { FAILURE } else { SUCCESS });
        }
    };
    let (out, err) = (std::io::stdout(), std::io::stderr());
    let when = cli.global.color;
    let out_style = style(when, out.is_terminal());
    let err_style = style(when, err.is_terminal());
    let mut out = std::io::BufWriter::new(out.lock());
    let mut err = err.lock();
    let verbosity = match (cli.global.quiet, cli.global.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        (false, false) => Verbosity::Normal,
    };
    let result = cli.run(&mut Streams {
        out: &mut out,
        err: &mut err,
        out_style,
        err_style,
        verbosity,
    });
    let result = result.and_then(|code| Ok(out.flush().map(|()| code)?));
    match result {
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

/// How findings look on a stream.
fn style(when: When, is_terminal: bool) -> Style {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let color = match when {
        When::Always => true,
        When::Never => false,
        When::Auto if set("NO_COLOR") => false,
        When::Auto if set("FORCE_COLOR") => true,
        When::Auto => is_terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
    };
    let width = terminal_size::terminal_size()
        .filter(|_| is_terminal)
        .map(|(width, _)| usize::from(width.0).clamp(40, 120));
    Style {
        color,
        width: width.unwrap_or(Style::default().width),
    }
}
