//! The formats of a run's result.

use super::{Format, Report};
use crate::finding::Finding;
use crate::probe::diagnose::Diagnosed;
use crate::probe::{Ask, Outcome, Skipped, Targets, Timings};
use crate::report::checkstyle::escaped;
use crate::report::full::Style;
use crate::report::paths::Paths;
use crate::report::{Summary, full, github, json};
use crate::source::{Position, SourceMap, Span};
use crate::text::shown;
use serde::Serialize;
use std::io::{self, Write};
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
            serde_json::to_writer(&mut *out, &Whole::new(report))?;
            writeln!(out)
        }
        Format::Jsonl => {
            for line in lines(report) {
                serde_json::to_writer(&mut *out, &line)?;
                writeln!(out)?;
            }
            Ok(())
        }
        Format::Junit => junit(out, report),
        Format::Prometheus => prometheus(out, report),
        Format::Github => {
            let paths = Paths::new(Path::new("."));
            github::write(out, &with_commands(report), report.sources, &paths)
        }
    }
}

fn findings(report: &Report<'_>) -> Vec<Finding> {
    let all = report.probes.iter().flat_map(|probe| &probe.findings);
    all.cloned().collect()
}

/// Findings that also say how to ask by hand.
fn with_commands(report: &Report<'_>) -> Vec<Finding> {
    let all = report.probes.iter().flat_map(|diagnosed| {
        let command = diagnosed.command.as_deref();
        diagnosed.findings.iter().cloned().map(move |mut finding| {
            finding.help = match (finding.help, command) {
                (Some(help), Some(command)) => Some(format!("{help}\n{command}")),
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
    let mut text = ask.protocol().to_owned();
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
                shown(&target.pool).into_owned(),
                shown(&target.address.to_string()).into_owned(),
                question(&target.ask),
                place(target.place, sources),
            ]
        })
        .collect();
    columns(out, &rows)?;
    skipped(out, &targets.skipped, sources)
}

fn skipped(out: &mut dyn Write, skipped: &[Skipped], sources: &SourceMap) -> io::Result<()> {
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
fn columns<const N: usize>(out: &mut dyn Write, rows: &[[String; N]]) -> io::Result<()> {
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
                shown(&probe.target.pool).into_owned(),
                shown(&probe.address()).into_owned(),
                question(&probe.target.ask),
                status,
                diagnosed.cause.map_or(took, str::to_owned),
            ]
        })
        .collect();
    columns(out, &rows)?;
    skipped(out, &report.targets.skipped, report.sources)?;
    writeln!(out)?;
    let findings = findings(report);
    if !findings.is_empty() {
        full::write(out, &findings, report.sources, style)?;
        commands(out, report)?;
    }
    let count = |outcome| report.count(outcome);
    writeln!(
        out,
        "{} asked: {} passed, {} with warnings, {} failed; {} skipped",
        report.probes.len(),
        count(Outcome::Passed),
        count(Outcome::Warned),
        count(Outcome::Failed),
        report.targets.skipped.len()
    )
}

/// How to ask by hand those that failed. A command stands on a line of its own, so that it
/// can be copied.
fn commands(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
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

/// The object of `--format json`.
#[derive(Serialize)]
struct Whole<'a> {
    version: u32,
    probes: Vec<Line<'a>>,
    diagnostics: serde_json::Value,
    summary: Totals,
}

#[derive(Serialize)]
struct Totals {
    passed: usize,
    warned: usize,
    failed: usize,
    skipped: usize,
    #[serde(flatten)]
    findings: Summary,
}

/// One node.
#[derive(Serialize)]
struct Line<'a> {
    target: String,
    pool: &'a str,
    address: String,
    file: &'a str,
    start: Position,
    outcome: &'a str,
    cause: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    phase: Option<&'a str>,
    status: Option<u16>,
    attempts: u32,
    timings_ms: Option<Times>,
    message: Option<&'a str>,
    command: Option<&'a str>,
}

#[derive(Serialize)]
struct Times {
    resolve: Option<f64>,
    connect: Option<f64>,
    tls: Option<f64>,
    first_byte: Option<f64>,
    transfer: Option<f64>,
    total: f64,
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

fn lines<'a>(report: &'a Report<'_>) -> Vec<Line<'a>> {
    let sources = report.sources;
    let asked = report.probes.iter().map(|diagnosed| {
        let probe = &diagnosed.probe;
        let place = probe.target.place;
        Line {
            target: question(&probe.target.ask),
            pool: &probe.target.pool,
            address: probe.address(),
            file: sources.file(place.file).name(),
            start: sources.start(place),
            outcome: match diagnosed.outcome {
                Outcome::Passed => "passed",
                Outcome::Warned => "warned",
                Outcome::Failed => "failed",
            },
            cause: diagnosed.cause,
            reason: None,
            phase: Some(probe.phase().name()),
            status: probe.answer.as_ref().ok().and_then(|reply| reply.status),
            attempts: probe.attempts,
            timings_ms: Some(Times::new(&probe.timings)),
            message: diagnosed.findings.first().map(|f| f.message.as_str()),
            command: diagnosed.command.as_deref(),
        }
    });
    let skipped = report.targets.skipped.iter().map(|node| Line {
        target: String::new(),
        pool: &node.pool,
        address: node.address.clone(),
        file: sources.file(node.place.file).name(),
        start: sources.start(node.place),
        outcome: "skipped",
        cause: None,
        reason: Some(&node.reason),
        phase: None,
        status: None,
        attempts: 0,
        timings_ms: None,
        message: None,
        command: None,
    });
    asked.chain(skipped).collect()
}

impl<'a> Whole<'a> {
    fn new(report: &'a Report<'_>) -> Self {
        let findings = findings(report);
        // The diagnostics are those of every other command.
        let of_report = json::Report::new(&findings, report.sources, 0);
        let mut value = serde_json::to_value(&of_report).unwrap_or_default();
        Self {
            version: 1,
            probes: lines(report),
            diagnostics: value["diagnostics"].take(),
            summary: Totals {
                passed: report.count(Outcome::Passed),
                warned: report.count(Outcome::Warned),
                failed: report.count(Outcome::Failed),
                skipped: report.targets.skipped.len(),
                findings: Summary::of(&findings),
            },
        }
    }
}

// ── JUnit ───────────────────────────────────────────────────────────────────────────────

/// A suite for each pool, a case for each question to a node.
fn junit(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let mut pools: Vec<&str> = Vec::new();
    let asked = report.probes.iter().map(|probe| &probe.probe.target.pool);
    for pool in asked.chain(report.targets.skipped.iter().map(|node| &node.pool)) {
        if !pools.contains(&pool.as_str()) {
            pools.push(pool);
        }
    }
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"djanginx probe\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">",
        report.probes.len() + report.targets.skipped.len(),
        report.count(Outcome::Failed),
        report.targets.skipped.len()
    )?;
    for pool in pools {
        let of_pool: Vec<&Diagnosed> = report
            .probes
            .iter()
            .filter(|probe| probe.probe.target.pool == pool)
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
    writeln!(out, "</testsuites>")
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
        value(&probe.target.pool),
        value(&probe.address()),
        value(&question(&probe.target.ask))
    )
}
