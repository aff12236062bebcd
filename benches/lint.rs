//! Whole runs of `djanginx lint`, the verdict alone and with all rules, beside `nginx -t` on
//! the same files in the same run (goals P2, P4 and P7). `cargo bench --bench lint`; the nginx
//! is `/usr/sbin/nginx`, or what the variable `NGINX` names.
//!
//! Each run is measured by this program, called again with `measure` and a command: of its
//! children a process knows the time of all, but the memory of the largest only.

#[path = "support/children.rs"]
mod children;

use children::{cpu, median, print};
use nix::sys::resource::{UsageWho, getrusage};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

const RUNS: usize = 5;
const LARGE: usize = 2_500;
/// Goal P4 compares these two.
const GROWING: [usize; 2] = [1_000, 10_000];

fn main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().is_some_and(|first| first == "measure") {
        let program = arguments.next().expect("a command");
        let time = cpu(Command::new(program).args(arguments));
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("resource usage");
        print(&format!("{} {}", time.as_micros(), usage.max_rss()));
        return;
    }
    // `cargo test --benches` only wants to know that this builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let nginx = std::env::var("NGINX").unwrap_or_else(|_| "/usr/sbin/nginx".to_owned());
    assert!(
        Path::new(&nginx).exists(),
        "there is no {nginx} to compare with: `apt-get install nginx`, or name one in `NGINX`"
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("nginx.conf");
    let path = path.to_str().expect("a path of plain letters");
    let djanginx = env!("CARGO_BIN_EXE_djanginx");
    let commands: [(&str, &[&str]); 3] = [
        (
            "verdict alone",
            &[djanginx, "lint", path, "--select", "nginx"],
        ),
        ("all rules", &[djanginx, "lint", path]),
        ("nginx -t", &[&nginx, "-t", "-q", "-c", path]),
    ];
    print("servers  command             CPU     memory   of nginx -t");
    let mut of_servers = Vec::new();
    for servers in [GROWING[0], LARGE, GROWING[1]] {
        std::fs::write(path, configuration(servers, folder.path())).expect("the text is written");
        // Interleaved, so that all meet the same weather.
        let mut runs = vec![Vec::new(); commands.len()];
        for _ in 0..RUNS {
            for (runs, (_, command)) in runs.iter_mut().zip(commands) {
                runs.push(measure(command));
            }
        }
        let results: Vec<(u64, u64)> = { runs.iter() }
            .map(|runs| {
                let mut times: Vec<_> = runs.iter().map(|run| run.0).collect();
                let mut sizes: Vec<_> = runs.iter().map(|run| run.1).collect();
                (median(&mut times), median(&mut sizes))
            })
            .collect();
        let (theirs, _) = results[2];
        for ((name, _), (time, size)) in commands.iter().zip(&results) {
            print(&format!(
                "{servers:>7}  {name:<14} {:>7.1} ms {:>6.1} MiB   {:>6.3}",
                *time as f64 / 1e3,
                *size as f64 / 1024.0,
                *time as f64 / theirs as f64,
            ));
        }
        of_servers.push((servers, results[1].0));
    }
    let time_of = |servers| of_servers.iter().find(|(of, _)| *of == servers);
    if let (Some((_, few)), Some((_, many))) = (time_of(GROWING[0]), time_of(GROWING[1])) {
        print(&format!(
            "growth of all rules for ten times the servers: {:.1}",
            *many as f64 / *few as f64
        ));
    }
}

/// The CPU time of a command in microseconds, and its memory in KiB.
fn measure(command: &[&str]) -> (u64, u64) {
    let own = std::env::current_exe().expect("this program");
    let output = Command::new(own).arg("measure").args(command).output();
    let output = output.expect("this program runs").stdout;
    let text = String::from_utf8(output).expect("numbers");
    let mut numbers = { text.split_whitespace() }.map(|number| number.parse().expect("a number"));
    let mut next = || numbers.next().expect("two numbers");
    (next(), next())
}

/// As many sites, each with an upstream, as a hoster may have them: most as they should be.
fn configuration(servers: usize, folder: &Path) -> String {
    let folder = folder.display();
    let mut text = format!(
        "worker_processes auto;\npid {folder}/nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n\
         server_names_hash_max_size 1048576;\nserver_names_hash_bucket_size 128;\n\
         access_log off;\nserver_tokens off;\nclient_max_body_size 10m;\n\
         map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}\n"
    );
    for site in 0..servers {
        let (high, low) = (site / 250, site % 250);
        let port = 18080 + site % 4;
        let _ = writeln!(
            text,
            "upstream app_{site} {{\n    server 10.0.{high}.{low}:8000 max_fails=3;\n    \
             server 10.1.{high}.{low}:8000 max_fails=3;\n    keepalive 16;\n}}\n\
             server {{\n    listen 127.0.0.1:{port};\n    server_name site-{site}.test;\n    \
             root /srv/www/{site};\n    location / {{\n        proxy_pass http://app_{site};\n        \
             proxy_http_version 1.1;\n        proxy_set_header Host $host;\n        \
             proxy_set_header X-Forwarded-For $remote_addr;\n        \
             proxy_set_header X-Forwarded-Proto $scheme;\n        \
             proxy_set_header Connection \"\";\n    }}\n    location ^~ /static/ {{\n        \
             alias /srv/www/{site}/static/;\n        expires 1h;\n    }}\n    \
             location ~* \\.(png|jpg|css)$ {{\n        try_files $uri =404;\n        \
             add_header X-Site {site};\n    }}\n    location = /healthz {{\n        \
             return 200 'ok';\n    }}\n}}"
        );
    }
    text.push_str("}\n");
    text
}
