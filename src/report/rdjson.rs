//! Reviewdog's JSON.

use super::paths::Paths;
use crate::finding::{Finding, Severity};
use crate::rules;
use crate::source::{SourceMap, Span};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Writes one object.
///
/// # Errors
/// When `out` refuses.
pub fn write(
    out: &mut dyn Write,
    findings: &[Finding],
    sources: &SourceMap,
    paths: &Paths,
) -> io::Result<()> {
    let range = |span: Span| {
        let (start, end) = (sources.start(span), sources.end(span));
        json!({
            "start": {"line": start.line, "column": start.column},
            "end": {"line": end.line, "column": end.column},
        })
    };
    let diagnostics: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let span = finding.primary.span;
            let mut diagnostic = json!({
                "message": finding.message,
                "location": {
                    "path": paths.relative(sources.file(span.file).name()),
                    "range": range(span),
                },
                "severity": match finding.severity {
                    Severity::Error => "ERROR",
                    Severity::Warning => "WARNING",
                    Severity::Info => "INFO",
                },
                "code": {"value": finding.rule},
            });
            if let Some(meta) = rules::find(finding.rule) {
                diagnostic["code"]["url"] = json!(meta.url());
            }
            // A suggestion belongs to the file of its diagnostic.
            if let Some(fix) = &finding.fix
                && fix.is_text()
                && fix.edits.iter().all(|edit| edit.span.file == span.file)
            {
                let edits = fix.edits.iter().map(|edit| {
                    json!({
                        "range": range(edit.span),
                        "text": String::from_utf8_lossy(&edit.text),
                    })
                });
                diagnostic["suggestions"] = edits.collect();
            }
            diagnostic
        })
        .collect();
    let report = json!({
        "source": {"name": "djanginx", "url": "https://github.com/djanginx/djanginx"},
        "diagnostics": diagnostics,
    });
    serde_json::to_writer(&mut *out, &report)?;
    writeln!(out)
}
