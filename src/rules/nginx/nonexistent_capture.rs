//! `nonexistent-capture`.

use crate::directives::Context;
use crate::model::{Model, ScopeId, Statement};
use crate::rules::facts::{Matcher, location_of};
use crate::rules::meta::declare_rule;
use crate::rules::nginx::duplicate_regex_location::is_caseless;
use crate::rules::{Meta, Rule, RuleContext};
use crate::syntax::Word;
use crate::values::expression::{self, Part};
use crate::values::regex::Regex;
use std::collections::HashSet;

declare_rule! {
    /// ## What it reports
    ///
    /// A `$1` to `$9` for which the regular expression in front of it has no group.
    ///
    /// ## Why it matters
    ///
    /// A group that is not there is the empty text, without any message: a rewrite to
    /// `/blog/$2` whose expression has one group leads to `/blog/`. nginx knows one digit only,
    /// so `$10` is `$1` and a zero.
    ///
    /// ## What to do
    ///
    /// Put parentheses round the part that is meant, or correct the number.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_rewrite_module.html#rewrite>
    pub struct NonexistentCapture {
        id: "nonexistent-capture",
        group: Nginx,
        severity: Warning,
    }
}

impl Rule for NonexistentCapture {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        // An expression of a map replaces the groups whenever the map is looked up.
        let maps = has_regex_map(cx.model);
        // An `if` in a location may have an expression of its own.
        let scopes = cx.model.scopes.iter();
        let ifs = scopes.filter(|scope| scope.context == Context::IfInLocation);
        let with_if: HashSet<ScopeId> = ifs.filter_map(|scope| scope.parent).collect();
        for (index, scope) in cx.model.scopes.iter().enumerate() {
            for rewrite in scope.named("rewrite") {
                if let (Some(pattern), Some(to)) = (rewrite.arg(0), rewrite.arg(1)) {
                    // Variables in the replacement may run other expressions.
                    let has_variables = parts(to).iter().any(|(group, _)| *group == 0);
                    if !(maps && has_variables) {
                        check(cx, &pattern.value(), false, pattern, &[to]);
                    }
                }
            }
            if maps || scope.first("rewrite").is_some() {
                continue;
            }
            let id = ScopeId(index as u32);
            match scope.context {
                Context::IfInServer | Context::IfInLocation => in_if(cx, id),
                Context::Location if !with_if.contains(&id) => in_location(cx, id),
                _ => {}
            }
        }
    }
}

fn has_regex_map(model: &Model<'_>) -> bool {
    let mut maps = model.tables.iter().filter(|table| table.name() == "map");
    maps.any(|map| {
        let rows = map.directive.block().into_iter();
        let mut rows = rows.flat_map(|block| block.directives());
        rows.any(|row| row.name().value().starts_with(b"~") || row.is("include"))
    })
}

/// The captures of a text, each with its place; variables count as group 0.
fn parts(word: Word<'_>) -> Vec<(u8, crate::source::Span)> {
    let value = word.value();
    let parts = expression::parse(&value).unwrap_or_default();
    let places = parts.into_iter().filter_map(|part| match part {
        Part::Capture { group, whole } => Some((group, word.part(whole))),
        Part::Variable { whole, .. } => Some((0, word.part(whole))),
        Part::Text(_) => None,
    });
    places.collect()
}

fn check(
    cx: &mut RuleContext<'_, '_>,
    pattern: &[u8],
    caseless: bool,
    at: Word<'_>,
    words: &[Word<'_>],
) {
    let Ok(regex) = Regex::new(pattern, caseless) else {
        return;
    };
    let groups = regex.captures();
    for word in words {
        for (group, place) in parts(*word) {
            if usize::from(group) <= groups {
                continue;
            }
            let has = match groups {
                0 => "has no group".to_owned(),
                1 => "has one group".to_owned(),
                _ => format!("has {groups} groups"),
            };
            let finding = cx
                .finding(place, format!("`${group}` is always empty"))
                .label("no such group")
                .related(at.span(), has)
                .help("Put parentheses round what is meant, or correct the number");
            cx.report(finding);
        }
    }
}

/// `if ($name ~ pattern)` with what it sets and answers.
fn in_if(cx: &mut RuleContext<'_, '_>, id: ScopeId) {
    let scope = cx.model.scope(id);
    let Some(opener) = scope.opener else {
        return;
    };
    let words: Vec<_> = opener.args().collect();
    let [.., operator, pattern] = words.as_slice() else {
        return;
    };
    let caseless = match &*operator.value() {
        b"~" => false,
        b"~*" => true,
        _ => return,
    };
    let value = pattern.value();
    // The closing parenthesis of the condition is glued to a bare word.
    let value = match pattern.quote() {
        None => value.strip_suffix(b")").unwrap_or(&value),
        Some(_) => &value,
    };
    let users: Vec<_> = scope
        .statements
        .iter()
        .filter(|statement| matches!(statement.name(), "set" | "return"))
        .flat_map(|statement| statement.args())
        .collect();
    check(cx, value, caseless, *pattern, &users);
}

/// A location with an expression, and what it sets, answers and hands on.
fn in_location(cx: &mut RuleContext<'_, '_>, id: ScopeId) {
    let scope = cx.model.scope(id);
    let Some(opener) = scope.opener else {
        return;
    };
    let Some((Matcher::Regex, pattern)) = location_of(opener) else {
        return;
    };
    let Some(word) = opener.args().next_back() else {
        return;
    };
    let reads = |statement: &&Statement<'_>| {
        matches!(
            statement.name(),
            "set" | "return" | "alias" | "root" | "try_files" | "proxy_pass"
        )
    };
    let users: Vec<_> = scope
        .statements
        .iter()
        .filter(reads)
        .flat_map(|statement| statement.args())
        .collect();
    check(cx, &pattern, is_caseless(&opener), word, &users);
}
