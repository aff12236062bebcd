//! The block loop: statements, blocks, and how to go on behind a mistake.

use super::error::{NginxWords, SyntaxError, SyntaxErrorKind};
use super::lexer::{self, Token};
use super::lua::{self, Problem};
use super::tree::{NONE, Node, Range, Tree};
use super::word::Quote;
use crate::source::{FileId, Span};
use std::sync::Arc;

/// At most so many errors of one file are kept.
pub const MAX_ERRORS: usize = 10_000;

/// The size of nginx's buffer: no word and no comment may fill it.
pub(super) const BUFFER: usize = 4096;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A text taken apart, and what is wrong with it.
#[derive(Debug)]
pub struct Parse {
    /// The tree; it has every byte, whatever is wrong.
    pub tree: Tree,
    /// The mistakes in the order in which nginx would meet them, at most [`MAX_ERRORS`].
    /// With none, nginx's reader accepts the text.
    pub errors: Vec<SyntaxError>,
}

/// Takes a text apart. It does not fail, whatever the bytes are.
///
/// # Panics
/// If the text is 4 GiB or larger, which [`SourceMap::add`](crate::source::SourceMap::add)
/// refuses.
#[must_use]
pub fn parse(file: FileId, text: Arc<[u8]>) -> Parse {
    assert!(
        u32::try_from(text.len()).is_ok(),
        "internal: a text of 4 GiB passed the limits"
    );
    let mut parser = Parser::new(file, &text);
    // About what a common file needs.
    parser.nodes.reserve(text.len() / 32);
    parser.words.reserve(text.len() / 12);
    parser.byte_order_mark();
    while parser.step() {}
    parser.end_of_file();
    let Parser {
        nodes,
        words,
        comments,
        unclosed,
        raws,
        errors,
        ..
    } = parser;
    let tree = Tree {
        file,
        nodes,
        words,
        comments,
        unclosed,
        raws,
        text,
    };
    Parse { tree, errors }
}

struct Parser<'t> {
    file: FileId,
    text: &'t [u8],
    /// What is still to be read.
    rest: &'t [u8],
    nodes: Vec<Node>,
    words: Vec<Range>,
    comments: Vec<Range>,
    unclosed: Vec<u32>,
    raws: Vec<u32>,
    errors: Vec<SyntaxError>,
    /// The statement whose block is being read.
    inside: u32,
    /// The first word of the statement that is being read.
    first_word: u32,
    /// The quote characters that the file is known not to close any more. What was
    /// searched once for the end of a quote is not searched again.
    open_ended: Vec<Quote>,
    lua: lua::Reader<'t>,
    /// Whether the place of a wrong brace was guessed already; once is enough.
    guessed: bool,
}

impl<'t> Parser<'t> {
    fn new(file: FileId, text: &'t [u8]) -> Self {
        Self {
            file,
            text,
            rest: text,
            nodes: Vec::new(),
            words: Vec::new(),
            comments: Vec::new(),
            unclosed: Vec::new(),
            raws: Vec::new(),
            errors: Vec::new(),
            inside: NONE,
            first_word: 0,
            open_ended: Vec::new(),
            lua: lua::Reader::new(text),
            guessed: false,
        }
    }

    /// Reads one token; false at the end of the file.
    fn step(&mut self) -> bool {
        self.rest = lexer::skip_blanks(self.rest);
        let start = self.at();
        if !self.open_ended.is_empty()
            && let Some(quote) = self.rest.first().copied().and_then(Quote::of)
            && self.open_ended.contains(&quote)
        {
            self.unclosed_quote(quote, start);
            return true;
        }
        let Ok((rest, token)) = lexer::token(self.rest) else {
            return false;
        };
        self.rest = rest;
        match token {
            Token::Bare => self.bare(start),
            Token::Quoted(quote) => self.quoted(quote, start),
            Token::Unclosed(quote) => {
                self.open_ended.push(quote);
                self.unclosed_quote(quote, start);
            }
            Token::Comment => self.comment(start),
            Token::Semicolon if self.has_words() => {
                self.push_node(start);
            }
            Token::Semicolon => self.unexpected(SyntaxErrorKind::StraySemicolon, start, start),
            Token::Open => self.open_block(start),
            Token::Close => self.close_brace(start),
        }
        true
    }

    fn bare(&mut self, start: u32) {
        let end = self.push_word(start);
        if (end - start) as usize + 1 >= BUFFER {
            self.limit_word(start, start, end);
        }
    }

    fn quoted(&mut self, quote: Quote, start: u32) {
        let end = self.at();
        let behind = self.rest.first().copied();
        let glued = behind.is_some_and(|byte| {
            // A brace is the business of `close_brace`, in the same words.
            !lexer::is_blank(byte) && !matches!(byte, b';' | b'{' | b')' | b'}')
        });
        let too_long = self.too_long(start + 1, end, Some(quote));
        // Where a quote was forgotten, the next one of its kind ends the word, mostly some
        // lines further on, and what it was meant to open is glued to it.
        if glued && memchr::memchr(b'\n', &self.text[start as usize..end as usize]).is_some() {
            let (nginx, at) = too_long.unwrap_or_else(|| self.unexpected_at(end));
            self.recover_quote(quote, start, nginx, at);
            return;
        }
        self.push_word(start);
        if too_long.is_some() {
            self.limit_word(start, start + 1, end);
        } else if glued {
            self.unexpected(
                SyntaxErrorKind::TextAfterQuote,
                end,
                self.statement_start(end),
            );
        }
    }

    /// A quote that the file does not close.
    fn unclosed_quote(&mut self, quote: Quote, start: u32) {
        let end = self.text.len() as u32;
        let (nginx, at) = self
            .too_long(start + 1, end, Some(quote))
            .unwrap_or((NginxWords::EndInStatement, self.span(end, end)));
        self.recover_quote(quote, start, nginx, at);
    }

    /// Ends a word whose closing quote was forgotten where it was probably meant to end:
    /// on its own line, before the last `;` or a `{` at the end.
    fn recover_quote(&mut self, quote: Quote, start: u32, nginx: NginxWords, at: Span) {
        let line = &self.text[start as usize..];
        let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
        let line = match memchr::memrchr(b';', line) {
            Some(semicolon) => &line[..semicolon],
            None => {
                let line = line.trim_ascii_end();
                line.strip_suffix(b"{").unwrap_or(line)
            }
        };
        // `line` keeps its quote, which none of the bytes that are cut off is.
        let end = start as usize + line.trim_ascii_end().len();
        self.rest = &self.text[end..];
        self.unclosed.push(self.words.len() as u32);
        self.push_word(start);
        self.error(SyntaxError {
            kind: SyntaxErrorKind::UnclosedQuote(quote),
            span: self.span(start, end as u32),
            related: None,
            nginx,
            at,
            from: self.statement_start(start),
        });
    }

    fn comment(&mut self, start: u32) {
        let end = self.at();
        self.comments.push(Range { start, end });
        if (end - start) as usize >= BUFFER && self.text.len() > start as usize + BUFFER {
            self.error(SyntaxError {
                kind: SyntaxErrorKind::LongComment,
                span: self.span(start, end),
                related: None,
                nginx: NginxWords::TooLong(start),
                at: self.span(start, start),
                from: self.statement_start(start),
            });
        }
    }

    fn open_block(&mut self, open: u32) {
        let named = self.has_words();
        if !named {
            self.unexpected(SyntaxErrorKind::NamelessBlock, open, open);
        }
        let name = self.words.get(self.first_word as usize).copied();
        let node = self.push_node(open);
        self.inside = node;
        if let Some(Range { start, end }) = name
            && is_raw(&self.text[start as usize..end as usize])
        {
            self.raw_body(node, open);
        }
    }

    fn raw_body(&mut self, node: u32, open: u32) {
        self.raws.push(node);
        // What nginx has in its buffer counts, as long as it reads at all.
        if self.errors.is_empty() {
            self.lua.buffered = self.buffered_at(open as usize + 1);
        } else {
            self.lua.see_everything();
        }
        let body = self.lua.body(open as usize);
        if let Some(problem) = body.problem {
            let (kind, span, nginx, at) = match problem {
                Problem::EndOfFile { last_open } => (
                    SyntaxErrorKind::UnclosedRawBody,
                    self.head(node),
                    NginxWords::EndInLua,
                    last_open as u32,
                ),
                Problem::TooLong { start } => (
                    SyntaxErrorKind::LongLua,
                    self.head(node),
                    NginxWords::TooLongLua,
                    start as u32,
                ),
                Problem::LongBracket { start, end } => {
                    let (start, end) = (start as u32, end as u32);
                    (
                        SyntaxErrorKind::UnclosedLongBracket,
                        self.span(start, end),
                        NginxWords::MissingLongBracket(start, end),
                        start,
                    )
                }
            };
            self.error(SyntaxError {
                kind,
                span,
                related: None,
                nginx,
                at: self.span(at, at),
                from: open + 1,
            });
        }
        match body.close {
            Some(close) => {
                self.rest = &self.text[close + 1..];
                self.close_block(close as u32);
            }
            None => self.rest = &[],
        }
    }

    /// How far nginx has read the file when it comes to an offset, all before it being
    /// right.
    ///
    /// Whenever all of its buffer is read, nginx keeps what it is in the middle of and
    /// fills up the rest.
    fn buffered_at(&self, offset: usize) -> usize {
        let mut buffered = self.lua.buffered;
        while buffered < offset {
            buffered = self.text.len().min(self.kept_at(buffered as u32) + BUFFER);
        }
        buffered
    }

    /// The first byte that nginx keeps when its buffer ends at an offset: that of the word
    /// or comment it is in, or else a blank before it.
    fn kept_at(&self, offset: u32) -> usize {
        let before = |ranges: &[Range]| {
            let index = ranges.partition_point(|range| range.start < offset);
            Some(ranges[index.checked_sub(1)?])
        };
        let byte = |at: u32| self.text.get(at as usize).copied();
        if let Some(Range { start, end }) = before(&self.words) {
            // The blank behind a word is still a part of it.
            let read = end + u32::from(byte(end).is_some_and(lexer::is_blank));
            if offset <= read {
                let quoted = byte(start).and_then(Quote::of).is_some();
                return (start + u32::from(quoted)) as usize;
            }
        }
        if let Some(Range { start, end }) = before(&self.comments)
            && offset <= end
        {
            return start as usize;
        }
        let blank = offset > 0 && byte(offset - 1).is_some_and(lexer::is_blank);
        (offset - u32::from(blank)) as usize
    }

    fn close_brace(&mut self, brace: u32) {
        let finished = !self.has_words();
        if !finished {
            let last = self.words[self.words.len() - 1];
            if !self.lacks_quote() {
                let (nginx, at) = self.unexpected_at(brace);
                self.error(SyntaxError {
                    kind: SyntaxErrorKind::MissingSemicolon,
                    span: self.span(last.start, last.end),
                    related: Some(self.span(brace, brace + 1)),
                    nginx,
                    at,
                    from: self.statement_start(brace),
                });
            }
            self.push_node(last.end);
        }
        if self.inside != NONE {
            self.close_block(brace);
        } else if finished {
            let suspect = self.suspect(|open, close| close > open);
            let suspect = suspect.map(|node| self.nodes[node as usize].close);
            let (nginx, at) = self.unexpected_at(brace);
            self.error(SyntaxError {
                kind: SyntaxErrorKind::StrayBrace,
                span: at,
                related: suspect.map(|close| self.span(close, close + 1)),
                nginx,
                at,
                from: brace,
            });
        }
    }

    fn close_block(&mut self, brace: u32) {
        let next = self.nodes.len() as u32;
        let node = &mut self.nodes[self.inside as usize];
        node.close = brace;
        node.next = next;
        self.inside = node.parent;
    }

    fn end_of_file(&mut self) {
        let end = self.text.len() as u32;
        let at = self.span(end, end);
        if self.has_words() {
            let last = self.words[self.words.len() - 1];
            if !self.lacks_quote() {
                self.error(SyntaxError {
                    kind: SyntaxErrorKind::UnfinishedStatement,
                    span: self.span(last.start, last.end),
                    related: None,
                    nginx: NginxWords::EndInStatement,
                    at,
                    from: self.statement_start(end),
                });
            }
            self.push_node(last.end);
        }
        if self.inside == NONE {
            return;
        }
        if self.raws.last() != Some(&self.inside) {
            let node = self
                .suspect(|open, close| close < open)
                .unwrap_or(self.inside);
            self.error(SyntaxError {
                kind: SyntaxErrorKind::UnclosedBlock,
                span: self.head(node),
                related: None,
                nginx: NginxWords::EndInBlock,
                at,
                from: end,
            });
        }
        let next = self.nodes.len() as u32;
        while self.inside != NONE {
            let node = &mut self.nodes[self.inside as usize];
            node.next = next;
            self.inside = node.parent;
        }
    }

    /// Takes a byte order mark as no part of the first word, and says what nginx says,
    /// which does take it so.
    fn byte_order_mark(&mut self) {
        let Some(rest) = self.text.strip_prefix(BYTE_ORDER_MARK) else {
            return;
        };
        let mut first = Parser::new(self.file, self.text);
        while first.nodes.is_empty() && first.errors.is_empty() {
            if !first.step() {
                first.end_of_file();
            }
        }
        let (nginx, at) = match first.errors.first() {
            Some(error) => (error.nginx, error.at),
            None => {
                let Range { start, end } = first.words[0];
                let stop = first.nodes[0].end;
                let words = NginxWords::UnknownDirective(start, end);
                (words, self.span(stop, stop + 1))
            }
        };
        self.rest = rest;
        self.error(SyntaxError {
            kind: SyntaxErrorKind::ByteOrderMark,
            span: self.span(0, BYTE_ORDER_MARK.len() as u32),
            related: None,
            nginx,
            at,
            from: 0,
        });
    }

    fn at(&self) -> u32 {
        (self.text.len() - self.rest.len()) as u32
    }

    fn span(&self, start: u32, end: u32) -> Span {
        Span::new(self.file, start, end)
    }

    /// The words of a statement, or its `{`.
    fn head(&self, node: u32) -> Span {
        let Node {
            first_word, end, ..
        } = self.nodes[node as usize];
        match self.words.get(first_word as usize) {
            Some(word) if word.start < end => self.span(word.start, end),
            _ => self.span(end, end + 1),
        }
    }

    fn has_words(&self) -> bool {
        self.words.len() > self.first_word as usize
    }

    /// Whether the last word misses its quote, so that a missing `;` goes without saying.
    fn lacks_quote(&self) -> bool {
        self.unclosed.last().copied() == (self.words.len() as u32).checked_sub(1)
    }

    /// Where the statement begins that is being read; `here` where none is.
    fn statement_start(&self, here: u32) -> u32 {
        match self.words.get(self.first_word as usize) {
            Some(word) => word.start,
            None => here,
        }
    }

    /// Takes what was just read as a word; gives its end.
    fn push_word(&mut self, start: u32) -> u32 {
        let end = self.at();
        self.words.push(Range { start, end });
        end
    }

    /// Makes a statement of the words read; `end` is its `;` or `{`.
    fn push_node(&mut self, end: u32) -> u32 {
        let node = self.nodes.len() as u32;
        self.nodes.push(Node {
            first_word: self.first_word,
            end,
            parent: self.inside,
            next: node + 1,
            close: NONE,
        });
        self.first_word = self.words.len() as u32;
        node
    }

    fn error(&mut self, error: SyntaxError) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(error);
        }
    }

    /// A character that nginx does not expect.
    fn unexpected(&mut self, kind: SyntaxErrorKind, start: u32, from: u32) {
        let (nginx, at) = self.unexpected_at(start);
        self.error(SyntaxError {
            kind,
            span: at,
            related: None,
            nginx,
            at,
            from,
        });
    }

    fn unexpected_at(&self, start: u32) -> (NginxWords, Span) {
        let byte = self.text[start as usize];
        (NginxWords::Unexpected(byte), self.span(start, start + 1))
    }

    fn limit_word(&mut self, start: u32, content: u32, end: u32) {
        let quote = Quote::of(self.text[start as usize]);
        if let Some((nginx, at)) = self.too_long(content, end, quote) {
            self.error(SyntaxError {
                kind: SyntaxErrorKind::LongWord,
                span: self.span(start, end),
                related: None,
                nginx,
                at,
                from: self.statement_start(start),
            });
        }
    }

    /// What nginx says of a word that does not fit its buffer.
    ///
    /// When all of the buffer is read, nginx moves the word that it is in to the front, from
    /// behind its opening quote on, and fills up what is free. Nothing is free when
    /// `BUFFER` bytes from there on have been read and the next word has not begun. The
    /// blank behind a word still counts, and the end of the file is not noticed so.
    fn too_long(&self, content: u32, end: u32, quote: Option<Quote>) -> Option<(NginxWords, Span)> {
        let full = content as usize + BUFFER;
        let behind = self.text.get(end as usize).copied();
        let read = end as usize + usize::from(behind.is_some_and(lexer::is_blank));
        if read < full || self.text.len() <= full {
            return None;
        }
        let words = match quote {
            // Its closing quote is the last byte but one, or is not there.
            Some(quote) if (end as usize) > full => NginxWords::TooLongQuoted(quote),
            _ => NginxWords::TooLong(content),
        };
        let start = content - u32::from(quote.is_some());
        Some((words, self.span(start, start)))
    }

    /// The first block whose brace does not stand as its first word does; `wrong` gets the
    /// indentation of both. A guess, good enough to point at.
    fn suspect(&mut self, wrong: impl Fn(usize, usize) -> bool) -> Option<u32> {
        if std::mem::replace(&mut self.guessed, true) {
            return None;
        }
        let blocks = self.nodes.iter().zip(0..).filter(|(block, node)| {
            block.close != NONE
                && self
                    .indentation(self.head(*node).start)
                    .zip(self.indentation(block.close))
                    .is_some_and(|(open, close)| wrong(open, close))
        });
        let (_, node) = blocks.min_by_key(|(block, _)| block.close)?;
        Some(node)
    }

    /// How many blanks stand before an offset; `None` where something else does, or very
    /// many do.
    fn indentation(&self, offset: u32) -> Option<usize> {
        let before = &self.text[..offset as usize];
        let before = &before[before.len().saturating_sub(256)..];
        let blanks = before
            .iter()
            .rev()
            .take_while(|&&byte| matches!(byte, b' ' | b'\t'));
        let count = blanks.count();
        let line_start =
            offset as usize == count || before[..before.len() - count].ends_with(b"\n");
        line_start.then_some(count)
    }
}

/// Whether the block of a directive is raw text. No escape of nginx makes or hides a
/// letter or an underscore, so the name needs not be decoded.
fn is_raw(name: &[u8]) -> bool {
    let name = match name {
        [b'"' | b'\'', inner @ .., b'"' | b'\''] => inner,
        bare => bare,
    };
    name.ends_with(b"_by_lua_block")
}
