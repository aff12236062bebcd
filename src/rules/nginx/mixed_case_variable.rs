//! `mixed-case-variable`.

use crate::directives::Family;
use crate::finding::{Edit, Fix, Safety};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::source::Span;
use crate::values::expression::{self, Part};
use crate::values::part_of;
use std::borrow::Cow;
use std::collections::HashMap;

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

/// Of a variable, without `$`; borrowed from the text where it can be.
type Name<'m> = Cow<'m, [u8]>;

impl Rule for MixedCaseVariable {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let mut first: HashMap<(bool, Name<'_>), (Name<'_>, Span)> = HashMap::new();
        let mut found = Vec::new();
        for statement in cx.model.statements() {
            for word in statement.args() {
                let value = word.value();
                if memchr::memchr(b'$', &value).is_none() {
                    continue;
                }
                for part in expression::parse(&value).unwrap_or_default() {
                    let Part::Variable { name, .. } = part else {
                        continue;
                    };
                    let (name, span) = (part_of(&value, name.clone()), word.part(name));
                    let stream = statement.row.module.family == Family::Stream;
                    let small = match name.iter().any(u8::is_ascii_uppercase) {
                        true => Cow::Owned(name.to_ascii_lowercase()),
                        false => name.clone(),
                    };
                    let known = first
                        .entry((stream, small))
                        .or_insert_with(|| (name.clone(), span));
                    if known.0 != name {
                        found.push((name, span, known.clone()));
                    }
                }
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
