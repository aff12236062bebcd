//! Idle connections to the nodes.

use super::place::Scope;
use super::quantities::{self, Counted};
use super::{Checks, Gate};
use crate::finding::Finding;
use crate::topology::document::Step::Key;
use crate::topology::model::{Keepalive, Pool, Protocol};
use crate::version::Version;

/// `keepalive_time` of upstreams (CHANGES).
const TIME: Gate = Gate::OpenSource(Version::new(1, 19, 10));
/// The most idle connections of one worker: more than a node has ports.
const MAX_CONNECTIONS: u32 = 65_535;
/// The most requests of one connection.
const MAX_REQUESTS: u32 = 1_000_000_000;

/// Checks what `keepalive` says by itself.
pub(super) fn check_values(cx: &mut Checks<'_>, keepalive: &Keepalive, scope: &Scope<'_>) {
    let keys = [Key("keepalive"), Key("connections")];
    quantities::range(
        cx,
        keepalive.connections,
        0..=MAX_CONNECTIONS,
        scope.at(&keys),
        "",
    );
    let keys = [Key("keepalive"), Key("requests")];
    quantities::range(
        cx,
        keepalive.requests,
        1..=MAX_REQUESTS,
        scope.at(&keys),
        "",
    );
    let keys = [Key("keepalive"), Key("timeout")];
    quantities::positive_time(
        cx,
        keepalive.timeout.as_ref(),
        Counted::Millis,
        scope.at(&keys),
    );
    let keys = [Key("keepalive"), Key("server_timeout")];
    quantities::time(
        cx,
        keepalive.server_timeout.as_ref(),
        Counted::Millis,
        scope.at(&keys),
    );
    let keys = [Key("keepalive"), Key("time")];
    let time = keepalive.time.as_ref();
    quantities::positive_time(cx, time, Counted::Millis, scope.at(&keys));
    if time.is_some() && !TIME.is_open(cx.target) {
        cx.report_gate(
            "topology-keepalive-version",
            scope.at(&keys).key(),
            "`keepalive.time`",
            TIME,
            "Remove it, or raise `nginx.version`; nginx says `\"keepalive_time\" directive is not \
             allowed here`",
        );
    }
}

/// Checks `keepalive` against the rest of the pool.
pub(super) fn check_pool(cx: &mut Checks<'_>, pool: &Pool, scope: &Scope<'_>) {
    refuse_for_uwsgi(cx, pool, scope);
    check_timeout(cx, pool, scope);
}

/// The protocol has no way to keep a connection. A default for all pools is not about it.
fn refuse_for_uwsgi(cx: &mut Checks<'_>, pool: &Pool, scope: &Scope<'_>) {
    let keeps = |keepalive: &Keepalive| {
        keepalive.enabled != Some(false) && *keepalive != Keepalive::default()
    };
    let asked = pool.keepalive.as_deref().is_some_and(keeps) && scope.says(&[Key("keepalive")]);
    if pool.spoken() == Protocol::Uwsgi && asked {
        cx.report(
            Finding::error(
                "topology-keepalive-uwsgi",
                scope.at(&[Key("keepalive")]).key(),
                "the uwsgi protocol closes each connection after its request",
            )
            .label("cannot be kept")
            .related(scope.protocol(), "speaks uwsgi")
            .help("Remove `keepalive`, or let the nodes speak HTTP with `protocol: http`"),
        );
    }
}

/// A connection that the application server closes while nginx uses it is a 502.
fn check_timeout(cx: &mut Checks<'_>, pool: &Pool, scope: &Scope<'_>) {
    let Some(idle) = pool.idle() else { return };
    if idle.timeout_ms < idle.server_ms {
        return;
    }
    let keepalive = pool.keepalive.as_deref();
    let timeout_keys = [Key("keepalive"), Key("timeout")];
    let server_keys = [Key("keepalive"), Key("server_timeout")];
    let asked = keepalive.is_some_and(|keepalive| keepalive.timeout.is_some());
    let stated = keepalive.is_some_and(|keepalive| keepalive.server_timeout.is_some());
    let keys = if asked { timeout_keys } else { server_keys };
    let server = pool.app_server();
    let (ours, theirs) = (seconds(idle.timeout_ms), seconds(idle.server_ms));
    let mut finding = Finding::error(
        "topology-keepalive-timeout",
        scope.at(&keys).span(),
        format!(
            "nginx would keep idle connections for {ours}, and {} closes them after {theirs}",
            server.as_str()
        ),
    )
    .label(if asked {
        "not shorter"
    } else {
        "leaves no time"
    });
    if asked && stated {
        finding = finding.related(scope.at(&server_keys).span(), "what the server was given");
    }
    let flag = match server.as_str() {
        "gunicorn" => " (`--keep-alive`)",
        "uvicorn" => " (`--timeout-keep-alive`)",
        "hypercorn" => " (`--keep-alive`)",
        _ => "",
    };
    cx.report(finding.help(format!(
        "Write a shorter `timeout`, or start {} with a longer one{flag} and say so in \
         `server_timeout`",
        server.as_str()
    )));
}

fn seconds(millis: u64) -> String {
    if millis.is_multiple_of(1000) {
        format!("{}s", millis / 1000)
    } else {
        format!("{millis}ms")
    }
}
