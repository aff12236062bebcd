//! Whole runs of `djanginx generate`: CPU time and peak memory, beside `nginx -t` on the
//! configuration that came out, in the same run (10,000 and 100,000 nodes are the goals G1
//! and G2). `cargo bench --bench generate`.
//!
//! nginx comes from `NGINX` or the search path; without one its column is empty. The first
//! column is the floor: the same YAML through its parser alone, in this process.

#[path = "support/children.rs"]
mod children;

use children::{cpu, median, print, used};
use nix::sys::resource::UsageWho;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const RUNS: usize = 5;

fn main() {
    // `cargo test --benches` only wants to know that this builds.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let nginx = std::env::var("NGINX").unwrap_or_else(|_| "nginx".to_owned());
    print("nodes      YAML alone   generate   peak memory   nginx -t   output");
    for nodes in [1_000, 10_000, 100_000] {
        let topology = folder.path().join("topology.yaml");
        let output = folder.path().join("nginx.conf");
        let text = topology_of(nodes);
        std::fs::write(&topology, &text).expect("the topology is written");
        let (mut floor, mut generate, mut test) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..RUNS {
            // Interleaved, so that all meet the same weather.
            let before = used(UsageWho::RUSAGE_SELF);
            let value: serde_yaml::Value = serde_yaml::from_str(&text).expect("valid YAML");
            drop(value);
            floor.push(used(UsageWho::RUSAGE_SELF) - before);
            let _ = std::fs::remove_file(&output);
            let mut command = Command::new(env!("CARGO_BIN_EXE_djanginx"));
            command
                .arg("generate")
                .arg(&topology)
                .arg("-o")
                .arg(&output);
            generate.push(cpu(&mut command));
            assert!(output.exists(), "djanginx generates");
            test.extend(nginx_test(&nginx, &output, folder.path()));
        }
        let size = std::fs::metadata(&output).map_or(0, |data| data.len());
        print(&format!(
            "{nodes:>7}    {:>7} ms   {:>5} ms   {:>7} MiB   {:>8}   {:>5} kB",
            median(&mut floor).as_millis(),
            median(&mut generate).as_millis(),
            peak(&topology, &output) / 1024,
            if test.is_empty() {
                "-".to_owned()
            } else {
                format!("{} ms", median(&mut test).as_millis())
            },
            size / 1000,
        ));
    }
}

/// Pools of a thousand nodes each, written as people write them: about 105 bytes a node.
fn topology_of(nodes: usize) -> String {
    let mut text = String::from("pools:\n");
    let pools = nodes.div_ceil(1_000);
    for pool in 0..pools {
        let _ = write!(text, "  pool{pool}:\n    balance: least_conn\n    nodes:\n");
        for node in 0..nodes / pools {
            let id = pool * 1_000 + node;
            let _ = writeln!(
                text,
                "      - {{address: 10.{}.{}.{}:8000, weight: {}, max_conns: 200, max_fails: 3, \
                 fail_timeout: 10s, state: up}}",
                id >> 16,
                id >> 8 & 255,
                id & 255,
                1 + id % 5
            );
        }
    }
    text.push_str("nginx: {log: off, pid: /tmp/nginx.pid, error_log: stderr}\nsites:\n");
    for pool in 0..pools {
        let _ = writeln!(
            text,
            "  site{pool}: {{domains: [s{pool}.example.com], listen: [127.0.0.1:18080], \
             routes: {{/: pool{pool}}}}}"
        );
    }
    text
}

/// The CPU time of `nginx -t`; `None` where there is no nginx.
fn nginx_test(nginx: &str, config: &Path, prefix: &Path) -> Option<Duration> {
    let mut command = Command::new(nginx);
    command.arg("-V").stderr(Stdio::null()).status().ok()?;
    let mut command = Command::new(nginx);
    command.arg("-t").arg("-p").arg(prefix);
    Some(cpu(command.arg("-c").arg(config)))
}

/// Peak resident memory of one run in KiB, as the system's shell tells it.
fn peak(topology: &Path, output: &Path) -> u64 {
    let _ = std::fs::remove_file(output);
    let mut child = Command::new(env!("CARGO_BIN_EXE_djanginx"))
        .arg("generate")
        .arg(topology)
        .arg("-o")
        .arg(output)
        .stderr(Stdio::null())
        .spawn()
        .expect("djanginx starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    // The high-water mark only grows, so the last reading before the end is the one.
    while child.try_wait().expect("a child").is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let mark = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = mark.and_then(|mark| mark.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(kib.unwrap_or(0));
    }
    peak
}
