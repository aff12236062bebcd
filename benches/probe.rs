//! Whole runs of `djanginx probe` against backends on loopback, beside a raw client of
//! sockets and `curl --parallel` (goals B1 to B4). `cargo bench --bench probe`.
//!
//! The backends, the raw client and the watch over a run are this program again.

use nix::sys::resource::{UsageWho, getrusage};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const RUNS: usize = 5;
/// How many addresses the backends have.
const ADDRESSES: usize = 100;
const PROBES: usize = 5_000;
const CONCURRENCY: usize = 100;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["serve", behaviour] => block_on(serve(*behaviour == "silent")),
        ["raw", file] => block_on(each(Path::new(file), raw)),
        ["reqwest", file] => {
            let client = client();
            block_on(each(Path::new(file), |address| {
                page(client.clone(), address)
            }));
        }
        ["watch", program, arguments @ ..] => watch(program, arguments),
        // `cargo test --benches` only wants to know that this builds.
        words if words.contains(&"--bench") => bench(),
        _ => {}
    }
}

fn bench() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (good, silent) = (Backends::start("good"), Backends::start("silent"));
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("the text is written");
        path.display().to_string()
    };
    let config = file("nginx.conf", good.configuration(PROBES));
    let urls = file("urls", good.urls(PROBES));
    let list = file("list", good.list(PROBES));
    let concurrency = CONCURRENCY.to_string();
    let own = std::env::current_exe().expect("this program");
    let own = own.display().to_string();
    let ours = |config: &str, more: &[&str]| {
        let words = ["probe", config, "--format", "json", "--retries", "0"];
        let words = [&words[..], more].concat();
        Run::of(&own, env!("CARGO_BIN_EXE_djanginx"), &words)
    };
    let wide = ["--concurrency", &concurrency, "--per-host", &concurrency];
    let curl = ["-s", "-Z", "--parallel-max", &concurrency, "-K", &urls];

    let (mut raws, mut bare) = (Vec::new(), Vec::new());
    let (mut probes, mut curls) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        // Interleaved, so that all meet the same weather.
        raws.push(Run::of(&own, &own, &["raw", &list]));
        bare.push(Run::of(&own, &own, &["reqwest", &list]));
        probes.push(ours(&config, &wide));
        curls.push(Run::of(&own, "curl", &curl));
    }
    let raw = Run::median(raws);
    print(&format!(
        "{PROBES} probes, {CONCURRENCY} at a time, median of {RUNS}"
    ));
    print("                   CPU/probe   of raw     probes/s   of raw       MiB");
    for (name, run) in [
        ("raw sockets", &raw),
        ("reqwest alone", &Run::median(bare)),
        ("djanginx probe", &Run::median(probes)),
        ("curl --parallel", &Run::median(curls)),
    ] {
        let each = |run: &Run| run.cpu.as_secs_f64() / PROBES as f64;
        let rate = |run: &Run| PROBES as f64 / run.wall.as_secs_f64();
        print(&format!(
            "{name:<16} {:>8.1} us   {:>6.2}   {:>10.0}   {:>6.2}   {:>7.1}",
            each(run) * 1e6,
            each(run) / each(&raw),
            rate(run),
            rate(run) / rate(&raw),
            run.kibibytes as f64 / 1024.0,
        ));
    }

    let dead = 1_000;
    let config = file("dead.conf", silent.configuration(dead));
    let times = ["--read-timeout", "1s", "--timeout", "1s"];
    let run = ours(&config, &[&wide[..], &times].concat());
    let least = dead.div_ceil(CONCURRENCY) as f64;
    print(&format!(
        "{dead} silent nodes, 1 s each: {:.2} s, {:.3} of the least",
        run.wall.as_secs_f64(),
        run.wall.as_secs_f64() / least
    ));

    let many = 10_000;
    let config = file("many.conf", good.configuration(many));
    let run = ours(&config, &[]);
    print(&format!(
        "{many} nodes with the defaults: {:.1} s, {:.1} MiB, at most {} descriptors",
        run.wall.as_secs_f64(),
        run.kibibytes as f64 / 1024.0,
        run.descriptors
    ));
}

#[allow(clippy::print_stdout, reason = "a bench prints its table")]
fn print(line: &str) {
    println!("{line}");
}

/// What a process has cost.
#[derive(Clone)]
struct Run {
    wall: Duration,
    cpu: Duration,
    kibibytes: u64,
    descriptors: u64,
}

impl Run {
    /// Runs a program under the watch of this one.
    fn of(own: &str, program: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(own);
        command.args(["watch", program]).args(arguments);
        let output = command.output().expect("this program runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let numbers: Vec<u64> = text.split_whitespace().flat_map(str::parse).collect();
        let [wall, cpu, kibibytes, descriptors] = numbers[..] else {
            panic!("{program}: {text}{}", output.stderr.escape_ascii());
        };
        Self {
            wall: Duration::from_micros(wall),
            cpu: Duration::from_micros(cpu),
            kibibytes,
            descriptors,
        }
    }

    fn median(mut runs: Vec<Self>) -> Self {
        runs.sort_by_key(|run| run.cpu);
        runs[runs.len() / 2].clone()
    }
}

/// Runs a program and prints its time, its CPU time, its memory and how many descriptors it
/// has had.
fn watch(program: &str, arguments: &[&str]) {
    let start = Instant::now();
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null());
    // curl draws its progress whatever it is told.
    command.stderr(Stdio::null());
    let mut child = command.spawn().expect("the program runs");
    let folder = format!("/proc/{}/fd", child.id());
    let mut most = 0;
    while child.try_wait().expect("a child").is_none() {
        let open = std::fs::read_dir(&folder).map_or(0, Iterator::count);
        most = most.max(open);
        std::thread::sleep(Duration::from_millis(1));
    }
    let wall = start.elapsed();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("resource usage");
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    let cpu = micros(usage.user_time()) + micros(usage.system_time());
    print(&format!(
        "{} {cpu} {} {most}",
        wall.as_micros(),
        usage.max_rss()
    ));
}

/// Backends on many addresses of loopback; gone with this value.
struct Backends {
    child: Child,
    addresses: Vec<String>,
}

impl Backends {
    fn start(behaviour: &str) -> Self {
        let own = std::env::current_exe().expect("this program");
        let mut child = Command::new(own)
            .args(["serve", behaviour])
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program runs");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let addresses = lines.take(ADDRESSES).map(|line| line.expect("an address"));
        Self {
            addresses: addresses.collect(),
            child,
        }
    }

    fn each(&self, count: usize) -> impl Iterator<Item = &str> {
        (0..count).map(|number| self.addresses[number % ADDRESSES].as_str())
    }

    fn configuration(&self, count: usize) -> String {
        let mut text = "events {}\nhttp {\nupstream pool {\n".to_owned();
        for address in self.each(count) {
            let _ = writeln!(text, "server {address};");
        }
        text + "}\nserver {\nlocation / { proxy_pass http://pool; }\n}\n}\n"
    }

    fn urls(&self, count: usize) -> String {
        let mut text = String::new();
        for address in self.each(count) {
            let _ = writeln!(text, "url = http://{address}/\noutput = /dev/null");
        }
        text
    }

    fn list(&self, count: usize) -> String {
        self.each(count).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Backends {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn block_on(future: impl Future<Output = std::io::Result<()>>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(future).expect("loopback works");
}

/// Answers, or does not.
async fn serve(silent: bool) -> std::io::Result<()> {
    let mut listening = JoinSet::new();
    for number in 1..=ADDRESSES {
        let listener = TcpListener::bind(format!("127.1.0.{number}:0")).await?;
        print(&listener.local_addr()?.to_string());
        listening.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, silent));
            }
        });
    }
    while listening.join_next().await.is_some() {}
    Ok(())
}

async fn answer(mut stream: TcpStream, silent: bool) -> std::io::Result<()> {
    let (mut said, mut buffer) = (Vec::new(), [0; 1024]);
    while silent || !said.ends_with(b"\r\n\r\n") {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        said.extend_from_slice(&buffer[..count]);
    }
    let text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
    stream.write_all(text.as_bytes()).await
}

/// Asks each address of a list, as many at a time as `djanginx probe` does.
async fn each<F>(list: &Path, ask: impl Fn(SocketAddr) -> F) -> std::io::Result<()>
where
    F: Future<Output = std::io::Result<bool>> + Send + 'static,
{
    let text = std::fs::read_to_string(list)?;
    let room = Arc::new(Semaphore::new(CONCURRENCY));
    let mut probes = JoinSet::new();
    for line in text.lines() {
        let address: SocketAddr = line.parse().map_err(std::io::Error::other)?;
        let permit = Arc::clone(&room).acquire_owned().await;
        let permit = permit.map_err(std::io::Error::other)?;
        let asked = ask(address);
        probes.spawn(async move {
            let good = asked.await;
            drop(permit);
            good
        });
    }
    while let Some(probe) = probes.join_next().await {
        let good = probe.map_err(std::io::Error::other)??;
        assert!(good, "the backend answers otherwise");
    }
    Ok(())
}

/// The least that a probe can be: connect, write, read to the end.
async fn raw(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    let head = format!("GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut said = Vec::new();
    stream.read_to_end(&mut said).await?;
    Ok(said.starts_with(b"HTTP/1.1 200"))
}

/// reqwest as it comes, without idle connections.
fn client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let builder = reqwest::Client::builder().tls_backend_preconfigured(config);
    let builder = builder.no_proxy().pool_max_idle_per_host(0);
    builder.build().expect("a client")
}

/// The least that a probe with reqwest can be.
async fn page(client: reqwest::Client, address: SocketAddr) -> std::io::Result<bool> {
    let sent = client.get(format!("http://{address}/")).send().await;
    let reply = sent.map_err(std::io::Error::other)?;
    let good = reply.status() == 200;
    reply.bytes().await.map_err(std::io::Error::other)?;
    Ok(good)
}
