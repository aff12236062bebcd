//! Small configurations, good and faulty: djanginx says what each real nginx says, word for
//! word and at the same line, warnings included.
//!
//! The cases are in `fixtures/verdict/*.txt`:
//!
//! ```text
//! Anything before the first case is a comment.
//!
//! === no number | main
//! worker_processes x;
//!
//! === two methods | upstream | >=1.25.1 <1.29.7
//! hash $uri;
//! ip_hash;
//! ```
//!
//! A case has a name, the block that its lines are put into, and the releases that it is for,
//! all where they are left out. The block is one of [`cases::PLACES`], or `file` for a whole
//! configuration; `http` where it is left out. Its folder has `cert.pem`, `key.pem` and
//! `logs/`.
//!
//! What nginx says of the machine alone (files, users, hosts, sockets) djanginx must not say.
//! An nginx that lacks the module of a directive or parameter is not asked.
//! `DJANGINX_CASES=words` takes only the cases whose file or name has these words in it;
//! `-- --nocapture` then shows what was said.

#![allow(clippy::unwrap_used)] // a test may panic

#[path = "support/cases.rs"]
mod cases;
#[path = "support/engines.rs"]
mod engines;
#[path = "support/verdict.rs"]
mod verdict;

use cases::Case;
use djanginx::directives::{self, Built, Origin};
use djanginx::version::Target;
use engines::Engine;
use verdict::Said;

#[test]
fn small_configurations_are_judged_as_nginx_does() {
    let cases = cases::cases();
    let words = std::env::var("DJANGINX_CASES").unwrap_or_default();
    let cases: Vec<Case> = cases
        .into_iter()
        .filter(|case| case.name.contains(&words))
        .collect();
    assert!(!cases.is_empty(), "no case has `{words}` in its name");
    let mut wrong = Vec::new();
    let engines = engines::engines().nginx();
    for engine in engines {
        let halves = cases.chunks(cases.len().div_ceil(2));
        std::thread::scope(|scope| {
            let threads: Vec<_> = halves
                .map(|half| scope.spawn(|| differences(engine, half, !words.is_empty())))
                .collect();
            for thread in threads {
                wrong.extend(thread.join().unwrap());
            }
        });
    }
    println!("{} cases, {} releases", cases.len(), engines.len());
    assert!(
        wrong.is_empty(),
        "{} of {} judgements differ\n{}",
        wrong.len(),
        cases.len() * engines.len(),
        wrong.join("\n")
    );
}

#[allow(clippy::print_stdout)] // asked for with `DJANGINX_CASES`
fn differences(engine: &Engine, cases: &[Case], show: bool) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let target: Target = engine.version.parse().unwrap();
    let mut differences = Vec::new();
    for case in cases {
        if !case.is_for(target) {
            continue;
        }
        let mut nginx = verdict::asked(engine, folder, case.text.as_bytes());
        let ours = verdict::ours(target, folder, case.text.as_bytes());
        nginx.retain(|said| !djanginx::check::is_of_the_machine(&said.message));
        if show {
            let (name, release) = (&case.name, &engine.version);
            println!("{name} [{release}]\n    {}", shown(&nginx));
        }
        let lacks = nginx.iter().any(|said| is_of_the_build(said, target));
        if nginx != ours && !lacks {
            differences.push(format!(
                "{}: {}\n    nginx {}\n    ours  {}",
                engine.version,
                case.name,
                shown(&nginx),
                shown(&ours),
            ));
        }
    }
    differences
}

fn shown(said: &[Said]) -> String {
    let lines: Vec<String> = said.iter().map(Said::to_string).collect();
    match lines.is_empty() {
        true => "(nothing)".to_owned(),
        false => lines.join("\n          "),
    }
}

/// Whether nginx says that it was built without what the case needs.
fn is_of_the_build(said: &Said, target: Target) -> bool {
    let unknown = said
        .message
        .strip_prefix("unknown directive \"")
        .and_then(|name| name.strip_suffix('"'));
    let optional = unknown.is_some_and(|name| {
        let mut rows = directives::for_target(name.as_bytes(), target);
        rows.any(|row| row.module.built != Built::Default && row.module.origin == Origin::Nginx)
    });
    optional
        || said.message.contains(" parameter requires ngx_")
        || said.message.contains("is not supported on this platform")
        || said.message.starts_with("nginx was built without ")
        || said.message.starts_with("\"debug_connection\" is ignored")
}
