//! `ngx_http_rewrite_module`: `if`, `set`, `return` and `rewrite`.

use super::super::reading::{Reading, Setter, refusal};
use super::super::setters::function;
use super::super::sink::printed;
use super::core::add_unnamed;
use super::modules::Module;
use crate::directives::{DirectiveInfo, Family};
use crate::model::Statement;
use crate::model::http::LocationKind;
use crate::model::variables::Provenance;
use crate::syntax::Word;
use crate::values::number::number;
use std::ops::Range;

pub(super) const MODULE: Module = Module {
    setter,
    ..Module::NONE
};

fn setter(row: &'static DirectiveInfo) -> Option<Setter> {
    Some(match function(row) {
        "ngx_http_rewrite" => rewrite,
        "ngx_http_rewrite_return" => return_,
        "ngx_http_rewrite_if" => if_,
        "ngx_http_rewrite_set" => set,
        _ => return None,
    })
}

/// What begins so is a redirect.
fn is_redirect(value: &[u8]) -> bool {
    [&b"http://"[..], b"https://", b"$scheme"]
        .iter()
        .any(|start| value.starts_with(start))
}

fn rewrite<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let (Some(pattern), Some(replacement)) = (statement.arg(0), statement.arg(1)) else {
        return;
    };
    let new = replacement.value();
    if new.is_empty() {
        reading.refuse(
            statement,
            replacement,
            "empty-replacement",
            "`rewrite` has nothing to put in the place of the path",
            "empty replacement",
            "Write a path, or a URL with its scheme",
        );
        return;
    }
    let old = pattern.value();
    if reading
        .regex(statement, &old, false, pattern.span())
        .is_none()
    {
        return;
    }
    if let Some(flag) = statement.arg(2)
        && !matches!(
            &*flag.value(),
            b"last" | b"break" | b"redirect" | b"permanent"
        )
    {
        let known = ["last", "break", "redirect", "permanent"];
        return reading.refuse_parameter(statement, flag, &known);
    }
    let end = new.len() - usize::from(new.ends_with(b"?"));
    reading.expression_in(statement, replacement, 0..end);
}

fn return_<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(first) = statement.arg(0) else {
        return;
    };
    let value = first.value();
    let text = match (number(&value), statement.arg(1)) {
        (Some(0..=999), text) => text,
        (None, None) if is_redirect(&value) => Some(first),
        _ => {
            reading.refuse(
                statement,
                first,
                "invalid-return-code",
                format!("`{}` is no status", first.to_str()),
                format!("invalid return code \"{}\"", printed(&value)),
                "Write a status such as `301`, and behind it a URL or a text",
            );
            return;
        }
    };
    if let Some(text) = text {
        reading.expression(statement, text);
    }
}

fn set<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let (Some(variable), Some(value)) = (statement.arg(0), statement.arg(1)) else {
        return;
    };
    let name = variable.value();
    let [b'$', name @ ..] = &*name else {
        reading.refuse_name(statement, variable);
        return;
    };
    if !reading.define(statement, name, Provenance::Set, variable.span()) {
        return;
    }
    let variables = reading.variables(Family::Http);
    variables.add_use(name, variable.span());
    reading.expression(statement, value);
}

fn if_<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    add_unnamed(reading, statement, LocationKind::If);
    let Some(words) = condition(reading, statement) else {
        return;
    };
    // Either a variable, perhaps compared, or a file that is looked for.
    let [first, rest @ ..] = &words[..] else {
        return;
    };
    let text = first.text();
    match &*text {
        [b'$', name @ ..] if !name.is_empty() => {
            if !matches!(rest.len(), 0 | 2) {
                return refuse_condition(reading, statement, first);
            }
            let variables = reading.variables(Family::Http);
            variables.add_use(name, first.span());
            if let [operator, value] = rest {
                compared(reading, statement, operator, value);
            }
        }
        [b'-', _] | [b'!', b'-', _] => {
            let [file] = rest else {
                return refuse_condition(reading, statement, first);
            };
            if reading
                .expression_in(statement, file.word, file.range.clone())
                .is_none()
            {
                return;
            }
            if !matches!(text.last(), Some(b'f' | b'd' | b'e' | b'x')) {
                refuse_condition(reading, statement, first);
            }
        }
        _ => refuse_condition(reading, statement, first),
    }
}

fn compared<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    operator: &Piece<'m>,
    value: &Piece<'m>,
) {
    let text = operator.text();
    match &*text {
        b"=" | b"!=" => {
            reading.expression_in(statement, value.word, value.range.clone());
        }
        b"~" | b"~*" | b"!~" | b"!~*" => {
            let caseless = text.ends_with(b"*");
            reading.regex(statement, &value.text(), caseless, value.span());
        }
        _ => {
            let shown = printed(&text);
            reading.say(
                refusal(
                    statement,
                    "invalid-condition",
                    operator.span(),
                    format!("`if` cannot compare with `{shown}`"),
                    format!("unexpected \"{shown}\" in condition"),
                )
                .help("Write `=`, `!=`, `~`, `~*`, `!~` or `!~*` with blanks round it"),
            );
        }
    }
}

/// A part of a condition: a word without the brackets of `if`.
struct Piece<'m> {
    word: Word<'m>,
    range: Range<usize>,
}

impl Piece<'_> {
    fn text(&self) -> Vec<u8> {
        self.word.value()[self.range.clone()].to_vec()
    }

    fn span(&self) -> crate::source::Span {
        self.word.part(self.range.clone())
    }
}

/// The words between the brackets (`ngx_http_rewrite_if_condition`).
fn condition<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) -> Option<Vec<Piece<'m>>> {
    let piece = |word: Word<'m>| {
        let range = 0..word.value().len();
        Piece { word, range }
    };
    let mut words: Vec<_> = statement.args().map(piece).collect();
    let first = words.first_mut()?;
    if !first.text().starts_with(b"(") {
        refuse_condition(reading, statement, first);
        return None;
    }
    let alone = first.range.len() == 1;
    if !alone {
        first.range.start = 1;
    }
    let last = words.last_mut()?;
    if !last.text().ends_with(b")") {
        refuse_condition(reading, statement, last);
        return None;
    }
    if last.range.len() == 1 {
        words.pop();
    } else {
        last.range.end -= 1;
    }
    if alone && !words.is_empty() {
        words.remove(0);
    }
    if words.is_empty() {
        // nginx takes the closing bracket for a word here.
        let mut bracket = statement.args().next_back().map(piece)?;
        bracket.range.start = bracket.range.end.saturating_sub(1);
        refuse_condition(reading, statement, &bracket);
        return None;
    }
    Some(words)
}

fn refuse_condition<'m>(reading: &mut Reading<'m>, statement: Statement<'m>, at: &Piece<'m>) {
    let shown = printed(&at.text()).into_owned();
    reading.say(
        refusal(
            statement,
            "invalid-condition",
            at.span(),
            format!("`{shown}` is no condition"),
            format!("invalid condition \"{shown}\""),
        )
        .help(
            "Write `if ($variable)`, `if ($variable = text)`, `if ($variable ~ expression)` or \
             `if (-f file)`",
        ),
    );
}
