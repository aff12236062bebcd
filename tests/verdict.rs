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
//! all where they are left out. The block is one of [`PLACES`], or `file` for a whole
//! configuration; `http` where it is left out. Its folder has `cert.pem`, `key.pem` and
//! `logs/`.
//!
//! What nginx says of the machine alone (files, users, hosts, sockets) djanginx must not say.
//! An nginx that lacks the module of a directive or parameter is not asked.
//! `DJANGINX_CASES=words` takes only the cases whose file or name has these words in it;
//! `-- --nocapture` then shows what was said.

#![allow(clippy::unwrap_used)] // a test may panic

#[path = "support/engines.rs"]
mod engines;
#[path = "support/verdict.rs"]
mod verdict;

use djanginx::directives::{self, Built, Origin};
use djanginx::version::Target;
use engines::Engine;
use std::path::Path;
use verdict::Said;

/// The blocks that the lines of a case may be put into, with what is put around them.
const PLACES: [(&str, &str, &str); 15] = [
    ("file", "", ""),
    ("main", "", "events {}\n"),
    ("events", "events {\n", "}\n"),
    ("http", "events {}\nhttp {\n", "}\n"),
    ("server", "events {}\nhttp {\nserver {\n", "}\n}\n"),
    (
        "location",
        "events {}\nhttp {\nserver {\nlocation / {\n",
        "}\n}\n}\n",
    ),
    (
        "if",
        "events {}\nhttp {\nserver {\nlocation / {\nif ($arg_a) {\n",
        "}\n}\n}\n}\n",
    ),
    ("upstream", "events {}\nhttp {\nupstream u {\n", "}\n}\n"),
    (
        "used upstream",
        "events {}\nhttp {\nserver {\nlocation / {\nproxy_pass http://u;\n}\n}\nupstream u {\n",
        "}\n}\n",
    ),
    ("types", "events {}\nhttp {\ntypes {\n", "}\n}\n"),
    ("stream", "events {}\nstream {\n", "}\n"),
    (
        "stream server",
        "events {}\nstream {\nserver {\nlisten 127.0.0.1:18099;\n",
        "}\n}\n",
    ),
    (
        "stream upstream",
        "events {}\nstream {\nupstream u {\n",
        "}\n}\n",
    ),
    ("mail", "events {}\nmail {\n", "}\n"),
    ("mail server", "events {}\nmail {\nserver {\n", "}\n}\n"),
];

/// A configuration and what it is called.
struct Case {
    /// The file and the name in it.
    name: String,
    text: String,
    /// The first release, and the first that it is not for any more.
    from: Option<Target>,
    until: Option<Target>,
}

#[test]
fn small_configurations_are_judged_as_nginx_does() {
    let cases = cases();
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

fn differences(engine: &Engine, cases: &[Case], show: bool) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let target: Target = engine.version.parse().unwrap();
    let mut differences = Vec::new();
    for case in cases {
        if case.from.is_some_and(|from| target.version < from.version)
            || case
                .until
                .is_some_and(|until| target.version >= until.version)
        {
            continue;
        }
        let mut nginx = verdict::asked(engine, folder, case.text.as_bytes());
        let ours = verdict::ours(engine, folder, case.text.as_bytes());
        nginx.retain(|said| !verdict::is_of_the_machine(&said.message));
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

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/verdict");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "txt"))
        .collect();
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let file = path.file_stem().unwrap().to_str().unwrap();
        let mut parts = format!("\n{text}");
        let rest = parts.split_off(parts.find("\n=== ").unwrap_or(parts.len()));
        for part in rest.split("\n=== ").skip(1) {
            let (head, body) = part.split_once('\n').unwrap_or((part, ""));
            all.push(case(file, head, body));
        }
    }
    let mut names: Vec<&str> = all.iter().map(|case| case.name.as_str()).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(twice, None, "two cases of one name");
    all
}

fn case(file: &str, head: &str, body: &str) -> Case {
    let mut fields = head.split(" | ").map(str::trim);
    let name = format!("{file}: {}", fields.next().unwrap_or_default());
    let place = fields.next().filter(|place| !place.is_empty());
    let place = place.unwrap_or("http");
    let (_, before, behind) = PLACES
        .iter()
        .find(|(known, _, _)| *known == place)
        .unwrap_or_else(|| panic!("{name}: `{place}` is no place of a case"));
    let mut case = Case {
        name,
        text: format!("{before}{}\n{behind}", body.trim_end()),
        from: None,
        until: None,
    };
    for condition in fields.next().unwrap_or_default().split_ascii_whitespace() {
        let (bound, version) = match condition.strip_prefix(">=") {
            Some(version) => (&mut case.from, version),
            None => {
                let version = condition.strip_prefix('<');
                let version = version.unwrap_or_else(|| panic!("`{condition}` is no condition"));
                (&mut case.until, version)
            }
        };
        *bound = Some(version.parse().unwrap());
    }
    case
}
