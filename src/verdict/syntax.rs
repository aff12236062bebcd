//! Mistakes of the text.

use super::sink::emerg;
use crate::finding::{Finding, Severity};
use crate::source::SourceMap;
use crate::syntax::{SyntaxError, SyntaxErrorKind};

/// The finding for a mistake of the text. `entries` says that nginx reads lines there
/// that are no directives, so that a byte order mark does no harm.
pub(super) fn finding(error: &SyntaxError, sources: &SourceMap, entries: bool) -> Finding {
    let text = sources.file(error.span.file).text();
    let mut finding = Finding::error(error.rule(), error.span, error.message(text))
        .label(error.label())
        .help(error.help());
    if let Some(span) = error.related {
        finding = finding.related(span, error.related_label());
    }
    if entries && error.kind == SyntaxErrorKind::ByteOrderMark {
        finding.severity = Severity::Warning;
    } else {
        finding.nginx = emerg(error.nginx.message(text), Some(error.at));
    }
    finding
}
