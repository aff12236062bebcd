//! One JSON object for machines; the contract of every command's `--format json`.
//!
//! ```json
//! {"version": 1,
//!  "diagnostics": [{"rule": "…", "severity": "error", "message": "…", "help": "…", "url": null,
//!                   "file": "…", "start": {"line": 1, "column": 1, "offset": 0}, "end": {},
//!                   "labels": [{"file": "…", "start": {}, "end": {}, "text": "…"}]}],
//!  "summary": {"files": 1, "error": 1, "warning": 0, "info": 0, "suppressed": 0}}
//! ```
//!
//! A finding that nginx would have as well also has `nginx` (`emerg` or `warn`),
//! `nginx_message`, `nginx_file` and `nginx_line`; one that can be repaired has `fix`. The
//! first of the labels is the place of the finding itself, when there are words for it.

use super::Summary;
use crate::finding::{Edit, Finding, Fix, Label, NginxLevel, Safety, Severity};
use crate::source::{Position, SourceMap, Span};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use std::io::{self, Write};

/// Writes findings in their order, as one object on one line.
///
/// # Errors
/// When `out` refuses.
pub fn write(
    out: &mut dyn Write,
    findings: &[Finding],
    sources: &SourceMap,
    suppressed: usize,
) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Report::new(findings, sources, suppressed))?;
    writeln!(out)
}

/// The JSON Schema of a type as it is written.
#[must_use]
pub fn schema_text<T: JsonSchema>(title: &str) -> String {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    let text = serde_json::to_string_pretty(&schema);
    text.expect("internal: a schema is JSON") + "\n"
}

/// Writes findings in their order, each as one object on a line of its own: the elements of
/// `diagnostics`.
///
/// # Errors
/// When `out` refuses.
pub fn write_lines(
    out: &mut dyn Write,
    findings: &[Finding],
    sources: &SourceMap,
) -> io::Result<()> {
    for finding in findings {
        serde_json::to_writer(&mut *out, &Diagnostic::new(finding, sources))?;
        writeln!(out)?;
    }
    Ok(())
}

/// The object; commands with more to tell flatten it into one of their own.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Report<'a> {
    /// The version of this form; it grows when something is taken away or changes its meaning.
    version: u32,
    /// What there is to say, in order.
    #[schemars(with = "Vec<Diagnostic<'a>>")]
    diagnostics: Diagnostics<'a>,
    summary: Totals,
}

impl<'a> Report<'a> {
    /// The object for findings in texts; `suppressed` findings are only counted.
    #[must_use]
    pub fn new(findings: &'a [Finding], sources: &'a SourceMap, suppressed: usize) -> Self {
        Self {
            version: 1,
            diagnostics: Diagnostics { findings, sources },
            summary: Totals {
                files: sources.len(),
                counts: Summary::of(findings),
                suppressed,
            },
        }
    }
}

/// Findings that become objects one after the other, as they are written: all at once they
/// would take more memory than the findings.
#[derive(Debug)]
struct Diagnostics<'a> {
    findings: &'a [Finding],
    sources: &'a SourceMap,
}

impl Serialize for Diagnostics<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let findings = self.findings.iter();
        serializer.collect_seq(findings.map(|finding| Diagnostic::new(finding, self.sources)))
    }
}

/// What there is of each kind.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Totals {
    /// How many files were read.
    files: usize,
    #[serde(flatten)]
    counts: Summary,
    /// How many findings comments and the baseline keep back.
    suppressed: usize,
}

/// One finding.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Diagnostic<'a> {
    /// The public id of the rule, in kebab case.
    rule: &'a str,
    severity: Severity,
    #[serde(flatten)]
    nginx: Option<Verdict<'a>>,
    /// What is wrong.
    message: &'a str,
    /// What to do.
    help: Option<&'a str>,
    /// The page of the rule.
    url: Option<String>,
    #[serde(flatten)]
    place: Place<'a>,
    /// Places with words; the first is that of the finding itself, when there are words for it.
    labels: Vec<Labelled<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Repair<'a>>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Verdict<'a> {
    /// Only where nginx would speak, and then with the following three.
    nginx: NginxLevel,
    /// In nginx's words.
    nginx_message: &'a str,
    /// The file that nginx prints; null where it prints none.
    nginx_file: Option<&'a str>,
    /// The line that nginx prints.
    nginx_line: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Place<'a> {
    /// The name of the file.
    file: &'a str,
    start: Position,
    end: Position,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Labelled<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    text: &'a str,
}

/// A repair.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Repair<'a> {
    safety: Safety,
    /// An order.
    title: &'a str,
    /// They do not overlap.
    edits: Vec<Change<'a>>,
}

/// Bytes to put in the place of others, which are counted from 0.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Change<'a> {
    file: &'a str,
    start: u32,
    end: u32,
    text: std::borrow::Cow<'a, str>,
}

impl<'a> Diagnostic<'a> {
    /// A finding in texts.
    #[must_use]
    pub fn new(finding: &'a Finding, sources: &'a SourceMap) -> Self {
        let labels = std::iter::once(&finding.primary)
            .filter(|primary| !primary.text.is_empty())
            .chain(&finding.related);
        Self {
            rule: finding.rule,
            severity: finding.severity,
            nginx: finding.nginx.as_ref().map(|verdict| Verdict {
                nginx: verdict.level,
                nginx_message: &verdict.message,
                nginx_file: verdict.at.map(|at| sources.file(at.file).name()),
                nginx_line: verdict.at.map(|at| sources.end(at).line),
            }),
            message: &finding.message,
            help: finding.help.as_deref(),
            url: crate::rules::find(finding.rule).map(|meta| meta.url()),
            place: Place::new(finding.primary.span, sources),
            labels: labels.map(|label| Labelled::new(label, sources)).collect(),
            // Bytes that are not UTF-8 cannot be told in JSON.
            fix: { finding.fix.as_ref() }
                .filter(|fix| fix.is_text())
                .map(|fix| Repair::new(fix, sources)),
        }
    }
}

impl<'a> Place<'a> {
    fn new(span: Span, sources: &'a SourceMap) -> Self {
        Self {
            file: sources.file(span.file).name(),
            start: sources.start(span),
            end: sources.end(span),
        }
    }
}

impl<'a> Labelled<'a> {
    fn new(label: &'a Label, sources: &'a SourceMap) -> Self {
        Self {
            place: Place::new(label.span, sources),
            text: &label.text,
        }
    }
}

impl<'a> Repair<'a> {
    fn new(fix: &'a Fix, sources: &'a SourceMap) -> Self {
        let change = |edit: &'a Edit| Change {
            file: sources.file(edit.span.file).name(),
            start: edit.span.start,
            end: edit.span.end,
            text: String::from_utf8_lossy(&edit.text),
        };
        Self {
            safety: fix.safety,
            title: &fix.title,
            edits: fix.edits.iter().map(change).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::NginxVerdict;

    #[test]
    fn everything_that_a_finding_can_hold_is_there() {
        let mut sources = SourceMap::new();
        let main = sources.add(
            "nginx.conf",
            "events {}\nhttp {\n  keepalive 8;\n}\n".as_bytes(),
        );
        let other = sources.add("a.conf", "least_conn;\n".as_bytes());
        let mut finding =
            Finding::error("some-rule", Span::new(main, 19, 31), "`keepalive` is wrong")
                .label("this one")
                .related(Span::new(other, 0, 11), "because of this")
                .help("Move it");
        finding.nginx = Some(Box::new(NginxVerdict {
            level: NginxLevel::Emerg,
            message: "\"keepalive\" directive is not allowed here".to_owned(),
            at: Some(Span::new(main, 19, 31)),
        }));
        finding = finding.fix(Fix {
            safety: Safety::Unsafe,
            title: "move it".into(),
            edits: vec![Edit {
                span: Span::new(main, 19, 31),
                text: b"x;".to_vec(),
            }],
        });
        let plain = Finding::new(
            "other-rule",
            Severity::Info,
            Span::new(other, 0, 0),
            "is empty",
        );
        let mut out = Vec::new();
        write(&mut out, &[finding, plain], &sources, 3).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        insta::assert_snapshot!(serde_json::to_string_pretty(&value).unwrap());
    }
}
