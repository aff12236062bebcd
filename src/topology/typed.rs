//! Document to types, through serde_yaml's values.
//!
//! The YAML text is not read a second time: small subtrees become [`Value`]s, in which
//! every scalar is what the structure check decided, and serde_yaml makes types of them.
//! Larger collections are opened one level at a time, so that a hundred thousand nodes
//! never exist as values all at once.

use super::document::{Arena, Kind, Role};
use super::structure::Repairs;
use serde::Deserialize;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use serde_yaml::{Error, Mapping, Value};
use std::cell::Cell;

/// A subtree of at most so many nodes becomes one value.
const SMALL: u32 = 32;

/// Loads a checked document; on failure also the node at which it happened.
pub(super) fn load<'de, T: Deserialize<'de>>(
    arena: &'de Arena,
    repairs: &'de Repairs,
) -> Result<T, (Error, u32)> {
    let source = Source {
        arena,
        repairs,
        last: Cell::new(0),
    };
    T::deserialize(source.node(0)).map_err(|error| (error, source.last.get()))
}

struct Source<'de> {
    arena: &'de Arena,
    repairs: &'de Repairs,
    /// The node whose value was made last, which is where an error belongs.
    last: Cell<u32>,
}

impl<'de> Source<'de> {
    fn node(&self, node: u32) -> Piece<'de, '_> {
        let what = match self.arena.nodes[node as usize].role {
            Role::Replaced => What::Repair(&self.repairs.replaced[&node]),
            _ => What::Node(node),
        };
        Piece { source: self, what }
    }

    /// The children that are to be loaded.
    fn children(&self, node: u32) -> impl Iterator<Item = u32> {
        self.arena
            .children(node)
            .filter(|&child| self.arena.nodes[child as usize].role != Role::Skipped)
    }

    fn entries(&self, node: u32) -> impl Iterator<Item = (&'de str, Piece<'de, '_>)> {
        let missing = self.repairs.missing.get(&node).map_or(&[][..], |m| m);
        let missing = missing.iter().map(|(key, value)| {
            let what = What::Repair(value);
            (&**key, Piece { source: self, what })
        });
        self.children(node)
            .map(|child| (self.arena.key(child), self.node(child)))
            .chain(missing)
    }
}

/// A subtree that is about to become a type.
#[derive(Clone, Copy)]
struct Piece<'de, 's> {
    source: &'s Source<'de>,
    what: What<'de>,
}

#[derive(Clone, Copy)]
enum What<'de> {
    Node(u32),
    Repair(&'de Value),
}

impl<'de> Piece<'de, '_> {
    /// The collection's node, when it is too large to become a value.
    fn large(self) -> Option<u32> {
        match self.what {
            What::Node(node) => {
                let next = self.source.arena.nodes[node as usize].next;
                (next - node > SMALL).then_some(node)
            }
            What::Repair(_) => None,
        }
    }

    fn value(self) -> Result<Value, Error> {
        let index = match self.what {
            What::Node(node) => node,
            What::Repair(value) => return Ok(value.clone()),
        };
        self.source.last.set(index);
        let node = &self.source.arena.nodes[index as usize];
        let text = || self.source.arena.value(index);
        Ok(match (node.kind, node.role) {
            (Kind::Null | Kind::Broken, _) => Value::Null,
            (Kind::Sequence, _) => Value::Sequence(
                self.source
                    .children(index)
                    .map(|child| self.source.node(child).value())
                    .collect::<Result<_, _>>()?,
            ),
            (Kind::Mapping, _) => {
                let mut mapping = Mapping::new();
                for (key, piece) in self.source.entries(index) {
                    mapping.insert(Value::String(key.to_owned()), piece.value()?);
                }
                Value::Mapping(mapping)
            }
            (_, Role::Integer) => {
                let number: i64 = text().parse().map_err(Error::custom)?;
                Value::Number(number.into())
            }
            (_, Role::Boolean) => Value::Bool(text() == "true"),
            (_, Role::Text | Role::Skipped | Role::Replaced) => Value::String(text().to_owned()),
        })
    }
}

impl<'de> IntoDeserializer<'de, Error> for Piece<'de, '_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Piece<'de, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Some(node) = self.large() else {
            return self.value()?.deserialize_any(visitor);
        };
        let source = self.source;
        match source.arena.nodes[node as usize].kind {
            Kind::Mapping => MapDeserializer::new(source.entries(node)).deserialize_any(visitor),
            _ => SeqDeserializer::new(source.children(node).map(|child| source.node(child)))
                .deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        // What is there is something: nothing behind a key was refused before.
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.value()?.deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::super::events::{Limits, read};
    use super::*;
    use crate::source::FileId;
    use proptest::prelude::*;

    /// Documents of text, as deep and as wide as values are made from.
    fn document() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            any::<String>(),
            "[ -~]{0,12}",
            proptest::sample::select(vec![
                "no", "1.30", "~", "", "a: b", "- x", "[::1]", "&a", "é"
            ])
            .prop_map(str::to_owned),
        ]
        // The last three are line breaks of YAML 1.1, by whose rules serde_yaml folds them.
        // A merge key is refused.
        .prop_filter("YAML has no way to write it", |text| {
            text != "<<"
                && !text.contains([
                    '\u{feff}', '\u{fffe}', '\u{ffff}', '\u{85}', '\u{2028}', '\u{2029}',
                ])
        });
        text.clone()
            .prop_map(Value::String)
            .prop_recursive(5, 200, 40, move |inner| {
                prop_oneof![
                    proptest::collection::vec(inner.clone(), 0..40).prop_map(Value::Sequence),
                    proptest::collection::btree_map(text.clone(), inner, 0..40).prop_map(
                        |entries| {
                            let entries = entries.into_iter();
                            Value::Mapping(
                                entries
                                    .map(|(key, value)| (Value::String(key), value))
                                    .collect(),
                            )
                        }
                    ),
                ]
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        /// Another implementation of YAML writes, and what is read is the same.
        #[test]
        fn what_serde_yaml_writes_is_read(value in document()) {
            // A text at the top that means nothing is an empty topology.
            prop_assume!(!value.is_string());
            let text = serde_yaml::to_string(&value).unwrap();
            let reading = read(FileId(0), &text.as_bytes().into(), &Limits::default());
            prop_assert!(reading.findings.is_empty(), "{:?}\n{}", reading.findings, text);
            let document = reading.document.unwrap();
            let loaded: Value = load(&document.arena, &Repairs::default()).unwrap();
            prop_assert_eq!(loaded, value, "{}", text);
        }
    }
}
