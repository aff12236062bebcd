//! `djanginx rules` and `djanginx rule ID`: what is looked for, and why.

use super::{SUCCESS, Streams};
use crate::Error;
use crate::rules::{self, Meta};
use clap::ValueEnum;
use std::process::ExitCode;

/// Arguments of `rules`.
#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// How the list is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Arguments of `rule`.
#[derive(Debug, clap::Args)]
pub(super) struct OneArgs {
    /// The rule's id.
    id: String,

    /// How it is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// As JSON.
    Json,
}

impl ListArgs {
    /// Runs the command.
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<ExitCode, Error> {
        let all = rules::every_meta();
        if self.format == Format::Json {
            let all: Vec<_> = all.into_iter().map(as_json).collect();
            serde_json::to_writer_pretty(&mut *streams.out, &all).map_err(std::io::Error::from)?;
            writeln!(streams.out)?;
            return Ok(ExitCode::from(SUCCESS));
        }
        let width = all.iter().map(|meta| meta.id.len()).max().unwrap_or(0);
        for meta in all {
            let group = meta.group.name();
            let severity = meta.severity.to_string();
            let summary = meta.summary();
            let id = meta.id;
            writeln!(
                streams.out,
                "{id:<width$}  {group:<11}  {severity:<7}  {summary}"
            )?;
        }
        Ok(ExitCode::from(SUCCESS))
    }
}

impl OneArgs {
    /// Runs the command.
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<ExitCode, Error> {
        let Some(meta) = rules::find(&self.id) else {
            return Err(Error::Usage(
                rules::UnknownRule(self.id.clone()).to_string(),
            ));
        };
        if self.format == Format::Json {
            serde_json::to_writer_pretty(&mut *streams.out, &as_json(meta))
                .map_err(std::io::Error::from)?;
            writeln!(streams.out)?;
        } else {
            writeln!(streams.out, "# {}\n", meta.id)?;
            writeln!(streams.out, "{}\n", meta.facts())?;
            writeln!(streams.out, "{}", meta.manual())?;
        }
        Ok(ExitCode::from(SUCCESS))
    }
}

fn as_json(meta: &Meta) -> serde_json::Value {
    serde_json::json!({
        "id": meta.id,
        "group": meta.group,
        "severity": meta.severity,
        "fix": meta.fix,
        "default": meta.default,
        "summary": meta.summary(),
        "manual": meta.manual(),
        "url": meta.url(),
    })
}
