//! `djanginx lint`: what is wrong with nginx configurations.

mod collect;
mod fix;
mod templates;

use super::findings::{Format, Found};
use super::input::read_config;
use super::output::Output;
use super::rule_args::RuleArgs;
use super::{FINDINGS, SUCCESS, Streams, Verbosity};
use crate::Error;
use crate::directives::Modules;
use crate::finding::{Finding, Severity};
use crate::model::files::{Disk, Files};
use crate::model::{Limits, Texts, dump};
use crate::report::fingerprint::Baseline;
use crate::report::full::Style;
use crate::report::json;
use crate::report::paths::Paths;
use crate::rules::{self, Settings, Suppressions};
use crate::verdict::Start;
use crate::version::Target;
use crate::write::{self, Plan};
use clap::builder::RangedU64ValueParser;
pub(super) use collect::judged;
use collect::{Collected, Lint, limit};
use foldhash::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What a folder's main file is called.
const MAIN_FILE: &str = "nginx.conf";

/// The JSON Schema of `--format json`.
pub(super) fn schema() -> String {
    json::schema_text::<json::Report<'_>>("What djanginx lint --format json prints")
}

/// Arguments of `lint`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Main files, parts of configurations, folders, or `-` for standard input; the output
    /// of `nginx -T` is read as well. Without any: `nginx.conf`, else
    /// `/etc/nginx/nginx.conf`.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// How findings are printed.
    #[arg(long, value_enum, default_value_t = Format::Full)]
    format: Format,

    /// Write findings in another format to a file as well; may be given several times.
    #[arg(long, value_name = "FORMAT=PATH")]
    output: Vec<Output<Format>>,

    #[command(flatten)]
    rules: RuleArgs,

    /// Repair what can be repaired without changing the meaning.
    #[arg(long)]
    fix: bool,

    /// Repair what may change the meaning, too.
    #[arg(long)]
    unsafe_fixes: bool,

    /// Show repairs instead of making them.
    #[arg(long)]
    diff: bool,

    /// Leave out what this file lists.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Write what is found now to the baseline, and report nothing.
    #[arg(long, requires = "baseline")]
    update_baseline: bool,

    /// The nginx that the configuration is for: `1.28`, `1.28.3`, `stable`, `mainline` or
    /// `plus-r35`. Without it a comment `# djanginx: nginx 1.28` counts, then the settings,
    /// then 1.30.
    #[arg(long, value_name = "VERSION")]
    nginx_version: Option<Target>,

    /// The modules that it has beside those that are always there: `all`, or names such as
    /// `http_ssl,stream`; without it the settings count, then `all`.
    #[arg(long, value_name = "all|NAME,...", value_parser = Modules::parse)]
    modules: Option<Modules>,

    /// The blocks round a part of a configuration, as in `http,server`.
    #[arg(long, value_name = "BLOCK,...")]
    context: Option<Start>,

    /// The folder that names in `include` are relative to; that of the main file by default.
    #[arg(long, value_name = "DIR")]
    prefix: Option<PathBuf>,

    /// Count what this machine lacks as nginx would when it ran here.
    #[arg(long)]
    live: bool,

    #[command(flatten)]
    limits: LimitArgs,
}

/// What a configuration may cost.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
struct LimitArgs {
    /// The largest file, in bytes.
    #[arg(long, value_name = "N", hide_short_help = true, default_value_t = Limits::default().file_bytes,
          value_parser = clap::value_parser!(u64).range(1..=u64::from(u32::MAX) - 1))]
    max_file_bytes: u64,

    /// All files together, in bytes.
    #[arg(long, value_name = "N", hide_short_help = true, default_value_t = Limits::default().total_bytes,
          value_parser = clap::value_parser!(u64).range(1..))]
    max_total_bytes: u64,

    /// The most statements of all files together.
    #[arg(long, value_name = "N", hide_short_help = true, default_value_t = Limits::default().statements)]
    max_statements: usize,

    /// The most files.
    #[arg(long, value_name = "N", hide_short_help = true, default_value_t = Limits::default().files)]
    max_files: usize,

    /// The most files that include each other.
    #[arg(long, value_name = "N", hide_short_help = true, default_value_t = Limits::default().include_depth)]
    max_include_depth: usize,

    /// The most blocks inside each other.
    #[arg(long, value_name = "N", hide_short_help = true, default_value_t = Limits::default().block_depth)]
    max_block_depth: usize,

    /// The most findings that are told; of more, the gravest and the first are.
    #[arg(long, value_name = "N", hide_short_help = true, default_value_t = Limits::default().findings,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    max_findings: usize,
}

impl LimitArgs {
    fn limits(&self) -> Limits {
        Limits {
            file_bytes: self.max_file_bytes,
            total_bytes: self.max_total_bytes,
            statements: self.max_statements,
            files: self.max_files,
            include_depth: self.max_include_depth,
            block_depth: self.max_block_depth,
            findings: self.max_findings,
        }
    }
}

impl Args {
    /// Runs the command.
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<ExitCode, Error> {
        let paths = match self.paths.as_slice() {
            [] => vec![default_path()?],
            paths => paths.to_vec(),
        };
        let settings = self.rules.settings(&paths[0])?;
        let limits = self.limits.limits();
        let dump = match paths.as_slice() {
            [path] if !path.is_dir() => self.read_alone(path, limits)?,
            _ => None,
        };
        if self.repairs() && paths.iter().any(|p| p == Path::new("-")) || dump.is_some() && self.fix
        {
            return Err(Error::Usage(
                "standard input and the output of `nginx -T` cannot be repaired: name the files"
                    .into(),
            ));
        }
        match dump {
            Some(Alone::Dump(dump)) => {
                let mut texts = Texts::new(&dump.files, limits);
                let mut lint = Lint::new(self, &settings, &mut texts);
                lint.main_file(&dump.main)?;
                let collected = lint.judge();
                self.report(collected, &texts, &settings, streams)
            }
            Some(Alone::Text(text)) => {
                let mut texts = Texts::new(&Disk, limits);
                let mut lint = Lint::new(self, &settings, &mut texts);
                lint.standard_input(text);
                let collected = lint.judge();
                self.report(collected, &texts, &settings, streams)
            }
            None if self.repairs() => self.repair(&paths, &settings, streams),
            None => {
                let mut texts = Texts::new(&Disk, limits);
                let collected = self.over_paths(&paths, &settings, &mut texts)?;
                let status = self.report(collected, &texts, &settings, streams);
                // The process ends: its memory need not be given back file by file.
                std::mem::forget(texts);
                status
            }
        }
    }

    /// Whether files are repaired, or it is shown how they would be.
    fn repairs(&self) -> bool {
        self.fix || self.unsafe_fixes || self.diff
    }

    /// What is found in files and folders.
    fn over_paths(
        &self,
        paths: &[PathBuf],
        settings: &Settings,
        texts: &mut Texts<'_>,
    ) -> Result<Collected, Error> {
        let limits = texts.limits();
        let files = { paths.iter() }.filter(|path| *path != Path::new("-") && path.is_file());
        texts.open_all(files.map(PathBuf::as_path));
        let mut lint = Lint::new(self, settings, texts);
        for path in paths {
            if path == Path::new("-") {
                let text = read_config(Path::new("-"), limits)?;
                lint.standard_input(text);
            } else if path.is_dir() {
                lint.folder(path)?;
            } else {
                lint.main_file(path)?;
            }
        }
        Ok(lint.judge())
    }

    /// Standard input, or a dump; `None` for an ordinary file.
    fn read_alone(&self, path: &Path, limits: Limits) -> Result<Option<Alone>, Error> {
        let text = if path == Path::new("-") {
            read_config(Path::new("-"), limits)?
        } else {
            if !begins_as_dump(path) {
                return Ok(None);
            }
            match Disk.read(path, limits.file_bytes) {
                Ok(text) => text.to_vec(),
                Err(_) => return Ok(None),
            }
        };
        Ok(match dump::split(&text) {
            Some(dump) => Some(Alone::Dump(dump)),
            None if path == Path::new("-") => Some(Alone::Text(text)),
            None => None,
        })
    }

    fn report(
        &self,
        lint: Collected,
        texts: &Texts<'_>,
        settings: &Settings,
        streams: &mut Streams<'_>,
    ) -> Result<ExitCode, Error> {
        let sources = texts.sources();
        let left_out = lint.left_out;
        let (mut findings, mut suppressed) = suppress(lint, texts, settings);
        let paths = Paths::new(Path::new("."));
        if let Some(path) = &self.baseline {
            if self.update_baseline {
                let text = Baseline::of(&findings, sources, &paths).text();
                let text = text.map_err(std::io::Error::from)?;
                let plan = Plan::of_users(path, text)?;
                write::apply(&plan, &write::Options::default(), &mut ())?;
                writeln!(
                    streams.err,
                    "{} findings are left out from now on",
                    findings.len()
                )?;
                return Ok(ExitCode::from(SUCCESS));
            }
            let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
                path: path.clone(),
                source,
            })?;
            let baseline = Baseline::parse(&text)
                .map_err(|error| Error::Usage(format!("{}: {error}", path.display())))?;
            let all = findings.len();
            findings = baseline.filter(findings, sources, &paths);
            suppressed += all - findings.len();
        }
        let gravest = findings.iter().map(|finding| finding.severity).max();
        limit(&mut findings, left_out, self.limits.max_findings);
        let found = Found {
            command: "lint",
            findings: &findings,
            sources,
            suppressed,
        };
        for output in &self.output {
            output.write(|format, out| found.write(format, out, Style::default()))?;
        }
        found.write(self.format, streams.out, streams.out_style)?;
        if findings.is_empty() && streams.verbosity > Verbosity::Quiet {
            let files = match sources.len() {
                1 => "1 file".to_owned(),
                files => format!("{files} files"),
            };
            writeln!(streams.err, "{files}, no problems")?;
        }
        let least = self.rules.fail_on(settings).unwrap_or(Severity::Warning);
        let fails = gravest.is_some_and(|gravest| gravest >= least);
        Ok(ExitCode::from(if fails { FINDINGS } else { SUCCESS }))
    }
}

/// Leaves out what comments and settings keep back; gives the rest, with what is wrong with
/// the comments, and how many were left out.
pub(super) fn suppress(
    lint: Collected,
    texts: &Texts<'_>,
    settings: &Settings,
) -> (Vec<Finding>, usize) {
    let sources = texts.sources();
    let mut comments = Suppressions::default();
    for file in &lint.files {
        comments.read(&texts.parse(*file).tree, sources);
    }
    let before = lint.findings.len();
    let mut findings = lint.findings;
    findings.retain(|finding| {
        let name = || sources.file(finding.primary.span.file).name();
        comments.judge(finding, sources) == rules::Verdict::Told
            && !settings.ignores(finding.rule, finding.nginx.is_some(), name)
    });
    let suppressed = before - findings.len();
    // A file that is not there is one problem, however often it is included.
    let mut missing = HashSet::default();
    findings.retain(|finding| {
        finding.rule != "include-missing" || missing.insert(finding.message.clone())
    });
    let is_on = |rule: &str, file| {
        rules::find(rule).is_some_and(|meta| settings.selection.has(meta))
            && !lint.parts.contains(&file)
            && !settings.ignores(rule, false, || sources.file(file).name())
    };
    let about_comments = comments.finish(is_on);
    findings.extend(about_comments.into_iter().filter(|finding| {
        rules::find(finding.rule).is_none_or(|meta| settings.selection.has(meta))
    }));
    (findings, suppressed)
}

/// An input that is no file of its own.
enum Alone {
    Dump(dump::Dump),
    Text(Vec<u8>),
}

/// Whether a regular file begins as the output of `nginx -T` does. Most do not, and are not
/// read twice.
fn begins_as_dump(path: &Path) -> bool {
    let mut start = Vec::with_capacity(dump::MARK.len());
    path.is_file()
        && File::open(path).is_ok_and(|file| {
            let read = file.take(dump::MARK.len() as u64).read_to_end(&mut start);
            read.is_ok() && dump::begins(&start)
        })
}

/// The main file that is looked for without arguments.
fn default_path() -> Result<PathBuf, Error> {
    [MAIN_FILE, "/etc/nginx/nginx.conf"]
        .into_iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
        .ok_or_else(|| {
            Error::Usage(
                "there is no `nginx.conf` here and no `/etc/nginx/nginx.conf`: name a file".into(),
            )
        })
}
