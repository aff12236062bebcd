//! The small configurations of `fixtures/verdict/*.txt`; `tests/verdict.rs` tells their form.

#![allow(dead_code, reason = "each test target uses its own part")]

use djanginx::version::Target;
use std::path::Path;

/// The blocks that the lines of a case may be put into, with what is put around them.
pub(crate) const PLACES: [(&str, &str, &str); 15] = [
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
pub(crate) struct Case {
    /// The file and the name in it.
    pub(crate) name: String,
    pub(crate) text: String,
    /// The first release, and the first that it is not for any more.
    from: Option<Target>,
    until: Option<Target>,
}

impl Case {
    /// Whether it is for a release.
    pub(crate) fn is_for(&self, target: Target) -> bool {
        let version = target.version;
        self.from.is_none_or(|from| from.version <= version)
            && self.until.is_none_or(|until| version < until.version)
    }
}

/// All of them.
pub(crate) fn cases() -> Vec<Case> {
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
