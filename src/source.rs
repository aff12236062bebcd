//! Texts, spans and line numbers.
//!
//! A [`Span`] is a file and a byte range. It is made by a parser and carried, unchanged,
//! to the finding; lines and columns are computed only when something is printed.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;
use std::sync::OnceLock;

/// A file of a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A byte range of one file; `start <= end`, both offsets from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

impl Span {
    /// The span of `start..end` in `file`.
    #[must_use]
    pub fn new(file: FileId, start: u32, end: u32) -> Self {
        debug_assert!(start <= end);
        Self { file, start, end }
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether no byte is in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The smallest span that holds both; they must be of one file.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        debug_assert_eq!(self.file, other.file);
        Span::new(
            self.file,
            self.start.min(other.start),
            self.end.max(other.end),
        )
    }
}

/// A place as people count: line and column from 1, column in bytes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema,
)]
#[schemars(deny_unknown_fields)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in bytes, from 1.
    pub column: u32,
    /// Byte offset, from 0.
    pub offset: u32,
}

/// Bytes as text for people; each byte that is not UTF-8 becomes `\xNN`.
#[must_use]
pub fn readable(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string does not fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    Cow::Owned(text)
}

/// Bytes between the places of a text whose line is kept: small enough to count in no time,
/// large enough to cost no memory.
const BLOCK: usize = 4096;
/// How far the end of a line is looked for without a look at [`SourceFile::line_feeds`].
const NEAR: usize = 256;

/// One text with its name.
#[derive(Debug)]
pub struct SourceFile {
    name: String,
    text: Arc<[u8]>,
    /// How many lines end before each block of [`BLOCK`] bytes.
    line_feeds: OnceLock<Vec<u32>>,
}

impl SourceFile {
    /// The name that is shown to the user.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bytes.
    #[must_use]
    pub fn text(&self) -> &Arc<[u8]> {
        &self.text
    }

    fn line_feeds(&self) -> &[u32] {
        self.line_feeds.get_or_init(|| {
            let mut count = 0;
            let blocks = self.text.chunks(BLOCK).map(|block| {
                let before = count;
                count += count_line_feeds(block);
                before
            });
            blocks.collect()
        })
    }

    /// How many lines end before an offset.
    pub(crate) fn lines_before(&self, offset: usize) -> u32 {
        // An offset at the end may be behind the last block.
        let block = (offset / BLOCK).min(self.line_feeds().len().saturating_sub(1));
        let before = self.line_feeds().get(block).copied().unwrap_or(0);
        before + count_line_feeds(&self.text[block * BLOCK..offset])
    }

    /// Where the line of a byte offset is, its line feed included; offsets behind the end
    /// count as the end. However long the line is, little of it is looked at.
    #[must_use]
    pub fn line_at(&self, offset: usize) -> Range<usize> {
        let offset = offset.min(self.text.len());
        if let Some(line) = self.short_line_at(offset) {
            return line;
        }
        let blocks = self.line_feeds();
        let block = |index: usize| {
            let start = index * BLOCK;
            (start, (start + BLOCK).min(self.text.len()))
        };
        let lines = self.lines_before(offset);
        let start = if lines == 0 {
            0
        } else {
            let (from, to) = block(blocks.partition_point(|&before| before < lines) - 1);
            let feed = memchr::memrchr(b'\n', &self.text[from..to.min(offset)]);
            feed.map_or(0, |feed| from + feed + 1)
        };
        let ahead = blocks.partition_point(|&before| before <= lines);
        let (from, to) = block(ahead.saturating_sub(1));
        let from = from.max(offset);
        let feed = memchr::memchr(b'\n', &self.text[from..to.max(from)]);
        start..feed.map_or(self.text.len(), |feed| from + feed + 1)
    }

    /// The line of a byte offset where both its ends are near, as they nearly always are.
    fn short_line_at(&self, offset: usize) -> Option<Range<usize>> {
        let from = offset.saturating_sub(NEAR);
        let before = memchr::memrchr(b'\n', &self.text[from..offset]);
        let start = match before {
            Some(feed) => from + feed + 1,
            None if from == 0 => 0,
            None => return None,
        };
        let to = self.text.len().min(offset + NEAR);
        let feed = memchr::memchr(b'\n', &self.text[offset..to])?;
        Some(start..offset + feed + 1)
    }

    /// Line and column of a byte offset; offsets behind the end count as the end.
    #[must_use]
    pub fn position(&self, offset: u32) -> Position {
        let offset = offset.min(self.text.len() as u32);
        let line = self.line_at(offset as usize);
        Position {
            line: self.lines_before(offset as usize) + 1,
            column: offset - line.start as u32 + 1,
            offset,
        }
    }
}

pub(crate) fn count_line_feeds(text: &[u8]) -> u32 {
    memchr::memchr_iter(b'\n', text).count() as u32
}

/// Every text that the findings of one run speak of.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// An empty map.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text under the name that is shown to the user.
    ///
    /// # Panics
    /// If the text is 4 GiB or larger; callers refuse such files by a limit far below.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<[u8]>>) -> FileId {
        let text = text.into();
        assert!(
            u32::try_from(text.len()).is_ok(),
            "internal: a text of 4 GiB passed the limits"
        );
        let id = FileId(self.files.len() as u32);
        self.files.push(SourceFile {
            name: name.into(),
            text,
            line_feeds: OnceLock::new(),
        });
        id
    }

    /// The file of an id that this map gave.
    #[must_use]
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The bytes of a span.
    #[must_use]
    pub fn slice(&self, span: Span) -> &[u8] {
        &self.file(span.file).text[span.start as usize..span.end as usize]
    }

    /// Where a span starts.
    #[must_use]
    pub fn start(&self, span: Span) -> Position {
        self.file(span.file).position(span.start)
    }

    /// Where a span ends (the place behind its last byte).
    #[must_use]
    pub fn end(&self, span: Span) -> Position {
        self.file(span.file).position(span.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_shown_one_by_one() {
        assert_eq!(readable("“a”".as_bytes()), "“a”");
        assert_eq!(readable(b"a\xe2\x80b\xff"), r"a\xe2\x80b\xff");
    }

    #[test]
    fn lines_are_found_wherever_they_are_cut() {
        let mut map = SourceMap::new();
        let lengths = [
            0,
            1,
            BLOCK - 1,
            BLOCK,
            3 * BLOCK + 5,
            0,
            7,
            2 * BLOCK - 1,
            0,
        ];
        for end in ["", "\n"] {
            let lines = lengths.map(|length| "x".repeat(length));
            let text = lines.join("\n") + end;
            let id = map.add("a", text.as_bytes());
            let file = map.file(id);
            for offset in 0..=text.len() {
                let before = &text[..offset];
                let start = before.rfind('\n').map_or(0, |feed| feed + 1);
                let feed = text[offset..].find('\n');
                let end = feed.map_or(text.len(), |feed| offset + feed + 1);
                assert_eq!(file.line_at(offset), start..end, "{offset}");
                let position = file.position(offset as u32);
                let line = before.matches('\n').count() + 1;
                assert_eq!(position.line as usize, line, "{offset}");
                assert_eq!(position.column as usize, offset - start + 1, "{offset}");
            }
        }
        let empty = map.add("empty", "".as_bytes());
        assert_eq!(map.file(empty).line_at(3), 0..0);
        assert_eq!(map.file(empty).position(3).line, 1);
    }

    #[test]
    fn positions_count_lines_and_bytes_from_one() {
        let mut map = SourceMap::new();
        let id = map.add("a", "ä b\nc\n".as_bytes());
        let at = |offset| {
            let p = map.file(id).position(offset);
            (p.line, p.column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(3), (1, 4));
        assert_eq!(at(5), (2, 1));
        assert_eq!(at(7), (3, 1));
        assert_eq!(at(99), (3, 1));
    }
}
