//! The formats of a run's result.

use super::{Format, Report};
use crate::finding::Finding;
use crate::probe::diagnose::Diagnosed;
use crate::probe::target::Protocol;
use crate::probe::{Ask, Outcome, Phase, Skipped, Targets, Timings};
use crate::report::checkstyle::escaped;
use crate::report::full::Style;
use crate::report::json::{self, Diagnostic};
use crate::report::paths::Paths;
use crate::report::{Summary, full, github};
use crate::source::{Position, SourceMap, Span};
use crate::text::shown;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use std::collections::HashSet;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

/// Writes the result in a format.
pub(super) fn write(
    format: Format,
    out: &mut dyn Write,
    report: &Report<'_>,
    style: Style,
) -> io::Result<()> {
    match format {
        Format::Table => table(out, report, style),
        Format::Json => {
            let findings = findings(report);
            // JSON comes in many small pieces.
            let mut out = BufWriter::new(out);
            serde_json::to_writer(&mut out, &Whole::new(*report, &findings))?;
            writeln!(out)?;
            out.flush()
        }
        Format::Jsonl => {
            let mut out = BufWriter::new(out);
            for line in Lines(*report).each() {
                serde_json::to_writer(&mut out, &line)?;
                writeln!(out)?;
            }
            out.flush()
        }
        Format::Junit => junit(out, report),
        Format::Prometheus => prometheus(out, report),
        Format::Github => {
            let paths = Paths::new(Path::new("."));
            github::write(out, &with_commands(report), report.sources, &paths)
        }
    }
}

pub(in crate::cli) fn findings(report: &Report<'_>) -> Vec<Finding> {
    // A node that is down is so for each question.
    let mut said = HashSet::new();
    let all = report.probes.iter().flat_map(|probe| &probe.findings);
    let new = all.filter(|finding| said.insert((finding.rule, &*finding.message)));
    new.cloned().collect()
}

/// Findings that also say how to ask by hand.
pub(in crate::cli) fn with_commands(report: &Report<'_>) -> Vec<Finding> {
    let all = report.probes.iter().flat_map(|diagnosed| {
        let command = diagnosed.command.as_deref();
        diagnosed.findings.iter().cloned().map(move |mut finding| {
            finding.help = match (finding.help, command) {
                (Some(help), Some(command)) => Some(format!("{help}\n{command}").into()),
                (help, _) => help,
            };
            finding
        })
    });
    all.collect()
}

fn place(span: Span, sources: &SourceMap) -> String {
    let start = sources.start(span);
    format!("{}:{}", sources.file(span.file).name(), start.line)
}

/// The question in a few words.
fn question(ask: &Ask) -> String {
    let scheme = match ask {
        Ask::Http(_) | Ask::Uwsgi(_) => ask.host().unwrap_or_default(),
        _ => "",
    };
    let mut text = ask.protocol().name().to_owned();
    if let Some(path) = ask.path() {
        text += &format!(" {}", shown(path));
    }
    if !scheme.is_empty() {
        text += &format!(" as {}", shown(scheme));
    }
    text
}

/// Lists what would be asked.
pub(super) fn list(out: &mut dyn Write, targets: &Targets, sources: &SourceMap) -> io::Result<()> {
    let rows: Vec<[String; 4]> = targets
        .targets
        .iter()
        .map(|target| {
            [
                shown(&target.pool.name).into_owned(),
                shown(&target.address.to_string()).into_owned(),
                question(&target.ask),
                place(target.place, sources),
            ]
        })
        .collect();
    columns(out, &rows)?;
    skipped(out, &targets.skipped, sources)
}

pub(in crate::cli) fn skipped(
    out: &mut dyn Write,
    skipped: &[Skipped],
    sources: &SourceMap,
) -> io::Result<()> {
    for node in skipped {
        writeln!(
            out,
            "skipped  {}  {}  {}: {}",
            shown(&node.pool),
            shown(&node.address),
            place(node.place, sources),
            node.reason
        )?;
    }
    Ok(())
}

/// Rows with columns below each other.
pub(in crate::cli) fn columns<const N: usize>(
    out: &mut dyn Write,
    rows: &[[String; N]],
) -> io::Result<()> {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in rows {
        let cells = row.iter().zip(widths);
        let line: String = cells
            .map(|(cell, width)| format!("{cell:<width$}  "))
            .collect();
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

fn table(out: &mut dyn Write, report: &Report<'_>, style: Style) -> io::Result<()> {
    nodes(out, report)?;
    writeln!(out)?;
    let findings = findings(report);
    if !findings.is_empty() {
        full::write(out, &findings, report.sources, style)?;
        commands(out, report)?;
    }
    writeln!(out, "{}", totals(report))
}

/// All of it in a line.
pub(in crate::cli) fn totals(report: &Report<'_>) -> String {
    format!(
        "{} asked: {} passed, {} with warnings, {} failed; {} skipped",
        report.probes.len(),
        report.count(Outcome::Passed),
        report.count(Outcome::Warned),
        report.count(Outcome::Failed),
        report.targets.skipped.len()
    )
}

/// A line for each question.
pub(in crate::cli) fn nodes(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let rows: Vec<[String; 6]> = report
        .probes
        .iter()
        .map(|diagnosed| {
            let probe = &diagnosed.probe;
            let status = match &probe.answer {
                Ok(reply) => reply
                    .status
                    .map_or_else(|| "up".to_owned(), |s| s.to_string()),
                Err(_) => "-".to_owned(),
            };
            let took = match probe.timings.total {
                Duration::ZERO => "-".to_owned(),
                total => milliseconds(total),
            };
            [
                word(diagnosed.outcome).to_owned(),
                shown(&probe.target.pool.name).into_owned(),
                shown(&probe.address()).into_owned(),
                question(&probe.target.ask),
                status,
                diagnosed.cause.map_or(took, str::to_owned),
            ]
        })
        .collect();
    columns(out, &rows)?;
    skipped(out, &report.targets.skipped, report.sources)
}

/// How to ask by hand those that failed. A command stands on a line of its own, so that it
/// can be copied.
pub(in crate::cli) fn commands(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let failed = |diagnosed: &&Diagnosed| diagnosed.outcome == Outcome::Failed;
    let commands = report.probes.iter().filter(failed);
    let mut commands = commands.filter_map(|diagnosed| diagnosed.command.as_deref());
    let Some(first) = commands.next() else {
        return Ok(());
    };
    writeln!(out, "\nAsk them yourself:")?;
    for command in std::iter::once(first).chain(commands) {
        writeln!(out, "  {command}")?;
    }
    writeln!(out)
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "ok",
        Outcome::Warned => "warning",
        Outcome::Failed => "failed",
    }
}

// ── JSON ────────────────────────────────────────────────────────────────────────────────

/// What `djanginx probe --format json` prints.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Whole<'a> {
    /// The version of this form; it grows when something is taken away or changes its meaning.
    version: u32,
    /// A line for each question to a node, then one for each node that is not asked.
    #[schemars(with = "Vec<Line<'a>>")]
    probes: Lines<'a>,
    /// What there is to say, in the order of the probes.
    diagnostics: Vec<Diagnostic<'a>>,
    summary: Totals,
}

/// How many probes ended how, and how many findings there are.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Totals {
    passed: usize,
    warned: usize,
    failed: usize,
    skipped: usize,
    #[serde(flatten)]
    findings: Summary,
}

/// How a node came off.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Ending {
    /// It answers well.
    Passed,
    /// It answers, with something worth knowing.
    Warned,
    /// It does not.
    Failed,
    /// It was not asked.
    Skipped,
}

/// One question to one node.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::cli) struct Line<'a> {
    /// The question in a few words; empty for a node that is not asked.
    target: String,
    /// What is spoken; null for a node that is not asked.
    protocol: Option<Protocol>,
    /// The pool, stream, upstream or host.
    pool: &'a str,
    /// Where the node listens.
    address: String,
    /// The file that the node is written in.
    file: &'a str,
    /// Where in the file.
    start: Position,
    outcome: Ending,
    /// The rule of the most severe finding.
    cause: Option<&'a str>,
    /// Why it is not asked; only for skipped ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// The phase that was reached.
    phase: Option<Phase>,
    /// The status of the answer over HTTP.
    status: Option<u16>,
    /// How often it was asked.
    attempts: u32,
    /// In milliseconds.
    timings_ms: Option<Times>,
    /// What the most severe finding says.
    message: Option<&'a str>,
    /// A command that asks the same; only where there is something to find out.
    command: Option<&'a str>,
}

/// How long each phase took, in milliseconds; null for those that were not reached.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Times {
    resolve: Option<f64>,
    connect: Option<f64>,
    tls: Option<f64>,
    first_byte: Option<f64>,
    transfer: Option<f64>,
    total: f64,
}

/// The JSON Schema of `--format json`.
pub(in crate::cli) fn schema() -> String {
    json::schema_text::<Whole<'_>>("What djanginx probe --format json prints")
}

impl Times {
    fn new(timings: &Timings) -> Self {
        let exact = |time: Duration| (time.as_secs_f64() * 1_000_000.0).round() / 1000.0;
        Self {
            resolve: timings.resolve.map(exact),
            connect: timings.connect.map(exact),
            tls: timings.tls.map(exact),
            first_byte: timings.first_byte.map(exact),
            transfer: timings.transfer.map(exact),
            total: exact(timings.total),
        }
    }
}

/// The lines of a report, each made when it is written: there may be many.
pub(in crate::cli) struct Lines<'a>(pub(in crate::cli) Report<'a>);

impl<'a> Lines<'a> {
    fn each(&self) -> impl Iterator<Item = Line<'a>> {
        let Report {
            targets,
            probes,
            sources,
        } = self.0;
        let asked = probes
            .iter()
            .map(|diagnosed| Line::asked(diagnosed, sources));
        asked.chain(
            targets
                .skipped
                .iter()
                .map(|node| Line::skipped(node, sources)),
        )
    }
}

impl Serialize for Lines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.each())
    }
}

impl<'a> Line<'a> {
    fn asked(diagnosed: &'a Diagnosed, sources: &'a SourceMap) -> Self {
        let probe = &diagnosed.probe;
        let place = probe.target.place;
        Self {
            target: question(&probe.target.ask),
            protocol: Some(probe.target.ask.protocol()),
            pool: &probe.target.pool.name,
            address: probe.address(),
            file: sources.file(place.file).name(),
            start: sources.start(place),
            outcome: match diagnosed.outcome {
                Outcome::Passed => Ending::Passed,
                Outcome::Warned => Ending::Warned,
                Outcome::Failed => Ending::Failed,
            },
            cause: diagnosed.cause,
            reason: None,
            phase: Some(probe.phase()),
            status: probe.answer.as_ref().ok().and_then(|reply| reply.status),
            attempts: probe.attempts,
            timings_ms: Some(Times::new(&probe.timings)),
            message: diagnosed.findings.first().map(|f| &*f.message),
            command: diagnosed.command.as_deref(),
        }
    }

    fn skipped(node: &'a Skipped, sources: &'a SourceMap) -> Self {
        Self {
            target: String::new(),
            protocol: None,
            pool: &node.pool,
            address: node.address.clone(),
            file: sources.file(node.place.file).name(),
            start: sources.start(node.place),
            outcome: Ending::Skipped,
            cause: None,
            reason: Some(&node.reason),
            phase: None,
            status: None,
            attempts: 0,
            timings_ms: None,
            message: None,
            command: None,
        }
    }
}

impl<'a> Whole<'a> {
    fn new(report: Report<'a>, findings: &'a [Finding]) -> Self {
        let diagnostic = |finding| Diagnostic::new(finding, report.sources);
        Self {
            version: 1,
            probes: Lines(report),
            diagnostics: findings.iter().map(diagnostic).collect(),
            summary: Totals {
                passed: report.count(Outcome::Passed),
                warned: report.count(Outcome::Warned),
                failed: report.count(Outcome::Failed),
                skipped: report.targets.skipped.len(),
                findings: Summary::of(findings),
            },
        }
    }
}

// ── JUnit ───────────────────────────────────────────────────────────────────────────────

/// A suite for each pool, a case for each question to a node.
fn junit(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"djanginx probe\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">",
        report.probes.len() + report.targets.skipped.len(),
        report.count(Outcome::Failed),
        report.targets.skipped.len()
    )?;
    suites(out, report)?;
    writeln!(out, "</testsuites>")
}

/// The suites, for a document around them.
pub(in crate::cli) fn suites(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let mut pools: Vec<&str> = Vec::new();
    let asked = report
        .probes
        .iter()
        .map(|probe| &probe.probe.target.pool.name);
    for pool in asked.chain(report.targets.skipped.iter().map(|node| &node.pool)) {
        if !pools.contains(&pool.as_str()) {
            pools.push(pool);
        }
    }
    for pool in pools {
        let of_pool: Vec<&Diagnosed> = report
            .probes
            .iter()
            .filter(|probe| probe.probe.target.pool.name == pool)
            .collect();
        let skipped: Vec<_> = report
            .targets
            .skipped
            .iter()
            .filter(|node| node.pool == pool)
            .collect();
        let failed = of_pool
            .iter()
            .filter(|probe| probe.outcome == Outcome::Failed);
        let name = escaped(pool);
        writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">",
            of_pool.len() + skipped.len(),
            failed.count(),
            skipped.len()
        )?;
        for diagnosed in of_pool {
            case(out, &name, diagnosed)?;
        }
        for node in skipped {
            writeln!(
                out,
                "    <testcase name=\"{}\" classname=\"{name}\"><skipped message=\"{}\"/></testcase>",
                escaped(&node.address),
                escaped(&node.reason)
            )?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    Ok(())
}

fn case(out: &mut dyn Write, pool: &str, diagnosed: &Diagnosed) -> io::Result<()> {
    let probe = &diagnosed.probe;
    write!(
        out,
        "    <testcase name=\"{} {}\" classname=\"{pool}\" time=\"{:.3}\"",
        escaped(&probe.address()),
        escaped(&question(&probe.target.ask)),
        probe.timings.total.as_secs_f64()
    )?;
    match (diagnosed.outcome, diagnosed.findings.first()) {
        (Outcome::Failed, Some(finding)) => writeln!(
            out,
            ">\n      <failure message=\"{}\" type=\"{}\">{}</failure>\n    </testcase>",
            escaped(&finding.message),
            finding.rule,
            escaped(&help(finding, diagnosed))
        ),
        (Outcome::Warned, Some(finding)) => writeln!(
            out,
            ">\n      <system-out>{}: {}</system-out>\n    </testcase>",
            finding.rule,
            escaped(&finding.message)
        ),
        _ => writeln!(out, "/>"),
    }
}

/// What to do, and how to ask by hand.
fn help(finding: &Finding, diagnosed: &Diagnosed) -> String {
    let help = finding.help.as_deref();
    let parts = help.into_iter().chain(diagnosed.command.as_deref());
    parts.collect::<Vec<_>>().join("\n")
}

// ── Prometheus ──────────────────────────────────────────────────────────────────────────

fn prometheus(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    writeln!(
        out,
        "# HELP djanginx_probe_success Whether a node answered as nginx needs it.\n# TYPE djanginx_probe_success gauge"
    )?;
    for diagnosed in report.probes {
        let success = u8::from(diagnosed.outcome != Outcome::Failed);
        writeln!(
            out,
            "djanginx_probe_success{{{}}} {success}",
            labels(diagnosed)
        )?;
    }
    writeln!(
        out,
        "# HELP djanginx_probe_cause Why a node did not answer well.\n# TYPE djanginx_probe_cause gauge"
    )?;
    for diagnosed in report.probes {
        if let Some(cause) = diagnosed.cause {
            writeln!(
                out,
                "djanginx_probe_cause{{{},cause=\"{cause}\"}} 1",
                labels(diagnosed)
            )?;
        }
    }
    writeln!(
        out,
        "# HELP djanginx_probe_duration_seconds How long each phase took.\n# TYPE djanginx_probe_duration_seconds gauge"
    )?;
    for diagnosed in report.probes {
        let times = &diagnosed.probe.timings;
        for (phase, time) in [
            ("resolve", times.resolve),
            ("connect", times.connect),
            ("tls", times.tls),
            ("first-byte", times.first_byte),
            ("transfer", times.transfer),
        ] {
            if let Some(time) = time {
                writeln!(
                    out,
                    "djanginx_probe_duration_seconds{{{},phase=\"{phase}\"}} {:.6}",
                    labels(diagnosed),
                    time.as_secs_f64()
                )?;
            }
        }
    }
    writeln!(
        out,
        "# HELP djanginx_probe_skipped Nodes that are not asked.\n# TYPE djanginx_probe_skipped gauge\ndjanginx_probe_skipped {}",
        report.targets.skipped.len()
    )
}

fn labels(diagnosed: &Diagnosed) -> String {
    let value = |text: &str| {
        text.replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
    };
    let probe = &diagnosed.probe;
    format!(
        "pool=\"{}\",address=\"{}\",target=\"{}\"",
        value(&probe.target.pool.name),
        value(&probe.address()),
        value(&question(&probe.target.ask))
    )
}
