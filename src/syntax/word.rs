//! Words: the name and the arguments of a directive.

use super::tree::Tree;
use crate::source::{Span, readable};
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// The quotes round a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quote {
    /// `'`
    Single,
    /// `"`
    Double,
}

impl Quote {
    /// Its byte.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Quote::Single => b'\'',
            Quote::Double => b'"',
        }
    }

    pub(super) fn of(byte: u8) -> Option<Quote> {
        match byte {
            b'\'' => Some(Quote::Single),
            b'"' => Some(Quote::Double),
            _ => None,
        }
    }
}

/// What is known of a word without its bytes, which are somewhere in a large text.
pub(super) mod mark {
    /// It has an escape, so its value is not what is written.
    pub(in crate::syntax) const ESCAPE: u8 = 1;
    /// It has a `$`.
    pub(in crate::syntax) const DOLLAR: u8 = 2;
    /// It begins with a quote.
    pub(in crate::syntax) const QUOTED: u8 = 4;
    /// The quote at its end is missing.
    pub(in crate::syntax) const UNCLOSED: u8 = 8;

    /// The marks of what stands between quotes.
    pub(in crate::syntax) fn of_quoted(content: &[u8]) -> u8 {
        let mut marks = QUOTED;
        let mut rest = content;
        while let Some(found) = memchr::memchr2(b'\\', b'$', rest) {
            let end = match rest[found..] {
                [b'\\', next, ..] => {
                    marks |= of_escaped(next);
                    2
                }
                [b'$', ..] => {
                    marks |= DOLLAR;
                    1
                }
                _ => 1,
            };
            rest = &rest[found + end..];
        }
        marks
    }

    /// The marks that a backslash makes with the byte behind it.
    pub(in crate::syntax) fn of_escaped(byte: u8) -> u8 {
        match (super::escaped(byte), byte) {
            (Some(_), _) => ESCAPE,
            (None, b'$') => DOLLAR,
            (None, _) => 0,
        }
    }
}

/// One word of a statement.
#[derive(Clone, Copy)]
pub struct Word<'t> {
    pub(super) tree: &'t Tree,
    pub(super) index: u32,
}

impl<'t> Word<'t> {
    fn range(self) -> Range<usize> {
        let range = self.tree.words[self.index as usize];
        range.start as usize..range.end as usize
    }

    #[inline]
    fn has(self, mark: u8) -> bool {
        self.tree.marks[self.index as usize] & mark != 0
    }

    /// Where it is, quotes included.
    #[must_use]
    #[inline]
    pub fn span(self) -> Span {
        let range = self.tree.words[self.index as usize];
        self.tree.span(range.start, range.end)
    }

    /// Its bytes as written, quotes included.
    #[must_use]
    pub fn raw(self) -> &'t [u8] {
        &self.tree.text[self.range()]
    }

    /// The quotes round it; `None` for a bare word.
    #[must_use]
    pub fn quote(self) -> Option<Quote> {
        self.raw().first().copied().and_then(Quote::of)
    }

    /// Whether the quote at its end is there; true for a bare word.
    #[must_use]
    pub fn is_closed(self) -> bool {
        !self.has(mark::UNCLOSED)
    }

    /// Where the bytes between the quotes are; all of a bare word.
    #[must_use]
    #[inline]
    pub fn content_span(self) -> Span {
        let mut range = self.tree.words[self.index as usize];
        if self.has(mark::QUOTED) {
            range.start += 1;
            range.end -= u32::from(self.is_closed());
        }
        self.tree.span(range.start, range.end)
    }

    /// The bytes between the quotes as written; all of a bare word.
    #[must_use]
    #[inline]
    pub fn content(self) -> &'t [u8] {
        let span = self.content_span();
        &self.tree.text[span.start as usize..span.end as usize]
    }

    /// The value that nginx hands to the directive.
    ///
    /// A backslash disappears before a quote and another backslash, and makes a control
    /// character of `t`, `r` and `n`. Before anything else it stays, in quotes or not.
    #[must_use]
    #[inline]
    pub fn value(self) -> Cow<'t, [u8]> {
        self.unescaped(self.content())
    }

    #[inline]
    fn unescaped(self, content: &'t [u8]) -> Cow<'t, [u8]> {
        if self.has(mark::ESCAPE) {
            unescape(content)
        } else {
            Cow::Borrowed(content)
        }
    }

    /// Whether there is a `$` in the value.
    #[must_use]
    #[inline]
    pub fn has_dollar(self) -> bool {
        self.has(mark::DOLLAR)
    }

    /// The value as [`readable`] text.
    #[must_use]
    pub fn to_str(self) -> Cow<'t, str> {
        match self.value() {
            Cow::Borrowed(value) => readable(value),
            Cow::Owned(value) => Cow::Owned(readable(&value).into_owned()),
        }
    }

    /// Whether the value is this.
    #[must_use]
    #[inline]
    pub fn is(self, value: &str) -> bool {
        // An escape makes one byte of two.
        let content = self.content();
        content.len() <= 2 * value.len() && *self.unescaped(content) == *value.as_bytes()
    }

    /// Where a part of the value is written; offsets behind its end count as the end.
    #[must_use]
    pub fn part(self, value: Range<usize>) -> Span {
        let span = self.content_span();
        let content = self.content();
        let written = |offset: usize| {
            if !self.has(mark::ESCAPE) {
                return offset.min(content.len());
            }
            let mut bytes = Unescape { content, at: 0 };
            bytes.nth(offset).map_or(content.len(), |(at, _)| at)
        };
        let start = written(value.start);
        let end = written(value.end).max(start);
        self.tree
            .span(span.start + start as u32, span.start + end as u32)
    }
}

impl fmt::Debug for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&readable(self.raw()), f)
    }
}

/// The value of the bytes between quotes, or of a bare word.
pub(super) fn unescape(content: &[u8]) -> Cow<'_, [u8]> {
    match memchr::memchr(b'\\', content) {
        None => Cow::Borrowed(content),
        Some(_) => Cow::Owned(Unescape { content, at: 0 }.map(|(_, byte)| byte).collect()),
    }
}

/// What a backslash makes of the byte behind it; `None` where it stays.
fn escaped(byte: u8) -> Option<u8> {
    match byte {
        b'"' | b'\'' | b'\\' => Some(byte),
        b't' => Some(b'\t'),
        b'r' => Some(b'\r'),
        b'n' => Some(b'\n'),
        _ => None,
    }
}

/// The bytes of a value, each with the place where it is written.
struct Unescape<'t> {
    content: &'t [u8],
    at: usize,
}

impl Iterator for Unescape<'_> {
    type Item = (usize, u8);

    fn next(&mut self) -> Option<(usize, u8)> {
        let at = self.at;
        let byte = *self.content.get(at)?;
        let escaped = match (byte, self.content.get(at + 1)) {
            (b'\\', Some(next)) => escaped(*next),
            _ => None,
        };
        self.at += 1 + usize::from(escaped.is_some());
        Some((at, escaped.unwrap_or(byte)))
    }
}

/// The words of a statement, in order.
#[derive(Debug, Clone)]
pub struct Words<'t> {
    pub(super) tree: &'t Tree,
    pub(super) range: Range<u32>,
}

impl<'t> Iterator for Words<'t> {
    type Item = Word<'t>;

    #[inline]
    fn next(&mut self) -> Option<Word<'t>> {
        let index = self.range.next()?;
        Some(Word {
            tree: self.tree,
            index,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }

    #[inline]
    fn nth(&mut self, n: usize) -> Option<Word<'t>> {
        let index = self.range.nth(n)?;
        Some(Word {
            tree: self.tree,
            index,
        })
    }
}

impl DoubleEndedIterator for Words<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let index = self.range.next_back()?;
        Some(Word {
            tree: self.tree,
            index,
        })
    }
}

impl ExactSizeIterator for Words<'_> {}
