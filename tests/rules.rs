//! Every rule and its fixtures: `bad.conf` is reported exactly as the snapshot says,
//! `good.conf` is not, and what is repaired is `fixed.conf`.

#![allow(clippy::unwrap_used, missing_docs)] // a test may panic

#[path = "rules/repairs.rs"]
mod repairs;

#[path = "support/catalogue.rs"]
mod catalogue;
#[path = "support/engines.rs"]
mod engines;

use djanginx::finding::Safety;
use djanginx::rules;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules")
}

/// What `lint` says about a file of a rule's folder: status and standard output.
fn lint(rule: &str, file: &str, format: &str) -> (i32, String) {
    let output = assert_cmd::Command::cargo_bin("djanginx")
        .unwrap()
        .args(["lint", "--fail-on", "info", "--select", rule])
        .args(["--format", format, file])
        .current_dir(fixtures().join(rule))
        .env_clear()
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    let status = output.status.code().unwrap();
    assert!(status < 2, "{rule}/{file}: {error}");
    (status, text)
}

#[test]
fn ids_are_sorted_and_manuals_complete() {
    let ids: Vec<_> = rules::ALL.iter().map(|rule| rule.meta().id).collect();
    assert!(ids.is_sorted(), "`ALL` is not sorted: {ids:?}");
    let every = rules::every_meta();
    let unique: BTreeSet<_> = every.iter().map(|meta| meta.id).collect();
    assert_eq!(unique.len(), every.len(), "an id is there twice");
    for meta in every {
        let id = meta.id;
        assert!(
            id.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "{id} is not in kebab case"
        );
        for heading in ["What it reports", "Why it matters", "What to do"] {
            let text = meta.section(heading);
            assert!(
                text.is_some_and(|text| !text.is_empty()),
                "the manual of {id} has no `## {heading}`"
            );
        }
    }
}

#[test]
fn every_rule_has_its_fixtures() {
    let ids: BTreeSet<_> = rules::ALL
        .iter()
        .map(|rule| rule.meta().id.to_owned())
        .collect();
    let folders: BTreeSet<_> = std::fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for id in &ids {
        for file in ["bad.conf", "good.conf"] {
            assert!(
                fixtures().join(id).join(file).is_file(),
                "write fixtures/rules/{id}/{file}"
            );
        }
    }
    let orphans: Vec<_> = folders.difference(&ids).collect();
    assert!(
        orphans.is_empty(),
        "no rule has these fixtures: {orphans:?}"
    );
}

/// What the rules that are on by default say about a file: ids with lines, and whether nginx
/// refuses it.
fn said(path: &Path, nginx: &str) -> (Vec<(String, u64)>, bool) {
    let output = assert_cmd::Command::cargo_bin("djanginx")
        .unwrap()
        .args(["lint", "--format", "json", "--config"])
        .arg(path.with_file_name("djanginx.toml"))
        .args(["--nginx-version", nginx])
        .arg(path)
        .env_clear()
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let all = report["diagnostics"].as_array().unwrap();
    let place = |found: &serde_json::Value| {
        let rule = found["rule"].as_str().unwrap().to_owned();
        (rule, found["start"]["line"].as_u64().unwrap())
    };
    let refused = all.iter().any(|found| found["nginx"] == "emerg");
    (all.iter().map(place).collect(), refused)
}

/// Every pair of the catalogue: the broken one draws one finding, that of its rule at its line,
/// and nginx refuses it exactly where the finding says so; the corrected one draws none and
/// loads.
#[test]
fn the_catalogue_is_found_and_its_twins_are_silent() {
    let pairs = catalogue::pairs();
    let in_table = |table: &str| pairs.iter().filter(|pair| pair.table == table).count();
    assert_eq!((in_table("1.3"), in_table("3E")), (45, 23));
    let certificate = rcgen::generate_simple_self_signed(["example.com".to_owned()]).unwrap();
    let mut wrong = Vec::new();
    for pair in &pairs {
        let name = format!("{} {}", pair.table, pair.name);
        let nginx = pair.nginx.as_deref().unwrap_or("1.28.3");
        let all = engines::engines().nginx();
        let engine = all.iter().find(|engine| engine.version == nginx);
        // What a later release has is judged where that one is registered as well.
        assert!(
            engine.is_some() || pair.nginx.is_some(),
            "nginx {nginx} is missing: `cargo xtask test` builds it"
        );
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("logs")).unwrap();
        std::fs::write(folder.path().join("cert.pem"), certificate.cert.pem()).unwrap();
        let key = certificate.signing_key.serialize_pem();
        std::fs::write(folder.path().join("key.pem"), key).unwrap();
        std::fs::write(folder.path().join("djanginx.toml"), &pair.settings).unwrap();
        let path = folder.path().join("nginx.conf");
        std::fs::write(&path, &pair.bad).unwrap();
        let (found, refused) = said(&path, nginx);
        if found != [(pair.rule.clone(), pair.line as u64)] {
            wrong.push(format!(
                "{name}: {} in line {} was expected, not {found:?}\n{}",
                pair.rule, pair.line, pair.bad
            ));
        }
        if let Some(engine) = engine {
            let verdict = engine.check(folder.path(), &path);
            let of_the_machine = ["host not found in upstream", "open() "];
            let of_the_machine = of_the_machine
                .iter()
                .any(|what| verdict.text.contains(what));
            if verdict.accepted == refused && !of_the_machine {
                wrong.push(format!("{name}: nginx says {}", verdict.text));
            }
        }
        std::fs::write(&path, &pair.good).unwrap();
        let (found, _) = said(&path, nginx);
        if !found.is_empty() {
            wrong.push(format!("{name}: the twin draws {found:?}\n{}", pair.good));
        }
        let verdict = engine.map(|engine| engine.check(folder.path(), &path));
        if let Some(verdict) = verdict.filter(|verdict| !verdict.is_silent()) {
            wrong.push(format!(
                "{name}: nginx says about the twin {}",
                verdict.text
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What reports a row of the catalogue.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Row {
    Rules(Vec<String>),
    Reasoned {
        #[serde(default)]
        rules: Vec<String>,
        /// Why there is no rule, or no pair.
        reason: String,
    },
}

impl Row {
    fn rules(&self) -> &[String] {
        match self {
            Self::Rules(rules) | Self::Reasoned { rules, .. } => rules,
        }
    }
}

/// Every row is reported by rules that exist, each shown by a pair that the test above judges,
/// or there is a reason why not.
#[test]
fn every_row_of_the_catalogue_has_its_rule() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lint/rows.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let tables: BTreeMap<String, BTreeMap<String, Row>> = serde_yaml::from_str(&text).unwrap();
    for (table, letter, count) in [("3A", "U", 36), ("3B", "P", 41), ("3C", "S", 15)] {
        let wanted: BTreeSet<_> = (1..=count).map(|n| format!("{letter}{n}")).collect();
        let found: BTreeSet<_> = tables[table].keys().cloned().collect();
        assert_eq!(found, wanted);
    }
    let counts: Vec<_> = tables.values().map(BTreeMap::len).collect();
    assert_eq!(counts, [13, 21, 7, 10, 7, 2, 36, 41, 15]);
    let pairs = catalogue::pairs();
    // Those of the two first tables name no rows.
    let of_row = |pair: &catalogue::Pair, row: &str| {
        pair.table == row || matches!(pair.table.as_str(), "1.3" | "3E")
    };
    let mut wrong = Vec::new();
    for (name, row) in tables.values().flatten() {
        let reason = match row {
            Row::Rules(_) => None,
            Row::Reasoned { reason, .. } => Some(reason),
        };
        if row.rules().is_empty() && reason.is_none_or(String::is_empty) {
            wrong.push(format!("{name} has neither a rule nor a reason"));
        }
        for rule in row.rules() {
            if rules::find(rule).is_none() {
                wrong.push(format!("{name}: there is no rule {rule}"));
            }
            let shown = pairs
                .iter()
                .any(|pair| pair.rule == *rule && of_row(pair, name));
            if shown == reason.is_some() {
                wrong.push(format!("{name}: {rule} is to have a pair or a reason"));
            }
        }
    }
    for pair in &pairs {
        let known = { tables.values().flatten() }
            .any(|(name, row)| of_row(pair, name) && row.rules().contains(&pair.rule));
        if !known && !matches!(pair.table.as_str(), "1.3" | "3E") {
            wrong.push(format!("{} {} belongs to no row", pair.table, pair.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rules_report_what_is_bad() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/rules");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        for rule in rules::ALL {
            let id = rule.meta().id;
            let (status, text) = lint(id, "bad.conf", "full");
            assert_eq!(status, 1, "{id} says nothing about its bad.conf");
            insta::assert_snapshot!(id, text);
        }
    });
}

#[test]
fn rules_are_silent_about_what_is_good() {
    for rule in rules::ALL {
        let id = rule.meta().id;
        let (status, text) = lint(id, "good.conf", "concise");
        assert_eq!((status, text.as_str()), (0, ""), "{id} and its good.conf");
    }
}

/// Where it is not sure what the rest of the path is, the advice differs and nothing is repaired.
#[test]
fn an_alias_without_a_capture_is_not_always_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let text = "events {}\nhttp {\n    server {\n\
        location ~ ^/static/ { alias /srv/static/; }\n\
        location ~ ^/docs(.*)$ { alias /srv/docs/; }\n\
        location ~ ^/(en|fr)/(.*)$ { alias /srv/pages/; }\n\
        location ~ ^/pages/(.*)$ { alias /srv/pages/; if ($args ~ (a+)) { set $a $1; } }\n\
        location /media/ {\n            alias /srv/media/;\n\
        location ~ \\.png$ { alias /srv/media/; }\n        }\n    }\n}\n";
    let path = folder.path().join("nginx.conf");
    std::fs::write(&path, text).unwrap();
    let output = assert_cmd::Command::cargo_bin("djanginx")
        .unwrap()
        .args(["lint", "--isolated", "--select", "alias-without-capture"])
        .args(["--unsafe-fixes", "--format", "json", "nginx.conf"])
        .current_dir(folder.path())
        .env_clear()
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = report["diagnostics"].as_array().unwrap();
    let advice: Vec<_> = { found.iter() }
        .map(|found| (found["start"]["line"].as_u64(), found["help"].as_str()))
        .collect();
    let general = "Write a prefix `location`, or the rest of the path behind the folder";
    let wanted = [
        (4, "Write `location ^~ /static/`"),
        (5, general),
        (6, general),
        (7, "Write `location ^~ /pages/`"),
        (
            10,
            "Take it away: that of `location /media/` counts here too",
        ),
    ];
    let wanted = wanted.map(|(line, help)| (Some(line), Some(help)));
    assert_eq!(advice, wanted);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

/// Removing or renaming a rule, or changing what it is worth, is seen in review.
#[test]
fn the_list_of_rules() {
    let lines: Vec<_> = rules::every_meta()
        .into_iter()
        .map(|meta| {
            format!(
                "{} {} {:?} {:?}",
                meta.id, meta.group, meta.severity, meta.fix
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

/// `--fix` turns `bad.conf` into `fixed.conf`, and then finds nothing more of the rule.
#[test]
fn rules_repair_what_they_say_they_do() {
    for rule in rules::ALL {
        let meta = rule.meta();
        let fixed = fixtures().join(meta.id).join("fixed.conf");
        let Some(safety) = meta.fix else {
            assert!(!fixed.exists(), "{} repairs nothing", meta.id);
            continue;
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nginx.conf");
        std::fs::copy(fixtures().join(meta.id).join("bad.conf"), &path).unwrap();
        let fix = match safety {
            Safety::Safe => "--fix",
            Safety::Unsafe => "--unsafe-fixes",
        };
        let output = assert_cmd::Command::cargo_bin("djanginx")
            .unwrap()
            .args(["lint", "--fail-on", "info", "--format", "concise"])
            .args(["--select", meta.id, fix, "nginx.conf"])
            .current_dir(folder.path())
            .env_clear()
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let wanted = std::fs::read_to_string(&fixed)
            .unwrap_or_else(|_| panic!("write fixtures/rules/{}/fixed.conf", meta.id));
        let found = std::fs::read_to_string(&path).unwrap();
        assert_eq!(found, wanted, "{}", meta.id);
        assert_eq!(
            (output.status.code(), said.as_str()),
            (Some(0), ""),
            "{}",
            meta.id
        );
    }
}
