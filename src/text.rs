//! What text may hide from whoever reads it.

use std::borrow::Cow;

/// Whether a character is not seen as it is: control characters, line separators, and the
/// marks that hide or reorder what stands around them.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
        )
}

/// Whether a text hides nothing.
fn is_plain(text: &str) -> bool {
    // Nearly every text is of such bytes alone, which are looked at many at once.
    let plain = |plain, byte: &u8| plain & matches!(byte, b' '..=b'~');
    text.as_bytes().iter().fold(true, plain) || !text.contains(is_hidden)
}

/// A text with nothing hidden: what would be is written as `\u{1b}`.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_hidden(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// A text of the user's as a message can hold it: short, and with nothing hidden.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 80;
    if text.len() <= LONGEST && is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    for c in text.chars() {
        if out.len() > LONGEST {
            out.push('…');
            break;
        }
        if is_hidden(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_short_and_plain() {
        assert_eq!(shown("größer"), "größer");
        assert_eq!(shown("a\u{1b}[31mb\nc"), "a\\u{1b}[31mb\\u{a}c");
        assert_eq!(shown("moc.\u{202e}example"), "moc.\\u{202e}example");
        let long = shown(&"x".repeat(1_000_000)).into_owned();
        assert!(long.ends_with("x…") && long.len() < 90);
    }
}
