//! `proxy_redirect` and `proxy_cookie_*`.

use super::super::super::reading::{Reading, refusal};
use super::super::super::sink::printed;
use crate::model::Statement;
use crate::syntax::Word;
use crate::values::expression::has_variables;

/// Reads the argument of a directive that has one: `off`, or what else it takes.
fn alone<'m>(reading: &mut Reading<'m>, statement: Statement<'m>, word: Word<'m>) {
    let old = statement.name() == "proxy_redirect" && !reading.at_least(1, 19, 3);
    let takes = word.is("off") || (old && word.is("false"));
    if !takes {
        let known: &[&str] = match statement.name() {
            "proxy_redirect" => &["default", "off"],
            _ => &["off"],
        };
        reading.refuse_parameter(statement, word, known);
    }
}

/// Whether one is to be read after those before it in its block: `off` stands alone, which is
/// said. Before 1.19.3 nginx did not look at what comes behind `off`.
fn may_follow<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) -> bool {
    let name = statement.name();
    let is_off = |statement: Statement<'_>| {
        statement.args().len() == 1 && statement.arg(0).is_some_and(|word| word.is("off"))
    };
    let refuses = reading.at_least(1, 19, 3);
    let off = is_off(statement) && refuses;
    let before = |other: &Statement<'_>| {
        other.name() == name && other.head() != statement.head() && (off || is_off(*other))
    };
    let scope = reading.model.scope(statement.scope);
    let Some(first) = scope.statements().find(before) else {
        return true;
    };
    if !refuses {
        return false;
    }
    let finding = refusal(
        statement,
        "duplicate-directive",
        statement.head(),
        format!("`{name} off` stands beside another `{name}`"),
        format!("\"{name}\" directive is duplicate"),
    )
    .label("second")
    .related(first.head(), "first")
    .help("Remove one of them");
    reading.say(finding);
    false
}

/// What is replaced: an expression, or `~` and a regular expression; `~*` as well where that
/// is another thing. False where it is wrong, which is said.
fn pattern<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    word: Word<'m>,
    caseless: bool,
) -> bool {
    let value = word.value();
    match value.strip_prefix(b"~") {
        Some(regex) => {
            let (regex, caseless) = match regex.strip_prefix(b"*") {
                Some(regex) if !caseless => (regex, true),
                _ => (regex, caseless),
            };
            reading
                .regex(statement, regex, caseless, word.span())
                .is_some()
        }
        None => {
            let dot =
                usize::from(statement.name() == "proxy_cookie_domain" && value.starts_with(b"."));
            reading
                .expression_in(statement, word, dot..value.len())
                .is_some()
        }
    }
}

fn replace<'m>(reading: &mut Reading<'m>, statement: Statement<'m>, caseless: bool) {
    let Some(first) = statement.arg(0) else {
        return;
    };
    if !may_follow(reading, statement) {
        return;
    }
    if statement.args().len() == 1 {
        return alone(reading, statement, first);
    }
    if pattern(reading, statement, first, caseless) {
        for word in statement.args().skip(1) {
            if reading.expression(statement, word).is_none() {
                return;
            }
        }
    }
}

/// `ngx_http_proxy_cookie_domain`.
pub(super) fn cookie_domain<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    replace(reading, statement, true);
}

/// `ngx_http_proxy_cookie_path`.
pub(super) fn cookie_path<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    replace(reading, statement, false);
}

/// `ngx_http_proxy_cookie_flags`.
pub(super) fn cookie_flags<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    replace(reading, statement, true);
}

/// `ngx_http_proxy_redirect`.
pub(super) fn redirect<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let default =
        statement.args().len() == 1 && statement.arg(0).is_some_and(|word| word.is("default"));
    if !default {
        return replace(reading, statement, false);
    }
    if !may_follow(reading, statement) {
        return;
    }
    let scope = reading.model.scope(statement.scope);
    let pass = scope
        .statements()
        .find(|other| other.name() == "proxy_pass");
    let Some(pass) = pass else {
        let finding = refusal(
            statement,
            "proxy-redirect-wrong",
            statement.head(),
            "`proxy_redirect default` comes before `proxy_pass`, or there is none in this block",
            "\"proxy_redirect default\" should be placed after the \"proxy_pass\" directive",
        );
        reading.say(finding.help("Move it behind `proxy_pass`, or remove it: it is the default"));
        return;
    };
    let target = pass.arg(0).map(|word| word.value()).unwrap_or_default();
    if has_variables(&target) {
        let finding = refusal(
            statement,
            "proxy-redirect-wrong",
            statement.head(),
            format!(
                "`proxy_redirect default` cannot be derived from `{}`, which has variables",
                printed(&target)
            ),
            "\"proxy_redirect default\" cannot be used with \"proxy_pass\" directive with \
             variables",
        )
        .related(pass.head(), "this has variables");
        reading.say(finding.help("Write what is to be replaced, and by what"));
    }
}
