//! The JSON Schema of the topology, compiled for checking a document against it.
//!
//! The schema is made from the types, so what is published, what is checked and what is
//! loaded cannot differ. Only the part of JSON Schema that the types use is understood;
//! a test compiles the real schema, so anything else is found there.

use super::suggest::join;
use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::Value;
use std::collections::HashMap;

/// The JSON Schema of a topology, as it is published.
#[must_use]
pub fn schema() -> Schema {
    schema_of::<super::model::Topology>()
}

/// The schema of any type with the adjustments that the topology's has.
pub(super) fn schema_of<T: schemars::JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12()
        .with_transform(RecursiveTransform(adjust))
        .into_generator()
        .into_root_schema_for::<T>()
}

/// Makes a derived schema say what the checks demand and what people like to read.
fn adjust(schema: &mut Schema) {
    // An `Option` is a key that can be left out, never one with `null` behind it.
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            schema.insert("type".to_owned(), one);
        }
    }
    if let Some(Value::Array(branches)) = schema.get_mut("anyOf") {
        branches.retain(|branch| branch.get("type").is_none_or(|name| name != "null"));
        if let [Value::Object(one)] = branches.as_slice() {
            let one = one.clone();
            schema.remove("anyOf");
            for (key, value) in one {
                if schema.get(&key).is_none() {
                    schema.insert(key, value);
                }
            }
        }
    }
    // Rust's `u32` has a largest value; JSON Schema's format alone does not forbid larger.
    if schema
        .get("format")
        .is_some_and(|format| format == "uint32")
    {
        schema.insert("maximum".to_owned(), u32::MAX.into());
    }
    // Documentation comments are broken into lines; editors show descriptions as one.
    if let Some(Value::String(text)) = schema.get("description") {
        let joined = text.replace("\n\n", "\u{0}").replace('\n', " ");
        schema.insert(
            "description".to_owned(),
            joined.replace('\u{0}', "\n\n").into(),
        );
    }
}

/// What text is allowed.
#[derive(Debug, Clone, Default)]
pub(super) struct Text {
    /// Any. What a format such as nginx's durations demands beyond that is meaning.
    pub(super) any: bool,
    /// What any text is called; nothing particular when empty.
    pub(super) formats: Vec<&'static str>,
    /// These words.
    pub(super) values: Vec<Box<str>>,
}

impl Text {
    pub(super) fn accepts(&self, text: &str) -> bool {
        self.any || self.values.iter().any(|value| &**value == text)
    }
}

/// The formats of the schema in words.
fn format_words(name: &str) -> Option<&'static str> {
    match name {
        "nginx-time" => Some("a duration such as `30s`"),
        "nginx-size" => Some("a size such as `10m`"),
        _ => None,
    }
}

/// What may stand at a place: at most one branch for each kind of node, so that the kind
/// tells which branch is meant.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// Text, quoted or not; numbers are text as well where both are allowed.
    pub(super) text: Option<Text>,
    /// Whole numbers, from the first to the second.
    pub(super) integer: Option<(i64, i64)>,
    /// `true` and `false`.
    pub(super) boolean: bool,
    /// A sequence of such items.
    pub(super) items: Option<Box<Shape>>,
    /// A mapping: an index into [`Shapes::objects`].
    pub(super) object: Option<usize>,
}

impl Shape {
    /// What is expected, in words.
    pub(super) fn words(&self) -> String {
        let mut words = Vec::new();
        if let Some(text) = &self.text {
            words.extend(text.formats.iter().map(|&format| format.to_owned()));
            words.extend(text.values.iter().map(|value| format!("`{value}`")));
            if text.any && text.formats.is_empty() && self.integer.is_none() {
                words.push("text".to_owned());
            }
        }
        match (self.integer, &self.text) {
            (Some(_), Some(text)) if !text.formats.is_empty() => {}
            (Some(_), Some(text)) if text.any => words.push("text or a number".to_owned()),
            (Some((0, i64::MAX)), _) | (Some((0, 0xffff_ffff)), _) => {
                words.push("a whole number".to_owned());
            }
            (Some((least, most)), _) => {
                words.push(format!("a whole number from {least} to {most}"));
            }
            (None, _) => {}
        }
        if self.boolean {
            words.push("`true`".to_owned());
            words.push("`false`".to_owned());
        }
        if self.items.is_some() {
            words.push("a sequence".to_owned());
        }
        if self.object.is_some() {
            words.push("a mapping".to_owned());
        }
        join(&words)
    }

    /// Joins the branches of two shapes.
    fn or(mut self, other: Self) -> Result<Self, String> {
        fn one<T>(a: Option<T>, b: Option<T>, what: &str) -> Result<Option<T>, String> {
            match (a, b) {
                (Some(_), Some(_)) => Err(format!("two branches of one `anyOf` are {what}")),
                (a, b) => Ok(a.or(b)),
            }
        }
        self.text = match (self.text, other.text) {
            (Some(mut a), Some(b)) => {
                a.any |= b.any;
                a.formats.extend(b.formats);
                a.values.extend(b.values);
                Some(a)
            }
            (a, b) => a.or(b),
        };
        self.integer = one(self.integer, other.integer, "numbers")?;
        self.boolean |= other.boolean;
        self.items = one(self.items, other.items, "sequences")?;
        self.object = one(self.object, other.object, "mappings")?;
        Ok(self)
    }
}

/// A key of a mapping.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) name: Box<str>,
    pub(super) shape: Shape,
    pub(super) required: bool,
    /// The first sentence of its documentation, without the full stop.
    pub(super) about: Box<str>,
}

/// A mapping.
#[derive(Debug, Clone, Default)]
pub(super) struct Object {
    /// The keys that have a meaning.
    pub(super) keys: Vec<Key>,
    /// What stands behind names that people choose.
    pub(super) names: Option<Shape>,
}

impl Object {
    pub(super) fn key(&self, name: &str) -> Option<(usize, &Key)> {
        self.keys
            .iter()
            .enumerate()
            .find(|(_, key)| &*key.name == name)
    }
}

/// A whole schema.
#[derive(Debug)]
pub(super) struct Shapes {
    pub(super) root: Shape,
    pub(super) objects: Vec<Object>,
}

impl Shapes {
    /// Compiles a schema.
    ///
    /// # Errors
    /// What in the schema is not understood.
    pub(super) fn compile(schema: &Schema) -> Result<Self, String> {
        let schema = schema.as_value();
        let mut compiler = Compiler {
            definitions: &schema["$defs"],
            done: HashMap::new(),
            objects: Vec::new(),
        };
        let root = compiler.shape(schema, 0)?;
        Ok(Self {
            root,
            objects: compiler.objects,
        })
    }

    /// Where else a key has a meaning, such as `pools.NAME.keepalive`.
    pub(super) fn place_of(&self, key: &str) -> Option<String> {
        let mut queue = std::collections::VecDeque::from([(&self.root, String::new())]);
        let mut seen = vec![false; self.objects.len()];
        while let Some((shape, path)) = queue.pop_front() {
            if let Some(items) = &shape.items {
                queue.push_back((items, format!("{path}[]")));
            }
            let Some(object) = shape.object else { continue };
            if std::mem::replace(&mut seen[object], true) {
                continue;
            }
            let object = &self.objects[object];
            let dot = if path.is_empty() { "" } else { "." };
            if object.key(key).is_some() {
                return Some(format!("{path}{dot}{key}"));
            }
            if let Some(names) = &object.names {
                queue.push_back((names, format!("{path}{dot}NAME")));
            }
            for key in object.keys.iter().filter(|key| &*key.name != "defaults") {
                queue.push_back((&key.shape, format!("{path}{dot}{}", key.name)));
            }
        }
        None
    }
}

struct Compiler<'s> {
    definitions: &'s Value,
    done: HashMap<&'s str, Shape>,
    objects: Vec<Object>,
}

impl<'s> Compiler<'s> {
    fn shape(&mut self, schema: &'s Value, depth: usize) -> Result<Shape, String> {
        const KNOWN: &[&str] = &[
            "$schema",
            "$id",
            "$defs",
            "$ref",
            "title",
            "description",
            "default",
            "examples",
            "type",
            "enum",
            "const",
            "format",
            "pattern",
            "minimum",
            "maximum",
            "anyOf",
            "oneOf",
            "items",
            "properties",
            "required",
            "additionalProperties",
        ];
        if depth > 32 {
            return Err("the schema is recursive".to_owned());
        }
        let fields = schema.as_object().ok_or("a schema is no object")?;
        if let Some(key) = fields.keys().find(|key| !KNOWN.contains(&key.as_str())) {
            return Err(format!("the keyword `{key}` is not known"));
        }
        if let Some(Value::String(reference)) = fields.get("$ref") {
            let name = reference
                .strip_prefix("#/$defs/")
                .ok_or_else(|| format!("`{reference}` points elsewhere"))?;
            if let Some(shape) = self.done.get(name) {
                return Ok(shape.clone());
            }
            let shape = self.shape(&self.definitions[name], depth + 1)?;
            self.done.insert(name, shape.clone());
            return Ok(shape);
        }
        if let Some(Value::Array(branches)) = fields.get("anyOf").or_else(|| fields.get("oneOf")) {
            return branches.iter().try_fold(Shape::default(), |shape, branch| {
                shape.or(self.shape(branch, depth + 1)?)
            });
        }
        let mut shape = Shape::default();
        let types: Vec<&str> = match fields.get("type") {
            Some(Value::String(name)) => vec![name],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ if fields.contains_key("const") => vec!["string"],
            _ => return Err(format!("a schema has no type: {schema}")),
        };
        for name in &types {
            match *name {
                "string" => shape.text = Some(text(schema)?),
                "integer" => {
                    let bound =
                        |key, without| fields.get(key).and_then(Value::as_i64).unwrap_or(without);
                    shape.integer = Some((bound("minimum", 0), bound("maximum", i64::MAX)));
                }
                // Only beside text, which is what is loaded then.
                "number" if types.contains(&"string") => {}
                "boolean" => shape.boolean = true,
                "array" => {
                    let items = fields
                        .get("items")
                        .ok_or("an array says nothing of items")?;
                    shape.items = Some(Box::new(self.shape(items, depth + 1)?));
                }
                "object" => {
                    let object = self.object(schema, depth)?;
                    shape.object = Some(self.objects.len());
                    self.objects.push(object);
                }
                other => return Err(format!("the type `{other}` is not known")),
            }
        }
        Ok(shape)
    }

    fn object(&mut self, schema: &'s Value, depth: usize) -> Result<Object, String> {
        let required = &schema["required"];
        let is_required = |name: &str| {
            required
                .as_array()
                .is_some_and(|names| names.iter().any(|known| known == name))
        };
        let mut object = Object::default();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            object.keys.push(Key {
                name: name.as_str().into(),
                shape: self.shape(property, depth + 1)?,
                required: is_required(name),
                about: first_sentence(property),
            });
        }
        object.names = match &schema["additionalProperties"] {
            Value::Bool(false) => None,
            names @ Value::Object(_) => Some(self.shape(names, depth + 1)?),
            _ => return Err("an object allows any key".to_owned()),
        };
        Ok(object)
    }
}

fn first_sentence(schema: &Value) -> Box<str> {
    let text = schema["description"].as_str().unwrap_or_default();
    let sentence = text.split(". ").next().unwrap_or_default();
    let sentence = sentence.strip_suffix('.').unwrap_or(sentence);
    let mut letters = sentence.chars();
    match (letters.next(), letters.next()) {
        // "The nodes", but not "TLS".
        (Some(first), Some(second)) if !second.is_uppercase() => {
            let rest = &sentence[first.len_utf8()..];
            format!("{}{rest}", first.to_lowercase()).into()
        }
        _ => sentence.into(),
    }
}

fn text(schema: &Value) -> Result<Text, String> {
    let strings = |values: &[Value]| -> Result<Vec<Box<str>>, String> {
        values
            .iter()
            .map(|value| value.as_str().map(Box::from).ok_or("a value is no text"))
            .collect::<Result<_, _>>()
            .map_err(str::to_owned)
    };
    let mut text = Text::default();
    match (&schema["enum"], &schema["const"], &schema["format"]) {
        (Value::Array(values), _, _) => text.values = strings(values)?,
        (_, value @ Value::String(_), _) => text.values = strings(std::slice::from_ref(value))?,
        (_, _, Value::String(format)) => {
            text.any = true;
            text.formats.push(
                format_words(format)
                    .ok_or_else(|| format!("the format `{format}` is not known"))?,
            );
        }
        _ => text.any = true,
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_of_the_topology_is_understood() {
        let shapes = Shapes::compile(&schema()).unwrap();
        assert_eq!(
            shapes.place_of("keepalive").as_deref(),
            Some("pools.NAME.keepalive")
        );
    }
}
