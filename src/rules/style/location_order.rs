//! `location-order`.

use crate::directives::Context;
use crate::model::{ScopeId, Statement};
use crate::rules::facts::{Matcher, location_of};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use foldhash::HashMap;

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` that stands behind one of a kind that nginx looks at later: `=`, then `^~`,
    /// then regular expressions, then prefixes, then names.
    ///
    /// ## Why it matters
    ///
    /// Only expressions are tried in the order in which they are written. Readers follow a
    /// configuration more easily when the rest has the order of nginx as well.
    ///
    /// ## What to do
    ///
    /// Move it up. Never change the order of expressions among themselves.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#location>
    pub struct LocationOrder {
        id: "location-order",
        group: Style,
        severity: Info,
        default: false,
    }
}

fn rank(matcher: Matcher) -> u8 {
    match matcher {
        Matcher::Exact => 0,
        Matcher::PrefixNoRegex => 1,
        Matcher::Regex => 2,
        Matcher::Prefix => 3,
        Matcher::Named => 4,
    }
}

impl Rule for LocationOrder {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let mut last: HashMap<Option<ScopeId>, (u8, Statement<'_>)> = HashMap::default();
        for scope in &cx.model.scopes {
            let Some(location) = scope.opener.filter(|_| scope.context == Context::Location) else {
                continue;
            };
            let Some((matcher, _)) = location_of(location) else {
                continue;
            };
            let here = rank(matcher);
            match last.get(&scope.parent) {
                Some((before, other)) if *before > here => {
                    let finding = cx
                        .finding(location.head(), "nginx looks at this `location` earlier")
                        .label("stands behind")
                        .related(other.head(), "looked at later")
                        .help("Move it up");
                    cx.report(finding);
                }
                _ => {
                    last.insert(scope.parent, (here, location));
                }
            }
        }
    }
}
