//! What is wrong with a text, in our words and in nginx's.

use super::lexer;
use super::word::{Quote, unescape};
use crate::source::{Span, readable};
use std::borrow::Cow;

/// nginx cuts its messages there (`NGX_MAX_CONF_ERRSTR` of `src/core/ngx_conf_file.c`).
const MAX_MESSAGE: usize = 1024;

/// A mistake in the text.
///
/// nginx stops at its first one. Those behind it are what is wrong with the rest, read
/// as if the earlier ones had been repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub kind: SyntaxErrorKind,
    /// What to point at.
    pub span: Span,
    /// Another place that matters; [`SyntaxError::related_label`] says what it is.
    pub related: Option<Span>,
    /// What nginx says.
    pub nginx: NginxWords,
    /// Where nginx says it; only the line of its end counts.
    pub at: Span,
    /// Offset of the statement at which nginx stops. It acts on the statements that begin
    /// before, and on no other.
    pub from: u32,
}

/// The kinds of mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SyntaxErrorKind {
    /// A `;` with nothing before it.
    StraySemicolon,
    /// A `{` with nothing before it.
    NamelessBlock,
    /// A tag of Jinja and its like where a name is expected: the file is no configuration but
    /// makes one. What is wrong behind it is not told.
    TemplateTag,
    /// A statement without `;` before a `}`; the span is its last word.
    MissingSemicolon,
    /// A statement without `;` at the end of the file; the span is its last word.
    UnfinishedStatement,
    /// A `}` that closes nothing.
    StrayBrace,
    /// A block without `}` at the end of the file. By the indentation it is the one at the
    /// span; without any hint from there it is the innermost one.
    UnclosedBlock,
    /// A quote that is not closed where it was meant to be; the span ends where that
    /// probably is.
    UnclosedQuote(Quote),
    /// Text right behind a closing quote.
    TextAfterQuote,
    /// A word of 4,096 bytes or more, or of one or two less before a blank.
    LongWord,
    /// A comment of 4,096 bytes or more.
    LongComment,
    /// A UTF-8 byte order mark at the start of the file. nginx reads it as a part of the
    /// first word, which is no mistake to it in a file included into `map` or `types`.
    ByteOrderMark,
    /// A raw body without `}` at the end of the file.
    UnclosedLua,
    /// A raw body of which nginx's buffer has 4,096 bytes without anything that the lua
    /// module looks for.
    LongLua,
    /// A long bracket of a raw body that is not closed within nginx's buffer, which holds
    /// between 2,048 and 4,096 bytes of it.
    LongBracket,
}

impl SyntaxError {
    /// The public id of its kind.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self.kind {
            SyntaxErrorKind::StraySemicolon => "stray-semicolon",
            SyntaxErrorKind::NamelessBlock | SyntaxErrorKind::TemplateTag => "nameless-block",
            SyntaxErrorKind::MissingSemicolon | SyntaxErrorKind::UnfinishedStatement => {
                "missing-semicolon"
            }
            SyntaxErrorKind::StrayBrace | SyntaxErrorKind::UnclosedBlock => "unmatched-brace",
            SyntaxErrorKind::UnclosedQuote(_) => "unclosed-quote",
            SyntaxErrorKind::TextAfterQuote => "text-after-quote",
            SyntaxErrorKind::LongWord | SyntaxErrorKind::LongComment => "too-long-parameter",
            SyntaxErrorKind::ByteOrderMark => "byte-order-mark",
            SyntaxErrorKind::UnclosedLua => "unclosed-lua-block",
            SyntaxErrorKind::LongLua | SyntaxErrorKind::LongBracket => "too-long-lua-block",
        }
    }

    /// What is wrong, in one statement; `text` is that of the file.
    #[must_use]
    pub fn message(&self, text: &[u8]) -> String {
        match self.kind {
            SyntaxErrorKind::StraySemicolon => "`;` ends nothing".to_owned(),
            SyntaxErrorKind::NamelessBlock => "a block without a name".to_owned(),
            SyntaxErrorKind::TemplateTag => {
                "the file is a template, and nginx reads what it makes".to_owned()
            }
            SyntaxErrorKind::MissingSemicolon | SyntaxErrorKind::UnfinishedStatement => {
                format!("`{}` is not ended by `;`", word_at(text, self.from))
            }
            SyntaxErrorKind::StrayBrace => "`}` closes nothing".to_owned(),
            SyntaxErrorKind::UnclosedBlock => {
                format!(
                    "the block of `{}` is never closed",
                    word_at(text, self.span.start)
                )
            }
            SyntaxErrorKind::UnclosedQuote(quote) => {
                format!("the quote `{}` is not closed", char::from(quote.byte()))
            }
            SyntaxErrorKind::TextAfterQuote => {
                format!(
                    "`{}` is glued to a closing quote",
                    word_at(text, self.span.start)
                )
            }
            SyntaxErrorKind::LongWord => {
                "an argument is longer than nginx's buffer of 4,096 bytes".to_owned()
            }
            SyntaxErrorKind::LongComment => {
                "a comment is longer than nginx's buffer of 4,096 bytes".to_owned()
            }
            SyntaxErrorKind::ByteOrderMark => {
                "the file begins with a byte order mark, which nginx takes for text".to_owned()
            }
            SyntaxErrorKind::UnclosedLua => {
                format!(
                    "the Lua code of `{}` has no closing `}}`",
                    word_at(text, self.span.start)
                )
            }
            SyntaxErrorKind::LongLua => format!(
                "the Lua code of `{}` has a stretch that does not fit nginx's buffer of 4,096 \
                 bytes",
                word_at(text, self.span.start)
            ),
            SyntaxErrorKind::LongBracket => {
                "a long bracket is not closed within nginx's buffer".to_owned()
            }
        }
    }

    /// What to do, as an order.
    #[must_use]
    pub fn help(&self) -> String {
        match self.kind {
            SyntaxErrorKind::StraySemicolon => "Remove it".to_owned(),
            SyntaxErrorKind::NamelessBlock => {
                "Write the name of the block before `{`, such as `server`; nothing may stand \
                 between the two but its arguments"
                    .to_owned()
            }
            SyntaxErrorKind::TemplateTag => {
                "Let the template make the configuration, and lint that".to_owned()
            }
            SyntaxErrorKind::MissingSemicolon | SyntaxErrorKind::UnfinishedStatement => {
                "Write `;` at its end".to_owned()
            }
            SyntaxErrorKind::StrayBrace => {
                "Remove the `}` that is too many, or write the `{` that is missing".to_owned()
            }
            SyntaxErrorKind::UnclosedBlock => "Write `}` where it ends".to_owned(),
            SyntaxErrorKind::UnclosedQuote(quote) => {
                let quote = char::from(quote.byte());
                format!("Write `{quote}` where the argument ends, or `\\{quote}` to mean the quote")
            }
            SyntaxErrorKind::TextAfterQuote => {
                "Write a blank between the two, or the whole argument in one pair of quotes"
                    .to_owned()
            }
            SyntaxErrorKind::LongWord => {
                "Split it into several arguments or variables, or move it to a file".to_owned()
            }
            SyntaxErrorKind::LongComment => "Split it into several lines".to_owned(),
            SyntaxErrorKind::ByteOrderMark => {
                "Save the file as UTF-8 without a byte order mark".to_owned()
            }
            SyntaxErrorKind::UnclosedLua => {
                "Write `}` where the Lua code ends; braces outside its strings and comments count"
                    .to_owned()
            }
            SyntaxErrorKind::LongLua | SyntaxErrorKind::LongBracket => {
                "Move the Lua code to a file and name that in `…_by_lua_file`".to_owned()
            }
        }
    }

    /// A few words for the place.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self.kind {
            SyntaxErrorKind::StraySemicolon => "nothing before this",
            SyntaxErrorKind::NamelessBlock => "a name is missing here",
            SyntaxErrorKind::TemplateTag => "no directive of nginx's",
            SyntaxErrorKind::MissingSemicolon | SyntaxErrorKind::UnfinishedStatement => {
                "`;` is missing after this"
            }
            SyntaxErrorKind::StrayBrace => "no block is open here",
            SyntaxErrorKind::UnclosedBlock => "opened here",
            SyntaxErrorKind::UnclosedQuote(_) => "opened here",
            SyntaxErrorKind::TextAfterQuote => "no blank before this",
            SyntaxErrorKind::LongWord | SyntaxErrorKind::LongComment => "too long",
            SyntaxErrorKind::ByteOrderMark => "byte order mark",
            SyntaxErrorKind::UnclosedLua => "opened here",
            SyntaxErrorKind::LongLua => "too long",
            SyntaxErrorKind::LongBracket => "opened here",
        }
    }

    /// A few words for the related place.
    #[must_use]
    pub fn related_label(&self) -> &'static str {
        match self.kind {
            SyntaxErrorKind::StrayBrace => "probably closes too early",
            _ => "comes before `;`",
        }
    }
}

/// The word that starts at an offset, cut to what a message can bear.
fn word_at(text: &[u8], offset: u32) -> String {
    const ENOUGH: usize = 60;
    let rest = text.get(offset as usize..).unwrap_or_default();
    let word = match lexer::token(rest) {
        Ok((behind, _)) => &rest[..rest.len() - behind.len()],
        Err(_) => rest,
    };
    let shown = readable(&word[..word.len().min(4 * ENOUGH)]);
    match shown.char_indices().nth(ENOUGH) {
        Some((cut, _)) => format!("{}…", &shown[..cut]),
        None => shown.into_owned(),
    }
}

/// What nginx prints at a mistake, without level and place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NginxWords {
    /// `unexpected "c"`.
    Unexpected(u8),
    /// `unexpected end of file, expecting ";" or "}"`.
    EndInStatement,
    /// `unexpected end of file, expecting "}"`.
    EndInBlock,
    /// `too long parameter "…" started`, with the ten bytes from an offset on.
    TooLong(u32),
    /// `too long parameter, probably missing terminating "c" character`.
    TooLongQuoted(Quote),
    /// `unknown directive "…"` for the bare word between two offsets.
    UnknownDirective(u32, u32),
    /// `unexpected end of file, expecting terminating characters for lua code block`.
    EndInLua,
    /// `too long lua code block, probably missing terminating characters`.
    TooLongLua,
    /// `Lua code block missing the closing long bracket "…", the inlined Lua code may be too
    /// long`, for the opening bracket between two offsets.
    MissingLongBracket(u32, u32),
}

impl NginxWords {
    /// The message as [`readable`] text; `text` is that of the file.
    #[must_use]
    pub fn message(self, text: &[u8]) -> String {
        let bytes = self.bytes(text);
        readable(&bytes[..bytes.len().min(MAX_MESSAGE)]).into_owned()
    }

    fn bytes(self, text: &[u8]) -> Cow<'static, [u8]> {
        let between = |start: u32, end: u32| {
            let end = text.len().min(end as usize);
            &text[end.min(start as usize)..end]
        };
        let quoted = |before: &str, inside: &[u8], behind: &str| {
            Cow::Owned([before.as_bytes(), b"\"", inside, b"\"", behind.as_bytes()].concat())
        };
        match self {
            Self::Unexpected(byte) => quoted("unexpected ", &[byte], ""),
            Self::EndInStatement => {
                Cow::Borrowed(br#"unexpected end of file, expecting ";" or "}""#)
            }
            Self::EndInBlock => Cow::Borrowed(br#"unexpected end of file, expecting "}""#),
            Self::TooLong(start) => {
                let begin = [between(start, start.saturating_add(10)), b"..."].concat();
                quoted("too long parameter ", &begin, " started")
            }
            Self::TooLongQuoted(quote) => quoted(
                "too long parameter, probably missing terminating ",
                &[quote.byte()],
                " character",
            ),
            Self::UnknownDirective(start, end) => {
                let name = unescape(between(start, end));
                // It is printed as a C string.
                let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
                quoted("unknown directive ", name, "")
            }
            Self::EndInLua => Cow::Borrowed(
                b"unexpected end of file, expecting terminating characters for lua code block",
            ),
            Self::TooLongLua => {
                Cow::Borrowed(b"too long lua code block, probably missing terminating characters")
            }
            Self::MissingLongBracket(start, end) => {
                let opener = between(start, end);
                let opener = opener.strip_prefix(b"--").unwrap_or(opener);
                let mut closer = opener.to_vec();
                closer.iter_mut().for_each(|byte| {
                    if *byte == b'[' {
                        *byte = b']';
                    }
                });
                quoted(
                    "Lua code block missing the closing long bracket ",
                    &closer,
                    ", the inlined Lua code may be too long",
                )
            }
        }
    }
}
