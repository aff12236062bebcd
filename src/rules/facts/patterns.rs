//! What the text of a regular expression tells without running it.

use crate::model::Statement;
use crate::syntax::Word;

/// An `if` that compares with an expression.
#[derive(Debug, Clone)]
pub struct Condition<'m> {
    /// What is compared, with its `$`.
    pub subject: Vec<u8>,
    /// The expression.
    pub pattern: Vec<u8>,
    /// Where it is written.
    pub at: Word<'m>,
    /// Whether it must match: `!~` sets no groups.
    pub equals: bool,
    /// Whether letters may be large or small.
    pub caseless: bool,
}

/// Takes `if ($name ~ pattern)` apart; `None` for any other condition.
#[must_use]
pub fn condition<'m>(opener: Statement<'m>) -> Option<Condition<'m>> {
    if opener.name() != "if" {
        return None;
    }
    let words: Vec<_> = opener.args().collect();
    let operator = |word: &Word<'_>| matches!(&*word.value(), b"~" | b"~*" | b"!~" | b"!~*");
    let at = words.iter().position(operator).filter(|at| *at > 0)?;
    let (subject, operator, pattern) = (words[at - 1], words[at], *words.get(at + 1)?);
    let subject = subject.value();
    let value = pattern.value();
    // The closing parenthesis is glued to a bare word.
    let bare = match pattern.quote() {
        None if words.len() == at + 2 => value.strip_suffix(b")").unwrap_or(&value),
        _ => &value,
    };
    let operator = operator.value();
    Some(Condition {
        subject: subject.strip_prefix(b"(").unwrap_or(&subject).to_vec(),
        pattern: bare.to_vec(),
        at: pattern,
        equals: operator.starts_with(b"~"),
        caseless: operator.ends_with(b"*"),
    })
}

/// Bytes that mean something in a regular expression.
const META: &[u8] = b"\\^$.|?*+()[]{}";

/// A byte that stands for itself, with how many bytes are written for it.
fn literal(text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'\\', byte, ..] if !byte.is_ascii_alphanumeric() => Some((*byte, 2)),
        [byte, ..] if !META.contains(byte) => Some((*byte, 1)),
        _ => None,
    }
}

/// What every match begins with, of an expression that begins with `^`. Empty where
/// nothing is sure.
#[must_use]
pub fn literal_start(pattern: &[u8]) -> Vec<u8> {
    let mut found = Vec::new();
    let Some(mut rest) = pattern.strip_prefix(b"^") else {
        return found;
    };
    if memchr::memchr(b'|', pattern).is_some() {
        return found;
    }
    while let Some((byte, length)) = literal(rest) {
        rest = &rest[length..];
        if matches!(rest.first(), Some(b'?' | b'*' | b'{')) {
            break;
        }
        found.push(byte);
    }
    found
}

/// The only text that an expression of the form `^text$` matches.
#[must_use]
pub fn only_match(pattern: &[u8]) -> Option<Vec<u8>> {
    let mut rest = pattern.strip_prefix(b"^")?.strip_suffix(b"$")?;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (byte, length) = literal(rest)?;
        found.push(byte);
        rest = &rest[length..];
    }
    Some(found)
}

/// All that an expression of the form `^text` asks for.
#[must_use]
pub fn plain_start(pattern: &[u8]) -> Option<Vec<u8>> {
    let start = literal_start(pattern);
    let mut rest = pattern.strip_prefix(b"^")?;
    while let Some((_, length)) = literal(rest) {
        rest = &rest[length..];
    }
    rest.is_empty().then_some(start)
}

/// Whether an expression matches every path.
#[must_use]
pub fn matches_all(pattern: &[u8]) -> bool {
    let pattern = pattern.strip_prefix(b"^").unwrap_or(pattern);
    let pattern = pattern.strip_suffix(b"$").unwrap_or(pattern);
    matches!(
        pattern,
        b"" | b".*" | b"(.*)" | b"/.*" | b"/(.*)" | b".+" | b"(.+)"
    ) || pattern == b"/"
}

/// The text of a group, counted from 1.
#[must_use]
pub fn group(pattern: &[u8], number: u8) -> Option<&[u8]> {
    let mut open = Vec::new();
    let mut count = 0;
    let mut class = false;
    let mut at = 0;
    while at < pattern.len() {
        match pattern[at] {
            b'\\' => at += 1,
            b']' if class => class = false,
            _ if class => {}
            b'[' => {
                class = true;
                // A bracket at the beginning of a class stands for itself.
                at += usize::from(pattern.get(at + 1) == Some(&b'^'));
                at += usize::from(pattern.get(at + 1) == Some(&b']'));
            }
            b'(' => {
                let captures = match &pattern[at + 1..] {
                    [b'?', b'P', b'<', ..] => true,
                    [b'?', b'<', next, ..] => !matches!(next, b'=' | b'!'),
                    [b'?' | b'*', ..] => false,
                    _ => true,
                };
                count += u8::from(captures);
                open.push((at + 1, captures.then_some(count)));
            }
            b')' => {
                let (start, group) = open.pop()?;
                if group == Some(number) {
                    return Some(&pattern[start..at]);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_texts_are_found() {
        for (pattern, start, only, plain) in [
            (r"^/api", "/api", None, true),
            (r"^/api$", "/api", Some("/api"), false),
            (r"^/a\.b$", "/a.b", Some("/a.b"), false),
            (r"^/apis?", "/api", None, false),
            (r"^/api/\d+", "/api/", None, false),
            (r"^/a|/b", "", None, false),
            (r"/api", "", None, false),
        ] {
            let pattern = pattern.as_bytes();
            assert_eq!(literal_start(pattern), start.as_bytes(), "{pattern:?}");
            let only = only.map(|text| text.as_bytes().to_vec());
            assert_eq!(only_match(pattern), only, "{pattern:?}");
            assert_eq!(plain_start(pattern).is_some(), plain, "{pattern:?}");
        }
    }

    #[test]
    fn groups_are_counted_as_pcre_does() {
        let pattern = br"^/(?:x)(a[)\]]b)/(?<n>(\(c))$";
        assert_eq!(group(pattern, 1), Some(&br"a[)\]]b"[..]));
        assert_eq!(group(pattern, 2), Some(&br"?<n>(\(c)"[..]));
        assert_eq!(group(pattern, 3), Some(&br"\(c"[..]));
        assert_eq!(group(pattern, 4), None);
    }
}
