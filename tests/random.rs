//! Random topologies that are right: nothing is said about them, and every engine loads what
//! is rendered, without a word.
//!
//! The seed is printed; `DJANGINX_SEED` repeats a run, `DJANGINX_CASES` changes its length.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)] // a test may panic and talk

#[path = "support/engines.rs"]
mod engines;
#[path = "support/topologies.rs"]
mod topologies;

use djanginx::render::{File, render};
use djanginx::report::full::{self, Style};
use djanginx::source::SourceMap;
use djanginx::topology::{self, Options, Valid};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rcgen::{CertificateParams, KeyPair};
use serde_json::json;
use std::cell::RefCell;
use std::path::Path;
use topologies::World;

/// Releases on both sides of every gate.
const RELEASES: &[&str] = &[
    "1.18.0", "1.19.4", "1.20", "1.22", "1.23.4", "1.24", "1.25.1", "1.26", "1.27.3", "1.28",
    "1.29.2", "1.29.3", "1.29.6", "1.29.7", "1.30", "1.31.0", "mainline", "plus-r30", "plus-r35",
];

/// What is asked about a topology that is right all the same.
const QUESTIONS: &[&str] = &[
    "topology-events-path",
    "topology-failover-repeats",
    "topology-hsts-missing",
    "topology-ip-hash-behind-proxy",
    "topology-plain-site",
    "topology-sticky-single-node",
    "topology-websocket-path",
];

/// Runs a property over random tapes, with a seed that is told.
fn run(cases: u32, property: impl Fn(&[u8]) -> Result<(), TestCaseError>) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed: u64 = number("DJANGINX_SEED").unwrap_or_else(|| {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap();
        u64::from(now.subsec_nanos()) ^ now.as_secs()
    });
    println!("DJANGINX_SEED={seed}");
    let config = Config {
        cases: number("DJANGINX_CASES").map_or(cases, |cases| cases as u32),
        failure_persistence: None,
        max_shrink_iters: 400,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let tapes = vec(any::<u8>(), 0..600);
    if let Err(error) = runner.run(&tapes, |tape| property(&tape)) {
        panic!("DJANGINX_SEED={seed}\n{error}");
    }
}

/// Reads a topology about which there is nothing to say but questions.
fn read(text: &str) -> Result<Valid, TestCaseError> {
    let mut sources = SourceMap::new();
    let result = topology::check(
        &mut sources,
        "topology.yaml",
        text.as_bytes(),
        &Options::default(),
    );
    let findings = match result {
        Ok(valid) => {
            let mut remarks = valid.remarks.iter();
            if remarks.all(|finding| QUESTIONS.contains(&finding.rule)) {
                return Ok(valid);
            }
            valid.remarks
        }
        Err(findings) => findings,
    };
    let mut out = Vec::new();
    full::write(&mut out, &findings, &sources, Style::default()).unwrap();
    Err(TestCaseError::fail(format!(
        "{}\n{text}",
        String::from_utf8(out).unwrap()
    )))
}

#[test]
fn right_topologies_are_silent_for_every_release() {
    let world = |tape: &[u8]| World {
        version: RELEASES[usize::from(tape.first().copied().unwrap_or(0)) % RELEASES.len()].into(),
        modules: None,
        folder: "/srv/djanginx".into(),
        names: true,
    };
    let folder = tempfile::tempdir().unwrap();
    let roots = RefCell::new(Vec::new());
    run(300, |tape| {
        let text = topologies::topology(tape.get(1..).unwrap_or(&[]), &world(tape));
        let valid = read(&text)?;
        let topology = &valid.loaded.topology;
        let target = topology.target().unwrap();
        match render(topology, target, text.as_bytes(), None) {
            Ok(files) => {
                let out = folder.path().join(roots.borrow().len().to_string());
                write(&out, &files);
                roots.borrow_mut().push(out.join("nginx.conf"));
                Ok(())
            }
            Err(error) => Err(TestCaseError::fail(format!("{error}\n{text}"))),
        }
    });
    let lint = assert_cmd::Command::cargo_bin("djanginx")
        .unwrap()
        .args(["lint", "--isolated", "--fail-on", "info"])
        .args(["--format", "concise"])
        .args(roots.into_inner())
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8(lint.stdout).unwrap();
    assert_eq!((lint.status.code(), said.as_str()), (Some(0), ""));
}

fn write(out: &Path, files: &[File]) {
    for file in files {
        let path = out.join(&file.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &file.text).unwrap();
    }
}

#[test]
fn right_topologies_load_silently_on_every_engine() {
    let folder = tempfile::tempdir().unwrap();
    write_certificate(folder.path());
    std::fs::create_dir(folder.path().join("temp")).unwrap();
    for engine in engines::engines().nginx() {
        let modules: serde_json::Map<String, serde_json::Value> = engine
            .dynamic_modules
            .iter()
            .map(|module| (module.name.clone(), json!(module.file)))
            .collect();
        let world = World {
            version: engine.version.clone(),
            modules: (!modules.is_empty()).then(|| modules.into()),
            folder: folder.path().display().to_string(),
            names: false,
        };
        println!("{} ({})", engine.name, engine.version);
        run(200, |tape| {
            let text = topologies::topology(tape, &world);
            let valid = read(&text)?;
            let topology = &valid.loaded.topology;
            let target = topology.target().unwrap();
            let files = render(topology, target, text.as_bytes(), None)
                .map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            let out = folder.path().join("out");
            let _ = std::fs::remove_dir_all(&out);
            write(&out, &files);
            let verdict = engine.check(&out, &out.join("nginx.conf"));
            if verdict.is_silent() {
                return Ok(());
            }
            Err(TestCaseError::fail(format!("{}\n{text}", verdict.text)))
        });
    }
}

fn write_certificate(folder: &Path) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["example.com".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    std::fs::write(folder.join("site.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.join("site.key"), key.serialize_pem()).unwrap();
}
