//! Balancing methods, `keepalive` and `zone`.

use super::current;
use crate::directives::Family;
use crate::model::Statement;
use crate::model::upstream::{Keepalive, Method};
use crate::syntax::Word;
use crate::values::number::{number, size};
use crate::verdict::reading::{Reading, refusal, warning};
use crate::verdict::sink::printed;
use crate::verdict::value::not_among;
use crate::verdict::zones::{self, LEAST, Mention};

/// Takes a method; nginx warns where another one, `sticky`, or `keepalive` of old has come
/// before.
fn choose<'m>(reading: &mut Reading<'m>, statement: Statement<'m>, method: Method) {
    let block = reading.state.upstreams.block(statement.scope);
    block.method = method;
    let before = block.initialized.replace(statement);
    if let Some(upstream) = current(reading, statement) {
        upstream.method = method;
        upstream.methods.push(statement);
    }
    let Some(before) = before else { return };
    let name = statement.name();
    let (rule, message, help) = match before.name() {
        "keepalive" => (
            "lb-method-after-keepalive",
            format!("`{name}` comes behind `keepalive`, which is lost"),
            format!("Move `keepalive` behind `{name}`"),
        ),
        "sticky" => (
            "lb-method-after-sticky",
            format!("`{name}` comes behind `sticky`, which is lost"),
            format!("Move `sticky` behind `{name}`"),
        ),
        first => (
            "multiple-lb-methods",
            format!("`{name}` takes the place of `{first}`"),
            "Remove one of them".to_owned(),
        ),
    };
    reading.say(
        warning(
            statement,
            rule,
            statement.head(),
            message,
            "load balancing method redefined",
        )
        .related(before.head(), "this is lost")
        .help(help),
    );
}

fn invalid_parameter<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    word: Word<'m>,
    help: &'static str,
) {
    reading.say(
        refusal(
            statement,
            "invalid-value",
            word.span(),
            format!("`{}` takes no `{}` here", statement.name(), word.to_str()),
            format!("invalid parameter \"{}\"", printed(&word.value())),
        )
        .help(help),
    );
}

/// `hash`.
pub(super) fn hash<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(key) = statement.arg(0) else { return };
    if reading.expression(statement, key).is_none() {
        return;
    }
    choose(reading, statement, Method::Hash);
    if let Some(word) = statement.arg(1)
        && !word.is("consistent")
    {
        invalid_parameter(reading, statement, word, "Write `consistent`, or nothing");
    }
}

/// `ip_hash`.
pub(super) fn ip_hash<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    choose(reading, statement, Method::IpHash);
}

/// `least_conn`.
pub(super) fn least_conn<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    choose(reading, statement, Method::LeastConn);
}

/// `least_time`.
pub(super) fn least_time<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    choose(reading, statement, Method::LeastTime);
    let Some(word) = statement.arg(0) else { return };
    if let Some(inflight) = statement.arg(1)
        && !inflight.is("inflight")
    {
        invalid_parameter(reading, statement, inflight, "Write `inflight`, or nothing");
        return;
    }
    let known: &[&str] = match statement.row.module.family {
        Family::Stream => &["connect", "first_byte", "last_byte"],
        _ => &["header", "last_byte"],
    };
    if !known
        .iter()
        .any(|known| word.value().eq_ignore_ascii_case(known.as_bytes()))
    {
        let wrong = not_among(word, known);
        reading.say(
            refusal(
                statement,
                wrong.rule,
                wrong.span,
                wrong.message,
                wrong.nginx,
            )
            .help(wrong.help),
        );
    }
}

/// `random`.
pub(super) fn random<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    choose(reading, statement, Method::Random);
    let plus = reading.options.target.is_plus();
    let second: &[&str] = if plus {
        &["least_conn", "least_time=header", "least_time=last_byte"]
    } else {
        &["least_conn"]
    };
    if let Some(word) = statement.arg(0)
        && !word.is("two")
    {
        invalid_parameter(reading, statement, word, "Write `two`, or nothing");
    } else if let Some(word) = statement.arg(1)
        && !second.iter().any(|known| word.is(known))
        && !(plus && statement.row.module.family == Family::Stream)
    {
        invalid_parameter(reading, statement, word, "Write `least_conn`, or nothing");
    }
}

/// `keepalive`.
pub(super) fn keepalive<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else { return };
    let any_order = reading.at_least(1, 29, 7);
    let connections = number(&word.value()).filter(|n| any_order || *n > 0);
    let Some(connections) = connections else {
        let least = if any_order { "0 or more" } else { "1 or more" };
        reading.say(
            refusal(
                statement,
                "invalid-value",
                word.span(),
                format!("`keepalive` takes a whole number, not `{}`", word.to_str()),
                format!(
                    "invalid value \"{}\" in \"keepalive\" directive",
                    printed(&word.value())
                ),
            )
            .help(format!(
                "Write {least}: how many idle connections are kept open"
            )),
        );
        return;
    };
    let local = statement.arg(1);
    if let Some(word) = local
        && !word.is("local")
    {
        invalid_parameter(reading, statement, word, "Write `local`, or nothing");
        return;
    }
    if !any_order {
        let block = reading.state.upstreams.block(statement.scope);
        block.initialized = Some(statement);
    }
    if let Some(upstream) = current(reading, statement) {
        upstream.keepalive = Some(Keepalive {
            statement,
            connections,
            local: local.is_some(),
        });
    }
}

/// `zone`.
pub(super) fn zone<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(name) = statement.arg(0) else { return };
    let value = name.value();
    let mut say = |word: Word<'m>, message: String, nginx: String, help: &'static str| {
        reading.say(refusal(statement, "zone-size", word.span(), message, nginx).help(help));
    };
    if value.is_empty() {
        say(
            name,
            "the zone has no name".to_owned(),
            "invalid zone name \"\"".to_owned(),
            "Write a name, as in `zone django 64k`",
        );
        return;
    }
    let mut bytes = None;
    if let Some(word) = statement.arg(1) {
        match size(&word.value()) {
            None => {
                let shown = printed(&word.value()).into_owned();
                say(
                    word,
                    format!("`{shown}` is no size"),
                    format!("invalid zone size \"{shown}\""),
                    "Write a whole number with `k` or `m` behind it, as in `64k`",
                );
                return;
            }
            Some(size) if size < LEAST => {
                say(
                    word,
                    "the zone has less than eight pages of memory, which are 32k".to_owned(),
                    format!("zone \"{}\" is too small", printed(&value)),
                    "Write `64k` or more",
                );
                return;
            }
            Some(size) => bytes = u64::try_from(size).ok(),
        }
    }
    let module = match statement.row.module.family {
        Family::Stream => "ngx_stream_upstream_module",
        _ => "ngx_http_upstream_module",
    };
    let mention = Mention {
        name: &value,
        size: bytes,
        module,
        span: name.span(),
    };
    if zones::mention(reading, statement, &mention).is_some()
        && let Some(upstream) = current(reading, statement)
    {
        upstream.zone = Some(statement);
    }
}
