//! Reading topologies: what YAML makes difficult, and bytes that nobody meant.

#![allow(clippy::unwrap_used, missing_docs)] // a test may panic

use djanginx::report::concise;
use djanginx::source::SourceMap;
use djanginx::topology::document::Step::{self, Index, Key};
use djanginx::topology::{self, Limits, Loaded, Options};
use proptest::prelude::*;
use std::path::Path;
use std::sync::LazyLock;

fn load(text: impl AsRef<[u8]>) -> Loaded {
    let mut sources = SourceMap::new();
    topology::load(&mut sources, "topology.yaml", text.as_ref()).unwrap_or_else(|findings| {
        let mut out = Vec::new();
        concise::write(&mut out, &findings, &sources).unwrap();
        panic!("{}", String::from_utf8(out).unwrap())
    })
}

/// What is said about a text, one line each.
fn findings(text: impl AsRef<[u8]>, limits: Limits) -> String {
    let mut sources = SourceMap::new();
    let options = Options {
        limits,
        ..Options::default()
    };
    let mut findings = topology::check(&mut sources, "topology.yaml", text.as_ref(), &options)
        .map(|valid| valid.remarks)
        .unwrap_or_else(|findings| findings);
    // What these texts mean is not what they are here for.
    findings.retain(|finding| topology::rules::ALL.contains(&finding.rule));
    let mut out = Vec::new();
    concise::write(&mut out, &findings, &sources).unwrap();
    String::from_utf8(out).unwrap()
}

// ── YAML's traps ────────────────────────────────────────────────────────────────────────

#[test]
fn a_scalar_is_its_own_text_whatever_yaml_would_make_of_it() {
    let loaded = load(
        "nginx: {version: 1.30, openssl: 3.0, user: no, pid: 0x10, temp_dir: 1e3}
pools:
  on: {nodes: [app:8000], keepalive: 16, zone: 65536, timeouts: {read: 60, send: 01}}
  1.10: {nodes: [2001-11-22, 12:30:45, .5], server: uwsgi, sticky: {cookie: True}}
  null: {nodes: [~user, yes, 0o17]}
sites:
  main:
    domains: [1.0, on, 2.50]
    listen: [80, 127.0.0.1:8080]
    access_log: off
    routes: {/: on, 1: 1.10, /ws/: {pool: on, websocket: true, streaming: false}}
",
    );
    let topology = &loaded.topology;
    assert_eq!(topology.nginx.version.as_deref(), Some("1.30"));
    assert_eq!(topology.nginx.openssl.as_deref(), Some("3.0"));
    assert_eq!(topology.nginx.user.as_deref(), Some("no"));
    assert_eq!(topology.nginx.pid.as_deref(), Some("0x10"));
    assert_eq!(topology.nginx.temp_dir.as_deref(), Some("1e3"));
    let pools: Vec<&str> = topology.pools.keys().map(String::as_str).collect();
    assert_eq!(pools, ["1.10", "null", "on"]);
    let on = &topology.pools["on"];
    assert_eq!(on.keepalive.as_ref().unwrap().connections, Some(16));
    assert_eq!(on.zone.as_ref().unwrap().0, "65536");
    assert_eq!(on.timeouts.as_ref().unwrap().read.as_ref().unwrap().0, "60");
    assert_eq!(on.timeouts.as_ref().unwrap().send.as_ref().unwrap().0, "01");
    let addresses = |pool: &str| -> Vec<&str> {
        let nodes = topology.pools[pool].nodes.iter();
        nodes.map(|node| node.address.as_str()).collect()
    };
    assert_eq!(addresses("1.10"), ["2001-11-22", "12:30:45", ".5"]);
    assert_eq!(addresses("null"), ["~user", "yes", "0o17"]);
    let sticky = topology.pools["1.10"].sticky.as_ref().unwrap();
    assert_eq!(sticky.cookie.as_deref(), Some("True"));
    let main = &topology.sites["main"];
    assert_eq!(main.domains, ["1.0", "on", "2.50"]);
    assert_eq!(main.listen.as_ref().unwrap()[0].0, "80");
    assert_eq!(main.access_log.as_deref(), Some("off"));
    assert_eq!(main.routes["/"].pool, "on");
    assert_eq!(main.routes["1"].pool, "1.10");
    assert_eq!(main.routes["/ws/"].websocket, Some(true));
    assert_eq!(main.routes["/ws/"].streaming, Some(false));
}

#[test]
fn spelling_and_layout_do_not_matter() {
    let plain = load(
        "pools:\n  web:\n    nodes: [unix:/run/a.sock, 10.0.0.1:8000]\n    health: /h/\nsites:\n  \
         main: {domains: [a.example], routes: {/: web, /ws/: {pool: web, websocket: true}}}\n",
    );
    let others = [
        // Byte order mark, Windows line ends, comments, a document's start and end.
        "\u{feff}# topology\r\n---\r\npools:\r\n  web: # nodes\r\n    nodes:\r\n    - unix:/run/a.sock\r\n    - \
         10.0.0.1:8000\r\n    health: /h/\r\nsites:\r\n  main:\r\n    domains: [a.example]\r\n    routes:\r\n      \
         /: web\r\n      /ws/: {pool: web, websocket: true}\r\n...\r\n",
        // JSON.
        r#"{"pools": {"web": {"nodes": ["unix:\/run\/a.sock", "10.0.0.1:8000"], "health": "/h/"}},
            "sites": {"main": {"domains": ["a.example"],
                               "routes": {"/": "web", "/ws/": {"pool": "web", "websocket": true}}}}}"#,
        // Quoted keys, long forms, blocks of text, escapes, folded lines, explicit keys.
        "? 'pools'\n: \"w\\x65b\":\n    'nodes':\n      - address: >-\n          unix:/run/a.sock\n      - address: |-\n          \
         10.0.0.1:8000\n    health:\n      path: '/h/'\nsites:\n  main:\n    domains:\n    - \"a.\\\n      example\"\n    routes:\n      \
         '/': {pool: web}\n      /ws/:\n        pool: web\n        websocket: true\n",
        // Aliases, used with care.
        "pools:\n  &name web:\n    nodes: [&a unix:/run/a.sock, 10.0.0.1:8000]\n    health: &h /h/\nsites:\n  main:\n    \
         domains: [a.example]\n    routes: {/: &r web, /ws/: {pool: *r, websocket: &t true}}\n",
    ];
    for other in others {
        assert_eq!(load(other).topology, plain.topology, "{other}");
    }
}

#[test]
fn an_alias_is_a_copy_with_a_place_of_its_own() {
    let text = "pools:\n  a:\n    nodes: &n [{address: 10.0.0.1:8000, weight: 2}, '10.0.0.2:8000']\n  b:\n    nodes: *n\n";
    let loaded = load(text);
    assert_eq!(
        loaded.topology.pools["a"].nodes,
        loaded.topology.pools["b"].nodes
    );
    let text_at = |way: &[Step<'_>]| {
        let span = loaded.document.at(way);
        &text[span.start as usize..span.end as usize]
    };
    let b = [Key("pools"), Key("b"), Key("nodes")];
    assert_eq!(text_at(&b), "*n");
    let weight = [&b[..], &[Index(0), Key("weight")]].concat();
    assert_eq!(text_at(&weight), "2");
}

// ── Places ──────────────────────────────────────────────────────────────────────────────

#[test]
fn places_are_those_of_the_text() {
    let text = "\
pools:
  web:
    nodes:
      - 10.0.0.1:8000
      - {address: 10.0.0.2:8000, weight: 2}
      - address: 10.0.0.3:8000
        weight: 3
    \"balance\": 'least_conn'
sites:
  main:
    domains: [a.example, b.example]
    routes: {/: web}
";
    let loaded = load(text);
    let document = &loaded.document;
    let cut = |span: djanginx::source::Span| &text[span.start as usize..span.end as usize];
    let at = |way: &[Step<'_>]| cut(document.at(way));
    let key_at = |way: &[Step<'_>]| cut(document.key_at(way));
    let nodes = [Key("pools"), Key("web"), Key("nodes")];
    let node = |index| [&nodes[..], &[Index(index)]].concat();
    let of_node = |index, key| [&nodes[..], &[Index(index), Key(key)]].concat();
    assert_eq!(at(&node(0)), "10.0.0.1:8000");
    assert_eq!(at(&node(1)), "{address: 10.0.0.2:8000, weight: 2}");
    assert_eq!(at(&of_node(1, "weight")), "2");
    assert_eq!(key_at(&of_node(1, "weight")), "weight");
    // What runs over several lines is shown by its key, or by its first line.
    assert_eq!(at(&nodes), "nodes");
    assert_eq!(at(&node(2)), "address: 10.0.0.3:8000");
    assert_eq!(at(&of_node(2, "weight")), "3");
    assert_eq!(
        at(&[Key("pools"), Key("web"), Key("balance")]),
        "'least_conn'"
    );
    assert_eq!(
        key_at(&[Key("pools"), Key("web"), Key("balance")]),
        "\"balance\""
    );
    assert_eq!(
        key_at(&[Key("sites"), Key("main"), Key("routes"), Key("/")]),
        "/"
    );
    // What does not exist is shown by what is around it.
    assert_eq!(at(&of_node(0, "weight")), "10.0.0.1:8000");
    assert_eq!(
        at(&of_node(1, "max_conns")),
        "{address: 10.0.0.2:8000, weight: 2}"
    );
    assert_eq!(at(&node(9)), "nodes");
    assert_eq!(at(&[Key("pools"), Key("api")]), "pools");
    assert_eq!(at(&[]), "pools:");
    assert!(document.has(&of_node(1, "weight")));
    assert!(!document.has(&of_node(0, "weight")));
    assert!(!document.has(&node(3)));
}

#[test]
fn places_in_long_collections_are_found_as_well() {
    let nodes: Vec<String> = (0..500)
        .map(|i| format!("10.0.{}.{}:80", i / 250, i % 250))
        .collect();
    let mut text = format!("pools:\n  all: {{nodes: [{}]}}\n", nodes.join(", "));
    for i in 0..200 {
        text += &format!("  pool_{i}: {{nodes: [10.1.0.{i}:80]}}\n");
    }
    let loaded = load(&text);
    let cut = |way: &[Step<'_>]| {
        let span = loaded.document.at(way);
        &text[span.start as usize..span.end as usize]
    };
    for (i, node) in nodes.iter().enumerate() {
        assert_eq!(
            cut(&[Key("pools"), Key("all"), Key("nodes"), Index(i)]),
            node
        );
    }
    for i in 0..200 {
        let name = format!("pool_{i}");
        let way = [Key("pools"), Key(&name), Key("nodes"), Index(0)];
        assert_eq!(cut(&way), format!("10.1.0.{i}:80"));
    }
    assert_eq!(cut(&[Key("pools"), Key("pool_200")]), "pools");
}

// ── Limits ──────────────────────────────────────────────────────────────────────────────

#[test]
fn limits_allow_what_reaches_them_and_refuse_one_more() {
    let smallest = "pools:\n  web: {nodes: [a:80]}\n";
    let limits = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        limits
    };
    assert_eq!(smallest.len(), 30);
    insta::assert_snapshot!(findings(smallest, limits(|l| l.bytes = 30)), @"");
    insta::assert_snapshot!(
        findings(smallest, limits(|l| l.bytes = 29)),
        @r"topology.yaml:1:1: error[topology-limit] the file has more than 29 bytes"
    );
    insta::assert_snapshot!(findings(smallest, limits(|l| l.events = 16)), @"");
    insta::assert_snapshot!(
        findings(smallest, limits(|l| l.events = 15)),
        @"topology.yaml:3:1: error[topology-limit] the file has more than 15 YAML events"
    );
    insta::assert_snapshot!(findings(smallest, limits(|l| l.depth = 4)), @"");
    insta::assert_snapshot!(
        findings(smallest, limits(|l| l.depth = 3)),
        @"topology.yaml:2:16: error[topology-limit] the file nests more than 3 levels deep"
    );
    let aliases = "pools:\n  a: {nodes: &n [a:80, b:80]}\n  b: {nodes: *n}\n  c: {nodes: *n}\n";
    insta::assert_snapshot!(findings(aliases, limits(|l| l.expanded = 6)), @"");
    insta::assert_snapshot!(
        findings(aliases, limits(|l| l.expanded = 5)),
        @"topology.yaml:4:14: error[topology-limit] aliases stand for more than 5 values"
    );
    let long = format!("a: &a {}\nb: *a\nc: *a\n", "x".repeat(40));
    insta::assert_snapshot!(
        findings(long, limits(|l| l.bytes = 60)),
        @"topology.yaml:3:4: error[topology-limit] aliases stand for more than 60 bytes"
    );
    // The alias stands four levels deep, and what it stands for is one more.
    let deep = "pools:\n  a: {nodes: [&n {address: a:80}]}\n  b: {nodes: [*n]}\n";
    insta::assert_snapshot!(findings(deep, limits(|l| l.depth = 5)), @"");
}

#[test]
fn hostile_texts_end_with_a_finding() {
    let deep = 100_000;
    let texts = [
        "[".repeat(deep),
        "{".repeat(deep),
        "{a: ".repeat(deep),
        "- ".repeat(deep),
        "? ".repeat(deep),
        "a: &a ".repeat(deep),
        "\"".to_owned() + &"a".repeat(deep),
        "'".to_owned() + &"a\n".repeat(deep),
        "a: |\n".to_owned() + &" \n".repeat(deep),
        "*a ".repeat(deep),
        "!a ".repeat(deep),
        "%a\n".repeat(deep),
        "---\n".repeat(deep),
        "#".repeat(deep),
        ": ".repeat(deep),
        "\u{feff}".repeat(deep),
        "[2001:db8::1]:80\n".repeat(deep),
        "pools: [".to_owned() + &"[::1]:80, ".repeat(deep),
        (0..400).map(|i| " ".repeat(i) + "a:\n").collect(),
        "pools: {".to_owned()
            + &(0..deep)
                .map(|i| format!("a{}: 1, ", i / 2))
                .collect::<String>(),
        // A megabyte of text, a thousand times.
        format!("a: &a {}\n", "x".repeat(1 << 20))
            + &(0..1_000)
                .map(|i| format!("b{i}: *a\n"))
                .collect::<String>(),
        "a: &a [b]\n".to_owned()
            + &(0..2_000)
                .map(|i| format!("a{i}: [*a, *a]\n"))
                .collect::<String>(),
        (0..400)
            .map(|i| format!("a{i}: &a{i} [*a{}]\n", i.max(1) - 1))
            .collect(),
    ];
    for text in texts {
        let start = std::time::Instant::now();
        let said = findings(&text, Limits::default());
        assert!(!said.is_empty(), "{:.40}", text);
        let elapsed = start.elapsed();
        assert!(elapsed.as_secs() < 10, "{:.40} took {elapsed:?}", text);
    }
}

// ── Any bytes ───────────────────────────────────────────────────────────────────────────

/// All fixtures, right and wrong.
static FIXTURES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/topologies");
    let mut paths = Vec::new();
    for folder in [folder.clone(), folder.join("invalid")] {
        let entries = std::fs::read_dir(folder).unwrap();
        paths.extend(entries.map(|entry| entry.unwrap().path()));
    }
    paths.retain(|path| path.extension().is_some_and(|end| end == "yaml"));
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
});

/// Reads bytes and holds what is said to what must always be true of it.
fn survives(bytes: &[u8]) {
    let mut sources = SourceMap::new();
    let result = topology::check(&mut sources, "x.yaml", bytes, &Options::default());
    let findings = result.map_or_else(|findings| findings, |valid| valid.remarks);
    let mut last = 0;
    for finding in &findings {
        let places = finding.related.iter().chain([&finding.primary]);
        for place in places {
            assert!(place.span.start <= place.span.end);
            assert!(place.span.end as usize <= bytes.len());
        }
        assert!(last <= finding.primary.span.start, "not in order");
        last = finding.primary.span.start;
        assert!(!finding.message.is_empty() && !finding.message.ends_with('.'));
        let mut meaning = topology::validate::RULES.iter();
        assert!(
            topology::rules::ALL.contains(&finding.rule)
                || meaning.any(|(id, _)| *id == finding.rule)
        );
    }
    let mut out = Vec::new();
    let style = djanginx::report::full::Style::default();
    djanginx::report::full::write(&mut out, &findings, &sources, style).unwrap();
    concise::write(&mut out, &findings, &sources).unwrap();
}

#[test]
fn every_prefix_of_every_fixture_is_survived() {
    for fixture in FIXTURES.iter() {
        let step = (fixture.len() / 300).max(1);
        for end in (0..fixture.len()).step_by(step) {
            survives(&fixture[..end]);
        }
    }
}

/// Pieces of YAML that meet badly.
const PIECES: &[&str] = &[
    "\n",
    " ",
    "  ",
    "\t",
    ":",
    ": ",
    "- ",
    "?",
    "? ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\"",
    "'",
    "|\n",
    ">\n",
    "&a ",
    "*a",
    "!t ",
    "!!str ",
    "<<: ",
    "#",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "~",
    "\\",
    "\u{feff}",
    "\0",
    "\r",
    "\u{85}",
    "ä",
    "[::1]:80",
    "null",
    "yes",
    "nodes:",
    "pools:",
    "0x1",
    "\u{1F600}",
    "@",
    "`",
];

#[derive(Debug, Clone)]
enum Change {
    Insert(usize, usize),
    Remove(usize, usize),
    Copy(usize, usize, usize),
    Flip(usize, u8),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<usize>(), 0..PIECES.len()).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (any::<usize>(), 1..40usize).prop_map(|(at, length)| Change::Remove(at, length)),
        (any::<usize>(), 1..40usize, any::<usize>())
            .prop_map(|(at, l, to)| Change::Copy(at, l, to)),
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Change::Flip(at, byte)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let size = bytes.len() + 1;
    match *change {
        Change::Insert(at, piece) => {
            bytes.splice(at % size..at % size, PIECES[piece].bytes());
        }
        Change::Remove(at, length) => {
            let start = at % size;
            bytes.drain(start..(start + length).min(size - 1));
        }
        Change::Copy(at, length, to) => {
            let start = at % size;
            let piece = bytes[start..(start + length).min(size - 1)].to_vec();
            bytes.splice(to % size..to % size, piece);
        }
        Change::Flip(at, byte) => {
            if let Some(old) = bytes.get_mut(at % size) {
                *old ^= byte;
            }
        }
    }
}

/// Text that YAML can hold in double quotes without loss.
fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![
            any::<char>().prop_filter("printable", |c| {
                !c.is_control() && !matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
            }),
            proptest::sample::select(vec![
                ':', '#', '\'', '"', '\\', '[', '{', ' ', '\n', '\t', '&', '*', '!', '%', '0'
            ]),
        ],
        0..30,
    )
    .prop_map(|characters| characters.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_fixtures_are_survived(
        which in any::<usize>(),
        changes in proptest::collection::vec(change(), 1..6),
    ) {
        let mut bytes = FIXTURES[which % FIXTURES.len()].clone();
        for change in &changes {
            apply(&mut bytes, change);
        }
        survives(&bytes);
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        survives(&bytes);
    }

    #[test]
    fn any_pieces_are_survived(pieces in proptest::collection::vec(0..PIECES.len(), 0..60)) {
        let text: String = pieces.iter().map(|&piece| PIECES[piece]).collect();
        survives(text.as_bytes());
    }

    #[test]
    fn text_in_quotes_arrives_as_it_is(text in text(), name in text()) {
        let quoted = |text: &str| serde_json::to_string(text).unwrap();
        let (text_q, name_q) = (quoted(&text), quoted(&name));
        let loaded = load(format!(
            "nginx: {{user: {text_q}}}\npools: {{{name_q}: {{nodes: [{text_q}]}}}}\n"
        ));
        prop_assert_eq!(loaded.topology.nginx.user.as_deref(), Some(&*text));
        prop_assert_eq!(&loaded.topology.pools[&name].nodes[0].address, &text);
    }
}
