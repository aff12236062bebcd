//! `djanginx explain` as a user meets it; that its answers are those of nginx is shown end to
//! end (`tests/e2e/explain.rs`).

#![allow(clippy::unwrap_used)] // a test may panic

use std::path::Path;

const SHOP: &str = r#"events {}
http {
    upstream app {
        least_conn;
        server 10.0.0.1:8000;
        server 10.0.0.2:8000 backup;
    }
    map $http_upgrade $connection { default upgrade; "" close; }
    add_header X-Frame-Options DENY;
    server {
        listen 80 default_server;
        return 444;
    }
    server {
        listen 80;
        server_name shop.example.com *.shop.example.com;
        client_max_body_size 10m;
        location / {
            proxy_pass http://app;
            proxy_set_header Host $host;
        }
        location /static/ { alias /srv/shop/static/; }
        location ~ \.css$ { root /srv/assets; add_header Cache-Control public; }
        location /admin/ {
            allow 10.0.0.0/8;
            deny all;
            proxy_pass http://app/backend/;
        }
        location /old/ { rewrite ^/old/(.*)$ /new/$1 last; }
        location /beta/ {
            if ($cookie_beta) { return 302 /b/; }
            try_files $uri @app;
        }
        location @app { proxy_pass http://app; }
    }
}
"#;

fn explain(arguments: &[&str]) -> String {
    explain_text(SHOP, arguments)
}

fn explain_text(text: &str, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("nginx.conf"), text).unwrap();
    std::fs::create_dir_all(folder.path().join("root/srv/shop/static")).unwrap();
    std::fs::write(folder.path().join("root/srv/shop/static/a.js"), "").unwrap();
    let output = assert_cmd::Command::cargo_bin("djanginx")
        .unwrap()
        .args(["explain", "nginx.conf"])
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    format!(
        "{}{}--- status {}",
        text(output.stdout),
        text(output.stderr),
        output.status.code().unwrap()
    )
}

#[test]
fn answers_come_first_then_the_decisions() {
    for (name, arguments) in [
        (
            "static",
            &["http://shop.example.com/static/a.js", "--root", "root"][..],
        ),
        (
            "stolen",
            &["http://shop.example.com/static/a.css?x", "--root", "root"],
        ),
        (
            "slash",
            &["http://a.shop.example.com/admin", "--client-ip", "10.1.2.3"],
        ),
        (
            "admin",
            &[
                "http://shop.example.com/admin/users?x=1",
                "--client-ip",
                "192.0.2.1",
            ],
        ),
        ("rewritten", &["http://shop.example.com/old/x"]),
        (
            "depends",
            &["http://shop.example.com/beta/x", "--root", "root"],
        ),
        (
            "decided",
            &[
                "http://shop.example.com/beta/x",
                "--root",
                "root",
                "--header",
                "Cookie: beta=1",
            ],
        ),
        ("unknown-host", &["http://other.example.com/"]),
        ("nobody", &["http://shop.example.com:81/"]),
        (
            "tls",
            &["https://shop.example.com/", "--listen", "127.0.0.1:80"],
        ),
        ("no-url", &["shop.example.com"]),
        ("tree", &[]),
        ("chart", &["--format", "mermaid"]),
    ] {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("snapshots/explain");
        settings.set_prepend_module_to_snapshot(false);
        settings.bind(|| insta::assert_snapshot!(name, explain(arguments)));
    }
}

/// A usual site, and what people ask about it.
#[test]
fn a_django_site_is_explained() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/explain/site.conf");
    let text = std::fs::read_to_string(file).unwrap();
    for (name, arguments) in [
        (
            "site-static",
            &["https://shop.example.com/static/a.css"][..],
        ),
        ("site-media", &["https://shop.example.com/media/a.png"]),
        ("site-canary", &["https://shop.example.com/cart/"]),
        (
            "site-stable",
            &[
                "https://shop.example.com/cart/",
                "--header",
                "Cookie: canary=no",
            ],
        ),
        (
            "site-api",
            &["https://shop.example.com/api/x", "--method", "DELETE"],
        ),
        (
            "site-websocket",
            &[
                "https://shop.example.com/ws/x",
                "--client-ip",
                "10.0.0.9",
                "--header",
                "X-Forwarded-For: 198.51.100.7, 10.2.3.4",
                "--header",
                "Upgrade: websocket",
            ],
        ),
        (
            "site-admin",
            &[
                "https://shop.example.com/admin/",
                "--client-ip",
                "198.51.100.7",
            ],
        ),
        ("site-to-https", &["http://shop.example.com/a?b"]),
        ("site-unknown-host", &["https://other.example.com/"]),
        ("site-protected", &["https://shop.example.com/protected/a"]),
        (
            "site-misdirected",
            &["https://staff.example.com/", "--sni", "shop.example.com"],
        ),
        (
            "site-too-large",
            &[
                "https://shop.example.com/cart/",
                "--method",
                "POST",
                "--header",
                "Content-Length: 20000000",
            ],
        ),
    ] {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("snapshots/explain");
        settings.set_prepend_module_to_snapshot(false);
        settings.bind(|| insta::assert_snapshot!(name, explain_text(&text, arguments)));
    }
}

/// The same configuration from standard input, and as `nginx -T` prints it.
#[test]
fn standard_input_and_dumps_are_explained() {
    let asked = |input: String| {
        let output = assert_cmd::Command::cargo_bin("djanginx")
            .unwrap()
            .args(["explain", "-", "http://shop.example.com/old/x"])
            .write_stdin(input)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().next().unwrap_or_default().to_owned()
    };
    let answer =
        "http://shop.example.com/old/x → proxy_pass http://app as /new/x, 2 nodes, least_conn";
    assert!(
        asked(SHOP.to_owned()).starts_with(answer),
        "{}",
        asked(SHOP.to_owned())
    );
    let main = SHOP.replacen("    server {", "    include sites.conf;\n    server {", 1);
    let dump = format!(
        "# configuration file /etc/nginx/nginx.conf:\n{main}\n\
         # configuration file /etc/nginx/sites.conf:\n\
         server {{ listen 80; server_name shop.example.com; return 410; }}\n"
    );
    let answer = "http://shop.example.com/old/x → 410 (/etc/nginx/sites.conf:1)";
    assert_eq!(asked(dump), answer);
}

#[test]
fn the_json_form_has_a_schema() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/explain.schema.json");
    let schema: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    for arguments in [
        &["http://shop.example.com/static/a.css", "--format", "json"][..],
        &["http://shop.example.com/beta/x", "--format", "json"],
        &["http://other.example.com/", "--format", "json"],
        &["--format", "json"],
    ] {
        let said = explain(arguments);
        let json = said.split("--- status 0").next().unwrap();
        let value = serde_json::from_str(json).unwrap();
        let errors: Vec<_> = schema.iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{arguments:?}: {errors:?}\n{json}");
    }
}

#[test]
fn a_topology_is_explained_as_well() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/topologies/least_conn.yaml");
    let output = assert_cmd::Command::cargo_bin("djanginx")
        .unwrap()
        .arg("explain")
        .arg(&path)
        .arg("http://example.com/")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("http://example.com/ → "), "{text}");
    // Under another name it is one because that is said.
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("nodes.conf");
    std::fs::copy(&path, &other).unwrap();
    let explained = |kind: &[&str]| {
        let mut command = assert_cmd::Command::cargo_bin("djanginx").unwrap();
        command.arg("explain").args(kind).arg(&other);
        let output = command.arg("http://example.com/").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(explained(&["--as", "topology"]), text);
    assert_ne!(explained(&[]), text);
}

#[test]
fn connections_that_find_no_name_or_no_socket_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let config = "events {}\nhttp {\nserver { listen 80; listen 443 ssl; server_name a.org; \
                  return 204; }\n}\n";
    std::fs::write(folder.path().join("nginx.conf"), config).unwrap();
    let explained = |arguments: &[&str]| {
        let mut command = assert_cmd::Command::cargo_bin("djanginx").unwrap();
        command.args(["explain", "nginx.conf"]).args(arguments);
        let output = command.current_dir(folder.path()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let text = explained(&["http://[::1]/"]);
    assert!(text.contains("no server listens on [::1]:80"), "{text}");
    let text = explained(&["https://b.org/", "--sni", "a.org"]);
    assert!(
        text.contains("asks for `a.org`, and the only server"),
        "{text}"
    );
}

/// A configuration with 5,000 servers and 50,000 locations is read, and then asked quickly:
/// nothing may look at more than the server that answers.
#[test]
fn large_configurations_are_explained() {
    use std::fmt::Write as _;
    let mut text = String::from("events {}\nhttp {\n");
    for server in 0..5_000 {
        let _ = writeln!(
            text,
            "server {{ listen 80; server_name s{server}.example.com;"
        );
        for location in 0..10 {
            let _ = writeln!(
                text,
                "location /l{location}/ {{ return 200 {server}-{location}; }}"
            );
        }
        text.push_str("}\n");
    }
    text.push_str("}\n");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("nginx.conf"), text).unwrap();
    let output = assert_cmd::Command::cargo_bin("djanginx")
        .unwrap()
        .args(["explain", "nginx.conf", "http://s4999.example.com/l9/x"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("http://s4999.example.com/l9/x → 200"),
        "{text}"
    );
}
