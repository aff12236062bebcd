//! Edits that several rules make.

use super::RuleContext;
use crate::finding::Edit;
use crate::model::Statement;
use crate::source::Span;

/// An insertion at a place.
pub(super) fn insert(at: Span, text: impl Into<Vec<u8>>) -> Edit {
    Edit {
        span: Span::new(at.file, at.start, at.start),
        text: text.into(),
    }
}

/// An insertion behind a place.
pub(super) fn append(at: Span, text: impl Into<Vec<u8>>) -> Edit {
    Edit {
        span: Span::new(at.file, at.end, at.end),
        text: text.into(),
    }
}

/// Statements as they are written, each on a line of its own before another one.
pub(super) fn repeat_before(
    cx: &RuleContext<'_, '_>,
    what: &[Statement<'_>],
    at: Statement<'_>,
) -> Edit {
    let sources = cx.texts.sources();
    let place = at.head();
    let text = sources.file(place.file).text();
    let before = &text[..place.start as usize];
    let line = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    let indentation: Vec<u8> = { before[line..].iter() }
        .copied()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .collect();
    // As the file ends its lines.
    let end: &[u8] = match memchr::memchr(b'\n', text) {
        Some(feed) if text[..feed].ends_with(b"\r") => b"\r\n",
        _ => b"\n",
    };
    let mut lines = Vec::new();
    for statement in what {
        lines.extend_from_slice(sources.slice(statement.head()));
        lines.push(b';');
        lines.extend_from_slice(end);
        lines.extend_from_slice(&indentation);
    }
    insert(place, lines)
}
