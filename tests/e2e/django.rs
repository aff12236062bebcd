//! The Django project of `fixtures/django` under real application servers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::engines::engines;
use crate::home::{Home, Port};
use crate::process::{Process, supervised};

/// An application server, by the protocol it speaks with nginx.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Server {
    Gunicorn,
    GunicornUwsgi,
    Uvicorn,
    Daphne,
    Hypercorn,
    Granian,
    Waitress,
    Uwsgi,
    /// uWSGI with a socket of HTTP.
    UwsgiHttp,
}

impl Server {
    pub(crate) const ALL: [Self; 8] = [
        Self::Gunicorn,
        Self::GunicornUwsgi,
        Self::Uvicorn,
        Self::Daphne,
        Self::Hypercorn,
        Self::Granian,
        Self::Waitress,
        Self::Uwsgi,
    ];

    fn speaks_uwsgi(self) -> bool {
        matches!(self, Self::GunicornUwsgi | Self::Uwsgi)
    }
}

/// Where a node listens.
enum Address {
    Tcp(Port),
    Unix(PathBuf),
}

impl Address {
    /// As a topology has it.
    fn in_topology(&self) -> String {
        match self {
            Self::Tcp(port) => format!("127.0.0.1:{port}"),
            Self::Unix(path) => format!("unix:{}", path.display()),
        }
    }

    /// What the node answers to bytes of ours.
    fn exchange(&self, sent: &[u8]) -> std::io::Result<Vec<u8>> {
        fn talk(mut stream: impl Read + Write, sent: &[u8]) -> std::io::Result<Vec<u8>> {
            stream.write_all(sent)?;
            let mut received = Vec::new();
            stream.read_to_end(&mut received)?;
            Ok(received)
        }
        match self {
            Self::Tcp(port) => talk(TcpStream::connect(("127.0.0.1", port.number()))?, sent),
            Self::Unix(path) => talk(UnixStream::connect(path)?, sent),
        }
    }
}

/// One process (with its workers) that serves the project.
pub(crate) struct Node {
    server: Server,
    name: String,
    address: Address,
    environment: Vec<(String, String)>,
    log: PathBuf,
    process: Process,
}

impl Node {
    /// Starts a node on a port of its own and waits until it answers.
    pub(crate) fn start(home: &Home, server: Server, name: &str, env: &[(&str, &str)]) -> Self {
        Self::start_at(home, server, name, Address::Tcp(Port::lease()), env)
    }

    /// Starts a node on a unix socket.
    pub(crate) fn start_unix(
        home: &Home,
        server: Server,
        name: &str,
        env: &[(&str, &str)],
    ) -> Self {
        let address = Address::Unix(home.path(&format!("{name}.sock")));
        Self::start_at(home, server, name, address, env)
    }

    fn start_at(
        home: &Home,
        server: Server,
        name: &str,
        address: Address,
        env: &[(&str, &str)],
    ) -> Self {
        let mut node = Self::launch_at(home, server, name, address, env);
        node.wait_until_ready();
        node
    }

    /// Starts a node on a port of its own, or on a socket, and does not wait for it.
    pub(crate) fn launch(
        home: &Home,
        server: Server,
        name: &str,
        on_socket: bool,
        env: &[(&str, &str)],
    ) -> Self {
        let address = match on_socket {
            false => Address::Tcp(Port::lease()),
            true => Address::Unix(home.path(&format!("{name}.sock"))),
        };
        Self::launch_at(home, server, name, address, env)
    }

    fn launch_at(
        home: &Home,
        server: Server,
        name: &str,
        address: Address,
        env: &[(&str, &str)],
    ) -> Self {
        let shared = state_folder(home);
        let mut environment = project_environment(&shared);
        environment.push(("NODE".to_owned(), name.to_owned()));
        environment.extend(
            env.iter()
                .map(|&(key, value)| (key.to_owned(), value.to_owned())),
        );
        let log = home.path(&format!("{name}.log"));
        let process = spawn(server, name, &address, &environment, &log);
        Self {
            server,
            name: name.to_owned(),
            address,
            environment,
            log,
            process,
        }
    }

    /// Its address, as a topology has it.
    pub(crate) fn address(&self) -> String {
        self.address.in_topology()
    }

    /// SIGKILL for it and its workers.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
        if let Address::Unix(path) = &self.address {
            let _ = std::fs::remove_file(path);
        }
    }

    /// Starts it again at the same address and waits until it answers.
    pub(crate) fn restart(&mut self) {
        self.process = spawn(
            self.server,
            &self.name,
            &self.address,
            &self.environment,
            &self.log,
        );
        self.wait_until_ready();
    }

    /// Waits until it answers.
    pub(crate) fn wait_until_ready(&mut self) {
        let request = if self.server.speaks_uwsgi() {
            uwsgi_request("/healthz/")
        } else {
            b"GET /healthz/ HTTP/1.0\r\nHost: localhost\r\n\r\n".to_vec()
        };
        let address = &self.address;
        self.process.wait_until_ready(|| {
            let answer = address.exchange(&request).unwrap_or_default();
            String::from_utf8_lossy(&answer)
                .lines()
                .next()
                // It may want TLS.
                .is_some_and(|line| line.contains(" 200") || line.contains(" 301"))
        });
    }
}

/// The folder that all nodes of a test share.
pub(crate) fn state_folder(home: &Home) -> PathBuf {
    let path = home.path("state");
    std::fs::create_dir_all(&path).expect("a folder");
    path
}

/// Collects static files under hashed names, as a deployment does.
pub(crate) fn collect_static(home: &Home, root: &Path) {
    let mut command = Command::new(engines().python());
    command.args(["manage.py", "collectstatic", "--noinput", "--verbosity=0"]);
    let environment = project_environment(&state_folder(home));
    command
        .current_dir(project())
        .envs(environment)
        .env_remove("PYTHONDONTWRITEBYTECODE");
    let output = command
        .env("STATIC_ROOT", root)
        .output()
        .expect("Python can be run");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/django")
}

fn project_environment(shared: &Path) -> Vec<(String, String)> {
    // Compiled modules are shared by all runs, outside the fixtures.
    let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join(".engines/pycache");
    let text = |path: &Path| path.display().to_string();
    [
        ("PYTHONPYCACHEPREFIX", text(&cache)),
        ("PYTHONUNBUFFERED", "1".to_owned()),
        ("STATE_DIR", text(shared)),
        ("ALLOWED_HOSTS", "localhost,.example.com".to_owned()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .to_vec()
}

fn spawn(
    server: Server,
    name: &str,
    address: &Address,
    environment: &[(String, String)],
    log: &Path,
) -> Process {
    let mut command = supervised(engines().python(), "TERM");
    command
        .args(arguments(server, address))
        .current_dir(project());
    command.envs(environment.iter().map(|(key, value)| (key, value)));
    command.env_remove("PYTHONDONTWRITEBYTECODE");
    Process::start(&format!("{server:?} {name}"), &mut command, log)
}

/// What the interpreter gets: the server as its users start it, on that address.
fn arguments(server: Server, address: &Address) -> Vec<String> {
    let line = match (server, address) {
        (Server::Gunicorn | Server::GunicornUwsgi, _) => {
            let protocol = if server == Server::Gunicorn {
                "http"
            } else {
                "uwsgi"
            };
            let bind = address.in_topology();
            format!(
                "-m gunicorn --bind {bind} --threads 8 --protocol {protocol} \
                 --no-control-socket shop.wsgi"
            )
        }
        (Server::Uvicorn, Address::Tcp(port)) => {
            format!("-m uvicorn --port {port} --no-access-log shop.asgi:application")
        }
        (Server::Uvicorn, Address::Unix(path)) => {
            format!(
                "-m uvicorn --uds {} --no-access-log shop.asgi:application",
                path.display()
            )
        }
        (Server::Daphne, Address::Tcp(port)) => {
            format!("-m daphne -b 127.0.0.1 -p {port} shop.asgi:application")
        }
        (Server::Daphne, Address::Unix(path)) => {
            format!("-m daphne -u {} shop.asgi:application", path.display())
        }
        (Server::Hypercorn, _) => {
            let bind = address.in_topology();
            format!("-m hypercorn --bind {bind} --umask 0 shop.asgi:application")
        }
        (Server::Granian, Address::Tcp(port)) => {
            format!(
                "-m granian --interface asgi --host 127.0.0.1 --port {port} \
                 shop.asgi:application"
            )
        }
        (Server::Granian, Address::Unix(path)) => {
            format!(
                "-m granian --interface asgi --uds {} --uds-permissions 666 \
                 shop.asgi:application",
                path.display()
            )
        }
        (Server::Waitress, address) => {
            let listen = match address {
                Address::Tcp(port) => format!("--listen=127.0.0.1:{port}"),
                Address::Unix(path) => {
                    format!("--unix-socket={} --unix-socket-perms=666", path.display())
                }
            };
            // Without these it drops what the proxy says.
            format!(
                "-m waitress {listen} --trusted-proxy=127.0.0.1 \
                 --trusted-proxy-headers=x-forwarded-for&x-forwarded-proto shop.wsgi:application"
            )
        }
        (Server::Uwsgi | Server::UwsgiHttp, address) => {
            let socket = match address {
                Address::Tcp(port) => format!("127.0.0.1:{port}"),
                Address::Unix(path) => path.display().to_string(),
            };
            let kind = if server == Server::Uwsgi {
                "socket"
            } else {
                "http-socket"
            };
            format!(
                "-c import&pyuwsgi;pyuwsgi.run() --{kind} {socket} --chmod-socket=666 \
                 --module shop.wsgi --need-app --master --die-on-term --threads 8 \
                 --disable-logging"
            )
        }
    };
    // `&` stands for the blank inside an argument; no temporary path has one.
    line.split(' ')
        .filter(|word| !word.is_empty())
        .map(|word| word.replace('&', " "))
        .collect()
}

/// A GET in uWSGI's own protocol: a packet of names and values, each after its length.
fn uwsgi_request(path: &str) -> Vec<u8> {
    let variables = [
        ("REQUEST_METHOD", "GET"),
        ("PATH_INFO", path),
        ("REQUEST_URI", path),
        ("QUERY_STRING", ""),
        ("SERVER_PROTOCOL", "HTTP/1.0"),
        ("SERVER_NAME", "localhost"),
        ("SERVER_PORT", "80"),
        ("REMOTE_ADDR", "127.0.0.1"),
        ("HTTP_HOST", "localhost"),
    ];
    let length = |text: &[u8]| u16::try_from(text.len()).expect("short").to_le_bytes();
    let mut body = Vec::new();
    for text in variables
        .iter()
        .flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()])
    {
        body.extend_from_slice(&length(text));
        body.extend_from_slice(text);
    }
    let mut packet = vec![0];
    packet.extend_from_slice(&length(&body));
    packet.push(0);
    packet.extend_from_slice(&body);
    packet
}
