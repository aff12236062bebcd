//! The formats of findings, and the files that they go to.

use crate::Error;
use crate::finding::Finding;
use crate::report::full::Style;
use crate::report::paths::Paths;
use crate::report::{
    checkstyle, concise, full, github, gitlab, grouped, json, junit, rdjson, sarif,
};
use crate::source::SourceMap;
use clap::ValueEnum;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

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

/// A format and the file that it goes to.
#[derive(Debug, Clone)]
pub(super) struct Output {
    format: Format,
    path: PathBuf,
}

impl std::str::FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (format, path) = text
            .split_once('=')
            .ok_or("write the format and the file, as in `sarif=djanginx.sarif`")?;
        Ok(Self {
            format: Format::from_str(format, true)?,
            path: PathBuf::from(path),
        })
    }
}

/// What is to be written.
pub(super) struct Found<'a> {
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
            Format::Sarif => sarif::write(out, findings, sources, &paths()),
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

    /// Writes the findings to a file: all of it or nothing.
    pub(super) fn write_to(&self, output: &Output) -> Result<(), Error> {
        let create = |source| Error::Create {
            path: output.path.clone(),
            source,
        };
        let mut bytes = Vec::new();
        self.write(output.format, &mut bytes, Style::default())?;
        let folder = match output.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(create)?;
        file.write_all(&bytes).map_err(create)?;
        file.persist(&output.path)
            .map_err(|error| create(error.error))?;
        Ok(())
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
