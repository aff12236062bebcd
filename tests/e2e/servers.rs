//! Every application server behind one nginx: what Django believes, WebSockets, streaming.

use crate::certificate::Certificate;
use crate::client::{Client, Request};
use crate::django::{Node, Server};
use crate::engines::Engine;
use crate::home::{Home, Port};
use crate::nginx::{Nginx, Topology, for_each_engine};

/// nginx over one node of some servers; the others' sites answer 502.
struct Stage {
    nodes: Vec<(Server, Node)>,
    certificate: Certificate,
    // Last, so that servers are gone when their folder goes.
    home: Home,
}

/// What one engine serves.
struct Running {
    http: Port,
    https: Port,
    _nginx: Nginx,
}

impl Stage {
    fn on_ports(servers: &[Server]) -> Self {
        Self::new(servers, Node::start)
    }

    fn on_sockets(servers: &[Server]) -> Self {
        Self::new(servers, Node::start_unix)
    }

    fn new(
        servers: &[Server],
        start: impl Fn(&Home, Server, &str, &[(&str, &str)]) -> Node,
    ) -> Self {
        let home = Home::new();
        let start = |&server: &Server| (server, start(&home, server, site(server), DJANGO));
        let nodes = servers.iter().map(start).collect();
        let certificate = Certificate::new(&home, &["*.example.com"]);
        Self {
            home,
            nodes,
            certificate,
        }
    }

    fn start(&self, engine: &Engine, trusted: &str) -> Running {
        let (http, https) = (Port::lease(), Port::lease());
        // A node of its own for each pool, because one port speaks one protocol.
        let mut dead = Vec::new();
        let mut topology = Topology::read("servers.yaml")
            .with("HTTP", &http)
            .with("HTTPS", &https)
            .with("CERTIFICATE", self.certificate.file.display())
            .with("KEY", self.certificate.key.display())
            .with("TRUSTED", trusted);
        for server in Server::ALL {
            let node = self.nodes.iter().find(|(known, _)| *known == server);
            let address = node.map_or_else(
                || {
                    dead.push(Port::lease());
                    format!("127.0.0.1:{}", dead[dead.len() - 1])
                },
                |(_, node)| node.address(),
            );
            topology = topology.with(&site(server).to_uppercase(), address);
        }
        let nginx = Nginx::start(&self.home, engine, &topology, http.number());
        Running {
            http,
            https,
            _nginx: nginx,
        }
    }

    fn servers(&self) -> impl Iterator<Item = Server> {
        self.nodes.iter().map(|(server, _)| *server)
    }
}

/// The settings of someone who trusts his proxy as far as Django allows it.
const DJANGO: &[(&str, &str)] = &[
    ("SECURE_PROXY_SSL_HEADER", "HTTP_X_FORWARDED_PROTO,https"),
    ("USE_X_FORWARDED_HOST", "1"),
];

fn site(server: Server) -> &'static str {
    match server {
        Server::Gunicorn => "gunicorn",
        Server::GunicornUwsgi => "gunicornuwsgi",
        Server::Uvicorn => "uvicorn",
        Server::Daphne => "daphne",
        Server::Hypercorn => "hypercorn",
        Server::Granian => "granian",
        Server::Waitress => "waitress",
        Server::Uwsgi | Server::UwsgiHttp => "uwsgi",
    }
}

/// Everything by which a client may say that it is someone else, somewhere else.
fn forge(request: Request<'_>) -> Request<'_> {
    request
        .header("X-Forwarded-For", "203.0.113.66")
        .header("X-Forwarded-Proto", "https")
        .header("X-Forwarded-Host", "forged.example.com")
        .header("X-Forwarded-Port", "6666")
        .header("X-Forwarded-Ssl", "on")
        .header("X-Forwarded-Protocol", "https")
        .header("X-Forwarded-Scheme", "https")
        .header("X-Url-Scheme", "https")
        .header("X-Scheme", "https")
        .header("X-Real-IP", "203.0.113.66")
        .header(
            "Forwarded",
            "for=203.0.113.66;proto=https;host=forged.example.com",
        )
        .header("X_Forwarded_Proto", "https")
        .header("X_Forwarded_For", "203.0.113.66")
        .header("X_Forwarded_Host", "forged.example.com")
        .header("HTTPS", "on")
        .header("Front-End-Https", "on")
        .header("Proxy", "http://203.0.113.66:6666")
}

/// What Django must believe.
struct Truth<'a> {
    scheme: &'a str,
    host: String,
    client: &'a str,
}

impl Truth<'_> {
    fn assert_believed(&self, server: Server, report: &serde_json::Value) {
        let told = |what: &str| format!("{server:?} is wrong about {what}: {report:#}");
        assert_eq!(report["scheme"], self.scheme, "{}", told("the scheme"));
        assert_eq!(
            report["secure"],
            self.scheme == "https",
            "{}",
            told("the scheme")
        );
        assert_eq!(report["host"], self.host.as_str(), "{}", told("the host"));
        let header = |name: &str| report["headers"][name].as_str().unwrap_or_default();
        assert_eq!(
            header("HTTP_X_FORWARDED_FOR"),
            self.client,
            "{}",
            told("the client")
        );
        assert_eq!(
            header("HTTP_X_REAL_IP"),
            self.client,
            "{}",
            told("the client")
        );
        assert_eq!(
            header("HTTP_X_FORWARDED_PROTO"),
            self.scheme,
            "{}",
            told("the scheme")
        );
        // Servers that know their client by the protocol or by the proxy's word for it.
        if matches!(server, Server::Uwsgi | Server::Uvicorn | Server::Waitress) {
            assert_eq!(report["address"], self.client, "{}", told("the client"));
        }
        for name in [
            "HTTP_X_FORWARDED_HOST",
            "HTTP_X_FORWARDED_PORT",
            "HTTP_X_FORWARDED_SSL",
            "HTTP_X_FORWARDED_PROTOCOL",
            "HTTP_FORWARDED",
            "HTTP_PROXY",
        ] {
            assert_eq!(header(name), "", "{}", told(name));
        }
    }
}

#[test]
fn django_knows_scheme_host_and_client_whatever_the_client_says() {
    let stage = Stage::on_ports(&Server::ALL);
    for_each_engine(|engine| {
        let running = stage.start(engine, "");
        for server in stage.servers() {
            let host = format!("{}.example.com", site(server));
            let plain = |port: &Port| {
                let client = Client::new(port.number(), &host).host(&format!("{host}:{port}"));
                client.from([127, 0, 0, 7])
            };
            let http = plain(&running.http);
            let tls = Client::new(running.https.number(), &host)
                .tls(stage.certificate.client())
                .host(&format!("{host}:{}", running.https))
                .from([127, 0, 0, 7]);
            let truth = Truth {
                scheme: "http",
                host: format!("{host}:{}", running.http),
                client: "127.0.0.7",
            };
            truth.assert_believed(server, &http.get("/page?x=1").send().json());
            truth.assert_believed(server, &forge(http.get("/page?x=1")).send().json());
            let truth = Truth {
                scheme: "https",
                host: format!("{host}:{}", running.https),
                client: "127.0.0.7",
            };
            truth.assert_believed(server, &tls.get("/page?x=1").send().json());
            let report = forge(tls.post("/page?x=1", "12345")).send().json();
            truth.assert_believed(server, &report);
            assert_eq!(report["path"], "/page", "{report}");
            assert_eq!(report["query"], "x=1", "{report}");
            assert_eq!(report["body_bytes"], 5, "{report}");
        }
    });
}

#[test]
fn only_a_trusted_proxy_is_believed() {
    let servers = [Server::Gunicorn, Server::Uvicorn, Server::Uwsgi];
    let stage = Stage::on_ports(&servers);
    for_each_engine(|engine| {
        let running = stage.start(engine, "trusted_proxies: {networks: [127.0.0.2/32]}");
        for server in stage.servers() {
            let host = format!("{}.example.com", site(server));
            let client = Client::new(running.http.number(), &host);
            let proxy = client.clone().from([127, 0, 0, 2]);
            let stranger = client.from([127, 0, 0, 3]);
            let behind = |scheme: &str| {
                let request = proxy.get("/").header("X-Forwarded-For", "203.0.113.9");
                request.header("X-Forwarded-Proto", scheme)
            };
            let truth = |scheme, client| Truth {
                scheme,
                host: host.clone(),
                client,
            };
            let secure = truth("https", "203.0.113.9");
            secure.assert_believed(server, &behind("https").send().json());
            truth("http", "203.0.113.9").assert_believed(server, &behind("http").send().json());
            let strange = behind("javascript").send().json();
            truth("http", "203.0.113.9").assert_believed(server, &strange);
            // What the client itself told the proxy stands to the left, and is not believed.
            let told = proxy
                .get("/")
                .header("X-Forwarded-For", "198.51.100.1, 203.0.113.9")
                .header("X-Forwarded-Proto", "https");
            secure.assert_believed(server, &told.send().json());
            // A chain of trusted proxies is followed to its beginning.
            let chain = proxy
                .get("/")
                .header("X-Forwarded-For", "198.51.100.1, 203.0.113.9, 127.0.0.2")
                .header("X-Forwarded-Proto", "https");
            secure.assert_believed(server, &chain.send().json());
            let forged = forge(stranger.get("/")).send().json();
            truth("http", "127.0.0.3").assert_believed(server, &forged);
        }
    });
}

#[test]
fn websockets_echo() {
    let servers = [
        Server::Daphne,
        Server::Uvicorn,
        Server::Hypercorn,
        Server::Granian,
    ];
    let stage = Stage::on_sockets(&servers);
    for_each_engine(|engine| {
        let running = stage.start(engine, "");
        for server in stage.servers() {
            let host = format!("{}.example.com", site(server));
            let plain = Client::new(running.http.number(), &host);
            echo(server, "ws", &host, &plain);
            let secure = Client::new(running.https.number(), &host);
            echo(
                server,
                "wss",
                &host,
                &secure.tls(stage.certificate.client()),
            );
        }
    });
}

fn echo(server: Server, scheme: &str, host: &str, client: &Client) {
    use tungstenite::Message;
    let connection = client.connect().expect("a connection");
    let url = format!("{scheme}://{host}/ws/echo/");
    let (mut socket, response) = tungstenite::client(url.as_str(), connection)
        .unwrap_or_else(|error| panic!("{server:?} {scheme}: no WebSocket: {error}"));
    assert_eq!(response.status(), 101);
    let greeting = socket
        .read()
        .expect("a greeting")
        .into_text()
        .expect("text");
    let greeting: serde_json::Value = serde_json::from_str(&greeting).expect("JSON");
    assert_eq!(greeting["node"], site(server), "{greeting}");
    let proto = if scheme == "ws" { "http" } else { "https" };
    assert_eq!(
        greeting["headers"]["x-forwarded-proto"], proto,
        "{greeting}"
    );
    for message in [
        Message::text("hello"),
        Message::binary(vec![0, 255, 7]),
        Message::text("x".repeat(100_000)),
    ] {
        socket.send(message.clone()).expect("sent");
        assert_eq!(
            socket.read().expect("an echo"),
            message,
            "{server:?} {scheme}"
        );
    }
    socket.close(None).expect("closed");
    let end = loop {
        if let Err(error) = socket.read() {
            break error;
        }
    };
    assert!(
        matches!(end, tungstenite::Error::ConnectionClosed),
        "{server:?}: {end}"
    );
}

#[test]
fn streamed_responses_arrive_piece_by_piece() {
    let servers = [
        Server::Gunicorn,
        Server::Uvicorn,
        Server::Daphne,
        Server::Uwsgi,
    ];
    let stage = Stage::on_sockets(&servers);
    for_each_engine(|engine| {
        let running = stage.start(engine, "");
        for server in stage.servers() {
            let client = Client::new(
                running.http.number(),
                &format!("{}.example.com", site(server)),
            );
            let run = format!("{}-{}", engine.name, site(server));
            let mut response = client.get(&format!("/stream/?run={run}&pieces=3")).open();
            assert_eq!(response.status, 200);
            for piece in 1..=3 {
                // The application sends the next piece only when this one has arrived.
                assert_eq!(response.line(), format!("piece {piece}\n"), "{server:?}");
                stage.home.write(&format!("state/{run}-{}", piece + 1), "");
            }
            assert_eq!(response.line(), "", "{server:?}");
        }
    });
}
