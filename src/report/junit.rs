//! JUnit's XML: a suite for each file, a failed case for each finding.

use super::checkstyle::escaped;
use super::paths::Paths;
use crate::finding::Finding;
use crate::source::{FileId, SourceMap};
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
    writeln!(
        out,
        "<testsuites name=\"djanginx\" tests=\"{}\" failures=\"{}\" errors=\"0\">",
        (0..sources.len() as u32)
            .map(|file| of_file(findings, FileId(file)).count().max(1))
            .sum::<usize>(),
        findings.len()
    )?;
    for file in (0..sources.len() as u32).map(FileId) {
        let name = escaped(&paths.relative(sources.file(file).name()));
        let count = of_file(findings, file).count();
        writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{count}\" errors=\"0\" skipped=\"0\">",
            count.max(1)
        )?;
        if count == 0 {
            writeln!(out, "    <testcase name=\"lint\" classname=\"{name}\"/>")?;
        }
        for finding in of_file(findings, file) {
            let place = sources.start(finding.primary.span);
            let mut text = format!("{name}:{}:{}", place.line, place.column);
            if let Some(help) = &finding.help {
                text.push('\n');
                text.push_str(&escaped(help));
            }
            writeln!(
                out,
                "    <testcase name=\"{}:{}\" classname=\"{name}\">\n      <failure message=\"{}\" type=\"{}\">{text}</failure>\n    </testcase>",
                finding.rule,
                place.line,
                escaped(&finding.message),
                finding.rule
            )?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn of_file(findings: &[Finding], file: FileId) -> impl Iterator<Item = &Finding> {
    findings
        .iter()
        .filter(move |finding| finding.primary.span.file == file)
}
