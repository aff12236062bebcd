//! The block loop: statements, blocks, and how to go on behind a mistake.

use super::buffer;
use super::error::{NginxWords, SyntaxError, SyntaxErrorKind};
use super::indentation::{self, Closed, Wrong};
use super::lexer::{self, Token};
use super::lua::{self, Problem};
use super::tree::{NONE, Node, Range, Tree};
use super::word::{Quote, mark};
use crate::source::{FileId, Span};
use std::sync::Arc;

/// At most so many errors of one file are kept.
pub const MAX_ERRORS: usize = 10_000;

/// Where a quote is never closed and the file has more bytes behind it, all of them are taken
/// to be in the quote, as nginx takes them. In a smaller file the quote is taken to end with
/// its line, so that the rest can be judged.
const RECOVERABLE: usize = 1 << 20;

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
    parse_within(file, text, usize::MAX).expect("internal: there is no limit")
}

/// As [`parse`], for a text that has at most so many statements.
///
/// # Errors
/// The offset of the end of the first statement that is too many. Statements can take more
/// memory than their text.
///
/// # Panics
/// As [`parse`].
pub fn parse_within(file: FileId, text: Arc<[u8]>, statements: usize) -> Result<Parse, u32> {
    assert!(
        u32::try_from(text.len()).is_ok(),
        "internal: a text of 4 GiB passed the limits"
    );
    let mut parser = Parser::new(file, &text);
    // About what a common file needs.
    parser.nodes.reserve(text.len() / 32);
    parser.words.reserve(text.len() / 12);
    parser.marks.reserve(text.len() / 12);
    parser.byte_order_mark();
    while parser.step() {
        if parser.nodes.len() > statements {
            return Err(parser.nodes[statements].end);
        }
    }
    parser.end_of_file();
    let Parser {
        nodes,
        words,
        comments,
        marks,
        raws,
        errors,
        ..
    } = parser;
    let tree = Tree {
        file,
        nodes,
        words,
        comments,
        marks,
        raws,
        text,
    };
    Ok(Parse { tree, errors })
}

struct Parser<'t> {
    file: FileId,
    text: &'t [u8],
    /// What is still to be read.
    rest: &'t [u8],
    nodes: Vec<Node>,
    words: Vec<Range>,
    comments: Vec<Range>,
    marks: Vec<u8>,
    raws: Vec<u32>,
    errors: Vec<SyntaxError>,
    /// The statement whose block is being read.
    inside: u32,
    /// The first word of the statement that is being read.
    first_word: u32,
    /// The quotes that the file is known not to close any more. What was searched once for
    /// the end of a quote is not searched again.
    open_ended: Vec<Quote>,
    lua: lua::Reader<'t>,
    /// Whether the place of a wrong brace was guessed already; once is enough.
    guessed: bool,
    /// Whether a tag of a template was seen: what follows is not what nginx will read.
    template: bool,
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
            marks: Vec::new(),
            raws: Vec::new(),
            errors: Vec::new(),
            inside: NONE,
            first_word: 0,
            open_ended: Vec::new(),
            lua: lua::Reader::new(text),
            guessed: false,
            template: false,
        }
    }

    /// Reads one token; false at the end of the file.
    #[inline]
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
            Token::Bare(marks) => self.bare(start, marks),
            Token::Quoted(quote) => self.quoted(quote, start),
            Token::Unclosed(quote) => {
                self.open_ended.push(quote);
                self.unclosed_quote(quote, start);
            }
            Token::Comment => self.comment(start),
            Token::Semicolon if self.has_words() => {
                self.push_node(start);
            }
            Token::Semicolon => self.unexpected(SyntaxErrorKind::StraySemicolon, start),
            Token::Open => self.open_block(start),
            Token::Close => self.close_brace(start),
        }
        true
    }

    fn bare(&mut self, start: u32, marks: u8) {
        let end = self.push_word(start, marks);
        if (end - start) as usize + 1 >= buffer::SIZE {
            self.check_length(start, end);
        }
    }

    fn quoted(&mut self, quote: Quote, start: u32) {
        let end = self.at();
        let behind = self.rest.first().copied();
        let glued = behind.is_some_and(|byte| {
            // A `}` is the business of `close_brace`, in the same words.
            !lexer::is_blank(byte) && !matches!(byte, b';' | b'{' | b')' | b'}')
        });
        // Where a quote was forgotten, the next one of its kind ends the word, mostly some
        // lines further on, and what it was meant to open is glued to it.
        if glued && memchr::memchr(b'\n', self.between(start, end)).is_some() {
            let (nginx, at) = match buffer::word_too_long(self.text, start, end) {
                Some(nginx) => (nginx, self.span(start, start)),
                None => self.unexpected_at(end),
            };
            let line_end = self.quoted_line(start);
            self.leave_quote(quote, start, line_end, nginx, at);
            return;
        }
        self.push_word(start, mark::of_quoted(self.between(start + 1, end)));
        let too_long = (end - start) as usize >= buffer::SIZE && self.check_length(start, end);
        if glued && !too_long {
            self.text_after_quote(end);
        }
    }

    /// Says that a word is too long for nginx, if it is.
    fn check_length(&mut self, start: u32, end: u32) -> bool {
        let Some(nginx) = buffer::word_too_long(self.text, start, end) else {
            return false;
        };
        let (span, at) = (self.span(start, end), self.span(start, start));
        self.error(SyntaxErrorKind::LongWord, span, nginx, at);
        true
    }

    fn text_after_quote(&mut self, start: u32) {
        let (nginx, at) = self.unexpected_at(start);
        let span = match lexer::token(self.rest) {
            Ok((rest, Token::Bare(_))) => self.span(start, (self.text.len() - rest.len()) as u32),
            _ => at,
        };
        self.error(SyntaxErrorKind::TextAfterQuote, span, nginx, at);
    }

    /// A quote that the file does not close.
    fn unclosed_quote(&mut self, quote: Quote, start: u32) {
        let end = self.text.len() as u32;
        let (nginx, at) = match buffer::word_too_long(self.text, start, end) {
            Some(nginx) => (nginx, start),
            None => (NginxWords::EndInStatement, end),
        };
        let until = if (end - start) as usize > RECOVERABLE {
            end
        } else {
            self.quoted_line(start)
        };
        self.leave_quote(quote, start, until, nginx, self.span(at, at));
    }

    /// Where a word whose closing quote was forgotten was probably meant to end: on its own
    /// line, before the last `;` or a `{` at the end.
    fn quoted_line(&self, start: u32) -> u32 {
        let line = &self.text[start as usize..];
        let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
        let line = match memchr::memrchr(b';', line) {
            Some(semicolon) => &line[..semicolon],
            None => {
                let line = line.trim_ascii_end();
                line.strip_suffix(b"{").unwrap_or(line)
            }
        };
        // The quote itself is none of the bytes that are cut off.
        start + line.trim_ascii_end().len() as u32
    }

    /// Ends a word whose closing quote was forgotten.
    fn leave_quote(&mut self, quote: Quote, start: u32, end: u32, nginx: NginxWords, at: Span) {
        self.rest = &self.text[end as usize..];
        let marks = mark::UNCLOSED | mark::of_quoted(self.between(start + 1, end));
        self.push_word(start, marks);
        let span = self.span(start, self.quoted_line(start));
        self.error(SyntaxErrorKind::UnclosedQuote(quote), span, nginx, at);
    }

    fn comment(&mut self, start: u32) {
        let end = self.at();
        self.comments.push(Range { start, end });
        if let Some(nginx) = buffer::comment_too_long(self.text, start, end) {
            let (span, at) = (self.span(start, end), self.span(start, start));
            self.error(SyntaxErrorKind::LongComment, span, nginx, at);
        }
    }

    fn open_block(&mut self, open: u32) {
        let name = self.words.get(self.first_word as usize).copied();
        if name.is_none() {
            self.nameless_block(open);
        }
        self.inside = self.push_node(open);
        if let Some(Range { start, end }) = name
            && is_raw(self.between(start, end))
        {
            self.raw_body(open);
        }
    }

    fn nameless_block(&mut self, open: u32) {
        // A template has its tags sooner than so many mistakes.
        let tag = match self.errors.len() {
            ..16 => template_tag(self.text, open as usize),
            _ => None,
        };
        let Some((start, end)) = tag else {
            self.unexpected(SyntaxErrorKind::NamelessBlock, open);
            return;
        };
        let (nginx, at) = self.unexpected_at(open);
        let span = self.span(start as u32, end as u32);
        self.error_from(open, SyntaxErrorKind::TemplateTag, span, nginx, at);
        self.template = true;
    }

    fn raw_body(&mut self, open: u32) {
        let node = self.inside;
        self.raws.push(node);
        // What nginx has in its buffer counts, as long as it reads at all.
        if self.errors.is_empty() {
            self.lua.buffered = buffer::read_ahead(
                self.text,
                &self.words,
                &self.comments,
                self.lua.buffered,
                open as usize + 1,
            );
        } else {
            self.lua.see_everything();
        }
        let body = self.lua.body(open as usize);
        if let Some(problem) = body.problem {
            let head = self.head(node);
            let (kind, span, nginx, at) = match problem {
                Problem::EndOfFile { last_open } => (
                    SyntaxErrorKind::UnclosedLua,
                    head,
                    NginxWords::EndInLua,
                    last_open as u32,
                ),
                Problem::TooLong { start } => (
                    SyntaxErrorKind::LongLua,
                    head,
                    NginxWords::TooLongLua,
                    start as u32,
                ),
                Problem::LongBracket { start, end } => {
                    let (start, end) = (start as u32, end as u32);
                    (
                        SyntaxErrorKind::LongBracket,
                        self.span(start, end),
                        NginxWords::MissingLongBracket(start, end),
                        start,
                    )
                }
            };
            // Of the statement itself nginx has no complaint.
            self.error_from(open + 1, kind, span, nginx, self.span(at, at));
        }
        match body.close {
            Some(close) => {
                self.rest = &self.text[close + 1..];
                self.close_block(close as u32);
            }
            None => self.rest = &[],
        }
    }

    fn close_brace(&mut self, brace: u32) {
        if self.has_words() {
            let (nginx, at) = self.unexpected_at(brace);
            let last = self.words[self.words.len() - 1];
            if !self.lacks_quote() {
                let span = self.span(last.start, last.end);
                self.error(SyntaxErrorKind::MissingSemicolon, span, nginx, at);
                self.relate(at);
            }
            self.push_node(last.end);
            if self.inside != NONE {
                self.close_block(brace);
            }
        } else if self.inside != NONE {
            self.close_block(brace);
        } else {
            self.unexpected(SyntaxErrorKind::StrayBrace, brace);
            if let Some(Closed { close, .. }) = self.misplaced(Wrong::TooMany) {
                self.relate(self.span(close, close + 1));
            }
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
                let span = self.span(last.start, last.end);
                let nginx = NginxWords::EndInStatement;
                self.error(SyntaxErrorKind::UnfinishedStatement, span, nginx, at);
            }
            self.push_node(last.end);
        }
        if self.inside == NONE {
            return;
        }
        // What reads on to the end of the file has said so itself.
        if self.raws.last() != Some(&self.inside) {
            let guess = self.misplaced(Wrong::TooFew);
            let span = self.head(guess.map_or(self.inside, |block| block.index));
            let nginx = NginxWords::EndInBlock;
            self.error_from(end, SyntaxErrorKind::UnclosedBlock, span, nginx, at);
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
                let name = first.words[0];
                let stop = first.nodes[0].end;
                (
                    NginxWords::UnknownDirective(name.start, name.end),
                    self.span(stop, stop + 1),
                )
            }
        };
        self.rest = rest;
        let span = self.span(0, BYTE_ORDER_MARK.len() as u32);
        self.error(SyntaxErrorKind::ByteOrderMark, span, nginx, at);
    }

    fn at(&self) -> u32 {
        (self.text.len() - self.rest.len()) as u32
    }

    fn span(&self, start: u32, end: u32) -> Span {
        Span::new(self.file, start, end)
    }

    fn between(&self, start: u32, end: u32) -> &'t [u8] {
        &self.text[start as usize..end as usize]
    }

    /// The words of a statement, up to its `{`; only that where it has none.
    fn head(&self, node: u32) -> Span {
        let Node {
            first_word, end, ..
        } = self.nodes[node as usize];
        match self.words.get(first_word as usize) {
            Some(word) if word.start < end => {
                let head = self.between(word.start, end).trim_ascii_end();
                self.span(word.start, word.start + head.len() as u32)
            }
            _ => self.span(end, end + 1),
        }
    }

    fn has_words(&self) -> bool {
        self.words.len() > self.first_word as usize
    }

    /// Whether the last word misses its quote, so that a missing `;` goes without saying.
    fn lacks_quote(&self) -> bool {
        { self.marks.last() }.is_some_and(|marks| marks & mark::UNCLOSED != 0)
    }

    /// Takes what was just read as a word; gives its end.
    fn push_word(&mut self, start: u32, marks: u8) -> u32 {
        let end = self.at();
        self.marks.push(marks);
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

    /// A character where nginx expects none such and no statement has begun.
    fn unexpected(&mut self, kind: SyntaxErrorKind, start: u32) {
        let (nginx, at) = self.unexpected_at(start);
        self.error_from(start, kind, at, nginx, at);
    }

    fn unexpected_at(&self, start: u32) -> (NginxWords, Span) {
        let byte = self.text[start as usize];
        (NginxWords::Unexpected(byte), self.span(start, start + 1))
    }

    /// A mistake in the statement that is being read, or between statements.
    fn error(&mut self, kind: SyntaxErrorKind, span: Span, nginx: NginxWords, at: Span) {
        let first = self.words.get(self.first_word as usize);
        let from = first.map_or(span.start, |word| word.start);
        self.error_from(from, kind, span, nginx, at);
    }

    fn error_from(
        &mut self,
        from: u32,
        kind: SyntaxErrorKind,
        span: Span,
        nginx: NginxWords,
        at: Span,
    ) {
        if self.errors.len() < MAX_ERRORS && !self.template {
            self.errors.push(SyntaxError {
                kind,
                span,
                related: None,
                nginx,
                at,
                from,
            });
        }
    }

    /// Adds a place to the last error.
    fn relate(&mut self, related: Span) {
        let full = self.errors.len() >= MAX_ERRORS || self.template;
        if let Some(error) = self.errors.last_mut().filter(|_| !full) {
            error.related = Some(related);
        }
    }

    fn misplaced(&mut self, wrong: Wrong) -> Option<Closed> {
        if std::mem::replace(&mut self.guessed, true) {
            return None;
        }
        let blocks = self.nodes.iter().zip(0..);
        let closed = blocks.filter(|(node, _)| node.close != NONE);
        let blocks = closed.map(|(node, index)| Closed {
            index,
            start: self.head(index).start,
            close: node.close,
        });
        indentation::misplaced(self.text, wrong, blocks)
    }
}

/// Where no tag ends within so many bytes, none is meant.
const LONGEST_TAG: usize = 512;

/// Where the tag of a template is whose brace stands where no block can begin: `{% … %}`,
/// `{# … #}` or `{{ … }}` on one line.
fn template_tag(text: &[u8], open: usize) -> Option<(usize, usize)> {
    let (start, end) = match text.get(open + 1) {
        Some(b'%') => (open, "%}"),
        Some(b'#') => (open, "#}"),
        Some(b'{') => (open, "}}"),
        // The first of two braces has opened the block of what stands before.
        _ if open > 0 && text[open - 1] == b'{' => (open - 1, "}}"),
        _ => return None,
    };
    let line = &text[start..text.len().min(start + LONGEST_TAG)];
    let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
    let found = memchr::memmem::find(line, end.as_bytes())?;
    Some((start, start + found + end.len()))
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
