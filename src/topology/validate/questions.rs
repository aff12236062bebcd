//! What a topology may well mean, although most do not: each question ends when the key that it
//! names is written, whatever its value.

use super::Checks;
use super::place::Scope;
use super::text::shown;
use crate::finding::{Finding, Severity};
use crate::topology::document::Step::Key;
use crate::topology::model::{Pool, Route, Site};
use crate::topology::settle::Balancing;

/// Asks about pools.
pub(super) fn ask_about_pool(cx: &mut Checks<'_>, name: &str, pool: &Pool, scope: &Scope<'_>) {
    let by_address = match pool.balancing(cx.target) {
        Some(Balancing::IpHash) => true,
        Some(Balancing::Hash { key, .. }) => matches!(
            key.as_str(),
            "$remote_addr" | "${remote_addr}" | "$binary_remote_addr"
        ),
        _ => false,
    };
    let Some((site, _)) =
        { cx.topology.behind_proxy(name) }.filter(|_| by_address && pool.nodes.len() > 1)
    else {
        return;
    };
    let keys = if pool.balance.is_some() {
        [Key("balance")]
    } else {
        [Key("sticky")]
    };
    cx.report(
        Finding::warning(
            "topology-ip-hash-behind-proxy",
            scope.at(&keys).span(),
            format!(
                "all requests of site `{}` have one address, so one node gets them all",
                shown(site)
            ),
        )
        .label("by the client's address")
        .related(
            cx.document.key_at(&[Key("sites"), Key(site)]),
            "only this machine reaches it",
        )
        .help("Write `trusted_proxies` with the address of the proxy in front, such as `networks: [127.0.0.1]`"),
    );
}

/// Asks about sites.
pub(super) fn ask_about_sites(cx: &mut Checks<'_>) {
    let (topology, document) = (cx.topology, cx.document);
    let encrypted = topology.encrypted();
    for (name, site) in &topology.sites {
        let scope = Scope::sharing(document, &[Key("sites"), Key(name)]);
        ask_for_hsts(cx, site, &scope);
        let Some((other, _)) = encrypted.filter(|_| site.tls.is_none()) else {
            continue;
        };
        if !topology.is_open(site) {
            continue;
        }
        cx.report(
            Finding::warning(
                "topology-plain-site",
                scope.name(),
                format!("cookies of site `{}` travel without TLS", shown(name)),
            )
            .label("no `tls`")
            .related(document.key_at(&[Key("sites"), Key(other)]), "has TLS")
            .help("Give it `tls`, or write `tls: off` if it needs none"),
        );
    }
}

fn ask_for_hsts(cx: &mut Checks<'_>, site: &Site, scope: &Scope<'_>) {
    let unheard = site.tls().is_some_and(|tls| tls.hsts.is_none());
    if unheard && site.routes.is_empty() {
        cx.report(
            Finding::new(
                "topology-hsts-missing",
                Severity::Info,
                scope.at(&[Key("tls")]).key(),
                "browsers are not told to stay with HTTPS, and no Django is here to tell them",
            )
            .label("no `hsts`")
            .help("Add `hsts`, such as `hsts: 1y`, or `hsts: off`"),
        );
    }
}

/// Asks about a route.
pub(super) fn ask_about_route(
    cx: &mut Checks<'_>,
    path: &str,
    route: &Route,
    pool: &Pool,
    scope: &Scope<'_>,
) {
    if route.websocket.is_none() && route.refuses_websockets(path, pool) {
        cx.report(
            Finding::warning(
                "topology-websocket-path",
                scope.name(),
                format!("no WebSocket can be opened at `{}`", shown(path)),
            )
            .label("named like WebSockets")
            .help("Write `websocket: true`, or `websocket: false` if there are none"),
        );
    }
    let unsaid = route.streaming.is_none() && route.buffering.is_none();
    if unsaid && pool.app_server().speaks_websocket() && route.holds_events(path, pool) {
        cx.report(
            Finding::new(
                "topology-events-path",
                Severity::Info,
                scope.name(),
                format!("events at `{}` wait in a buffer", shown(path)),
            )
            .label("named like server-sent events")
            .help("Write `streaming: true`, or `streaming: false` if there are none"),
        );
    }
}
