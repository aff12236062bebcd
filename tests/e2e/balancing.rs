//! Who gets the next request.

use std::collections::{BTreeMap, BTreeSet};

use crate::client::{Client, Response};
use crate::django::{Node, Server, state_folder};
use crate::home::{Home, Port};
use crate::nginx::{Nginx, Topology, for_each_engine};
use crate::process::wait_for;

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
fn a_busy_node_gets_no_request_while_another_is_idle() {
    let home = Home::new();
    let nodes = ["a", "b"].map(|name| Node::start(&home, Server::Gunicorn, name, &[]));
    for_each_engine(|engine| {
        let port = Port::lease();
        let topology = Topology::read("least_conn.yaml")
            .with("A", nodes[0].address())
            .with("B", nodes[1].address())
            .with("HTTP", &port);
        let _nginx = Nginx::start(&home, engine, &topology, port.number());
        let client = Client::new(port.number(), "shop.example.com");
        let busy = (0..2).map(|round| {
            let run = format!("{}-{round}", engine.name);
            the_other_serves_while_one_is_held(&home, &client, &run)
        });
        let busy: BTreeSet<String> = busy.collect();
        assert_eq!(busy, BTreeSet::from(["a", "b"].map(str::to_owned)));
    });
}

/// Holds a request at a node, and gives that node.
fn the_other_serves_while_one_is_held(home: &Home, client: &Client, run: &str) -> String {
    let state = state_folder(home);
    let held_at = |node: &str| state.join(format!("{run}-held-at-{node}"));
    std::thread::scope(|scope| {
        let held = scope.spawn(|| client.get(&format!("/held/?run={run}")).send().node());
        let busy = wait_for("a request that is held", || {
            ["a", "b"].into_iter().find(|node| held_at(node).exists())
        });
        let answers: Vec<_> = (0..20).map(|_| client.get("/").try_send()).collect();
        // Released before anything can fail, or its thread would wait.
        std::fs::write(state.join(format!("{run}-released")), "").expect("a file");
        for answer in answers {
            assert_ne!(answer.expect("an answer").node(), busy);
        }
        assert_eq!(held.join().expect("no failure"), busy);
        busy.to_owned()
    })
}
