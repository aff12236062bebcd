//! What the model answers about servers and locations, as nginx would choose them.

#![allow(clippy::unwrap_used)] // a test may panic

use djanginx::directives::Modules;
use djanginx::model::files::Memory;
use djanginx::model::http::{Found, ServerId};
use djanginx::model::sockets::SocketKey;
use djanginx::model::{Limits, Model, Prefix, Texts};
use djanginx::values::address::Host;
use djanginx::verdict::{Options, Start, read};
use std::net::Ipv4Addr;
use std::path::Path;

/// Reads the block of `http`, and hands the model over.
fn with_model(http: &str, ask: impl FnOnce(&Model<'_>)) {
    let text = format!("events {{}}\nhttp {{\n{http}\n}}\n");
    let mut files = Memory::new();
    files.insert("nginx.conf", text.as_bytes());
    let mut texts = Texts::new(&files, Limits::default());
    let root = texts.open(Path::new("nginx.conf")).unwrap();
    let config = texts.follow(root, Prefix::of_folder(Path::new("")));
    let options = Options {
        target: "1.30".parse().unwrap(),
        modules: Modules::All,
        live: false,
        start: Start::Whole,
    };
    ask(&read(&texts, &config, &options).model);
}

/// How the location that handles a path on the first server is written.
fn handles(model: &Model<'_>, path: &str) -> String {
    let server = model.http.server_ids().next().unwrap();
    match model.http.find_location(server, path.as_bytes()) {
        Found::Server => "server".to_owned(),
        Found::Redirect(_) => "redirect".to_owned(),
        Found::Location(id) => {
            let location = model.http.location(id);
            let words: Vec<_> = location
                .statement
                .args()
                .map(|word| word.to_str())
                .collect();
            words.join(" ")
        }
    }
}

#[test]
fn locations_are_found_as_nginx_finds_them() {
    let http = r"server {
        location = /a { }
        location /a { }
        location ^~ /static/ { location ~ \.map$ { } }
        location /media/ { location ~ ^/media/private { location /media/private/x { } } }
        location ~* \.css$ { }
        location ~ \.(css|js|map)$ { }
        location @named { }
    }";
    with_model(http, |model| {
        for (path, expected) in [
            ("/", "server"),
            ("/a", "= /a"),
            ("/a/", "/a"),
            ("/a.CSS", r"~* \.css$"),
            ("/a.js", r"~ \.(css|js|map)$"),
            ("/static/a.css", "^~ /static/"),
            ("/static/a.map", r"~ \.map$"),
            ("/media/a", "/media/"),
            ("/media/a.css", r"~* \.css$"),
            ("/media/private.css", "~ ^/media/private"),
            ("@named", "server"),
        ] {
            assert_eq!(handles(model, path), expected, "{path}");
        }
        let server = model.http.server_ids().next().unwrap();
        assert!(model.http.named(server, b"@named").is_some());
        assert!(model.http.named(server, b"@other").is_none());
    });
}

#[test]
fn servers_are_found_by_name_and_default() {
    let http = r"
        server { listen 80; server_name one.example.com; }
        server { listen 80 default_server; listen 8080; server_name *.example.com; }
        server { listen 80; server_name ~^www\d+\.example\.net$ example.*; }
        server { server_name .example.org; }";
    with_model(http, |model| {
        let socket = |port| {
            let key = SocketKey {
                host: Host::V4(Ipv4Addr::UNSPECIFIED),
                port,
                datagram: false,
            };
            model.http.sockets.find(&key).unwrap()
        };
        let ids: Vec<ServerId> = model.http.server_ids().collect();
        for (host, expected) in [
            ("one.example.com", 0),
            ("two.example.com", 1),
            ("example.com", 2),
            ("www1.example.net", 2),
            ("www.example.net", 1),
            ("example.org", 3),
            ("a.example.org", 3),
            ("", 1),
        ] {
            assert_eq!(
                socket(80).server_for(host.as_bytes()),
                ids[expected],
                "{host}"
            );
        }
        assert_eq!(socket(8080).server_for(b"one.example.com"), ids[1]);
        assert_eq!(model.http.sockets.of(ids[1]).count(), 2);
        assert_eq!(model.http.sockets.of(ids[3]).count(), 1);
    });
}

#[test]
fn formats_and_variables_say_where_they_come_from() {
    let http = "log_format Main escape=json '$uri';
        map $uri $kind { default a; }
        server { location ~ ^/(?<year>[0-9]+) { set $here 1; return 200 $year$here$kind; } }";
    with_model(http, |model| {
        assert!(model.http.log_formats.find(b"main").is_some());
        for name in ["year", "here", "kind"] {
            let variable = model.http.variables.find(name.as_bytes()).unwrap();
            assert_eq!(variable.definitions.len(), 1, "{name}");
            assert!(variable.used.is_some(), "{name}");
        }
    });
}
