//! Where lint has little or nothing to say: the example that this project started from, and
//! what is generated from the topologies of the fixtures.

#![allow(clippy::unwrap_used, missing_docs)] // a test may panic

#[path = "support/engines.rs"]
mod engines;

use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Status and standard output of a command.
fn djanginx(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = assert_cmd::Command::cargo_bin("djanginx")
        .unwrap()
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    let status = output.status.code().unwrap();
    assert!(status < 2, "{arguments:?}: {error}");
    (status, text)
}

/// The method behind the servers, a server without a name: legal, and no error.
#[test]
fn the_origin_loads_and_has_no_error() {
    let folder = fixtures().join("lint");
    let (status, text) = djanginx(
        &folder,
        &["lint", "--isolated", "--format", "concise", "origin.conf"],
    );
    insta::assert_snapshot!(text, @r"
    origin.conf:5:1: info[server-tokens] nginx tells its version
    origin.conf:16:13: info[body-size-below-django] nginx refuses bodies over 1048576 bytes, Django takes 2621440
    ");
    assert_eq!(status, 0);
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir(place.path().join("logs")).unwrap();
    let path = place.path().join("nginx.conf");
    std::fs::copy(folder.join("origin.conf"), &path).unwrap();
    for engine in engines::engines().nginx() {
        let verdict = engine.check_relocated(place.path(), &path);
        assert!(verdict.is_silent(), "{}: {}", engine.name, verdict.text);
    }
}

/// Deployments about which there is nothing to say, at any severity and for any release that
/// knows their directives.
#[test]
fn good_deployments_are_silent() {
    let folder = fixtures().join("lint/silent");
    for nginx in ["1.26", "1.30", "mainline"] {
        let arguments = ["lint", "--isolated", "--fail-on", "info"];
        let named = ["--format", "concise", "--nginx-version", nginx];
        let mut seen = 0;
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let path = path.to_str().unwrap();
            let said = djanginx(&folder, &[&arguments[..], &named, &[path]].concat());
            assert_eq!(said, (0, String::new()), "{path} for {nginx}");
            seen += 1;
        }
        assert!(seen > 0);
    }
}

/// Ways in which people run Django behind nginx, as they are written: what is said is what a
/// reviewer would say.
#[test]
fn deployments_are_reviewed() {
    let folder = fixtures().join("lint/deployments");
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut arguments = vec!["lint", "--isolated", "--format", "concise"];
    arguments.extend(names.iter().map(String::as_str));
    let (_, text) = djanginx(&folder, &arguments);
    insta::assert_snapshot!(text);
}

#[test]
fn what_is_generated_is_silent_at_every_severity() {
    let topologies = fixtures().join("topologies");
    let mut seen = 0;
    for entry in std::fs::read_dir(&topologies).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let place = tempfile::tempdir().unwrap();
        let (topology, out) = (path.to_str().unwrap(), place.path().join("out"));
        djanginx(
            place.path(),
            &["generate", topology, "-o", out.to_str().unwrap()],
        );
        let root = if out.is_dir() {
            out.join("nginx.conf")
        } else {
            out
        };
        let arguments = [
            "lint",
            "--isolated",
            "--fail-on",
            "info",
            "--format",
            "concise",
        ];
        let arguments = [&arguments[..], &[root.to_str().unwrap()]].concat();
        assert_eq!(
            djanginx(place.path(), &arguments),
            (0, String::new()),
            "{topology}"
        );
        seen += 1;
    }
    assert!(seen > 0);
}

/// Names that are looked up once are what the topology asks for; who writes them by hand is
/// warned.
#[test]
fn names_of_nodes_are_silent_where_a_topology_asks_for_them() {
    let topology = |version: &str, layout: &str| {
        format!(
            "nginx: {{version: {version}, layout: {layout}, modules: [stream]}}\n\
             pools:\n  app:\n    nodes:\n      - web:8000\n      - app.example.com:8000\n      \
             - {{address: 'old.example.com:8000', state: down}}\n      - my_app.example.com:8000\n      \
             - app.internal:8000\n\
             sites:\n  main: {{domains: [example.com], routes: {{/: app}}}}\n\
             streams:\n  db: {{listen: 127.0.0.1:6432, nodes: [db.example.com:5432]}}\n"
        )
    };
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let lint = ["lint", "--isolated", "--fail-on", "info", "--format"];
    for version in ["1.18", "1.26", "1.28", "1.30", "mainline", "plus-r35"] {
        for layout in ["single", "conf.d"] {
            std::fs::write(folder.join("t.yaml"), topology(version, layout)).unwrap();
            let out = format!("{version}-{layout}");
            djanginx(folder, &["generate", "t.yaml", "-o", &out]);
            let said = djanginx(folder, &[&lint[..], &["concise", &out]].concat());
            assert_eq!(said, (0, String::new()), "{out}");
        }
    }
    // A part of it alone, as a hook before a commit is given it.
    let part = "1.30-conf.d/conf.d/10-upstreams.conf";
    let said = djanginx(folder, &[&lint[..], &["concise", part]].concat());
    assert_eq!(said, (0, String::new()));
    let text = std::fs::read_to_string(folder.join("1.30-single")).unwrap();
    let (wanted, plain): (Vec<_>, Vec<_>) = text
        .lines()
        .partition(|line| line.contains("djanginx: ignore"));
    assert_eq!(wanted.len(), 4, "{text}");
    std::fs::write(folder.join("hand.conf"), plain.join("\n")).unwrap();
    let (_, said) = djanginx(folder, &[&lint[..], &["concise", "hand.conf"]].concat());
    let rules = said.lines().map(|line| line.split(' ').nth(1).unwrap());
    let mut rules: Vec<_> = rules.collect();
    rules.sort_unstable();
    let (local, public) = (
        "info[undefined-upstream]",
        "warning[upstream-server-no-resolve]",
    );
    assert_eq!(rules, [local, local, public, public, public]);
}
