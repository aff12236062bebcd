//! Who gets the next request.

use std::collections::{BTreeMap, BTreeSet};

use crate::client::{Client, Response};
use crate::django::{Node, Server};
use crate::home::{Home, Port};
use crate::nginx::{Nginx, Topology, for_each_engine};

#[test]
fn requests_go_where_the_method_says() {
    let home = Home::new();
    let nodes = ["a", "b", "c"].map(|name| Node::start(&home, Server::Gunicorn, name, &[]));
    for_each_engine(|engine| {
        let port = Port::lease();
        let topology = Topology::read("balancing.yaml")
            .with("A", nodes[0].address())
            .with("B", nodes[1].address())
            .with("C", nodes[2].address())
            .with("HTTP", &port);
        let start = || Nginx::start(&home, engine, &topology, port.number());
        let nginx = start();
        weighted_round_robin_is_exact_in_every_cycle(&port);
        let by_client = nodes_of_clients(&port);
        let by_path = nodes_of_paths(&port);
        sessions_stay_on_their_nodes(&port);
        cookies_keep_sessions_on_their_nodes(&port);
        nginx.stop();

        let nginx = start();
        assert_eq!(
            nodes_of_clients(&port),
            by_client,
            "ip_hash after a restart"
        );
        assert_eq!(nodes_of_paths(&port), by_path, "hash after a restart");
        nginx.stop();
    });
}

fn weighted_round_robin_is_exact_in_every_cycle(port: &Port) {
    let client = Client::new(port.number(), "weighted.example.com");
    for cycle in 0..5 {
        let mut count = BTreeMap::new();
        for _ in 0..6 {
            *count.entry(client.get("/").send().node()).or_insert(0) += 1;
        }
        let expected = [("a", 3), ("b", 1), ("c", 2)].map(|(node, n)| (node.to_owned(), n));
        assert_eq!(count, BTreeMap::from(expected), "cycle {cycle}");
    }
}

/// The node of each client, who must always get the same one.
fn nodes_of_clients(port: &Port) -> BTreeMap<u8, String> {
    // nginx's ip_hash takes the first three numbers of an address.
    let nodes: BTreeMap<u8, String> = (1..=20)
        .map(|network| {
            let client = Client::new(port.number(), "client.example.com");
            let ask = |host| {
                client
                    .clone()
                    .from([127, 0, network, host])
                    .get("/")
                    .send()
                    .node()
            };
            let node = ask(1);
            for host in 1..=3 {
                assert_eq!(ask(host), node, "client 127.0.{network}.{host}");
            }
            (network, node)
        })
        .collect();
    assert_all_work(nodes.values());
    nodes
}

/// The node of each path, which must always be the same one, whoever asks.
fn nodes_of_paths(port: &Port) -> BTreeMap<u8, String> {
    let nodes: BTreeMap<u8, String> = (1..=20)
        .map(|page| {
            let ask = |network| {
                let client = Client::new(port.number(), "path.example.com");
                let target = format!("/page/{page}?x=1");
                client.from([127, 0, network, 1]).get(&target).send().node()
            };
            let node = ask(1);
            for network in 2..=3 {
                assert_eq!(ask(network), node, "page {page}");
            }
            (page, node)
        })
        .collect();
    assert_all_work(nodes.values());
    nodes
}

/// Sessions that are known by Django's own cookie: the node of the second request is that of
/// all further ones.
fn sessions_stay_on_their_nodes(port: &Port) {
    let client = Client::new(port.number(), "session.example.com");
    let mut nodes = Vec::new();
    for _ in 0..12 {
        let cookies = cookies_of(&client.get("/session/").send());
        assert!(cookies.starts_with("sessionid="), "{cookies}");
        let next = || client.get("/session/").header("Cookie", &cookies).send();
        let second = next();
        assert_session_continues(3, &second.node(), next);
        nodes.push(second.node());
    }
    assert_all_work(nodes.iter());
}

/// Sessions that are known by a cookie of nginx's: not even their beginning is elsewhere.
fn cookies_keep_sessions_on_their_nodes(port: &Port) {
    let client = Client::new(port.number(), "cookie.example.com");
    let mut nodes = Vec::new();
    for _ in 0..12 {
        let first = client.get("/session/").send();
        let cookies = cookies_of(&first);
        assert!(cookies.contains("srv_id="), "{cookies}");
        assert!(cookies.contains("sessionid="), "{cookies}");
        let next = || client.get("/session/").header("Cookie", &cookies).send();
        assert_session_continues(2, &first.node(), next);
        nodes.push(first.node());
    }
    assert_all_work(nodes.iter());
}

/// What a browser sends back.
fn cookies_of(response: &Response) -> String {
    let pairs = response.headers("Set-Cookie").into_iter().map(|cookie| {
        let end = cookie.find(';').unwrap_or(cookie.len());
        &cookie[..end]
    });
    pairs.collect::<Vec<_>>().join("; ")
}

fn assert_session_continues(count: u64, node: &str, next: impl Fn() -> Response) {
    for count in count..count + 4 {
        let response = next();
        assert_eq!(response.node(), node, "request {count} of a session");
        assert_eq!(response.json()["count"], count, "another session began");
    }
}

/// A method that knows one node alone would be constant, too.
fn assert_all_work<'a>(nodes: impl Iterator<Item = &'a String>) {
    let different: BTreeSet<&String> = nodes.collect();
    assert!(different.len() > 1, "only {different:?} ever worked");
}

#[test]
fn a_slow_node_gets_fewer_requests() {
    const CLIENTS: usize = 4;
    const REQUESTS: usize = 40;
    let home = Home::new();
    let fast = Node::start(&home, Server::Gunicorn, "fast", &[("DELAY", "0.03")]);
    let slow = Node::start(&home, Server::Gunicorn, "slow", &[("DELAY", "0.3")]);
    for_each_engine(|engine| {
        let port = Port::lease();
        let topology = Topology::read("least_conn.yaml")
            .with("FAST", fast.address())
            .with("SLOW", slow.address())
            .with("HTTP", &port);
        let _nginx = Nginx::start(&home, engine, &topology, port.number());
        let one_client = || {
            let client = Client::new(port.number(), "shop.example.com");
            (0..REQUESTS)
                .filter(|_| client.get("/").send().node() == "slow")
                .count()
        };
        let slow: usize = std::thread::scope(|scope| {
            let clients = [(); CLIENTS].map(|()| scope.spawn(one_client));
            clients
                .into_iter()
                .map(|client| client.join().expect("no failure"))
                .sum()
        });
        let all = CLIENTS * REQUESTS;
        assert!(slow > 0, "the slow node got nothing");
        assert!(slow * 4 < all, "the slow node got {slow} of {all} requests");
    });
}
