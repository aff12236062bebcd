//! `djanginx probe`: whether the nodes answer what nginx would ask them.

mod output;

use super::input::{TopologyArgs, read};
use super::output::Output;
use super::{FINDINGS, SUCCESS, Streams, Verbosity};
use crate::Error;
use crate::directives::Modules;
use crate::finding::NginxLevel;
use crate::model::files::Disk;
use crate::model::{self, Prefix, Texts};
use crate::probe::diagnose::Diagnosed;
use crate::probe::{self, Header, Limits, Outcome, Targets, Wishes};
use crate::report::full::Style;
use crate::source::SourceMap;
use crate::verdict::{self, Declared, Start};
use crate::version::{LINT_DEFAULT, Target as Release};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

const ASKING: &str = "What is asked";
const RUNNING: &str = "How it is asked";

/// Arguments of `probe`.
#[derive(Debug, clap::Args)]
#[command(mut_arg("topology", |file| file.value_name("FILE").help(
    "A topology (`.yaml`, `.yml`) or an nginx configuration, or `-` for standard input"
)))]
pub(super) struct Args {
    #[command(flatten)]
    topology: TopologyArgs,

    /// What the file is, whatever its name says.
    #[arg(long = "as", value_name = "KIND", value_enum)]
    kind: Option<Kind>,

    /// Ask for this path, whatever `health` says.
    #[arg(long, value_name = "PATH", help_heading = ASKING, value_parser = path)]
    path: Option<String>,

    /// A header that the client sends, such as `Authorization: Bearer ${TOKEN}`. `${NAME}` is
    /// a variable of the environment, which is never shown.
    #[arg(long, value_name = "NAME: VALUE", help_heading = ASKING, value_parser = header)]
    header: Vec<Header>,

    /// List what would be asked, and ask nobody.
    #[arg(long, help_heading = ASKING)]
    dry_run: bool,

    /// Ask link-local addresses, too.
    #[arg(long, help_heading = ASKING)]
    allow_link_local: bool,

    /// For a connection with its TLS.
    #[arg(long, value_name = "TIME", help_heading = RUNNING, default_value = "2s", value_parser = time)]
    connect_timeout: Duration,

    /// From the connection to the first byte.
    #[arg(long, value_name = "TIME", help_heading = RUNNING, default_value = "5s", value_parser = time)]
    read_timeout: Duration,

    /// For one question.
    #[arg(long, value_name = "TIME", help_heading = RUNNING, default_value = "8s", value_parser = time)]
    timeout: Duration,

    /// For the whole run; with `--wait` it is as much longer.
    #[arg(long, value_name = "TIME", help_heading = RUNNING, default_value = "60s", value_parser = time)]
    deadline: Duration,

    /// Ask again until all is well, at most so long.
    #[arg(long, value_name = "TIME", help_heading = RUNNING, value_parser = time)]
    wait: Option<Duration>,

    /// How often to ask again after a failure that may pass.
    #[arg(long, value_name = "N", help_heading = RUNNING, default_value_t = 2)]
    retries: u32,

    /// Questions at a time.
    #[arg(long, value_name = "N", help_heading = RUNNING, default_value_t = 16, value_parser = number())]
    concurrency: u32,

    /// Questions at a time to one address.
    #[arg(long, value_name = "N", help_heading = RUNNING, default_value_t = 4, value_parser = number())]
    per_host: u32,

    /// From when on an answer is slow.
    #[arg(long, value_name = "TIME", help_heading = RUNNING, default_value = "1s", value_parser = time)]
    slow: Duration,

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

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A topology.
    Topology,
    /// A configuration of nginx.
    Nginx,
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

/// From 1 to 10,000.
fn number() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=10_000)
}

/// `500ms`, `2s`, `1m`; a number alone is seconds.
fn time(text: &str) -> Result<Duration, String> {
    let millis = crate::values::number::time(text.as_bytes(), false);
    let unit = text.ends_with(|c: char| c.is_ascii_alphabetic());
    let duration = millis
        .and_then(|millis| u64::try_from(millis).ok())
        .map(|millis| Duration::from_millis(if unit { millis } else { millis * 1000 }));
    duration
        .filter(|time| (Duration::from_millis(1)..=Duration::from_secs(86_400)).contains(time))
        .ok_or_else(|| "write a time such as `500ms`, `2s` or `1m`, at most `1d`".to_owned())
}

fn path(text: &str) -> Result<String, String> {
    let visible = text.bytes().all(|byte| (0x21..0x7f).contains(&byte));
    if text.starts_with('/') && visible {
        Ok(text.to_owned())
    } else {
        Err("write a path that begins with `/`, without blanks".to_owned())
    }
}

/// `NAME: VALUE`, with variables of the environment in it.
fn header(text: &str) -> Result<Header, String> {
    let (name, written) = text.split_once(':').ok_or("write `NAME: VALUE`")?;
    let (name, written) = (name.trim(), written.trim());
    let (mut value, mut secret) = (String::new(), false);
    let mut rest = written;
    while let Some((before, behind)) = rest.split_once("${") {
        let (variable, behind) = behind.split_once('}').ok_or("`${` is not ended with `}`")?;
        let set = std::env::var(variable);
        value += before;
        value += &set.map_err(|_| format!("`${{{variable}}}` is not set"))?;
        secret = true;
        rest = behind;
    }
    value += rest;
    if reqwest::header::HeaderName::try_from(name).is_err()
        || reqwest::header::HeaderValue::try_from(&value).is_err()
    {
        return Err("this cannot be a header".to_owned());
    }
    Ok(Header {
        name: name.to_owned(),
        value,
        shown: secret.then(|| written.to_owned()),
    })
}

/// What a run came to, for all formats.
struct Report<'a> {
    targets: &'a Targets,
    probes: &'a [Diagnosed],
    sources: &'a SourceMap,
}

impl Report<'_> {
    fn count(&self, outcome: Outcome) -> usize {
        let of = self.probes.iter().filter(|probe| probe.outcome == outcome);
        of.count()
    }
}

impl Args {
    /// Runs the command.
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<ExitCode, Error> {
        if self.kind() == Kind::Nginx {
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
        let targets = probe::of_topology(loaded, release, source, &self.wishes())?;
        self.probe(&targets, &sources, streams)
    }

    fn kind(&self) -> Kind {
        let end = self.topology.path().extension();
        self.kind
            .unwrap_or_else(|| match end.and_then(OsStr::to_str) {
                Some("yaml" | "yml") => Kind::Topology,
                _ => Kind::Nginx,
            })
    }

    fn wishes(&self) -> Wishes {
        Wishes {
            path: self.path.clone(),
            headers: self.header.clone(),
        }
    }

    /// Asks what a configuration of nginx would ask.
    fn nginx(&self, streams: &mut Streams<'_>) -> Result<ExitCode, Error> {
        let path = self.topology.path();
        let mut texts = Texts::new(&Disk, model::Limits::default());
        let root = if path == Path::new("-") {
            let bytes = read(path, texts.limits().file_bytes)?;
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
        let refused = reading.findings.iter().any(|finding| {
            let nginx = finding.nginx.as_ref();
            nginx.is_some_and(|nginx| nginx.level == NginxLevel::Emerg)
        });
        if refused {
            writeln!(
                streams.err,
                "warning: nginx refuses this configuration; `djanginx lint {}` says why",
                path.display()
            )?;
        }
        let wishes = self.wishes();
        let targets = probe::of_model(&reading.model, &folder, &wishes);
        self.probe(&targets, texts.sources(), streams)
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
        let limits = self.limits();
        let bar = self.bar(targets.targets.len(), streams);
        let mut progress = |done: usize, count: usize| {
            bar.set_length(count as u64);
            bar.set_position(done as u64);
        };
        let run = probe::run(&targets.targets, &limits, &mut progress)?;
        bar.finish_and_clear();
        let probes = probe::diagnose(run.probes, &limits);
        let report = Report {
            targets,
            probes: &probes,
            sources,
        };
        output::write(self.format, streams.out, &report, streams.out_style)?;
        for output in &self.output {
            output.write(|format, out| output::write(format, out, &report, Style::default()))?;
        }
        if limits.concurrency > 16 && streams.verbosity > Verbosity::Quiet {
            writeln!(
                streams.err,
                "note: with more than 16 questions at a time, times are of little worth"
            )?;
        }
        if let Some(signal) = run.signal {
            streams.out.flush()?;
            // The process ends as it would have ended without us.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
        let failed =
            report.count(Outcome::Failed) > 0 || self.fail_on_skip && !targets.skipped.is_empty();
        Ok(ExitCode::from(if failed { FINDINGS } else { SUCCESS }))
    }

    fn limits(&self) -> Limits {
        let wait = self.wait.unwrap_or_default();
        Limits {
            connect: self.connect_timeout,
            first_byte: self.read_timeout,
            total: self.timeout,
            deadline: self.deadline + wait,
            concurrency: self.concurrency as usize,
            per_host: self.per_host as usize,
            retries: self.retries,
            wait,
            link_local: self.allow_link_local,
            slow: self.slow,
            ..Limits::default()
        }
    }

    fn bar(&self, count: usize, streams: &Streams<'_>) -> ProgressBar {
        let shown = streams.verbosity > Verbosity::Quiet && std::io::stderr().is_terminal();
        if !shown {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(count as u64), ProgressDrawTarget::stderr());
        match ProgressStyle::with_template("{bar:30} {pos}/{len} asked, {elapsed}") {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }
}
