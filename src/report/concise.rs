//! One line per finding: `file:line:column: severity[rule] message`, with `(nginx: emerg)` or
//! `(nginx: warn)` behind what nginx would say as well.

use crate::finding::Finding;
use crate::source::SourceMap;
use crate::text::visible;
use std::io::{self, Write};

/// Writes the findings in their order.
///
/// # Errors
/// When `out` refuses.
pub fn write(out: &mut dyn Write, findings: &[Finding], sources: &SourceMap) -> io::Result<()> {
    for finding in findings {
        let span = finding.primary.span;
        let start = sources.start(span);
        let name = visible(sources.file(span.file).name());
        let severity = finding.severity;
        write!(
            out,
            "{name}:{}:{}: {severity}[{}] {}",
            start.line, start.column, finding.rule, finding.message
        )?;
        match &finding.nginx {
            Some(nginx) => writeln!(out, " (nginx: {})", nginx.level)?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}
