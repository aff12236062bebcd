//! Files: `*_store`, `*_cache` and their like (`src/http/ngx_http_file_cache.c`).

use super::super::super::paths::{self, Folder};
use super::super::super::reading::{Reading, late_refusal, late_warning, refusal};
use super::super::super::sink::printed;
use super::super::super::zones::{self, Mention, PAGE};
use super::{Protocol, Proxy, counts, of};
use crate::directives::Context;
use crate::finding::Finding;
use crate::model::Statement;
use crate::source::Span;
use crate::syntax::Word;
use crate::values::expression::has_variables;
use crate::values::number::{number, offset, size, time};
use crate::verdict::http::end_of_block;

/// Says that a directive cannot stand beside another one of its block that is in use.
fn conflicts<'m>(reading: &mut Reading<'m>, statement: Statement<'m>, other: &str) -> bool {
    let used = |found: &Statement<'m>| {
        found.name() == other && !found.arg(0).is_some_and(|word| word.is("off"))
    };
    let scope = reading.model.scope(statement.scope);
    let Some(found) = scope.statements().find(used) else {
        return false;
    };
    let name = statement.name();
    let finding = refusal(
        statement,
        "duplicate-directive",
        statement.head(),
        format!("`{name}` cannot stand beside `{other}`"),
        format!("\"{name}\" directive is incompatible with \"{other}\""),
    )
    .related(found.head(), "this");
    reading.say(finding.help("Remove one of them"));
    true
}

/// `ngx_http_proxy_store`.
pub(super) fn store<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let (Some(word), Some(protocol)) = (statement.arg(0), of(statement)) else {
        return;
    };
    if word.is("off") {
        return;
    }
    if word.value().is_empty() && reading.at_least(1, 27, 3) {
        let help = "Write `on`, or a path with variables";
        reading.refuse(
            statement,
            word,
            "invalid-value",
            "the path is empty",
            "empty path",
            help,
        );
        return;
    }
    if !conflicts(reading, statement, &protocol.directive("cache")) {
        reading.expression(statement, word);
    }
}

/// `ngx_http_proxy_cache`.
pub(super) fn cache<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let (Some(word), Some(protocol)) = (statement.arg(0), of(statement)) else {
        return;
    };
    if word.is("off") || conflicts(reading, statement, &protocol.directive("store")) {
        return;
    }
    if reading.expression(statement, word).is_none() {
        return;
    }
    let name = word.value();
    if !has_variables(&name) {
        let mention = Mention {
            name: &name,
            size: None,
            module: statement.row.module.name,
            span: word.span(),
        };
        if zones::mention(reading, statement, &mention).is_none() {
            return;
        }
    }
    protocol.part(reading).caches.push(statement);
}

/// `ngx_http_proxy_cache_key`.
pub(super) fn key<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    if let Some(word) = statement.arg(0) {
        reading.expression(statement, word);
    }
}

/// `ngx_http_file_cache_valid_set_slot`.
pub(super) fn valid<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(last) = statement.args().next_back() else {
        return;
    };
    if time(&last.value(), true).is_none() {
        let shown = printed(&last.value()).into_owned();
        return reading.refuse(
            statement,
            last,
            "invalid-value",
            format!("`{shown}` is no time"),
            format!("invalid time value \"{shown}\""),
            "Write the time last, as in `200 302 10m`",
        );
    }
    for word in statement.args().take(statement.args().len() - 1) {
        let sound = number(&word.value()).is_some_and(|code| (100..=599).contains(&code));
        if !sound && !word.is("any") {
            let shown = printed(&word.value()).into_owned();
            return reading.refuse(
                statement,
                word,
                "invalid-value",
                format!("`{shown}` is no status"),
                format!("invalid status \"{shown}\""),
                "Write codes from 100 to 599, or `any`",
            );
        }
    }
}

/// How deep the folders of a cache may be (`NGX_MAX_PATH_LEVEL`).
const LEVELS: usize = 3;

/// Reads `1:2:2`.
fn levels(text: &[u8]) -> Option<[u8; LEVELS]> {
    let mut levels = [0; LEVELS];
    let mut rest = text;
    for (index, level) in levels.iter_mut().enumerate() {
        let Some((digit @ (b'1' | b'2'), behind)) = rest.split_first() else {
            // Only nothing at all is taken for no levels.
            return (index == 0 && rest.is_empty()).then_some([0; LEVELS]);
        };
        *level = digit - b'0';
        rest = match behind {
            [] => return Some(levels),
            [b':', more @ ..] if index + 1 < LEVELS && !more.is_empty() => more,
            _ => return None,
        };
    }
    None
}

/// What `*_cache_path` says.
#[derive(Default)]
struct Cache {
    levels: [u8; LEVELS],
    zone: Option<(Vec<u8>, i64, Span)>,
}

/// `ngx_http_file_cache_set_slot`.
pub(super) fn path<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(name) = statement.arg(0) else { return };
    let mut cache = Cache::default();
    for word in statement.args().skip(1) {
        if !parameter(reading, statement, word, &mut cache) {
            return;
        }
    }
    let zone = cache
        .zone
        .filter(|(name, size, _)| !name.is_empty() && *size != 0);
    let Some((zone, bytes, span)) = zone else {
        let name = statement.name();
        let finding = refusal(
            statement,
            "missing-parameter",
            statement.head(),
            format!("`{name}` names no zone for its keys"),
            format!("\"{name}\" must have \"keys_zone\" parameter"),
        );
        reading.say(finding.help("Write `keys_zone=NAME:10m`"));
        return;
    };
    let folder = Folder {
        levels: cache.levels,
        cache: true,
    };
    if !paths::add(reading, statement, name, folder) {
        return;
    }
    let mention = Mention {
        name: &zone,
        size: u64::try_from(bytes).ok(),
        module: statement.row.module.name,
        span,
    };
    let Some(index) = zones::mention(reading, statement, &mention) else {
        return;
    };
    let known = &mut reading.model.zones.all[index];
    let Some(first) = known.definition else {
        known.definition = Some(statement);
        return;
    };
    let shown = printed(&zone);
    let finding = refusal(
        statement,
        "zone-conflict",
        span,
        format!("the zone `{shown}` has the keys of another cache"),
        format!("duplicate zone \"{shown}\""),
    )
    .related(first.head(), "that cache");
    reading.say(finding.help("Give each cache a zone of its own"));
}

/// Reads a parameter of `*_cache_path`; false where it is refused, which is said.
fn parameter<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    word: Word<'m>,
    cache: &mut Cache,
) -> bool {
    const KNOWN: [&str; 12] = [
        "levels=",
        "use_temp_path=",
        "keys_zone=",
        "inactive=",
        "max_size=",
        "min_free=",
        "loader_files=",
        "loader_sleep=",
        "loader_threshold=",
        "manager_files=",
        "manager_sleep=",
        "manager_threshold=",
    ];
    let value = word.value();
    let shown = printed(&value);
    let min_free = reading.at_least(1, 19, 1);
    let known = KNOWN
        .iter()
        .find(|known| value.starts_with(known.as_bytes()) && (min_free || **known != "min_free="));
    let Some(known) = known else {
        reading.refuse_parameter(statement, word, &KNOWN);
        return false;
    };
    let text = &value[known.len()..];
    let what = &known[..known.len() - 1];
    let a_time = "Write a time, as in `10m`";
    let (nginx, help) = match what {
        "levels" => match levels(text) {
            Some(levels) => {
                cache.levels = levels;
                return true;
            }
            None => (
                format!("invalid \"levels\" \"{shown}\""),
                "Write one to three numbers of 1 or 2, as in `levels=1:2`",
            ),
        },
        "use_temp_path" if text == b"on" || text == b"off" => return true,
        "use_temp_path" => (
            format!("invalid use_temp_path value \"{shown}\", it must be \"on\" or \"off\""),
            "Write `on` or `off`",
        ),
        "keys_zone" => {
            let colon = memchr::memchr(b':', text);
            let bytes = colon.and_then(|colon| size(&text[colon + 1..]));
            match (colon, bytes) {
                (Some(colon), Some(bytes)) if bytes >= 2 * PAGE => {
                    let start = known.len();
                    let span = word.part(start..start + colon);
                    cache.zone = Some((text[..colon].to_vec(), bytes, span));
                    return true;
                }
                (Some(_), Some(_)) => (
                    format!("keys zone \"{shown}\" is too small"),
                    "Write `10m`; less than `8k` is refused",
                ),
                _ => (
                    format!("invalid keys zone size \"{shown}\""),
                    "Write a name, `:` and a size, as in `keys_zone=NAME:10m`",
                ),
            }
        }
        "inactive" if time(text, true).is_some() => return true,
        "max_size" | "min_free" if offset(text).is_some() => return true,
        "loader_files" | "manager_files" if number(text).is_some() => return true,
        "loader_sleep" | "loader_threshold" | "manager_sleep" | "manager_threshold"
            if time(text, false).is_some() =>
        {
            return true;
        }
        _ => (
            format!("invalid {what} value \"{shown}\""),
            match what {
                "max_size" | "min_free" => "Write a size, as in `10g`",
                "loader_files" | "manager_files" => "Write a whole number",
                _ => a_time,
            },
        ),
    };
    let message = format!("`{shown}` is no value that `{what}` takes");
    let rule = if what == "keys_zone" {
        "zone-size"
    } else {
        "invalid-value"
    };
    reading.refuse(statement, word, rule, message, nginx, help);
    false
}

/// What is wrong with the caches of a module when blocks inherit.
pub(super) fn merge(reading: &mut Reading<'_>, protocol: Protocol) {
    let caches = std::mem::take(&mut protocol.part(reading).caches);
    let findings: Vec<Finding> = caches
        .into_iter()
        .flat_map(|statement| {
            let model = &reading.model;
            let name = statement.name();
            let inherits = |server| model.scope(server).first(name).is_none();
            let counts = counts(model, statement.scope, inherits);
            let both = [
                unknown_zone(reading, statement),
                no_key(reading, statement, protocol),
            ];
            both.into_iter().flatten().filter(move |_| counts)
        })
        .collect();
    for finding in findings {
        reading.say(finding);
    }
}

fn unknown_zone(reading: &Reading<'_>, statement: Statement<'_>) -> Option<Finding> {
    let model = &reading.model;
    let word = statement.arg(0)?;
    let zone = word.value();
    if has_variables(&zone)
        || !model.has_all_of(&[Context::Main, Context::Http])
        || model.zones.find(&zone)?.definition.is_some()
    {
        return None;
    }
    let (name, shown) = (statement.name(), printed(&zone));
    Some(
        late_refusal(
            "undefined-zone",
            word.span(),
            format!("no `{name}_path` defines the zone `{shown}`"),
            format!("\"{name}\" zone \"{shown}\" is unknown"),
            end_of_block(model),
        )
        .help(format!(
            "Write `{name}_path FOLDER keys_zone={shown}:10m;` in `http`"
        )),
    )
}

fn no_key(reading: &Reading<'_>, statement: Statement<'_>, protocol: Protocol) -> Option<Finding> {
    let model = &reading.model;
    let key = protocol.directive("cache_key");
    if protocol == Proxy
        || !model.has_all_around(statement.scope)
        || model.value(statement.scope, &key).is_some()
    {
        return None;
    }
    let name = statement.name();
    Some(
        late_warning(
            "cache-without-key",
            statement.head(),
            format!("`{name}` has no `{key}`, so that all requests have one answer"),
            format!("no \"{key}\" for \"{name}\""),
            end_of_block(model),
        )
        .help(format!("Write `{key} $scheme$host$request_uri;`")),
    )
}
