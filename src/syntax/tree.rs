//! The tree: flat arrays of offsets into the text, and cheap views of them.
//!
//! Statements lie in the order of their first bytes, so that the children of a block
//! follow it at once and every one knows where the next behind its own children is.
//! Nothing here recurses on depth, dropping included.

use super::buffer;
use super::word::{Word, Words, mark};
use crate::source::{FileId, Span, readable};
use std::fmt;
use std::sync::Arc;

/// Marks the place of the top level where a statement is expected, and a brace that is
/// not there.
pub(super) const NONE: u32 = u32::MAX;

/// Offsets into the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: u32,
    pub(super) end: u32,
}

/// A statement; its words end where those of the next one begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// Index of its first word.
    pub(super) first_word: u32,
    /// Offset of its `;` or `{`; behind its last word where both are missing.
    pub(super) end: u32,
    /// Index of the statement whose block it is in, or [`NONE`].
    pub(super) parent: u32,
    /// Index of the first statement behind its block.
    pub(super) next: u32,
    /// Offset of the `}` of its block, or [`NONE`].
    pub(super) close: u32,
}

/// A configuration text, taken apart without losing a byte.
pub struct Tree {
    pub(super) file: FileId,
    pub(super) text: Arc<[u8]>,
    pub(super) nodes: Vec<Node>,
    pub(super) words: Vec<Range>,
    pub(super) comments: Vec<Range>,
    /// What is known of each word, from [`super::word::mark`].
    pub(super) marks: Vec<u8>,
    /// Indexes of the statements whose block is raw text.
    pub(super) raws: Vec<u32>,
}

/// Names a directive of one tree; later in the file is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirectiveId(u32);

impl Tree {
    /// The file.
    #[must_use]
    pub fn file(&self) -> FileId {
        self.file
    }

    /// The text that was parsed.
    #[must_use]
    pub fn text(&self) -> &Arc<[u8]> {
        &self.text
    }

    /// The top level.
    #[must_use]
    pub fn root(&self) -> Block<'_> {
        Block {
            tree: self,
            node: NONE,
        }
    }

    /// The directive that an id of this tree names.
    ///
    /// # Panics
    /// If the id is of another, larger tree.
    #[must_use]
    #[inline]
    pub fn directive(&self, id: DirectiveId) -> Directive<'_> {
        assert!(
            (id.0 as usize) < self.nodes.len(),
            "internal: an id of another tree"
        );
        Directive {
            tree: self,
            node: id.0,
        }
    }

    /// Every directive, coming and going, in order; what is in a block without a name is
    /// left out.
    #[must_use]
    pub fn walk(&self) -> Walk<'_> {
        Walk {
            tree: self,
            next: 0,
            inside: NONE,
        }
    }

    /// How many statements there are, those of blocks included.
    #[must_use]
    pub fn statements(&self) -> usize {
        self.nodes.len()
    }

    /// Every word, in order.
    #[must_use]
    pub fn words(&self) -> Words<'_> {
        Words {
            tree: self,
            range: 0..self.words.len() as u32,
        }
    }

    /// Every word with a `$` in its value, in order.
    pub fn words_with_dollar(&self) -> impl Iterator<Item = Word<'_>> {
        let marked = (0..).zip(&self.marks);
        let marked = marked.filter(|(_, marks)| **marks & mark::DOLLAR != 0);
        marked.map(|(index, _)| Word { tree: self, index })
    }

    /// Every comment, in order, those inside statements included.
    #[must_use]
    pub fn comments(&self) -> impl ExactSizeIterator<Item = Comment<'_>> {
        (0..self.comments.len()).map(|index| Comment { tree: self, index })
    }

    /// Every byte in order, each in one token.
    #[must_use]
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens {
            tree: self,
            at: 0,
            word: 0,
            comment: 0,
            raw: 0,
        }
    }

    #[inline]
    pub(super) fn span(&self, start: u32, end: u32) -> Span {
        Span::new(self.file, start, end)
    }

    #[inline]
    fn words_of(&self, node: u32) -> std::ops::Range<u32> {
        let end = match self.nodes.get(node as usize + 1) {
            Some(next) => next.first_word,
            None => self.words.len() as u32,
        };
        self.nodes[node as usize].first_word..end
    }

    /// Offset of the first byte of a statement.
    fn start_of(&self, node: u32) -> u32 {
        let words = self.words_of(node);
        if words.is_empty() {
            self.nodes[node as usize].end
        } else {
            self.words[words.start as usize].start
        }
    }

    /// Offset behind the last byte of a statement, its block included.
    fn end_of(&self, node: u32) -> u32 {
        let Node { end, close, .. } = self.nodes[node as usize];
        match self.text.get(end as usize) {
            Some(b';') => end + 1,
            Some(b'{') if close == NONE => self.text.len() as u32,
            Some(b'{') => close + 1,
            _ => end,
        }
    }

    fn is_raw(&self, node: u32) -> bool {
        !self.raws.is_empty() && self.raws.binary_search(&node).is_ok()
    }

    fn has_name(&self, node: u32) -> bool {
        !self.words_of(node).is_empty()
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tree")
            .field("file", &self.file)
            .field("bytes", &self.text.len())
            .field("statements", &self.nodes.len())
            .finish_non_exhaustive()
    }
}

/// The statements between two braces, or those of the top level.
#[derive(Debug, Clone, Copy)]
pub struct Block<'t> {
    tree: &'t Tree,
    node: u32,
}

impl<'t> Block<'t> {
    /// From `{` to `}`; to the end of the file where `}` is missing. The top level is the
    /// whole file.
    #[must_use]
    pub fn span(self) -> Span {
        match self.record() {
            None => self.tree.span(0, self.tree.text.len() as u32),
            Some(node) => self.tree.span(node.end, self.tree.end_of(self.node)),
        }
    }

    /// Its `{`; `None` for the top level.
    #[must_use]
    pub fn open(self) -> Option<Span> {
        let open = self.record()?.end;
        Some(self.tree.span(open, open + 1))
    }

    /// Its `}`; `None` for the top level and where it is missing.
    #[must_use]
    pub fn close(self) -> Option<Span> {
        let close = self.record()?.close;
        (close != NONE).then(|| self.tree.span(close, close + 1))
    }

    /// Whose block it is; `None` for the top level and for a block without a name.
    #[must_use]
    pub fn directive(self) -> Option<Directive<'t>> {
        (self.node != NONE && self.tree.has_name(self.node)).then_some(Directive {
            tree: self.tree,
            node: self.node,
        })
    }

    /// Its directives, in order.
    #[must_use]
    pub fn directives(self) -> Directives<'t> {
        let (next, end) = self.children();
        Directives {
            tree: self.tree,
            next,
            end,
        }
    }

    /// Its directives and the comments between them, in order. Comments inside a
    /// statement are at [`Directive::comments`].
    #[must_use]
    pub fn items(self) -> Items<'t> {
        let (next, end) = self.children();
        let span = self.span();
        let comments = &self.tree.comments;
        Items {
            tree: self.tree,
            next,
            end,
            comment: comments.partition_point(|comment| comment.start < span.start),
            limit: span.end,
        }
    }

    fn record(self) -> Option<Node> {
        (self.node != NONE).then(|| self.tree.nodes[self.node as usize])
    }

    fn children(self) -> (u32, u32) {
        match self.record() {
            None => (0, self.tree.nodes.len() as u32),
            Some(node) => (self.node + 1, node.next),
        }
    }
}

/// What stands in a block.
#[derive(Debug, Clone, Copy)]
pub enum Item<'t> {
    /// A statement with a name.
    Directive(Directive<'t>),
    /// A comment between statements.
    Comment(Comment<'t>),
    /// A block that nothing stands before; nginx refuses it.
    Nameless(Block<'t>),
}

/// The items of a block.
#[derive(Debug, Clone)]
pub struct Items<'t> {
    tree: &'t Tree,
    next: u32,
    end: u32,
    comment: usize,
    limit: u32,
}

impl<'t> Iterator for Items<'t> {
    type Item = Item<'t>;

    fn next(&mut self) -> Option<Item<'t>> {
        let Self { tree, .. } = *self;
        let has_node = self.next < self.end;
        let start = if has_node {
            tree.start_of(self.next)
        } else {
            self.limit
        };
        if tree
            .comments
            .get(self.comment)
            .is_some_and(|comment| comment.start < start)
        {
            let index = self.comment;
            self.comment += 1;
            return Some(Item::Comment(Comment { tree, index }));
        }
        if !has_node {
            return None;
        }
        let node = self.next;
        self.next = tree.nodes[node as usize].next;
        let end = tree.end_of(node);
        let behind = &tree.comments[self.comment..];
        if behind.first().is_some_and(|comment| comment.start < end) {
            self.comment += behind.partition_point(|comment| comment.start < end);
        }
        Some(if tree.has_name(node) {
            Item::Directive(Directive { tree, node })
        } else {
            Item::Nameless(Block { tree, node })
        })
    }
}

/// The directives of a block.
#[derive(Debug, Clone)]
pub struct Directives<'t> {
    tree: &'t Tree,
    next: u32,
    end: u32,
}

impl<'t> Iterator for Directives<'t> {
    type Item = Directive<'t>;

    fn next(&mut self) -> Option<Directive<'t>> {
        while self.next < self.end {
            let node = self.next;
            self.next = self.tree.nodes[node as usize].next;
            if self.tree.has_name(node) {
                return Some(Directive {
                    tree: self.tree,
                    node,
                });
            }
        }
        None
    }
}

/// How a statement ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terminator {
    /// With `;`.
    Semicolon,
    /// With `{`; a block follows.
    Block,
    /// Not at all: a `}`, the end of the file or a mistake came first. nginx never acts
    /// on such a statement.
    Missing,
}

/// A statement: its words and its `;` or block. The rows of `map`, `types` and the like
/// are statements as well.
#[derive(Clone, Copy)]
pub struct Directive<'t> {
    tree: &'t Tree,
    node: u32,
}

impl<'t> Directive<'t> {
    /// Its name within the tree.
    #[must_use]
    pub fn id(self) -> DirectiveId {
        DirectiveId(self.node)
    }

    /// The tree that it is in.
    #[must_use]
    pub fn tree(self) -> &'t Tree {
        self.tree
    }

    /// The first word.
    #[must_use]
    #[inline]
    pub fn name(self) -> Word<'t> {
        Word {
            tree: self.tree,
            index: self.record().first_word,
        }
    }

    /// The words behind the name.
    #[must_use]
    #[inline]
    pub fn args(self) -> Words<'t> {
        let mut words = self.words();
        words.range.start += 1;
        words
    }

    /// The argument at a place, from 0.
    #[must_use]
    #[inline]
    pub fn arg(self, index: usize) -> Option<Word<'t>> {
        self.args().nth(index)
    }

    /// The name and the arguments.
    #[must_use]
    #[inline]
    pub fn words(self) -> Words<'t> {
        Words {
            tree: self.tree,
            range: self.tree.words_of(self.node),
        }
    }

    /// Whether this is its name.
    #[must_use]
    pub fn is(self, name: &str) -> bool {
        self.name().is(name)
    }

    /// From the first byte of the name to `;` or `}`.
    #[must_use]
    pub fn span(self) -> Span {
        let tree = self.tree;
        tree.span(tree.start_of(self.node), tree.end_of(self.node))
    }

    /// From the name to the last argument.
    #[must_use]
    #[inline]
    pub fn head(self) -> Span {
        let words = self.tree.words_of(self.node);
        let words = &self.tree.words[words.start as usize..words.end as usize];
        let last = words.last().expect("internal: a directive has a name");
        self.tree.span(words[0].start, last.end)
    }

    /// Whether one of its words has more bytes than nginx can hold, which it refuses to read.
    #[must_use]
    pub fn has_long_word(self) -> bool {
        let head = self.head();
        // Few heads are as long as that.
        head.len() as usize > buffer::SIZE
            && self
                .words()
                .any(|word| word.content_span().len() as usize >= buffer::SIZE)
    }

    /// How it ends.
    #[must_use]
    #[inline]
    pub fn terminator(self) -> Terminator {
        match self.tree.text.get(self.record().end as usize) {
            Some(b';') => Terminator::Semicolon,
            Some(b'{') => Terminator::Block,
            _ => Terminator::Missing,
        }
    }

    /// Its `;` or `{`, whose line is the one that nginx prints for it; the empty place
    /// behind the last word where both are missing.
    #[must_use]
    #[inline]
    pub fn end(self) -> Span {
        let end = self.record().end;
        let missing = self.terminator() == Terminator::Missing;
        self.tree.span(end, end + u32::from(!missing))
    }

    /// Its block; `None` without one, and for a raw body.
    #[must_use]
    pub fn block(self) -> Option<Block<'t>> {
        let has = self.terminator() == Terminator::Block && !self.tree.is_raw(self.node);
        has.then_some(Block {
            tree: self.tree,
            node: self.node,
        })
    }

    /// What is between the braces of a `*_by_lua_block`, which is another language.
    #[must_use]
    pub fn raw_body(self) -> Option<Span> {
        self.tree.is_raw(self.node).then(|| {
            let Node { end, close, .. } = self.record();
            let close = if close == NONE {
                self.tree.text.len() as u32
            } else {
                close
            };
            self.tree.span(end + 1, close)
        })
    }

    /// The directive whose block it is in; `None` at the top level and in a block without
    /// a name.
    #[must_use]
    pub fn parent(self) -> Option<Directive<'t>> {
        self.scope().directive()
    }

    /// The block that it is in.
    #[must_use]
    pub fn scope(self) -> Block<'t> {
        Block {
            tree: self.tree,
            node: self.record().parent,
        }
    }

    /// The comments between its words.
    #[must_use]
    pub fn comments(self) -> impl ExactSizeIterator<Item = Comment<'t>> {
        let tree = self.tree;
        let start = tree.start_of(self.node);
        let end = self.record().end;
        let first = tree
            .comments
            .partition_point(|comment| comment.start < start);
        let last = tree.comments.partition_point(|comment| comment.start < end);
        (first..last).map(move |index| Comment { tree, index })
    }

    #[inline]
    fn record(self) -> Node {
        self.tree.nodes[self.node as usize]
    }
}

impl PartialEq for Directive<'_> {
    /// Whether both are the same place of the same tree.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.tree, other.tree) && self.node == other.node
    }
}

impl Eq for Directive<'_> {}

impl fmt::Debug for Directive<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directive")
            .field("words", &self.words().collect::<Vec<_>>())
            .field("terminator", &self.terminator())
            .finish()
    }
}

/// A comment, from `#` to the end of its line.
#[derive(Clone, Copy)]
pub struct Comment<'t> {
    tree: &'t Tree,
    index: usize,
}

impl<'t> Comment<'t> {
    /// Where it is, `#` included, the end of the line not.
    #[must_use]
    pub fn span(self) -> Span {
        let Range { start, end } = self.tree.comments[self.index];
        self.tree.span(start, end)
    }

    /// What is behind `#`, without a carriage return at the end.
    #[must_use]
    pub fn text(self) -> &'t [u8] {
        let Range { start, end } = self.tree.comments[self.index];
        let text = &self.tree.text[start as usize + 1..end as usize];
        text.strip_suffix(b"\r").unwrap_or(text)
    }
}

impl fmt::Debug for Comment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&readable(self.text()), f)
    }
}

/// A step of a [`Walk`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalkEvent<'t> {
    /// Before what is in its block.
    Enter(Directive<'t>),
    /// Behind what is in its block; comes for every directive.
    Leave(Directive<'t>),
}

/// Every directive of a tree, coming and going.
#[derive(Debug, Clone)]
pub struct Walk<'t> {
    tree: &'t Tree,
    next: u32,
    inside: u32,
}

impl Walk<'_> {
    /// Leaves out what is in the block of the directive that was entered last.
    pub fn pass_over(&mut self) {
        if self.inside != NONE {
            self.next = self.tree.nodes[self.inside as usize].next;
        }
    }
}

impl<'t> Iterator for Walk<'t> {
    type Item = WalkEvent<'t>;

    fn next(&mut self) -> Option<WalkEvent<'t>> {
        let tree = self.tree;
        loop {
            if self.inside != NONE && tree.nodes[self.inside as usize].next == self.next {
                let node = self.inside;
                self.inside = tree.nodes[node as usize].parent;
                return Some(WalkEvent::Leave(Directive { tree, node }));
            }
            let node = self.next;
            let next = tree.nodes.get(node as usize)?.next;
            if tree.has_name(node) {
                self.inside = node;
                self.next += 1;
                return Some(WalkEvent::Enter(Directive { tree, node }));
            }
            self.next = next;
        }
    }
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A run of spaces, tabs, carriage returns and line feeds.
    Blank,
    /// `#` and the rest of its line.
    Comment,
    /// A word, with its quotes.
    Word,
    /// `;`
    Semicolon,
    /// `{`
    Open,
    /// `}`
    Close,
    /// What is between the braces of a raw body; not there when that is empty.
    Raw,
    /// The UTF-8 byte order mark that the file begins with.
    ByteOrderMark,
}

/// A token of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it is; never empty.
    pub span: Span,
}

/// The tokens of a tree; together they are its text.
#[derive(Debug, Clone)]
pub struct Tokens<'t> {
    tree: &'t Tree,
    at: u32,
    word: usize,
    comment: usize,
    raw: usize,
}

impl Tokens<'_> {
    /// The body of the next raw block, where it is not empty.
    fn next_raw(&mut self) -> Option<Range> {
        while let Some(&node) = self.tree.raws.get(self.raw) {
            let directive = Directive {
                tree: self.tree,
                node,
            };
            let body = directive.raw_body().expect("internal: a raw body");
            if body.start >= self.at && !body.is_empty() {
                return Some(Range {
                    start: body.start,
                    end: body.end,
                });
            }
            self.raw += 1;
        }
        None
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let tree = self.tree;
        let start = self.at;
        let byte = *tree.text.get(start as usize)?;
        let word = tree.words.get(self.word).copied();
        let comment = tree.comments.get(self.comment).copied();
        let raw = self.next_raw();
        let at = |range: Option<Range>| range.filter(|range| range.start == start);
        let (kind, end) = if let Some(word) = at(word) {
            self.word += 1;
            (TokenKind::Word, word.end)
        } else if let Some(comment) = at(comment) {
            self.comment += 1;
            (TokenKind::Comment, comment.end)
        } else if let Some(raw) = at(raw) {
            self.raw += 1;
            (TokenKind::Raw, raw.end)
        } else {
            match byte {
                b';' => (TokenKind::Semicolon, start + 1),
                b'{' => (TokenKind::Open, start + 1),
                b'}' => (TokenKind::Close, start + 1),
                0xef => (TokenKind::ByteOrderMark, start + 3),
                _ => {
                    let blanks = &tree.text[start as usize..];
                    let run = blanks.len() - super::lexer::skip_blanks(blanks).len();
                    (TokenKind::Blank, start + run as u32)
                }
            }
        };
        self.at = end;
        Some(Token {
            kind,
            span: tree.span(start, end),
        })
    }
}
