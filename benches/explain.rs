//! The CPU time of `explain` alone, after a configuration is read: 5,000 servers with 50,000
//! locations in all, and one server with as many. The goal is 100 ms for each request.
//! `cargo bench --bench explain`.

use djanginx::directives::Modules;
use djanginx::explain::{Request, World, explain};
use djanginx::model::files::Memory;
use djanginx::model::{Limits, Prefix, Texts};
use djanginx::verdict::{self, Options, Start};
use nix::sys::resource::{UsageWho, getrusage};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

const RUNS: u32 = 20;
const ALL: usize = 50_000;

fn main() {
    // `cargo test --benches` only wants to know that this builds.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    for (name, servers, modifier, url) in [
        (
            "5,000 servers, prefixes",
            5_000,
            "",
            "http://s4999.test/l49999/x",
        ),
        ("1 server, prefixes", 1, "", "http://s0.test/l49999/x"),
        (
            "5,000 servers, expressions",
            5_000,
            "~ ^",
            "http://s4999.test/l49999/x",
        ),
        ("1 server, expressions", 1, "~ ^", "http://s0.test/l49999/x"),
    ] {
        let mut text = String::from("events {}\nhttp {\nupstream u { server 127.0.0.1:1; }\n");
        for location in 0..ALL {
            let first = location % (ALL / servers) == 0;
            if first {
                let server = location * servers / ALL;
                let close = if location > 0 { "}\n" } else { "" };
                let _ = writeln!(
                    text,
                    "{close}server {{ listen 80; server_name s{server}.test;"
                );
            }
            let _ = writeln!(
                text,
                "location {modifier}/l{location}/ {{ proxy_pass http://u; }}"
            );
        }
        text.push_str("}\n}\n");
        let memory = Memory::new();
        let mut texts = Texts::new(&memory, Limits::default());
        let root = texts.add("nginx.conf", text.into_bytes());
        let parsed = texts.follow(
            root.expect("within the limits"),
            Prefix::of_folder(Path::new("/etc/nginx")),
        );
        let options = Options {
            target: "1.30".parse().expect("a release"),
            modules: Modules::All,
            live: false,
            start: Start::Whole,
        };
        let reading = verdict::read(&texts, &parsed, &options);
        let world = World {
            model: &reading.model,
            texts: &texts,
            root: None,
            prefix: "/etc/nginx".into(),
        };
        let request = Request::get(url).expect("a URL");
        let before = cpu();
        for _ in 0..RUNS {
            let answers = explain(&world, &request);
            assert!(answers.iter().all(|answer| answer.span.is_some()), "{url}");
        }
        let each = (cpu() - before) / RUNS;
        #[allow(clippy::print_stdout)] // what a benchmark is for
        {
            println!("{name:<28} {:>8.2} ms", each.as_secs_f64() * 1000.0);
        }
    }
}

/// The CPU time of this process so far.
fn cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("a clock");
    let time = |time: nix::sys::time::TimeVal| {
        Duration::new(time.tv_sec() as u64, time.tv_usec() as u32 * 1000)
    };
    time(usage.user_time()) + time(usage.system_time())
}
