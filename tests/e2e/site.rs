//! One complete site: files, uploads, TLS, limits, access, and the page for bad days.

use std::io::{Read, Write};
use std::path::PathBuf;

use crate::certificate::Certificate;
use crate::client::Client;
use crate::django::{Node, Server, collect_static};
use crate::engines::Engine;
use crate::home::{Home, Port};
use crate::nginx::{Nginx, Topology, for_each_engine};
use crate::process::wait_for;
use crate::recorder::{Protocol, Recorder};

const HOST: &str = "shop.example.com";
/// `anna` with the password `secret`, as `openssl passwd -apr1` writes it.
const PASSWORDS: &str = "anna:$apr1$djanginx$/.LpJYgctql8xY4wP4kqC/\n";
/// What no client may ever read.
const SECRET: &str = "the crown jewels";
/// `anna:secret` for the header.
const CREDENTIALS: &str = "Basic YW5uYTpzZWNyZXQ=";

/// The site's node and files.
struct Stage {
    node: Node,
    certificate: Certificate,
    files: PathBuf,
    passwords: PathBuf,
    // Last, so that servers are gone when their folder goes.
    home: Home,
}

struct Running {
    http: Port,
    https: Port,
    nginx: Nginx,
    certificate: std::sync::Arc<rustls::ClientConfig>,
}

impl Stage {
    fn new() -> Self {
        let home = Home::new();
        home.write("files/static/.env", SECRET);
        home.write("files/static/.git/config", SECRET);
        home.write("files/static-secret/passwords.txt", SECRET);
        home.write("files/passwords.txt", SECRET);
        home.write("files/media/cat.txt", "a cat");
        home.write("files/media/.hidden", SECRET);
        home.write("files/media/page.html", "<script>alert(1)</script>");
        home.write("files/protected/invoice.txt", "an invoice");
        home.write(
            "files/acme/.well-known/acme-challenge/token",
            "token.account",
        );
        home.write("files/down.html", "<h1>Back soon</h1>");
        let passwords = home.write("passwords", PASSWORDS);
        let files = home.path("files");
        // Collected files are hashed by Django itself.
        collect_static(&home, &files.join("static"));
        let settings = [
            ("STATIC_ROOT", files.join("static").display().to_string()),
            (
                "SECURE_PROXY_SSL_HEADER",
                "HTTP_X_FORWARDED_PROTO,https".to_owned(),
            ),
            ("SECURE_HSTS_SECONDS", "60".to_owned()),
        ];
        let settings = settings
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let node = Node::start(&home, Server::Gunicorn, "web", &settings);
        let certificate = Certificate::new(&home, &[HOST]);
        Self {
            home,
            node,
            certificate,
            files,
            passwords,
        }
    }

    fn start(&self, engine: &Engine) -> Running {
        let (http, https) = (Port::lease(), Port::lease());
        let topology = Topology::read("site.yaml")
            .with("NODE", self.node.address())
            .with("HTTP", &http)
            .with("HTTPS", &https)
            .with("CERTIFICATE", self.certificate.file.display())
            .with("KEY", self.certificate.key.display())
            .with("PASSWORDS", self.passwords.display())
            .with("FILES", self.files.display());
        let nginx = Nginx::start(&self.home, engine, &topology, https.number());
        Running {
            http,
            https,
            nginx,
            certificate: self.certificate.client(),
        }
    }
}

impl Running {
    fn plain(&self) -> Client {
        Client::new(self.http.number(), HOST)
    }

    fn tls(&self) -> Client {
        Client::new(self.https.number(), HOST).tls(self.certificate.clone())
    }
}

#[test]
fn static_and_media_files() {
    let stage = Stage::new();
    for_each_engine(|engine| {
        let site = stage.start(engine);
        let client = site.tls();

        let asset = client.get("/asset/").send().json();
        let hashed = asset["css"].as_str().expect("a path");
        assert_ne!(hashed, "/static/shop/site.css", "not hashed");
        let response = client.get(hashed).send();
        assert_eq!(response.status, 200);
        assert_eq!(response.header("Content-Type"), Some("text/css"));
        let cache = response.header("Cache-Control").expect("a header");
        assert_eq!(cache, "public, max-age=31536000, immutable");
        assert!(
            response.text().contains("url(\"logo.e1"),
            "{}",
            response.text()
        );
        assert_eq!(response.header("X-Content-Type-Options"), Some("nosniff"));

        let response = client.get("/static/shop/site.css").send();
        assert_eq!(response.status, 200);
        let cache = response.header("Cache-Control").unwrap_or_default();
        assert!(
            !cache.contains("immutable"),
            "a name without a hash: {cache}"
        );

        for target in [
            "/static../passwords.txt",
            "/static/../passwords.txt",
            "/static/..%2fpasswords.txt",
            "/static/%2e%2e/passwords.txt",
            "/static-secret/passwords.txt",
            "/static/.env",
            "/static/.git/config",
            "/static/%2egit/config",
            "/media../passwords.txt",
            "/media/.hidden",
            "/_protected../passwords.txt",
            "/_protected/../passwords.txt",
        ] {
            let response = client.get(target).send();
            assert!(!response.text().contains(SECRET), "{target} is given away");
            // What is no file is Django's to answer, and it tells what it was asked.
            let django = response.status == 200 && response.json()["node"] == "web";
            assert!(
                django || matches!(response.status, 400 | 403 | 404),
                "{target}: {response:?}"
            );
        }
        assert_eq!(client.get("/static/.env").send().status, 404);
        assert_eq!(client.get("/media/.hidden").send().status, 404);

        let response = client.get("/media/cat.txt").send();
        assert_eq!((response.status, response.text().as_str()), (200, "a cat"));
        assert_eq!(response.header("X-Content-Type-Options"), Some("nosniff"));
        let cache = response.header("Cache-Control").unwrap_or_default();
        assert!(!cache.contains("immutable"), "media: {cache}");
        let response = client.get("/media/page.html").send();
        let policy = response
            .header("Content-Security-Policy")
            .unwrap_or_default();
        assert!(
            policy.contains("sandbox"),
            "an uploaded page may run scripts: {policy:?}"
        );
    });
}

#[test]
fn protected_files_go_through_django_alone() {
    let stage = Stage::new();
    for_each_engine(|engine| {
        let client = stage.start(engine);
        let client = client.tls();
        assert_eq!(client.get("/_protected/invoice.txt").send().status, 404);
        assert_eq!(client.get("/files/invoice.txt").send().status, 403);
        let response = client.get("/files/invoice.txt?key=open").send();
        assert_eq!(
            (response.status, response.text().as_str()),
            (200, "an invoice")
        );
        assert_eq!(response.header("Content-Type"), Some("text/plain"));
        assert_eq!(response.header("X-Accel-Redirect"), None);
        assert_eq!(client.get("/files/missing.txt?key=open").send().status, 404);
    });
}

#[test]
fn paths_arrive_as_they_were_asked_for() {
    let stage = Stage::new();
    for_each_engine(|engine| {
        let client = stage.start(engine);
        let client = client.tls();
        for (target, path, query) in [
            ("/caf%C3%A9/%20x?q=%20&r=a+b", "/café/ x", "q=%20&r=a+b"),
            ("/a%2Fb%3Fc", "/a/b?c", ""),
            ("/api/orders?x=1", "/orders", "x=1"),
            ("/api/caf%C3%A9", "/café", ""),
            ("/apis", "/apis", ""),
        ] {
            let report = client.get(target).send().json();
            assert_eq!(report["path"], path, "{target}: {report:#}");
            assert_eq!(report["query"], query, "{target}: {report:#}");
        }
    });
}

#[test]
fn a_request_has_one_id_everywhere() {
    let stage = Stage::new();
    for_each_engine(|engine| {
        let site = stage.start(engine);
        let response = site
            .tls()
            .get("/page?x=%22")
            .header("X-Request-ID", "forged-by-the-client")
            .header("User-Agent", "a \"quoted\" \\ agent \u{e9}")
            .send();
        let id = response.header("X-Request-ID").expect("an id").to_owned();
        assert_ne!(id, "forged-by-the-client");
        let report = response.json();
        assert_eq!(
            report["headers"]["HTTP_X_REQUEST_ID"],
            id.as_str(),
            "{report:#}"
        );
        // nginx logs after it has answered.
        let line = wait_for("the request in the access log", || {
            let log = site.nginx.access_log();
            log.lines()
                .find(|line| line.contains(&id))
                .map(str::to_owned)
        });
        let entry: serde_json::Value = serde_json::from_str(&line).expect(&line);
        assert_eq!(entry["request_id"], id.as_str(), "{entry:#}");
        assert_eq!(entry["status"], 200, "{entry:#}");
        assert_eq!(entry["host"], HOST, "{entry:#}");
        assert_eq!(entry["uri"], "/page?x=%22", "{entry:#}");
        assert_eq!(entry["agent"], "a \"quoted\" \\ agent \u{e9}", "{entry:#}");
        assert_eq!(entry["client"], "127.0.0.1", "{entry:#}");
    });
}

#[test]
fn uploads_end_at_the_limit() {
    let stage = Stage::new();
    for_each_engine(|engine| {
        let site = stage.start(engine);
        let client = site.tls();
        for (target, limit) in [("/page", 64 << 10), ("/upload/", 256 << 10)] {
            let body: Vec<u8> = (0..limit).map(|index| (index % 251) as u8).collect();
            let response = client.post(target, body.clone()).send();
            let report = response.json();
            if target == "/upload/" {
                assert_eq!(report["bytes"], limit, "{report}");
                assert_eq!(report["sha256"], sha256(&body), "{report}");
            } else {
                assert_eq!(report["body_bytes"], limit, "{report}");
            }
            let response = client.post(target, [body, vec![0]].concat()).send();
            assert_eq!(response.status, 413, "{target}");
        }
    });
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
fn plain_http_is_redirected_and_hsts_is_sent_once() {
    let stage = Stage::new();
    for_each_engine(|engine| {
        let site = stage.start(engine);
        let response = site.plain().get("/page?x=1&y=%20").send();
        assert!(matches!(response.status, 301 | 308), "{}", response.status);
        let target = format!("https://{HOST}:{}/page?x=1&y=%20", site.https);
        assert_eq!(response.header("Location"), Some(target.as_str()));
        assert_eq!(response.header("Strict-Transport-Security"), None);
        // Who makes the certificates must get through without one.
        let challenge = "/.well-known/acme-challenge/token";
        let response = site.plain().get(challenge).send();
        assert_eq!(
            (response.status, response.text().as_str()),
            (200, "token.account")
        );

        let client = site.tls();
        for target in [
            "/page",
            "/healthz/",
            "/static/shop/site.css",
            "/static/missing",
            "/status/500/",
        ] {
            let response = client.get(target).send();
            // `header` fails when there are two: Django sends one of its own.
            let hsts = response.header("Strict-Transport-Security").expect(target);
            assert_eq!(hsts, "max-age=63072000", "{target}");
        }
        let report = client.get("/page").send().json();
        assert_eq!(report["secure"], true, "{report}");
        let response = client.get("/redirect/").send();
        assert_eq!(
            response.header("Location"),
            Some("https://shop.example.com/healthz/")
        );
    });
}

#[test]
fn an_unknown_host_gets_nothing() {
    let stage = Stage::new();
    for_each_engine(|engine| {
        let site = stage.start(engine);
        for host in [
            "unknown.example.com",
            "127.0.0.1",
            "www.shop.example.com",
            "evil",
        ] {
            let answer = site.plain().host(host).get("/").try_send();
            assert!(answer.is_err(), "{host} over HTTP: {answer:?}");
            let answer = site.tls().host(host).get("/").try_send();
            assert!(answer.is_err(), "{host} after a good handshake: {answer:?}");
        }
        let stranger = Client::new(site.https.number(), "unknown.example.com");
        let refused = stranger.tls(site.certificate.clone()).connect();
        let refused = refused
            .err()
            .expect("no handshake for an unknown name")
            .to_string();
        // Before 1.19.4 nginx cannot refuse; it then shows a certificate for another name.
        let refuses = engine.is_at_least(&[1, 19, 4]);
        assert_eq!(refused.contains("alert"), refuses, "{refused}");
        assert_eq!(site.tls().get("/healthz/").send().text(), "ok");
    });
}

#[test]
fn a_login_form_can_be_posted_but_not_hammered() {
    let stage = Stage::new();
    for_each_engine(|engine| {
        let site = stage.start(engine);
        let client = site.tls().host(&format!("{HOST}:{}", site.https));
        let form = client.get("/accounts/login/").send();
        let token = form.json()["token"].as_str().expect("a token").to_owned();
        let cookie = form.header("Set-Cookie").expect("a cookie").to_owned();
        let cookie = cookie.split(';').next().expect("a name and a value");
        let post = |client: &Client| {
            let body = format!("user=anna&csrfmiddlewaretoken={token}");
            client
                .post("/accounts/login/", body)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .header("Cookie", cookie)
                // Django compares it with the scheme and host that it sees.
                .header("Origin", &format!("https://{HOST}:{}", site.https))
                .send()
        };
        // The rate lets one through, the burst two more.
        for _ in 0..3 {
            assert_eq!(post(&client).json()["user"], "anna");
        }
        assert_eq!(post(&client).status, 429);
        for _ in 0..5 {
            assert_eq!(
                client.get("/accounts/login/").send().status,
                200,
                "reading is free"
            );
        }
        let other = client.clone().from([127, 0, 0, 9]);
        assert_eq!(
            post(&other).json()["user"],
            "anna",
            "each client has a budget of its own"
        );
    });
}

#[test]
fn access_lists_and_passwords_act() {
    let stage = Stage::new();
    for_each_engine(|engine| {
        let site = stage.start(engine);
        let from = |host| site.tls().from([127, 0, 0, host]);
        let status = |client: &Client, target: &str| client.get(target).send().status;
        for target in ["/office/", "/office/desk"] {
            assert_eq!(status(&from(1), target), 403, "{target}");
            assert_eq!(status(&from(2), target), 200, "{target}");
            assert_eq!(
                status(&site.tls().from([127, 0, 3, 200]), target),
                200,
                "{target}"
            );
        }
        assert_eq!(status(&from(2), "/blocked/"), 403);
        assert_eq!(status(&from(1), "/blocked/"), 200);

        let with = |client: &Client, target: &str, credentials: &str| {
            client
                .get(target)
                .header("Authorization", credentials)
                .send()
        };
        let response = from(1).get("/staff/").send();
        assert_eq!(response.status, 401);
        assert_eq!(
            response.header("WWW-Authenticate"),
            Some("Basic realm=\"Staff\"")
        );
        assert_eq!(with(&from(1), "/staff/", CREDENTIALS).status, 200);
        assert_eq!(
            with(&from(1), "/staff/", "Basic YW5uYTp3cm9uZw==").status,
            401
        );

        assert_eq!(status(&from(2), "/either/"), 200);
        assert_eq!(status(&from(1), "/either/"), 401);
        assert_eq!(with(&from(1), "/either/", CREDENTIALS).status, 200);

        // A way around through another spelling of the path.
        for target in [
            "//office/",
            "/x/../office/",
            "/%6fffice/",
            "/office/./x",
            "/office",
        ] {
            let response = from(1).get(target).send();
            assert!(
                matches!(response.status, 301 | 308 | 403),
                "{target}: {}",
                response.status
            );
        }
    });
}

#[test]
fn the_down_page_shows_when_all_nodes_are_dead() {
    let mut stage = Stage::new();
    for_each_engine(|engine| {
        let site = stage.start(engine);
        // Django's own errors stay its own.
        for status in [500, 503] {
            let response = site.tls().get(&format!("/status/{status}/")).send();
            assert_eq!(response.status, status);
            assert_eq!(response.text(), format!("application says {status}"));
        }
        stage.node.kill();
        for request in [site.tls().get("/page"), site.tls().post("/orders/", "1")] {
            let response = request.send();
            assert!(matches!(response.status, 502 | 504), "{}", response.status);
            assert_eq!(response.text(), "<h1>Back soon</h1>");
            assert_eq!(response.header("Content-Type"), Some("text/html"));
        }
        assert_eq!(site.tls().get("/static/shop/site.css").send().status, 200);
        stage.node.restart();
    });
}

#[test]
fn the_proxy_protocol_tells_who_the_client_is() {
    let home = Home::new();
    let node = Recorder::on_port(Protocol::Http, None);
    for_each_engine(|engine| {
        let http = Port::lease();
        let topology = Topology::read("proxy_protocol.yaml")
            .with("HTTP", &http)
            .with("NODE", node.address());
        let _nginx = Nginx::start(&home, engine, &topology, http.number());
        let client = Client::new(http.number(), HOST);
        let ask = |address: &str| {
            let mut connection = client.connect().expect("a connection");
            let request = format!(
                "PROXY TCP4 {address} 127.0.0.1 4000 80\r\nGET /inside/ HTTP/1.1\r\n\
                 Host: {HOST}\r\nX-Forwarded-For: 1.2.3.4\r\nConnection: close\r\n\r\n"
            );
            connection.write_all(request.as_bytes()).expect("sent");
            let mut answer = String::new();
            connection.read_to_string(&mut answer).expect("an answer");
            answer
        };
        assert!(ask("203.0.113.7").starts_with("HTTP/1.1 200"));
        let seen = node.take().concat();
        assert!(seen.contains("x-forwarded-for: 203.0.113.7"), "{seen}");
        assert!(!seen.contains("1.2.3.4"), "{seen}");
        assert!(ask("198.51.100.7").starts_with("HTTP/1.1 403"));
    });
}
