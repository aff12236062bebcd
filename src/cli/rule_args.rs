//! Which rules speak, and from when on what they say counts: arguments and settings.

use crate::Error;
use crate::finding::Severity;
use crate::rules::{Selection, Selector, Settings, SettingsError};
use crate::source::SourceMap;
use clap::ValueEnum;
use std::path::{Path, PathBuf};

/// Arguments about rules.
#[derive(Debug, clap::Args)]
pub(super) struct RuleArgs {
    /// Only these rules or groups; `nginx` is also all that nginx itself would say, whatever
    /// the group of the rule.
    #[arg(long, value_name = "RULE|GROUP,...", value_delimiter = ',')]
    select: Option<Vec<Selector>>,

    /// These rules or groups in addition.
    #[arg(long, value_name = "RULE|GROUP,...", value_delimiter = ',')]
    extend_select: Vec<Selector>,

    /// Not these rules or groups.
    #[arg(long, value_name = "RULE|GROUP,...", value_delimiter = ',')]
    ignore: Vec<Selector>,

    /// The file of settings; without it the nearest `djanginx.toml`, `.djanginx.toml` or
    /// `pyproject.toml` with `[tool.djanginx]` counts.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Read no settings.
    #[arg(long, conflicts_with = "config")]
    isolated: bool,

    /// The severity from which on the exit status is 1; without it the settings count, then
    /// `warning`.
    #[arg(long, value_name = "SEVERITY", value_enum)]
    fail_on: Option<FailOn>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Info,
}

impl FailOn {
    fn severity(self) -> Severity {
        match self {
            Self::Error => Severity::Error,
            Self::Warning => Severity::Warning,
            Self::Info => Severity::Info,
        }
    }
}

impl RuleArgs {
    /// The severity that was asked for, here or in the settings.
    pub(super) fn fail_on(&self, settings: &Settings) -> Option<Severity> {
        self.fail_on.map(FailOn::severity).or(settings.fail_on)
    }

    /// The settings that count: those that are named, else the nearest to the first input.
    pub(super) fn settings(&self, first: &Path) -> Result<Settings, Error> {
        let path = match &self.config {
            Some(path) => Some(path.clone()),
            None if self.isolated => None,
            None => {
                let folder = match first.parent() {
                    _ if first.is_dir() => first,
                    Some(folder) if !folder.as_os_str().is_empty() => folder,
                    _ => Path::new("."),
                };
                let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
                Settings::find(&folder)
            }
        };
        let mut settings = match path {
            // Names of files in it are relative to its folder, whatever led to it.
            Some(path) => read_settings(path.canonicalize().unwrap_or(path))?,
            None => Settings::default(),
        };
        // What is asked for now goes before what is asked for always.
        if let Some(select) = &self.select {
            settings.selection = Selection {
                select: Some(select.clone()),
                ..Selection::default()
            };
        }
        settings.selection.extend.extend(&self.extend_select);
        settings.selection.ignore.extend(&self.ignore);
        Ok(settings)
    }
}

/// Reads a file of settings.
fn read_settings(path: PathBuf) -> Result<Settings, Error> {
    let text = std::fs::read_to_string(&path).map_err(|source| Error::Read {
        path: path.clone(),
        source,
    })?;
    Settings::parse(&path, &text).map_err(|errors| {
        let mut sources = SourceMap::new();
        let name = path.display().to_string();
        let file = sources.add(name.clone(), text.into_bytes());
        let line = |error: &SettingsError| {
            let place = sources.file(file).position(error.range.start as u32);
            format!("{name}:{}:{}: {}", place.line, place.column, error.message)
        };
        let lines: Vec<_> = errors.iter().map(line).collect();
        Error::Usage(lines.join("\nerror: "))
    })
}
