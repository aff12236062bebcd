//! Tokens, as `ngx_conf_read_token` cuts them.
//!
//! Each parser here takes the rest of the file and gives back the rest behind its token,
//! so that a token's place is the difference of two lengths.

use super::word::{Quote, mark};
use nom::branch::alt;
use nom::bytes::complete::take_until;
use nom::combinator::{rest, value};
use nom::{IResult, Parser};

type Lexed<'t> = IResult<&'t [u8], Token, ()>;

/// What a token is; its bytes are those that its parser took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// `#` and what follows on its line.
    Comment,
    /// A word without quotes, and its [`mark`]s.
    Bare(u8),
    /// A word in quotes, both taken.
    Quoted(Quote),
    /// A word in quotes which the file ends before closing; it reaches to the end.
    Unclosed(Quote),
    /// `;`
    Semicolon,
    /// `{`
    Open,
    /// `}`
    Close,
}

const BLANK: u8 = 1;
const STOP: u8 = 2;
const BACKSLASH: u8 = 4;
const DOLLAR: u8 = 8;

/// What a byte does in a bare word; 0 for most.
const CLASS: [u8; 256] = {
    let mut class = [0; 256];
    class[b' ' as usize] = BLANK;
    class[b'\t' as usize] = BLANK;
    class[b'\r' as usize] = BLANK;
    class[b'\n' as usize] = BLANK;
    class[b';' as usize] = STOP;
    class[b'{' as usize] = STOP;
    class[b'\\' as usize] = BACKSLASH;
    class[b'$' as usize] = DOLLAR;
    class
};

/// Whether nginx takes the byte as a blank between words. It knows four.
#[inline]
pub(super) fn is_blank(byte: u8) -> bool {
    CLASS[usize::from(byte)] == BLANK
}

/// The rest behind a run of blanks, which may be empty.
#[inline]
pub(super) fn skip_blanks(input: &[u8]) -> &[u8] {
    let blanks = input.iter().position(|&byte| !is_blank(byte));
    &input[blanks.unwrap_or(input.len())..]
}

/// One token where a word may start; fails only at the end of the file.
// A result of this size goes through memory otherwise, once for every token.
#[inline(always)]
pub(super) fn token(input: &[u8]) -> Lexed<'_> {
    match input {
        [] => Err(nom::Err::Error(())),
        [b';', behind @ ..] => Ok((behind, Token::Semicolon)),
        [b'{', behind @ ..] => Ok((behind, Token::Open)),
        [b'}', behind @ ..] => Ok((behind, Token::Close)),
        [b'#', ..] => value(Token::Comment, alt((take_until(&b"\n"[..]), rest))).parse(input),
        [b'"', ..] => quoted(Quote::Double, input),
        [b'\'', ..] => quoted(Quote::Single, input),
        _ => match short(input) {
            Some(behind) => Ok((behind, Token::Bare(0))),
            None => bare(input),
        },
    }
}

/// The rest behind a word without quotes that has only a few bytes, none of which does
/// anything: worth no call.
#[inline(always)]
fn short(input: &[u8]) -> Option<&[u8]> {
    let few = input.first_chunk::<8>()?;
    let stop = few.iter().position(|&byte| CLASS[usize::from(byte)] != 0)?;
    (CLASS[usize::from(few[stop])] <= STOP).then(|| &input[stop..])
}

/// A word in quotes. A backslash takes the next byte with it, whatever that is.
fn quoted(quote: Quote, input: &[u8]) -> Lexed<'_> {
    let mut at = 1;
    while let Some(found) = memchr::memchr2(quote.byte(), b'\\', &input[at..]) {
        at += found;
        if input[at] == quote.byte() {
            return Ok((&input[at + 1..], Token::Quoted(quote)));
        }
        at = (at + 2).min(input.len());
    }
    Ok((&input[input.len()..], Token::Unclosed(quote)))
}

/// How many bytes do nothing in a bare word; in steps of eight, as most words are longer
/// than a few bytes and this is where parsing spends its time.
fn plain(input: &[u8]) -> usize {
    let mut at = 0;
    while let Some(eight) = input[at..].first_chunk::<8>() {
        if at == LONG {
            at += plain_blocks(&input[at..]);
            break;
        }
        for (offset, &byte) in eight.iter().enumerate() {
            if CLASS[usize::from(byte)] != 0 {
                return at + offset;
            }
        }
        at += 8;
    }
    let rest = &input[at..];
    let stop = rest.iter().position(|&byte| CLASS[usize::from(byte)] != 0);
    at + stop.unwrap_or(rest.len())
}

/// A word of so many bytes is rare, and may be very long.
const LONG: usize = 256;

/// As [`plain`], but in whole blocks, which are compared without branches.
fn plain_blocks(input: &[u8]) -> usize {
    let is_plain = |block: &&[u8]| {
        let stops = block.iter().fold(0, |stops, &byte| {
            stops
                | u8::from(byte == b' ')
                | u8::from(byte == b'\t')
                | u8::from(byte == b'\r')
                | u8::from(byte == b'\n')
                | u8::from(byte == b';')
                | u8::from(byte == b'{')
                | u8::from(byte == b'\\')
                | u8::from(byte == b'$')
        });
        stops == 0
    };
    const BLOCK: usize = 64;
    input.chunks_exact(BLOCK).take_while(is_plain).count() * BLOCK
}

/// A word without quotes; the input has a byte that can start one.
///
/// It ends before a blank, `;` or `{`. A backslash takes the next byte with it, and so
/// does `$` the braces right behind it. Quotes, `#` and `}` are ordinary inside.
fn bare(input: &[u8]) -> Lexed<'_> {
    let mut at = 0;
    let mut marks = 0;
    loop {
        at += plain(&input[at..]);
        let Some(&byte) = input.get(at) else { break };
        match CLASS[usize::from(byte)] {
            BACKSLASH => {
                marks |= input.get(at + 1).map_or(0, |next| mark::of_escaped(*next));
                at = (at + 2).min(input.len());
            }
            DOLLAR => {
                marks |= mark::DOLLAR;
                at += 1;
                while input.get(at) == Some(&b'{') {
                    at += 1;
                }
            }
            _ => break,
        }
    }
    Ok((&input[at..], Token::Bare(marks)))
}
