//! JUnit's XML: a suite for each file, a failed case for each finding.

use super::checkstyle::escaped;
use super::paths::Paths;
use crate::finding::Finding;
use crate::source::{FileId, SourceMap};
use std::collections::HashMap;
use std::io::{self, Write};

/// Writes one document; a file without findings is a case that passes.
///
/// # Errors
/// When `out` refuses.
pub fn write(
    out: &mut dyn Write,
    findings: &[Finding],
    sources: &SourceMap,
    paths: &Paths,
) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    let mut of_file: HashMap<_, _> = super::by_file(findings).into_iter().collect();
    let silent = sources.len() - of_file.len();
    writeln!(
        out,
        "<testsuites name=\"djanginx\" tests=\"{}\" failures=\"{}\" errors=\"0\">",
        findings.len() + silent,
        findings.len()
    )?;
    for file in (0..sources.len() as u32).map(FileId) {
        let name = paths.relative(sources.file(file).name());
        let findings = of_file.remove(&file).unwrap_or_default();
        let findings: Vec<_> = findings
            .into_iter()
            .map(|finding| (finding, true))
            .collect();
        suite(out, &name, "lint", &findings, sources, paths)?;
    }
    writeln!(out, "</testsuites>")
}

/// Writes a suite: a case for each finding, failed or with its words as output. Without any
/// the suite has one case, `what`, that passes.
///
/// # Errors
/// When `out` refuses.
pub fn suite(
    out: &mut dyn Write,
    name: &str,
    what: &str,
    findings: &[(&Finding, bool)],
    sources: &SourceMap,
    paths: &Paths,
) -> io::Result<()> {
    let name = escaped(name);
    let failed = findings.iter().filter(|(_, fails)| *fails).count();
    writeln!(
        out,
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\">",
        findings.len().max(1)
    )?;
    if findings.is_empty() {
        writeln!(
            out,
            "    <testcase name=\"{}\" classname=\"{name}\"/>",
            escaped(what)
        )?;
    }
    for (finding, fails) in findings {
        let span = finding.primary.span;
        let place = sources.start(span);
        let file = escaped(&paths.relative(sources.file(span.file).name()));
        let mut text = format!("{file}:{}:{}", place.line, place.column);
        if let Some(help) = &finding.help {
            text.push('\n');
            text.push_str(&escaped(help));
        }
        let message = escaped(&finding.message);
        write!(
            out,
            "    <testcase name=\"{}:{}\" classname=\"{name}\">\n      ",
            finding.rule, place.line
        )?;
        if *fails {
            write!(
                out,
                "<failure message=\"{message}\" type=\"{}\">{text}</failure>",
                finding.rule
            )?;
        } else {
            write!(out, "<system-out>{message}\n{text}</system-out>")?;
        }
        writeln!(out, "\n    </testcase>")?;
    }
    writeln!(out, "  </testsuite>")
}
