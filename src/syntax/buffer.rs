//! nginx reads a file through a small buffer, and that shows.
//!
//! Whenever all of the buffer is read, `ngx_conf_read_token` moves what it is in the middle
//! of to the front and fills up the rest: a comment from its `#` on, a word from behind its
//! opening quote on. When that fills the buffer already, it gives up. As the buffer is
//! refilled at the latest one buffer after the word began, and then never again before that
//! word fills it, nothing but the length of a word decides.

use super::error::NginxWords;
use super::lexer::is_blank;
use super::tree::Range;
use super::word::Quote;

/// `NGX_CONF_BUFFER` of `src/core/ngx_conf_file.c`.
pub(super) const SIZE: usize = 4096;

/// What nginx says of a word that fills its buffer. A quoted word reaches from `start` to
/// behind its closing quote, or to the end of the file where that is missing.
pub(super) fn word_too_long(text: &[u8], start: u32, end: u32) -> Option<NginxWords> {
    let byte = |at: u32| text.get(at as usize).copied();
    let quote = byte(start).and_then(Quote::of);
    let content = start + u32::from(quote.is_some());
    let full = content as usize + SIZE;
    // The blank behind a word is still a part of it, and the end of the file comes first.
    let read = end as usize + usize::from(byte(end).is_some_and(is_blank));
    if read < full || text.len() <= full {
        return None;
    }
    Some(match quote {
        Some(quote) if end as usize > full => NginxWords::TooLongQuoted(quote),
        _ => NginxWords::TooLong(content),
    })
}

/// What nginx says of a comment that fills its buffer.
pub(super) fn comment_too_long(text: &[u8], start: u32, end: u32) -> Option<NginxWords> {
    let full = start as usize + SIZE;
    (end as usize >= full && text.len() > full).then_some(NginxWords::TooLong(start))
}

/// How far nginx has read the file when it comes to `offset`, all before it being right.
/// `buffered` is how far it had read it somewhere before.
pub(super) fn read_ahead(
    text: &[u8],
    words: &[Range],
    comments: &[Range],
    mut buffered: usize,
    offset: usize,
) -> usize {
    while buffered < offset {
        buffered = text
            .len()
            .min(kept(text, words, comments, buffered as u32) as usize + SIZE);
    }
    buffered
}

/// The first byte that nginx keeps when its buffer ends at an offset: that of the word or
/// comment it is in, or else of a blank before it.
fn kept(text: &[u8], words: &[Range], comments: &[Range], offset: u32) -> u32 {
    let last_before = |ranges: &[Range]| {
        let behind = ranges.partition_point(|range| range.start < offset);
        Some(ranges[behind.checked_sub(1)?])
    };
    let byte = |at: u32| text.get(at as usize).copied();
    if let Some(Range { start, end }) = last_before(words) {
        let read = end + u32::from(byte(end).is_some_and(is_blank));
        if offset <= read {
            return start + u32::from(byte(start).and_then(Quote::of).is_some());
        }
    }
    if let Some(Range { start, end }) = last_before(comments)
        && offset <= end
    {
        return start;
    }
    let blank = offset > 0 && byte(offset - 1).is_some_and(is_blank);
    offset - u32::from(blank)
}
