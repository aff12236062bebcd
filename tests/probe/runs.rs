//! How a run goes: what is asked, again and how often, what is shown and what is not.

use super::server::{Server, answer};
use super::{cause_of, command, probe_http, probe_pool, said};
use std::process::Command;

#[test]
fn nodes_are_asked_as_nginx_would_ask_them() {
    let server = Server::answers(200, "", "");
    let said = probe_http(&server.address(), &[]);
    assert_eq!(said.status, 0, "{}", said.text);
    let text = String::from_utf8(server.last()).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.retain(|line| !line.is_empty());
    let first = lines.remove(0);
    assert_eq!(first, "GET /healthz/ HTTP/1.1");
    let mut lines: Vec<String> = lines.iter().map(|line| line.to_ascii_lowercase()).collect();
    lines.sort();
    let version = env!("CARGO_PKG_VERSION");
    let agent = format!("user-agent: djanginx/{version}");
    assert_eq!(
        lines,
        [
            "accept: */*",
            // gunicorn keeps no connections.
            "connection: close",
            "host: shop.example.com",
            agent.as_str(),
            "x-forwarded-for: 127.0.0.1",
            "x-forwarded-proto: http",
            "x-real-ip: 127.0.0.1",
            "x-request-id: 00000000000000000000000000000000",
        ]
    );
}

#[test]
fn what_may_pass_is_asked_again() {
    let server = Server::new(|number, _, mut connection| {
        let status = if number < 2 { 503 } else { 200 };
        connection.write_all(&answer(status, "", "")).unwrap();
    });
    let said = probe_http(&server.address(), &["--retries", "2"]);
    assert_eq!(said.causes(), ["none"]);
    assert_eq!(said.json["probes"][0]["attempts"], 3);
    let wrong = Server::answers(404, "", "");
    probe_http(&wrong.address(), &["--retries", "2"]);
    assert_eq!(wrong.asked(), 1);
}

#[test]
fn one_can_wait_until_all_is_well() {
    let server = Server::new(|number, _, mut connection| {
        let status = if number < 3 { 404 } else { 200 };
        connection.write_all(&answer(status, "", "")).unwrap();
    });
    assert_eq!(cause_of(&server.address(), &["--wait", "20s"]), "none");
}

#[test]
fn what_is_not_asked_is_shown_with_its_reason() {
    let server = Server::answers(200, "", "");
    let pool = format!(
        "nodes: [\"{}\", {{address: \"127.0.0.1:1\", state: down}}]",
        server.address()
    );
    let said = probe_pool(&pool, "/: web", &[]);
    assert_eq!(said.json["summary"]["skipped"], 1);
    assert_eq!(said.json["probes"][1]["reason"], "it is `down`");
    assert_eq!(said.status, 0);
    assert_eq!(probe_pool(&pool, "/: web", &["--fail-on-skip"]).status, 1);
}

#[test]
fn a_dry_run_asks_nobody() {
    let server = Server::answers(200, "", "");
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "pools:\n  web:\n    nodes:\n      - {}\nsites:\n  shop:\n    domains: \
         [\"*.example.com\", www.example.com]\n    routes: {{/: web}}\n",
        server.address()
    );
    std::fs::write(folder.path().join("topology.yaml"), text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_djanginx"))
        .args(["probe", "topology.yaml", "--dry-run"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let text = text.replace(&server.address(), "[ADDRESS]");
    insta::assert_snapshot!(text, @"web  [ADDRESS]  http / as www.example.com  topology.yaml:4");
    assert_eq!(server.asked(), 0);
}

#[test]
fn secrets_are_sent_and_not_shown() {
    let server = Server::answers(403, "", "");
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "pools: {{web: {{nodes: [\"{}\"]}}}}\nsites: {{shop: {{domains: [a.example.com], routes: \
         {{/: web}}}}}}\n",
        server.address()
    );
    std::fs::write(folder.path().join("topology.yaml"), text).unwrap();
    for format in ["table", "json", "jsonl", "junit", "prometheus", "github"] {
        let output = Command::new(env!("CARGO_BIN_EXE_djanginx"))
            .args(["probe", "topology.yaml", "--format", format, "-v"])
            .args(["--header", "Authorization: Bearer ${TOKEN}"])
            .env("TOKEN", "s3cr3t")
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(!said.contains("s3cr3t"), "{format}: {said}");
        if matches!(format, "table" | "json" | "junit" | "github") {
            assert!(said.contains("Bearer ${TOKEN}"), "{format}: {said}");
        }
        let asked = String::from_utf8(server.last()).unwrap();
        assert!(asked.contains("Bearer s3cr3t"), "{asked}");
    }
}

#[test]
fn secrets_that_come_back_are_not_shown() {
    let location = "Location: https://s3cr%2Ft.example.com/?t=s3cr/t\r\n";
    let answers: [Vec<u8>; 4] = [
        answer(302, location, ""),
        answer(200, "Server: s3cr/t\r\nX-Version: s3cr/t\r\n", ""),
        b"no HTTP: s3cr/t\r\n\r\n".to_vec(),
        // Cut off where the first bytes end.
        [&[b'x'; 60][..], b"s3cr/t"].concat(),
    ];
    let servers = answers.map(Server::says);
    let good = Server::answers(200, "Server: s\r\nX-Version: 1\r\n", "");
    let nodes: Vec<String> = servers.iter().map(Server::address).collect();
    let nodes = nodes
        .into_iter()
        .chain(std::iter::repeat_n(good.address(), 4));
    let servers: String = nodes.map(|node| format!("server {node};\n")).collect();
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "events {{}}\nhttp {{\nupstream web {{\n{servers}}}\nserver {{\nlocation / {{\nproxy_pass \
         http://web;\nproxy_set_header X-Copy $http_x_token;\n}}\n}}\nserver {{\nlocation / {{ \
         proxy_pass http://web/$http_x_token; }}\n}}\n}}\n"
    );
    std::fs::write(folder.path().join("nginx.conf"), text).unwrap();
    for format in ["table", "json", "jsonl", "junit", "prometheus", "github"] {
        let output = Command::new(env!("CARGO_BIN_EXE_djanginx"))
            .args([
                "probe",
                "nginx.conf",
                "--format",
                format,
                "-v",
                "--retries",
                "0",
            ])
            .args(["--header", "X-Token: ${TOKEN}"])
            .env("TOKEN", "s3cr/t")
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        for part in ["s3cr/", "s3cr\\", "s3cr%2F", "s3cr&"] {
            assert!(!said.contains(part), "{format}: {said}");
        }
        if matches!(format, "table" | "json" | "github") {
            assert!(said.contains("X-Copy: ${TOKEN}"), "{format}: {said}");
            assert!(said.contains("probe-not-http"), "{format}: {said}");
            assert!(
                said.contains("probe-redirect-elsewhere"),
                "{format}: {said}"
            );
        }
        let asked = String::from_utf8(good.last()).unwrap();
        assert!(asked.contains("X-Copy: s3cr/t"), "{asked}");
    }
}

#[test]
fn the_environment_has_no_say() {
    let server = Server::answers(200, "", "");
    let proxy = Server::answers(500, "", "");
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "pools: {{web: {{nodes: [\"{}\"]}}}}\nsites: {{shop: {{domains: [a.example.com], routes: \
         {{/: web}}}}}}\n",
        server.address()
    );
    std::fs::write(folder.path().join("topology.yaml"), text).unwrap();
    let mut command = command(folder.path(), "topology.yaml", &[]);
    let url = format!("http://{}", proxy.address());
    for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"] {
        command.env(name, &url);
    }
    assert_eq!(said(command).causes(), ["none"]);
    assert_eq!((server.asked(), proxy.asked()), (1, 0));
}

#[test]
fn a_signal_prints_what_is_known() {
    let good = Server::answers(200, "", "");
    let silent = Server::new(|_, _, connection| super::server::hold(connection));
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "pools: {{web: {{nodes: [\"{}\", \"{}\"]}}}}\nsites: {{shop: {{domains: \
         [a.example.com], routes: {{/: web}}}}}}\n",
        good.address(),
        silent.address()
    );
    std::fs::write(folder.path().join("topology.yaml"), text).unwrap();
    // One at a time: the second is asked once the answer of the first is known.
    let args = ["--concurrency", "1"];
    let mut command = command(folder.path(), "topology.yaml", &args);
    let child = command
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while silent.asked() == 0 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    use std::os::unix::process::ExitStatusExt;
    assert_eq!(output.status.signal(), Some(2));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["probes"][0]["outcome"], "passed");
    assert_eq!(json["probes"][1]["cause"], "probe-deadline");
}
