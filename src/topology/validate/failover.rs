//! When another node is tried.

use super::Checks;
use super::place::Scope;
use super::quantities::{self, Counted};
use crate::finding::Finding;
use crate::topology::document::Step::{Index, Key};
use crate::topology::model::{Failover, FailoverCondition as On, Pool, Protocol};
use crate::topology::settle::CONNECT_TIMEOUT;
use crate::topology::units::Time;
use std::collections::HashMap;

/// More tries than any pool should need; the number also bounds what one request can break.
const MAX_TRIES: u32 = 100;

/// Checks what `failover` says by itself.
pub(super) fn check_values(cx: &mut Checks<'_>, failover: &Failover, scope: &Scope<'_>) {
    let keys = [Key("failover"), Key("tries")];
    let never = "; `on: [off]` means that no other node is tried";
    quantities::range(cx, failover.tries, 1..=MAX_TRIES, scope.at(&keys), never);
    let keys = [Key("failover"), Key("timeout")];
    let timeout = failover.timeout.as_ref();
    quantities::positive_time(cx, timeout, Counted::Millis, scope.at(&keys));
    if let Some(on) = &failover.on {
        check_conditions(cx, on, scope);
    }
}

fn check_conditions(cx: &mut Checks<'_>, on: &[On], scope: &Scope<'_>) {
    let at = |index| scope.at(&[Key("failover"), Key("on"), Index(index)]).span();
    if on.is_empty() {
        cx.report(
            Finding::error(
                "topology-failover-off",
                scope.at(&[Key("failover"), Key("on")]).span(),
                "`on` lists no failure",
            )
            .label("never?")
            .help("Write `[off]` for never, or remove `on` for `[error, timeout]`"),
        );
    }
    let mut first: HashMap<On, usize> = HashMap::new();
    for (index, condition) in on.iter().enumerate() {
        let earlier = *first.entry(*condition).or_insert(index);
        if earlier != index {
            cx.report(
                Finding::error(
                    "topology-duplicate-item",
                    at(index),
                    format!("`{}` is listed twice", condition.as_str()),
                )
                .label("again")
                .related(at(earlier), "first here")
                .help("Remove one of the two; nginx warns of a `duplicate value`"),
            );
        }
        warn_of_double_effects(cx, *condition, at(index));
    }
    if let Some(off) = on
        .iter()
        .position(|condition| *condition == On::Off)
        .filter(|_| on.len() > 1)
    {
        let other = usize::from(off == 0);
        cx.report(
            Finding::error(
                "topology-failover-off",
                at(off),
                "`off` means never, and other failures are listed with it",
            )
            .label("never")
            .related(at(other), "or after this?")
            .help(
                "Write `[off]` alone, or remove `off`: nginx would take the whole list for `off`",
            ),
        );
    }
}

/// Failures after which the first node may have done the work already.
fn warn_of_double_effects(cx: &mut Checks<'_>, condition: On, span: crate::source::Span) {
    let (message, help) = match condition {
        On::NonIdempotent => (
            "`non_idempotent` sends a POST to a second node although the first may have done it",
            "Remove it, so that nobody pays twice",
        ),
        On::Http500 => (
            "`http_500` repeats a request that made Django fail, side effects included",
            "Remove it: the next node runs the same code",
        ),
        _ => return,
    };
    cx.report(
        Finding::warning("topology-failover-repeats", span, message)
            .label("may happen twice")
            .help(help),
    );
}

/// Checks `failover` against the rest of the pool.
pub(super) fn check_pool(cx: &mut Checks<'_>, pool: &Pool, scope: &Scope<'_>) {
    if pool.spoken() == Protocol::Uwsgi {
        refuse_for_uwsgi(cx, pool, scope);
    }
    warn_of_late_failover(cx, pool, scope);
}

fn refuse_for_uwsgi(cx: &mut Checks<'_>, pool: &Pool, scope: &Scope<'_>) {
    let on = pool
        .failover
        .iter()
        .flat_map(|failover| failover.on.iter().flatten())
        .enumerate();
    for (index, condition) in on {
        if !matches!(condition, On::Http502 | On::Http504) {
            continue;
        }
        let word = condition.as_str();
        let keys = [Key("failover"), Key("on"), Index(index)];
        cx.report(
            Finding::error(
                "topology-failover-uwsgi",
                scope.at(&keys).span(),
                format!("nginx knows no `{word}` for the uwsgi protocol"),
            )
            .label("only over HTTP")
            .related(scope.protocol(), "speaks uwsgi")
            .help(format!("Remove it; nginx says `invalid value \"{word}\"`")),
        );
    }
}

/// A node that does not answer at all uses up the time to find another one.
fn warn_of_late_failover(cx: &mut Checks<'_>, pool: &Pool, scope: &Scope<'_>) {
    let never = pool
        .failover_on()
        .iter()
        .all(|condition| *condition == On::Off);
    if never || pool.nodes.len() < 2 {
        return;
    }
    let own = pool
        .timeouts
        .as_ref()
        .and_then(|timeouts| timeouts.connect.clone());
    let connect = own
        .clone()
        .unwrap_or_else(|| Time(CONNECT_TIMEOUT.to_owned()));
    let search = Failover::timeout(pool.failover.as_ref());
    let (Some(connect_ms), Some(search_ms)) = (connect.millis(), search.millis()) else {
        return;
    };
    if search_ms == 0 || connect_ms < search_ms {
        return;
    }
    let timeout = pool
        .failover
        .as_ref()
        .and_then(|failover| failover.timeout.as_ref());
    let connect_keys = [Key("timeouts"), Key("connect")];
    let search_keys = [Key("failover"), Key("timeout")];
    let (span, label) = match (timeout, &own) {
        (Some(_), _) => (scope.at(&search_keys).span(), "over before it begins"),
        (None, _) => (
            scope.at(&connect_keys).span(),
            "longer than the whole search",
        ),
    };
    let mut finding = Finding::warning(
        "topology-late-failover",
        span,
        format!(
            "a node that does not answer takes {connect}, and the search for another ends after \
             {search}"
        ),
    )
    .label(label)
    .help("Write a `timeouts.connect` below half of `failover.timeout`");
    if timeout.is_some() && own.is_some() {
        finding = finding.related(scope.at(&connect_keys).span(), "one node takes this");
    }
    cx.report(finding);
}
