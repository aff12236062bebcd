//! `probe` of real application servers that serve a Django project: well, to a host that it
//! does not know, over a scheme that it does not want, and with `DEBUG`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use djanginx::probe::{self, Limits, Wishes};
use djanginx::source::SourceMap;
use djanginx::topology;

use crate::django::{Node, Server};
use crate::home::Home;

/// Servers, each with what a topology says about it, and whether it is on a unix socket.
const NODES: &[(&str, Server, &str, bool)] = &[
    ("gunicorn", Server::Gunicorn, "server: gunicorn", false),
    ("gunicornsocket", Server::Gunicorn, "server: gunicorn", true),
    (
        "gunicornuwsgi",
        Server::GunicornUwsgi,
        "server: gunicorn, protocol: uwsgi",
        false,
    ),
    (
        "gunicornuwsgisocket",
        Server::GunicornUwsgi,
        "server: gunicorn, protocol: uwsgi",
        true,
    ),
    ("uvicorn", Server::Uvicorn, "server: uvicorn", false),
    ("daphne", Server::Daphne, "server: daphne", false),
    ("hypercorn", Server::Hypercorn, "server: hypercorn", false),
    ("granian", Server::Granian, "server: granian", false),
    ("waitress", Server::Waitress, "server: waitress", false),
    ("uwsgi", Server::Uwsgi, "server: uwsgi", false),
    ("uwsgisocket", Server::Uwsgi, "server: uwsgi", true),
    (
        "uwsgihttp",
        Server::UwsgiHttp,
        "server: uwsgi, protocol: http",
        false,
    ),
];

/// Starts all nodes that a test wants at once, and waits for all of them.
fn start(
    home: &Home,
    env: &[(&str, &str)],
    sockets: bool,
) -> Vec<(&'static str, &'static str, Node)> {
    let wanted = NODES.iter().filter(|(.., on_socket)| sockets || !on_socket);
    let launch = |&(name, server, says, on_socket): &(&'static str, Server, &'static str, bool)| {
        (name, says, Node::launch(home, server, name, on_socket, env))
    };
    let mut nodes: Vec<_> = wanted.map(launch).collect();
    for (_, _, node) in &mut nodes {
        node.wait_until_ready();
    }
    nodes
}

/// The causes that `probe` finds, by pool and host; the worst of each question first. Sites
/// are a domain, with TLS or without.
fn causes(
    nodes: &[(&str, &str, Node)],
    sites: &[(&str, bool)],
) -> BTreeMap<(String, String), Vec<String>> {
    let mut text = "nginx: {version: \"1.28\"}\npools:\n".to_owned();
    for (name, says, node) in nodes {
        let address = node.address();
        let _ = writeln!(
            text,
            "  {name}: {{{says}, nodes: [\"{address}\"], health: /healthz/}}"
        );
    }
    text += "sites:\n";
    for (name, ..) in nodes {
        for (number, (domain, tls)) in sites.iter().enumerate() {
            let tls = match tls {
                true => "tls: {certificate: /etc/ssl/a.pem, key: /etc/ssl/a.key}",
                false => "listen: [80]",
            };
            let _ = writeln!(
                text,
                "  {name}{number}: {{domains: [{name}.{domain}], {tls}, routes: {{/: {name}}}}}"
            );
        }
    }
    let mut sources = SourceMap::new();
    let loaded = topology::load(&mut sources, "topology.yaml", text.as_bytes());
    let loaded = loaded.unwrap_or_else(|_| panic!("no topology: {text}"));
    let release = loaded.topology.target().expect("a release");
    let wishes = Wishes::default();
    let targets = probe::of_topology(&loaded, release, text.as_bytes(), None, &wishes);
    // A slow machine is no cause that counts here.
    let patient = Duration::from_secs(60);
    let limits = Limits {
        first_byte: patient,
        total: patient,
        slow: patient,
        ..Limits::default()
    };
    let targets = targets.expect("templates of ours").targets;
    let run = probe::run(&targets, &limits, &mut |_, _| {}).expect("it runs");
    let diagnosed = probe::diagnose(run.probes, &limits);
    let found = diagnosed.into_iter().map(|diagnosed| {
        let target = &diagnosed.probe.target;
        let host = target.ask.host().expect("a host").to_owned();
        let causes = diagnosed.findings.iter().map(|f| f.rule.to_owned());
        ((target.pool.name.clone(), host), causes.collect())
    });
    found.collect()
}

#[track_caller]
fn assert_causes(
    found: &BTreeMap<(String, String), Vec<String>>,
    nodes: &[(&str, &str, Node)],
    domain: &str,
    want: &[&str],
) {
    for (name, ..) in nodes {
        let key = ((*name).to_owned(), format!("{name}.{domain}"));
        assert_eq!(
            found.get(&key).map_or(&[][..], Vec::as_slice),
            want,
            "{key:?}"
        );
    }
}

#[test]
fn of_a_project_in_production() {
    let home = Home::new();
    let env = [
        ("ALLOWED_HOSTS", "localhost,.good.example,.plain.example"),
        ("SECURE_SSL_REDIRECT", "1"),
        ("SECURE_PROXY_SSL_HEADER", "HTTP_X_FORWARDED_PROTO,https"),
    ];
    let nodes = start(&home, &env, true);
    let sites = [
        ("good.example", true),
        ("plain.example", false),
        ("bad.example", true),
    ];
    let found = causes(&nodes, &sites);
    assert_eq!(found.len(), nodes.len() * sites.len(), "{found:?}");
    assert_causes(&found, &nodes, "good.example", &[]);
    assert_causes(
        &found,
        &nodes,
        "plain.example",
        &["probe-ssl-redirect-loop"],
    );
    assert_causes(&found, &nodes, "bad.example", &["probe-disallowed-host"]);
}

#[test]
fn of_a_project_that_is_being_made() {
    let home = Home::new();
    let env = [
        ("ALLOWED_HOSTS", "localhost,.good.example"),
        ("DEBUG", "1"),
        ("SECURE_SSL_REDIRECT", "1"),
        // The look for a debug page must get one.
        ("SECURE_REDIRECT_EXEMPT", "^\\."),
    ];
    let nodes = start(&home, &env, false);
    let sites = [("good.example", true), ("bad.example", true)];
    let found = causes(&nodes, &sites);
    // The others believe a proxy on this machine, and tell Django.
    let doubtful = ["daphne", "granian", "hypercorn"];
    let (doubtful, believing): (Vec<_>, Vec<_>) = nodes
        .into_iter()
        .partition(|(name, ..)| doubtful.contains(name));
    let want = ["probe-ssl-redirect-loop", "probe-debug-page"];
    assert_causes(&found, &doubtful, "good.example", &want);
    assert_causes(&found, &believing, "good.example", &["probe-debug-page"]);
    let want = ["probe-disallowed-host", "probe-debug-page"];
    assert_causes(&found, &doubtful, "bad.example", &want);
    assert_causes(&found, &believing, "bad.example", &want);
}
