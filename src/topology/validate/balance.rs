//! How requests and connections are spread.

use super::expressions;
use super::groups::Kind;
use super::place::Scope;
use super::{Checks, Gate};
use crate::directives::Family;
use crate::finding::Finding;
use crate::topology::document::Step::Key;
use crate::topology::model::{Balance, LeastTime, Method};
use crate::version::Version;

/// `least_time` in open-source nginx (CHANGES).
const LEAST_TIME: Gate = Gate::OrPlus(Version::new(1, 31, 0));

/// Checks `balance` of a pool or stream.
pub(super) fn check(cx: &mut Checks<'_>, balance: &Balance, scope: &Scope<'_>, kind: Kind) {
    check_choice(cx, balance, scope);
    check_hash(cx, balance, scope, kind);
    check_least_time(cx, balance, scope, kind);
    if kind == Kind::Stream && balance.method == Some(Method::IpHash) {
        cx.report(
            Finding::error(
                "topology-stream-balance",
                scope.at(&[Key("balance")]).span(),
                "a stream cannot balance by `ip_hash`",
            )
            .label("only in pools")
            .help(
                "Write `{hash: $remote_addr}`; nginx says `\"ip_hash\" directive is not allowed \
                   here`",
            ),
        );
    }
}

/// Exactly one method, and no parameter of another one.
fn check_choice(cx: &mut Checks<'_>, balance: &Balance, scope: &Scope<'_>) {
    let named: Vec<&str> = [
        ("hash", balance.hash.is_some()),
        ("random", balance.random.is_some()),
        ("least_time", balance.least_time.is_some()),
    ]
    .into_iter()
    .filter_map(|(key, set)| set.then_some(key))
    .collect();
    match named[..] {
        [] if balance.method.is_none() => cx.report(
            Finding::error(
                "topology-balance-choice",
                scope.at(&[Key("balance")]).span(),
                "`balance` names no method",
            )
            .label("by what?")
            .help(
                "Write `least_conn`, `round_robin`, `ip_hash`, `{hash: $request_uri}`, \
                   `{random: two}` or `{least_time: header}`",
            ),
        ),
        [first, second, ..] => cx.report(
            Finding::error(
                "topology-balance-choice",
                scope.at(&[Key("balance"), Key(second)]).key(),
                format!("`balance` names both `{first}` and `{second}`"),
            )
            .label("the second method")
            .related(scope.at(&[Key("balance"), Key(first)]).key(), "the first")
            .help(
                "Keep one of the two: nginx would say `load balancing method redefined` and take \
                   the last",
            ),
        ),
        _ => {}
    }
    let stray = [
        (
            "consistent",
            balance.consistent.is_some() && balance.hash.is_none(),
            "hash",
        ),
        (
            "inflight",
            balance.inflight.is_some() && balance.least_time.is_none(),
            "least_time",
        ),
    ];
    for (key, stray, of) in stray {
        if !stray {
            continue;
        }
        cx.report(
            Finding::error(
                "topology-balance-choice",
                scope.at(&[Key("balance"), Key(key)]).key(),
                format!("`{key}` is a part of `{of}`, which is not there"),
            )
            .label(format!("without `{of}`"))
            .help(format!("Remove `{key}`, or write `{of}`")),
        );
    }
}

fn check_hash(cx: &mut Checks<'_>, balance: &Balance, scope: &Scope<'_>, kind: Kind) {
    let Some(key) = &balance.hash else { return };
    let keys = [Key("balance"), Key("hash")];
    let place = scope.at(&keys);
    let family = match kind {
        Kind::Pool => Family::Http,
        Kind::Stream => Family::Stream,
    };
    if expressions::check(cx, key, place, family) == Some(0) {
        let example = match kind {
            Kind::Pool => "$request_uri",
            Kind::Stream => "$remote_addr",
        };
        cx.report(
            Finding::error(
                "topology-constant-hash",
                place.span(),
                "the hash is over a text that never changes, so one node gets everything",
            )
            .label("no variable in it")
            .help(format!("Write a variable, such as `{example}`")),
        );
    }
}

fn check_least_time(cx: &mut Checks<'_>, balance: &Balance, scope: &Scope<'_>, kind: Kind) {
    let Some(what) = balance.least_time else {
        return;
    };
    let keys = [Key("balance"), Key("least_time")];
    let place = scope.at(&keys);
    if !LEAST_TIME.is_open(cx.target) {
        cx.report_gate(
            "topology-least-time-version",
            place.key(),
            "`least_time`",
            LEAST_TIME,
            "Balance by `least_conn`, or raise `nginx.version`; nginx says `unknown directive \
             \"least_time\"`",
        );
    }
    let (fits, instead) = match kind {
        Kind::Pool => (
            matches!(what, LeastTime::Header | LeastTime::LastByte),
            "`header` or `last_byte`",
        ),
        Kind::Stream => (
            matches!(
                what,
                LeastTime::Connect | LeastTime::FirstByte | LeastTime::LastByte
            ),
            "`connect`, `first_byte` or `last_byte`",
        ),
    };
    if !fits {
        let which = if kind == Kind::Pool {
            "a pool"
        } else {
            "a stream"
        };
        cx.report(
            Finding::error(
                "topology-least-time-mode",
                place.span(),
                format!("{which} has no time called `{}`", what.as_str()),
            )
            .label("not measured here")
            .help(format!(
                "Write {instead}; nginx says `invalid value \"{}\"`",
                what.as_str()
            )),
        );
    }
}
