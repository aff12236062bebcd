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
use crate::nginx::{Nginx, for_each_engine};
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

    /// Asks all targets, and compares with what nginx has sent.
    fn compare(&self, by_nginx: &BTreeMap<String, Vec<String>>, targets: &Targets) -> Vec<String> {
        let run = probe::run(&targets.targets, &probe::Limits::default(), &mut |_, _| {});
        for probe in run.expect("it runs").probes {
            if let Err(failure) = &probe.answer {
                println!("{}: {failure:?}", probe.address());
            }
        }
        let by_us = self.take();
        let mut differences = Vec::new();
        for (backend, nginx) in by_nginx {
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

/// The inside of `http`, in a whole configuration for an engine.
fn configuration(run: &Path, ready: &Port, inside: &str) -> String {
    format!(
        "pid {run}/nginx.pid;\nerror_log {run}/error.log warn;\nworker_processes 1;\nevents \
         {{ worker_connections 1024; }}\nhttp {{\naccess_log off;\nclient_body_temp_path \
         {run}/temp/a;\nproxy_temp_path {run}/temp/b;\nfastcgi_temp_path \
         {run}/temp/c;\nuwsgi_temp_path {run}/temp/d;\nscgi_temp_path {run}/temp/e;\nserver {{ \
         listen 127.0.0.1:{ready}; return 204; }}\n{inside}\n}}\n",
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
    let mut asked = 0;
    for line in inside.lines() {
        if let Some(url) = line.trim().strip_prefix("# asks ") {
            stage.ask(url);
            asked += 1;
        }
    }
    nginx.stop();
    let differences = stage.compare(&stage.take(), &targets);
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
