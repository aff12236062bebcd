//! The report of all stages, in every format that findings have.

use super::{Judgement, Report, Text};
use crate::check::{About, Nginx, Outcome, Trial};
use crate::cli::Verbosity;
use crate::cli::findings::{Format, Found};
use crate::cli::probe::output as nodes;
use crate::finding::{Finding, NginxLevel, Severity};
use crate::report::full::Style;
use crate::report::json;
use crate::report::paths::Paths;
use crate::report::{Summary, junit};
use crate::source::SourceMap;
use crate::text::shown;
use schemars::JsonSchema;
use serde::Serialize;
use std::io::{self, Write};
use std::path::Path;

/// Writes the report in a format.
pub(super) fn write(
    format: Format,
    out: &mut dyn Write,
    report: &Report,
    style: Style,
) -> io::Result<()> {
    let mut findings = report.findings();
    if format == Format::Github
        && let Some(nodes) = report.probes()
    {
        // Here is no room for the commands but in the help.
        let own = findings.len() - nodes::findings(&nodes).len();
        findings.truncate(own);
        findings.extend(nodes::with_commands(&nodes));
    }
    let found = Found {
        command: "check",
        findings: &findings,
        sources: &report.sources,
        suppressed: report.text.as_ref().map_or(0, |text| text.suppressed),
    };
    match format {
        Format::Full => {
            found.write(format, out, style)?;
            match report.probes() {
                Some(nodes) => nodes::commands(out, &nodes),
                None => Ok(()),
            }
        }
        Format::Json => {
            serde_json::to_writer(&mut *out, &Whole::new(report, &findings))?;
            writeln!(out)
        }
        Format::Junit => junit_document(out, report),
        _ => found.write(format, out, style),
    }
}

// ── The stages ──────────────────────────────────────────────────────────────────────────

/// How a stage came off.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    Warning,
    Failed,
    Left,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Left => "left out",
        }
    }

    fn of(failed: bool, findings: &[Finding]) -> Self {
        match (failed, findings) {
            (true, _) => Self::Failed,
            (false, findings) if findings.iter().any(|f| f.severity > Severity::Info) => {
                Self::Warning
            }
            (false, _) => Self::Good,
        }
    }
}

/// A line for each stage, and what they come to.
pub(super) fn stages(out: &mut dyn Write, report: &Report, verbosity: Verbosity) -> io::Result<()> {
    if let Some(nodes) = report.probes().filter(|_| verbosity == Verbosity::Verbose) {
        nodes::nodes(out, &nodes)?;
        writeln!(out)?;
    }
    let rows = rows(report);
    let shown = rows.into_iter().filter(|(state, ..)| {
        verbosity > Verbosity::Quiet || matches!(state, State::Warning | State::Failed)
    });
    let shown: Vec<[String; 3]> = shown
        .map(|(state, stage, text)| [state.word().to_owned(), stage.to_owned(), text])
        .collect();
    nodes::columns(out, &shown)?;
    if verbosity > Verbosity::Quiet {
        let name = shown_name(report);
        writeln!(
            out,
            "\n{name} {}",
            match (report.has_failed(), report.is_partial()) {
                (true, _) => "cannot be deployed",
                (false, true) => "can be deployed, as far as it was checked",
                (false, false) => "can be deployed",
            }
        )?;
    }
    Ok(())
}

fn shown_name(report: &Report) -> std::borrow::Cow<'_, str> {
    shown(&report.name)
}

fn rows(report: &Report) -> Vec<(State, &'static str, String)> {
    let topology = &report.topology;
    let mut rows = vec![(
        State::of(report.topology_fails(), topology),
        "topology",
        format!("{}: {}", shown_name(report), Summary::of(topology)),
    )];
    let Some(text) = &report.text else {
        let later = ["lint", "nginx -t", "probe"];
        let left = |stage| (State::Left, stage, "the topology has errors".to_owned());
        rows.extend(later.map(left));
        return rows;
    };
    let made: Vec<_> = generated(&report.sources).collect();
    let lines: usize = made
        .iter()
        .map(|file| file.text().iter().filter(|b| **b == b'\n').count())
        .sum();
    let files = match made.len() {
        1 => "nginx.conf".to_owned(),
        count => format!("{count} files"),
    };
    rows.push((
        State::of(report.lint_fails(text), &text.findings),
        "lint",
        format!(
            "{files} for nginx {}, {lines} lines: {}",
            text.target,
            Summary::of(&text.findings)
        ),
    ));
    rows.push(match &text.nginx {
        Judgement::NotAsked(why) => (State::Left, "nginx -t", why.clone()),
        Judgement::Given(nginx, trial) => {
            let line = nginx_line(nginx, trial, text);
            let noted = State::of(report.nginx_fails(text), &text.said);
            let quiet = trial.said.is_empty() && trial.outcome == Outcome::Accepted;
            let state = if quiet || noted == State::Failed {
                noted
            } else {
                State::Warning
            };
            (state, "nginx -t", line)
        }
    });
    rows.push(match report.probes() {
        None => (State::Left, "probe", "--no-probe".to_owned()),
        Some(nodes) => (
            State::of(report.nodes_fail(), &nodes::findings(&nodes)),
            "probe",
            nodes::totals(&nodes),
        ),
    });
    rows
}

fn nginx_line(nginx: &Nginx, trial: &Trial, text: &Text) -> String {
    let verdict = match trial.outcome {
        Outcome::Accepted => "accepts it",
        Outcome::Refused => "refuses it",
        Outcome::Unsure => "did not judge all of it",
    };
    let count = |about| trial.said.iter().filter(|said| said.about == about).count();
    let mut line = format!("{} ({}) {verdict}", nginx.shown(), nginx.program.display());
    match count(About::Machine) {
        0 => {}
        1 => line += "; 1 remark on this machine",
        count => line += &format!("; {count} remarks on this machine"),
    }
    if count(About::Release) > 0 {
        line += &format!("; it is not nginx {}", text.target);
    }
    line
}

/// The files that the topology becomes.
fn generated(sources: &SourceMap) -> impl Iterator<Item = &crate::source::SourceFile> {
    (1..sources.len() as u32).map(|file| sources.file(crate::source::FileId(file)))
}

// ── JUnit ───────────────────────────────────────────────────────────────────────────────

/// A suite for each stage; what does not fail is a case with output.
fn junit_document(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let paths = Paths::new(Path::new("."));
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"djanginx check\">")?;
    let mut suite = |name: &str, findings: &[Finding], fails: &dyn Fn(&Finding) -> bool| {
        let cases: Vec<_> = findings.iter().map(|f| (f, fails(f))).collect();
        junit::suite(out, name, name, &cases, &report.sources, &paths)
    };
    suite("topology", &report.topology, &|finding| {
        report.fails_topology(finding)
    })?;
    if let Some(text) = &report.text {
        suite("lint", &text.findings, &|finding| {
            report.fails_text(finding)
        })?;
        if let Judgement::Given(..) = text.nginx {
            suite("nginx -t", &text.said, &|finding| {
                report.fails_text(finding)
            })?;
        }
    }
    if let Some(nodes) = report.probes() {
        nodes::suites(out, &nodes)?;
    }
    writeln!(out, "</testsuites>")
}

// ── JSON ────────────────────────────────────────────────────────────────────────────────

/// What `djanginx check --format json` prints.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Whole<'a> {
    #[serde(flatten)]
    lint: json::Report<'a>,
    nginx_t: NginxT<'a>,
    /// As `djanginx probe` has them; null where the nodes were not asked.
    #[schemars(with = "Option<Vec<nodes::Line<'a>>>")]
    probes: Option<nodes::Lines<'a>>,
}

/// What an nginx of this machine says.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct NginxT<'a> {
    /// `accepted`, `refused` or `unsure` (it stopped at something that is no fault of the
    /// text); null where none was asked.
    outcome: Option<Outcome>,
    /// Why none was asked.
    reason: Option<&'a str>,
    /// The program.
    program: Option<String>,
    /// What it calls itself, such as `nginx/1.28.3`.
    name: Option<&'a str>,
    /// What it said, in its order.
    messages: Vec<Message<'a>>,
}

/// One message of nginx's.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Message<'a> {
    level: NginxLevel,
    /// Its words.
    message: &'a str,
    /// What it is about: the `text`, this `machine`, or that this is another `release`. Only
    /// the first fails.
    about: About,
}

impl<'a> Whole<'a> {
    fn new(report: &'a Report, findings: &'a [Finding]) -> Self {
        let text = report.text.as_ref();
        let suppressed = text.map_or(0, |text| text.suppressed);
        Self {
            lint: json::Report::new(findings, &report.sources, suppressed),
            nginx_t: match text.map(|text| &text.nginx) {
                None => NginxT::not_asked("the topology has errors"),
                Some(Judgement::NotAsked(why)) => NginxT::not_asked(why),
                Some(Judgement::Given(nginx, trial)) => NginxT {
                    outcome: Some(trial.outcome),
                    reason: None,
                    program: Some(nginx.program.display().to_string()),
                    name: Some(&nginx.name),
                    messages: trial
                        .said
                        .iter()
                        .map(|said| Message {
                            level: said.level,
                            message: &said.message,
                            about: said.about,
                        })
                        .collect(),
                },
            },
            probes: report.probes().map(nodes::Lines),
        }
    }
}

impl<'a> NginxT<'a> {
    fn not_asked(reason: &'a str) -> Self {
        Self {
            outcome: None,
            reason: Some(reason),
            program: None,
            name: None,
            messages: Vec::new(),
        }
    }
}

/// The JSON Schema of `--format json`.
pub(in crate::cli) fn schema() -> String {
    json::schema_text::<Whole<'_>>("What djanginx check --format json prints")
}
