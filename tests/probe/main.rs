//! Every cause that `probe` tells apart, each by a server on loopback that behaves so.

#![allow(clippy::unwrap_used, missing_docs)] // a test may panic

mod answers;
mod connections;
mod runs;
mod safety;
mod secure;
mod server;
mod streams;

use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

/// What `probe` says about a file: its exit status and its JSON.
struct Said {
    status: i32,
    json: Value,
    text: String,
}

impl Said {
    /// The causes of all probes, in order.
    fn causes(&self) -> Vec<&str> {
        let probes = self.json["probes"].as_array().unwrap();
        probes
            .iter()
            .filter(|probe| probe["outcome"] != "skipped")
            .map(|probe| probe["cause"].as_str().unwrap_or("none"))
            .collect()
    }
}

/// What holds where a test says nothing else: one attempt, and times that no busy machine needs.
const PATIENT: [[&str; 2]; 6] = [
    ["--retries", "0"],
    ["--connect-timeout", "60s"],
    ["--read-timeout", "60s"],
    ["--timeout", "60s"],
    ["--slow", "60s"],
    ["--deadline", "2m"],
];

fn command(folder: &Path, file: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_djanginx"));
    command
        .args(["probe", file, "--format", "json"])
        .args(args)
        .args(
            PATIENT
                .iter()
                .filter(|[name, _]| !args.contains(name))
                .flatten(),
        )
        .current_dir(folder)
        .env_clear();
    command
}

/// The schema of what all runs print.
static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/probe.schema.json");
    let schema = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
});

fn said(mut command: Command) -> Said {
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    let json = serde_json::from_str(&text)
        .unwrap_or_else(|wrong| panic!("{wrong}: {text:?} and on standard error {error:?}"));
    let wrong: Vec<_> = SCHEMA.iter_errors(&json).map(|e| e.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}: {text}");
    Said {
        status: output.status.code().unwrap(),
        json,
        text,
    }
}

/// Probes a topology of one pool `web`, whose keys are given in YAML's short form.
fn probe_pool(pool: &str, route: &str, args: &[&str]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "nginx: {{version: \"1.28\"}}\npools:\n  web: {{{pool}}}\nsites:\n  shop: {{domains: \
         [shop.example.com], listen: [80], routes: {{{route}}}}}\n"
    );
    std::fs::write(folder.path().join("topology.yaml"), text).unwrap();
    said(command(folder.path(), "topology.yaml", args))
}

/// Probes one node over HTTP.
fn probe_http(address: &str, args: &[&str]) -> Said {
    probe_pool(
        &format!("nodes: [\"{address}\"], health: /healthz/"),
        "/: web",
        args,
    )
}

/// The one cause of probing one node.
fn cause_of(address: &str, args: &[&str]) -> String {
    let said = probe_http(address, args);
    let causes = said.causes();
    assert_eq!(causes.len(), 1, "{}", said.text);
    let failed = said.json["probes"][0]["outcome"] == "failed";
    assert_eq!(said.status == 1, failed, "{}", said.text);
    causes[0].to_owned()
}

#[test]
fn every_cause_is_tested() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/probe");
    let mut tests = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        tests += &std::fs::read_to_string(entry.unwrap().path()).unwrap();
    }
    for meta in djanginx::rules::every_meta() {
        if meta.group == djanginx::rules::Group::Probe {
            let quoted = format!("\"{}\"", meta.id);
            assert!(tests.contains(&quoted), "no test has the cause {}", meta.id);
        }
    }
}
