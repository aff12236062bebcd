//! Findings with the text they speak of, through miette: the only module that knows it.
//!
//! miette shows one source per diagnostic, so places in other files become diagnostics
//! of their own, related to the first.

use super::Summary;
use crate::finding::{Finding, Label, NginxLevel, Severity};
use crate::source::{FileId, SourceFile, SourceMap, Span, count_line_feeds};
use crate::text::{is_hidden, visible};
use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, SourceCode, SourceSpan, SpanContents,
};
use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use std::sync::OnceLock;

/// How the text looks.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Whether escape codes for colour are written.
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            color: false,
            width: 100,
        }
    }
}

/// Writes the findings in their order, and a line that counts them.
///
/// # Errors
/// When `out` refuses.
pub fn write(
    out: &mut dyn Write,
    findings: &[Finding],
    sources: &SourceMap,
    style: Style,
) -> io::Result<()> {
    let theme = if style.color {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let wrapping = GraphicalReportHandler::new_themed(theme)
        .with_links(false)
        .with_width(style.width)
        .with_context_lines(1);
    let plain = wrapping.clone().with_wrap_lines(false);
    let mut text = String::new();
    for finding in findings {
        text.clear();
        let shown = Shown::of_finding(finding, sources);
        let handler = match shown.is_short(style.width) {
            true => &plain,
            false => &wrapping,
        };
        handler
            .render_report(&mut text, &shown)
            .map_err(io::Error::other)?;
        writeln!(out, "{}", text.trim_end())?;
        writeln!(out)?;
    }
    if !findings.is_empty() {
        writeln!(out, "{}", Summary::of(findings))?;
    }
    Ok(())
}

/// One diagnostic: the labels of one file.
#[derive(Debug)]
struct Shown<'a> {
    rule: Option<&'a str>,
    nginx: Option<NginxLevel>,
    severity: Severity,
    message: &'a str,
    help: Option<&'a str>,
    source: Excerpt<'a>,
    labels: Vec<&'a Label>,
    primary: Span,
    elsewhere: Vec<Shown<'a>>,
}

impl<'a> Shown<'a> {
    fn of_finding(finding: &'a Finding, sources: &'a SourceMap) -> Self {
        let file = finding.primary.span.file;
        let of_file = |file: FileId| finding.related.iter().filter(move |l| l.span.file == file);
        let mut others: Vec<FileId> = finding.related.iter().map(|l| l.span.file).collect();
        others.retain(|&other| other != file);
        others.dedup();
        Self {
            rule: Some(finding.rule),
            nginx: finding.nginx.as_ref().map(|nginx| nginx.level),
            severity: finding.severity,
            message: &finding.message,
            help: finding.help.as_deref(),
            source: Excerpt::of(sources.file(file)),
            labels: std::iter::once(&finding.primary)
                .chain(of_file(file))
                .collect(),
            primary: finding.primary.span,
            elsewhere: others
                .into_iter()
                .map(|other| Self {
                    rule: None,
                    nginx: None,
                    severity: Severity::Info,
                    message: "here",
                    help: None,
                    source: Excerpt::of(sources.file(other)),
                    labels: of_file(other).collect(),
                    primary: finding.primary.span,
                    elsewhere: Vec::new(),
                })
                .collect(),
        }
    }
}

impl Shown<'_> {
    /// Whether none of its words are wrapped. Most are not, and to look where a text could be
    /// broken takes as long as all the rest.
    fn is_short(&self, width: usize) -> bool {
        let fits = |words: &str| {
            let plain = { words.bytes() }.all(|byte| matches!(byte, b' '..=b'~'));
            let ends = !words.is_empty() && !words.starts_with(' ') && !words.ends_with(' ');
            plain && ends && words.len() + MARGIN < width
        };
        fits(self.message) && self.help.is_none_or(fits)
    }
}

/// More columns than miette puts before words.
const MARGIN: usize = 16;

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        let rule = self.rule?;
        Some(match self.nginx {
            Some(level) => Box::new(format!("{rule} (nginx: {level})")),
            None => Box::new(rule),
        })
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Info => miette::Severity::Advice,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        self.help.map(|help| Box::new(help) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().map(|label| {
            let text = (!label.text.is_empty()).then(|| label.text.clone().into_owned());
            let span = SourceSpan::from((label.span.start as usize, self.source.shown(label.span)));
            if label.span == self.primary {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            }
        })))
    }

    fn related<'b>(&'b self) -> Option<Box<dyn Iterator<Item = &'b dyn Diagnostic> + 'b>> {
        if self.elsewhere.is_empty() {
            return None;
        }
        Some(Box::new(
            self.elsewhere.iter().map(|shown| shown as &dyn Diagnostic),
        ))
    }
}

/// The text of a file. Only what is shown is looked at, and of a very long line only what
/// is near the place.
#[derive(Debug)]
struct Excerpt<'a> {
    file: &'a SourceFile,
    kept: Kept,
    /// A place that was asked for, and how many lines are before it: the others are near.
    counted: OnceLock<(usize, u32)>,
}

/// Lines with more bytes are not shown as a whole.
const LONG: usize = 400;
/// Bytes that are shown of a long line before and behind a place.
const NEAR: usize = 100;

impl<'a> Excerpt<'a> {
    fn of(file: &'a SourceFile) -> Self {
        Self {
            file,
            kept: Kept::default(),
            counted: OnceLock::new(),
        }
    }

    /// How many lines are before a place.
    fn lines_before(&self, at: usize) -> u32 {
        match self.counted.get() {
            Some((known, lines)) if (*known..*known + LONG).contains(&at) => {
                lines + count_line_feeds(&self.file.text()[*known..at])
            }
            _ => {
                let lines = self.file.lines_before(at);
                self.counted.get_or_init(|| (at, lines));
                lines
            }
        }
    }

    /// How many bytes of a span are marked: not all of a very long word.
    fn shown(&self, span: Span) -> usize {
        let (start, length) = (span.start as usize, span.len() as usize);
        let bytes = &self.file.text()[start..start + length];
        if length <= LONG || memchr::memchr(b'\n', &bytes[..LONG]).is_some() {
            return length;
        }
        character_start(bytes, NEAR)
    }
}

impl SourceCode for Excerpt<'_> {
    fn read_span<'b>(
        &'b self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let file = self.file;
        let text = file.text();
        let (first, last) = (span.offset(), span.offset() + span.len());
        if last > text.len() {
            return Err(MietteError::OutOfBounds);
        }
        let line = file.line_at(first);
        let (mut start, mut end) = match line.contains(&last) {
            true => (line.start, line.end),
            false => (line.start, file.line_at(last).end),
        };
        let mut column = 0;
        if end - start > LONG && (first - start > NEAR || end - last > NEAR) {
            let cut = character_start(text, start.max(first.saturating_sub(NEAR)));
            column = cut - start;
            start = cut;
            end = character_start(text, end.min(last + NEAR));
        } else {
            for _ in 0..lines_before {
                let before = file.line_at(start.saturating_sub(1)).start;
                if start - before <= LONG {
                    start = before;
                }
            }
            for _ in 0..lines_after {
                let after = file.line_at(end).end;
                if after - end <= LONG {
                    end = after;
                }
            }
        }
        // miette asks for no lines around a place when it wants the place's own position.
        if lines_before == 0 && lines_after == 0 {
            column = first - line.start;
        }
        let shown = match without_hidden(&text[start..end], start == 0) {
            Cow::Borrowed(shown) => shown,
            Cow::Owned(shown) => self.kept.keep(shown),
        };
        Ok(Box::new(MietteSpanContents::new_named(
            visible(file.name()).into_owned(),
            shown,
            (start, end - start).into(),
            self.lines_before(start) as usize,
            column,
            1,
        )))
    }
}

/// Texts that live as long as what is shown; miette takes borrowed ones alone.
#[derive(Debug, Default)]
struct Kept {
    text: OnceLock<Vec<u8>>,
    next: OnceLock<Box<Kept>>,
}

impl Kept {
    fn keep(&self, mut text: Vec<u8>) -> &[u8] {
        let mut slot = self;
        while let Err(other) = slot.text.set(text) {
            text = other;
            slot = slot.next.get_or_init(Box::default);
        }
        slot.text.get().map_or(&[], Vec::as_slice)
    }
}

/// Puts `?` in the place of every byte that a terminal might obey or hide, so that the text
/// of a file can only be seen. No byte moves. `from_start` says that the file begins there.
fn without_hidden(bytes: &[u8], from_start: bool) -> Cow<'_, [u8]> {
    // Most texts are plain ASCII, which is seen quickest when all bytes are looked at.
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t');
    if bytes.iter().fold(true, |all, &byte| all & is_plain(byte)) {
        return Cow::Borrowed(bytes);
    }
    let mut seen = Vec::with_capacity(bytes.len());
    let mark: &[u8] = b"\xef\xbb\xbf";
    let bytes = match bytes.strip_prefix(mark).filter(|_| from_start) {
        Some(rest) => {
            // A byte order mark in its proper place is seen by nobody, and may stay.
            seen.extend_from_slice(mark);
            rest
        }
        None => bytes,
    };
    for chunk in bytes.utf8_chunks() {
        let mut letters = chunk.valid().chars().peekable();
        while let Some(c) = letters.next() {
            let is_line_end = c == '\r' && letters.peek() == Some(&'\n');
            if matches!(c, '\n' | '\t') || is_line_end || !is_hidden(c) {
                seen.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                seen.resize(seen.len() + c.len_utf8(), b'?');
            }
        }
        seen.resize(seen.len() + chunk.invalid().len(), b'?');
    }
    Cow::Owned(seen)
}

/// The start of the UTF-8 character that the byte at `at` belongs to.
fn character_start(text: &[u8], at: usize) -> usize {
    let is_inside = |at: usize| text.get(at).is_some_and(|byte| (0x80..0xc0).contains(byte));
    (at.saturating_sub(3)..=at)
        .rev()
        .find(|&at| !is_inside(at))
        .unwrap_or(at)
}
