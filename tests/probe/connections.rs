//! Causes before an answer.

use super::server::{Server, answer, hold, on_socket};
use super::{cause_of, command, probe_http, probe_pool, said};
use djanginx::probe::target::Backend;
use djanginx::probe::{Address, Ask, Limits, Pool, Target, diagnose, run};
use djanginx::source::{FileId, Span};
use socket2::{Domain, SockAddr, Socket, Type};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn pool() -> Arc<Pool> {
    Arc::new(Pool {
        name: "web".to_owned(),
        backend: Backend::Other,
        server: None,
        cookie: None,
        user: None,
    })
}

/// The cause of one target that no configuration can have.
fn cause_of_target(address: Address) -> Option<&'static str> {
    let target = Target {
        pool: pool(),
        address,
        place: Span::new(FileId(0), 0, 0),
        ask: Arc::new(Ask::Connect),
        status: None,
        health: false,
    };
    let limits = Limits {
        retries: 0,
        ..Limits::default()
    };
    let run = run(&[target], &limits, &mut |_, _| {}).unwrap();
    diagnose(run.probes, &limits)[0].cause
}

#[test]
fn a_name_without_address() {
    // No system asks anybody for such a name.
    let name = Address::Name("no\0name".to_owned(), 80);
    assert_eq!(cause_of_target(name), Some("probe-dns"));
}

#[test]
fn nothing_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    assert_eq!(cause_of(&address, &[]), "probe-refused");
    // Every question fails, and it is said once.
    let pool = format!("server: uvicorn, nodes: [\"{address}\"]");
    let said = probe_pool(&pool, "/: web, /ws/: {pool: web, websocket: true}", &[]);
    assert_eq!(said.causes(), ["probe-refused"; 2]);
    assert_eq!(said.json["diagnostics"].as_array().unwrap().len(), 1);
}

#[test]
fn a_full_queue_of_connections() {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket
        .bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into())
        .unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap();
    // The queue takes one more than it says; the next attempt hears nothing.
    let mut clients = Vec::new();
    loop {
        let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let connected = client.connect_timeout(&address, Duration::from_millis(300));
        clients.push(client);
        if connected.is_err() {
            break;
        }
    }
    let address = address.as_socket().unwrap().to_string();
    let args = ["--connect-timeout", "500ms"];
    assert_eq!(cause_of(&address, &args), "probe-connect-timeout");
}

#[test]
fn addresses_that_nobody_means() {
    for address in ["169.254.169.254:80", "[fe80::1]:80"] {
        let said = probe_http(address, &[]);
        assert_eq!(said.causes(), ["probe-address-refused"], "{}", said.text);
    }
}

#[test]
fn no_way_there() {
    use djanginx::probe::{Failure, Phase, Probe, Timings};
    let probe = Probe {
        target: Target {
            pool: pool(),
            address: Address::Ip("127.0.0.1:80".parse().unwrap()),
            place: Span::new(FileId(0), 0, 0),
            ask: Arc::new(Ask::Connect),
            status: None,
            health: false,
        },
        peer: None,
        answer: Err(Failure::Io(
            Phase::Connect,
            std::io::ErrorKind::HostUnreachable,
            Some(113),
        )),
        timings: Timings::default(),
        evidence: None,
        certificate: None,
        shut_out: None,
        attempts: 1,
    };
    let mut other = probe.clone();
    other.answer = Err(Failure::Other(Phase::Connect, "?".to_owned()));
    let diagnosed = diagnose(vec![probe, other], &Limits::default());
    assert_eq!(diagnosed[0].cause, Some("probe-unreachable"));
    assert_eq!(diagnosed[1].cause, Some("probe-failed"));
}

// ── Unix sockets ────────────────────────────────────────────────────────────────────────

fn unix(path: &Path) -> String {
    format!("unix:{}", path.display())
}

#[test]
fn sockets_that_are_not_there_or_no_sockets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    assert_eq!(cause_of(&unix(&path), &[]), "probe-socket-missing");
    std::fs::write(&path, "").unwrap();
    assert_eq!(cause_of(&unix(&path), &[]), "probe-not-a-socket");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(cause_of(&unix(&path), &[]), "probe-not-a-socket");
}

#[test]
fn a_socket_that_was_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    drop(UnixListener::bind(&path).unwrap());
    assert_eq!(cause_of(&unix(&path), &[]), "probe-socket-stale");
}

#[test]
fn a_socket_that_answers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    on_socket(&path, answer(200, "", "well"));
    assert_eq!(cause_of(&unix(&path), &[]), "none");
}

#[test]
fn a_socket_whose_queue_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    socket.bind(&SockAddr::unix(&path).unwrap()).unwrap();
    socket.listen(0).unwrap();
    let mut clients = Vec::new();
    loop {
        let client = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        client.set_nonblocking(true).unwrap();
        let connected = client.connect(&SockAddr::unix(&path).unwrap());
        clients.push(client);
        if connected.is_err() {
            break;
        }
    }
    assert_eq!(cause_of(&unix(&path), &[]), "probe-socket-busy");
}

#[test]
fn a_socket_that_is_not_permitted() {
    use std::os::unix::process::CommandExt;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let path = folder.path().join("app.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    let topology = format!(
        "pools: {{web: {{nodes: [\"{}\"]}}}}\nsites: {{shop: {{domains: [a.example.com], routes: \
         {{/: web}}}}}}\n",
        unix(&path)
    );
    std::fs::write(folder.path().join("topology.yaml"), topology).unwrap();
    // Root may do everything, so it becomes nobody, who must be able to read the program.
    let program = folder.path().join("djanginx");
    std::fs::copy(env!("CARGO_BIN_EXE_djanginx"), &program).unwrap();
    let mut command = std::process::Command::new(&program);
    command
        .args([
            "probe",
            "topology.yaml",
            "--format",
            "json",
            "--retries",
            "0",
        ])
        .current_dir(folder.path())
        .env_clear();
    if rustix::process::geteuid().is_root() {
        command.uid(65_534).gid(65_534);
    } else {
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).unwrap();
    }
    assert_eq!(said(command).causes(), ["probe-socket-permission"]);
}

#[test]
fn a_socket_that_the_user_of_nginx_is_kept_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    on_socket(&path, answer(200, "", "well"));
    let topology = format!(
        "nginx: {{user: daemon}}\npools: {{web: {{nodes: [\"{}\"]}}}}\nsites: {{shop: {{domains: \
         [a.example.com], routes: {{/: web}}}}}}\n",
        unix(&path)
    );
    std::fs::write(folder.path().join("topology.yaml"), topology).unwrap();
    for (folder_mode, mode, want, help) in [
        (0o700, 0o666, "probe-socket-nginx-user", "chmod g+x"),
        (0o755, 0o600, "probe-socket-nginx-user", "chmod g+w"),
        (0o755, 0o660, "probe-socket-nginx-user", "daemon"),
        (0o755, 0o666, "none", ""),
    ] {
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(folder_mode)).unwrap();
        let said = said(command(folder.path(), "topology.yaml", &[]));
        assert_eq!(
            said.causes(),
            [want],
            "{folder_mode:o} {mode:o}: {}",
            said.text
        );
        assert_eq!(said.status == 0, want == "none");
        assert!(said.text.contains(help), "{help}: {}", said.text);
    }
}

#[test]
fn a_path_that_no_socket_can_have() {
    let path = format!("/tmp/{}", "x".repeat(110));
    let cause = cause_of_target(Address::Unix(path.into()));
    assert_eq!(cause, Some("probe-socket-path-too-long"));
}

// ── No answer, or a part of one ─────────────────────────────────────────────────────────

#[test]
fn silence() {
    let server = Server::new(|_, _, connection| hold(connection));
    // Its own time counts, from the connection on, and none of the longer ones.
    let start = Instant::now();
    let args = ["--read-timeout", "500ms"];
    assert_eq!(cause_of(&server.address(), &args), "probe-no-answer");
    assert!(start.elapsed() < LONG);
}

/// Shorter than the times that hold where a test says nothing else, and longer than the
/// shorter ones on any machine.
const LONG: Duration = Duration::from_secs(30);

#[test]
fn an_end_without_a_byte() {
    let server = Server::new(|_, _, connection| drop(connection));
    assert_eq!(
        cause_of(&server.address(), &[]),
        "probe-closed-without-reply"
    );
}

#[test]
fn a_reset() {
    let server = Server::new(|_, _, connection| connection.reset());
    assert_eq!(cause_of(&server.address(), &[]), "probe-reset");
}

#[test]
fn an_answer_that_is_cut_short() {
    let server = Server::says("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    assert_eq!(cause_of(&server.address(), &[]), "probe-truncated");
}

#[test]
fn an_answer_that_does_not_end() {
    let server = Server::new(|_, _, mut connection| {
        connection
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            .unwrap();
        hold(connection);
    });
    let args = ["--timeout", "2s"];
    assert_eq!(cause_of(&server.address(), &args), "probe-stalled");
}

#[test]
fn a_run_that_has_to_end() {
    let server = Server::new(|_, _, connection| hold(connection));
    let args = ["--deadline", "300ms"];
    let folder = tempfile::tempdir().unwrap();
    let topology = format!(
        "pools: {{web: {{nodes: [\"{}\"]}}}}\nsites: {{shop: {{domains: [a.example.com], routes: \
         {{/: web}}}}}}\n",
        server.address()
    );
    std::fs::write(folder.path().join("topology.yaml"), topology).unwrap();
    let start = Instant::now();
    let said = said(command(folder.path(), "topology.yaml", &args));
    assert_eq!(said.causes(), ["probe-deadline"]);
    assert!(start.elapsed() < LONG);
}
