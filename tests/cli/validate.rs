//! `djanginx validate`.

use crate::Run;
use insta::assert_snapshot;

const GOOD: &str = "\
pools:
  web: {nodes: [10.0.0.1:8000, 10.0.0.2:8000]}
sites:
  main: {domains: [example.com], routes: {/: web}}
";

const BAD: &str = "\
pools:
  web:
    nodes: [{address: 10.0.0.1:8000, wieght: 2}]
    balance: least_conn
    balance: ip_hash
sites:
  main:
    domains: example.com
    routes: {/: web}
";

#[test]
fn a_valid_topology() {
    let run = |args: &[&str]| Run::new(args).file("topology.yaml", GOOD).run();
    assert_snapshot!(run(&["validate", "topology.yaml"]), @r"
    status: 0
    --- stderr
    topology.yaml is valid
    ");
    assert_snapshot!(run(&["validate", "topology.yaml", "-v"]), @r"
    status: 0
    --- stderr
    topology.yaml is valid
    1 pool, 2 nodes, 1 site, 0 streams
    ");
    assert_snapshot!(run(&["validate", "topology.yaml", "-q"]), @r"status: 0");
    assert_snapshot!(run(&["validate", "topology.yaml", "--format", "json"]), @r#"
    status: 0
    --- stdout
    {"version":1,"diagnostics":[],"summary":{"files":1,"error":0,"warning":0,"info":0,"suppressed":0}}
    --- stderr
    topology.yaml is valid
    "#);
}

#[test]
fn every_problem_in_full() {
    let output = Run::new(["validate", "topology.yaml"])
        .file("topology.yaml", BAD)
        .run();
    assert_snapshot!(output, @r"
    status: 1
    --- stdout
    topology-unknown-key

      × the key `wieght` is unknown
       ╭─[topology.yaml:3:38]
     2 │   web:
     3 │     nodes: [{address: 10.0.0.1:8000, wieght: 2}]
       ·                                      ───┬──
       ·                                         ╰── unknown here
     4 │     balance: least_conn
       ╰────
      help: Write `weight`

    topology-duplicate-key

      × the key `balance` stands here twice
       ╭─[topology.yaml:5:5]
     3 │     nodes: [{address: 10.0.0.1:8000, wieght: 2}]
     4 │     balance: least_conn
       ·     ───┬───
       ·        ╰── first here
     5 │     balance: ip_hash
       ·     ───┬───
       ·        ╰── again here
     6 │ sites:
       ╰────
      help: Remove one, or give it another name

    topology-wrong-type

      × `domains` must be a sequence
       ╭─[topology.yaml:8:14]
     7 │   main:
     8 │     domains: example.com
       ·              ─────┬─────
       ·                   ╰── this is text
     9 │     routes: {/: web}
       ╰────
      help: Write `[example.com]`

    3 errors
    ");
}

#[test]
fn every_problem_in_colour() {
    let colored = |run: Run| run.file("topology.yaml", "pool: {}\n").run();
    let always = colored(Run::new(["validate", "topology.yaml", "--color", "always"]));
    assert_snapshot!(always.stdout.escape_debug().to_string(), @r"\u{1b}[31mtopology-unknown-key\u{1b}[0m\n\n  \u{1b}[31m×\u{1b}[0m the key `pool` is unknown\n   ╭─[\u{1b}[36;1;4mtopology.yaml:1:1\u{1b}[0m]\n \u{1b}[2m1\u{1b}[0m │ pool: {}\n   · \u{1b}[35;1m──┬─\u{1b}[0m\n   ·   \u{1b}[35;1m╰── \u{1b}[35;1munknown here\u{1b}[0m\u{1b}[0m\n   ╰────\n\u{1b}[36m  help: \u{1b}[0mWrite `pools`\n\n1 error\n");
    let forced = colored(Run::new(["validate", "topology.yaml"]).env("FORCE_COLOR", "1"));
    assert_eq!(forced.stdout, always.stdout);
    // What is said last counts most: NO_COLOR over FORCE_COLOR, the argument over both.
    let both = colored(
        Run::new(["validate", "topology.yaml"])
            .env("FORCE_COLOR", "1")
            .env("NO_COLOR", "1"),
    );
    assert!(!both.stdout.contains('\u{1b}'));
    let never = Run::new(["validate", "topology.yaml", "--color", "never"]);
    assert!(
        !colored(never.env("FORCE_COLOR", "1"))
            .stdout
            .contains('\u{1b}')
    );
    let always = Run::new(["validate", "topology.yaml", "--color", "always"]);
    assert!(
        colored(always.env("NO_COLOR", "1"))
            .stdout
            .contains('\u{1b}')
    );
}

#[test]
fn every_problem_in_one_line_each() {
    let output = Run::new(["validate", "topology.yaml", "--format", "concise"])
        .file("topology.yaml", BAD)
        .run();
    assert_snapshot!(output, @r"
    status: 1
    --- stdout
    topology.yaml:3:38: error[topology-unknown-key] the key `wieght` is unknown
    topology.yaml:5:5: error[topology-duplicate-key] the key `balance` stands here twice
    topology.yaml:8:14: error[topology-wrong-type] `domains` must be a sequence
    ");
}

#[test]
fn every_problem_for_machines() {
    let output = Run::new(["validate", "topology.yaml", "--format", "json"])
        .file("topology.yaml", BAD)
        .run();
    assert_eq!(output.status, Some(1));
    assert_eq!(output.stderr, "");
    let object: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_snapshot!(serde_json::to_string_pretty(&object).unwrap());
}

#[test]
fn standard_input() {
    let output = Run::new(["validate", "-"]).stdin(GOOD).run();
    assert_snapshot!(output, @r"
    status: 0
    --- stderr
    <stdin> is valid
    ");
    let output = Run::new(["validate", "-", "--format", "concise"])
        .stdin("")
        .run();
    assert_snapshot!(output, @r"
    status: 1
    --- stdout
    <stdin>:1:1: error[topology-empty] the topology is empty
    ");
}

#[test]
fn what_cannot_be_read() {
    assert_snapshot!(Run::new(["validate", "missing.yaml"]).run(), @r"
    status: 2
    --- stderr
    error: cannot read missing.yaml: No such file or directory (os error 2)
    ");
    let folder = Run::new(["validate", "folder"]).file("folder/x", "").run();
    assert_snapshot!(folder, @r"
    status: 2
    --- stderr
    error: cannot read folder: Is a directory (os error 21)
    ");
}

#[test]
fn limits_are_arguments() {
    let run = |limit: &str, value: &str| {
        Run::new([
            "validate",
            "topology.yaml",
            "--format",
            "concise",
            limit,
            value,
        ])
        .file("topology.yaml", GOOD)
        .run()
    };
    assert_eq!(GOOD.len(), 112);
    assert_eq!(run("--max-yaml-bytes", "112").status, Some(0));
    assert_snapshot!(run("--max-yaml-bytes", "111"), @r"
    status: 1
    --- stdout
    topology.yaml:1:1: error[topology-limit] the file has more than 111 bytes
    ");
    assert_snapshot!(run("--max-yaml-events", "10"), @r"
    status: 1
    --- stdout
    topology.yaml:2:32: error[topology-limit] the file has more than 10 YAML events
    ");
    assert_snapshot!(run("--max-yaml-depth", "3"), @r"
    status: 1
    --- stdout
    topology.yaml:2:16: error[topology-limit] the file nests more than 3 levels deep
    ");
    assert_snapshot!(run("--max-yaml-depth", "0"), @r"
    status: 2
    --- stderr
    error: invalid value '0' for '--max-yaml-depth <N>': write a number from 1 to 200

    For more information, try '--help'.
    ");
}

#[test]
fn a_file_without_end_is_not_read_to_it() {
    let output = Run::new(["validate", "/dev/zero", "--format", "concise"]).run();
    assert_snapshot!(output, @r"
    status: 1
    --- stdout
    /dev/zero:1:1: error[topology-limit] the file has more than 67108864 bytes
    ");
}
