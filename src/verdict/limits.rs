//! Limits of requests and connections: `ngx_http_limit_req_module`,
//! `ngx_http_limit_conn_module` and `ngx_stream_limit_conn_module`.

use super::reading::{Reading, Setter, refusal};
use super::sink::printed;
use super::zones::{self, LEAST, Mention};
use crate::directives::{DirectiveInfo, Value};
use crate::model::{ScopeId, Statement};
use crate::source::Span;
use crate::syntax::Word;
use crate::values::number::{number, size};
use foldhash::HashMap;

/// The zones that a block limits by, each with the directive that does.
#[derive(Debug, Default)]
pub(super) struct State<'m> {
    limited: HashMap<(ScopeId, usize), Statement<'m>>,
}

/// What reads a directive.
pub(super) fn setter(row: &'static DirectiveInfo) -> Option<Setter> {
    let Value::Own(name) = row.value else {
        return None;
    };
    Some(match name {
        "ngx_http_limit_req_zone" => req_zone,
        "ngx_http_limit_req" => req,
        "ngx_http_limit_conn_zone" | "ngx_stream_limit_conn_zone" => conn_zone,
        "ngx_http_limit_conn" | "ngx_stream_limit_conn" => conn,
        _ => return None,
    })
}

/// The name and the size of a zone.
struct Zone {
    name: Vec<u8>,
    size: i64,
    span: Span,
}

/// Reads `zone=NAME:SIZE`; what is wrong is said.
fn zone<'m>(reading: &mut Reading<'m>, statement: Statement<'m>, word: Word<'m>) -> Option<Zone> {
    let value = word.value();
    let shown = printed(&value).into_owned();
    let start = b"zone=".len();
    let colon = memchr::memchr(b':', &value[start..]).map(|at| start + at);
    let found = colon.and_then(|at| Some((at, size(&value[at + 1..])?)));
    let Some((colon, size)) = found else {
        let message = match colon {
            Some(_) => format!("`{shown}` has no size that nginx can read"),
            None => format!("`{shown}` has no size"),
        };
        reading.refuse(
            statement,
            word,
            "zone-size",
            message,
            format!("invalid zone size \"{shown}\""),
            "Write a name, `:` and a number with `k` or `m`, as in `zone=NAME:10m`",
        );
        return None;
    };
    if size < LEAST {
        reading.refuse(
            statement,
            word,
            "zone-size",
            "the zone has less than eight pages of memory, which are 32k",
            format!("zone \"{shown}\" is too small"),
            "Write `32k` or more; `10m` is usual",
        );
        return None;
    }
    Some(Zone {
        name: value[start..colon].to_vec(),
        size,
        span: word.part(start..colon),
    })
}

/// `ngx_http_limit_req_zone`.
fn req_zone<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    define(reading, statement, "ngx_http_limit_req_module", |value| {
        let rate = value.strip_prefix(b"rate=")?;
        let digits = rate
            .strip_suffix(b"r/s")
            .or_else(|| rate.strip_suffix(b"r/m"))
            .unwrap_or(rate);
        Some(number(digits).is_some_and(|rate| rate > 0))
    });
}

/// `ngx_http_limit_conn_zone`, `ngx_stream_limit_conn_zone`.
fn conn_zone<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    define(reading, statement, statement.row.module.name, |_| None);
}

/// Reads a directive that defines a zone. `rate` says whether a rate is right; `None` where
/// the parameter is no rate.
fn define<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    module: &'static str,
    rate: fn(&[u8]) -> Option<bool>,
) {
    let Some(key) = statement.arg(0) else { return };
    if reading.expression(statement, key).is_none() {
        return;
    }
    let mut found = None;
    for word in statement.args().skip(1) {
        let value = word.value();
        if value.starts_with(b"zone=") {
            found = zone(reading, statement, word);
            if found.is_none() {
                return;
            }
            continue;
        }
        match rate(&value) {
            Some(true) => {}
            Some(false) => {
                let shown = printed(&value);
                return reading.refuse(
                    statement,
                    word,
                    "invalid-value",
                    format!("`{shown}` is no rate"),
                    format!("invalid rate \"{shown}\""),
                    "Write requests for each second or minute, as in `rate=10r/s` or `rate=30r/m`",
                );
            }
            None => {
                let known: &[&str] = match module {
                    "ngx_http_limit_req_module" => &["zone=", "rate="],
                    _ => &["zone="],
                };
                return reading.refuse_parameter(statement, word, known);
            }
        }
    }
    let Some(zone) = found.filter(|zone| !zone.name.is_empty()) else {
        return no_zone(reading, statement, "Write `zone=NAME:10m`");
    };
    let mention = Mention {
        name: &zone.name,
        size: u64::try_from(zone.size).ok(),
        module,
        span: zone.span,
    };
    let Some(index) = zones::mention(reading, statement, &mention) else {
        return;
    };
    let known = &mut reading.model.zones.all[index];
    let Some(first) = known.definition else {
        known.definition = Some(statement);
        return;
    };
    let (name, shown) = (statement.name(), printed(&zone.name));
    let key = first.arg(0).map(|word| word.to_str()).unwrap_or_default();
    let finding = refusal(
        statement,
        "zone-conflict",
        zone.span,
        format!("the zone `{shown}` is defined already"),
        format!("{name} \"{shown}\" is already bound to key \"{key}\""),
    )
    .label("second")
    .related(first.head(), "first")
    .help("Give one of them another name, or remove it");
    reading.say(finding);
}

fn no_zone<'m>(reading: &mut Reading<'m>, statement: Statement<'m>, help: &'static str) {
    let name = statement.name();
    let finding = refusal(
        statement,
        "missing-parameter",
        statement.head(),
        format!("`{name}` names no zone"),
        format!("\"{name}\" must have \"zone\" parameter"),
    );
    reading.say(finding.help(help));
}

/// `ngx_http_limit_req`.
fn req<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let mut zone = None;
    for word in statement.args() {
        let value = word.value();
        let (name, text) = match memchr::memchr(b'=', &value) {
            Some(at) => value.split_at(at + 1),
            None => (&value[..], &value[..0]),
        };
        match name {
            b"zone=" => {
                let mention = Mention {
                    name: text,
                    size: None,
                    module: "ngx_http_limit_req_module",
                    span: word.part(name.len()..value.len()),
                };
                zone = zones::mention(reading, statement, &mention);
                if zone.is_none() {
                    return;
                }
            }
            b"burst=" | b"delay=" => {
                if number(text).is_some_and(|count| count > 0) {
                    continue;
                }
                let (shown, what) = (printed(&value), &name[..name.len() - 1]);
                let what = printed(what);
                return reading.refuse(
                    statement,
                    word,
                    "invalid-value",
                    format!("`{shown}` is no number above zero"),
                    format!("invalid {what} value \"{shown}\""),
                    format!("Write a whole number above zero, as in `{what}=20`"),
                );
            }
            b"nodelay" => {}
            _ => {
                let known = ["zone=", "burst=", "delay=", "nodelay"];
                return reading.refuse_parameter(statement, word, &known);
            }
        }
    }
    match zone {
        Some(zone) => {
            limit(reading, statement, zone);
        }
        None => no_zone(
            reading,
            statement,
            "Write `zone=` and the name that `limit_req_zone` gives",
        ),
    }
}

/// Notes that a block limits by a zone; false, and said, where it does so already.
fn limit<'m>(reading: &mut Reading<'m>, statement: Statement<'m>, zone: usize) -> bool {
    let limited = &mut reading.state.limits.limited;
    let Some(first) = limited.get(&(statement.scope, zone)) else {
        limited.insert((statement.scope, zone), statement);
        return true;
    };
    let name = statement.name();
    let shown = printed(&reading.model.zones.all[zone].name);
    let finding = refusal(
        statement,
        "duplicate-directive",
        statement.head(),
        format!("`{name}` is given twice for the zone `{shown}`"),
        format!("\"{name}\" directive is duplicate"),
    )
    .label("second")
    .related(first.head(), "first")
    .help("Remove one of them");
    reading.say(finding);
    false
}

/// `ngx_http_limit_conn`, `ngx_stream_limit_conn`.
fn conn<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let (Some(name), Some(count)) = (statement.arg(0), statement.arg(1)) else {
        return;
    };
    let value = name.value();
    let mention = Mention {
        name: &value,
        size: None,
        module: statement.row.module.name,
        span: name.span(),
    };
    let Some(zone) = zones::mention(reading, statement, &mention) else {
        return;
    };
    if !limit(reading, statement, zone) {
        return;
    }
    let shown = count.to_str();
    let (message, nginx) = match number(&count.value()) {
        Some(1..=65535) => return,
        Some(65536..) => (
            format!("`{shown}` is more than 65535"),
            "connection limit must be less 65536".to_owned(),
        ),
        _ => (
            format!("`{shown}` is no number above zero"),
            format!("invalid number of connections \"{shown}\""),
        ),
    };
    let help = "Write a whole number from 1 to 65535";
    reading.refuse(statement, count, "invalid-value", message, nginx, help);
}
