//! `djanginx lint` as a user meets it: exact output and status.

#![allow(clippy::unwrap_used, missing_docs)] // a test may panic

#[path = "support/engines.rs"]
mod engines;
#[path = "lint/settings.rs"]
mod settings;

use assert_cmd::Command;
use std::fmt::Write as _;
use std::path::Path;
use tempfile::TempDir;

/// A folder with files, and what `lint` says in it.
struct Run {
    folder: TempDir,
    stdin: Vec<u8>,
}

impl Run {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            stdin: Vec::new(),
        }
    }

    fn file(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn stdin(mut self, text: impl AsRef<[u8]>) -> Self {
        self.stdin = text.as_ref().to_vec();
        self
    }

    /// Status, standard output and standard error.
    fn raw(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = Command::cargo_bin("djanginx")
            .unwrap()
            .args(["lint", "--ignore", "server-tokens"])
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .write_stdin(self.stdin.clone())
            .output()
            .unwrap();
        let folder = self.folder.path().display().to_string();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&folder, "[DIR]");
        let status = output.status.code().unwrap();
        (status, text(output.stdout), text(output.stderr))
    }

    fn lint(&self, arguments: &[&str]) -> String {
        let (status, out, err) = self.raw(arguments);
        let mut shown = out;
        if !err.is_empty() {
            let _ = write!(shown, "--- standard error\n{err}");
        }
        let _ = write!(shown, "--- status {status}");
        shown
    }

    fn concise(&self, arguments: &[&str]) -> String {
        self.lint(&[&["--format", "concise"], arguments].concat())
    }
}

const GOOD: &str = "events {}\nhttp { server { listen 8080; } }\n";

#[test]
fn a_good_file_has_status_zero() {
    let run = Run::new().file("nginx.conf", GOOD);
    insta::assert_snapshot!(run.lint(&[]), @r"
    --- standard error
    1 file, no problems
    --- status 0
    ");
}

#[test]
fn findings_show_the_text_they_speak_of() {
    let run = Run::new().file(
        "nginx.conf",
        "events {}\n\
         http {\n\
         \x20   include sites/*.conf;\n\
         \x20   sendfile yes;\n\
         }\n",
    );
    let run = run.file(
        "sites/a.conf",
        "server {\n    root /a;\n    root /b;\n    proxy_pas http://x;\n}\n",
    );
    insta::assert_snapshot!(run.lint(&[]));
}

#[test]
fn json_has_the_verdict_of_nginx() {
    let run = Run::new().file("nginx.conf", "http {\n    sendfile yes;\n}\n");
    let (status, out, err) = run.raw(&["--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, err.as_str()), (1, ""));
    insta::assert_snapshot!(serde_json::to_string_pretty(&value).unwrap());
}

#[test]
fn the_first_error_is_the_one_that_nginx_prints() {
    let run = Run::new().file(
        "nginx.conf",
        "http {\n  server { listen 80; listne 81; }\n  server {\n    root\n  }\n}\n}\nfoo",
    );
    insta::assert_snapshot!(run.concise(&[]));
}

#[test]
fn releases_have_their_directives() {
    let run = Run::new().file(
        "nginx.conf",
        "events {}\nhttp {\n  http2 on;\n  spdy_chunk_size 8k;\n  sticky_cookie_insert x;\n  \
         status_zone x;\n  server { health_check; ssl on; }\n}\n",
    );
    insta::assert_snapshot!(run.concise(&["--nginx-version", "1.22"]));
    insta::assert_snapshot!(run.concise(&["--nginx-version", "mainline"]));
    insta::assert_snapshot!(run.concise(&["--nginx-version", "plus-r35"]));
    let (status, _, err) = run.raw(&["--nginx-version", "1.16"]);
    assert_eq!(status, 2, "{err}");
}

#[test]
fn a_comment_names_the_release_and_the_flag_wins() {
    let run = Run::new().file(
        "nginx.conf",
        "# djanginx: nginx 1.22\nevents {}\nhttp { http2 on; }\n",
    );
    insta::assert_snapshot!(run.concise(&[]), @r#"
    nginx.conf:3:8: error[unknown-directive] `http2` appeared in nginx 1.25.1, and 1.22.1 does not know it (nginx: emerg)
    --- status 1
    "#);
    assert_eq!(run.raw(&["--nginx-version", "1.26"]).0, 0);
    let run = Run::new().file("nginx.conf", "# djanginx: nginx 0.7\nevents {}\n");
    insta::assert_snapshot!(run.concise(&[]), @r#"
    nginx.conf:1:1: warning[invalid-comment] `0.7` is not an nginx version that is known here: write `1.28`, `1.28.3`, `stable`, `mainline` or `plus-r35`, from 1.18.0 to 1.31.5
    --- status 1
    "#);
}

#[test]
fn modules_that_are_not_there_have_no_directives() {
    let run = Run::new().file(
        "nginx.conf",
        "events {}\nhttp { server { ssl_protocols TLSv1.2; gzip on; brotli on; } }\nstream {}\n",
    );
    assert_eq!(run.raw(&[]).0, 0);
    insta::assert_snapshot!(run.concise(&["--modules", "stream"]), @r#"
    nginx.conf:2:17: error[unknown-directive] `ssl_protocols` is a directive of `ngx_http_ssl_module`, which is not in `stream` (nginx: emerg)
    nginx.conf:2:49: error[unknown-directive] `brotli` is a directive of `ngx_http_brotli_filter_module`, which is not in `stream` (nginx: emerg)
    --- status 1
    "#);
    assert_eq!(run.raw(&["--modules", "stream,http_ssl,brotli"]).0, 0);
    let (status, _, err) = run.raw(&["--modules", "nope"]);
    assert_eq!(status, 2, "{err}");
}

#[test]
fn a_missing_file_is_a_warning_and_counts_on_the_live_machine() {
    let run = Run::new().file(
        "nginx.conf",
        "events {}\nhttp { include mime.types; include none/*.conf; include gone.conf; }\n",
    );
    insta::assert_snapshot!(run.concise(&[]), @r#"
    nginx.conf:2:36: info[include-glob-empty] no file matches `none/*.conf`
    nginx.conf:2:57: warning[include-missing] there is no file `gone.conf`
    --- status 1
    "#);
    assert_eq!(run.raw(&["--fail-on", "error"]).0, 0);
    insta::assert_snapshot!(run.concise(&["--live"]), @r#"
    nginx.conf:2:16: error[include-missing] there is no file `mime.types` (nginx: emerg)
    nginx.conf:2:57: error[include-missing] there is no file `gone.conf` (nginx: emerg)
    nginx.conf:2:36: info[include-glob-empty] no file matches `none/*.conf`
    --- status 1
    "#);
}

#[test]
fn names_are_relative_to_the_prefix() {
    let run = Run::new()
        .file("conf/nginx.conf", "events {}\nhttp { include a.conf; }\n")
        .file("other/a.conf", "sendfile maybe;\n");
    insta::assert_snapshot!(
        run.concise(&["conf/nginx.conf", "--prefix", "other"]), @r#"
    other/a.conf:1:10: error[invalid-flag-value] `sendfile` is `on` or `off`, not `maybe` (nginx: emerg)
    --- status 1
    "#);
}

#[test]
fn a_cycle_ends_with_a_finding() {
    let run = Run::new()
        .file("nginx.conf", "events {}\nhttp { include a.conf; }\n")
        .file("a.conf", "include *.conf;\n");
    insta::assert_snapshot!(run.concise(&[]), @r#"
    a.conf:1:9: error[include-cycle] `a.conf` is included while it is being read
    --- status 1
    "#);
}

#[test]
fn a_part_gets_its_place_from_the_flag_a_comment_or_its_directives() {
    let run = Run::new()
        .file("flag.conf", "server 127.0.0.1:80;\n")
        .file(
            "comment.conf",
            "# djanginx: context stream,server\nlisten 80;\nproxy_timeout 1;\n",
        )
        .file(
            "guess.conf",
            "location / { root /; }\nlisten 80;\nworker_processes 1;\n",
        )
        .file("types.conf", "text/html html htm;\n")
        .file("names.conf", "server_name;\nlisten;\n")
        .file(
            "stream.conf",
            "server { listen 80; proxy_timeout 1; proxy_pass a; }\n",
        );
    insta::assert_snapshot!(run.concise(&["flag.conf", "--context", "http,server"]), @r#"
    flag.conf:1:1: error[directive-not-allowed-here] `server` is not allowed in `server` (nginx: emerg)
    --- status 1
    "#);
    assert_eq!(run.raw(&["flag.conf", "--context", "stream,upstream"]).0, 0);
    assert_eq!(run.raw(&["comment.conf"]).0, 0);
    insta::assert_snapshot!(run.concise(&["guess.conf"]), @r#"
    guess.conf:3:1: error[directive-not-allowed-here] `worker_processes` is not allowed in `server` (nginx: emerg)
    guess.conf:1:14: warning[dotfiles-reachable] everybody gets `.git` and `.env` if they are here
    guess.conf:1:19: error[filesystem-root-exposure] everybody gets the files of `/`
    --- status 1
    "#);
    assert_eq!(run.raw(&["types.conf"]).0, 0);
    assert_eq!(run.raw(&["stream.conf"]).0, 0);
    insta::assert_snapshot!(run.concise(&["names.conf"]), @r#"
    names.conf:1:1: error[wrong-argument-count] `server_name` takes at least one argument, not 0 (nginx: emerg)
    names.conf:2:1: error[wrong-argument-count] `listen` takes at least one argument, not 0 (nginx: emerg)
    --- status 1
    "#);
    let (status, _, err) = run.raw(&["flag.conf", "--context", "somewhere"]);
    assert_eq!(status, 2, "{err}");
}

/// What makes a configuration is none: the first tag of a template says so, and that is all.
#[test]
fn a_template_is_told_once() {
    let run = Run::new()
        .file(
            "jinja.conf",
            "server_tokens off;\nserver {\n{% if tls %}\n  listen {{ port }} ssl;\n{% endif %}\n}\n",
        )
        .file(
            "braces.conf",
            "server {\n  client_max_body_size {{ size }};\n  listen {{ port }};\n",
        )
        .file(
            "upstream.conf",
            "upstream {{ name }} {\n  server {{ address }};\n}\n{% if x %}\n",
        )
        .file("erb.conf", "worker_processes <%= ENV[\"N\"] %>;\n")
        .file("typo.conf", "server {{\n  listen 80;\n}\n}\n")
        .file(
            "env.conf",
            "server {\n  listen [::]:${PORT};\n  client_max_body_size ${size};\n}\n",
        );
    insta::assert_snapshot!(run.concise(&["jinja.conf"]), @r#"
    jinja.conf:3:1: error[nameless-block] the file is a template, and nginx reads what it makes (nginx: emerg)
    --- status 1
    "#);
    insta::assert_snapshot!(run.concise(&["braces.conf"]), @r#"
    braces.conf:2:24: error[nameless-block] the file is a template, and nginx reads what it makes (nginx: emerg)
    --- status 1
    "#);
    insta::assert_snapshot!(run.concise(&["upstream.conf"]), @r#"
    upstream.conf:1:10: error[nameless-block] the file is a template, and nginx reads what it makes (nginx: emerg)
    --- status 1
    "#);
    insta::assert_snapshot!(run.lint(&["erb.conf"]), @r#"
    wrong-argument-count (nginx: emerg)

      × `worker_processes` takes one argument, not 3
       ╭─[erb.conf:1:1]
     1 │ worker_processes <%= ENV["N"] %>;
       · ────────────────┬───────────────
       ·                 ╰── 3 arguments here
       ╰────
      help: Let the template make the configuration, and lint that

    1 error
    --- status 1
    "#);
    insta::assert_snapshot!(run.concise(&["typo.conf"]), @r#"
    typo.conf:1:9: error[nameless-block] a block without a name (nginx: emerg)
    --- status 1
    "#);
    insta::assert_snapshot!(run.lint(&["env.conf"]), @r#"
    invalid-listen (nginx: emerg)

      × `[::]:${PORT}` is nothing to listen on: invalid port
       ╭─[env.conf:2:10]
     1 │ server {
     2 │   listen [::]:${PORT};
       ·          ────────────
     3 │   client_max_body_size ${size};
       ╰────
      help: Where something fills in `${PORT}`, lint what comes out: `envsubst < FILE | djanginx lint
            -`

    invalid-value (nginx: emerg)

      × `${size}` is no size
       ╭─[env.conf:3:24]
     2 │   listen [::]:${PORT};
     3 │   client_max_body_size ${size};
       ·                        ───────
     4 │ }
       ╰────
      help: Write a whole number, with `k`, `m` or `g` behind it for KiB, MiB or GiB

    2 errors
    --- status 1
    "#);
}

#[test]
fn a_folder_is_its_main_file_and_what_that_leaves_out() {
    let run = Run::new()
        .file(
            "n/nginx.conf",
            "events {}\nhttp { include conf.d/*.conf; }\n",
        )
        .file("n/conf.d/a.conf", "server { root; }\n")
        .file("n/off/b.conf", "server { include off/c.conf; listen; }\n")
        .file("n/off/c.conf", "index;\n")
        .file("n/off/readme.txt", "not read\n");
    insta::assert_snapshot!(run.concise(&["n"]), @r#"
    n/conf.d/a.conf:1:10: error[wrong-argument-count] `root` takes one argument, not 0 (nginx: emerg)
    n/off/c.conf:1:1: error[wrong-argument-count] `index` takes at least one argument, not 0 (nginx: emerg)
    n/off/b.conf:1:30: error[wrong-argument-count] `listen` takes at least one argument, not 0 (nginx: emerg)
    --- status 1
    "#);
}

/// Parts, and a main file with files inside files: who is ready first says nothing about the
/// order, and limits count in it.
#[test]
fn many_files_give_the_same_bytes_for_any_number_of_threads() {
    let mut run = Run::new().file(
        "nginx.conf",
        "events {}\nhttp { include sites/*.conf; include sites/*.inc; }\n",
    );
    for number in 0..150 {
        // Some are long, so that they end out of order.
        let filler = "    # x\n".repeat(if number % 7 == 0 { 2_000 } else { number });
        run = run
            .file(
                &format!("sites/{number}.conf"),
                format!(
                    "{filler}server {{ listen 127.0.0.1:80; server_name {number}.example.com; root; \
                     include more/{}.inc; }}\n",
                    number % 40
                ),
            )
            .file(&format!("more/{number}.inc"), "# none\nindex;\n")
            .file(
                &format!("parts/{number}.conf"),
                format!("{filler}server {{ alias {number}; }}\n"),
            );
    }
    let shown = |threads: &str, arguments: &[&str]| {
        let output = Command::cargo_bin("djanginx")
            .unwrap()
            .args([
                "lint",
                "--isolated",
                "--format",
                "json",
                "--output",
                "junit=out.xml",
            ])
            .args(arguments)
            .current_dir(run.folder.path())
            .env_clear()
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        let junit = std::fs::read(run.folder.path().join("out.xml")).unwrap();
        (output.stdout, junit)
    };
    for arguments in [
        &["."][..],
        &["nginx.conf", "parts", "sites/7.conf", "sites/3.conf"],
        &[".", "--max-total-bytes", "300000"],
        &[".", "--max-files", "200", "--max-statements", "700"],
    ] {
        let one = shown("1", arguments);
        assert!(one.0.len() > 20_000, "{arguments:?}: {} bytes", one.0.len());
        assert!(one == shown("8", arguments), "{arguments:?}");
    }
}

#[test]
fn dumps_and_standard_input_are_read() {
    let dump = "# configuration file /etc/nginx/nginx.conf:\nevents {}\nhttp { include \
                conf.d/*.conf; }\n\n# configuration file /etc/nginx/conf.d/a.conf:\nserver {\n  \
                root;\n}\n\n";
    let told = format!("nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n{dump}");
    let run = Run::new().stdin(dump).file("dump.txt", dump);
    let run = run.file("told.txt", told);
    insta::assert_snapshot!(run.concise(&["-"]), @r#"
    /etc/nginx/conf.d/a.conf:2:3: error[wrong-argument-count] `root` takes one argument, not 0 (nginx: emerg)
    --- status 1
    "#);
    assert_eq!(run.concise(&["dump.txt"]), run.concise(&["-"]));
    assert_eq!(run.concise(&["told.txt"]), run.concise(&["-"]));
    let run = Run::new().stdin("http {\n");
    insta::assert_snapshot!(run.concise(&["-"]), @r#"
    <stdin>:1:1: error[unmatched-brace] the block of `http` is never closed (nginx: emerg)
    <stdin>:1:1: error[missing-events] the configuration has no block `events` (nginx: emerg)
    --- status 1
    "#);
}

/// Of more findings than the limit, the gravest are told, and the status is that of all.
#[test]
fn the_limit_of_findings_keeps_the_gravest() {
    let text = "events {}\nhttp {\n  server {\n    listen 8080;\n    server_name a.example;\n    \
                root /;\n    autoindex on;\n    location /s/ { alias /srv/s; }\n  }\n}\n";
    let run = Run::new().file("nginx.conf", text);
    let all = run.concise(&[]);
    insta::assert_snapshot!(all);
    insta::assert_snapshot!(run.concise(&["--max-findings", "1"]));
    insta::assert_snapshot!(run.concise(&["--max-findings", "2"]));
    let enough = (all.lines().count() - 1).to_string();
    assert_eq!(run.concise(&["--max-findings", &enough]), all);

    let text = "events {}\nhttp {\n  server {\n    listen 81 http2;\n    listen 82 http2;\n    \
                listen 83 http2;\n    foo;\n  }\n}\n";
    let run = Run::new().file("nginx.conf", text);
    let verdict = |rules: &[&str]| run.concise(&[&["--max-findings", "2"], rules].concat());
    insta::assert_snapshot!(verdict(&["--select", "nginx", "--fail-on", "error"]), @r"
    nginx.conf:7:5: error[unknown-directive] nginx knows no directive `foo` (nginx: emerg)
    nginx.conf:4:15: warning[deprecated-parameter] `http2` of `listen` is an old form of `http2 on` (nginx: warn)
    nginx.conf:5:15: info[input-limit] 2 findings are left out behind the limit of 2
    --- status 1
    ");
    insta::assert_snapshot!(verdict(&["--select", "static"]), @r"
    --- standard error
    1 file, no problems
    --- status 0
    ");
}

#[test]
fn limits_are_findings_that_name_them() {
    let run = Run::new()
        .file("nginx.conf", "events {} include a; include b;\n")
        .file("a", "include c;\n")
        .file("b", "http { server { location / { index; } } }\n")
        .file("c", "\n")
        .file("many.conf", "events {}\nfoo;\nfoo;\nfoo;\n");
    let status = |limit: &str, value: &str| run.raw(&[limit, value]).0;
    for (limit, enough, too_few) in [
        ("--max-file-bytes", "42", "41"),
        ("--max-total-bytes", "86", "85"),
        ("--max-statements", "8", "7"),
        ("--max-files", "4", "3"),
        ("--max-include-depth", "2", "1"),
    ] {
        let good = run.concise(&[limit, enough]);
        assert!(!good.contains("input-limit"), "{limit}\n{good}");
        let bad = run.concise(&[limit, too_few]);
        assert!(bad.contains("input-limit"), "{limit}\n{bad}");
        assert_eq!(status(limit, too_few), 1);
    }
    insta::assert_snapshot!(run.concise(&["--max-block-depth", "2"]));
    insta::assert_snapshot!(run.concise(&["many.conf", "--max-findings", "2"]));
    insta::assert_snapshot!(run.concise(&["many.conf", "--max-statements", "2"]), @r#"
    many.conf:3:4: error[input-limit] there are more statements than the limit of 2 in all
    --- status 1
    "#);
    let run = Run::new().stdin("a; b { c; } d");
    insta::assert_snapshot!(run.concise(&["-", "--max-statements", "2"]), @r#"
    <stdin>:1:9: error[input-limit] there are more statements than the limit of 2 in all
    --- status 1
    "#);
}

/// nginx refuses such words already, and what they would mean is nobody's question. Nothing
/// shows all of them, either.
#[test]
fn very_long_words_are_not_looked_into() {
    const LONG: &str = "too-long-parameter";
    let long = "ä".repeat(1_000_000);
    for (text, rule) in [
        (format!("{long};\n"), LONG),
        (format!("events {{}}\n{long};\n"), LONG),
        (format!("events {{}}\nworker_processes {long};\n"), LONG),
        (format!("events {{}}\nuser \"{long}\n"), "unclosed-quote"),
        (
            format!("events {{}}\nhttp {{ map $a $b {{ {long}; }} }}\n"),
            LONG,
        ),
        (format!("events {{}}\n{long} {{ server {{ }} }}\n"), LONG),
    ] {
        let run = Run::new().file("nginx.conf", &text);
        for format in ["full", "concise", "json"] {
            let (status, out, err) = run.raw(&["--format", format]);
            assert_eq!(status, 1, "{err}");
            assert!(out.len() < 8_000, "{format}: {} bytes", out.len());
            assert!(out.contains(rule), "{out}");
        }
    }
}

/// In a small file the lines behind a quote that is not closed are judged; in a large one
/// all is in the quote, as it is for nginx.
#[test]
fn quotes_that_are_never_closed() {
    let text = |lines| format!("events {{}}\nuser \"www;\n{}", "foo 'a';\n".repeat(lines));
    let run = Run::new()
        .file("small.conf", text(2))
        .file("large.conf", text(200_000));
    insta::assert_snapshot!(run.concise(&["small.conf"]), @r#"
    small.conf:2:6: error[unclosed-quote] the quote `"` is not closed (nginx: emerg)
    small.conf:3:1: error[unknown-directive] nginx knows no directive `foo` (nginx: emerg)
    small.conf:4:1: error[unknown-directive] nginx knows no directive `foo` (nginx: emerg)
    --- status 1
    "#);
    insta::assert_snapshot!(run.concise(&["large.conf"]), @r#"
    large.conf:2:6: error[unclosed-quote] the quote `"` is not closed (nginx: emerg)
    --- status 1
    "#);
}

#[test]
fn what_cannot_be_read_has_status_two() {
    let run = Run::new().file("nginx.conf", GOOD);
    for arguments in [
        &["none.conf"][..],
        &["--format", "xml"],
        &["--no-such-flag"],
    ] {
        let (status, out, err) = run.raw(arguments);
        assert_eq!((status, out.as_str()), (2, ""), "{err}");
    }
}

/// A repository with two files: findings that touch each other, letters beyond ASCII, bytes
/// that are no text, and bytes that a terminal obeys.
fn of_all_kinds() -> Run {
    Run::new()
        .file(".git/HEAD", "")
        .file(
            "deploy/nginx.conf",
            "events {}\nhttp {\n    server_tokens off;\n    include sites/*.conf;\n    sendfile \"j\u{e4}\";\n    \
             foo\u{1b}[31m\u{7} bar;\n    ssl_protocols TLSv1 TLSv1.2;\n}\n",
        )
        .file(
            "deploy/sites/a,b:\u{e4}|<&\".conf",
            [
                &b"# caf\xe9\nadd_header \"X-\xff\" \"]]>\";\nserver {\n    add_header X-A 1;\n"[..],
                "    server_name \u{fc}.example, b.example;\n    root \"/srv/\u{1}\r\n\";\n}\n".as_bytes(),
            ]
            .concat(),
        )
}

impl Run {
    /// A format as it is written to a file, and the summary of the step.
    fn written(&self, format: &str) -> (String, String) {
        let output = Command::cargo_bin("djanginx")
            .unwrap()
            .args(["lint", "--isolated", "--format", "concise"])
            .args(["--output", &format!("{format}=../out"), "nginx.conf"])
            .current_dir(self.folder.path().join("deploy"))
            .env_clear()
            .env("GITHUB_STEP_SUMMARY", self.folder.path().join("summary"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        let summary = self.folder.path().join("summary");
        let text = std::fs::read_to_string(self.folder.path().join("out")).unwrap();
        let told = std::fs::read_to_string(&summary).unwrap_or_default();
        let _ = std::fs::remove_file(summary);
        (text, told)
    }
}

#[test]
fn every_format_shows_findings_of_all_kinds() {
    let run = of_all_kinds();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/formats");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        for format in [
            "full",
            "concise",
            "grouped",
            "json",
            "jsonl",
            "sarif",
            "github",
            "gitlab",
            "junit",
            "checkstyle",
            "rdjson",
        ] {
            let (mut text, summary) = run.written(format);
            let controls = |c: &char| c.is_control() && *c != '\n';
            assert_eq!(text.chars().find(controls), None, "{format}");
            if matches!(format, "json" | "sarif" | "rdjson") {
                let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
                // The manuals have pages and tests of their own.
                let rules = value.pointer_mut("/runs/0/tool/driver/rules");
                for rule in rules
                    .into_iter()
                    .flat_map(|rules| rules.as_array_mut().unwrap())
                {
                    rule["help"] = "…".into();
                }
                text = serde_json::to_string_pretty(&value).unwrap();
            }
            insta::assert_snapshot!(format, text);
            if format == "github" {
                insta::assert_snapshot!("github-summary", summary);
            } else {
                assert_eq!(summary, "", "{format}");
            }
        }
    });
}

/// Findings with repairs, labels and nginx's words, and one that a comment keeps back.
#[test]
fn json_follows_its_schema() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/lint.schema.json");
    let schema = std::fs::read_to_string(schema).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let run = Run::new().file(
        "nginx.conf",
        "events {}\nhttp {\n    sendfile yes;\n    server {\n        listen 80;\n        \
         server_name a.example, b.example;\n        server_name c.example,; \
         # djanginx: ignore server-name-comma x\n    }\n}\n",
    );
    let (_, text, _) = run.raw(&["--format", "json"]);
    let mut report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let errors: Vec<_> = schema.iter_errors(&report).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let found = report["diagnostics"].as_array().unwrap();
    let has = |key: &str| found.iter().any(|one| one.get(key).is_some());
    assert!(has("fix") && has("nginx") && has("nginx_line"), "{report}");
    assert_eq!(report["summary"]["suppressed"], 1);
    // The schema says what there is, not only what there may be.
    let first = report["diagnostics"][0].as_object_mut().unwrap();
    first.insert("more".to_owned(), true.into());
    assert!(!schema.is_valid(&report));
}

#[test]
fn sarif_follows_its_schema() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/schemas/sarif-2.1.0.json");
    // Two patterns have a bracket too many, which not every reader forgives.
    let schema = std::fs::read_to_string(schema)
        .unwrap()
        .replace("{2}]?$", "{2}$");
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let (text, _) = of_all_kinds().written("sarif");
    let log: serde_json::Value = serde_json::from_str(&text).unwrap();
    let errors: Vec<_> = schema.iter_errors(&log).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    // What GitHub wants beyond the schema.
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    let mut marks = std::collections::BTreeSet::new();
    for result in results {
        let rule = &rules[result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(rule["help"]["markdown"].is_string(), "{rule}");
        assert!(marks.insert(result["partialFingerprints"]["primaryLocationLineHash"].to_string()));
        let place = &result["locations"][0]["physicalLocation"];
        let file = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(file.starts_with("deploy/"), "{file}");
        for key in ["startLine", "startColumn", "endLine", "endColumn"] {
            assert!(place["region"][key].is_u64(), "{place}");
        }
    }
    let has = |key: &str| results.iter().any(|result| !result[key].is_null());
    assert!(has("fixes") && has("relatedLocations"));
    let severe = |rule: &serde_json::Value| rule["properties"]["security-severity"].is_string();
    assert!(rules.iter().any(severe));
    // A line above changes no mark.
    let run = of_all_kinds();
    let path = run.folder.path().join("deploy/nginx.conf");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("# new\n\n{text}")).unwrap();
    for mark in marks {
        assert!(run.written("sarif").0.contains(&mark), "{mark}");
    }
}

/// Whatever stands in the files and their names, XML readers take it.
#[test]
fn xml_holds_any_bytes() {
    let mut run = Run::new().file("deploy/nginx.conf", "events {}\ninclude *.inc;\n");
    let odd = "\u{1}\u{b}\u{7f}\u{85}\u{9f}\u{2028}\u{fffe}\u{ffff}\u{10ffff}<>&'\"]]>";
    run = run.file(&format!("deploy/{odd}\n\t.inc"), format!("'{odd}' x;\n"));
    for byte in (1..=255).filter(|byte| *byte != b'/') {
        let text = [b"'", &[byte][..], b"' \xc3;\n"].concat();
        run = run.file(&format!("deploy/{byte}.inc"), text);
    }
    for format in ["junit", "checkstyle"] {
        run.written(format);
        let status = std::process::Command::new(engines::engines().python())
            .args([
                "-c",
                "import sys, xml.dom.minidom as m; m.parse(sys.argv[1])",
            ])
            .arg(run.folder.path().join("out"))
            .status()
            .unwrap();
        assert!(status.success(), "{format}");
    }
}

#[test]
fn github_gets_what_it_shows() {
    let many: String = (0..40)
        .map(|number| {
            format!("foo{number};\nserver {{ listen 8080; sendfile on; sendfile on; }}\n")
        })
        .collect();
    let long = "x".repeat(4_000);
    let listing =
        format!("events {{}}\nhttp {{\n{many}server {{ location /{long} {{ foo; }} }}\n}}\n");
    let run = Run::new().file("deploy/nginx.conf", listing);
    let (text, summary) = run.written("github");
    let count = |kind: &str| text.matches(&format!("::{kind} ")).count();
    assert_eq!(count("error"), 10);
    assert!(count("warning") <= 10);
    assert!(count("notice") <= 10, "{text}");
    assert!(text.contains(" more in the log and the summary"), "{text}");
    assert!(summary.len() < 1 << 20);
    assert!(summary.starts_with("### djanginx: "), "{summary}");
}
