//! Headers beyond those that Django needs.

use super::Checks;
use super::expressions;
use super::place::{Place, Scope};
use super::text::{self, is_token, shown};
use crate::directives::Family;
use crate::finding::Finding;
use crate::source::Span;
use crate::topology::document::Step::Key;
use crate::topology::model::{Headers, Named};
use std::collections::HashMap;

/// The longest name. nginx keeps the names in hashes whose buckets of 64 bytes hold 46
/// (`NGX_HASH_ELT_SIZE`), and uwsgi writes `HTTP_` before them.
const MAX_NAME: usize = 40;

/// Request headers that djanginx sets itself, so that no client can forge them.
const OWNED_REQUEST: &[&str] = &[
    "forwarded",
    "host",
    "proxy",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-protocol",
    "x-forwarded-server",
    "x-forwarded-ssl",
    "x-real-ip",
];

/// Headers that belong to one connection or describe one body (RFC 9110, section 7.6.1).
const OF_MESSAGE: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Response headers that say something about one response; one value for all would take the
/// place of what Django says.
const OF_RESPONSE: &[&str] = &[
    "accept-ranges",
    "age",
    "allow",
    "cache-control",
    "content-disposition",
    "content-language",
    "content-location",
    "date",
    "etag",
    "expires",
    "last-modified",
    "location",
    "server",
    "set-cookie",
    "vary",
    "www-authenticate",
    "x-accel-buffering",
    "x-accel-charset",
    "x-accel-expires",
    "x-accel-limit-rate",
    "x-accel-redirect",
];

/// Checks `headers`.
pub(super) fn check(cx: &mut Checks<'_>, headers: &Headers, scope: &Scope<'_>) {
    refuse_duplicates(cx, "request", &headers.request, scope);
    refuse_duplicates(cx, "response", &headers.response, scope);
    for (name, value) in &headers.request {
        let keys = [Key("headers"), Key("request"), Key(name)];
        let place = scope.at(&keys);
        if check_name(cx, name, place.key()) {
            check_request_owner(cx, name, place.key());
        }
        // An empty value removes the client's header.
        if !value.is_empty() {
            expressions::check(cx, value, place, Family::Http);
        }
    }
    for (name, value) in &headers.response {
        let keys = [Key("headers"), Key("response"), Key(name)];
        let place = scope.at(&keys);
        if check_name(cx, name, place.key()) {
            check_response_owner(cx, name, place.key());
        }
        expressions::check(cx, value, place, Family::Http);
    }
}

/// The name of a header.
pub(super) fn check_name(cx: &mut Checks<'_>, name: &str, span: Span) -> bool {
    let (message, label, help) = if name.contains('_') {
        (
            format!(
                "`{}` has a `_`, which Django cannot tell from a `-`",
                shown(name)
            ),
            "a `_`",
            format!(
                "Write `{}`: application servers drop headers with `_`",
                shown(&name.replace('_', "-"))
            ),
        )
    } else if !is_token(name) || name.contains('$') {
        (
            format!("`{}` is no name of a header", shown(name)),
            "not a header name",
            "Write letters, digits and `-`, such as `X-Shop`".to_owned(),
        )
    } else if name.len() > MAX_NAME {
        (
            format!(
                "`{}` is longer than nginx's tables of headers hold",
                shown(name)
            ),
            "too long",
            format!(
                "Write at most {MAX_NAME} characters; nginx says `could not build \
                     proxy_headers_hash`"
            ),
        )
    } else {
        return true;
    };
    cx.report(
        Finding::error("topology-header-name", span, message)
            .label(label)
            .help(help),
    );
    false
}

fn check_request_owner(cx: &mut Checks<'_>, name: &str, span: Span) {
    let folded = name.to_ascii_lowercase();
    let help = if OWNED_REQUEST.contains(&folded.as_str()) {
        match folded.as_str() {
            "x-forwarded-port" => "Remove it, and write `forwarded_port: true`",
            "host" => "Remove it: Django gets the host that the client asked for",
            _ => {
                "Remove it; who may tell the client's address and scheme is said in \
                  `trusted_proxies`"
            }
        }
    } else if OF_MESSAGE.contains(&folded.as_str()) {
        "Remove it: it belongs to the connection or the body, which nginx looks after"
    } else if is_request_id(cx, &folded) {
        "Remove it: request ids have this header, see `nginx.request_id`"
    } else {
        return;
    };
    report_owned(cx, name, span, help);
}

fn check_response_owner(cx: &mut Checks<'_>, name: &str, span: Span) {
    let folded = name.to_ascii_lowercase();
    let help = if folded == "strict-transport-security" {
        "Remove it, and write `tls: {hsts: 2y}`"
    } else if OF_MESSAGE.contains(&folded.as_str()) {
        "Remove it: it belongs to the connection or the body, which nginx looks after"
    } else if OF_RESPONSE.contains(&folded.as_str()) {
        "Remove it, and let Django say it for each response"
    } else if is_request_id(cx, &folded) {
        "Remove it: request ids have this header, see `nginx.request_id`"
    } else {
        return;
    };
    report_owned(cx, name, span, help);
}

fn is_request_id(cx: &Checks<'_>, folded: &str) -> bool {
    match &cx.topology.nginx.request_id {
        None => folded == "x-request-id",
        Some(id) => {
            id.enabled
                && id
                    .header
                    .as_deref()
                    .unwrap_or("X-Request-ID")
                    .eq_ignore_ascii_case(folded)
        }
    }
}

fn report_owned(cx: &mut Checks<'_>, name: &str, span: Span, help: &'static str) {
    cx.report(
        Finding::error(
            "topology-owned-header",
            span,
            format!("`{}` cannot be set here", shown(name)),
        )
        .label("has an owner")
        .help(help),
    );
}

/// Names of headers have no case.
fn refuse_duplicates(
    cx: &mut Checks<'_>,
    key: &'static str,
    headers: &Named<String>,
    scope: &Scope<'_>,
) {
    let mut first: HashMap<String, &str> = HashMap::new();
    for name in headers.keys() {
        let earlier = *first.entry(name.to_ascii_lowercase()).or_insert(name);
        if earlier == name {
            continue;
        }
        let place = |name| scope.at(&[Key("headers"), Key(key), Key(name)]).key();
        cx.report(
            Finding::error(
                "topology-duplicate-header",
                place(name),
                format!(
                    "`{}` and `{}` are the same header",
                    shown(earlier),
                    shown(name)
                ),
            )
            .label("again")
            .related(place(earlier), "first here")
            .help("Remove one of the two: nginx would send both"),
        );
    }
}

/// The name of a header that carries something, such as the request's id.
pub(super) fn check_carrier(cx: &mut Checks<'_>, name: &str, place: Place<'_>) {
    if !text::literal(cx, name, place) || !check_name(cx, name, place.span()) {
        return;
    }
    let folded = name.to_ascii_lowercase();
    let taken = OWNED_REQUEST.contains(&folded.as_str())
        || OF_MESSAGE.contains(&folded.as_str())
        || OF_RESPONSE.contains(&folded.as_str())
        || ["authorization", "cookie", "strict-transport-security"].contains(&folded.as_str());
    if taken {
        report_owned(
            cx,
            name,
            place.span(),
            "Write a header of its own, such as `X-Request-ID`",
        );
    }
}
