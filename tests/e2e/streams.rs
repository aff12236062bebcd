//! A real database and a real cache behind nginx's TCP balancing.

use std::path::Path;
use std::process::Command;

use crate::engines::engines;
use crate::home::{Home, Port};
use crate::nginx::{Nginx, Topology, for_each_engine};
use crate::process::{Process, supervised, without_privileges};

#[test]
fn streams_carry_postgresql_and_redis() {
    let home = Home::new();
    let (database, cache, dead) = (Port::lease(), Port::lease(), Port::lease());
    let _postgresql = start_postgresql(&home, &database);
    let _redis = start_redis(&home, &cache);
    for_each_engine(|engine| {
        let (postgres, redis) = (Port::lease(), Port::lease());
        let topology = Topology::read("streams.yaml")
            .with("POSTGRES", &postgres)
            .with("REDIS", &redis)
            .with("DEAD", format!("127.0.0.1:{dead}"))
            .with("POSTGRES_NODE", format!("127.0.0.1:{database}"))
            .with("REDIS_NODE", format!("127.0.0.1:{cache}"));
        let _nginx = Nginx::start(&home, engine, &topology, redis.number());

        let sum = "SELECT sum(n) FROM generate_series(1, 100000) AS n";
        assert_eq!(run(&mut psql(&postgres, sum)), "5000050000");
        // A session with state: what it makes is its own, and is there until its end.
        let session = "CREATE TEMP TABLE basket (item text); \
                       INSERT INTO basket VALUES ('tea'), ('cup'); \
                       SELECT string_agg(item, ' ' ORDER BY item) FROM basket";
        assert!(run(&mut psql(&postgres, session)).ends_with("cup tea"));

        let key = format!("visits:{}", engine.name);
        let ask = |words: &[&str]| run(redis_cli(&redis).args(words));
        assert_eq!(ask(&["ping"]), "PONG");
        assert_eq!(ask(&["incr", &key]), "1");
        assert_eq!(ask(&["incr", &key]), "2");
        let big = "x".repeat(200_000);
        assert_eq!(ask(&["set", "big", &big[..100_000]]), "OK");
        assert_eq!(ask(&["get", "big"]), big[..100_000]);
    });
}

fn psql(port: &Port, statement: &str) -> Command {
    let mut command = Command::new(engines().postgresql("psql"));
    command.args([
        "-X",
        "-q",
        "-A",
        "-t",
        "-h",
        "127.0.0.1",
        "-U",
        "shop",
        "-d",
        "postgres",
    ]);
    command.args(["-p", &port.to_string(), "-c", statement]);
    command
}

fn redis_cli(port: &Port) -> Command {
    let mut command = Command::new("redis-cli");
    command.args(["-h", "127.0.0.1", "-p", &port.to_string()]);
    command
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program can be run");
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
    text
}

/// A fresh database in a temporary folder; its user needs no password on loopback.
fn start_postgresql(home: &Home, port: &Port) -> Process {
    let folder = home.writable("postgresql");
    let data = folder.join("data");
    let mut command = Command::new(engines().postgresql("initdb"));
    command.args([
        "--username=shop",
        "--auth=trust",
        "--no-sync",
        "--no-instructions",
        "-D",
    ]);
    command.arg(&data).current_dir(&folder);
    // It refuses to work as root.
    without_privileges(&mut command);
    run(&mut command);

    let mut command = supervised(&engines().postgresql("postgres"), "INT");
    command
        .arg("-D")
        .arg(&data)
        .args(["-h", "127.0.0.1", "-p", &port.to_string()]);
    command
        .args(["-c", "fsync=off", "-k"])
        .arg(&folder)
        .current_dir(&folder);
    without_privileges(&mut command);
    let mut process = Process::start("PostgreSQL", &mut command, &home.path("postgresql.log"));
    process.wait_until_ready(|| {
        let answer = psql(port, "SELECT 1").output();
        answer.is_ok_and(|output| output.status.success())
    });
    process
}

fn start_redis(home: &Home, port: &Port) -> Process {
    let folder = home.writable("redis");
    let mut command = supervised(Path::new("redis-server"), "TERM");
    command.args([
        "--port",
        &port.to_string(),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
    ]);
    command.arg(&folder);
    without_privileges(&mut command);
    let mut process = Process::start("Redis", &mut command, &home.path("redis.log"));
    process.wait_until_ready(|| {
        let answer = redis_cli(port).arg("ping").output();
        answer.is_ok_and(|output| output.stdout == b"PONG\n")
    });
    process
}
