//! Every topology in `fixtures/topologies` loads on every engine, without a word from nginx.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::certificate::Certificate;
use crate::engines::Engine;
use crate::home::Home;
use crate::nginx::for_each_engine;

/// Where the fixtures' certificates are; the test makes them.
const CERTIFICATES: &str = "/etc/ssl/djanginx-example/";

#[test]
fn every_topology_loads_silently_on_every_engine() {
    let home = Home::new();
    let certificate = Certificate::new(&home, &["example.com"]);
    let mut names = topologies();
    names.sort();
    assert!(!names.is_empty(), "there is no topology");
    for_each_engine(|engine| {
        let mut loaded = 0;
        for path in &names {
            let name = path
                .file_stem()
                .expect("a file")
                .to_string_lossy()
                .into_owned();
            let text = fs::read_to_string(path).expect("UTF-8");
            let folder = home.path(&format!("{}/{name}", engine.name));
            let text = with_certificates(&text, &folder, &certificate);
            let text = with_openssl(&text, &engine.openssl());
            match generate(&text, &folder, engine) {
                Ok(()) => {
                    assert_loads(engine, &folder, &name);
                    loaded += 1;
                }
                Err(said) => assert!(
                    is_newer(&text, engine) && said.contains("needs nginx"),
                    "{name} is not rendered for nginx {}:\n{said}",
                    engine.version
                ),
            }
        }
        assert!(
            loaded * 2 > names.len(),
            "only {loaded} of {} were rendered",
            names.len()
        );
    });
}

fn topologies() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/topologies");
    let entries = fs::read_dir(folder).expect("the folder of topologies");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect()
}

/// The topology with certificates and keys that exist.
fn with_certificates(text: &str, folder: &Path, certificate: &Certificate) -> String {
    let made = folder.join("tls");
    fs::create_dir_all(&made).expect("a folder");
    let file_names: BTreeSet<&str> = text
        .split(CERTIFICATES)
        .skip(1)
        .filter_map(|rest| rest.split([',', '}', '\n', ' ', '"']).next())
        .collect();
    for name in file_names {
        let source = if name.ends_with(".key") {
            &certificate.key
        } else {
            &certificate.file
        };
        fs::copy(source, made.join(name)).expect("a copy");
    }
    text.replace(CERTIFICATES, &format!("{}/", made.display()))
}

/// The topology for the OpenSSL that the engine has: curves depend on it.
fn with_openssl(text: &str, version: &str) -> String {
    const KEY: &str = "openssl: \"";
    match text.split_once(KEY) {
        None => text.to_owned(),
        Some((before, after)) => {
            let after = after.split_once('"').expect("a closing quote").1;
            format!("{before}{KEY}{version}\"{after}")
        }
    }
}

/// Whether the topology says that it is for a newer nginx, or for another edition.
fn is_newer(text: &str, engine: &Engine) -> bool {
    let declared = text
        .split_once("version: \"")
        .and_then(|(_, rest)| rest.split('"').next());
    let numbers = |version: &str| -> Vec<u32> {
        version
            .split('.')
            .map(|number| number.parse().unwrap_or(u32::MAX))
            .collect()
    };
    declared.is_some_and(|declared| numbers(declared) > numbers(&engine.version))
}

fn generate(topology: &str, folder: &Path, engine: &Engine) -> Result<(), String> {
    let source = folder.join("topology.yaml");
    fs::write(&source, topology).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_djanginx"));
    command
        .args(["generate", "--nginx-version", &engine.version])
        .arg(&source);
    command
        .arg("-o")
        .arg(folder.join("out"))
        .env("NO_COLOR", "1");
    let output = command.output().expect("djanginx can be run");
    match output.status.code() {
        Some(0) => Ok(()),
        Some(1) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        _ => panic!("{output:?}"),
    }
}

fn assert_loads(engine: &Engine, folder: &Path, name: &str) {
    let out = folder.join("out");
    let verdict = engine.check_relocated(&out, &out.join("nginx.conf"));
    assert!(
        verdict.accepted,
        "{name} on nginx {}:\n{}",
        engine.version, verdict.text
    );
    let complaints = verdict.complaints();
    assert!(
        complaints.is_empty(),
        "{name} on nginx {}: {complaints:#?}",
        engine.version
    );
}
