//! Variables that are used and that nothing defines (`ngx_http_variables_init_vars`,
//! `ngx_stream_variables_init_vars`).

use super::reading::{Reading, late_refusal};
use super::sink::printed;
use crate::directives::{Family, all_variables, find_variable};
use crate::model::Statement;
use crate::model::variables::{Provenance, Variable};
use crate::syntax::Word;

/// Says which variables of `http` or `stream` nothing defines, the one that nginx meets
/// first in front.
pub(super) fn end(reading: &mut Reading<'_>, family: Family) {
    if !reading.model.complete || reading.state.has_unknown_directives {
        return;
    }
    let (target, modules) = (reading.options.target, &reading.options.modules);
    let unknown = |variable: &&Variable| {
        variable.definitions.is_empty()
            && find_variable(&variable.name, family, target, modules).is_none()
    };
    let variables = reading.variables(family);
    let unknown: Vec<_> = variables.used().filter(unknown).cloned().collect();
    for variable in unknown {
        let Some(span) = variable.used else { continue };
        let shown = printed(&variable.name);
        let finding = late_refusal(
            "unknown-variable",
            span,
            format!("nothing defines `${shown}`"),
            format!("unknown \"{shown}\" variable"),
            None,
        )
        .help(help(reading, family, &variable.name));
        reading.say(finding);
    }
}

fn help(reading: &mut Reading<'_>, family: Family, name: &[u8]) -> String {
    let (target, modules) = (reading.options.target, &reading.options.modules);
    if matches!(name, [b'0'..=b'9', ..]) {
        return "Write `$1` to `$9` only where nginx knows captures, or name the group: \
                `(?<name>…)`"
            .to_owned();
    }
    let Ok(text) = std::str::from_utf8(name) else {
        return "Define it with `set` or `map`, or write the name of another".to_owned();
    };
    let built_in = all_variables()
        .iter()
        .filter(|row| row.module.family == family && !row.prefix)
        .filter(|row| row.holds_in(target) && modules.have_module(row.module))
        .map(|row| row.name.to_owned());
    let own: Vec<String> = { reading.variables(family).all() }
        .iter()
        .filter(|variable| !variable.definitions.is_empty())
        .map(|variable| printed(&variable.name).into_owned())
        .collect();
    let nearest = built_in
        .chain(own)
        .map(|known| (strsim::osa_distance(text, &known), known))
        .min()
        .filter(|(distance, _)| *distance <= (text.len() / 4).max(1));
    match nearest {
        Some((_, known)) => format!("Write `${known}`, or define `${text}`"),
        None => "Define it with `set` or `map`, or write the name of another".to_owned(),
    }
}

/// A directive of a module that is not nginx's own may define what it names.
pub(super) fn foreign<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    for word in statement.args() {
        define_foreign(reading, statement, word);
    }
}

/// As [`foreign`], of one word.
pub(super) fn define_foreign<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    word: Word<'m>,
) {
    if let [b'$', name @ ..] = &*word.value() {
        let variables = reading.variables(statement.row.module.family);
        variables.define(name, Provenance::Directive, word.span());
    }
}
