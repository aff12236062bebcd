//! What keeps a session on its node.

use super::Checks;
use super::expressions;
use super::groups::Group;
use super::nodes::STICKY;
use super::place::{Place, Scope};
use super::quantities::{self, Counted};
use super::text::{self, shown};
use crate::directives::Family;
use crate::finding::Finding;
use crate::topology::document::Step::{Index, Key};
use crate::topology::model::{Pool, SameSite, Site, Sticky};
use crate::topology::settle::Stickiness;
use std::collections::{BTreeSet, HashMap};

/// The longest name of a cookie, and the longest path of one: both share one line with more.
const MAX_COOKIE: usize = 128;
const MAX_PATH: usize = 1_024;

/// Cookies that Django sets under these names unless its settings say otherwise.
const DJANGO_COOKIES: &[&str] = &["csrftoken", "django_language", "messages", "sessionid"];

/// Checks what `sticky` says by itself.
pub(super) fn check_values(cx: &mut Checks<'_>, sticky: &Sticky, scope: &Scope<'_>) {
    check_choice(cx, sticky, scope);
    check_parameters(cx, sticky, scope);
    check_cookie_names(cx, sticky, scope);
    let keys = [Key("sticky"), Key("expires")];
    quantities::time(
        cx,
        sticky.expires.as_ref(),
        Counted::Seconds,
        scope.at(&keys),
    );
    let keys = [Key("sticky"), Key("timeout")];
    quantities::positive_time(
        cx,
        sticky.timeout.as_ref(),
        Counted::Millis,
        scope.at(&keys),
    );
    let keys = [Key("sticky"), Key("zone")];
    quantities::zone(cx, sticky.zone.as_ref(), scope.at(&keys));
    check_scope_of_cookie(cx, sticky, scope);
    for (index, variable) in sticky.route.iter().flatten().enumerate() {
        let keys = [Key("sticky"), Key("route"), Index(index)];
        check_route_variable(cx, variable, scope.at(&keys));
    }
}

/// Exactly one of the modes.
fn check_choice(cx: &mut Checks<'_>, sticky: &Sticky, scope: &Scope<'_>) {
    let named: Vec<&str> = [
        ("cookie", sticky.cookie.is_some()),
        ("route", sticky.route.is_some()),
        ("learn", sticky.learn.is_some()),
    ]
    .into_iter()
    .filter_map(|(key, set)| set.then_some(key))
    .collect();
    match named[..] {
        [] if !sticky.ip => cx.report(
            Finding::error(
                "topology-sticky-choice",
                scope.at(&[Key("sticky")]).span(),
                "`sticky` does not say what a session is recognised by",
            )
            .label("by what?")
            .help("Write `{cookie: NAME}`, `{route: [$VARIABLE]}`, `{learn: sessionid}` or `ip`"),
        ),
        [first, second, ..] => cx.report(
            Finding::error(
                "topology-sticky-choice",
                scope.at(&[Key("sticky"), Key(second)]).key(),
                format!("`sticky` names both `{first}` and `{second}`"),
            )
            .label("the second way")
            .related(scope.at(&[Key("sticky"), Key(first)]).key(), "the first")
            .help("Keep one of the two; nginx says `\"sticky\" directive is duplicate`"),
        ),
        _ => {}
    }
    if sticky.route.as_ref().is_some_and(Vec::is_empty) {
        cx.report(
            Finding::error(
                "topology-sticky-choice",
                scope.at(&[Key("sticky"), Key("route")]).span(),
                "`route` lists no variable",
            )
            .label("nothing to compare")
            .help("List the variables that hold the name of a node, such as `$cookie_node`"),
        );
    }
}

/// Parameters of one mode in another are not written anywhere.
fn check_parameters(cx: &mut Checks<'_>, sticky: &Sticky, scope: &Scope<'_>) {
    let of_cookie = [
        ("expires", sticky.expires.is_some()),
        ("path", sticky.path.is_some()),
        ("domain", sticky.domain.is_some()),
        ("secure", sticky.secure.is_some()),
        ("httponly", sticky.httponly.is_some()),
        ("samesite", sticky.samesite.is_some()),
    ];
    let of_learn = [
        ("zone", sticky.zone.is_some()),
        ("timeout", sticky.timeout.is_some()),
    ];
    let misplaced = of_cookie
        .into_iter()
        .map(|(key, set)| (key, set && sticky.cookie.is_none(), "cookie"))
        .chain(
            of_learn
                .into_iter()
                .map(|(key, set)| (key, set && sticky.learn.is_none(), "learn")),
        );
    for (key, misplaced, mode) in misplaced {
        if !misplaced {
            continue;
        }
        cx.report(
            Finding::error(
                "topology-sticky-parameter",
                scope.at(&[Key("sticky"), Key(key)]).key(),
                format!("`{key}` belongs to `{mode}`, which is not there"),
            )
            .label(format!("without `{mode}`"))
            .help(format!("Remove `{key}`, or write `{mode}`")),
        );
    }
}

fn check_cookie_names(cx: &mut Checks<'_>, sticky: &Sticky, scope: &Scope<'_>) {
    for (key, name) in [("cookie", &sticky.cookie), ("learn", &sticky.learn)] {
        let Some(name) = name else { continue };
        let keys = [Key("sticky"), Key(key)];
        let place = scope.at(&keys);
        if !text::literal(cx, name, place) {
            continue;
        }
        // `-` is allowed in nginx's `sticky`, but no variable in a `hash` can have one.
        let hyphen = sticky.fallback.is_none();
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || (hyphen && b == b'-');
        if name.bytes().all(fits) && name.len() <= MAX_COOKIE {
            continue;
        }
        let others = if hyphen { "`-` or `_`" } else { "or `_`" };
        cx.report(
            Finding::error(
                "topology-cookie-name",
                place.span(),
                format!(
                    "`{}` is no name of a cookie that nginx can look up",
                    shown(name)
                ),
            )
            .label("not a plain name")
            .help(format!(
                "Write letters, digits, {others}, at most {MAX_COOKIE}"
            )),
        );
    }
}

fn check_scope_of_cookie(cx: &mut Checks<'_>, sticky: &Sticky, scope: &Scope<'_>) {
    if let Some(path) = &sticky.path {
        let keys = [Key("sticky"), Key("path")];
        let place = scope.at(&keys);
        let fits = |b: u8| (0x21..0x7f).contains(&b) && b != b';';
        let right = path.starts_with('/') && path.len() <= MAX_PATH && path.bytes().all(fits);
        if text::literal(cx, path, place) && !right {
            cx.report(
                Finding::error(
                    "topology-cookie-scope",
                    place.span(),
                    format!("`{}` is no path that a browser takes", shown(path)),
                )
                .label("not a cookie path")
                .help("Write a path from `/` on, without blanks and `;`"),
            );
        }
    }
    if let Some(domain) = &sticky.domain {
        let keys = [Key("sticky"), Key("domain")];
        let place = scope.at(&keys);
        let bare = domain.strip_prefix('.').unwrap_or(domain);
        if text::literal(cx, domain, place) && !crate::topology::address::is_host_name(bare) {
            cx.report(
                Finding::error(
                    "topology-cookie-scope",
                    place.span(),
                    format!("`{}` is no domain that a browser takes", shown(domain)),
                )
                .label("not a cookie domain")
                .help("Write a host name, such as `example.com`"),
            );
        }
    }
}

/// nginx compares the whole value of a variable with the names of the nodes; there can be
/// no text around it (`ngx_http_upstream_sticky`).
fn check_route_variable(cx: &mut Checks<'_>, variable: &str, place: Place<'_>) {
    if expressions::check(cx, variable, place, Family::Http).is_none() {
        return;
    }
    let bare = variable.strip_prefix('$').is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    });
    if !bare {
        cx.report(
            Finding::error(
                "topology-sticky-route",
                place.span(),
                format!("`{}` is not one whole variable", shown(variable)),
            )
            .label("more than a variable")
            .help(
                "Write `$NAME` alone, such as `$cookie_node`; nginx says `invalid variable name`",
            ),
        );
    }
}

/// Checks `sticky` of a pool against the rest of the pool, its sites and the target.
pub(super) fn check_pool(cx: &mut Checks<'_>, pool: &Pool, group: &Group<'_>) {
    let Some(sticky) = &pool.sticky else { return };
    refuse_two_answers(cx, pool, sticky, group.scope);
    check_gate(cx, pool, sticky, group.scope);
    warn_of_single_node(cx, pool, group);
    if sticky.cookie.is_some() {
        check_cookie(cx, sticky, group);
    }
}

fn refuse_two_answers(cx: &mut Checks<'_>, pool: &Pool, sticky: &Sticky, scope: &Scope<'_>) {
    if sticky.ip && pool.balance.is_some() {
        cx.report(
            Finding::error(
                "topology-sticky-and-balance",
                scope.at(&[Key("sticky")]).span(),
                "`sticky: ip` is a balancing method, and `balance` names another",
            )
            .label("means `balance: ip_hash`")
            .related(scope.at(&[Key("balance")]).span(), "the other method")
            .help("Remove one of the two"),
        );
    }
}

fn check_gate(cx: &mut Checks<'_>, pool: &Pool, sticky: &Sticky, scope: &Scope<'_>) {
    let asked = sticky
        .mode()
        .is_some_and(|mode| !matches!(mode, Stickiness::Ip));
    if !asked || STICKY.is_open(cx.target) {
        return;
    }
    let key = match (&sticky.cookie, &sticky.learn) {
        (Some(_), _) => "cookie",
        (_, Some(_)) => "learn",
        _ => "route",
    };
    if pool.falls_back(cx.target) {
        return;
    }
    cx.report_gate(
        "topology-sticky-version",
        scope.at(&[Key("sticky"), Key(key)]).key(),
        &format!("`sticky: {{{key}: …}}`"),
        STICKY,
        "Add `fallback: hash` to balance by a hash of the cookie on older releases, write \
         `sticky: ip`, or raise `nginx.version`; nginx says `unknown directive \"sticky\"`",
    );
}

fn warn_of_single_node(cx: &mut Checks<'_>, pool: &Pool, group: &Group<'_>) {
    if !pool.nodes.is_empty() && !pool.has_choice() {
        cx.report(
            Finding::warning(
                "topology-sticky-single-node",
                group.scope.at(&[Key("sticky")]).key(),
                format!(
                    "{} has one node at a time, so there is nothing to stick to",
                    group.what()
                ),
            )
            .label("no effect")
            .help("Remove `sticky`, or add a second node"),
        );
    }
}

fn check_cookie(cx: &mut Checks<'_>, sticky: &Sticky, group: &Group<'_>) {
    let scope = group.scope;
    let at = |key| scope.at(&[Key("sticky"), Key(key)]).span();
    let Some(name) = sticky.cookie.as_deref() else {
        return;
    };
    // nginx looks cookies up without regard to case (`ngx_http_parse_cookie_lines`).
    let djangos = DJANGO_COOKIES
        .iter()
        .find(|cookie| cookie.eq_ignore_ascii_case(name));
    if let Some(cookie) = djangos {
        cx.report(
            Finding::error(
                "topology-sticky-django-cookie",
                at("cookie"),
                if *cookie == name {
                    format!(
                        "nginx would overwrite Django's cookie `{name}` with the name of a node"
                    )
                } else {
                    format!("nginx would take Django's cookie `{cookie}` for its own `{name}`")
                },
            )
            .label("Django's own")
            .help(format!(
                "Write a name of nginx's own, such as `cookie: srv_id`, or `learn: {cookie}`"
            )),
        );
    }
    let secure = sticky
        .secure
        .unwrap_or_else(|| cx.topology.only_over_tls(group.name));
    if sticky.samesite == Some(SameSite::None) && !secure {
        let mut finding = Finding::error(
            "topology-insecure-cookie",
            at("samesite"),
            "browsers refuse a cookie with `samesite: none` that is not `secure`",
        )
        .label("needs `secure`")
        .help("Add `secure: true` and TLS to every site of the pool, or write `samesite: lax`");
        if sticky.secure.is_some() {
            finding = finding.related(at("secure"), "not secure");
        }
        cx.report(finding);
    }
    let prefixed = ["__Secure-", "__Host-"]
        .iter()
        .find(|prefix| name.starts_with(**prefix));
    if let Some(prefix) = prefixed.filter(|_| !secure) {
        cx.report(
            Finding::error(
                "topology-insecure-cookie",
                at("cookie"),
                format!("browsers refuse a cookie called `{prefix}…` that is not `secure`"),
            )
            .label("needs `secure`")
            .help("Add `secure: true` and TLS to every site of the pool, or write another name"),
        );
    }
    warn_of_secure_cookie_over_http(cx, sticky, group);
}

/// Refuses two pools of one site that give the same cookie different values: each would
/// overwrite what the other has set, and no session would stay on its node.
pub(super) fn refuse_taken_cookies(cx: &mut Checks<'_>) {
    let topology = cx.topology;
    for site in topology.sites.values() {
        let mut names: Vec<&str> = site.routes.values().map(|r| r.pool.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let pools = names
            .into_iter()
            .filter_map(|name| topology.pools.get_key_value(name));
        let mut set: HashMap<_, (&str, &Pool)> = HashMap::new();
        let mut learned: HashMap<String, &str> = HashMap::new();
        for (name, pool) in pools.clone() {
            let Some(cookie) = pool.sticky.as_ref().and_then(|s| s.learn.as_ref()) else {
                continue;
            };
            learned.entry(cookie.to_ascii_lowercase()).or_insert(name);
        }
        for (name, pool) in pools {
            let Some(sticky) = &pool.sticky else { continue };
            let Some(cookie) = &sticky.cookie else {
                continue;
            };
            let folded = cookie.to_ascii_lowercase();
            if let Some(other) = learned.get(&folded) {
                report_taken(cx, name, other, "learn");
            }
            // What stands in for `sticky` takes a cookie as it is, whoever has set it.
            if pool.falls_back(cx.target) {
                continue;
            }
            let path = sticky.path.as_deref().unwrap_or("/");
            let domain = sticky.domain.as_deref().map(str::to_ascii_lowercase);
            let (other, other_pool) = *set.entry((folded, path, domain)).or_insert((name, pool));
            if !have_same_nodes(pool, other_pool) {
                report_taken(cx, name, other, "cookie");
            }
        }
    }
}

/// Whether a cookie means the same node in both: it holds the node's `route`, or a digest of
/// its address.
fn have_same_nodes(one: &Pool, other: &Pool) -> bool {
    let nodes = |pool: &Pool| -> BTreeSet<_> {
        let ids = pool
            .nodes
            .iter()
            .map(|n| (n.address.clone(), n.route.clone()));
        ids.collect()
    };
    std::ptr::eq(one, other) || nodes(one) == nodes(other)
}

/// `key` is the way in which the other pool uses the cookie.
fn report_taken(cx: &mut Checks<'_>, pool: &str, other: &str, key: &'static str) {
    let place = |pool, key| {
        let keys = [Key("pools"), Key(pool)];
        Scope::sharing(cx.document, &keys)
            .at(&[Key("sticky"), Key(key)])
            .span()
    };
    let (mut at, mut elsewhere) = (place(pool, "cookie"), place(other, key));
    if key == "cookie" && at.start < elsewhere.start {
        std::mem::swap(&mut at, &mut elsewhere);
    }
    let label = match key {
        "learn" => "set by the application",
        _ => "this one, too",
    };
    let mut finding = Finding::error(
        "topology-cookie-taken",
        at,
        format!(
            "pools `{}` and `{}` of one site would overwrite each other's cookie",
            shown(pool.min(other)),
            shown(pool.max(other))
        ),
    )
    .label("the same cookie")
    .help("Give each pool a cookie of its own, such as `srv_id` and `srv_id_2`");
    if elsewhere != at {
        finding = finding.related(elsewhere, label);
    }
    cx.report(finding);
}

/// A cookie that is `secure` never comes back over plain HTTP. Behind a trusted proxy, TLS
/// may end elsewhere.
fn warn_of_secure_cookie_over_http(cx: &mut Checks<'_>, sticky: &Sticky, group: &Group<'_>) {
    if sticky.secure != Some(true) || cx.topology.trusted_proxies.is_some() {
        return;
    }
    let plain = |site: &&Site| {
        site.routes.values().any(|route| route.pool == group.name) && site.tls().is_none()
    };
    let topology = cx.topology;
    let Some((name, _)) = topology.sites.iter().find(|(_, site)| plain(site)) else {
        return;
    };
    cx.report(
        Finding::warning(
            "topology-secure-cookie-over-http",
            group.scope.at(&[Key("sticky"), Key("secure")]).span(),
            format!(
                "site `{}` has no TLS, and browsers send a `secure` cookie only over TLS",
                shown(name)
            ),
        )
        .label("never comes back there")
        .related(
            cx.document.key_at(&[Key("sites"), Key(name)]),
            "no TLS here",
        )
        .help(
            "Give the site `tls`, remove `secure`, or list the proxy that ends TLS in \
               `trusted_proxies`",
        ),
    );
}
