//! With `--live`, files that are missing are reported as nginx does; without, not at all.

#![allow(clippy::unwrap_used)] // a test may panic

#[path = "support/engines.rs"]
mod engines;
#[path = "support/verdict.rs"]
mod verdict;

use djanginx::directives::Modules;
use djanginx::finding::NginxLevel;
use djanginx::model::files::Disk;
use djanginx::model::{Limits, Prefix, Texts};
use djanginx::verdict::{Options, Start, read};

#[test]
fn missing_files_are_reported_as_nginx_does() {
    let server = |lines: &str| {
        format!("events {{}}\nhttp {{\nserver {{\nlisten 127.0.0.1:8443 ssl;\n{lines}\n}}\n}}\n")
    };
    let texts = [
        server("ssl_certificate none.pem;\nssl_certificate_key none.key;"),
        server("ssl_certificate /none/cert.pem;\nssl_certificate_key /none/key.pem;"),
        "events {}\nerror_log /none/log/error.log;\n".to_owned(),
        "load_module /none/module.so;\nevents {}\n".to_owned(),
    ];
    for engine in engines::engines().nginx() {
        // Other releases of OpenSSL have other words.
        if !engine.openssl().starts_with("3.") {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        for text in &texts {
            let said = verdict::asked(engine, folder.path(), text.as_bytes());
            let nginx = verdict::refusal(&said).map(|said| said.message.clone());
            let target = engine.version.parse().unwrap();
            let ours = verdict::ours(target, folder.path(), text.as_bytes());
            assert_eq!(ours, [], "without --live: {text}");
            let main = folder.path().join("nginx.conf");
            let mut texts = Texts::new(&Disk, Limits::default());
            let root = texts.open(&main).unwrap();
            let config = texts.follow(root, Prefix::of_folder(folder.path()));
            let options = Options {
                target,
                modules: Modules::All,
                live: true,
                start: Start::Whole,
            };
            let findings = read(&texts, &config, &options).findings;
            let ours = findings.into_iter().find_map(|finding| {
                let nginx = finding.nginx?;
                (nginx.level == NginxLevel::Emerg).then_some(nginx.message)
            });
            assert!(nginx.is_some(), "{text}");
            assert_eq!(nginx, ours, "{}: {text}", engine.name);
        }
    }
}
