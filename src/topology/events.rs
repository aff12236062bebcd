//! Text to [`Document`]: one pass over the events of a safe YAML parser.
//!
//! Whatever can be said about the text without knowing what a topology is, is said here:
//! encoding, limits, YAML's own errors, and the parts of YAML that only surprise people.

use super::document::{Arena, Decoded, Document, Kind, Node, Role};
use super::structure::MOST_FINDINGS;
use super::{rules, syntax};
use crate::finding::Finding;
use crate::source::{FileId, Span};
use crate::text::shown;
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// What a file may cost. Each is a limit that is still allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Events of the YAML parser: one for each scalar, two for each collection.
    pub events: usize,
    /// Collections within collections.
    pub depth: usize,
    /// Nodes that aliases stand for, all together; their text may not be longer than a file
    /// may be.
    pub expanded: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            events: 4_000_000,
            depth: 64,
            expanded: 100_000,
        }
    }
}

/// The smallest topology that is of use.
pub const SMALLEST: &str = "\
pools:
  django_app:
    nodes: [127.0.0.1:8000]
sites:
  main:
    domains: [example.com]
    routes: {/: django_app}";

/// What came out of a text.
#[derive(Debug)]
pub struct Reading {
    /// The document, unless the text was not understood to its end.
    pub document: Option<Document>,
    /// What is wrong with the text.
    pub findings: Vec<Finding>,
}

/// How often a text is read again after an unquoted IPv6 address was found in it.
const REPAIRS: usize = 32;

/// Reads a text. Never fails; never panics for any bytes.
#[must_use]
pub fn read(file: FileId, bytes: &Arc<[u8]>, limits: &Limits) -> Reading {
    let failed = |finding| Reading {
        document: None,
        findings: vec![finding],
    };
    if bytes.len() > limits.bytes {
        return failed(too_large(file, limits));
    }
    let text = match text_of(file, bytes) {
        Ok(text) => text,
        Err(finding) => return failed(*finding),
    };
    let mut repaired: Option<String> = None;
    let mut found = Vec::new();
    loop {
        let now = repaired.as_deref().unwrap_or(text);
        let (read, mut findings) = Reader::new(file, now, bytes, *limits).run();
        let document = match read {
            Ok(document) => Some(document),
            // Such an address is all that is wrong with the place, so the rest of the file
            // can be read as if it had quotes: the brackets give way to letters, and every
            // place stays where it is.
            Err(Stop::UnquotedAddress(place)) => {
                let span = Span::new(file, place.start as u32, place.end as u32);
                found.push(unquoted_address_finding(span, &text[place.clone()]));
                if found.len() < REPAIRS && found.len() * text.len() <= limits.bytes {
                    let mut copy = repaired.unwrap_or_else(|| text.to_owned());
                    let letters = copy[place.clone()].replace(['[', ']'], "x");
                    copy.replace_range(place, &letters);
                    repaired = Some(copy);
                    continue;
                }
                None
            }
            Err(Stop::Reported) => None,
        };
        found.append(&mut findings);
        return Reading {
            document,
            findings: found,
        };
    }
}

/// The finding for a file that has more bytes than it may have.
pub(super) fn too_large(file: FileId, limits: &Limits) -> Finding {
    let message = format!("the file has more than {} bytes", limits.bytes);
    Finding::error(rules::LIMIT, Span::new(file, 0, 0), message)
        .help("Split the topology, or raise `--max-yaml-bytes`")
}

/// The text of a file, or why it has none.
fn text_of(file: FileId, bytes: &[u8]) -> Result<&str, Box<Finding>> {
    let (at, message, label) = if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        (0..2, "the file is UTF-16".to_owned(), "UTF-16 begins so")
    } else {
        match std::str::from_utf8(bytes) {
            Ok(text) => return Ok(text),
            Err(error) => {
                let at = error.valid_up_to();
                let message = format!("the file is not UTF-8: byte 0x{:02X}", bytes[at]);
                (at..at + 1, message, "not UTF-8")
            }
        }
    };
    let span = Span::new(file, at.start as u32, at.end as u32);
    Err(Box::new(
        Finding::error(rules::ENCODING, span, message)
            .label(label)
            .help("Save the file as UTF-8"),
    ))
}

/// The unquoted IPv6 address in brackets that begins at `at`, with its port.
pub(super) fn unquoted_address(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?.strip_prefix('[')?;
    // The longest address has 45 characters; a zone may follow.
    let close = rest.bytes().take(80).position(|b| b == b']')?;
    let address = rest[..close].split('%').next()?;
    address.parse::<std::net::Ipv6Addr>().ok()?;
    let behind = &rest[close + 1..];
    let port = behind.strip_prefix(':').map_or(0, |port| {
        match port.bytes().take_while(u8::is_ascii_digit).count() {
            0 => 0,
            digits => digits + 1,
        }
    });
    Some(at..at + 1 + close + 1 + port)
}

/// The finding for such an address.
pub(super) fn unquoted_address_finding(span: Span, address: &str) -> Finding {
    Finding::error(
        rules::UNQUOTED_ADDRESS,
        span,
        "an IPv6 address in brackets has no quotes",
    )
    .label("YAML takes this for a sequence")
    .help(format!("Quote it: `\"{address}\"`"))
}

/// Why reading ended before the text did.
enum Stop {
    /// For a reason that is among the findings.
    Reported,
    /// At such an address.
    UnquotedAddress(Range<usize>),
}

/// The key of the entry whose value comes next.
#[derive(Clone, Copy, Default)]
struct Key {
    start: u32,
    end: u32,
    decoded: bool,
    /// Whether the key was reported and has no meaning; it has no length then.
    broken: bool,
}

/// A collection that is not closed yet.
#[derive(Clone, Copy)]
struct Open {
    node: u32,
    mapping: bool,
    /// The key, when a value is due.
    key: Option<Key>,
    /// Behind the last child.
    end: u32,
}

struct Reader<'t> {
    file: FileId,
    text: &'t str,
    limits: Limits,
    arena: Arena,
    open: Vec<Open>,
    /// How deep inside a key the events are; such a key is refused and nothing of it kept.
    inside_key: usize,
    /// The nodes that anchors stand at.
    anchors: HashMap<usize, u32>,
    /// What aliases stood for so far: nodes, and bytes of text.
    expanded: (usize, usize),
    findings: Vec<Finding>,
}

impl<'t> Reader<'t> {
    fn new(file: FileId, text: &'t str, bytes: &Arc<[u8]>, limits: Limits) -> Self {
        Self {
            file,
            text,
            limits,
            arena: Arena {
                file,
                text: Arc::clone(bytes),
                nodes: Vec::new(),
                decoded: Vec::new(),
            },
            open: Vec::new(),
            inside_key: 0,
            anchors: HashMap::new(),
            expanded: (0, 0),
            findings: Vec::new(),
        }
    }

    fn run(mut self) -> (Result<Document, Stop>, Vec<Finding>) {
        let read = self.read();
        self.arena.nodes.shrink_to_fit();
        (read.map(|()| Document::new(self.arena)), self.findings)
    }

    fn read(&mut self) -> Result<(), Stop> {
        let text = self.text;
        let options = granit_parser::options! {
            emit_unresolved_aliases: true,
            flow_nesting_limit: self.limits.depth,
            block_nesting_limit: self.limits.depth,
        };
        let mut documents = 0;
        for (count, event) in Parser::new_from_str_with_options(text, options).enumerate() {
            let (event, place) = match event {
                Ok((event, span)) => {
                    let place = span
                        .byte_range()
                        .expect("internal: events of a string have byte ranges");
                    if let Some(tag) = event.tag() {
                        let range = span.tag_span().and_then(|tag| tag.byte_range());
                        self.tag(&tag.original(), range.unwrap_or(place.clone()));
                    }
                    (event, place)
                }
                Err(error) => return Err(self.syntax_error(&error)),
            };
            if count >= self.limits.events {
                let message = format!("the file has more than {} YAML events", self.limits.events);
                return Err(self.limit(
                    place,
                    message,
                    "Split the topology, or raise `--max-yaml-events`",
                ));
            }
            let place = place.start as u32..place.end as u32;
            if self.inside_key > 0 {
                self.skip_key(&event);
                continue;
            }
            match event {
                Event::Scalar(value, style, anchor, _) => {
                    self.scalar(value, style, anchor, place);
                }
                Event::SequenceStart(_, anchor, _) => self.collection(false, anchor, place)?,
                Event::MappingStart(_, anchor, _) => self.collection(true, anchor, place)?,
                Event::SequenceEnd | Event::MappingEnd => self.close(&place),
                Event::Alias(anchor) => self.alias(anchor, place)?,
                Event::UnresolvedAlias(name) => self.unresolved(&name, place)?,
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        self.report(
                            Finding::error(
                                rules::SEVERAL_DOCUMENTS,
                                self.span(place),
                                "a second YAML document begins",
                            )
                            .label("only one is read")
                            .help("Put each topology into a file of its own"),
                        );
                        break;
                    }
                }
                _ => {}
            }
        }
        let root = self.arena.nodes.first();
        let empty = root.is_none_or(|root| root.kind == Kind::Null);
        if empty {
            let start = Span::new(self.file, 0, 0);
            let mut finding = Finding::error(rules::EMPTY, start, "the topology is empty");
            // It has lines of its own, and nothing of the user's.
            finding.help = Some(format!("Begin with\n{SMALLEST}").into());
            self.report(finding);
            return Err(Stop::Reported);
        }
        Ok(())
    }

    fn report(&mut self, finding: Finding) {
        if self.findings.len() <= MOST_FINDINGS {
            self.findings.push(finding);
        }
    }

    fn span(&self, place: Range<u32>) -> Span {
        Span::new(self.file, place.start, place.end)
    }

    fn limit(&mut self, place: Range<usize>, message: String, help: &'static str) -> Stop {
        let span = Span::new(self.file, place.start as u32, place.end as u32);
        self.report(
            Finding::error(rules::LIMIT, span, message)
                .label("the limit is reached here")
                .help(help),
        );
        Stop::Reported
    }

    fn too_deep(&mut self, place: Range<usize>) -> Stop {
        let message = format!("the file nests more than {} levels deep", self.limits.depth);
        self.limit(
            place,
            message,
            "Check the brackets and the indentation before it, or raise `--max-yaml-depth`",
        )
    }

    fn syntax_error(&mut self, error: &granit_parser::ScanError) -> Stop {
        let at = error.marker().byte_offset().unwrap_or(self.text.len());
        let at = self.text.floor_char_boundary(at);
        if *error.kind() == ErrorKind::RecursionLimitExceeded {
            return self.too_deep(at..at);
        }
        let line = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let trap = self.text[line..at]
            .match_indices('[')
            .filter_map(|(bracket, _)| unquoted_address(self.text, line + bracket))
            .find(|address| address.end >= at);
        if let Some(address) = trap {
            return Stop::UnquotedAddress(address);
        }
        let bracket = self.open.iter().rev().find_map(|open| {
            let start = self.arena.nodes[open.node as usize].start;
            let flow = matches!(self.text.as_bytes().get(start as usize), Some(b'[' | b'{'));
            flow.then_some(start)
        });
        self.report(syntax::explain(
            self.file,
            self.text,
            error.kind(),
            at,
            bracket,
        ));
        Stop::Reported
    }

    fn tag(&mut self, tag: &str, place: Range<usize>) {
        let span = Span::new(self.file, place.start as u32, place.end as u32);
        self.report(
            Finding::error(rules::TAG, span, format!("`{}` is a YAML tag", shown(tag)))
                .label("tags mean nothing here")
                .help("Remove it; a value in quotes is always text"),
        );
    }

    /// Whether the next node is the key of an entry.
    fn takes_key(&self) -> bool {
        self.open
            .last()
            .is_some_and(|open| open.mapping && open.key.is_none())
    }

    fn set_key(&mut self, key: Key) {
        if let Some(open) = self.open.last_mut() {
            open.key = Some(key);
        }
    }

    /// Adds a node where a value is due.
    fn push(&mut self, kind: Kind, place: Range<u32>, decoded: Option<Box<str>>) -> u32 {
        let index = self.arena.nodes.len() as u32;
        let key = match self.open.last_mut() {
            Some(open) => {
                open.end = place.end;
                open.key.take().unwrap_or_default()
            }
            None => Key::default(),
        };
        let value_decoded = decoded.is_some();
        if let Some(text) = decoded {
            self.arena.decoded.push(Decoded {
                of: (index, true),
                text,
            });
        }
        self.arena.nodes.push(Node {
            start: place.start,
            end: place.end,
            key_start: key.start,
            key_end: key.end,
            next: index + 1,
            kind: if key.broken { Kind::Broken } else { kind },
            role: Role::Text,
            value_decoded,
            key_decoded: key.decoded,
        });
        index
    }

    fn scalar(
        &mut self,
        value: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        place: Range<u32>,
    ) {
        let written = (place.end - place.start) as usize;
        let quotes = if style == ScalarStyle::Plain { 0 } else { 2 };
        let as_written = matches!(value, Cow::Borrowed(_))
            && !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
            && value.len() + quotes == written;
        if self.takes_key() {
            self.key(value, style, as_written, place);
            return;
        }
        let kind = match style {
            ScalarStyle::Plain if written == 0 => Kind::Null,
            ScalarStyle::Plain if matches!(&*value, "~" | "null" | "Null" | "NULL") => Kind::Null,
            ScalarStyle::Plain => Kind::Plain,
            _ => Kind::Quoted,
        };
        let decoded = (!as_written && kind != Kind::Null).then(|| value.into());
        let index = self.push(kind, place, decoded);
        self.anchor(anchor, index);
    }

    fn key(
        &mut self,
        value: Cow<'_, str>,
        style: ScalarStyle,
        as_written: bool,
        place: Range<u32>,
    ) {
        let plain = style == ScalarStyle::Plain;
        let mut broken = false;
        if plain && place.is_empty() {
            broken = true;
            self.report(
                Finding::error(
                    rules::COMPLEX_KEY,
                    self.span(place.clone()),
                    "a key is missing",
                )
                .label("nothing before the `:`")
                .help("Write `key: value`"),
            );
        } else if plain && value == "<<" {
            broken = true;
            self.report(
                Finding::error(
                    rules::MERGE_KEY,
                    self.span(place.clone()),
                    "`<<` is a merge key, which YAML 1.2 does not have",
                )
                .label("merge key")
                .help("Put what is shared into `defaults`, or repeat it"),
            );
        }
        if !as_written && !broken {
            // The entry's node is the next that will be added.
            self.arena.decoded.push(Decoded {
                of: (self.arena.nodes.len() as u32, false),
                text: value.into(),
            });
        }
        self.set_key(Key {
            start: place.start,
            end: if broken { place.start } else { place.end },
            decoded: !as_written && !broken,
            broken,
        });
    }

    /// A key that is no scalar.
    fn refuse_key(&mut self, place: &Range<u32>) -> Result<(), Stop> {
        let start = place.start as usize;
        if let Some(address) = unquoted_address(self.text, start) {
            return Err(Stop::UnquotedAddress(address));
        }
        let template = self.text[..start].ends_with('{') && self.text[start..].starts_with('{');
        self.report(
            Finding::error(
                rules::COMPLEX_KEY,
                self.span(place.clone()),
                "a key is not text",
            )
            .label("only text can be a key")
            .help(if template {
                "Quote a value that begins with braces: `\"{{ … }}\"`"
            } else {
                "Write `key: value`"
            }),
        );
        self.set_key(Key {
            start: place.start,
            end: place.start,
            decoded: false,
            broken: true,
        });
        Ok(())
    }

    fn skip_key(&mut self, event: &Event<'_>) {
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => self.inside_key += 1,
            Event::SequenceEnd | Event::MappingEnd => self.inside_key -= 1,
            _ => {}
        }
    }

    fn collection(&mut self, mapping: bool, anchor: usize, place: Range<u32>) -> Result<(), Stop> {
        if self.takes_key() {
            self.inside_key = 1;
            return self.refuse_key(&place);
        }
        if self.open.len() >= self.limits.depth {
            return Err(self.too_deep(place.start as usize..place.end as usize));
        }
        let end = place.end;
        let kind = if mapping {
            Kind::Mapping
        } else {
            Kind::Sequence
        };
        let node = self.push(kind, place, None);
        self.arena.nodes[node as usize].next = 0;
        self.anchor(anchor, node);
        self.open.push(Open {
            node,
            mapping,
            key: None,
            end,
        });
        Ok(())
    }

    fn close(&mut self, place: &Range<u32>) {
        let Some(open) = self.open.pop() else { return };
        // A block ends where its last child does; the event comes later, at the next token.
        let end = if place.is_empty() {
            open.end
        } else {
            place.end
        };
        let next = self.arena.nodes.len() as u32;
        let node = &mut self.arena.nodes[open.node as usize];
        node.next = next;
        node.end = end.max(node.start);
        if let Some(parent) = self.open.last_mut() {
            parent.end = end;
        }
        if open.mapping {
            self.refuse_duplicates(open.node);
        }
    }

    fn refuse_duplicates(&mut self, mapping: u32) {
        const FEW: usize = 16;
        let key = |index: u32| self.arena.key_bytes(index);
        let has_key = |index: &u32| {
            let node = &self.arena.nodes[*index as usize];
            node.key_end > node.key_start
        };
        let entries: Vec<u32> = self.arena.children(mapping).filter(has_key).collect();
        let mut twice = Vec::new();
        if entries.len() <= FEW {
            for (at, &second) in entries.iter().enumerate() {
                let first = entries[..at]
                    .iter()
                    .find(|&&first| key(first) == key(second));
                twice.extend(first.map(|&first| (first, second)));
            }
        } else {
            let mut seen = HashMap::with_capacity(entries.len());
            for &second in &entries {
                let first = *seen.entry(key(second)).or_insert(second);
                if first != second {
                    twice.push((first, second));
                }
            }
        }
        for (first, second) in twice {
            let name = shown(self.arena.key(second)).into_owned();
            let place = |index: u32| {
                let node = &self.arena.nodes[index as usize];
                self.span(node.key_start..node.key_end)
            };
            self.report(
                Finding::error(
                    rules::DUPLICATE_KEY,
                    place(second),
                    format!("the key `{name}` stands here twice"),
                )
                .label("again here")
                .related(place(first), "first here")
                .help("Remove one, or give it another name"),
            );
        }
    }

    fn anchor(&mut self, anchor: usize, node: u32) {
        // The parser numbers anchors from 1; 0 is none.
        if anchor > 0 {
            self.anchors.insert(anchor, node);
        }
    }

    fn unresolved(&mut self, name: &str, place: Range<u32>) -> Result<(), Stop> {
        let written = shown(&self.text[place.start as usize..place.end as usize]);
        self.report(
            Finding::error(
                rules::ALIAS,
                self.span(place.clone()),
                format!("`{written}` refers to nothing"),
            )
            .label("YAML takes this for an alias")
            .help(if name.contains('.') {
                format!("Quote it: `\"{written}\"`")
            } else {
                format!(
                    "Write `&{}` before the value that is meant, or quote it",
                    &written[1..]
                )
            }),
        );
        if self.takes_key() {
            self.set_key(Key {
                start: place.start,
                end: place.end,
                ..Key::default()
            });
        } else {
            // A name such as `*.example.com` is read on as if it had quotes.
            let kind = if name.contains('.') {
                Kind::Plain
            } else {
                Kind::Broken
            };
            self.push(kind, place, None);
        }
        Ok(())
    }

    /// Puts a copy of what an alias stands for in its place.
    fn alias(&mut self, anchor: usize, place: Range<u32>) -> Result<(), Stop> {
        if self.takes_key() {
            return self.refuse_key(&place);
        }
        let Some(&source) = self.anchors.get(&anchor) else {
            return self.unresolved("", place);
        };
        let root = self.arena.nodes[source as usize];
        if root.next == 0 {
            self.report(
                Finding::error(
                    rules::ALIAS,
                    self.span(place.clone()),
                    "an alias stands inside of what it stands for",
                )
                .label("without end")
                .related(
                    Span::new(self.file, root.start, root.start + 1),
                    "from here",
                )
                .help("Write the value out"),
            );
            self.push(Kind::Broken, place, None);
            return Ok(());
        }
        if let Some(what) = self.expand(source) {
            let message = format!("aliases stand for more than {what}");
            return Err(self.limit(
                place.start as usize..place.end as usize,
                message,
                "Write the values out, or put what is shared into `defaults`",
            ));
        }
        if self.open.len() + self.depth_of(source) > self.limits.depth {
            return Err(self.too_deep(place.start as usize..place.end as usize));
        }
        let text = match root.kind {
            Kind::Plain | Kind::Quoted => Some(self.arena.value(source).into()),
            _ => None,
        };
        let copy = self.push(root.kind, place, text);
        let shift = copy - source;
        for index in source + 1..root.next {
            let mut node = self.arena.nodes[index as usize];
            node.next += shift;
            self.arena.nodes.push(node);
            for value in [false, true] {
                if let Ok(at) = self
                    .arena
                    .decoded
                    .binary_search_by_key(&(index, value), |d| d.of)
                {
                    let text = self.arena.decoded[at].text.clone();
                    self.arena.decoded.push(Decoded {
                        of: (index + shift, value),
                        text,
                    });
                }
            }
        }
        self.arena.nodes[copy as usize].next = root.next + shift;
        Ok(())
    }

    /// Counts what an alias stands for; the limit when that is too much.
    fn expand(&mut self, source: u32) -> Option<String> {
        let end = self.arena.nodes[source as usize].next;
        let (nodes, bytes) = &mut self.expanded;
        *nodes += (end - source) as usize;
        if *nodes > self.limits.expanded {
            return Some(format!("{} values", self.limits.expanded));
        }
        for index in source..end {
            *bytes += self.arena.key(index).len() + self.arena.value(index).len();
        }
        (*bytes > self.limits.bytes).then(|| format!("{} bytes", self.limits.bytes))
    }

    /// How many collections are within each other in a subtree.
    fn depth_of(&self, root: u32) -> usize {
        let mut ends: Vec<u32> = Vec::new();
        let mut deepest = 0;
        for index in root..self.arena.nodes[root as usize].next {
            while ends.last().is_some_and(|&end| end <= index) {
                ends.pop();
            }
            let node = &self.arena.nodes[index as usize];
            if matches!(node.kind, Kind::Sequence | Kind::Mapping) {
                ends.push(node.next);
                deepest = deepest.max(ends.len());
            }
        }
        deepest
    }
}
