//! Finds where the body of a `*_by_lua_block` ends.
//!
//! The lua module of nginx looks for braces, strings, comments and long brackets (its
//! `util/gen-lexer-c` lists the eight patterns) and skips everything else. A string
//! that its line does not end is no string, so that an apostrophe does no harm.
//!
//! The module sees no more of the file at a time than nginx's buffer holds, and takes what
//! is cut off for missing. Long strings and long stretches without any token are refused
//! because of that, and a comment may end too early. It also forgets to count the lines of
//! such a stretch; the lines that nginx prints behind one are not ours.

use super::buffer;

/// What there is to say of a body; offsets from the start of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Body {
    /// Its `}`, or `None` where the file ends first.
    pub(super) close: Option<usize>,
    /// Why the lua module refuses it.
    pub(super) problem: Option<Problem>,
}

/// Why the lua module refuses a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    /// The file ends; the module prints the line of the last `{` before.
    EndOfFile { last_open: usize },
    /// No token in a whole buffer, which begins here.
    TooLong { start: usize },
    /// A long bracket that is not closed within the buffer: the place of its opener.
    LongBracket { start: usize, end: usize },
}

/// Reads the bodies of one file, one behind the other.
pub(super) struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    /// How far nginx has read the file; what is behind is not seen.
    pub(super) buffered: usize,
    /// Per quote, a place before which no string starts any more. A line of escaped quotes
    /// is so read once, and not once per quote.
    no_string_before: [usize; 2],
    /// Whether long brackets are minded; not when one was never closed.
    brackets: bool,
}

enum Token {
    Open(usize),
    Close(usize),
    Skipped,
    /// A long bracket that does not end.
    Unclosed {
        start: usize,
        end: usize,
    },
}

/// What a body lacks.
enum Missing {
    /// A token that fits the buffer.
    Token,
    /// The rest of the file.
    EndOfFile,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            at: 0,
            buffered: 0,
            no_string_before: [0; 2],
            brackets: true,
        }
    }

    /// Reads the body that begins behind the `{` at `open`, as far as to its end.
    pub(super) fn body(&mut self, open: usize) -> Body {
        let mut problem = None;
        let mut depth = 0usize;
        let mut last_open = open;
        self.at = open + 1;
        loop {
            let start = self.at;
            match self.token() {
                Ok(Token::Open(at)) => {
                    depth += 1;
                    last_open = at;
                }
                Ok(Token::Close(at)) if depth == 0 => {
                    return Body {
                        close: Some(at),
                        problem,
                    };
                }
                Ok(Token::Close(_)) => depth -= 1,
                Ok(Token::Skipped) => {}
                Ok(Token::Unclosed { start, end }) => {
                    problem.get_or_insert(Problem::LongBracket { start, end });
                    if self.buffered < self.text.len() {
                        self.see_everything();
                        self.at = start;
                    } else {
                        self.brackets = false;
                    }
                }
                Err(Missing::Token) => {
                    problem.get_or_insert(Problem::TooLong { start });
                    self.see_everything();
                    self.at = start;
                }
                Err(Missing::EndOfFile) => {
                    problem.get_or_insert(Problem::EndOfFile { last_open });
                    return Body {
                        close: None,
                        problem,
                    };
                }
            }
        }
    }

    /// The next token, with as much of the file read as it takes.
    fn token(&mut self) -> Result<Token, Missing> {
        let mut kept = self.at;
        loop {
            let left = self.buffered.saturating_sub(self.at);
            let more = self.buffered < self.text.len();
            if left == 0 && !more {
                return Err(Missing::EndOfFile);
            }
            if left < buffer::SIZE / 2 && more {
                if self.buffered.saturating_sub(kept) == buffer::SIZE {
                    return Err(Missing::Token);
                }
                self.read_to(kept + buffer::SIZE);
            }
            let start = self.at;
            if let Some(token) = self.seen_token() {
                return Ok(token);
            }
            if self.buffered == self.text.len() {
                return Err(Missing::EndOfFile);
            }
            if self.buffered - start == buffer::SIZE {
                return Err(Missing::Token);
            }
            // What was seen is not looked at again, though a token may have begun there.
            self.at = self.buffered;
            kept = start;
            self.read_to(kept + buffer::SIZE);
        }
    }

    fn read_to(&mut self, offset: usize) {
        self.buffered = self.text.len().min(offset);
        self.no_string_before = [0; 2];
    }

    /// Goes on with the whole file in view, which is for what nginx does not come to.
    pub(super) fn see_everything(&mut self) {
        if self.buffered < self.text.len() {
            self.read_to(self.text.len());
        }
    }

    /// The next token of what has been read.
    fn seen_token(&mut self) -> Option<Token> {
        while self.at < self.buffered {
            let start = self.at;
            let rest = &self.text[start..self.buffered];
            let dashes = if rest.starts_with(b"--") { 2 } else { 0 };
            let bracket = if self.brackets {
                opener(&rest[dashes..], b'[')
            } else {
                None
            };
            let length = match (rest[0], bracket) {
                (b'{', _) => {
                    self.at += 1;
                    return Some(Token::Open(start));
                }
                (b'}', _) => {
                    self.at += 1;
                    return Some(Token::Close(start));
                }
                (_, Some(opener)) => return Some(self.long_bracket(rest, dashes, opener)),
                (b'"' | b'\'', _) => self.string(rest),
                (b']', _) => opener(rest, b']'),
                _ if dashes > 0 => Some(memchr::memchr(b'\n', rest).unwrap_or(rest.len())),
                _ => None,
            };
            if let Some(length) = length {
                self.at += length;
                return Some(Token::Skipped);
            }
            self.at += 1;
        }
        None
    }

    /// The length of the string that starts here, if its line ends it.
    fn string(&mut self, rest: &[u8]) -> Option<usize> {
        let quote = rest[0];
        let no_string_before = &mut self.no_string_before[usize::from(quote == b'"')];
        if self.at < *no_string_before {
            return None;
        }
        let mut at = 1;
        while let Some(&byte) = rest.get(at) {
            match byte {
                b'\n' => break,
                b'\\' if rest.get(at + 1) == Some(&b'\n') => break,
                b'\\' => at += 2,
                _ if byte == quote => return Some(at + 1),
                _ => at += 1,
            }
        }
        *no_string_before = self.at + at;
        None
    }

    /// Skips a long bracket; its opener is `opener` bytes long behind the `dashes`.
    fn long_bracket(&mut self, rest: &[u8], dashes: usize, opener: usize) -> Token {
        let start = self.at;
        let inside = dashes + opener;
        let mut closer = vec![b'='; opener];
        closer[0] = b']';
        closer[opener - 1] = b']';
        match memchr::memmem::find(&rest[inside..], &closer) {
            Some(found) => {
                self.at += inside + found + opener;
                Token::Skipped
            }
            None => {
                self.at += inside;
                Token::Unclosed {
                    start,
                    end: self.at,
                }
            }
        }
    }
}

/// The length of a bracket, any number of `=`, and the same bracket again.
fn opener(text: &[u8], bracket: u8) -> Option<usize> {
    let level = text.strip_prefix(&[bracket])?;
    let level = level.iter().take_while(|&&byte| byte == b'=').count();
    (text.get(level + 1) == Some(&bracket)).then_some(level + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body of `{` + text, with the offsets that the text has.
    fn read(text: &str) -> Body {
        let mut body = Reader::new(format!("{{{text}").as_bytes()).body(0);
        body.close = body.close.map(|close| close - 1);
        body
    }

    fn closes_at_its_end(text: &str) -> bool {
        read(&format!("{text}}} }}")).close == Some(text.len())
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
            read(" { \n x }").problem,
            Some(Problem::EndOfFile { last_open: 2 }),
            "the lua module prints the line of the last brace"
        );
        let bracket = |start, end| Some(Problem::LongBracket { start, end });
        assert_eq!(read("x = [=[ ]] } ").problem, bracket(5, 8));
        assert_eq!(read("x = --[[ } ").problem, bracket(5, 9));
    }

    #[test]
    fn what_does_not_fit_the_buffer_is_refused_and_still_read() {
        let long = "x".repeat(buffer::SIZE);
        let far = "y".repeat(buffer::SIZE);
        let after = |text: String| {
            let text = format!("{text}}} {far}");
            let body = read(&text);
            (body.problem, body.close == Some(text.len() - far.len() - 2))
        };
        let too_long = Some(Problem::TooLong { start: 1 });
        assert_eq!(after(format!("{long} ")), (too_long, true));
        let bracket = Some(Problem::LongBracket { start: 1, end: 3 });
        assert_eq!(after(format!("[[{long}]]")), (bracket, true));
        assert_eq!(after("]]".repeat(buffer::SIZE)), (None, true));
    }

    #[test]
    fn what_never_ends_is_looked_for_once() {
        for text in [r#"\"}"#, "[[}", "--[[}", "[=[}[[}", r"\'{", "[==", "--\n"] {
            let text = text.repeat(500_000);
            let mut reader = Reader::new(text.as_bytes());
            reader.see_everything();
            let mut open = 0;
            while let Some(close) = reader.body(open).close {
                open = close;
            }
        }
    }
}
