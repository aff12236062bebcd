//! What holds for any tree and any plan.

use crate::support::*;
use djanginx::write::{Options, OutputFile, Plan, apply, compare, unified_diff};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

const NAMES: &[&str] = &[
    "nginx.conf",
    "a.conf",
    "conf.d/a.conf",
    "conf.d/b.conf",
    "conf.d/c.conf",
    "sites/x.conf",
    "sites/deep/y.conf",
];
const DIRECTORIES: &[&str] = &["conf.d", "sites", "sites/deep"];

/// One file on disk: whether it is ours, and what it says.
fn disk() -> impl Strategy<Value = BTreeMap<&'static str, (bool, u8)>> {
    let name = prop::sample::select(NAMES);
    prop::collection::btree_map(name, (prop::bool::weighted(0.8), 0..3u8), 0..NAMES.len())
}

fn planned() -> impl Strategy<Value = Vec<(&'static str, u8)>> {
    let names = prop::sample::subsequence(NAMES, 0..=NAMES.len()).prop_shuffle();
    let texts = prop::collection::vec(0..3u8, NAMES.len());
    (names, texts).prop_map(|(names, texts)| names.into_iter().zip(texts).collect())
}

fn text(is_ours: bool, n: u8) -> String {
    match is_ours {
        true => ours(&n.to_string()),
        false => format!("# by hand {n}\n"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn the_disk_becomes_the_plan(old in disk(), new in planned(), force: bool) {
        let dir = Dir::new();
        for (path, (is_ours, n)) in &old {
            dir.write(path, text(*is_ours, *n));
        }
        let files = new.iter().map(|(path, n)| OutputFile {
            path: path.into(),
            text: text(true, *n).into_bytes(),
        });
        let plan = Plan::tree(dir.path(), files.collect(), MARK).unwrap();
        let plan = plan.also_search(DIRECTORIES.iter().copied()).unwrap();
        let before = dir.state();
        let compared = compare(&plan).unwrap();
        let options = Options { force, ..Options::default() };

        let in_the_way = new.iter().any(|(path, _)| old.get(path).is_some_and(|(ours, _)| !ours));
        if in_the_way && !force {
            prop_assert!(apply(&plan, &options, &mut ()).is_err());
            prop_assert_eq!(dir.state(), before);
            return Ok(());
        }
        let report = apply(&plan, &options, &mut ()).unwrap();
        prop_assert_eq!(&report.changes, &compared);

        // The plan, and what others have made.
        let mut expected: BTreeMap<PathBuf, String> = BTreeMap::new();
        for (path, (is_ours, n)) in &old {
            if !is_ours {
                expected.insert(path.into(), text(false, *n));
            }
        }
        for (path, n) in &new {
            expected.insert(path.into(), text(true, *n));
        }
        let after = dir.state();
        let files = after.0.iter().filter(|(_, e)| e.what != What::Directory);
        let found: BTreeMap<PathBuf, String> = files
            .map(|(path, _)| (path.clone(), fs::read_to_string(dir.path().join(path)).unwrap()))
            .collect();
        prop_assert_eq!(found, expected);

        // What was right has not been touched.
        for change in compared.iter().filter(|c| !c.is_drift()) {
            prop_assert_eq!(&after.0[&change.path], &before.0[&change.path]);
        }
        // And now everything is right.
        let again = apply(&plan, &options, &mut ()).unwrap();
        prop_assert!(again.changes.iter().all(|c| !c.is_drift()));
        prop_assert_eq!(dir.state(), after);
        let mut diff = Vec::new();
        unified_diff(&again.changes, &mut diff).unwrap();
        prop_assert_eq!(diff, b"");
    }
}
