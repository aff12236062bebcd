//! Rate limits.

use super::Checks;
use super::place::{Place, Scope};
use super::quantities;
use super::text::{self, shown};
use crate::finding::Finding;
use crate::topology::document::Step::{Index, Key};
use crate::topology::model::RateLimit;
use std::collections::HashMap;

/// The highest rate and burst. nginx counts thousandths of requests in an integer.
const MAX_REQUESTS: u32 = 1_000_000;

/// The methods that nginx knows (`ngx_http_parse.c`).
const METHODS: &[&str] = &[
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LOCK",
    "MKCOL",
    "MOVE",
    "OPTIONS",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PUT",
    "TRACE",
    "UNLOCK",
];

/// Checks `rate_limit`.
pub(super) fn check(cx: &mut Checks<'_>, limit: &RateLimit, scope: &Scope<'_>) {
    let keys = [Key("rate_limit"), Key("rate")];
    check_rate(cx, &limit.rate, scope.at(&keys));
    let keys = [Key("rate_limit"), Key("burst")];
    quantities::range(cx, limit.burst, 0..=MAX_REQUESTS, scope.at(&keys), "");
    let keys = [Key("rate_limit"), Key("status")];
    let place = scope.at(&keys);
    quantities::range(cx, limit.status, 400..=599, place, ", such as 429 or 503");
    let keys = [Key("rate_limit"), Key("zone")];
    quantities::zone(cx, limit.zone.as_ref(), scope.at(&keys));
    if let Some(methods) = &limit.methods {
        check_methods(cx, methods, scope);
    }
}

fn check_rate(cx: &mut Checks<'_>, rate: &str, place: Place<'_>) {
    if !text::literal(cx, rate, place) {
        return;
    }
    let number = rate
        .strip_suffix("r/s")
        .or_else(|| rate.strip_suffix("r/m"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let right = number
        .filter(|text| digits(text))
        .and_then(|text| text.parse().ok())
        .is_some_and(|number: u32| (1..=MAX_REQUESTS).contains(&number));
    if right {
        return;
    }
    let hourly = rate.ends_with("r/h") || rate.ends_with("r/d");
    let help = if hourly {
        "Write requests per second or per minute: `10r/s` or `5r/m`; `1r/m` is the slowest"
    } else {
        "Write whole requests per second or per minute, such as `10r/s` or `5r/m`"
    };
    cx.report(
        Finding::error(
            "topology-rate",
            place.span(),
            format!("`{}` is no rate", shown(rate)),
        )
        .label("not a rate")
        .help(format!(
            "{help}; nginx says `invalid rate \"rate={}\"`",
            shown(rate)
        )),
    );
}

fn check_methods(cx: &mut Checks<'_>, methods: &[String], scope: &Scope<'_>) {
    let at = |index| {
        scope
            .at(&[Key("rate_limit"), Key("methods"), Index(index)])
            .span()
    };
    if methods.is_empty() {
        cx.report(
            Finding::error(
                "topology-rate-methods",
                scope.at(&[Key("rate_limit"), Key("methods")]).span(),
                "`methods` is empty, so nothing is counted",
            )
            .label("no method")
            .help("List methods such as `POST`, or remove `methods` to count all"),
        );
    }
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (index, method) in methods.iter().enumerate() {
        let keys = [Key("rate_limit"), Key("methods"), Index(index)];
        if !text::literal(cx, method, scope.at(&keys)) {
            continue;
        }
        let upper = method.to_ascii_uppercase();
        if !METHODS.contains(&method.as_str()) {
            let help = if METHODS.contains(&upper.as_str()) {
                format!("Write `{upper}`: methods are in capitals")
            } else {
                "Write a method of HTTP, such as `POST`".to_owned()
            };
            cx.report(
                Finding::error(
                    "topology-rate-methods",
                    at(index),
                    format!("no request has the method `{}`", shown(method)),
                )
                .label("not a method")
                .help(help),
            );
            continue;
        }
        let earlier = *first.entry(method).or_insert(index);
        if earlier != index {
            cx.report(
                Finding::error(
                    "topology-duplicate-item",
                    at(index),
                    format!("`{method}` is listed twice"),
                )
                .label("again")
                .related(at(earlier), "first here")
                .help("Remove one of the two; nginx says `conflicting parameter`"),
            );
        }
    }
}
