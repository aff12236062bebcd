//! `unreachable-location`.

use super::duplicate_regex_location::is_caseless;
use crate::directives::Context;
use crate::model::{ScopeId, Statement};
use crate::rules::facts::patterns::{literal_start, matches_all, plain_start};
use crate::rules::facts::{Matcher, location_of};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use std::collections::BTreeMap;

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` with a regular expression that no request can reach, because another
    /// `location` beside it takes them all.
    ///
    /// ## Why it matters
    ///
    /// Expressions are tried in the order in which they are written, so what stands behind
    /// `~ ^/api` never sees `/api/v1`. And they are not tried at all where the longest prefix
    /// is marked with `^~`. The block looks as if it did something, but does not.
    ///
    /// Only what is sure is reported: an earlier expression that matches everything or that is
    /// the beginning of the later one, and a `^~` prefix in which the whole expression lies.
    ///
    /// ## What to do
    ///
    /// Move the special expression before the general one, or put it into the prefix location.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#location>
    pub struct UnreachableLocation {
        id: "unreachable-location",
        group: Nginx,
        severity: Warning,
    }
}

struct One<'m> {
    statement: Statement<'m>,
    matcher: Matcher,
    path: Vec<u8>,
    caseless: bool,
}

/// Whether an earlier expression matches whatever a later one does.
fn takes_all(earlier: &One<'_>, later: &One<'_>) -> bool {
    if earlier.path == later.path {
        // That is `duplicate-regex-location`.
        return false;
    }
    if matches_all(&earlier.path) {
        return true;
    }
    let Some(start) = plain_start(&earlier.path) else {
        return false;
    };
    let inner = literal_start(&later.path);
    if earlier.caseless {
        { inner.to_ascii_lowercase() }.starts_with(&start.to_ascii_lowercase())
    } else {
        !later.caseless && inner.starts_with(&start)
    }
}

/// Whether a `^~` prefix keeps nginx from trying an expression wherever it could match.
fn keeps_off(prefix: &One<'_>, regex: &One<'_>, all: &[One<'_>]) -> bool {
    let start = literal_start(&regex.path);
    let longer = |other: &One<'_>| {
        other.matcher == Matcher::Prefix
            && other.path.len() > prefix.path.len()
            && other.path.starts_with(&prefix.path)
    };
    prefix.matcher == Matcher::PrefixNoRegex
        && !regex.caseless
        && start.starts_with(&prefix.path)
        && !all.iter().any(longer)
}

impl Rule for UnreachableLocation {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let mut groups: BTreeMap<Option<ScopeId>, Vec<One<'_>>> = BTreeMap::new();
        for scope in &cx.model.scopes {
            let Some(statement) = scope.opener.filter(|_| scope.context == Context::Location)
            else {
                continue;
            };
            if let Some((matcher, path)) = location_of(statement) {
                groups.entry(scope.parent).or_default().push(One {
                    statement,
                    matcher,
                    path,
                    caseless: is_caseless(&statement),
                });
            }
        }
        for group in groups.values() {
            for (index, later) in group.iter().enumerate() {
                if later.matcher != Matcher::Regex {
                    continue;
                }
                let earlier = group[..index]
                    .iter()
                    .filter(|earlier| earlier.matcher == Matcher::Regex)
                    .find(|earlier| takes_all(earlier, later));
                let prefix = || group.iter().find(|prefix| keeps_off(prefix, later, group));
                let (other, text, help) = if let Some(earlier) = earlier {
                    let help = "Move it before the general expression";
                    (earlier, "matches first", help)
                } else if let Some(prefix) = prefix() {
                    let help = "Put it into the prefix location, or take `^~` away";
                    (prefix, "no expressions are tried here", help)
                } else {
                    continue;
                };
                let finding = cx
                    .finding(later.statement.head(), "no request reaches this `location`")
                    .label("never used")
                    .related(other.statement.head(), text)
                    .help(help);
                cx.report(finding);
            }
        }
    }
}
