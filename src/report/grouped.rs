//! Findings under the name of their file.

use crate::finding::Finding;
use crate::source::SourceMap;
use crate::text::visible;
use std::io::{self, Write};

/// Writes the findings of each file together, files in the order of their first finding.
///
/// # Errors
/// When `out` refuses.
pub fn write(out: &mut dyn Write, findings: &[Finding], sources: &SourceMap) -> io::Result<()> {
    for (index, (file, findings)) in super::by_file(findings).into_iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}:", visible(sources.file(file).name()))?;
        let of_file: Vec<_> = { findings.into_iter() }
            .map(|finding| (sources.start(finding.primary.span), finding))
            .collect();
        let width = of_file
            .iter()
            .map(|(place, _)| format!("{}:{}", place.line, place.column).len())
            .max()
            .unwrap_or_default();
        for (place, finding) in of_file {
            let severity = finding.severity;
            writeln!(
                out,
                "  {:<width$} {severity}[{}] {}",
                format!("{}:{}", place.line, place.column),
                finding.rule,
                finding.message
            )?;
        }
    }
    Ok(())
}
