//! Workflow commands of GitHub Actions, and the summary of a step.
//!
//! GitHub shows ten errors and ten warnings of a step; the most severe come first, and a
//! notice says how many are left out. Columns are given only within one line.

use super::Summary;
use super::paths::Paths;
use crate::finding::{Finding, Severity};
use crate::source::SourceMap;
use crate::text::visible;
use std::io::{self, Write};

/// How many annotations of a kind GitHub shows for a step.
const SHOWN: usize = 10;

/// Nobody reads more rows of a summary.
const ROWS: usize = 200;
/// Bytes for the rows: GitHub takes a megabyte for all commands of a step.
const SUMMARY: usize = 512 << 10;

/// Writes annotations.
///
/// # Errors
/// When `out` refuses.
pub fn write(
    out: &mut dyn Write,
    findings: &[Finding],
    sources: &SourceMap,
    paths: &Paths,
) -> io::Result<()> {
    let mut left_out = 0;
    for severity in [Severity::Error, Severity::Warning, Severity::Info] {
        let kind = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let mut count = 0;
        for finding in findings
            .iter()
            .filter(|finding| finding.severity == severity)
        {
            count += 1;
            if count > SHOWN - usize::from(severity == Severity::Info) {
                left_out += 1;
                continue;
            }
            let span = finding.primary.span;
            let (start, end) = (sources.start(span), sources.end(span));
            let file = paths.relative(sources.file(span.file).name());
            write!(
                out,
                "::{kind} title={},file={},line={}",
                property(finding.rule),
                property(&file),
                start.line
            )?;
            if start.line == end.line {
                write!(out, ",col={},endColumn={}", start.column, end.column)?;
            } else {
                write!(out, ",endLine={}", end.line)?;
            }
            let mut text = finding.message.clone().into_owned();
            if let Some(help) = &finding.help {
                text.push('\n');
                text.push_str(help);
            }
            writeln!(out, "::{}", data(&text))?;
        }
    }
    if left_out > 0 {
        writeln!(
            out,
            "::notice title=djanginx::{left_out} more in the log and the summary"
        )?;
    }
    Ok(())
}

/// Writes the table that `$GITHUB_STEP_SUMMARY` takes.
///
/// # Errors
/// When `out` refuses.
pub fn summary(
    out: &mut dyn Write,
    findings: &[Finding],
    sources: &SourceMap,
    paths: &Paths,
) -> io::Result<()> {
    writeln!(out, "### djanginx: {}\n", Summary::of(findings))?;
    if findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "| | Place | Rule | |\n|---|---|---|---|")?;
    let mut left = SUMMARY;
    let mut rows = 0;
    for finding in findings.iter().take(ROWS) {
        let span = finding.primary.span;
        let file = paths.relative(sources.file(span.file).name());
        let severity = finding.severity;
        let row = format!(
            "| {severity} | {}:{} | {} | {} |",
            cell(&file),
            sources.start(span).line,
            finding.rule,
            cell(&finding.message)
        );
        if row.len() >= left {
            break;
        }
        left -= row.len() + 1;
        rows += 1;
        writeln!(out, "{row}")?;
    }
    if findings.len() > rows {
        writeln!(out, "\n{} more are in the log.", findings.len() - rows)?;
    }
    Ok(())
}

fn cell(text: &str) -> String {
    let text = visible(text);
    text.replace('|', "\\|").replace('<', "&lt;")
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
