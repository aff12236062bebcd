//! What a topology asks for although a rule of lint questions it.
//!
//! Each list has the rules that would speak about one line of the output; a comment in front of
//! that line names them. It is empty where none would, because lint reports comments that keep
//! nothing back.

use super::common::HeaderLine;
use super::location::body_limit;
use super::tls::hsts_value;
use crate::app_server::AppServer;
use crate::render::arg::Arg;
use crate::topology::model::{Pool, Route, Site, Sticky, Topology};
use crate::topology::units::Size;
use crate::values::paths::{UPLOADS, WEBSOCKETS, begins_with, has_word};

/// What Django takes without files (`DATA_UPLOAD_MAX_MEMORY_SIZE`).
const DJANGO_BODY: u64 = 2_621_440;
/// What `Strict-Transport-Security` should say at least.
const HALF_A_YEAR: u64 = 15_768_000;

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
    let small = bytes.is_some_and(|bytes| bytes < DJANGO_BODY);
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

/// What hands the requests of a route on.
pub(super) fn of_pass(path: &str, route: &Route, pool: &Pool) -> Vec<Arg> {
    speaking([
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
    let short = seconds.is_some_and(|seconds| (1..HALF_A_YEAR).contains(&seconds));
    speaking([("hsts-missing-or-weak", site.routes.is_empty() && short)])
}
