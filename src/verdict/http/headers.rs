//! `ngx_http_headers_filter_module`: `expires`, `add_header`, `add_trailer`.

use super::super::reading::{Reading, Setter, refusal};
use super::super::setters::function;
use super::modules::Module;
use crate::directives::DirectiveInfo;
use crate::model::Statement;
use crate::syntax::Word;
use crate::values::expression::has_variables;
use crate::values::number::time;

pub(super) const MODULE: Module = Module {
    setter,
    ..Module::NONE
};

fn setter(row: &'static DirectiveInfo) -> Option<Setter> {
    Some(match function(row) {
        "ngx_http_headers_expires" => expires,
        "ngx_http_headers_add" => add,
        _ => return None,
    })
}

const HELP: &str = "Write a time such as `30d` or `-1`, `@15h30m`, `epoch`, `max` or `off`";

fn expires<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(first) = statement.arg(0) else {
        return;
    };
    let second = statement.arg(1);
    if second.is_some() && !first.is("modified") {
        return reading.refuse_value(statement, first, "way to reckon a time", "Write `modified`");
    }
    let word = second.unwrap_or(first);
    let value = word.value();
    if has_variables(&value) {
        reading.expression(statement, word);
        return;
    }
    let modified = second.is_some();
    if !modified && matches!(&*value, b"epoch" | b"max" | b"off") {
        return;
    }
    let (daily, text) = match &*value {
        [b'@', text @ ..] => (true, text),
        [b'+' | b'-', text @ ..] => (false, text),
        text => (false, text),
    };
    if daily && modified {
        let what = "daily time cannot be used with \"modified\" parameter";
        return refuse(
            reading,
            statement,
            word,
            "a time of the day does not go with `modified`",
            what,
        );
    }
    match time(text, true) {
        None => reading.refuse_value(statement, word, "time", HELP),
        Some(seconds) if daily && seconds > 24 * 60 * 60 => refuse(
            reading,
            statement,
            word,
            "a time of the day is over 24 hours",
            "daily time value must be less than 24 hours",
        ),
        Some(_) => {}
    }
}

fn refuse<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    word: Word<'m>,
    message: &'static str,
    nginx: &str,
) {
    let nginx = format!("\"expires\" directive {nginx}");
    let finding = refusal(statement, "invalid-value", word.span(), message, nginx);
    reading.say(finding.help(HELP));
}

fn add<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(value) = statement.arg(1) else {
        return;
    };
    if reading.expression(statement, value).is_none() {
        return;
    }
    if let Some(word) = statement.arg(2)
        && !word.is("always")
    {
        reading.refuse_parameter(statement, word, &["always"]);
    }
}
