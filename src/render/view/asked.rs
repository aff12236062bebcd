//! What a topology asks for although a rule of lint questions it.
//!
//! Each list has the rules that would speak about one line of the output; a comment in front of
//! that line names them. It is empty where none would, because lint reports comments that keep
//! nothing back.

use super::common::HeaderLine;
use super::location::body_limit;
use super::site::SiteView;
use super::tls::hsts_value;
use crate::app_server::AppServer;
use crate::render::arg::Arg;
use crate::rules::django::BodySizeBelowDjango;
use crate::rules::security::HstsMissingOrWeak;
use crate::topology::model::{
    FailoverCondition, Flex, Node, NodeState, Pool, Resolver, Route, Site, Sticky, Topology,
};
use crate::topology::units::Size;
use crate::values::address::{self, Allowed};
use crate::values::hosts::is_public_address;
use crate::values::paths::{UPLOADS, WEBSOCKETS, begins_with, has_word};
use std::collections::HashSet;

fn speaking<const N: usize>(rules: [(&str, bool); N]) -> Vec<Arg> {
    let speaking = rules.into_iter().filter(|(_, speaks)| *speaks);
    speaking.map(|(rule, _)| rule.into()).collect()
}

/// The balancing method of a number of nodes; `pool` is none for that of a stream.
pub(super) fn of_method(
    topology: &Topology,
    pool: Option<&str>,
    method: &[Arg],
    nodes: usize,
) -> Vec<Arg> {
    let words: Vec<&str> = method.iter().map(Arg::text).collect();
    let by_address = matches!(
        words[..],
        ["ip_hash"]
            | [
                "hash",
                "$remote_addr" | "${remote_addr}" | "$binary_remote_addr",
                ..
            ]
    );
    let behind = || pool.is_some_and(|pool| topology.behind_proxy(pool).is_some());
    speaking([
        (
            "hash-not-consistent",
            matches!(words[..], ["hash", _]) && nodes > 2,
        ),
        ("ip-hash-behind-proxy", by_address && nodes > 1 && behind()),
    ])
}

/// `sticky cookie`.
pub(super) fn of_cookie(topology: &Topology, pool: &str, sticky: &Sticky) -> Vec<Arg> {
    let plain = sticky.secure == Some(false) && topology.only_over_tls(pool);
    speaking([(
        "sticky-cookie-flags",
        sticky.httponly == Some(false) || plain,
    )])
}

/// A limit of request bodies.
pub(super) fn of_body_limit(limit: &Size) -> Vec<Arg> {
    let bytes = Size(body_limit(limit).text().to_owned()).bytes();
    let small = bytes.is_some_and(|bytes| bytes < BodySizeBelowDjango::DJANGO);
    speaking([("body-size-below-django", small)])
}

/// The limit of a site, where a route has none of its own.
pub(super) fn of_site_body_limit(site: &Site) -> Vec<Arg> {
    let mut routes = site.routes.values();
    if routes.all(|route| route.body_limit.is_some()) {
        return Vec::new();
    }
    of_body_limit(&site.body_limit())
}

/// The `upstream` of some nodes.
pub(super) fn of_upstream(nodes: &[Flex<Node>]) -> Vec<Arg> {
    let used = |node: &&Flex<Node>| matches!(node.state(), NodeState::Up | NodeState::Drain);
    let of_this_machine = |node: &Flex<Node>| node.socket().is_none() && node.is_local();
    let socket = nodes
        .iter()
        .filter(used)
        .any(|node| node.socket().is_some());
    let port = nodes.iter().filter(used).any(of_this_machine);
    speaking([("mixed-socket-tcp-upstream", socket && port)])
}

/// The failures after which another node is asked.
pub(super) fn of_failover(conditions: &[FailoverCondition]) -> Vec<Arg> {
    let has = |word: &str| {
        conditions
            .iter()
            .any(|condition| condition.as_str() == word)
    };
    speaking([
        ("next-upstream-non-idempotent", has("non_idempotent")),
        (
            "next-upstream-off-mixed",
            has("http_403") || has("http_404"),
        ),
    ])
}

/// The name servers of `http`.
pub(super) fn of_resolver(topology: &Topology, resolver: &Resolver) -> Vec<Arg> {
    let mut nodes = topology.pools.values().flat_map(|pool| &pool.nodes);
    let public = |address: &String| {
        let url = address::parse_url(address.as_bytes(), Allowed::default());
        url.is_ok_and(|url| is_public_address(&url.host))
    };
    let asked = nodes.any(|node| node.resolve == Some(true));
    let speaks = asked && resolver.addresses.iter().any(public);
    speaking([("external-resolver", speaks)])
}

/// The folders of homes that the workers may not read. Lint speaks of each home once, of the first
/// folder in it.
pub(super) fn mark_homes(topology: &Topology, sites: &mut [SiteView]) {
    let user = topology.nginx.user.as_deref();
    let mut told = HashSet::new();
    let mut of_folder = |path: &Arg| {
        let path = path.text();
        let home = path.strip_prefix("/home/").map(|rest| {
            let end = rest.find('/').unwrap_or(rest.len());
            &path[..path.len() - rest.len() + end]
        });
        let closed = match (user, home) {
            (Some("root"), _) => None,
            (Some(user), Some(home)) => Some(home).filter(|home| home[6..] != *user),
            (None, Some(_)) => None,
            (_, None) => Some("/root").filter(|root| {
                let rest = path.strip_prefix(root);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }),
        };
        let first = closed.is_some_and(|home| told.insert(home.to_owned()));
        speaking([("static-path-permission", first)])
    };
    for site in sites {
        let redirect = site.redirect.iter_mut();
        for redirect in redirect.filter(|redirect| redirect.acme.is_some()) {
            redirect.acme_ignored = redirect
                .acme
                .as_ref()
                .map(&mut of_folder)
                .unwrap_or_default();
        }
        let server = &mut site.server;
        server.acme_ignored = server.acme.as_ref().map(&mut of_folder).unwrap_or_default();
        if let Some(page) = &mut server.down_page {
            page.ignored = of_folder(&page.file);
        }
        for files in &mut server.files {
            files.root_ignored = of_folder(&files.root);
        }
    }
}

/// What hands the requests of a route on.
pub(super) fn of_pass(path: &str, route: &Route, pool: &Pool) -> Vec<Arg> {
    let rest = path.strip_prefix("/static");
    let is_static = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    speaking([
        ("static-logged-or-proxied", is_static),
        ("websocket-buffering-sse", route.holds_events(path, pool)),
        (
            "websocket-upgrade-missing",
            route.refuses_websockets(path, pool),
        ),
    ])
}

/// The time that a node may take for the next bytes.
pub(super) fn of_read_timeout(path: &str, route: &Route) -> Vec<Arg> {
    let timeouts = { route.timeouts.as_ref() }.filter(|_| route.websocket == Some(true));
    let read = timeouts.and_then(|timeouts| timeouts.read.as_ref()?.seconds());
    let pings = matches!(
        AppServer::in_name(route.pool.as_bytes()),
        Some(AppServer::Daphne | AppServer::Uvicorn)
    );
    let short = read.is_some_and(|seconds| seconds <= 60) && !pings;
    let closes = short && has_word(path.as_bytes(), WEBSOCKETS);
    speaking([("websocket-read-timeout", closes)])
}

/// Bodies that are passed on piece by piece, which is for servers with few workers.
pub(super) fn of_unbuffered(route: &Route) -> Vec<Arg> {
    let gunicorn = AppServer::in_name(route.pool.as_bytes()) == Some(AppServer::Gunicorn);
    let speaks = gunicorn && route.websocket != Some(true);
    speaking([("request-buffering-off-sync", speaks)])
}

/// The location of files.
pub(super) fn of_files(site: &Site, url: &str, headers: &[HeaderLine]) -> Vec<Arg> {
    let safe = headers.iter().any(|header| {
        let name = header.name.text();
        name.eq_ignore_ascii_case("Content-Security-Policy")
            || name.eq_ignore_ascii_case("Content-Disposition")
    });
    let runs = !safe && !site.routes.is_empty() && begins_with(url.as_bytes(), UPLOADS);
    speaking([("media-executable-content", runs)])
}

/// The server of a site with TLS: Django, which sends the header otherwise, has no part in a
/// site of files.
pub(super) fn of_server(site: &Site) -> Vec<Arg> {
    let silent = |site: &Site| site.tls().is_some_and(|tls| hsts_value(tls).is_none());
    speaking([(
        "hsts-missing-or-weak",
        site.routes.is_empty() && silent(site),
    )])
}

/// The `Strict-Transport-Security` of a site of files.
pub(super) fn of_hsts(site: &Site) -> Vec<Arg> {
    let tls = site
        .tls()
        .filter(|tls| tls.redirects() && hsts_value(tls).is_some());
    let seconds = tls.and_then(|tls| tls.hsts().max_age?.seconds());
    let short = seconds.is_some_and(|seconds| (1..HstsMissingOrWeak::LEAST).contains(&seconds));
    speaking([("hsts-missing-or-weak", site.routes.is_empty() && short)])
}
