//! Generated configurations at work: real nginx, real application servers, real requests.

#![allow(
    clippy::print_stdout,
    reason = "the runner shows what a failed test prints"
)]

#[path = "../support/engines.rs"]
mod engines;

mod certificate;
mod client;
mod django;
mod home;
mod nginx;
mod process;
mod random;
mod recorder;

mod balancing;
mod deploy;
mod explain;
mod failover;
mod fixtures;
mod manuals;
mod probed;
mod requests;
mod servers;
mod site;
mod streams;

use std::process::Command;

use engines::engines;

#[test]
fn every_engine_loads_and_refuses() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("nginx.conf");
    let check = |engine: &engines::Engine, text: &str| {
        std::fs::write(&config, text).expect("written");
        engine.check(folder.path(), &config)
    };
    for engine in engines().nginx() {
        let good = "pid nginx.pid;\nerror_log stderr;\nevents {}\n\
                    http { access_log off; client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; \
                    uwsgi_temp_path t; scgi_temp_path t; server { listen 80; listen 192.0.2.1:81; } }\n\
                    stream { server { listen 6432; proxy_pass 127.0.0.1:5432; } }\n";
        let verdict = check(engine, good);
        assert!(verdict.is_silent(), "{}: {verdict:?}", engine.name);
        let verdict = check(engine, "events {}\nhttp { nosuch on; }\n");
        assert!(
            !verdict.accepted && verdict.text.contains("unknown directive"),
            "{verdict:?}"
        );
        let told = run(Command::new(&engine.binary).arg("-v"));
        assert!(
            told.trim_end()
                .ends_with(&format!("nginx/{}", engine.version)),
            "{told}"
        );
    }
}

#[test]
fn python_and_postgresql_are_there() {
    let servers = "import channels, daphne, django, granian, gunicorn, hypercorn, uvicorn, \
                   pyuwsgi, waitress, websockets; print(django.VERSION[:2])";
    let told = run(Command::new(engines().python()).args(["-c", servers]));
    assert_eq!(told, "(5, 2)\n");
    for program in ["initdb", "postgres", "psql"] {
        run(Command::new(engines().postgresql(program)).arg("--version"));
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program can be run");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{command:?}: {text}");
    text
}
