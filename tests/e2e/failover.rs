//! A node dies and comes back while people use the site.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::client::{CUT_SHORT, Client};
use crate::django::{Node, Server, state_folder};
use crate::home::{Home, Port};
use crate::nginx::{Nginx, Topology, for_each_engine};
use crate::process::wait_for;

#[test]
fn killing_a_gunicorn_fails_no_get_and_repeats_no_post() {
    kill_and_restart(Server::Gunicorn, "gunicorn");
}

/// uvicorn keeps connections open, so that nginx meets dead ones.
#[test]
fn killing_a_uvicorn_fails_no_get_and_repeats_no_post() {
    kill_and_restart(Server::Uvicorn, "uvicorn");
}

fn kill_and_restart(server: Server, name: &str) {
    let home = Home::new();
    // Long enough that a request is under way at any time, and an order still is when the test
    // has seen it arrive.
    let slow = [("DELAY", "0.1"), ("ORDER_DELAY", "0.3")];
    let a = Node::start(&home, server, "a", &slow);
    let mut b = Node::start(&home, server, "b", &slow);
    let c = Node::start(&home, server, "c", &slow);
    for_each_engine(|engine| {
        let port = Port::lease();
        let topology = Topology::read("failover.yaml")
            .with("SERVER", name)
            .with("A", a.address())
            .with("B", b.address())
            .with("C", c.address())
            .with("HTTP", &port);
        let nginx = Nginx::start(&home, engine, &topology, port.number());
        let traffic = Traffic::new(&home, &port, &engine.name);
        std::thread::scope(|scope| {
            let _stopped = StopAtTheEnd(&traffic);
            for _ in 0..4 {
                scope.spawn(|| traffic.get());
            }
            for _ in 0..2 {
                scope.spawn(|| traffic.post());
            }
            for _ in 0..2 {
                traffic.wait_for_answers_of("b", 5);
                traffic.wait_for_an_order_at("b");
                b.kill();
                traffic.wait_for_answers(50);
                b.restart();
                traffic.wait_for_answers_of("b", 5);
            }
        });
        traffic.assert_nothing_went_wrong(&nginx);
    });
}

/// GETs and POSTs until told to stop.
struct Traffic {
    client: Client,
    /// Begins each order of this run.
    mark: String,
    /// Where all nodes note the orders that arrive.
    ledger: PathBuf,
    is_over: AtomicBool,
    answers: Mutex<BTreeMap<String, usize>>,
    failures: Mutex<Vec<String>>,
    /// Answers whose header came, and not all of their body.
    cut_short: AtomicUsize,
    orders: AtomicUsize,
    confirmed: Mutex<BTreeSet<String>>,
}

impl Traffic {
    fn new(home: &Home, port: &Port, engine: &str) -> Self {
        Self {
            client: Client::new(port.number(), "shop.example.com"),
            mark: format!("{engine}/"),
            ledger: state_folder(home).join("orders.txt"),
            is_over: AtomicBool::new(false),
            answers: Mutex::default(),
            failures: Mutex::default(),
            cut_short: AtomicUsize::new(0),
            orders: AtomicUsize::new(0),
            confirmed: Mutex::default(),
        }
    }

    fn get(&self) {
        while !self.is_over.load(Ordering::Relaxed) {
            match self.client.get("/").try_send() {
                Ok(response) if response.status == 200 => {
                    let mut answers = self.answers.lock().expect("no panic");
                    *answers.entry(response.node()).or_default() += 1;
                }
                Err(error) if error.to_string() == CUT_SHORT => {
                    self.cut_short.fetch_add(1, Ordering::Relaxed);
                }
                other => self
                    .failures
                    .lock()
                    .expect("no panic")
                    .push(format!("{other:?}")),
            }
        }
    }

    fn post(&self) {
        while !self.is_over.load(Ordering::Relaxed) {
            let number = self.orders.fetch_add(1, Ordering::Relaxed);
            let order = format!("{}{number}", self.mark);
            let response = self.client.post("/orders/", order.as_str()).try_send();
            if response.is_ok_and(|response| response.status == 200) {
                self.confirmed.lock().expect("no panic").insert(order);
            }
        }
    }

    /// The orders of this run that have arrived, in that order, each with its node.
    fn arrived(&self) -> Vec<(String, String)> {
        let text = std::fs::read_to_string(&self.ledger).unwrap_or_default();
        let lines = text.lines().filter(|line| line.starts_with(&self.mark));
        lines
            .filter_map(|line| {
                let mut words = line.split(' ').map(str::to_owned);
                Some((words.next()?, words.next()?))
            })
            .collect()
    }

    fn wait_for_an_order_at(&self, node: &str) {
        let count = || self.arrived().iter().filter(|(_, at)| at == node).count();
        let before = count();
        wait_for(&format!("an order at {node}"), || {
            (count() > before).then_some(())
        });
    }

    fn wait_for_answers_of(&self, node: &str, more: usize) {
        let count = || {
            self.answers
                .lock()
                .expect("no panic")
                .get(node)
                .copied()
                .unwrap_or(0)
        };
        let goal = count() + more;
        wait_for(&format!("answers of {node}"), || {
            (count() >= goal).then_some(())
        });
    }

    fn wait_for_answers(&self, more: usize) {
        let count = || {
            self.answers
                .lock()
                .expect("no panic")
                .values()
                .sum::<usize>()
        };
        let goal = count() + more;
        wait_for("answers", || (count() >= goal).then_some(()));
    }

    fn assert_nothing_went_wrong(&self, nginx: &Nginx) {
        let failures = self.failures.lock().expect("no panic");
        assert!(failures.is_empty(), "GETs failed: {failures:#?}");
        // A node that dies between header and body leaves nothing that nginx could repeat; the
        // client has the header already.
        let begun = nginx.errors();
        let begun = begun
            .lines()
            .filter(|line| line.contains("while reading upstream,"));
        let (begun, cut_short) = (begun.count(), self.cut_short.load(Ordering::Relaxed));
        assert!(
            cut_short <= begun,
            "{cut_short} answers cut short, {begun} by their node"
        );

        let mut different = BTreeSet::new();
        let arrived = self.arrived().into_iter().map(|(order, _)| order);
        let repeated: Vec<_> = arrived
            .filter(|order| !different.insert(order.clone()))
            .collect();
        assert!(
            repeated.is_empty(),
            "orders arrived more than once: {repeated:?}"
        );

        let confirmed = self.confirmed.lock().expect("no panic");
        let lost: Vec<_> = confirmed.difference(&different).collect();
        assert!(
            lost.is_empty(),
            "orders were confirmed and never arrived: {lost:?}"
        );
        // Otherwise no order was under way at a kill, and nothing was tested.
        assert!(
            different.len() > confirmed.len(),
            "no order was cut off by a kill"
        );
    }
}

/// Ends the traffic even when the test fails, or its threads would never end.
struct StopAtTheEnd<'a>(&'a Traffic);

impl Drop for StopAtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Relaxed);
    }
}
