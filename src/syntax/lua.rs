//! Finds where the body of a `*_by_lua_block` ends.
//!
//! The lua module of nginx looks for braces, strings, comments and long brackets (its
//! `util/gen-lexer-c` lists the eight patterns) and skips everything else. A string
//! that its line does not end is no string, so that an apostrophe does no harm.

/// What there is to say of a raw body; offsets into the text that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Body {
    /// Its `}`, or `None` where the file ends first.
    pub(super) close: Option<usize>,
    /// The last `{` inside, whose line the lua module prints where `}` is missing.
    pub(super) last_open: Option<usize>,
    /// The first long bracket that is never closed: its first byte, and behind its last.
    pub(super) open_bracket: Option<(usize, usize)>,
}

/// Reads a body; the text begins behind its `{`.
pub(super) fn body(text: &[u8]) -> Body {
    let mut found = Body {
        close: None,
        last_open: None,
        open_bracket: None,
    };
    let mut depth = 0usize;
    let mut strings = Strings::default();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let rest = &text[at..];
        at += match byte {
            b'{' => {
                depth += 1;
                found.last_open = Some(at);
                1
            }
            b'}' if depth == 0 => {
                found.close = Some(at);
                return found;
            }
            b'}' => {
                depth -= 1;
                1
            }
            b'"' | b'\'' => strings.skip(text, at),
            b'-' | b'[' => match long_bracket(rest) {
                Some(Long { opener, end: None }) => {
                    found.open_bracket.get_or_insert((at, at + opener));
                    opener
                }
                Some(Long { end: Some(end), .. }) => end,
                None if rest.starts_with(b"--") => {
                    memchr::memchr(b'\n', rest).unwrap_or(rest.len())
                }
                None => 1,
            },
            _ => 1,
        };
    }
    found
}

/// A long bracket, as a string or a comment: the lengths of its opener and of the whole.
struct Long {
    opener: usize,
    end: Option<usize>,
}

fn long_bracket(text: &[u8]) -> Option<Long> {
    let bracket = if text.starts_with(b"--") { 2 } else { 0 };
    let level = text.get(bracket..)?.strip_prefix(b"[")?;
    let level = level.iter().take_while(|&&byte| byte == b'=').count();
    let opener = bracket + level + 2;
    if text.get(opener - 1) != Some(&b'[') {
        return None;
    }
    let mut closer = vec![b'='; level + 2];
    closer[0] = b']';
    closer[level + 1] = b']';
    let end = memchr::memmem::find(&text[opener..], &closer);
    Some(Long {
        opener,
        end: end.map(|end| opener + end + closer.len()),
    })
}

/// Where no string can end any more, so that a line of escaped quotes is read once.
#[derive(Default)]
struct Strings {
    open_until: [usize; 2],
}

impl Strings {
    /// The length of the string that starts here; 1 where its line does not end it.
    fn skip(&mut self, text: &[u8], start: usize) -> usize {
        let quote = text[start];
        let open_until = &mut self.open_until[usize::from(quote == b'"')];
        if start < *open_until {
            return 1;
        }
        let mut at = start + 1;
        while let Some(&byte) = text.get(at) {
            match byte {
                b'\n' => break,
                b'\\' if text.get(at + 1) == Some(&b'\n') => break,
                b'\\' => at += 2,
                _ if byte == quote => return at + 1 - start,
                _ => at += 1,
            }
        }
        *open_until = at;
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closes_at_its_end(text: &str) -> bool {
        body(format!("{text}}} }}").as_bytes()).close == Some(text.len())
    }

    #[test]
    fn braces_in_strings_comments_and_long_brackets_do_not_count() {
        for text in [
            "",
            "local t = { { 1 }, {} }",
            "say('}')",
            r#"say("}\"}")"#,
            r"say('}\'}\\')",
            "-- it's } a comment\n",
            "--[[ } \n } ]] x = 1",
            "--[==[ }]]}]=]} ]==]",
            "---[[ } \n",
            "--[=x } \n",
            "x = [[ } ]]",
            "x = [==[ } ]] } ]==]",
            "a[b[1]] = 2",
            "a = b - c",
        ] {
            assert!(closes_at_its_end(text), "{text}");
        }
    }

    #[test]
    fn a_string_ends_on_its_line_or_is_none() {
        assert!(closes_at_its_end("-1 don't { }\n"));
        assert!(closes_at_its_end("say(\"a\\\n{ }\n"));
        assert!(!closes_at_its_end("say(\"{\n"));
    }

    #[test]
    fn what_is_missing_is_told() {
        assert_eq!(
            body(b" { \n x }").last_open,
            Some(1),
            "the lua module prints the line of the last brace"
        );
        assert_eq!(body(b"x = [=[ ]] } ").open_bracket, Some((4, 7)));
        assert_eq!(body(b"x = --[[ } ").open_bracket, Some((4, 8)));
    }

    #[test]
    fn a_line_of_escaped_quotes_takes_linear_time() {
        let text = r#"\""#.repeat(500_000);
        assert_eq!(body(text.as_bytes()).close, None);
    }
}
