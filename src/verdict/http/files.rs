//! `ngx_http_try_files_module`, `ngx_http_index_module` and `ngx_http_mirror_module`.

use super::super::reading::{Reading, Setter, refusal, warning};
use super::super::setters::function;
use super::super::sink::printed;
use super::modules::Module;
use crate::directives::DirectiveInfo;
use crate::model::Statement;
use crate::values::expression::has_variables;
use crate::values::number::number;

pub(super) const MODULE: Module = Module {
    setter,
    ..Module::NONE
};

fn setter(row: &'static DirectiveInfo) -> Option<Setter> {
    Some(match function(row) {
        "ngx_http_try_files" => try_files,
        "ngx_http_index_set_index" => index,
        "ngx_http_mirror" => mirror,
        _ => return None,
    })
}

fn try_files<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    for word in statement.args() {
        if reading.expression(statement, word).is_none() {
            return;
        }
    }
    let Some(last) = statement.args().next_back() else {
        return;
    };
    let value = last.value();
    let [b'=', code @ ..] = &*value else { return };
    // nginx takes the last byte for a zero where there are variables.
    let cut = usize::from(has_variables(&value));
    let code = &code[..code.len().saturating_sub(cut)];
    if number(code).is_none_or(|code| code > 999) {
        let shown = printed(&value[..value.len() - cut]).into_owned();
        reading.refuse(
            statement,
            last,
            "invalid-return-code",
            format!("`{}` is no status", last.to_str()),
            format!("invalid code \"{shown}\""),
            "Write `=404`, or a path or named location to go to",
        );
    }
}

fn index<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let count = statement.args().len();
    for (at, word) in statement.args().enumerate() {
        let value = word.value();
        if value.starts_with(b"/") && at + 1 != count {
            reading.say(
                warning(
                    statement,
                    "absolute-index",
                    word.span(),
                    format!(
                        "`{}` is absolute, so none behind it is tried",
                        word.to_str()
                    ),
                    "only the last index in \"index\" directive should be absolute",
                )
                .help("Move it to the end"),
            );
        }
        if value.is_empty() {
            // Before, nginx named the first one.
            let corrected = reading.at_least(1, 28, 1) && !reading.at_least(1, 29, 0);
            let named = match corrected || reading.at_least(1, 29, 2) {
                true => Some(word),
                false => statement.arg(0),
            };
            let shown = named.map_or_else(String::new, |word| printed(&word.value()).into_owned());
            reading.refuse(
                statement,
                word,
                "invalid-value",
                "the name of an index is empty",
                format!("index \"{shown}\" in \"index\" directive is invalid"),
                "Remove it",
            );
            return;
        }
        if reading.expression(statement, word).is_none() {
            return;
        }
    }
}

fn mirror<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let is_off = |statement: Statement<'m>| statement.arg(0).is_some_and(|word| word.is("off"));
    let Some(first) = reading.once(statement, "mirror") else {
        return;
    };
    if is_off(statement) || is_off(first) {
        reading.say(
            refusal(
                statement,
                "duplicate-directive",
                statement.head(),
                "`mirror off` is not alone in its block",
                "\"mirror\" directive is duplicate",
            )
            .label("second")
            .related(first.head(), "first")
            .help("Keep `mirror off`, or the others"),
        );
    }
}
