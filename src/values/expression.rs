//! Texts with variables, `$name` and `${name}`, and captures `$1` to `$9`
//! (`ngx_http_script_compile`, `ngx_stream_script_compile`).

use std::ops::Range;

/// A part of an expression; ranges are into the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text that stands for itself.
    Text(Range<usize>),
    /// A variable.
    Variable {
        /// Where its name is.
        name: Range<usize>,
        /// Where all of it is, with `$` and braces.
        whole: Range<usize>,
    },
    /// What a group of the last regular expression matched.
    Capture {
        /// Which group, 1 to 9.
        group: u8,
        /// Where it is.
        whole: Range<usize>,
    },
}

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// A `$` without a name behind it, at this offset.
    #[error("invalid variable name")]
    InvalidName(usize),
    /// A `${` without `}`; the range is that of the name.
    #[error("the closing bracket is missing")]
    Unclosed(Range<usize>),
}

/// Whether a byte may be in the name of a variable.
#[must_use]
pub fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// How many variables and captures nginx counts in a text (`ngx_http_script_variables_count`):
/// where there are none, it is taken as it stands.
#[must_use]
pub fn has_variables(text: &[u8]) -> bool {
    memchr::memchr(b'$', text).is_some()
}

/// Takes a text apart.
///
/// # Errors
/// The first variable that is written wrongly.
pub fn parse(text: &[u8]) -> Result<Vec<Part>, ExpressionError> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let start = at;
        if text[at] != b'$' {
            at = memchr::memchr(b'$', &text[at..]).map_or(text.len(), |next| at + next);
            parts.push(Part::Text(start..at));
            continue;
        }
        at += 1;
        match text.get(at) {
            None => return Err(ExpressionError::InvalidName(start)),
            Some(&digit @ b'1'..=b'9') => {
                at += 1;
                parts.push(Part::Capture {
                    group: digit - b'0',
                    whole: start..at,
                });
                continue;
            }
            _ => {}
        }
        let braced = text[at] == b'{';
        at += usize::from(braced);
        if at == text.len() {
            return Err(ExpressionError::InvalidName(start));
        }
        let name_start = at;
        while text.get(at).is_some_and(|byte| is_name_byte(*byte)) {
            at += 1;
        }
        let name = name_start..at;
        if braced {
            if text.get(at) != Some(&b'}') {
                return Err(ExpressionError::Unclosed(name));
            }
            at += 1;
        }
        if name.is_empty() {
            return Err(ExpressionError::InvalidName(start));
        }
        parts.push(Part::Variable {
            name,
            whole: start..at,
        });
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_captures_are_told_apart() {
        let parts = parse(b"a$host:${port}b$1c$10$0").unwrap();
        insta::assert_compact_debug_snapshot!(parts, @"[Text(0..1), Variable { name: 2..6, whole: 1..6 }, Text(6..7), Variable { name: 9..13, whole: 7..14 }, Text(14..15), Capture { group: 1, whole: 15..17 }, Text(17..18), Capture { group: 1, whole: 18..20 }, Text(20..21), Variable { name: 22..23, whole: 21..23 }]");
    }

    #[test]
    fn what_is_no_variable_is_refused() {
        use ExpressionError::*;
        for (text, expected) in [
            ("$", InvalidName(0)),
            ("a$", InvalidName(1)),
            ("$-", InvalidName(0)),
            ("${", InvalidName(0)),
            ("${}", InvalidName(0)),
            ("${a", Unclosed(2..3)),
            ("${a-b}", Unclosed(2..3)),
        ] {
            assert_eq!(parse(text.as_bytes()), Err(expected), "{text}");
        }
    }
}
