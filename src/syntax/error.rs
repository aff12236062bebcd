//! What is wrong with a text, in our words and in nginx's.

use super::word::{Quote, unescape};
use crate::source::Span;

/// nginx cuts its messages there (`NGX_MAX_CONF_ERRSTR`).
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
    /// Another place that matters: the block that is not closed, or the `}` that came
    /// where `;` was expected.
    pub related: Option<Span>,
    /// What nginx says.
    pub nginx: NginxWords,
    /// Where nginx says it; only the line of its end counts.
    pub at: Span,
    /// Offset of the statement at which nginx stops. It acts on the statements that begin
    /// before it, and on no other.
    pub from: u32,
}

/// The kinds of mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SyntaxErrorKind {
    /// A `;` with nothing before it.
    StraySemicolon,
    /// A `{` with nothing before it.
    NamelessBlock,
    /// A statement without `;` before a `}`.
    MissingSemicolon,
    /// A statement without `;` at the end of the file.
    UnfinishedStatement,
    /// A `}` that closes nothing.
    StrayBrace,
    /// A block without `}` at the end of the file.
    UnclosedBlock,
    /// A quote that is not closed where it was meant to be.
    UnclosedQuote(Quote),
    /// Text right behind a closing quote.
    TextAfterQuote,
    /// A word of more than about 4,094 bytes.
    LongWord,
    /// A comment of more than 4,095 bytes.
    LongComment,
    /// A UTF-8 byte order mark at the start of the file. nginx reads it as a part of the
    /// first word, which makes no harm in a file included into `map` or `types`.
    ByteOrderMark,
    /// A raw body without `}` at the end of the file.
    UnclosedRawBody,
    /// More of a raw body than nginx's buffer holds, with nothing in it that the lua
    /// module looks for.
    LongLua,
    /// A long bracket of a raw body that is not closed within nginx's buffer, which holds
    /// between 2,048 and 4,096 bytes of it.
    UnclosedLongBracket,
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
    /// `unknown directive "…"` for the word between two offsets, byte order mark included.
    UnknownDirective(u32, u32),
    /// `unexpected end of file, expecting terminating characters for lua code block`.
    EndInLua,
    /// `too long lua code block, probably missing terminating characters`.
    TooLongLua,
    /// `Lua code block missing the closing long bracket "…"`, for the bracket between two
    /// offsets.
    MissingLongBracket(u32, u32),
}

impl NginxWords {
    /// The message; `text` is that of the file. Bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn message(self, text: &[u8]) -> String {
        let bytes = |start: u32, end: u32| {
            let end = text.len().min(end as usize);
            &text[end.min(start as usize)..end]
        };
        let between = |start, end| String::from_utf8_lossy(bytes(start, end));
        match self {
            Self::Unexpected(byte) => {
                format!("unexpected \"{}\"", String::from_utf8_lossy(&[byte]))
            }
            Self::EndInStatement => r#"unexpected end of file, expecting ";" or "}""#.to_owned(),
            Self::EndInBlock => r#"unexpected end of file, expecting "}""#.to_owned(),
            Self::TooLong(start) => {
                format!(
                    "too long parameter \"{}...\" started",
                    between(start, start + 10)
                )
            }
            Self::TooLongQuoted(quote) => format!(
                "too long parameter, probably missing terminating \"{}\" character",
                char::from(quote.byte())
            ),
            Self::UnknownDirective(start, end) => {
                let name = unescape(bytes(start, end));
                let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
                let mut message = [b"unknown directive \"", name, b"\""].concat();
                message.truncate(MAX_MESSAGE);
                String::from_utf8_lossy(&message).into_owned()
            }
            Self::EndInLua => "unexpected end of file, expecting terminating characters for lua \
                               code block"
                .to_owned(),
            Self::TooLongLua => {
                "too long lua code block, probably missing terminating characters".to_owned()
            }
            Self::MissingLongBracket(start, end) => format!(
                "Lua code block missing the closing long bracket \"{}\", the inlined Lua code \
                 may be too long",
                between(start, end)
                    .trim_start_matches("--")
                    .replace('[', "]")
            ),
        }
    }
}
