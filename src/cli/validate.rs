//! `djanginx validate`: every problem of a topology at once.

use super::input::{Reading, TopologyArgs};
use super::{FINDINGS, SUCCESS, Streams, Verbosity};
use crate::Error;
use crate::report::{concise, full, json};
use clap::ValueEnum;
use std::process::ExitCode;

/// Arguments of `validate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    topology: TopologyArgs,

    /// How findings are printed.
    #[arg(long, value_enum, default_value_t = Format::Full)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// With the lines that they speak of.
    Full,
    /// One line each.
    Concise,
    /// One JSON object.
    Json,
}

impl Args {
    /// Runs the command.
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<ExitCode, Error> {
        let Reading { sources, result } = self.topology.read()?;
        let (findings, code) = match &result {
            Ok(valid) => (&valid.remarks, SUCCESS),
            Err(findings) => (findings, FINDINGS),
        };
        match self.format {
            Format::Full => full::write(streams.out, findings, &sources, streams.out_style)?,
            Format::Concise => concise::write(streams.out, findings, &sources)?,
            Format::Json => json::write(streams.out, findings, &sources, 0)?,
        }
        if let (Ok(valid), true) = (&result, streams.verbosity > Verbosity::Quiet) {
            let topology = &valid.loaded.topology;
            let name = sources.file(valid.loaded.file).name();
            writeln!(streams.err, "{name} is valid")?;
            if streams.verbosity > Verbosity::Normal {
                let count = |count: usize, one: &str| match count {
                    1 => format!("1 {one}"),
                    _ => format!("{count} {one}s"),
                };
                let nodes = topology.pools.values().map(|pool| pool.nodes.len()).sum();
                writeln!(
                    streams.err,
                    "{}, {}, {}, {}",
                    count(topology.pools.len(), "pool"),
                    count(nodes, "node"),
                    count(topology.sites.len(), "site"),
                    count(topology.streams.len(), "stream"),
                )?;
            }
        }
        Ok(ExitCode::from(code))
    }
}
