//! The formats of findings, as `lint` and `check` write them.

use crate::finding::Finding;
use crate::report::full::Style;
use crate::report::paths::Paths;
use crate::report::{
    checkstyle, concise, full, github, gitlab, grouped, json, junit, rdjson, sarif,
};
use crate::source::SourceMap;
use clap::ValueEnum;
use std::io::{self, Write};
use std::path::Path;

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// With the lines that they speak of.
    Full,
    /// One line each.
    Concise,
    /// Under the name of their file.
    Grouped,
    /// One JSON object.
    Json,
    /// One JSON object for each, on a line of its own.
    Jsonl,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of GitHub Actions, and the summary of the step.
    Github,
    /// A report of code quality for GitLab.
    Gitlab,
    /// JUnit's XML.
    Junit,
    /// Checkstyle's XML.
    Checkstyle,
    /// Reviewdog's JSON.
    Rdjson,
}

/// What is to be written.
pub(super) struct Found<'a> {
    /// The command that found them.
    pub(super) command: &'static str,
    pub(super) findings: &'a [Finding],
    pub(super) sources: &'a SourceMap,
    /// How many findings comments and the baseline keep back.
    pub(super) suppressed: usize,
}

impl Found<'_> {
    /// Writes the findings in a format.
    pub(super) fn write(
        &self,
        format: Format,
        out: &mut dyn Write,
        style: Style,
    ) -> io::Result<()> {
        let (findings, sources) = (self.findings, self.sources);
        let paths = || Paths::new(Path::new("."));
        match format {
            Format::Full => full::write(out, findings, sources, style),
            Format::Concise => concise::write(out, findings, sources),
            Format::Grouped => grouped::write(out, findings, sources),
            Format::Json => json::write(out, findings, sources, self.suppressed),
            Format::Jsonl => json::write_lines(out, findings, sources),
            Format::Sarif => sarif::write(out, self.command, findings, sources, &paths()),
            Format::Github => {
                github::write(out, findings, sources, &paths())?;
                self.step_summary(&paths())
            }
            Format::Gitlab => gitlab::write(out, findings, sources, &paths()),
            Format::Junit => junit::write(out, findings, sources, &paths()),
            Format::Checkstyle => checkstyle::write(out, findings, sources, &paths()),
            Format::Rdjson => rdjson::write(out, findings, sources, &paths()),
        }
    }

    fn step_summary(&self, paths: &Paths) -> io::Result<()> {
        let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY") else {
            return Ok(());
        };
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)?;
        github::summary(&mut file, self.findings, self.sources, paths)
    }
}
