//! What many directives say.

use super::reading::{Reading, refusal};
use super::sink::printed;
use crate::finding::Wording;
use crate::model::Statement;
use crate::syntax::Word;

impl<'m> Reading<'m> {
    /// A parameter that the directive does not have.
    pub(super) fn refuse_parameter(
        &mut self,
        statement: Statement<'m>,
        word: Word<'m>,
        known: &[&str],
    ) {
        let value = word.value();
        let name = statement.name();
        let help = match nearest(&word.to_str(), known) {
            Some(known) => format!("Write `{known}`, or remove it"),
            None if known.is_empty() => "Remove it".to_owned(),
            None => format!("Write one of {}, or remove it", listed(known)),
        };
        self.say(
            refusal(
                statement,
                "invalid-parameter",
                word.span(),
                format!("`{name}` has no parameter `{}`", word.to_str()),
                format!("invalid parameter \"{}\"", printed(&value)),
            )
            .help(help),
        );
    }

    /// A value of which nginx says no more than `"…" directive invalid value`.
    pub(super) fn refuse_value(
        &mut self,
        statement: Statement<'m>,
        word: Word<'m>,
        what: &str,
        help: &'static str,
    ) {
        let name = statement.name();
        self.say(
            refusal(
                statement,
                "invalid-value",
                word.span(),
                format!("`{}` is no {what}", word.to_str()),
                format!("\"{name}\" directive invalid value"),
            )
            .help(help),
        );
    }

    /// What should be the name of a variable and has no `$`.
    pub(super) fn refuse_name(&mut self, statement: Statement<'m>, word: Word<'m>) {
        let value = word.value();
        let help = match value.first() {
            Some(_) => format!("Write `${}`", word.to_str()),
            None => "Write `$` and a name".to_owned(),
        };
        self.refuse(
            statement,
            word,
            "invalid-variable",
            format!("`{}` is no variable", word.to_str()),
            format!("invalid variable name \"{}\"", printed(&value)),
            help,
        );
    }

    /// A refusal of one word, with nginx's own words.
    pub(super) fn refuse(
        &mut self,
        statement: Statement<'m>,
        word: Word<'m>,
        rule: &'static str,
        message: impl Into<Wording>,
        nginx: impl Into<String>,
        help: impl Into<Wording>,
    ) {
        self.say(refusal(statement, rule, word.span(), message, nginx).help(help));
    }
}

/// The one of some words that was probably meant.
fn nearest<'w>(word: &str, known: &[&'w str]) -> Option<&'w str> {
    let distance = |known: &str| strsim::osa_distance(&word.to_lowercase(), known);
    known
        .iter()
        .map(|known| (distance(known), *known))
        .min()
        .filter(|(distance, _)| *distance <= (word.len() / 3).max(1))
        .map(|(_, known)| known)
}

fn listed(known: &[&str]) -> String {
    let known: Vec<_> = known.iter().map(|known| format!("`{known}`")).collect();
    known.join(", ")
}
