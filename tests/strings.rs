//! Any text in any field: an error at its place, or a configuration that says what was meant.
//!
//! Rendering itself proves the second: what it returns was parsed again and compared, value
//! by value, with what was intended.

#![allow(clippy::unwrap_used)] // a test may panic

use djanginx::finding::Finding;
use djanginx::render::render;
use djanginx::source::{SourceMap, Span};
use djanginx::topology::document::Step;
use djanginx::topology::{Options, check, load};
use proptest::prelude::*;
use serde_yaml::Value;
use std::path::Path;

/// Text that ends words, statements, blocks, comments and quotes, or hides something.
const HOSTILE: &[&str] = &[
    "",
    " ",
    "x; return 302 http://evil.example/; #",
    "\"; return 302 http://evil.example/; # \"",
    "'; } server { listen 81; #'",
    "x } server { #",
    "{",
    "}",
    "#",
    "\\",
    "\\\"",
    "$",
    "$host",
    "${host",
    "${host}",
    "$nosuch_variable",
    "a\nb",
    "a\r\nSet-Cookie: x=1",
    "a\u{0}b",
    "a\tb",
    "a\u{202e}b",
    "a\u{2028}b",
    "{{ header.target }}",
    "{% raw %}",
    "djanginx_placeholder_0_end",
    "lua_block { }",
    "größe",
    "~^(.*)$",
    "default",
    "unix:/tmp/x;y",
];

/// A topology with most of what there is.
fn fixture() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/topologies/shop.yaml");
    std::fs::read_to_string(path).unwrap()
}

/// A way to a value: keys and indexes.
#[derive(Clone, Debug)]
enum Part {
    Key(String),
    Index(usize),
}

/// The ways to all scalars.
fn scalars(value: &Value, way: &mut Vec<Part>, found: &mut Vec<Vec<Part>>) {
    match value {
        Value::Mapping(entries) => {
            for (key, value) in entries {
                way.push(Part::Key(key.as_str().unwrap().to_owned()));
                scalars(value, way, found);
                way.pop();
            }
        }
        Value::Sequence(items) => {
            for (index, value) in items.iter().enumerate() {
                way.push(Part::Index(index));
                scalars(value, way, found);
                way.pop();
            }
        }
        _ => found.push(way.clone()),
    }
}

/// Where the scalars of the fixture are, each once.
fn places(text: &str) -> Vec<Span> {
    let value: Value = serde_yaml::from_str(text).unwrap();
    let mut ways = Vec::new();
    scalars(&value, &mut Vec::new(), &mut ways);
    let loaded = load(&mut SourceMap::new(), "shop.yaml", text.as_bytes()).unwrap();
    let steps = |way: &[Part]| -> Span {
        let way: Vec<Step<'_>> = way
            .iter()
            .map(|part| match part {
                Part::Key(key) => Step::Key(key),
                Part::Index(index) => Step::Index(*index),
            })
            .collect();
        loaded.document.at(&way)
    };
    let mut places: Vec<Span> = ways.iter().map(|way| steps(way)).collect();
    // The names of pools, sites and streams, and of headers, are the user's own, too.
    for way in [
        &["pools", "web"][..],
        &["pools", "realtime"],
        &["sites", "shop"],
        &["streams", "redis"],
        &["sites", "shop", "routes", "/upload/"],
        &["sites", "shop", "headers", "request", "X-Tenant"],
        &["sites", "shop", "headers", "response", "Permissions-Policy"],
    ] {
        let way: Vec<Step<'_>> = way.iter().map(|key| Step::Key(key)).collect();
        places.push(loaded.document.key_at(&way));
    }
    places
}

/// Puts a text in the place of a scalar and looks at what becomes of it.
fn survives(fixture: &str, place: Span, hostile: &str) -> Result<(), String> {
    let quoted = serde_json::to_string(hostile).unwrap();
    let (start, end) = (place.start as usize, place.end as usize);
    let text = format!("{}{quoted}{}", &fixture[..start], &fixture[end..]);
    let changed = start..start + quoted.len();
    let about = |finding: &Finding| {
        let mut labels = std::iter::once(&finding.primary).chain(&finding.related);
        labels.any(|label| {
            (label.span.start as usize) < changed.end && changed.start <= label.span.end as usize
        })
    };
    let mut sources = SourceMap::new();
    match check(&mut sources, "t.yaml", text.as_bytes(), &Options::default()) {
        Err(findings) if findings.iter().any(about) => Ok(()),
        Err(findings) => Err(format!(
            "{quoted} at {start}: not at its place: {findings:#?}"
        )),
        Ok(valid) => {
            let topology = &valid.loaded.topology;
            render(topology, topology.target().unwrap(), text.as_bytes(), None)
                .map(|_| ())
                .map_err(|error| format!("{quoted} at {start}: {error}"))
        }
    }
}

#[test]
fn hostile_text_in_every_field() {
    let fixture = fixture();
    let places = places(&fixture);
    assert!(
        places.len() * HOSTILE.len() > 2_000,
        "enough to say something"
    );
    let failures: Vec<String> = places
        .iter()
        .flat_map(|&place| HOSTILE.iter().map(move |hostile| (place, hostile)))
        .filter_map(|(place, hostile)| survives(&fixture, place, hostile).err())
        .collect();
    assert!(
        failures.is_empty(),
        "{} of them:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_text_in_any_field(which in any::<usize>(), text in any::<String>()) {
        let fixture = fixture();
        let places = places(&fixture);
        let result = survives(&fixture, places[which % places.len()], &text);
        prop_assert!(result.is_ok(), "{}", result.unwrap_err());
    }
}
