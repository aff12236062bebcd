//! The meaning of topologies: everything that is refused, word for word, and silence for
//! everything that is right.

#![allow(clippy::unwrap_used, missing_docs)] // a test may panic

use djanginx::finding::Finding;
use djanginx::report::full;
use djanginx::source::SourceMap;
use djanginx::topology::settle::settle;
use djanginx::topology::validate::{RULES, validate};
use djanginx::topology::{Loaded, load};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The findings of a topology that loads, and the text that people see.
fn findings(name: &str, text: &[u8]) -> (Vec<Finding>, String) {
    let mut sources = SourceMap::new();
    let Loaded {
        mut topology,
        document,
        ..
    } = match load(&mut sources, name, text) {
        Ok(loaded) => loaded,
        Err(findings) => panic!("does not load:\n{}", shown(&findings, &sources)),
    };
    settle(&mut topology);
    let findings = validate(&topology, &document);
    let text = shown(&findings, &sources);
    (findings, text)
}

fn shown(findings: &[Finding], sources: &SourceMap) -> String {
    let mut out = Vec::new();
    full::write(&mut out, findings, sources, full::Style::default()).unwrap();
    String::from_utf8(out).unwrap()
}

/// The topologies of a folder, in the order of their names.
fn topologies(folder: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

/// Each fixture is named after the rule that it is for, and has a snapshot of all that is
/// said about it.
#[test]
fn refused_topologies_say_why() {
    let mut reported = BTreeSet::new();
    for path in topologies("fixtures/topologies/refused") {
        let stem = stem(&path);
        let (findings, text) = findings(&format!("{stem}.yaml"), &std::fs::read(&path).unwrap());
        let rule = RULES
            .iter()
            .map(|(id, _)| *id)
            .filter(|id| {
                stem.strip_prefix(id)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            })
            .max_by_key(|id| id.len())
            .unwrap_or_else(|| panic!("{stem} is named after no rule"));
        assert!(
            findings.iter().any(|finding| finding.rule == rule),
            "{stem} does not show {rule}:\n{text}"
        );
        for finding in &findings {
            check_form(stem, finding);
            reported.insert(finding.rule);
        }
        insta::with_settings!({
            snapshot_path => "snapshots/refused",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(stem, text);
        });
    }
    let silent: Vec<&str> = RULES
        .iter()
        .map(|(id, _)| *id)
        .filter(|id| !reported.contains(id))
        .collect();
    assert!(silent.is_empty(), "no fixture shows {silent:?}");
}

/// One statement without a stop, a label of a few words, an order.
fn check_form(stem: &str, finding: &Finding) {
    let Finding {
        message,
        primary,
        related,
        ..
    } = finding;
    let help = finding
        .help
        .as_deref()
        .unwrap_or_else(|| panic!("{stem}: {message}: no help"));
    for text in [message, help] {
        assert!(!text.ends_with('.'), "{stem}: ends with a stop: {text}");
        assert!(!text.contains("  "), "{stem}: two blanks: {text}");
    }
    assert!(
        help.starts_with(|c: char| c.is_uppercase()),
        "{stem}: no order: {help}"
    );
    for label in std::iter::once(primary).chain(related) {
        let words = label.text.split_whitespace().count();
        assert!((1..=7).contains(&words), "{stem}: label `{}`", label.text);
        assert!(
            !label.span.is_empty() || stem.contains("empty"),
            "{stem}: an empty place"
        );
    }
}

#[test]
fn good_topologies_are_silent() {
    for path in topologies("fixtures/topologies") {
        let (_, text) = findings(stem(&path), &std::fs::read(&path).unwrap());
        assert_eq!(text, "", "{}", path.display());
    }
}
