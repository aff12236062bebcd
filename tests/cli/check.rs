//! `djanginx check`: all stages in one report, judged by real engines and real nodes.

use super::Run;
use super::engines::{Engine, engines};
use super::run::Output;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::LazyLock;

/// A topology of one pool for a release, with lines of the site.
fn topology(version: &str, node: &str, site: &str) -> String {
    format!(
        "nginx: {{version: \"{version}\"}}\npools:\n  web:\n    nodes:\n      - {node}\nsites:\n  \
         shop:\n    domains: [shop.example.com]\n    listen: [127.0.0.1:8080]\n    routes: {{/: \
         web}}\n{site}"
    )
}

/// The engine that is there in that release.
fn engine(version: &str) -> &'static Engine {
    let mut all = engines().nginx().iter();
    all.find(|engine| engine.version == version)
        .unwrap_or_else(|| panic!("nginx {version} is missing; run `cargo xtask test`"))
}

fn with_nginx<'a>(arguments: &[&'a str], engine: &'a Engine) -> Vec<&'a str> {
    let program = engine.binary.to_str().unwrap();
    let mut all = vec!["check", "topology.yaml", "--nginx", program];
    all.extend(arguments);
    all
}

/// The JSON of a run, which the schema allows.
fn json(output: &Output) -> Value {
    static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/check.schema.json");
        let schema = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        jsonschema::validator_for(&schema).unwrap()
    });
    let value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output}"));
    let wrong: Vec<_> = SCHEMA.iter_errors(&value).map(|e| e.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}\n{output}");
    value
}

fn rules(json: &Value) -> Vec<&str> {
    let diagnostics = json["diagnostics"].as_array().unwrap();
    let rules = diagnostics.iter().map(|d| d["rule"].as_str().unwrap());
    rules.collect()
}

/// A node that answers every request with 200, until the test ends.
fn good_node() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let _ = stream.read(&mut head);
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        }
    });
    address
}

/// An address that nobody listens on: it is bound, and never listened on.
fn dead_node() -> (socket2::Socket, SocketAddr) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    socket.bind(&any.into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, address)
}

#[test]
fn a_good_topology_can_be_deployed() {
    let node = good_node().to_string();
    for engine in engines().nginx() {
        let text = topology(&engine.version, &node, "");
        let run = Run::new(with_nginx(&[], engine)).file("topology.yaml", text);
        let output = run.run();
        assert_eq!(output.status, Some(0), "{output}");
        let accepts = format!(
            "ok  nginx -t  nginx {} ({}) accepts it\n",
            engine.version,
            engine.binary.display()
        );
        assert!(output.stdout.contains(&accepts), "{output}");
        assert!(
            output.stdout.contains("ok  probe     1 asked: 1 passed"),
            "{output}"
        );
        assert!(
            output.stdout.ends_with("\ntopology.yaml can be deployed\n"),
            "{output}"
        );
        let left: Vec<_> = std::fs::read_dir(run.folder()).unwrap().collect();
        assert_eq!(left.len(), 1, "only the topology: {left:?}");
    }
}

/// All fixtures, by every engine: nothing but the machine and other releases is in the way.
#[test]
fn the_fixtures_can_be_deployed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/topologies");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "yaml") {
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        for engine in engines().nginx() {
            let run = Run::new(with_nginx(&["--no-probe", "--format", "json"], engine));
            let output = run.file("topology.yaml", &text).run();
            assert_eq!(output.status, Some(0), "{output}");
            let json = json(&output);
            assert_ne!(json["nginx_t"]["outcome"], "refused", "{output}");
            assert_eq!(json["probes"], Value::Null);
            for rule in rules(&json) {
                assert!(
                    ["not-on-this-machine", "other-nginx"].contains(&rule),
                    "{output}"
                );
            }
        }
    }
}

#[test]
fn every_problem_of_an_invalid_topology_is_told() {
    let text = topology(
        "1.28",
        "nonsense:port",
        "    body_limit: much\n    tls: {}\n",
    );
    let run = Run::new(with_nginx(&["--format", "json"], engine("1.28.3")));
    let output = run.file("topology.yaml", text).run();
    assert_eq!(output.status, Some(1), "{output}");
    let json = json(&output);
    let mut lines: Vec<u64> = json["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["start"]["line"].as_u64().unwrap())
        .collect();
    lines.dedup();
    assert_eq!(lines, [5, 11, 12], "{output}");
    assert_eq!(json["nginx_t"]["outcome"], Value::Null);
    assert_eq!(json["nginx_t"]["reason"], "the topology has errors");
    assert_eq!(json["probes"], Value::Null);
    assert!(
        output
            .stderr
            .contains("left out  nginx -t  the topology has errors"),
        "{output}"
    );
}

/// A template of the user's own, with a line more.
fn template(name: &str, before: &str, more: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("templates")
        .join(name);
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(before));
    text.replacen(before, &format!("{more}\n{before}"), 1)
}

#[test]
fn what_nginx_refuses_fails_at_the_line_that_it_comes_from() {
    let (_socket, node) = dead_node();
    for engine in engines().nginx() {
        // What lint knows, and what only the program knows, as it was built without it.
        for (line, rule) in [
            ("proxy_cache nowhere;", "undefined-zone"),
            ("perl_no_such_directive on;", "unknown-directive"),
        ] {
            let text = topology(&engine.version, &node.to_string(), "");
            let more = template("http/server.conf.j2", "client_max_body_size", line);
            let arguments = [
                "--format",
                "json",
                "--template-dir",
                "own",
                "--retries",
                "0",
            ];
            let run = Run::new(with_nginx(&arguments, engine))
                .file("topology.yaml", text)
                .file("own/http/server.conf.j2", more);
            let output = run.run();
            assert_eq!(output.status, Some(1), "{output}");
            let json = json(&output);
            assert_eq!(json["nginx_t"]["outcome"], "refused", "{output}");
            let found = &json["diagnostics"][0];
            assert_eq!(found["rule"], rule, "{output}");
            assert_eq!(found["file"], "topology.yaml");
            assert_eq!(found["start"]["line"], 7, "the site: {output}");
            let label = found["labels"].as_array().unwrap();
            let label = label.iter().find(|l| l["file"] == "<generated>/nginx.conf");
            assert!(label.is_some(), "{output}");
            // nginx's own message is told once, and the stages behind are not left out.
            let said = &json["nginx_t"]["messages"][0]["message"];
            assert_eq!(&found["nginx_message"], said, "{output}");
            assert_eq!(
                rules(&json)
                    .iter()
                    .filter(|r| **r == "nginx-refuses")
                    .count(),
                0
            );
            assert!(rules(&json).contains(&"probe-refused"), "{output}");
        }
    }
}

/// A program that refuses what djanginx takes: only it can tell.
#[test]
fn what_only_the_program_refuses_fails() {
    let engine = engine("1.28.3");
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = -V ] && exec {} -V\necho \"nginx: [emerg] the moon is wrong in \
         $5:40\" >&2\nexit 1\n",
        engine.binary.display()
    );
    let run = Run::new(["check", "topology.yaml", "--no-probe", "--nginx", "./moon"])
        .env("PATH", "/usr/bin:/bin")
        .file("topology.yaml", topology("1.28.3", "127.0.0.1:8000", ""))
        .file("moon", script);
    let all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(run.folder().join("moon"), all).unwrap();
    let output = run.run();
    assert_eq!(output.status, Some(1), "{output}");
    assert!(output.stdout.contains("nginx-refuses"), "{output}");
    assert!(output.stdout.contains("the moon is wrong"), "{output}");
    assert!(
        output.stdout.contains("<generated>/nginx.conf:40"),
        "{output}"
    );
    assert!(
        output
            .stdout
            .ends_with("\ntopology.yaml cannot be deployed\n"),
        "{output}"
    );
}

#[test]
fn what_the_machine_lacks_is_a_warning() {
    let tls = "    tls: {certificate: /none/shop.pem, key: /none/shop.key, listen: \
               [127.0.0.1:8443]}\n";
    for engine in engines().nginx() {
        let text = topology(&engine.version, "127.0.0.1:8000", tls).replacen(
            "}\n",
            ", user: djanginx-nobody}\n",
            1,
        );
        let run = Run::new(with_nginx(&["--no-probe", "--format", "json"], engine));
        let output = run.file("topology.yaml", text).run();
        assert_eq!(output.status, Some(0), "{output}");
        let json = json(&output);
        assert_eq!(json["nginx_t"]["outcome"], "accepted", "{output}");
        let found = json["diagnostics"].as_array().unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|found| {
                let place = &found["start"];
                (
                    found["severity"].as_str().unwrap(),
                    place["line"].as_u64().unwrap(),
                )
            })
            .collect();
        // An ordinary user cannot become another one, and nginx looks nobody up.
        let expected = [("warning", 11), ("warning", 11), ("warning", 1)];
        let expected = &expected[..2 + usize::from(super::engines::is_root())];
        assert_eq!(found, expected, "{output}");
        assert!(json["diagnostics"][0].get("nginx").is_none(), "{output}");
    }
}

/// nginx looks at certificates behind the text, and binds its sockets last: all of it is told.
#[test]
fn everything_that_the_machine_lacks_is_told_at_its_line() {
    let certified = |name: &str| rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let (one, other) = (certified("a"), certified("b"));
    let site = "    tls: {certificate: HERE/a.pem, key: HERE/b.key, listen: 127.0.0.1:8443}\n";
    for engine in engines().nginx() {
        let run = Run::new(with_nginx(&["--no-probe", "--format", "json"], engine));
        let here = run.folder().to_str().unwrap().to_owned();
        let text = topology(
            &engine.version,
            "127.0.0.1:8000",
            &site.replace("HERE", &here),
        )
        .replacen("listen: [127.0.0.1:8080]", "listen: [192.0.2.1:8080]", 1);
        let run = run
            .file("topology.yaml", text)
            .file("a.pem", one.cert.pem())
            .file("b.key", other.signing_key.serialize_pem());
        let output = run.run();
        assert_eq!(output.status, Some(0), "{output}");
        let json = json(&output);
        assert_eq!(json["nginx_t"]["outcome"], "accepted", "{output}");
        let found = json["diagnostics"].as_array().unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|found| {
                let message = found["message"].as_str().unwrap();
                let words = ["key values mismatch", "bind() to 192.0.2.1:8080"];
                let words = words.iter().find(|words| message.contains(**words));
                (
                    found["start"]["line"].as_u64().unwrap(),
                    *words.unwrap_or(&message),
                )
            })
            .collect();
        assert_eq!(
            found,
            [(11, "key values mismatch"), (9, "bind() to 192.0.2.1:8080")],
            "{output}"
        );
    }
}

/// Nothing of what nginx writes while it tests lies where the topology says.
#[test]
fn only_the_temporary_folder_is_written_to() {
    let run = |engine: &Engine| {
        let run = Run::new(with_nginx(&["--no-probe"], engine)).env("TMPDIR", "");
        let here = run.folder().to_str().unwrap().to_owned();
        let temporary = run.folder().join("tmp");
        std::fs::create_dir(&temporary).unwrap();
        let text = topology(&engine.version, "127.0.0.1:8000", "").replacen(
            "}\n",
            &format!(
                ", pid: {here}/nginx.pid, error_log: {here}/error.log, temp_dir: {here}/temp, log: \
                 {{path: {here}/access.log}}}}\n"
            ),
            1,
        );
        let run = run
            .env("TMPDIR", temporary.to_str().unwrap())
            .file("topology.yaml", text);
        let output = run.run();
        assert_eq!(output.status, Some(0), "{output}");
        assert!(output.stdout.contains("accepts it\n"), "{output}");
        let names = |folder: &Path| {
            let entries = std::fs::read_dir(folder).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(
            names(run.folder()),
            ["tmp", "topology.yaml"],
            "{}",
            engine.name
        );
        assert_eq!(names(&temporary), [""; 0], "{}", engine.name);
    };
    for engine in engines().nginx() {
        run(engine);
    }
}

#[test]
fn without_an_nginx_it_says_so() {
    let text = topology("1.28", "127.0.0.1:8000", "");
    let run = Run::new(["check", "topology.yaml", "--no-probe"]).env("PATH", "");
    let output = run.file("topology.yaml", &text).run();
    insta::assert_snapshot!(output, @r"
    status: 0
    --- stdout
    ok        topology  topology.yaml: no problems
    ok        lint      nginx.conf for nginx 1.28.3, 100 lines: no problems
    left out  nginx -t  no nginx was found here; `--nginx PROGRAM` names one
    left out  probe     --no-probe

    topology.yaml can be deployed, as far as it was checked
    ");
    let run = Run::new(["check", "topology.yaml", "--nginx", "/none/nginx"]);
    let output = run.file("topology.yaml", text).run();
    assert_eq!(output.status, Some(2), "{output}");
    assert!(
        output.stderr.contains("/none/nginx cannot be run"),
        "{output}"
    );
}

#[test]
fn an_nginx_of_another_release_does_not_fail_it() {
    let text = topology("1.30", "127.0.0.1:8000", "").replace(
        "    nodes:",
        "    sticky: {cookie: srv_id}\n    nodes:\n      - 127.0.0.1:8001",
    );
    let engine = engine("1.28.3");
    let run = Run::new(with_nginx(&["--no-probe", "--format", "json"], engine));
    let output = run.file("topology.yaml", text).run();
    assert_eq!(output.status, Some(0), "{output}");
    let json = json(&output);
    assert_eq!(json["nginx_t"]["outcome"], "unsure", "{output}");
    assert_eq!(json["nginx_t"]["messages"][0]["about"], "release");
    assert_eq!(rules(&json), ["other-nginx"]);
    assert_eq!(json["diagnostics"][0]["start"]["line"], 4, "{output}");
}

#[test]
fn a_dead_node_fails_at_its_line() {
    let (_socket, node) = dead_node();
    let text = topology("1.28", &node.to_string(), "");
    let arguments = ["check", "topology.yaml", "--retries", "0"];
    let run = Run::new(arguments).file("topology.yaml", &text);
    let output = run.run();
    assert_eq!(output.status, Some(1), "{output}");
    assert!(output.stdout.contains("[topology.yaml:5:9]"), "{output}");
    assert!(output.stdout.contains("probe-refused"), "{output}");
    assert!(
        output.stdout.contains("Ask them yourself:\n  curl "),
        "{output}"
    );
    let more = ["--format", "json", "--output", "junit=report.xml"];
    let run = Run::new(arguments.into_iter().chain(more)).file("topology.yaml", &text);
    let output = run.run();
    let json = json(&output);
    assert_eq!(json["probes"][0]["outcome"], "failed", "{output}");
    assert_eq!(json["probes"][0]["start"]["line"], 5);
    let junit = std::fs::read_to_string(run.folder().join("report.xml")).unwrap();
    let suite = "<testsuite name=\"web\" tests=\"1\" failures=\"1\"";
    assert!(junit.contains(suite), "{junit}");
    assert!(
        junit.contains("<testcase name=\"lint\" classname=\"lint\"/>"),
        "{junit}"
    );
}

#[test]
fn formats_are_those_of_lint() {
    let (_socket, node) = dead_node();
    let text = topology("1.28", &node.to_string(), "");
    for (format, part) in [
        ("concise", "topology.yaml:5:9: error[probe-refused]"),
        (
            "github",
            "::error title=probe-refused,file=topology.yaml,line=5,",
        ),
        ("gitlab", "\"path\": \"topology.yaml\""),
        ("sarif", "djanginx/check/"),
        ("checkstyle", "probe-refused"),
        ("rdjson", "probe-refused"),
        ("jsonl", "\"rule\":\"probe-refused\""),
    ] {
        let arguments = [
            "check",
            "topology.yaml",
            "--retries",
            "0",
            "--format",
            format,
        ];
        let output = Run::new(arguments).file("topology.yaml", &text).run();
        assert_eq!(output.status, Some(1), "{output}");
        assert!(output.stdout.contains(part), "{output}");
        assert!(output.stderr.contains("failed    probe"), "{output}");
    }
}

#[test]
fn the_first_command_of_the_readme_does_what_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let mut commands = readme
        .lines()
        .filter_map(|line| line.strip_prefix("cargo run --release -- "));
    let command: Vec<&str> = commands.next().unwrap().split_whitespace().collect();
    let topology = command.last().unwrap();
    let text = std::fs::read_to_string(root.join(topology)).unwrap();
    let output = Run::new(&command).file(topology, text).run();
    assert_eq!(output.status, Some(0), "{output}");
    let (_, shown) = readme.split_once("```text\n").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    assert_eq!(output.stdout, shown);
}
