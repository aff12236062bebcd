//! `unreachable-location`.

use super::duplicate_regex_location::is_caseless;
use crate::directives::Context;
use crate::model::{Model, Scope, Statement};
use crate::rules::facts::patterns::{literal_start, matches_all, plain_start};
use crate::rules::facts::{Matcher, location_of};
use crate::rules::meta::declare_rule;
use crate::rules::places::Place;
use crate::rules::{Meta, Rule, RuleContext};
use foldhash::HashMap;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Bound;

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` with a regular expression that no request can reach, because another
    /// `location` beside it takes them all; and any `location` of a `server` that answers with `return`
    /// itself.
    ///
    /// ## Why it matters
    ///
    /// Expressions are tried in the order in which they are written, so what stands behind
    /// `~ ^/api` never sees `/api/v1`. And they are not tried at all where the longest prefix
    /// is marked with `^~`. A `return` of the `server` answers before nginx looks for a `location` at all.
    /// The block looks as if it did something, but does not.
    ///
    /// Only what is sure is reported: an earlier expression that matches everything or that is
    /// the beginning of the later one, and a `^~` prefix in which the whole expression lies.
    ///
    /// ## What to do
    ///
    /// Move the special expression before the general one, or put it into the prefix location; write the
    /// `return` into `location /`.
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
    path: Cow<'m, [u8]>,
    caseless: bool,
}

/// The locations of a block, by what they match: each is found by the beginnings of a text,
/// however many there are.
#[derive(Default)]
struct Index<'l> {
    /// Expressions that match every path.
    all: Vec<usize>,
    /// Expressions that match whatever begins with a text.
    exact: HashMap<Vec<u8>, Vec<usize>>,
    /// The same, in any letters.
    caseless: HashMap<Vec<u8>, Vec<usize>>,
    /// Prefixes behind which no expressions are tried.
    final_prefixes: HashMap<&'l [u8], usize>,
    /// The other prefixes.
    prefixes: BTreeSet<&'l [u8]>,
}

impl<'l> Index<'l> {
    fn of_prefixes(group: &'l [One<'_>]) -> Self {
        let mut index = Self::default();
        for (number, one) in group.iter().enumerate() {
            match one.matcher {
                Matcher::PrefixNoRegex => {
                    index.final_prefixes.entry(&one.path).or_insert(number);
                }
                Matcher::Prefix => {
                    index.prefixes.insert(&one.path);
                }
                _ => {}
            }
        }
        index
    }

    /// Adds an expression.
    fn add(&mut self, group: &[One<'_>], number: usize) {
        let one = &group[number];
        let known = if matches_all(&one.path) {
            &mut self.all
        } else {
            match (plain_start(&one.path), one.caseless) {
                (None, _) => return,
                (Some(start), false) => self.exact.entry(start).or_default(),
                (Some(start), true) => {
                    let small = start.to_ascii_lowercase();
                    self.caseless.entry(small).or_default()
                }
            }
        };
        // Of two that differ, one is not the expression that is looked at later.
        if known.len() < 2 && known.iter().all(|other| group[*other].path != one.path) {
            known.push(number);
        }
    }

    /// The first expression that matches whatever a later one does; one that is written the
    /// same is for `duplicate-regex-location`.
    fn takes_all(&self, group: &[One<'_>], later: &One<'_>, start: &[u8]) -> Option<usize> {
        let small = start.to_ascii_lowercase();
        let exact = (0..=start.len())
            .filter(|_| !later.caseless)
            .filter_map(|length| self.exact.get(&start[..length]));
        let caseless = (0..=small.len()).filter_map(|length| self.caseless.get(&small[..length]));
        let all = exact.chain(caseless).flatten().chain(&self.all);
        all.filter(|earlier| group[**earlier].path != later.path)
            .min()
            .copied()
    }

    /// The first `^~` prefix that keeps nginx from trying an expression wherever it could match.
    fn keeps_off(&self, regex: &One<'_>, start: &[u8]) -> Option<usize> {
        let ends = (0..=start.len()).filter(|_| !regex.caseless);
        let known = ends.filter_map(|end| self.final_prefixes.get_key_value(&start[..end]));
        let alone = known.filter(|(prefix, _)| {
            let longer = (Bound::Excluded(**prefix), Bound::Unbounded);
            let mut longer = self.prefixes.range::<[u8], _>(longer);
            longer.next().is_none_or(|other| !other.starts_with(prefix))
        });
        alone.map(|(_, number)| *number).min()
    }
}

/// The locations that stand in a block itself.
fn locations_in<'m>(model: &Model<'m>, scope: &Scope<'m>) -> Vec<One<'m>> {
    let blocks = { scope.blocks.iter() }.map(|(_, inner)| model.scope(*inner));
    let locations = blocks.filter(|inner| inner.context == Context::Location);
    let one = |statement: Statement<'m>| {
        let (matcher, path) = location_of(statement)?;
        Some(One {
            statement,
            matcher,
            path,
            caseless: is_caseless(&statement),
        })
    };
    let openers = locations.filter_map(|inner| inner.opener);
    openers.filter_map(one).collect()
}

/// Locations of servers that answer before they look for one. Named ones may be pages of errors.
fn behind_return(cx: &mut RuleContext<'_, '_>) {
    let model = cx.model;
    for server in &model.http.servers {
        let Some(answer) = model.scope(server.scope).first("return") else {
            continue;
        };
        for id in &server.locations {
            let location = model.http.location(*id);
            // That one is `acme-blocked`.
            let acme = location.name.starts_with(b"/.well-known");
            if acme || !location.kind.is_static() && !location.kind.is_regex() {
                continue;
            }
            let finding = cx
                .finding(
                    location.statement.head(),
                    "no request reaches this `location`",
                )
                .label("never used")
                .related(answer.head(), "answers every request first")
                .help("Write the `return` into `location /`");
            cx.report(finding);
        }
    }
}

impl Rule for UnreachableLocation {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        behind_return(cx);
        let (places, model) = (cx.places(), cx.model);
        let around = |place: Place<'_, '_>| model.scope(place.scope).parent;
        let with_regexes: BTreeSet<_> = places.regexes().filter_map(around).collect();
        for scope in with_regexes {
            let group = &locations_in(model, model.scope(scope));
            let mut index = Index::of_prefixes(group);
            for (number, later) in group.iter().enumerate() {
                if later.matcher != Matcher::Regex {
                    continue;
                }
                let start = literal_start(&later.path);
                let earlier = index.takes_all(group, later, &start);
                index.add(group, number);
                let (other, text, help) = if let Some(earlier) = earlier {
                    let help = "Move it before the general expression";
                    (&group[earlier], "matches first", help)
                } else if let Some(prefix) = index.keeps_off(later, &start) {
                    let help = "Put it into the prefix location, or take `^~` away";
                    (&group[prefix], "no expressions are tried here", help)
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
