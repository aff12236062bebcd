//! A report of code quality for GitLab.

use super::fingerprint::Fingerprints;
use super::paths::Paths;
use crate::finding::{Finding, Severity};
use crate::source::SourceMap;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Writes one JSON array.
///
/// # Errors
/// When `out` refuses.
pub fn write(
    out: &mut dyn Write,
    findings: &[Finding],
    sources: &SourceMap,
    paths: &Paths,
) -> io::Result<()> {
    let mut fingerprints = Fingerprints::default();
    let issues: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let span = finding.primary.span;
            let (start, end) = (sources.start(span), sources.end(span));
            let path = paths.relative(sources.file(span.file).name());
            json!({
                // GitLab does not show the name of the check.
                "description": format!("{}: {}", finding.rule, finding.message),
                "check_name": finding.rule,
                "fingerprint": fingerprints.of(finding, sources, &path),
                "severity": match finding.severity {
                    Severity::Error => "critical",
                    Severity::Warning => "major",
                    Severity::Info => "minor",
                },
                "location": {
                    "path": path,
                    "positions": {
                        "begin": {"line": start.line, "column": start.column},
                        "end": {"line": end.line, "column": end.column},
                    },
                },
            })
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    writeln!(out)
}
