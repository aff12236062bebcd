//! What `--fix` and `--unsafe-fixes` do to files: the finding goes, nothing else comes, and
//! what loads in nginx still does.

use crate::engines::{Engine, engines, is_root};
use crate::fixtures;
use djanginx::finding::Safety;
use djanginx::rules;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A configuration: names of files and their texts; the first is the main file.
type Files = Vec<(&'static str, Vec<u8>)>;

fn place(files: &Files) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn read(folder: &Path, files: &Files) -> Files {
    let text = |name: &str| std::fs::read(folder.join(name)).unwrap();
    files.iter().map(|(name, _)| (*name, text(name))).collect()
}

/// Standard output and standard error of `lint nginx.conf` in a folder.
fn lint(folder: &Path, arguments: &[&str]) -> (Vec<u8>, String) {
    let output = assert_cmd::Command::cargo_bin("djanginx")
        .unwrap()
        .args(["lint", "--isolated"])
        .args(arguments)
        .arg("nginx.conf")
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code().unwrap() < 2, "{arguments:?}: {error}");
    (output.stdout, error)
}

/// How many findings there are of each rule but those of style, nginx's apart.
fn findings(folder: &Path) -> BTreeMap<(String, String), usize> {
    let (out, _) = lint(
        folder,
        &["--select", "all", "--ignore", "style", "--format", "json"],
    );
    let report: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let mut counts = BTreeMap::new();
    for finding in report["diagnostics"].as_array().unwrap() {
        let key = (finding["rule"].to_string(), finding["nginx"].to_string());
        *counts.entry(key).or_default() += 1;
    }
    counts
}

/// What is more often there than before.
fn added(folder: &Path, before: &BTreeMap<(String, String), usize>) -> Vec<String> {
    let more = findings(folder)
        .into_iter()
        .filter(|(key, count)| before.get(key).is_none_or(|old| count > old));
    more.map(|((rule, _), _)| rule).collect()
}

/// What an nginx says of the files; `None` where it refuses them.
fn complaints(engine: &Engine, files: &Files) -> Option<Vec<String>> {
    let folder = place(files);
    std::fs::create_dir(folder.path().join("logs")).unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    for (certificate, key) in [("cert.pem", "key.pem"), ("shop.pem", "shop.key")] {
        std::fs::write(folder.path().join(certificate), made.cert.pem()).unwrap();
        let key = folder.path().join(key);
        std::fs::write(key, made.signing_key.serialize_pem()).unwrap();
    }
    let verdict = engine.check_relocated(folder.path(), &folder.path().join("nginx.conf"));
    // A line of the file is not where it was.
    let words = |line: &str| {
        let level = line.find(" [").map_or(line, |at| &line[at..]);
        let message = level.split_once(": ").map_or(level, |(_, message)| message);
        message
            .rsplit_once(" in ")
            .map_or(message, |(message, _)| message)
            .to_owned()
    };
    let said = verdict.complaints().into_iter().map(words).collect();
    verdict.accepted.then_some(said)
}

/// Whether the files are refused for the release of an engine.
fn refuses(engine: &Engine, files: &Files) -> bool {
    let folder = place(files);
    let (out, _) = lint(
        folder.path(),
        &["--format", "json", "--nginx-version", &engine.version],
    );
    let report: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let mut found = report["diagnostics"].as_array().unwrap().iter();
    found.any(|finding| finding["nginx"] == "emerg")
}

/// Every rule that repairs, with the flag and its configuration before and after.
fn repairing() -> Vec<(&'static str, &'static str, Vec<u8>, Vec<u8>)> {
    let rules = rules::ALL.iter().map(|rule| rule.meta());
    let rules = rules.filter_map(|meta| {
        let flag = match meta.fix? {
            Safety::Safe => "--fix",
            Safety::Unsafe => "--unsafe-fixes",
        };
        let text = |file: &str| std::fs::read(fixtures().join(meta.id).join(file)).unwrap();
        Some((meta.id, flag, text("bad.conf"), text("fixed.conf")))
    });
    rules.collect()
}

#[test]
fn what_loaded_still_loads_and_nothing_new_is_found() {
    for (rule, flag, bad, fixed) in repairing() {
        let files: Files = vec![("nginx.conf", bad)];
        let folder = place(&files);
        let before = findings(folder.path());
        assert!(before.keys().any(|(found, _)| found.contains(rule)));
        lint(folder.path(), &["--select", rule, flag]);
        let repaired = read(folder.path(), &files);
        assert!(repaired[0].1 == fixed, "{rule}");
        assert_eq!(added(folder.path(), &before), [""; 0], "{rule}");
        let (_, said) = lint(folder.path(), &["--select", rule, flag]);
        assert_eq!(said, "1 file, no problems\n", "{rule}: a second time");
        assert!(read(folder.path(), &files) == repaired, "{rule}");
        let mut loaded = 0;
        for engine in engines().nginx() {
            let Some(before) = complaints(engine, &files) else {
                continue;
            };
            loaded += 1;
            let after = complaints(engine, &repaired);
            let after = after.unwrap_or_else(|| panic!("{rule}: {} refuses it", engine.name));
            for complaint in after {
                assert!(before.contains(&complaint), "{rule}: {complaint}");
            }
        }
        // A file for a release that is not here, as the linter must know as well.
        let is_newer = || {
            engines()
                .nginx()
                .iter()
                .all(|engine| refuses(engine, &files))
        };
        assert!(
            loaded > 0 || is_newer(),
            "{rule}: no nginx loads its bad.conf"
        );
    }
}

/// The text that a repair makes is that of the file: its line ends, its mark at the start,
/// and its bytes in whatever encoding.
#[test]
fn other_bytes_survive_and_included_files_are_repaired() {
    let crlf = |text: &[u8]| {
        let lines = text.split_inclusive(|byte| *byte == b'\n');
        let lines = lines.map(|line| match line.strip_suffix(b"\n") {
            Some(line) => [line, b"\r\n"].concat(),
            None => line.to_vec(),
        });
        lines.collect::<Vec<_>>().concat()
    };
    let strange = |text: &[u8]| [b"\xef\xbb\xbf# caf\xe9 \x01\n", text, b"# \xff\x00"].concat();
    for (rule, flag, bad, fixed) in repairing() {
        for (bad, fixed) in [(crlf(&bad), crlf(&fixed)), (strange(&bad), strange(&fixed))] {
            let files: Files = vec![("nginx.conf", bad)];
            let folder = place(&files);
            lint(folder.path(), &["--select", rule, flag]);
            let repaired = read(folder.path(), &files);
            let shown = String::from_utf8_lossy(&repaired[0].1);
            assert!(repaired[0].1 == fixed, "{rule}: {shown:?}");
        }
        let version = bad.split(|byte| *byte == b'\n').next().unwrap();
        let main = [version, b"\ninclude inner.conf;\n"].concat();
        let main = if version.starts_with(b"# djanginx: nginx") {
            main
        } else {
            b"include inner.conf;\n".to_vec()
        };
        let files: Files = vec![("nginx.conf", main.clone()), ("inner.conf", bad)];
        let folder = place(&files);
        lint(folder.path(), &["--select", rule, flag]);
        let wanted: Files = vec![("nginx.conf", main), ("inner.conf", fixed)];
        assert!(read(folder.path(), &files) == wanted, "{rule}: included");
    }
}

/// A main file and an included one, both with something to repair.
fn two_files() -> Files {
    let main = "events {}\nhttp {\n    add_header X-A 1;\n    server {\n        listen 80;\n        \
                server_name a.example, b.example;\n        include inner.conf;\n    }\n}\n";
    let inner = "location /a {\n    add_header X-B 1;\n    return 204;\n}\n";
    vec![("nginx.conf", main.into()), ("inner.conf", inner.into())]
}

#[test]
fn the_diff_is_what_patch_applies() {
    let files = two_files();
    let folder = place(&files);
    let (diff, _) = lint(folder.path(), &["--unsafe-fixes", "--diff"]);
    assert!(
        read(folder.path(), &files) == files,
        "the diff changes nothing"
    );
    let patched = place(&files);
    let mut patch = Command::new("patch")
        .args(["-p1", "--no-backup-if-mismatch"])
        .current_dir(patched.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("patch is there: apt-get install patch");
    std::io::Write::write_all(patch.stdin.as_mut().unwrap(), &diff).unwrap();
    assert!(patch.wait().unwrap().success());
    lint(folder.path(), &["--unsafe-fixes"]);
    let repaired = read(folder.path(), &files);
    for (now, old) in repaired.iter().zip(&files) {
        assert!(now != old, "{} is repaired", old.0);
    }
    assert!(read(patched.path(), &files) == repaired);
}

/// A file that several names lead to is one file, with one text.
#[test]
fn links_and_modes_stay_and_two_names_are_one_file() {
    let mut files = two_files();
    files[0].1 = b"events {}\nhttp {\n    add_header X-A 1;\n    server {\n        listen 80;\n        server_name \
                   a.example, b.example;\n        include inner.conf;\n    }\n    server {\n        \
                   listen 81;\n        add_header X-C 1;\n        include ./inner.conf;\n    }\n    server {\n        listen \
                   82;\n        include link.conf;\n    }\n}\n"
        .to_vec();
    let folder = place(&files);
    let inner = folder.path().join("inner.conf");
    let link = folder.path().join("link.conf");
    symlink("inner.conf", &link).unwrap();
    std::fs::set_permissions(&inner, PermissionsExt::from_mode(0o640)).unwrap();
    let (_, said) = lint(folder.path(), &["--unsafe-fixes"]);
    assert_eq!(std::fs::read_link(&link).unwrap(), Path::new("inner.conf"));
    assert_eq!(std::fs::metadata(&inner).unwrap().mode() & 0o7777, 0o640);
    let text = std::fs::read_to_string(&inner).unwrap();
    for header in ["X-A", "X-B"] {
        let line = format!("add_header {header} 1;\n");
        assert_eq!(text.matches(&line).count(), 1, "{said}{text}");
    }
    let (_, said) = lint(folder.path(), &["--unsafe-fixes"]);
    assert!(!said.contains("repaired"), "{said}");
}

#[test]
fn a_folder_that_nobody_may_write_to_stays_as_it_is() {
    let files = two_files();
    let folder = place(&files);
    let program = assert_cmd::cargo::cargo_bin("djanginx");
    let mut command = if is_root() {
        // Modes are nothing to root, and a mount that is read-only is.
        let script =
            "mount --bind . . && mount -o remount,ro,bind . && cd \"$PWD\" && exec \"$0\" \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", script]).arg(program);
        command
    } else {
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o555)).unwrap();
        Command::new(program)
    };
    let output = command
        .args(["lint", "--isolated", "--unsafe-fixes", "nginx.conf"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.starts_with("error: "), "{said}");
    assert!(
        said.contains("inner.conf") || said.contains("read-only"),
        "{said}"
    );
    assert!(read(folder.path(), &files) == files);
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
}

/// Faults that can be repaired, by the block that they stand in.
const IN_HTTP: &[&str] = &[
    "ssl_protocols TLSv1 TLSv1.2;",
    "map http_host $Target { default a; }",
    "add_header X-Frame-Options DENY;",
    "proxy_set_header Host $host;\nproxy_set_header X-Real-IP $remote_addr;",
    "upstream by_name { hash $request_uri; server 127.0.0.1:8000; server 127.0.0.1:8001; }",
    "error_page 404 /404.html;",
    "error_log off;",
];
const IN_SERVER: &[&str] = &[
    "server_name a.example, b.example:80;",
    "add_header X-Content-Type-Options nosniff;",
    "proxy_set_header X-Forwarded-Proto $scheme;",
    "location /files { alias /srv/files/; }",
    "location ~ ^/exact$ { return 204; }",
    "location ~ .php$ { deny all; }",
    "location ~* \\.(css|js|png)$ { root /srv/static; }",
    "location /media/ { root /srv; }",
    "set $Mixed 1;",
    "location =/glued{ stub_status; }",
    "error_page 502 /50x.html;",
];
const IN_LOCATION: &[&str] = &[
    "add_header Referrer-Policy same-origin;",
    "proxy_set_header Connection \"\";",
    "add_header Content-Security-Policy \"default-src 'self';\n    img-src *\";",
    "error_page 503 /busy.html;",
    "# caf\u{e9} } {\n",
];

fn some_of(lines: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    let most = lines.len();
    proptest::sample::subsequence(lines, 0..=most).prop_shuffle()
}

prop_compose! {
    /// A configuration of two files with any of these faults, in any order, on one line or
    /// on many.
    fn faulty()(
        http in some_of(IN_HTTP),
        server in some_of(IN_SERVER),
        other in some_of(IN_SERVER),
        location in some_of(IN_LOCATION),
        end in prop_oneof![Just(" "), Just("\n"), Just("\r\n        ")],
    ) -> (String, String) {
        let main = format!(
            "events {{}}\nhttp {{\n{}\nserver {{ listen 8080;{end}{}{end}include inner.conf; }}\nserver \
             {{ listen 8081;{end}{}{end}}}\n}}\n",
            http.join(end), server.join(end), other.join(end),
        );
        let inner = format!(
            "location /app/ {{{end}proxy_pass http://127.0.0.1:8000;{end}{}}}\n",
            location.join(end),
        );
        (main, inner)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_faults_are_repaired_together((main, inner) in faulty()) {
        let files: Files = vec![("nginx.conf", main.into()), ("inner.conf", inner.into())];
        let folder = place(&files);
        let before = findings(folder.path());
        lint(folder.path(), &["--select", "all", "--unsafe-fixes"]);
        let repaired = read(folder.path(), &files);
        prop_assert_eq!(added(folder.path(), &before), [""; 0]);
        let (_, said) = lint(folder.path(), &["--select", "all", "--unsafe-fixes"]);
        prop_assert!(!said.contains("repaired"), "{}", said);
        prop_assert!(read(folder.path(), &files) == repaired);
        let engine = &engines().nginx()[0];
        if complaints(engine, &files).is_some() {
            prop_assert!(complaints(engine, &repaired).is_some());
        }
    }
}
