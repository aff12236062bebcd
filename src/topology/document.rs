//! A YAML document as a flat arena of nodes with their places.
//!
//! It is made by [`super::events`] in one pass and knows nothing of the topology's
//! meaning. Places are looked up only when something is to be said: see [`Document::at`].

use crate::source::{FileId, Span};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// One step of a way through a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// The entry of a mapping.
    Key(&'a str),
    /// The item of a sequence, from 0.
    Index(usize),
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// A scalar without quotes.
    Plain,
    /// A scalar in quotes, or a block of text.
    Quoted,
    /// A sequence.
    Sequence,
    /// A mapping.
    Mapping,
    /// Something that was reported while the text was read and has no meaning.
    Broken,
}

/// How the typed load takes a node. Decided by the structure check, because YAML's own
/// guess (`1.30` is a number) is not what people mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A collection, or a scalar as the text that was written.
    Text,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// Wrong, and not needed: as if it were not there.
    Skipped,
    /// Wrong, and needed: the value that its place in the schema takes instead.
    Replaced,
}

/// A node of the arena; children follow their parent at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// The value as it is written.
    pub(super) start: u32,
    pub(super) end: u32,
    /// The key as it is written; empty for the root and for items of sequences.
    pub(super) key_start: u32,
    pub(super) key_end: u32,
    /// The node behind the subtree; 0 while the collection is still open.
    pub(super) next: u32,
    pub(super) kind: Kind,
    pub(super) role: Role,
    /// Whether the text is not simply what stands at the place (escapes, folded lines,
    /// aliases) but in [`Arena::decoded`].
    pub(super) value_decoded: bool,
    pub(super) key_decoded: bool,
}

/// A text that is not a piece of the file.
#[derive(Debug, Clone)]
pub(super) struct Decoded {
    /// The node, and whether its value (else its key).
    pub(super) of: (u32, bool),
    pub(super) text: Box<str>,
}

/// Nodes in the order of the text, the root first.
#[derive(Debug)]
pub(super) struct Arena {
    pub(super) file: FileId,
    pub(super) text: Arc<[u8]>,
    pub(super) nodes: Vec<Node>,
    /// Sorted by `of`.
    pub(super) decoded: Vec<Decoded>,
}

impl Arena {
    /// What is written from one byte to another.
    pub(super) fn slice(&self, start: u32, end: u32) -> &str {
        std::str::from_utf8(&self.text[start as usize..end as usize])
            .expect("internal: spans of a checked text lie between characters")
    }

    fn decoded(&self, of: (u32, bool)) -> &str {
        let at = self
            .decoded
            .binary_search_by_key(&of, |decoded| decoded.of)
            .expect("internal: every decoded text is in the table");
        &self.decoded[at].text
    }

    /// The text of a scalar; empty for collections.
    pub(super) fn value(&self, index: u32) -> &str {
        let node = &self.nodes[index as usize];
        match node.kind {
            _ if node.value_decoded => self.decoded((index, true)),
            Kind::Plain => self.slice(node.start, node.end),
            Kind::Quoted => self.slice(node.start + 1, node.end - 1),
            Kind::Null | Kind::Sequence | Kind::Mapping | Kind::Broken => "",
        }
    }

    /// The key of an entry; empty for other nodes.
    pub(super) fn key(&self, index: u32) -> &str {
        std::str::from_utf8(self.key_bytes(index))
            .expect("internal: spans of a checked text lie between characters")
    }

    /// As [`Self::key`], for comparing.
    pub(super) fn key_bytes(&self, index: u32) -> &[u8] {
        let node = &self.nodes[index as usize];
        if node.key_decoded {
            return self.decoded((index, false)).as_bytes();
        }
        match &self.text[node.key_start as usize..node.key_end as usize] {
            [b'"' | b'\'', text @ .., _] => text,
            text => text,
        }
    }

    /// The children of a node, in order.
    pub(super) fn children(&self, index: u32) -> Children<'_> {
        let node = &self.nodes[index as usize];
        let (first, end) = match node.kind {
            Kind::Sequence | Kind::Mapping => (index + 1, node.next),
            _ => (0, 0),
        };
        Children {
            nodes: &self.nodes,
            next: first,
            end,
        }
    }
}

/// See [`Arena::children`].
pub(super) struct Children<'a> {
    nodes: &'a [Node],
    next: u32,
    end: u32,
}

impl Iterator for Children<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        (self.next < self.end).then(|| {
            let index = self.next;
            self.next = self.nodes[index as usize].next;
            index
        })
    }
}

/// Collections with more children than this get an index at the first look-up, so that
/// many findings in one long list stay cheap.
const WIDE: usize = 64;

/// A YAML document with its places.
#[derive(Debug)]
pub struct Document {
    pub(super) arena: Arena,
    wide: Mutex<HashMap<u32, Arc<[u32]>>>,
}

impl Document {
    pub(super) fn new(arena: Arena) -> Self {
        Self {
            arena,
            wide: Mutex::default(),
        }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> FileId {
        self.arena.file
    }

    /// The place of a value, or of the nearest thing around it that exists: a scalar or a
    /// collection on one line as a whole, a longer one by its key or its first line.
    #[must_use]
    pub fn at(&self, way: &[Step<'_>]) -> Span {
        self.place(self.find(way))
    }

    /// The place of the last key on the way, or of the nearest thing around it that exists.
    #[must_use]
    pub fn key_at(&self, way: &[Step<'_>]) -> Span {
        let node = self.find(way);
        self.key_span(node).unwrap_or_else(|| self.place(node))
    }

    /// Whether there is a value at the end of the way.
    #[must_use]
    pub fn has(&self, way: &[Step<'_>]) -> bool {
        way.iter()
            .try_fold(0, |node, &step| self.child(node, step))
            .is_some()
    }

    /// The place of the first value or key at the end of the way, or below, that is a text.
    #[must_use]
    pub fn find_text(&self, way: &[Step<'_>], text: &str) -> Option<Span> {
        let top = self.find(way);
        let arena = &self.arena;
        (top..arena.nodes[top as usize].next).find_map(|node| {
            if arena.value(node) == text {
                return Some(self.place(node));
            }
            let key = || self.key_span(node);
            (arena.key(node) == text).then(key).flatten()
        })
    }

    /// The deepest node on the way.
    pub(super) fn find(&self, way: &[Step<'_>]) -> u32 {
        let mut node = 0;
        for &step in way {
            match self.child(node, step) {
                Some(child) => node = child,
                None => break,
            }
        }
        node
    }

    fn child(&self, parent: u32, step: Step<'_>) -> Option<u32> {
        let arena = &self.arena;
        let kind = arena.nodes[parent as usize].kind;
        match step {
            Step::Key(key) if kind == Kind::Mapping => match self.wide(parent) {
                None => arena
                    .children(parent)
                    .find(|&child| arena.key(child) == key),
                Some(sorted) => {
                    let at = sorted.partition_point(|&child| arena.key(child) < key);
                    let child = *sorted.get(at)?;
                    (arena.key(child) == key).then_some(child)
                }
            },
            Step::Index(index) if kind == Kind::Sequence => match self.wide(parent) {
                None => arena.children(parent).nth(index),
                Some(items) => items.get(index).copied(),
            },
            _ => None,
        }
    }

    /// The children of a wide collection: of a mapping sorted by key, of a sequence in order.
    fn wide(&self, parent: u32) -> Option<Arc<[u32]>> {
        let arena = &self.arena;
        let node = &arena.nodes[parent as usize];
        if ((node.next - parent) as usize) <= WIDE {
            return None;
        }
        let mut wide = self.wide.lock().unwrap_or_else(PoisonError::into_inner);
        let children = wide.entry(parent).or_insert_with(|| {
            let mut children: Vec<u32> = arena.children(parent).collect();
            if node.kind == Kind::Mapping {
                children.sort_by(|&a, &b| arena.key(a).cmp(arena.key(b)));
            }
            children.into()
        });
        Some(Arc::clone(children))
    }

    /// All of a node, however many lines it has.
    pub(super) fn extent(&self, index: u32) -> Span {
        let node = &self.arena.nodes[index as usize];
        Span::new(self.arena.file, node.start, node.end)
    }

    /// The place of a node: see [`Document::at`].
    pub(super) fn place(&self, index: u32) -> Span {
        let node = &self.arena.nodes[index as usize];
        let bytes = &self.arena.text[node.start as usize..node.end as usize];
        let span = |start, end| Span::new(self.arena.file, start, end);
        match memchr::memchr(b'\n', bytes) {
            None => span(node.start, node.end),
            Some(line) => self.key_span(index).unwrap_or_else(|| {
                let first = bytes[..line].trim_ascii_end().len() as u32;
                span(node.start, node.start + first)
            }),
        }
    }

    /// The place of an entry's key.
    pub(super) fn key_span(&self, index: u32) -> Option<Span> {
        let node = &self.arena.nodes[index as usize];
        (node.key_end > node.key_start)
            .then(|| Span::new(self.arena.file, node.key_start, node.key_end))
    }
}
