//! Every topology in `fixtures/topologies/invalid/` with exactly what is said about it.

#![allow(clippy::unwrap_used, missing_docs)] // a test may panic

use djanginx::report::full::{self, Style};
use djanginx::source::SourceMap;
use djanginx::topology::{self, rules};
use std::collections::BTreeSet;
use std::path::Path;

fn fixtures() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/topologies/invalid");
    let mut fixtures: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    fixtures.sort();
    fixtures
}

#[test]
fn every_problem_is_told_at_its_place() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots/topology_invalid");
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (name, bytes) in fixtures() {
            let mut sources = SourceMap::new();
            let findings = topology::check(
                &mut sources,
                &format!("{name}.yaml"),
                bytes,
                &topology::Options::default(),
            )
            .expect_err(&name);
            let mut out = Vec::new();
            full::write(&mut out, &findings, &sources, Style::default()).unwrap();
            insta::assert_snapshot!(name, String::from_utf8(out).unwrap());
        }
    });
}

#[test]
fn every_rule_has_a_fixture() {
    let mut met = BTreeSet::new();
    for (name, bytes) in fixtures() {
        let findings = topology::load(&mut SourceMap::new(), &name, bytes).expect_err(&name);
        met.extend(findings.iter().map(|finding| finding.rule));
    }
    let known: BTreeSet<_> = rules::ALL.iter().copied().collect();
    assert_eq!(met, known);
}
