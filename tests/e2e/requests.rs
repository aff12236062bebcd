//! What `probe` sends is what nginx sends: both ask the same recording backends, header by
//! header, parameter by parameter.
//!
//! The files of `fixtures/probe/requests` are the inside of `http`. In them `{{KIND-NAME}}`
//! is the address of a backend (see [`Stage::value`]), `{{port-NAME}}` a port, and each line
//! `# asks URL` is a request of the client that the contract assumes; `ws` and `wss` stand for
//! WebSockets.
//! Random configurations come on top: `DJANGINX_SEED` repeats a run, `DJANGINX_WORLDS` makes
//! it longer.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use djanginx::directives::Modules;
use djanginx::model::files::Memory;
use djanginx::model::{Limits, Prefix, Texts};
use djanginx::probe::{self, Targets, Wishes};
use djanginx::verdict::{self, Options, Start};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::certificate::Certificate;
use crate::client::Client;
use crate::engines::Engine;
use crate::home::{Home, Port};
use crate::nginx::{Nginx, Topology, for_each_engine};
use crate::random::{self, Random, setting};
use crate::recorder::{Protocol, Recorder};

/// The backends and ports of a configuration, by their placeholders.
struct Stage {
    backends: BTreeMap<String, Recorder>,
    ports: BTreeMap<String, Port>,
    certificate: Certificate,
    home: Home,
}

impl Stage {
    fn new() -> Self {
        let home = Home::new();
        let certificate = Certificate::new(&home, &["*.example.com", "node.test"]);
        Self {
            backends: BTreeMap::new(),
            ports: BTreeMap::new(),
            certificate,
            home,
        }
    }

    /// Fills a text in; what it names for the first time is made.
    fn fill(&mut self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        for (index, part) in text.split("{{").enumerate() {
            match part.split_once("}}") {
                Some((name, behind)) if index > 0 => {
                    filled.push_str(&self.value(name));
                    filled.push_str(behind);
                }
                _ => filled.push_str(part),
            }
        }
        filled
    }

    /// The address of a backend (of HTTP, of uwsgi's protocol, of both inside TLS, on a port or
    /// on a unix socket), a port, or a file.
    fn value(&mut self, name: &str) -> String {
        match name {
            "certificate" => return self.certificate.file.display().to_string(),
            "key" => return self.certificate.key.display().to_string(),
            _ => {}
        }
        let kind = name.split('-').next().unwrap_or_default();
        if kind == "port" {
            let port = self.ports.entry(name.to_owned());
            return port.or_insert_with(Port::lease).to_string();
        }
        if !self.backends.contains_key(name) {
            let socket = self.home.path(&format!("{name}.sock"));
            let tls = || Some(self.server_config());
            let recorder = match kind {
                "http" => Recorder::on_port(Protocol::Http, None),
                "https" => Recorder::on_port(Protocol::Http, tls()),
                "uwsgi" => Recorder::on_port(Protocol::Uwsgi, None),
                "suwsgi" => Recorder::on_port(Protocol::Uwsgi, tls()),
                "unix" => Recorder::on_socket(&socket, Protocol::Http, None),
                "unixs" => Recorder::on_socket(&socket, Protocol::Http, tls()),
                "uwsgiunix" => Recorder::on_socket(&socket, Protocol::Uwsgi, None),
                _ => panic!("`{{{{{name}}}}}` is no placeholder"),
            };
            self.backends.insert(name.to_owned(), recorder);
        }
        self.backends[name].address().to_owned()
    }

    fn server_config(&self) -> Arc<rustls::ServerConfig> {
        let certificate =
            CertificateDer::from_pem_file(&self.certificate.file).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(&self.certificate.key).expect("a key");
        let provider = rustls::crypto::ring::default_provider();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("they fit");
        Arc::new(config)
    }

    /// A request of the assumed client, which nginx has to hand on.
    fn ask(&self, url: &str) {
        let (scheme, rest) = url.split_once("://").expect("a URL");
        let (host, path) = rest.split_at(rest.find('/').expect("a path"));
        let (name, port) = host.rsplit_once(':').expect("a port");
        let mut client = Client::new(port.parse().expect("a number"), name);
        if matches!(scheme, "https" | "wss") {
            client = client.tls(self.certificate.client());
        }
        let agent = concat!("djanginx/", env!("CARGO_PKG_VERSION"));
        let mut head = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\n"
        );
        if let Some(tls) = scheme.strip_prefix("ws") {
            let _ = write!(
                head,
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: \
                 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http{tls}://{host}\r\n"
            );
        }
        head += "\r\n";
        let mut connection = client.connect().expect("nginx listens");
        connection.write_all(head.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
            let count = connection.read(&mut buffer).expect("an answer");
            assert_ne!(count, 0, "{url}: the answer ends");
            answer.extend_from_slice(&buffer[..count]);
        }
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(
            answer.starts_with("HTTP/1.1 200 "),
            "{url} gets nowhere: {answer}"
        );
    }

    /// What each backend was asked since the last time.
    fn take(&self) -> BTreeMap<String, Vec<String>> {
        let taken = self.backends.iter();
        taken
            .map(|(name, recorder)| (name.clone(), recorder.take()))
            .collect()
    }

    /// What each backend is asked otherwise by `probe` than it was by nginx.
    fn differences(&self, probe: impl FnOnce()) -> Vec<String> {
        let by_nginx = self.take();
        probe();
        let by_us = self.take();
        let mut differences = Vec::new();
        for (backend, nginx) in &by_nginx {
            let ours = &by_us[backend];
            assert!(!nginx.is_empty(), "nginx has not asked {backend}");
            if nginx != ours {
                differences.push(format!(
                    "── {backend} ──\nnginx:\n{}\nprobe:\n{}\n",
                    nginx.join("\n\n"),
                    ours.join("\n\n")
                ));
            }
        }
        differences
    }

    /// Asks nginx what the comments of a text say; returns how often.
    fn ask_all(&self, text: &str) -> usize {
        let urls = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("# asks "));
        let urls: Vec<&str> = urls.collect();
        for url in &urls {
            self.ask(url);
        }
        urls.len()
    }
}

/// What `probe` asks for a configuration.
fn targets(text: &str, folder: &Path, engine: &Engine) -> Targets {
    let memory = Memory::new();
    let mut texts = Texts::new(&memory, Limits::default());
    let root = texts.add("nginx.conf", text.as_bytes().to_vec());
    let config = texts.follow(root.expect("within the limits"), Prefix::of_folder(folder));
    let options = Options {
        target: engine.version.parse().expect("a release"),
        modules: Modules::All,
        live: false,
        start: Start::Whole,
    };
    let reading = verdict::read(&texts, &config, &options);
    probe::of_model(&reading.model, folder, &Wishes::default())
}

/// The inside of `http`, in a whole configuration for an engine; `ready` is listened on last.
fn configuration(run: &Path, ready: &Port, inside: &str) -> String {
    format!(
        "pid {run}/nginx.pid;\nerror_log {run}/error.log warn;\nworker_processes 1;\nevents \
         {{ worker_connections 1024; }}\nhttp {{\naccess_log off;\nclient_body_temp_path \
         {run}/temp/a;\nproxy_temp_path {run}/temp/b;\nfastcgi_temp_path \
         {run}/temp/c;\nuwsgi_temp_path {run}/temp/d;\nscgi_temp_path \
         {run}/temp/e;\n{inside}\nserver {{ listen 127.0.0.1:{ready}; return 204; }}\n}}\n",
        run = run.display(),
    )
}

/// Compares an inside of `http` with an engine.
fn compare(engine: &Engine, inside: &str, what: &str) -> usize {
    let mut stage = Stage::new();
    let inside = stage.fill(inside);
    let name = format!("run-{}", engine.name);
    let run = stage.home.writable(&name);
    stage.home.writable(&format!("{name}/temp"));
    let ready = Port::lease();
    let text = configuration(&run, &ready, &inside);
    let config = stage.home.write(&format!("{name}/nginx.conf"), &text);
    let targets = targets(&text, &run, engine);

    let nginx = Nginx::start_noisy(&stage.home, engine, &run, &config, ready.number());
    let asked = stage.ask_all(&inside);
    nginx.stop();
    let differences = stage.differences(|| {
        let run = probe::run(&targets.targets, &probe::Limits::default(), &mut |_, _| {});
        for probe in run.expect("it runs").probes {
            if let Err(failure) = &probe.answer {
                println!("{}: {failure:?}", probe.address());
            }
        }
    });
    assert!(
        differences.is_empty(),
        "{what}: {} of {} backends are asked otherwise\n{}\nskipped: {:?}",
        differences.len(),
        stage.backends.len(),
        differences.join("\n"),
        targets.skipped,
    );
    asked
}

fn compare_file(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/probe/requests")
        .join(name);
    let text = std::fs::read_to_string(&path).expect("a fixture");
    for_each_engine(|engine| {
        assert!(compare(engine, &text, name) > 0, "{name} asks nothing");
    });
}

#[test]
fn paths() {
    compare_file("paths.conf");
}

#[test]
fn headers() {
    compare_file("headers.conf");
}

#[test]
fn inherited_headers() {
    compare_file("inherited.conf");
}

#[test]
fn secure_backends() {
    compare_file("secure.conf");
}

#[test]
fn uwsgi_parameters() {
    compare_file("uwsgi.conf");
}

#[test]
fn topologies() {
    for_each_engine(|engine| {
        let mut stage = Stage::new();
        let mut text = String::new();
        let topology = Topology::read("requests.yaml").filled(|unfilled| {
            text = stage.fill(unfilled);
            text.clone()
        });
        let port = stage.ports["port-a"].number();
        let nginx = Nginx::start(&stage.home, engine, &topology, port);
        assert!(stage.ask_all(&text) > 0);
        nginx.stop();
        let file = stage.home.path(&format!("topology-{}.yaml", engine.name));
        let differences = stage.differences(|| {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_djanginx"));
            let output = command.arg("probe").arg(file).output();
            let output = output.expect("djanginx can be run");
            println!("{}", String::from_utf8_lossy(&output.stdout));
        });
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    });
}

/// Directives that a block may have once.
const ONCE: &[&str] = &[
    "proxy_http_version 1.1;",
    "proxy_http_version 1.0;",
    "proxy_pass_request_headers off;",
];

/// Directives that a block may have as often as it wants.
const OFTEN: &[&str] = &[
    "proxy_set_header Host $host;",
    "proxy_set_header Host $http_host;",
    "proxy_set_header Host $host:$server_port;",
    "proxy_set_header Host $proxy_host;",
    "proxy_set_header Host app.internal;",
    "proxy_set_header Connection \"\";",
    "proxy_set_header Connection $upgrade;",
    "proxy_set_header Connection keep-alive;",
    "proxy_set_header X-Real-IP $remote_addr;",
    "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    "proxy_set_header X-Forwarded-For $remote_addr;",
    "proxy_set_header X-Forwarded-Proto $scheme;",
    "proxy_set_header X-Forwarded-Proto https;",
    "proxy_set_header X-Forwarded-Host $host;",
    "proxy_set_header X-Forwarded-Port $server_port;",
    "proxy_set_header X-Request-ID $request_id;",
    "proxy_set_header X-Original-URI $request_uri;",
    "proxy_set_header X-Uri $uri$is_args$args;",
    "proxy_set_header X-Kind $kind;",
    "proxy_set_header X-Name $server_name;",
    "proxy_set_header Accept-Encoding \"\";",
    "proxy_set_header User-Agent $http_user_agent-proxied;",
    "proxy_set_header Accept \"\";",
    "uwsgi_param HTTP_HOST $host;",
    "uwsgi_param PATH_INFO $uri;",
    "uwsgi_param REQUEST_URI $request_uri;",
    "uwsgi_param HTTPS $https if_not_empty;",
    "uwsgi_param REQUEST_SCHEME $scheme;",
    "uwsgi_param SCRIPT_NAME \"\";",
    "uwsgi_param HTTP_X_KIND $kind;",
];

/// How a location is written, and a path that leads there.
const LOCATIONS: &[(&str, &str)] = &[
    ("/", "/"),
    ("/api/", "/api/"),
    ("/api", "/api"),
    ("= /ping", "/ping"),
    ("^~ /files/", "/files/"),
    ("~ ^/re/(.*)$", "/re/"),
    ("~* ^/(?<part>[a-z]+)/edit$", "/a/edit"),
    ("\"/with blank/\"", "/with%20blank/"),
];

fn lines(random: &mut Random, text: &mut String, most: usize) {
    if random.chance(40) {
        let _ = writeln!(text, "{}", random.pick(ONCE));
    }
    for _ in 0..random.below(most + 1) {
        let _ = writeln!(text, "{}", random.pick(OFTEN));
    }
}

/// A server with one location that hands requests on to a backend of its own.
fn world(random: &mut Random, number: usize) -> String {
    let mut upstream = String::new();
    let mut text = String::new();
    let (location, path) = LOCATIONS[random.below(LOCATIONS.len())];
    let tls = random.chance(15);
    let (scheme, ssl) = if tls { ("https", " ssl") } else { ("http", "") };
    let _ = writeln!(
        text,
        "server {{\nlisten 127.0.0.1:{{{{port-{number}}}}}{ssl};"
    );
    if tls {
        text += "ssl_certificate {{certificate}};\nssl_certificate_key {{key}};\n";
    }
    let host = *random.pick(&[&"shop.example.com", &"www.example.com"]);
    let _ = writeln!(
        text,
        "server_name *.example.org {host} _;\nset $kind {number};"
    );
    if random.chance(40) {
        lines(random, &mut text, 4);
    }
    let _ = writeln!(
        text,
        "# asks {scheme}://{host}:{{{{port-{number}}}}}{path}\nlocation {location} {{"
    );
    lines(random, &mut text, 5);
    if random.chance(20) {
        let flag = random.pick(&["break", "last"]);
        let _ = writeln!(text, "rewrite ^(/api)/?$ $1/v2/?k=$kind {flag};");
    }
    if random.chance(20) {
        text += "if ($http_accept = \"*/*\") { set $kind any; }\n";
    }
    let kind = *random.pick(&[
        &"http", &"http", &"http", &"https", &"unix", &"uwsgi", &"suwsgi",
    ]);
    let mut address = format!("{{{{{kind}-{number}}}}}");
    if random.chance(40) {
        let _ = writeln!(upstream, "upstream pool{number} {{\nserver {address};");
        if random.chance(50) {
            upstream += "keepalive 4;\n";
        }
        upstream += "}\n";
        address = format!("pool{number}");
    }
    let directive = match kind {
        "uwsgi" => format!("uwsgi_pass {address};"),
        "suwsgi" => format!("uwsgi_ssl_session_reuse off;\nuwsgi_pass suwsgi://{address};"),
        _ => {
            let scheme = if kind == "https" { "https" } else { "http" };
            let mut uri = *random.pick(&[&"", &"", &"/", &"/base", &"/base/?fixed=1"]);
            if location.starts_with('~') {
                uri = random.pick(&["", "/base/$1", "$request_uri", "/$kind"]);
            }
            if kind == "unix" && !uri.is_empty() && !address.starts_with("pool") {
                address.push(':');
            }
            if kind == "https" {
                text += "proxy_ssl_session_reuse off;\n";
                let name = random.pick(&["", "proxy_ssl_name node.test;\n"]);
                text += name;
                text += random.pick(&["", "proxy_ssl_server_name on;\n"]);
            }
            format!("proxy_pass {scheme}://{address}{uri};")
        }
    };
    let _ = writeln!(text, "{directive}\n}}\n}}");
    upstream + &text
}

#[test]
fn random_configurations() {
    let seed = random::seed();
    let worlds = setting("DJANGINX_WORLDS").unwrap_or(60) as usize;
    for_each_engine(|engine| {
        let mut random = Random::new(seed);
        let mut text = "map $http_upgrade $upgrade { default upgrade; \"\" close; }\n".to_owned();
        if random.chance(50) {
            lines(&mut random, &mut text, 4);
        }
        for number in 0..worlds {
            text += &world(&mut random, number);
        }
        let asked = compare(engine, &text, &format!("DJANGINX_SEED={seed}"));
        assert_eq!(asked, worlds);
    });
}
