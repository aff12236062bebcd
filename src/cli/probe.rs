//! `djanginx probe`: whether the nodes answer what nginx would ask them.

pub(super) mod args;
pub(super) mod output;

use super::input::{KindArgs, TopologyArgs, read_config};
use super::output::Output;
use super::{FINDINGS, SUCCESS, Streams};
use crate::Error;
use crate::directives::Modules;
use crate::finding::Finding;
use crate::model::files::Disk;
use crate::model::{self, Prefix, Texts};
use crate::probe::diagnose::Diagnosed;
use crate::probe::{self, Outcome, Targets};
use crate::report::full::Style;
use crate::source::SourceMap;
use crate::verdict::{self, Declared, Start};
use crate::version::{LINT_DEFAULT, Target as Release};
use args::{ASKING, AskingArgs};
use clap::ValueEnum;
use std::io;
use std::path::Path;
use std::process::ExitCode;

pub(super) use output::schema;

/// Arguments of `probe`.
#[derive(Debug, clap::Args)]
#[command(mut_arg("topology", |file| file.value_name("FILE").help(
    "A topology (`.yaml`, `.yml`) or an nginx configuration, or `-` for standard input"
)))]
pub(super) struct Args {
    #[command(flatten)]
    topology: TopologyArgs,

    #[command(flatten)]
    kind: KindArgs,

    #[command(flatten)]
    asking: AskingArgs,

    /// List what would be asked, and ask nobody.
    #[arg(long, help_heading = ASKING)]
    dry_run: bool,

    /// Whether a node that is not asked counts as failed.
    #[arg(long)]
    fail_on_skip: bool,

    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    /// Write the result to a file as well; may be given several times.
    #[arg(long, value_name = "FORMAT=PATH")]
    output: Vec<Output<Format>>,
}

/// How the result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each node, and each failure at its place in the file.
    Table,
    /// One JSON object.
    Json,
    /// One JSON object for each node, on a line of its own.
    Jsonl,
    /// JUnit's XML.
    Junit,
    /// Metrics for Prometheus's textfile collector.
    Prometheus,
    /// Annotations of GitHub Actions.
    Github,
}

/// What a run came to, for all formats.
#[derive(Clone, Copy)]
pub(super) struct Report<'a> {
    pub(super) targets: &'a Targets,
    pub(super) probes: &'a [Diagnosed],
    pub(super) sources: &'a SourceMap,
}

impl Report<'_> {
    pub(super) fn count(&self, outcome: Outcome) -> usize {
        let of = self.probes.iter().filter(|probe| probe.outcome == outcome);
        of.count()
    }
}

impl Args {
    /// Runs the command.
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<ExitCode, Error> {
        if !self.kind.is_topology(self.topology.path()) {
            return self.nginx(streams);
        }
        let (valid, sources) = match self.topology.read_valid(streams)? {
            Ok(read) => read,
            Err(code) => return Ok(code),
        };
        let loaded = &valid.loaded;
        let release: Release = loaded
            .topology
            .target()
            .map_err(|error| Error::Usage(error.to_string()))?;
        let source = sources.file(loaded.file).text();
        let targets = probe::of_topology(loaded, release, source, None, &self.asking.wishes())?;
        drop(valid);
        self.probe(&targets, &sources, streams)
    }

    /// Asks what a configuration of nginx would ask.
    fn nginx(&self, streams: &mut Streams<'_>) -> Result<ExitCode, Error> {
        let path = self.topology.path();
        let mut texts = Texts::new(&Disk, model::Limits::default());
        let root = if path == Path::new("-") {
            let bytes = read_config(path, texts.limits())?;
            texts.add("<stdin>", bytes)
        } else {
            texts.open(path)
        };
        let root = root.map_err(|refusal| Error::Read {
            path: path.to_owned(),
            source: match refusal {
                model::Refusal::Missing => io::ErrorKind::NotFound.into(),
                model::Refusal::Folder => io::ErrorKind::IsADirectory.into(),
                model::Refusal::Unreadable(words) => io::Error::other(words),
                model::Refusal::Special => io::Error::other("it is no regular file"),
                _ => io::Error::other("it is over a limit of size"),
            },
        })?;
        let prefix = Prefix::of_main_file(path);
        let folder = prefix.folder.clone();
        let config = texts.follow(root, prefix);
        let tree = &texts.parse(config.root).tree;
        let declared = Declared::read(tree);
        let version = self.topology.nginx_version().or(declared.target);
        let default = || LINT_DEFAULT.parse().expect("internal: a known release");
        let target = version.unwrap_or_else(default);
        let start = declared.start;
        let options = verdict::Options {
            target,
            modules: Modules::All,
            live: false,
            start: start.unwrap_or_else(|| Start::infer(tree, target, false)),
        };
        let reading = verdict::read(&texts, &config, &options);
        if reading.findings.iter().any(Finding::is_refusal) {
            writeln!(
                streams.err,
                "warning: nginx refuses this configuration; `djanginx lint {}` says why",
                path.display()
            )?;
        }
        let wishes = self.asking.wishes();
        let targets = probe::of_model(&reading.model, &folder, &wishes);
        // There may be many nodes, and what was read is no longer needed.
        drop(reading);
        self.probe(&targets, &texts.into_sources(), streams)
    }

    fn probe(
        &self,
        targets: &Targets,
        sources: &SourceMap,
        streams: &mut Streams<'_>,
    ) -> Result<ExitCode, Error> {
        if self.dry_run {
            output::list(streams.out, targets, sources)?;
            return Ok(ExitCode::from(SUCCESS));
        }
        let asked = self.asking.ask(targets, streams)?;
        let report = Report {
            targets,
            probes: &asked.probes,
            sources,
        };
        output::write(self.format, streams.out, &report, streams.out_style)?;
        for output in &self.output {
            output.write(|format, out| output::write(format, out, &report, Style::default()))?;
        }
        if let Some(signal) = asked.signal {
            streams.out.flush()?;
            // The process ends as it would have ended without us.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
        let failed =
            report.count(Outcome::Failed) > 0 || self.fail_on_skip && !targets.skipped.is_empty();
        Ok(ExitCode::from(if failed { FINDINGS } else { SUCCESS }))
    }
}
