//! Files that are made from the code are as the code makes them, and mean what it means.

#![allow(clippy::unwrap_used, missing_docs)] // a test may panic

use djanginx::rules;
use djanginx::source::SourceMap;
use djanginx::topology;
use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Compares a committed file with what it is made from; rewrites it when told to.
fn is_current(path: &str, made: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("DJANGINX_REGENERATE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, made).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == made,
        "{path} is not current: run `DJANGINX_REGENERATE=1 cargo test --test generated`"
    );
}

#[test]
fn the_schema_of_the_topology_is_current() {
    is_current("schemas/topology.schema.json", &topology::schema_text());
}

#[test]
fn the_schemas_of_results_are_current() {
    for (command, schema) in djanginx::cli::schemas() {
        is_current(&format!("schemas/{command}.schema.json"), &schema);
    }
}

// ── The manuals of rules ────────────────────────────────────────────────────────────────

/// A rule's page: its manual, and its fixtures as examples.
fn page(meta: &rules::Meta) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/rules")
        .join(meta.id);
    let mut page = format!(
        "<!-- Made from the code; see tests/generated.rs. -->\n\n# {}\n\n",
        meta.id
    );
    page += &format!("{}\n\n{}\n", meta.facts(), meta.manual());
    for (title, file) in [
        ("Reported", "bad.conf"),
        ("Silent", "good.conf"),
        ("Repaired", "fixed.conf"),
    ] {
        if let Ok(example) = std::fs::read_to_string(folder.join(file)) {
            page += &format!("\n## {title}\n\n```nginx\n{}\n```\n", example.trim_end());
        }
    }
    page
}

#[test]
fn the_pages_of_rules_are_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules");
    for meta in rules::every_meta() {
        is_current(&format!("docs/rules/{}.md", meta.id), &page(meta));
    }
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let id = path.file_stem().unwrap().to_str().unwrap();
        if rules::find(id).is_none() {
            if std::env::var_os("DJANGINX_REGENERATE").is_some() {
                std::fs::remove_file(&path).unwrap();
            } else {
                panic!("{} is the page of no rule: remove it", path.display());
            }
        }
    }
}

#[test]
fn the_table_of_rules_is_current() {
    const BEGIN: &str = "<!-- rules: begin -->\n";
    const END: &str = "<!-- rules: end -->";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let mut table =
        String::from("| Rule | Group | Severity | What it reports |\n|---|---|---|---|\n");
    for meta in rules::every_meta() {
        let off = if meta.default { "" } else { ", off" };
        table += &format!(
            "| [`{}`](docs/rules/{}.md) | {} | {}{off} | {} |\n",
            meta.id,
            meta.id,
            meta.group,
            meta.severity,
            meta.summary().replace('|', "\\|")
        );
    }
    is_current("README.md", &format!("{before}{BEGIN}{table}{END}{after}"));
}

// ── The schema and our own check agree ──────────────────────────────────────────────────

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let schema = serde_json::from_str(&topology::schema_text()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
});

/// Whether the schema allows a document; numbers and truth values may also be taken as the
/// text that they are written in, as djanginx does, unless they are numbers out of range.
fn schema_allows(document: &Value) -> bool {
    let mut document = document.clone();
    let (mut places, mut out_of_range) = (Vec::new(), Vec::new());
    for error in SCHEMA.iter_errors(&document) {
        error_places(&error, &mut places, &mut out_of_range);
    }
    places.retain(|place| !out_of_range.contains(place));
    for place in places {
        if let Some(value) = document.pointer_mut(&place)
            && (value.is_number() || value.is_boolean())
        {
            *value = Value::String(value.to_string());
        }
    }
    SCHEMA.is_valid(&document)
}

/// Where an error is, and those of the branches that it is made of.
fn error_places(
    error: &ValidationError<'_>,
    places: &mut Vec<String>,
    out_of_range: &mut Vec<String>,
) {
    let place = error.instance_path().to_string();
    match error.kind() {
        ValidationErrorKind::Minimum { .. } | ValidationErrorKind::Maximum { .. } => {
            out_of_range.push(place);
        }
        ValidationErrorKind::AnyOf { context } => {
            for error in context.iter().flatten() {
                error_places(error, places, out_of_range);
            }
            places.push(place);
        }
        _ => places.push(place),
    }
}

fn we_allow(yaml: &str) -> bool {
    topology::load(&mut SourceMap::new(), "topology.yaml", yaml.as_bytes()).is_ok()
}

fn valid_fixtures() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/topologies");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    paths.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/init/topology.yaml"));
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path, text)
        })
        .collect()
}

#[test]
fn valid_topologies_are_valid_for_the_schema() {
    for (path, text) in valid_fixtures() {
        let document: Value = serde_yaml::from_str(&text).unwrap();
        assert!(schema_allows(&document), "{}", path.display());
        assert!(we_allow(&text), "{}", path.display());
    }
}

/// A topology that has every key that there is, made from the schema itself.
fn everything(schema: &Value, root: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        return everything(&root["$defs"][&name["#/$defs/".len()..]], root);
    }
    if let Some(branches) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
        // The last branch is the long form.
        return everything(branches.last().unwrap(), root);
    }
    if let Some(value) = schema["enum"].get(0) {
        return value.clone();
    }
    if !schema["const"].is_null() {
        return schema["const"].clone();
    }
    let kind = schema["type"].as_str().or(schema["type"][0].as_str());
    match kind.unwrap() {
        "object" => {
            let mut object = Map::new();
            for (key, property) in schema["properties"].as_object().into_iter().flatten() {
                object.insert(key.clone(), everything(property, root));
            }
            if schema["additionalProperties"].is_object() {
                let value = everything(&schema["additionalProperties"], root);
                object.insert("name".to_owned(), value);
            }
            Value::Object(object)
        }
        "array" => json!([everything(&schema["items"], root)]),
        "string" => json!("text"),
        "integer" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "boolean" => json!(true),
        other => panic!("{other}"),
    }
}

#[test]
fn a_topology_with_every_key_is_loaded() {
    let schema: Value = serde_json::from_str(&topology::schema_text()).unwrap();
    let document = everything(&schema, &schema);
    assert!(schema_allows(&document));
    let yaml = serde_yaml::to_string(&document).unwrap();
    let mut sources = SourceMap::new();
    let loaded = topology::load(&mut sources, "everything.yaml", yaml.as_bytes());
    assert!(loaded.is_ok(), "{:?}\n{yaml}", loaded.unwrap_err());
}

/// All places in a document, the root first.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(entries) => {
            for (key, entry) in entries {
                let key = key.replace('~', "~0").replace('/', "~1");
                places(entry, &format!("{at}/{key}"), found);
            }
        }
        _ => {}
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let words = [
        "text",
        "on",
        "off",
        "auto",
        "least_conn",
        "ip",
        "gunicorn",
        "none",
        "30s",
        "",
        "80",
    ];
    prop_oneof![
        proptest::sample::select(words.to_vec()).prop_map(|word| json!(word)),
        proptest::sample::select(vec![
            -1i64,
            0,
            1,
            80,
            65_535,
            65_536,
            4_294_967_295,
            4_294_967_296
        ])
        .prop_map(|number| json!(number)),
        Just(json!(2.5)),
        any::<bool>().prop_map(|truth| json!(truth)),
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!(["text"])),
        Just(json!([80])),
        Just(json!({"address": "10.0.0.1:80"})),
        Just(json!({"path": "/", "status": 200})),
        Just(json!({"unknown": "text"})),
    ]
}

/// Changes one place of a document.
fn change(document: &mut Value, which: usize, how: usize, value: Value, key: &str) {
    let mut found = Vec::new();
    places(document, "", &mut found);
    let place = document.pointer_mut(&found[which % found.len()]).unwrap();
    match place {
        Value::Object(entries) if how == 0 && !entries.is_empty() => {
            let key = entries.keys().nth(which % entries.len()).unwrap().clone();
            entries.remove(&key);
        }
        Value::Object(entries) if how == 1 => {
            entries.insert(key.to_owned(), value);
        }
        Value::Array(items) if how == 1 => items.push(value),
        other => *other = value,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_schema_and_our_check_agree(
        start in any::<usize>(),
        changes in proptest::collection::vec(
            (any::<usize>(), 0..4usize, any_value(), "address|weight|nodes|hash|zone|x"),
            1..4,
        ),
    ) {
        static STARTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
            let schema: Value = serde_json::from_str(&topology::schema_text()).unwrap();
            let fixtures = valid_fixtures();
            let texts = fixtures.iter().map(|(_, text)| serde_yaml::from_str(text).unwrap());
            texts.chain([everything(&schema, &schema)]).collect()
        });
        let mut document = STARTS[start % STARTS.len()].clone();
        for (which, how, value, key) in changes {
            change(&mut document, which, how, value, &key);
        }
        // An empty file is refused for a reason that no schema can tell.
        prop_assume!(!document.is_null());
        let yaml = serde_yaml::to_string(&document).unwrap();
        prop_assert_eq!(we_allow(&yaml), schema_allows(&document), "{}", yaml);
    }
}
