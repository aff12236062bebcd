//! Databases and caches.

use super::server::Server;
use super::{Said, command, said};
use std::io::Write;
use std::net::TcpListener;

/// Probes a stream of this name with one node.
fn probe(name: &str, address: &str) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let text =
        format!("streams: {{{name}: {{listen: \"127.0.0.1:5433\", nodes: [\"{address}\"]}}}}\n");
    std::fs::write(folder.path().join("topology.yaml"), text).unwrap();
    let said = said(command(folder.path(), "topology.yaml", &[]));
    assert_eq!(said.causes().len(), 1, "{}", said.text);
    said
}

fn cause(name: &str, address: &str) -> String {
    probe(name, address).causes()[0].to_owned()
}

#[test]
fn a_database_that_is_down() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    for (name, setting) in [("postgres", "`listen_addresses`"), ("redis", "`bind`")] {
        let said = probe(name, &address);
        assert_eq!(said.causes(), ["probe-refused"], "{}", said.text);
        let help = said.json["diagnostics"][0]["help"].as_str().unwrap();
        assert!(
            help.contains(setting) && !help.contains("gunicorn"),
            "{help}"
        );
    }
}

#[test]
fn postgresql_says_whether_it_has_tls() {
    for letter in ["S", "N"] {
        let server = Server::says(letter);
        assert_eq!(cause("postgres", &server.address()), "none");
        assert_eq!(server.last(), [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]);
    }
    let server = Server::says("HTTP/1.1 400 Bad Request\r\n\r\n");
    let cause = cause("postgres", &server.address());
    assert_eq!(cause, "probe-unexpected-protocol");
}

#[test]
fn redis_answers_a_ping() {
    for answer in ["+PONG\r\n", "-NOAUTH Authentication required.\r\n"] {
        let server = Server::says(answer);
        assert_eq!(cause("redis", &server.address()), "none");
        assert_eq!(server.last(), b"PING\r\n");
    }
    let server = Server::says("SSH-2.0-x\r\n");
    assert_eq!(
        cause("redis", &server.address()),
        "probe-unexpected-protocol"
    );
}

#[test]
fn of_anything_else_a_connection_is_enough() {
    let server = Server::new(|_, question, mut connection| {
        assert!(question.is_empty());
        let _ = connection.flush();
    });
    assert_eq!(cause("queue", &server.address()), "none");
}
