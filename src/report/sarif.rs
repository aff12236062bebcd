//! SARIF 2.1.0, as GitHub's code scanning reads it.

use super::fingerprint::Fingerprints;
use super::paths::Paths;
use crate::finding::{Finding, Label, Severity};
use crate::rules::{self, Group, Meta};
use crate::source::{SourceMap, Span};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The most findings that GitHub takes of a run.
const RESULTS: usize = 25_000;
/// The most other places of a finding.
const RELATED: usize = 100;

/// Writes one log with one run of a command, such as `lint`.
///
/// # Errors
/// When `out` refuses.
pub fn write(
    out: &mut dyn Write,
    command: &str,
    findings: &[Finding],
    sources: &SourceMap,
    paths: &Paths,
) -> io::Result<()> {
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in findings {
        used.entry(finding.rule).or_default();
    }
    let mut rules = Vec::new();
    for (index, (id, place)) in used.iter_mut().enumerate() {
        *place = index;
        rules.push(rule(id));
    }
    let writer = Writer { sources, paths };
    let mut fingerprints = Fingerprints::default();
    let mut results: Vec<&Finding> = findings.iter().collect();
    results.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let results: Vec<Value> = results
        .into_iter()
        .take(RESULTS)
        .map(|finding| {
            let index = used.get(finding.rule).copied().unwrap_or_default();
            writer.result(finding, index, &mut fingerprints)
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "djanginx",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": "https://github.com/djanginx/djanginx",
                "rules": rules,
            }},
            "automationDetails": {"id": format!("djanginx/{command}/")},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_writer(&mut *out, &log)?;
    writeln!(out)
}

fn rule(id: &str) -> Value {
    let mut rule = json!({"id": id, "shortDescription": {"text": id}});
    let Some(meta) = rules::find(id) else {
        return rule;
    };
    let mut summary = meta.summary();
    summary.truncate(summary.floor_char_boundary(1024));
    rule["shortDescription"]["text"] = json!(summary);
    rule["fullDescription"] = json!({"text": summary});
    rule["help"] = json!({"text": meta.manual(), "markdown": meta.manual()});
    rule["helpUri"] = json!(meta.url());
    rule["defaultConfiguration"] = json!({"level": level(meta.severity)});
    let mut properties = Map::new();
    properties.insert("tags".to_owned(), json!([meta.group.name()]));
    properties.insert("precision".to_owned(), json!("high"));
    properties.insert("problem.severity".to_owned(), json!(problem(meta.severity)));
    if let Some(score) = security_severity(meta) {
        properties.insert("security-severity".to_owned(), json!(score));
    }
    rule["properties"] = Value::Object(properties);
    rule
}

/// From 0.1 to 10; it makes GitHub show a finding as a matter of security.
fn security_severity(meta: &Meta) -> Option<&'static str> {
    let matters = matches!(meta.group, Group::Security | Group::Tls | Group::Static);
    matters.then_some(match meta.severity {
        Severity::Error => "8.0",
        Severity::Warning => "5.5",
        Severity::Info => "2.0",
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn problem(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "recommendation",
    }
}

struct Writer<'a> {
    sources: &'a SourceMap,
    paths: &'a Paths,
}

impl Writer<'_> {
    fn result(&self, finding: &Finding, rule: usize, fingerprints: &mut Fingerprints) -> Value {
        let span = finding.primary.span;
        let path = self.paths.relative(self.sources.file(span.file).name());
        let mut text = finding.message.clone().into_owned();
        if let Some(help) = &finding.help {
            text.push_str(". ");
            text.push_str(help);
        }
        let mut result = json!({
            "ruleId": finding.rule,
            "ruleIndex": rule,
            "level": level(finding.severity),
            "message": {"text": text},
            "locations": [{"physicalLocation": self.place(span)}],
            "partialFingerprints": {
                "primaryLocationLineHash": fingerprints.of(finding, self.sources, &path),
            },
        });
        if !finding.related.is_empty() {
            let related = finding.related.iter().take(RELATED).enumerate();
            result["relatedLocations"] = related
                .map(|(index, label)| self.related(index + 1, label))
                .collect();
        }
        if let Some(fix) = finding.fix.as_ref().filter(|fix| fix.is_text()) {
            let mut changes: BTreeMap<String, Vec<Value>> = BTreeMap::new();
            for edit in &fix.edits {
                let name = self.sources.file(edit.span.file).name();
                let change = json!({
                    "deletedRegion": self.region(edit.span),
                    "insertedContent": {"text": String::from_utf8_lossy(&edit.text)},
                });
                changes
                    .entry(self.paths.relative(name))
                    .or_default()
                    .push(change);
            }
            let changes: Vec<Value> = changes
                .into_iter()
                .map(|(path, replacements)| {
                    json!({"artifactLocation": {"uri": uri(&path)}, "replacements": replacements})
                })
                .collect();
            result["fixes"] = json!([{
                "description": {"text": fix.title},
                "artifactChanges": changes,
            }]);
        }
        result
    }

    fn related(&self, id: usize, label: &Label) -> Value {
        json!({
            "id": id,
            "physicalLocation": self.place(label.span),
            "message": {"text": label.text},
        })
    }

    fn place(&self, span: Span) -> Value {
        let path = self.paths.relative(self.sources.file(span.file).name());
        json!({"artifactLocation": {"uri": uri(&path)}, "region": self.region(span)})
    }

    /// Columns count characters, as `columnKind` says.
    fn region(&self, span: Span) -> Value {
        let (start, end) = (self.sources.start(span), self.sources.end(span));
        json!({
            "startLine": start.line,
            "startColumn": self.column(span, span.start),
            "endLine": end.line,
            "endColumn": self.column(span, span.end),
        })
    }

    fn column(&self, span: Span, offset: u32) -> usize {
        let text = self.sources.file(span.file).text();
        let at = (offset as usize).min(text.len());
        let begin = memchr::memrchr(b'\n', &text[..at]).map_or(0, |end| end + 1);
        String::from_utf8_lossy(&text[begin..at]).chars().count() + 1
    }
}

/// A path as the relative reference that SARIF wants.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
