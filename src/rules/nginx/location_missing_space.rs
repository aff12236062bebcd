//! `location-missing-space`.

use super::super::edits::insert;
use crate::finding::{Fix, Safety};
use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::source::Span;

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` whose modifier is glued to its path, as in `location =/login`.
    ///
    /// ## Why it matters
    ///
    /// nginx takes the modifier off, so it works, but readers and other tools see a path that
    /// begins with `=` or `~`.
    ///
    /// ## What to do
    ///
    /// Write a blank behind the modifier.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#location>
    pub struct LocationMissingSpace {
        id: "location-missing-space",
        group: Nginx,
        severity: Info,
        fix: Some(Safety::Safe),
    }
}

impl Rule for LocationMissingSpace {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["location"]
    }

    fn directive(&self, location: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let (Some(word), None) = (location.arg(0), location.arg(1)) else {
            return;
        };
        let value = word.value();
        let length = match &*value {
            [b'=', _, ..] => 1,
            [b'^', b'~', _, ..] | [b'~', b'*', _, ..] => 2,
            [b'~', _, ..] => 1,
            _ => return,
        };
        let modifier = String::from_utf8_lossy(&value[..length]).into_owned();
        let mut finding = cx
            .finding(
                word.span(),
                format!("the modifier `{modifier}` is glued to the path"),
            )
            .label("no blank between them")
            .help(format!("Write a blank behind `{modifier}`"));
        let start = word.span().start + length as u32;
        let at = Span::new(word.span().file, start, start);
        if word.quote().is_none() {
            finding = finding.fix(Fix {
                safety: Safety::Safe,
                title: "write a blank behind the modifier".into(),
                edits: vec![insert(at, *b" ")],
            });
        }
        cx.report(finding);
    }
}
