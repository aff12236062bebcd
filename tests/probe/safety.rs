//! What a run may not do, whatever nodes do: follow, read on, keep, show.

use super::server::{DJANGO, Server, answer, hold};
use super::{command, probe_http, probe_pool, said};
use djanginx::probe::{Limits, Wishes, of_topology, run};
use djanginx::source::SourceMap;
use djanginx::topology;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A topology of one pool with these nodes, in a folder of its own.
fn topology(nodes: &[String]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let nodes: Vec<String> = nodes.iter().map(|node| format!("\"{node}\"")).collect();
    let text = format!(
        "pools: {{web: {{balance: round_robin, nodes: [{}]}}}}\nsites: {{shop: {{domains: \
         [a.example.com], routes: {{/: web}}}}}}\n",
        nodes.join(", ")
    );
    std::fs::write(folder.path().join("topology.yaml"), text).unwrap();
    folder
}

/// A configuration of one upstream with these servers, which may be there more than once.
fn configuration(nodes: &[String]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let servers: String = nodes
        .iter()
        .map(|node| format!("server {node};\n"))
        .collect();
    let text = format!(
        "events {{}}\nhttp {{\nupstream web {{\n{servers}}}\nserver {{\nlocation / {{ proxy_pass \
         http://web; }}\n}}\n}}\n"
    );
    std::fs::write(folder.path().join("nginx.conf"), text).unwrap();
    folder
}

#[test]
fn a_body_is_read_only_so_far() {
    const MUCH: usize = 64 << 20;
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let server = Server::new(move |_, _, mut connection| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {MUCH}\r\n\r\n");
        connection.write_all(head.as_bytes()).unwrap();
        while counter.load(Ordering::SeqCst) < MUCH && connection.write_all(&[b'x'; 65536]).is_ok()
        {
            counter.fetch_add(65536, Ordering::SeqCst);
        }
    });
    let said = probe_http(&server.address(), &[]);
    assert_eq!(said.causes(), ["none"], "{}", said.text);
    // What the system's buffers hold comes on top.
    assert!(sent.load(Ordering::SeqCst) < MUCH / 2);
}

#[test]
fn nothing_of_a_reply_reaches_the_terminal_as_it_is() {
    let server = Server::says("\x1b]0;title\x07\x1b[2Jnot HTTP\r\n\r\n");
    let elsewhere = answer(302, "Location: https://x.example/\u{9b}2J\u{202e}\r\n", "");
    let reply = Server::says(elsewhere);
    let folder = topology(&[server.address(), reply.address()]);
    for format in ["table", "json", "jsonl", "junit", "prometheus", "github"] {
        let output = Command::new(env!("CARGO_BIN_EXE_djanginx"))
            .args(["probe", "topology.yaml", "--retries", "0", "-v"])
            .args(["--color", "never", "--format", format])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let hidden = text
            .chars()
            .find(|c| c.is_control() && *c != '\n' || ('\u{202a}'..='\u{202e}').contains(c));
        assert_eq!(hidden, None, "{format}: {text}");
    }
}

#[test]
fn a_file_of_metrics_is_never_half_written() {
    let server = Server::answers(200, "", "");
    let folder = topology(&[server.address()]);
    let path = folder.path().join("probe.prom");
    std::fs::write(&path, "before").unwrap();
    // Who has the old file open reads it to its end.
    let kept = folder.path().join("kept");
    std::fs::hard_link(&path, &kept).unwrap();
    let mut command = command(folder.path(), "topology.yaml", &[]);
    command.args(["--output", "prometheus=probe.prom"]);
    assert_eq!(said(command).status, 0);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("djanginx_probe"), "{text}");
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "before");
    let [new, old] = [&path, &kept].map(|path| std::fs::metadata(path).unwrap().ino());
    assert_ne!(new, old);
    let others = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(others, 3, "a file is left over");
}

/// The variable that tells this program that it was started for one test alone.
const ALONE: &str = "DJANGINX_TEST_ALONE";

/// Runs in a process of its own, whose descriptors no other test opens and closes.
#[test]
fn a_hundred_runs_leave_no_descriptor_open() {
    if std::env::var_os(ALONE).is_some() {
        return a_hundred_runs();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "safety::a_hundred_runs_leave_no_descriptor_open"])
        .arg("--nocapture")
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

/// Probes nodes of every kind a hundred times over, and counts the descriptors of this
/// process, which are those of the servers, too.
fn a_hundred_runs() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("app.sock");
    super::server::on_socket(&socket, answer(200, DJANGO, ""));
    let good = Server::answers(200, DJANGO, "");
    let silent = Server::new(|_, _, mut connection| {
        let _ = connection.read(&mut [0]);
    });
    let cut = Server::says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = nobody.local_addr().unwrap();
    drop(nobody);
    let text = format!(
        "pools:\n  web: {{balance: round_robin, nodes: [\"{good}\", \"{silent}\", \"{cut}\", \
         \"{refused}\", \"unix:{socket}\"]}}\n  packets: {{server: uwsgi, nodes: [\"{good}\"]}}\n\
         sites: {{shop: {{domains: [a.example.com], routes: {{/: web, /p/: packets}}}}}}\nstreams: \
         {{redis: {{listen: 127.0.0.1:6379, nodes: [\"{good}\"]}}}}\n",
        good = good.address(),
        silent = silent.address(),
        cut = cut.address(),
        socket = socket.display(),
    );
    let mut sources = SourceMap::new();
    let loaded = topology::load(&mut sources, "topology.yaml", text.as_bytes());
    let loaded = loaded.unwrap_or_else(|_| panic!("no topology: {text}"));
    let release = loaded.topology.target().unwrap();
    let targets = of_topology(&loaded, release, text.as_bytes(), None, &Wishes::default());
    let targets = targets.unwrap().targets;
    let limits = Limits {
        first_byte: Duration::from_millis(20),
        retries: 0,
        ..Limits::default()
    };
    let once = || {
        let run = run(&targets, &limits, &mut |_, _| {}).unwrap();
        assert_eq!(run.probes.len(), 7);
        run.probes
            .iter()
            .filter(|probe| probe.answer.is_ok())
            .count()
    };
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open();
    // A machine that is busy is too slow for some.
    let answered: usize = (0..100).map(|_| once()).sum();
    assert!(answered > 20, "{answered} answers");
    // The servers close their ends a moment after the run; the process keeps the four of
    // tokio's signals.
    let end = Instant::now() + Duration::from_secs(10);
    while open() > before + 4 {
        assert!(
            Instant::now() < end,
            "{before} descriptors before, {} after",
            open()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn five_hundred_dead_nodes_end_with_the_run() {
    let silent = Server::new(|_, _, connection| hold(connection));
    let half = Server::new(|_, _, mut connection| {
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Le");
        hold(connection);
    });
    // A port that nobody listens on.
    let refused = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let kinds = [silent.address(), half.address(), refused.to_string()];
    let nodes: Vec<String> = (0..500).map(|number| kinds[number % 3].clone()).collect();
    let folder = configuration(&nodes);
    let start = Instant::now();
    let args = [
        "--deadline",
        "1500ms",
        "--read-timeout",
        "400ms",
        "--timeout",
        "800ms",
    ];
    let said = said(command(folder.path(), "nginx.conf", &args));
    assert_eq!(said.causes().len(), 500);
    assert_eq!(said.status, 1);
    assert!(said.causes().iter().all(|cause| *cause != "none"));
    for cause in ["probe-refused", "probe-no-answer", "probe-deadline"] {
        assert!(said.causes().contains(&cause), "{cause}");
    }
    // One after the other, they would take more than two minutes.
    let elapsed = start.elapsed();
    assert!(elapsed < Duration::from_secs(30), "{elapsed:?}");
}

#[test]
fn a_debug_page_is_looked_for_once_for_each_node() {
    let page = "<meta name=\"robots\" content=\"NONE,NOARCHIVE\">You're seeing this error because \
                you have <code>DEBUG = True</code>";
    let server = Server::new(move |_, asked, mut connection| {
        let known = asked.starts_with(b"GET /healthz/ ");
        let said = match known {
            true => answer(200, DJANGO, "well"),
            false => answer(404, DJANGO, page),
        };
        connection.write_all(&said).unwrap();
    });
    let pool = format!("nodes: [\"{}\"], health: /healthz/", server.address());
    let said = probe_pool(&pool, "/: web, /api/: web", &[]);
    assert_eq!(said.causes(), ["probe-debug-page"], "{}", said.text);
    assert_eq!(server.asked(), 2);
    // A page that is no Django's does not make curious.
    let other = Server::answers(200, "", "");
    assert_eq!(probe_http(&other.address(), &[]).causes(), ["none"]);
    assert_eq!(other.asked(), 1);
}
