//! `mixed-case-variable`.

use crate::directives::Family;
use crate::finding::{Edit, Fix, Safety};
use crate::model::Model;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::source::Span;
use crate::syntax::Word;
use crate::values::expression::{self, Part, is_name_byte};
use crate::values::part_of;
use foldhash::HashMap;
use std::borrow::Cow;

declare_rule! {
    /// ## What it reports
    ///
    /// A variable that is written with other capital letters than where it comes first.
    ///
    /// ## Why it matters
    ///
    /// nginx does not tell `$Backend` from `$backend`: both are one variable. Readers take them
    /// for two, and setting one changes the other.
    ///
    /// ## What to do
    ///
    /// Write a variable in the same way everywhere.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/varindex.html>
    pub struct MixedCaseVariable {
        id: "mixed-case-variable",
        group: Nginx,
        severity: Info,
        fix: Some(Safety::Safe),
    }
}

/// A variable where it is written.
struct Use<'m> {
    /// Without `$`; borrowed from the text where it can be.
    name: Cow<'m, [u8]>,
    span: Span,
    stream: bool,
}

impl<'m> Use<'m> {
    /// What is the same for all that are one variable.
    fn key(&self) -> (bool, Cow<'m, [u8]>) {
        let small = match self.name.iter().any(u8::is_ascii_uppercase) {
            true => Cow::Owned(self.name.to_ascii_lowercase()),
            false => self.name.clone(),
        };
        (self.stream, small)
    }
}

/// Whether the name of a variable in a word may have a capital letter.
fn has_capitals(word: Word<'_>) -> bool {
    // Most words have none at all.
    if !word.content().iter().any(u8::is_ascii_uppercase) {
        return false;
    }
    let mut parts = word.content().split(|byte| *byte == b'$').skip(1);
    parts.any(|behind| {
        let behind = behind.strip_prefix(b"{").unwrap_or(behind);
        let mut name = behind.iter().take_while(|byte| is_name_byte(**byte));
        name.any(u8::is_ascii_uppercase)
    })
}

/// The variables in the arguments of directives.
fn uses<'m>(model: &Model<'m>) -> impl Iterator<Item = Use<'m>> {
    model.statements().flat_map(|statement| {
        let stream = statement.row.module.family == Family::Stream;
        let words = statement.args().filter(|word| word.has_dollar());
        words.flat_map(move |word| {
            let value = word.value();
            let parts = expression::parse(&value).unwrap_or_default();
            parts.into_iter().filter_map(move |part| match part {
                Part::Variable { name, .. } => Some(Use {
                    name: part_of(&value, name.clone()),
                    span: word.part(name),
                    stream,
                }),
                Part::Text(_) | Part::Capture { .. } => None,
            })
        })
    })
}

impl Rule for MixedCaseVariable {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        // Hardly any variable has capital letters, and without them there is nothing to compare.
        if !cx.words_with_dollar().any(has_capitals) {
            return;
        }
        let mut first = HashMap::default();
        let mut found = Vec::new();
        for one in uses(cx.model) {
            let key = one.key();
            let Use { name, span, .. } = one;
            let known = { first.entry(key) }.or_insert_with(|| (name.clone(), span));
            if known.0 != name {
                found.push((name, span, known.clone()));
            }
        }
        for (name, span, (known, before)) in found {
            let [name, shown] = [&name, &known].map(|name| String::from_utf8_lossy(name));
            let mut finding = cx
                .finding(span, format!("`${name}` and `${shown}` are one variable"))
                .label("other capital letters")
                .related(before, "written so before")
                .help(format!("Write `${shown}`"));
            finding = finding.fix(Fix {
                safety: Safety::Safe,
                title: "write the variable as before".into(),
                edits: vec![Edit {
                    span,
                    text: known.into_owned(),
                }],
            });
            cx.report(finding);
        }
    }
}
