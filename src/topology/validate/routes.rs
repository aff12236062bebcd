//! Routes of sites, and the locations that they share a server with.

use super::place::{Place, Scope};
use super::quantities;
use super::text::{self, shown};
use super::{Checks, access, limits, pools, questions};
use crate::finding::Finding;
use crate::source::Span;
use crate::topology::document::Step::Key;
use crate::topology::model::{AppServer, Buffering, Pool, Protocol, Route, Site};
use crate::topology::suggest::nearest;
use crate::topology::units::Size;
use std::collections::{HashMap, HashSet};

/// The longest prefix: nginx before 1.23.4 keeps its length in one byte and compares only
/// the rest (`ngx_http_location_tree_node_s`).
const MAX_PREFIX: usize = 255;

/// The buffers that the renderer writes where nothing is said.
const BUFFER: u64 = 16 << 10;
const BUFFERS: u32 = 8;

/// Checks what a route, or `defaults` for routes, says by itself.
pub(super) fn check_values(cx: &mut Checks<'_>, route: &Route, scope: &Scope<'_>) {
    check_body_limit(
        cx,
        route.body_limit.as_ref(),
        scope.at(&[Key("body_limit")]),
    );
    if let Some(timeouts) = &route.timeouts {
        pools::check_timeouts(cx, timeouts, scope);
    }
    if let Some(buffering) = &route.buffering {
        check_buffers(cx, buffering, scope);
    }
    if let Some(limit) = &route.rate_limit {
        limits::check(cx, limit, scope);
    }
    access::check_values(cx, route, scope);
}

/// The largest request body: nginx's word for no limit is 0, which looks like the opposite.
pub(super) fn check_body_limit(cx: &mut Checks<'_>, limit: Option<&Size>, place: Place<'_>) {
    let Some(limit) = limit.filter(|limit| limit.0 != "unlimited") else {
        return;
    };
    if quantities::offset(cx, Some(limit), place) == Some(0) {
        cx.report(
            Finding::error(
                "topology-zero-body-limit",
                place.span(),
                "nginx takes a limit of 0 for no limit at all",
            )
            .label("nothing, or everything?")
            .help("Write `unlimited`, or a size such as `10m`"),
        );
    }
}

/// The rules of `proxy_buffers` (`ngx_http_proxy_merge_loc_conf`); what is busy sending is
/// twice the largest buffer unless it is set.
fn check_buffers(cx: &mut Checks<'_>, buffering: &Buffering, scope: &Scope<'_>) {
    const SMALLEST: u64 = 1 << 10;
    const LARGEST: u64 = 1 << 30;
    let mut sizes = [BUFFER; 2];
    for (size, (key, value)) in sizes
        .iter_mut()
        .zip([("header", &buffering.header), ("size", &buffering.size)])
    {
        let Some(value) = value else { continue };
        let keys = [Key("buffering"), Key(key)];
        let Some(bytes) = quantities::size(cx, Some(value), scope.at(&keys)) else {
            return;
        };
        if !(SMALLEST..=LARGEST).contains(&bytes) {
            cx.report(
                Finding::error(
                    "topology-buffers",
                    scope.at(&keys).span(),
                    format!("a buffer of {bytes} bytes holds no response, or too many"),
                )
                .label("out of range")
                .help("Write a size from `1k` to `1024m`, such as `16k`"),
            );
            return;
        }
        *size = bytes;
    }
    let [header, size] = sizes;
    let count = buffering.count.unwrap_or(BUFFERS);
    let needed = (2 * header.max(size)).div_ceil(size) + 1;
    let key = |key| [Key("buffering"), Key(key)];
    if count > 65_536 {
        cx.report(
            Finding::error(
                "topology-buffers",
                scope.at(&key("count")).span(),
                format!("{count} buffers for each request are more than any response needs"),
            )
            .label("out of range")
            .help("Write a number such as `8`"),
        );
    } else if u64::from(count) < needed {
        let at = ["count", "size", "header"]
            .into_iter()
            .zip([
                buffering.count.is_some(),
                buffering.size.is_some(),
                buffering.header.is_some(),
            ])
            .find_map(|(name, set)| set.then_some(name))
            .unwrap_or("count");
        let words = if count < 2 {
            "there must be at least 2 \"proxy_buffers\""
        } else {
            "\"proxy_busy_buffers_size\" must be less than the size of all \"proxy_buffers\" minus \
             one buffer"
        };
        cx.report(
            Finding::error(
                "topology-buffers",
                scope.at(&key(at)).span(),
                format!("a header of {header} bytes does not fit beside {count} of {size} bytes"),
            )
            .label("does not add up")
            .help(format!(
                "Write `count: {needed}` or more, or smaller buffers; nginx says \
                           `{words}`"
            )),
        );
    }
}

/// Checks the routes of a site.
pub(super) fn check_site(cx: &mut Checks<'_>, site_name: &str, site: &Site) {
    let document = cx.document;
    for (prefix, route) in &site.routes {
        let way = [Key("sites"), Key(site_name), Key("routes"), Key(prefix)];
        let scope = Scope::sharing(document, &way);
        check_prefix(cx, prefix, scope.at(&[]));
        check_values(cx, route, &scope);
        access::check_route(cx, route, &scope);
        check_strip(cx, prefix, route, &scope);
        check_piecemeal(cx, route, &scope);
        match cx.topology.pools.get(&route.pool) {
            Some(pool) => {
                check_pool(cx, prefix, route, pool, &scope);
                questions::ask_about_route(cx, prefix, route, pool, &scope);
            }
            None => report_unknown_pool(cx, route, &scope),
        }
    }
}

// ── Prefixes ────────────────────────────────────────────────────────────────────────────

/// What is wrong with a prefix, and what to write instead.
pub(super) struct PrefixProblem {
    pub(super) message: &'static str,
    pub(super) label: &'static str,
    pub(super) help: String,
}

/// Whether nginx can ever find a prefix: it compares with the path as it is after decoding
/// and cleaning (`ngx_http_parse_complex_uri`).
pub(super) fn parse_prefix(text: &str) -> Result<(), PrefixProblem> {
    let problem = |message, label, help: &'static str| {
        Err(PrefixProblem {
            message,
            label,
            help: help.to_owned(),
        })
    };
    if let Some((_, rest)) = text.split_once("://") {
        let path = rest.find('/').map_or("/", |at| &rest[at..]);
        return Err(PrefixProblem {
            message: "is a URL, and not the path of one",
            label: "a URL",
            help: format!("Write the path alone: `{}`", shown(path)),
        });
    }
    if !text.starts_with('/') {
        let bare = text
            .trim_start_matches(['^', '~', '=', ' ', '@'])
            .trim_start_matches('/');
        return Err(PrefixProblem {
            message: "does not start with `/`",
            label: "no `/` in front",
            help: format!("Write `/{}`", shown(bare)),
        });
    }
    if text.len() > MAX_PREFIX {
        return problem(
            "is longer than nginx compares",
            "too long",
            "Write at most 255 bytes",
        );
    }
    if text.contains(['*', '<', '>', '{', '}', '\\', '^']) {
        return problem(
            "holds a pattern, and nginx takes it as it stands",
            "no patterns here",
            "Write the beginning that all paths share, up to the last `/` before the pattern",
        );
    }
    if text.contains(['?', '#']) {
        return problem(
            "holds a query or fragment, which is no part of a path",
            "not a path",
            "Write the path up to there",
        );
    }
    let bytes = text.as_bytes();
    let encoded = |at: usize| {
        bytes[at] == b'%'
            && bytes
                .get(at + 1..at + 3)
                .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    };
    if (0..bytes.len()).any(encoded) {
        return problem(
            "is encoded, and nginx compares with the decoded path",
            "encoded with `%`",
            "Write the characters themselves, in quotes where YAML needs them",
        );
    }
    if text.contains("//") {
        return problem(
            "holds `//`, and nginx makes one `/` of it before it compares",
            "never found",
            "Write a single `/`",
        );
    }
    if text
        .split('/')
        .any(|segment| segment == "." || segment == "..")
    {
        return problem(
            "holds `.` or `..`, which nginx resolves before it compares",
            "never found",
            "Write the path that it resolves to",
        );
    }
    Ok(())
}

fn check_prefix(cx: &mut Checks<'_>, prefix: &str, place: Place<'_>) {
    let key = place.key();
    if prefix.is_empty() {
        cx.report(
            Finding::error("topology-route-prefix", key, "a route has no path")
                .label("no path")
                .help("Write `/` for everything"),
        );
        return;
    }
    if !text::literal(cx, prefix, place) {
        return;
    }
    if let Err(problem) = parse_prefix(prefix) {
        cx.report(
            Finding::error(
                "topology-route-prefix",
                key,
                format!("`{}` {}", shown(prefix), problem.message),
            )
            .label(problem.label)
            .help(problem.help),
        );
    }
}

fn check_strip(cx: &mut Checks<'_>, prefix: &str, route: &Route, scope: &Scope<'_>) {
    if route.strip_prefix != Some(true) {
        return;
    }
    let (message, label, help) = if prefix == "/" {
        (
            "`strip_prefix` has nothing to take off `/`".to_owned(),
            "nothing to strip",
            "Remove it".to_owned(),
        )
    } else if !prefix.ends_with('/') {
        (
            format!(
                "`strip_prefix` on `{0}` would make `/x` of `{0}x`",
                shown(prefix)
            ),
            "where does the prefix end?",
            format!("Write the route as `{}/`", shown(prefix)),
        )
    } else {
        let uwsgi = |pool: &Pool| pool.spoken() == Protocol::Uwsgi;
        if !cx.topology.pools.get(&route.pool).is_some_and(uwsgi) {
            return;
        }
        (
            "the uwsgi protocol cannot change the path".to_owned(),
            "not over uwsgi",
            "Mount the application with uWSGI's `mount` and `manage-script-name`, or let the nodes \
             speak HTTP"
                .to_owned(),
        )
    };
    cx.report(
        Finding::error(
            "topology-strip-prefix",
            scope.at(&[Key("strip_prefix")]).key(),
            message,
        )
        .label(label)
        .help(help),
    );
}

/// What is passed on piece by piece is not held back as well.
fn check_piecemeal(cx: &mut Checks<'_>, route: &Route, scope: &Scope<'_>) {
    let held = route
        .buffering
        .as_ref()
        .is_some_and(|buffering| buffering.enabled == Some(true));
    if !held || !scope.says(&[Key("buffering")]) {
        return;
    }
    for (key, set) in [
        ("websocket", route.websocket),
        ("streaming", route.streaming),
    ] {
        if set != Some(true) {
            continue;
        }
        cx.report(
            Finding::error(
                "topology-buffered-stream",
                scope.at(&[Key("buffering")]).span(),
                format!("`{key}` passes on each piece at once, and `buffering` holds it back"),
            )
            .label("holds it back")
            .related(scope.at(&[Key(key)]).span(), "piece by piece")
            .help(format!("Remove `buffering`, or remove `{key}`")),
        );
    }
}

// ── Pools ───────────────────────────────────────────────────────────────────────────────

fn report_unknown_pool(cx: &mut Checks<'_>, route: &Route, scope: &Scope<'_>) {
    let keys = [Key("pool")];
    let place = scope.at(&keys);
    if !text::literal(cx, &route.pool, place) {
        return;
    }
    let known = cx.topology.pools.keys().map(String::as_str);
    let help = match nearest(&route.pool, known) {
        Some(near) => format!("Write `{}`", shown(near)),
        None if cx.topology.streams.contains_key(&route.pool) => {
            "Describe the nodes under `pools`: a stream carries no HTTP routes".to_owned()
        }
        None => format!("Describe it as `{}` under `pools`", shown(&route.pool)),
    };
    cx.report(
        Finding::error(
            "topology-unknown-pool",
            place.span(),
            format!("there is no pool `{}`", shown(&route.pool)),
        )
        .label("unknown pool")
        .help(help),
    );
}

fn check_pool(cx: &mut Checks<'_>, prefix: &str, route: &Route, pool: &Pool, scope: &Scope<'_>) {
    let server = pool.app_server();
    let wsgi = !server.speaks_websocket() || pool.spoken() == Protocol::Uwsgi;
    if !wsgi {
        return;
    }
    let way = Scope::sharing(cx.document, &[Key("pools"), Key(&route.pool)]);
    let speaks: Span = if pool.server.is_some() {
        way.at(&[Key("server")]).span()
    } else {
        way.protocol()
    };
    let name = match server {
        AppServer::Gunicorn => "gunicorn over the uwsgi protocol",
        other => other.as_str(),
    };
    if route.websocket == Some(true) {
        cx.report(
            Finding::error(
                "topology-websocket-on-wsgi",
                scope.at(&[Key("websocket")]).span(),
                format!(
                    "`{}` wants WebSockets, and {name} serves WSGI",
                    shown(prefix)
                ),
            )
            .label("no WebSocket there")
            .related(speaks, "serves WSGI")
            .help(
                "Route it to a pool of uvicorn, daphne, hypercorn or granian, or of gunicorn \
                   with the uvicorn worker",
            ),
        );
    }
    if route.streaming == Some(true) {
        cx.report(
            Finding::warning(
                "topology-streaming-on-wsgi",
                scope.at(&[Key("streaming")]).span(),
                format!(
                    "each client of `{}` holds a worker of {name} for as long as it listens",
                    shown(prefix)
                ),
            )
            .label("one worker for each client")
            .related(speaks, "serves WSGI")
            .help("Route it to a pool of uvicorn, daphne, hypercorn or granian"),
        );
    }
}

/// A pool that nobody is sent to is a mistake somewhere else.
pub(super) fn warn_of_unused_pools(cx: &mut Checks<'_>) {
    let topology = cx.topology;
    let used: HashSet<&str> = topology
        .sites
        .values()
        .flat_map(|site| site.routes.values())
        .map(|route| route.pool.as_str())
        .collect();
    for name in topology
        .pools
        .keys()
        .filter(|name| !used.contains(name.as_str()))
    {
        cx.report(
            Finding::warning(
                "topology-unused-pool",
                cx.document.key_at(&[Key("pools"), Key(name)]),
                format!("no route leads to pool `{}`", shown(name)),
            )
            .label("gets no requests")
            .help("Add a route to it, or remove it"),
        );
    }
}

// ── Twice the same place ────────────────────────────────────────────────────────────────

/// What a site answers at a prefix.
pub(super) struct Located<'a> {
    pub(super) prefix: &'a str,
    pub(super) what: &'static str,
    pub(super) span: Span,
}

/// nginx takes one location for each prefix, whatever its modifier.
pub(super) fn refuse_duplicates(cx: &mut Checks<'_>, mut located: Vec<Located<'_>>) {
    located.sort_by_key(|location| location.span.start);
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (index, location) in located.iter().enumerate() {
        let earlier = *first.entry(location.prefix).or_insert(index);
        if earlier == index {
            continue;
        }
        let other = &located[earlier];
        cx.report(
            Finding::error(
                "topology-duplicate-location",
                location.span,
                format!(
                    "`{}` is both {} and {}",
                    shown(location.prefix),
                    other.what,
                    location.what
                ),
            )
            .label(location.what)
            .related(other.span, other.what)
            .help(format!(
                "Give one of the two another path; nginx says `duplicate location \"{}\"`",
                shown(location.prefix)
            )),
        );
    }
}
