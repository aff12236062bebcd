//! Every good topology, rendered for its own nginx and for others: the exact text.

#![allow(clippy::unwrap_used)] // a test may panic

use djanginx::render::{File, render};
use djanginx::source::SourceMap;
use djanginx::topology::{Options, check};
use std::path::{Path, PathBuf};

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/topologies");
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

fn rendered(path: &Path, version: Option<&str>) -> Vec<File> {
    let text = std::fs::read(path).unwrap();
    let options = Options {
        target: version.map(|version| version.parse().unwrap()),
        ..Options::default()
    };
    let valid = check(&mut SourceMap::new(), "t.yaml", text.as_slice(), &options)
        .unwrap_or_else(|findings| panic!("{}: {findings:#?}", path.display()));
    assert_eq!(valid.remarks, [], "{}: nothing to say", path.display());
    let topology = &valid.loaded.topology;
    render(topology, topology.target().unwrap(), &text, None).unwrap()
}

fn shown(files: &[File]) -> String {
    files
        .iter()
        .map(|file| format!("=== {}\n{}", file.path, file.text))
        .collect()
}

#[test]
fn fixtures_render_to_exactly_this() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots/render");
    settings.set_omit_expression(true);
    settings.bind(|| {
        for path in fixtures() {
            let name = path.file_stem().unwrap().to_str().unwrap();
            insta::assert_snapshot!(name, shown(&rendered(&path, None)));
        }
    });
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for path in fixtures() {
        assert_eq!(rendered(&path, None), rendered(&path, None));
    }
}

/// What a release needs differently, and nothing else, differs between releases.
#[test]
fn releases_differ_where_they_must() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/topologies/releases.yaml");
    let versions = [
        "1.18", "1.22", "1.24", "1.26", "1.28", "1.30", "mainline", "plus-r35",
    ];
    let mut text = String::new();
    let mut before = String::new();
    for version in versions {
        let now = shown(&rendered(&path, Some(version)));
        let diff = similar::TextDiff::from_lines(&before, &now);
        text.push_str(&format!("##### {version}\n"));
        for change in diff.iter_all_changes() {
            if !before.is_empty() && change.tag() != similar::ChangeTag::Equal {
                text.push_str(&format!("{}{}", change.tag(), change.value()));
            }
        }
        before = now;
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true,
        snapshot_path => "snapshots/render" }, {
        insta::assert_snapshot!("releases_differences", text);
    });
}
