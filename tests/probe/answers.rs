//! Causes that an answer tells.

use super::server::{DJANGO, Server, answer, hold};
use super::{cause_of, command, probe_http, probe_pool, said};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::time::Duration;

/// The cause of one answer.
fn cause(status: u16, headers: &str, body: &str) -> String {
    cause_of(&Server::answers(status, headers, body).address(), &[])
}

#[test]
fn good_answers_pass() {
    assert_eq!(cause(200, "Server: gunicorn\r\n", "well"), "none");
    assert_eq!(cause(204, "", ""), "none");
    assert_eq!(cause(302, "Location: /accounts/login/\r\n", ""), "none");
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    assert_eq!(cause_of(&Server::says(chunked).address(), &[]), "none");
    let endless = "HTTP/1.0 200 OK\r\n\r\nuntil the end";
    assert_eq!(cause_of(&Server::says(endless).address(), &[]), "none");
}

#[test]
fn statuses() {
    for (status, want) in [
        (400, "probe-bad-request"),
        (401, "probe-auth-required"),
        (403, "probe-auth-required"),
        (404, "probe-not-found"),
        (405, "probe-unexpected-status"),
        (500, "probe-server-error"),
        (503, "probe-server-error"),
    ] {
        assert_eq!(cause(status, "", "x"), want, "{status}");
    }
}

#[test]
fn a_status_that_was_asked_for() {
    let server = Server::answers(200, "", "");
    let wants = |status: u16| {
        let pool = format!(
            "nodes: [\"{}\"], health: {{path: /healthz/, status: {status}}}",
            server.address()
        );
        probe_pool(&pool, "/: web", &[])
    };
    assert_eq!(wants(204).causes(), ["probe-unexpected-status"]);
    assert_eq!(wants(200).causes(), ["none"]);
}

#[test]
fn django_refuses_the_host() {
    let page = "<!doctype html><title>Bad Request (400)</title>";
    assert_eq!(cause(400, DJANGO, page), "probe-disallowed-host");
    let debug = "<title>DisallowedHost at /</title><meta name=\"robots\" \
                 content=\"NONE,NOARCHIVE\">Django Version: 5.2";
    let server = Server::answers(400, "", debug);
    let said = probe_http(&server.address(), &[]);
    let rules = said.json["diagnostics"].as_array().unwrap().iter();
    let rules: Vec<_> = rules
        .map(|finding| finding["rule"].as_str().unwrap())
        .collect();
    assert!(rules.contains(&"probe-disallowed-host"), "{rules:?}");
    assert!(rules.contains(&"probe-debug-page"), "{rules:?}");
    assert!(said.text.contains("`shop.example.com`"), "{}", said.text);
}

#[test]
fn errors_say_where_to_look() {
    let page = |title: &str| format!("<html><head><title>{title}</title></head></html>");
    let bare = "Internal Server Error".to_owned();
    for (status, headers, body, cause, help) in [
        // Without Django's `SecurityMiddleware` it is the page that tells.
        (
            400,
            "",
            page("Bad Request (400)"),
            "probe-disallowed-host",
            "nginx send the right one (`proxy_set_header Host $host`)",
        ),
        (
            400,
            DJANGO,
            bare.clone(),
            "probe-disallowed-host",
            "; if it is there, it is the view that answers 400",
        ),
        (
            400,
            "",
            page("Bad Request"),
            "probe-bad-request",
            "Read the log of the application server",
        ),
        (
            500,
            "",
            page("Server Error (500)"),
            "probe-server-error",
            "static files that are not collected look like this",
        ),
        (
            500,
            DJANGO,
            bare.clone(),
            "probe-server-error",
            "static files that are not collected look like this",
        ),
        (
            501,
            "",
            bare.clone(),
            "probe-server-error",
            "read the log of the application server from its start",
        ),
        (
            503,
            "",
            bare.clone(),
            "probe-server-error",
            "or a limit on requests",
        ),
        (
            504,
            "",
            bare,
            "probe-server-error",
            "look at what is behind it",
        ),
    ] {
        let server = Server::answers(status, headers, &body);
        let pool = format!("server: gunicorn, nodes: [\"{}\"]", server.address());
        let said = probe_pool(&pool, "/: web", &[]);
        assert_eq!(said.causes(), [cause], "{status} {body}");
        let told = said.json["diagnostics"][0]["help"].as_str().unwrap();
        assert!(told.ends_with(help), "{told}");
    }
}

#[test]
fn redirects() {
    for (location, want) in [
        (
            "https://shop.example.com/healthz/",
            "probe-ssl-redirect-loop",
        ),
        ("/healthz//", "probe-slash-redirect"),
        (
            "https://www.example.com/healthz/",
            "probe-redirect-elsewhere",
        ),
        ("/login/?next=/healthz/", "probe-login-redirect"),
        ("/login/?a=b&next=%2Fhealthz%2F", "probe-login-redirect"),
        ("/login/", "none"),
    ] {
        let header = format!("Location: {location}\r\n");
        assert_eq!(cause(301, &header, ""), want, "{location}");
    }
}

#[test]
fn waitress_keeps_the_scheme_from_django() {
    for (server, help) in [
        ("waitress", "--trusted-proxy-headers=x-forwarded-proto"),
        ("gunicorn", "SECURE_PROXY_SSL_HEADER"),
    ] {
        let headers = format!("Server: {server}\r\nLocation: https://shop.example.com/\r\n");
        let node = Server::answers(301, &headers, "");
        let folder = tempfile::tempdir().unwrap();
        let topology = format!(
            "pools: {{web: {{server: {server}, nodes: [\"{}\"]}}}}\nsites: {{shop: {{domains: \
             [shop.example.com], tls: {{certificate: /etc/a.pem, key: /etc/a.key}}, routes: {{/: \
             web}}}}}}\n",
            node.address()
        );
        std::fs::write(folder.path().join("topology.yaml"), topology).unwrap();
        let said = said(command(folder.path(), "topology.yaml", &[]));
        assert_eq!(said.causes(), ["probe-ssl-redirect-loop"], "{}", said.text);
        let told = said.json["diagnostics"][0]["help"].as_str().unwrap();
        assert!(told.contains(help), "{told}");
    }
}

#[test]
fn redirects_are_not_followed() {
    let other = Server::answers(200, "", "");
    let header = format!("Location: http://{}/\r\n", other.address());
    cause(302, &header, "");
    assert_eq!(other.asked(), 0);
}

#[test]
fn debug_pages_and_development_servers() {
    let page = "<title>Page not found at /healthz/</title><meta name=\"robots\" \
                content=\"NONE,NOARCHIVE\">You're seeing this error because you have \
                <code>DEBUG = True</code>";
    let server = Server::answers(404, "", page);
    let said = probe_http(&server.address(), &[]);
    assert!(said.text.contains("\"probe-debug-page\""), "{}", said.text);
    let server = "Server: WSGIServer/0.2 CPython/3.12.1\r\n";
    assert_eq!(cause(200, server, ""), "probe-development-server");
}

#[test]
fn a_slow_answer() {
    let server = Server::new(|_, _, mut connection| {
        std::thread::sleep(Duration::from_millis(150));
        connection.write_all(&answer(200, "", "")).unwrap();
    });
    assert_eq!(
        cause_of(&server.address(), &["--slow", "100ms"]),
        "probe-slow"
    );
    assert_eq!(cause_of(&server.address(), &[]), "none");
}

#[test]
fn too_many_headers() {
    let headers: String = (0..150).map(|n| format!("X-{n}: x\r\n")).collect();
    assert_eq!(cause(200, &headers, ""), "probe-large-head");
}

#[test]
fn a_node_that_differs() {
    let (one, two) = (
        Server::answers(200, "Server: a\r\n", ""),
        Server::answers(200, "Server: a\r\n", ""),
    );
    let odd = Server::answers(200, "Server: b\r\n", "");
    let pool = format!(
        "nodes: [\"{}\", \"{}\", \"{}\"]",
        one.address(),
        odd.address(),
        two.address()
    );
    let said = probe_pool(&pool, "/: web", &[]);
    assert_eq!(said.causes(), ["none", "probe-nodes-differ", "none"]);
    assert_eq!(said.status, 0);
}

#[test]
fn nodes_of_another_release() {
    for header in [
        "ETag: \"{}\"",
        "X-Version: {}",
        "X-App-Version: {}",
        "X-Release: {}",
        "X-Revision: {}",
    ] {
        let node = |value| Server::answers(200, &(header.replace("{}", value) + "\r\n"), "");
        let nodes = [node("1"), node("2"), node("1")].map(|server| server.address());
        let pool = format!("nodes: {nodes:?}");
        let said = probe_pool(&pool, "/: web", &[]);
        assert_eq!(
            said.causes(),
            ["none", "probe-nodes-differ", "none"],
            "{header}"
        );
        // Where each has its own, as pages that are made anew, nothing is usual.
        let nodes = [node("1"), node("2"), node("3")].map(|server| server.address());
        let said = probe_pool(&format!("nodes: {nodes:?}"), "/: web", &[]);
        assert_eq!(said.causes(), ["none"; 3], "{header}");
    }
}

#[test]
fn another_server_than_declared() {
    for (declared, runs, want) in [
        ("server: uvicorn, ", "waitress", "probe-other-server"),
        ("server: waitress, ", "hypercorn-h11", "probe-other-server"),
        ("server: hypercorn, ", "hypercorn-h11", "none"),
        ("server: gunicorn, ", "uvicorn", "none"),
        ("server: gunicorn, ", "nginx/1.28.0", "none"),
        ("", "uvicorn", "none"),
    ] {
        let server = Server::answers(200, &format!("Server: {runs}\r\n"), "");
        let pool = format!("{declared}nodes: [\"{}\"]", server.address());
        let said = probe_pool(&pool, "/: web", &[]);
        assert_eq!(
            (said.causes(), said.status),
            (vec![want], 0),
            "{declared} {runs}"
        );
    }
}

#[test]
fn a_health_check_that_makes_sessions() {
    let cookies = "Set-Cookie: csrftoken=x\r\nSet-Cookie: sessionid=abc; HttpOnly\r\n";
    assert_eq!(cause(200, cookies, ""), "probe-session-created");
    assert_eq!(cause(200, "Set-Cookie: notsessionid=abc\r\n", ""), "none");
    // Elsewhere sessions are no fault.
    let server = Server::answers(200, cookies, "");
    assert_eq!(cause_of(&server.address(), &["--path", "/"]), "none");
}

#[test]
fn a_cookie_of_nginx_that_the_application_sets() {
    for (name, want) in [("srv_id", "probe-sticky-cookie"), ("other", "none")] {
        let server = Server::answers(200, &format!("Set-Cookie: {name}=1; Path=/\r\n"), "");
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "events {{}}\nhttp {{ upstream web {{ zone web 64k; server {}; sticky cookie srv_id; }}\n\
             server {{ location / {{ proxy_pass http://web; }} }} }}\n",
            server.address()
        );
        std::fs::write(folder.path().join("nginx.conf"), text).unwrap();
        let said = said(command(folder.path(), "nginx.conf", &[]));
        assert_eq!(said.causes(), [want], "{}", said.text);
    }
}

#[test]
fn other_services_on_the_port() {
    for (greeting, name) in [
        (&b"-ERR unknown command 'GET'\r\n"[..], "Redis"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH"),
        (b"J\0\0\0\x0a8.0.36-long-enough", "MySQL"),
        (b"\x1b]0;evil\x07 hello there", "no HTTP"),
    ] {
        let server = Server::says(greeting);
        let said = probe_http(&server.address(), &[]);
        assert_eq!(said.causes(), ["probe-not-http"], "{name}");
        let message = said.json["probes"][0]["message"].as_str().unwrap();
        assert!(message.contains(name), "{message}");
        assert!(
            !message.contains('\x1b') && !message.contains('\x07'),
            "{message}"
        );
    }
}

#[test]
fn services_that_hang_up_on_http() {
    for (begins, says, name, want) in [
        // As Redis does, which takes a `Host` for an attack.
        (&b"PING"[..], &b"+PONG\r\n"[..], "Redis", "probe-not-http"),
        (
            b"\0\0\0\x08\x04\xd2\x16\x2f",
            b"N",
            "PostgreSQL",
            "probe-not-http",
        ),
        // As Python's servers do with TLS.
        (
            b"\x16\x03",
            b"\x16\x03\x03\0\x04\x0e\0\0\0",
            "TLS",
            "probe-plain-to-tls",
        ),
    ] {
        let server = Server::new(move |_, question, mut connection| {
            if question.starts_with(begins) {
                let _ = connection.write_all(says);
            }
        });
        let said = probe_http(&server.address(), &[]);
        let message = said.json["probes"][0]["message"].as_str().unwrap();
        assert_eq!(said.causes(), [want], "{message}");
        assert!(message.contains(&format!("speaks {name},")), "{message}");
        let pool = format!("server: uwsgi, nodes: [\"{}\"]", server.address());
        let said = probe_pool(&pool, "/: web", &[]);
        let message = said.json["probes"][0]["message"].as_str().unwrap();
        assert!(
            message.ends_with(&format!("speaks {name}, not uwsgi's protocol")),
            "{message}"
        );
    }
}

#[test]
fn who_speaks_before_being_asked() {
    // Both have answered and gone before the question is there.
    for (greeting, want) in [
        (&b"220 mail.example.com ESMTP\r\n"[..], "probe-not-http"),
        (
            b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
            "probe-server-error",
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let _ = connection.write_all(greeting);
                let _ = connection.shutdown(Shutdown::Write);
                let _ = connection.read_to_end(&mut Vec::new());
            }
        });
        for _ in 0..5 {
            assert_eq!(cause_of(&address, &[]), want);
        }
    }
}

#[test]
fn marks_in_pieces() {
    let page = "<meta name=\"robots\" content=\"NONE,NOARCHIVE\">DEBUG = True";
    let (one, two) = page.split_at(40);
    let server = Server::says(format!(
        "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n",
        one.len(),
        two.len()
    ));
    let said = probe_http(&server.address(), &[]);
    assert!(said.text.contains("probe-debug-page"), "{}", said.text);
}

#[test]
fn tls_where_none_is_expected() {
    let alert = Server::says(b"\x15\x03\x01\x00\x02\x02\x46");
    assert_eq!(cause_of(&alert.address(), &[]), "probe-plain-to-tls");
    let nginx = cause(400, "", "The plain HTTP request was sent to HTTPS port");
    assert_eq!(nginx, "probe-plain-to-tls");
}

#[test]
fn http_to_a_socket_of_uwsgi() {
    // uWSGI closes; gunicorn answers 500 without a header of Django's.
    for refusal in [
        Vec::new(),
        answer(
            500,
            "Server: gunicorn\r\n",
            "<h1>Internal Server Error</h1>",
        ),
    ] {
        let server = Server::new(move |_, question, mut connection| {
            let answer = match question.first() {
                Some(0) => answer(200, DJANGO, "well"),
                _ => refusal.clone(),
            };
            let _ = connection.write_all(&answer);
        });
        assert_eq!(cause_of(&server.address(), &[]), "probe-http-to-uwsgi");
    }
}

#[test]
fn uwsgi_to_a_socket_of_http() {
    // uvicorn answers 400; gunicorn waits.
    for waits in [false, true] {
        let server = Server::new(move |_, question, mut connection| match question.first() {
            Some(b'G') => connection.write_all(&answer(200, DJANGO, "well")).unwrap(),
            _ if waits => hold(connection),
            _ => connection.write_all(&answer(400, "", "Invalid")).unwrap(),
        });
        let pool = format!("server: uwsgi, nodes: [\"{}\"]", server.address());
        let said = probe_pool(&pool, "/: web", &["--read-timeout", "2s"]);
        assert_eq!(said.causes(), ["probe-uwsgi-to-http"], "waits: {waits}");
    }
}

#[test]
fn uwsgi_answers_as_http_does() {
    for (status, headers, want) in [
        (200, "", "none"),
        (404, "", "probe-not-found"),
        (400, DJANGO, "probe-disallowed-host"),
    ] {
        let server = Server::answers(status, headers, "x");
        let pool = format!("server: uwsgi, nodes: [\"{}\"]", server.address());
        assert_eq!(probe_pool(&pool, "/: web", &[]).causes(), [want]);
        assert_eq!(server.last().first(), Some(&0), "no packet of uwsgi");
    }
}

#[test]
fn websockets() {
    let accept = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
    let good = format!("{accept}s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
    let wrong = format!("{accept}AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n");
    for (status, headers, want) in [
        (101, good.as_str(), "none"),
        (101, wrong.as_str(), "probe-websocket-not-upgraded"),
        (200, "", "probe-websocket-not-upgraded"),
        (404, "", "probe-websocket-not-upgraded"),
        (403, "", "probe-websocket-forbidden"),
        (500, "", "probe-websocket-error"),
        (400, DJANGO, "probe-disallowed-host"),
    ] {
        let upgraded = format!("HTTP/1.1 {status} Text\r\n{headers}\r\n").into_bytes();
        let server = Server::new(move |_, question, mut connection| {
            let text = String::from_utf8_lossy(question).to_ascii_lowercase();
            let websocket = text.contains("upgrade: websocket");
            let answer = match websocket {
                true if status == 101 => upgraded.clone(),
                true => answer(status, DJANGO, ""),
                false => answer(200, "", ""),
            };
            connection.write_all(&answer).unwrap();
        });
        let pool = format!("server: uvicorn, nodes: [\"{}\"]", server.address());
        let said = probe_pool(&pool, "/ws/: {pool: web, websocket: true}", &[]);
        let mut causes = said.causes();
        causes.sort_unstable();
        let mut wanted = ["none", want];
        wanted.sort_unstable();
        assert_eq!(causes, wanted, "{status} {headers}: {}", said.text);
    }
}
