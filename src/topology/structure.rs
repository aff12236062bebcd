//! The structure check: a document against the shapes of the schema.
//!
//! It reports every mismatch at its place, and leaves behind how each node is to be loaded
//! ([`Role`]), so that the typed load succeeds even around mistakes and meaning can be
//! checked in the same run.

use super::document::{Document, Kind, Role};
use super::events::{unquoted_address, unquoted_address_finding};
use super::rules;
use super::shape::{Key, Object, Shape, Shapes};
use super::suggest::{either, nearest};
use crate::finding::Finding;
use crate::source::Span;
use crate::text::shown;
use serde_yaml::Value;
use std::collections::{HashMap, HashSet};

/// More findings than this are cut off.
pub(super) const MOST_FINDINGS: usize = 5_000;

/// What stands in for what is wrong or missing but needed, so that the rest can be loaded.
#[derive(Debug, Default)]
pub(super) struct Repairs {
    /// For nodes with [`Role::Replaced`].
    pub(super) replaced: HashMap<u32, Value>,
    /// Entries to add to a mapping.
    pub(super) missing: HashMap<u32, Vec<(Box<str>, Value)>>,
    /// Nodes that have a finding, and mappings that one of their own keys is wrong in.
    pub(super) tainted: HashSet<u32>,
}

/// Checks a document.
pub(super) fn check(document: &mut Document, shapes: &Shapes) -> (Vec<Finding>, Repairs) {
    let mut checker = Checker {
        document,
        shapes,
        findings: Vec::new(),
        repairs: Repairs::default(),
    };
    if !checker.node(0, &shapes.root, Subject::Root) {
        checker.replace(0, &shapes.root);
    }
    (checker.findings, checker.repairs)
}

/// What a node is called in a message.
#[derive(Clone, Copy)]
enum Subject {
    Root,
    /// The entry of a mapping: the node itself knows its key.
    Entry,
    /// An item of the sequence at this node.
    Item(u32),
}

struct Checker<'a> {
    document: &'a mut Document,
    shapes: &'a Shapes,
    findings: Vec<Finding>,
    repairs: Repairs,
}

impl Checker<'_> {
    /// Checks a node; false when it cannot be loaded as it is.
    fn node(&mut self, node: u32, shape: &Shape, subject: Subject) -> bool {
        match self.document.arena.nodes[node as usize].kind {
            Kind::Broken => {
                self.repairs.tainted.insert(node);
                false
            }
            Kind::Null => {
                self.missing_value(node, shape, subject);
                false
            }
            Kind::Plain | Kind::Quoted => self.scalar(node, shape, subject),
            Kind::Sequence => match &shape.items {
                Some(items) => {
                    self.sequence(node, items);
                    true
                }
                None => {
                    self.wrong_type(node, shape, subject);
                    false
                }
            },
            Kind::Mapping => match shape.object {
                Some(object) => {
                    self.mapping(node, object, subject);
                    true
                }
                None => {
                    self.wrong_type(node, shape, subject);
                    false
                }
            },
        }
    }

    fn sequence(&mut self, sequence: u32, items: &Shape) {
        let end = self.document.arena.nodes[sequence as usize].next;
        let mut item = sequence + 1;
        while item < end {
            if !self.node(item, items, Subject::Item(sequence)) {
                self.replace(item, items);
            }
            item = self.document.arena.nodes[item as usize].next;
        }
    }

    fn mapping(&mut self, mapping: u32, object: usize, subject: Subject) {
        let shapes = self.shapes;
        let object = &shapes.objects[object];
        let end = self.document.arena.nodes[mapping as usize].next;
        // One bit for each key that was met; `Shapes::compile` refuses types with more keys.
        let mut met: u64 = 0;
        let mut unknown = Vec::new();
        let mut broken = false;
        let mut entry = mapping + 1;
        while entry < end {
            // A merge key, for one, might have brought what is missing.
            broken |= self.document.arena.nodes[entry as usize].kind == Kind::Broken;
            let next = self.document.arena.nodes[entry as usize].next;
            match object.key(self.document.arena.key_bytes(entry)) {
                Some((at, key)) => {
                    met |= 1 << at;
                    if !self.node(entry, &key.shape, Subject::Entry) {
                        self.repairs.tainted.insert(mapping);
                        if key.required {
                            self.replace(entry, &key.shape);
                        } else {
                            self.skip(entry);
                        }
                    }
                }
                None => match &object.names {
                    Some(shape) => {
                        if !self.node(entry, shape, Subject::Entry) {
                            self.replace(entry, shape);
                        }
                    }
                    None => {
                        unknown.push(entry);
                        self.skip(entry);
                    }
                },
            }
            entry = next;
        }
        let is_free = |at: usize| met & (1 << at) == 0;
        // A key that an unknown one was probably meant to be is not missing as well.
        let mut meant: u64 = 0;
        for entry in unknown {
            if let Some(at) = self.unknown_key(entry, mapping, object, is_free) {
                meant |= 1 << at;
            }
        }
        for (at, key) in object.keys.iter().enumerate() {
            if key.required && is_free(at) {
                let value = self.stand_in(&key.shape);
                let missing = self.repairs.missing.entry(mapping).or_default();
                missing.push((key.name.clone(), value));
                if meant & (1 << at) == 0 && !broken {
                    self.missing_key(mapping, key, subject);
                }
            }
        }
    }

    /// Marks a node as if it were not there.
    fn skip(&mut self, node: u32) {
        self.repairs.tainted.insert(node);
        self.document.arena.nodes[node as usize].role = Role::Skipped;
    }

    /// Puts a value of the right shape in the place of a node.
    fn replace(&mut self, node: u32, shape: &Shape) {
        let value = self.stand_in(shape);
        self.repairs.tainted.insert(node);
        self.repairs.replaced.insert(node, value);
        self.document.arena.nodes[node as usize].role = Role::Replaced;
    }

    fn stand_in(&self, shape: &Shape) -> Value {
        if let Some(text) = &shape.text {
            let value = text.values.first().map_or("", |value| value);
            return Value::String(value.to_owned());
        }
        if let Some((least, _)) = shape.integer {
            return Value::Number(least.into());
        }
        if shape.boolean {
            return Value::Bool(false);
        }
        if shape.items.is_some() {
            return Value::Sequence(Vec::new());
        }
        let object = shape.object.map(|object| &self.shapes.objects[object]);
        let required = object.into_iter().flat_map(|object| &object.keys);
        let entries = required.filter(|key| key.required);
        Value::Mapping(
            entries
                .map(|key| {
                    (
                        Value::String(key.name.to_string()),
                        self.stand_in(&key.shape),
                    )
                })
                .collect(),
        )
    }

    /// Checks a scalar and decides how it is loaded.
    fn scalar(&mut self, node: u32, shape: &Shape, subject: Subject) -> bool {
        let arena = &mut self.document.arena;
        let plain = arena.nodes[node as usize].kind == Kind::Plain;
        let text = arena.value(node);
        let any_text = shape.text.as_ref().is_some_and(|text| text.any);
        let number = shape.integer.zip(whole_number(text)).filter(|_| plain);
        let role = if plain && shape.boolean && matches!(text, "true" | "false") && !any_text {
            Some(Role::Boolean)
        } else if let Some(((least, most), number)) = number {
            let as_text = shape.text.is_some();
            let role = if as_text { Role::Text } else { Role::Integer };
            (least..=most).contains(&number).then_some(role)
        } else {
            let known = shape.text.as_ref();
            known
                .is_some_and(|known| known.accepts(text))
                .then_some(Role::Text)
        };
        match role {
            Some(role) => {
                arena.nodes[node as usize].role = role;
                true
            }
            None => {
                self.wrong_scalar(node, shape, subject);
                false
            }
        }
    }

    // ── What is said ────────────────────────────────────────────────────────────────────

    /// Whether there are so many findings that more are of no use.
    fn is_full(&self) -> bool {
        self.findings.len() > MOST_FINDINGS
    }

    fn report(&mut self, node: u32, finding: Finding) {
        self.repairs.tainted.insert(node);
        if !self.is_full() {
            self.findings.push(finding);
        }
    }

    fn subject(&self, node: u32, subject: Subject) -> String {
        let arena = &self.document.arena;
        match subject {
            Subject::Root => "the topology".to_owned(),
            Subject::Entry => format!("`{}`", shown(arena.key(node))),
            Subject::Item(sequence) => match arena.key(sequence) {
                "" => "an item".to_owned(),
                key => format!("an item of `{}`", shown(key)),
            },
        }
    }

    fn missing_value(&mut self, node: u32, shape: &Shape, subject: Subject) {
        let name = self.subject(node, subject);
        let span = self.document.key_span(node);
        let words = shape.words();
        let finding = match subject {
            Subject::Entry => Finding::error(
                rules::MISSING_VALUE,
                span.unwrap_or_else(|| self.document.place(node)),
                format!("{name} has no value"),
            )
            .label("nothing follows")
            .help(format!("Write {words} behind it, or remove the key")),
            Subject::Root | Subject::Item(_) => Finding::error(
                rules::MISSING_VALUE,
                self.document.place(node),
                format!("{name} is empty"),
            )
            .label("nothing here")
            .help(format!("Write {words} here, or remove it")),
        };
        self.report(node, finding);
    }

    fn wrong_type(&mut self, node: u32, shape: &Shape, subject: Subject) {
        let arena = &self.document.arena;
        let found = arena.nodes[node as usize];
        if found.kind == Kind::Sequence && shape.text.is_some() {
            let text = arena.slice(found.start, found.end);
            if unquoted_address(text, 0).is_some() {
                let span = Span::new(arena.file, found.start, found.end);
                let finding = unquoted_address_finding(span, text);
                self.report(node, finding);
                return;
            }
        }
        let name = self.subject(node, subject);
        let label = match found.kind {
            Kind::Sequence => "this is a sequence",
            _ => "this is a mapping",
        };
        let place = self.document.place(node);
        let message = format!("{name} must be {}", shape.words());
        let mut finding = Finding::error(rules::WRONG_TYPE, place, message).label(label);
        let alone = found.kind == Kind::Sequence && found.next == node + 2;
        let only = self
            .document
            .arena
            .value(if alone { node + 1 } else { node });
        if !only.is_empty() && (shape.text.is_some() || shape.integer.is_some()) {
            finding = finding.help(format!("Write `{}` alone", shown(only)));
        } else {
            finding.help = self
                .how_to_write(shape, found.kind == Kind::Sequence)
                .map(Into::into);
        }
        self.report(node, finding);
    }

    /// An order for whoever wrote something else than the mapping that is due.
    fn how_to_write(&self, shape: &Shape, found_sequence: bool) -> Option<String> {
        let object = &self.shapes.objects[shape.object?];
        let list = |key: &&Key| key.required && key.shape.items.is_some();
        Some(match object.keys.iter().find(list) {
            Some(key) if found_sequence => format!("Write `{}:` before it", key.name),
            _ if object.names.is_some() => "Write a mapping of names of your choice".to_owned(),
            _ => {
                let names = object.keys.iter().map(|key| &*key.name);
                format!("Write a mapping with {}", either(names))
            }
        })
    }

    fn wrong_scalar(&mut self, node: u32, shape: &Shape, subject: Subject) {
        let arena = &self.document.arena;
        let quoted = arena.nodes[node as usize].kind == Kind::Quoted;
        let text = arena.value(node);
        let shown = shown(text).into_owned();
        let name = self.subject(node, subject);
        let place = self.document.place(node);
        let words = shape.words();
        let number = whole_number(text);
        let lower = text.to_ascii_lowercase();
        let yes_or_no = match &*lower {
            "yes" | "on" | "y" | "true" => Some("true"),
            "no" | "off" | "n" | "false" => Some("false"),
            _ => None,
        };
        let wrong_type = |label: &'static str| {
            Finding::error(rules::WRONG_TYPE, place, format!("{name} must be {words}")).label(label)
        };
        let finding = if let (true, Some(value), false) = (shape.boolean, yes_or_no, quoted) {
            wrong_type("this is text in YAML 1.2").help(format!("Write `{value}`"))
        } else if quoted
            && ((shape.integer.is_some() && number.is_some())
                || (shape.boolean && yes_or_no.is_some()))
        {
            wrong_type("this is text").help("Remove the quotes")
        } else if let (Some((least, most)), true) = (
            shape.integer,
            !quoted && (number.is_some() || (is_huge(text) && shape.text.is_none())),
        ) {
            let help = format!("Write a number from {least} to {most}");
            Finding::error(
                rules::INVALID_VALUE,
                place,
                format!("{name} cannot be `{shown}`"),
            )
            .label("out of range")
            .help(help)
        } else if let Some(known) = &shape.text {
            let near = nearest(text, known.values.iter().map(|value| &**value));
            let help = match near {
                Some(value) => format!("Write `{value}`"),
                None => format!("Write {words}"),
            };
            Finding::error(
                rules::INVALID_VALUE,
                place,
                format!("{name} cannot be `{shown}`"),
            )
            .label("not one of its values")
            .help(help)
        } else if shape.integer.is_some() {
            let label = match looks_like_number(text) {
                true => "no plain number",
                false => "this is text",
            };
            wrong_type(label).help("Write decimal digits alone, without leading zeros")
        } else {
            let mut finding = wrong_type(match (quoted, text) {
                (false, "true" | "false") => "this is a truth value",
                (false, _) if text.parse::<f64>().is_ok() => "this is a number",
                _ => "this is text",
            });
            let glued = text.contains(':') && !text.contains(": ") && !quoted;
            finding.help = match (&shape.object, &shape.items) {
                (Some(_), _) if glued => Some("Put a space behind the `:`".into()),
                (_, Some(_)) => Some(format!("Write `[{shown}]`").into()),
                _ => self.how_to_write(shape, false).map(Into::into),
            };
            finding
        };
        self.report(node, finding);
    }

    /// Reports a key, and tells which known one was probably meant.
    fn unknown_key(
        &mut self,
        entry: u32,
        mapping: u32,
        object: &Object,
        is_free: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        self.repairs.tainted.insert(mapping);
        let arena = &self.document.arena;
        if arena.nodes[entry as usize].kind == Kind::Broken || self.is_full() {
            return None;
        }
        let key = arena.key(entry);
        let names = || object.keys.iter().map(|key| &*key.name);
        let free = object
            .keys
            .iter()
            .enumerate()
            .filter(|(at, _)| is_free(*at));
        let near = || nearest(key, free.map(|(_, key)| &*key.name));
        let ours = nginx_word(key).iter().copied();
        let meant = ours
            .filter(|ours| object.key(ours).is_some())
            .chain(std::iter::once_with(near).flatten())
            .next();
        let help = match (meant, self.shapes.place_of(key)) {
            (Some(meant), _) => format!("Write `{meant}`"),
            (None, None) => format!("Write {}", either(names())),
            (None, Some(place)) => format!("Write {}; or move it to `{place}`", either(names())),
        };
        let place = self
            .document
            .key_span(entry)
            .unwrap_or_else(|| self.document.place(entry));
        let finding = Finding::error(
            rules::UNKNOWN_KEY,
            place,
            format!("the key `{}` is unknown", shown(key)),
        )
        .label("unknown here")
        .help(help);
        let meant = meant.and_then(|meant| object.key(meant));
        self.report(entry, finding);
        meant.map(|(at, _)| at)
    }

    fn missing_key(&mut self, mapping: u32, key: &Key, subject: Subject) {
        let (key, about) = (&key.name, &key.about);
        let name = self.subject(mapping, subject);
        let finding = Finding::error(
            rules::MISSING_KEY,
            self.document.place(mapping),
            format!("{name} has no `{key}`"),
        )
        .label(format!("`{key}` is missing"))
        .help(format!("Add `{key}`: {about}"));
        self.report(mapping, finding);
    }
}

/// A whole number in its only spelling: no sign but `-`, no leading zeros, no other base.
fn whole_number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|b| b.is_ascii_digit())
        && (digits == "0" && text == "0" || !digits.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

fn looks_like_number(text: &str) -> bool {
    text.bytes()
        .next()
        .is_some_and(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.'))
}

/// More digits than a number can have.
fn is_huge(text: &str) -> bool {
    text.len() > 18 && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit())
}

/// Our keys for a word that people bring along from nginx or another balancer.
fn nginx_word(word: &str) -> &'static [&'static str] {
    match word {
        "upstream" | "upstreams" | "backends" => &["pools", "nodes"],
        "server" | "servers" | "vhosts" => &["sites", "nodes"],
        "members" => &["nodes"],
        "server_name" | "server_names" | "hosts" => &["domains", "nodes"],
        "location" | "locations" | "paths" => &["routes"],
        "host" => &["address"],
        "algorithm" | "method" => &["balance"],
        "client_max_body_size" => &["body_limit"],
        "proxy_buffering" => &["buffering"],
        "proxy_next_upstream" => &["failover"],
        "proxy_connect_timeout" => &["connect", "timeouts"],
        "proxy_read_timeout" => &["read", "timeouts"],
        "proxy_send_timeout" => &["send", "timeouts"],
        "ssl" => &["tls"],
        "ssl_certificate" | "cert" => &["certificate", "tls"],
        "ssl_certificate_key" => &["key", "tls"],
        "limit_req" => &["rate_limit"],
        "auth_basic" => &["basic_auth"],
        "set_real_ip_from" | "real_ip" => &["trusted_proxies"],
        "error_page" => &["errors"],
        "alias" => &["root"],
        "worker_processes" => &["workers"],
        "log_format" => &["log"],
        _ => &[],
    }
}
