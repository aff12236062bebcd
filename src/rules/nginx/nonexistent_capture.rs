//! `nonexistent-capture`.

use crate::directives::Context;
use crate::model::{Model, ScopeId, Statement};
use crate::rules::facts::patterns::condition;
use crate::rules::facts::{Matcher, location_of};
use crate::rules::meta::declare_rule;
use crate::rules::nginx::duplicate_regex_location::is_caseless;
use crate::rules::places::Site;
use crate::rules::{Meta, Rule, RuleContext};
use crate::source::Span;
use crate::syntax::Word;
use crate::values::expression::{self, Part};
use crate::values::regex::Regex;
use foldhash::{HashMap, HashSet};
use std::cell::OnceCell;

declare_rule! {
    /// ## What it reports
    ///
    /// A `$1` to `$9` for which the regular expression in front of it has no group: that of its
    /// `rewrite`, `if`, `map` row or `location`; or, without one, any expression of the server.
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
        if !cx.words_with_dollar().any(may_have_captures) {
            return;
        }
        let maps = &Maps::default();
        in_maps(cx, maps);
        nowhere(cx, maps);
        // An `if` in a location may have an expression of its own.
        let scopes = cx.model.scopes.iter();
        let ifs = scopes.filter(|scope| scope.context == Context::IfInLocation);
        let with_if: HashSet<ScopeId> = ifs.filter_map(|scope| scope.parent).collect();
        for (index, scope) in cx.model.scopes.iter().enumerate() {
            for rewrite in scope.named("rewrite") {
                if let (Some(pattern), Some(to)) = (rewrite.arg(0), rewrite.arg(1)) {
                    check(
                        cx,
                        &pattern.value(),
                        false,
                        pattern,
                        &[to],
                        others(to, maps),
                    );
                }
            }
            if scope.first("rewrite").is_some() {
                continue;
            }
            let id = ScopeId(index as u32);
            match scope.context {
                Context::IfInServer | Context::IfInLocation => in_if(cx, id, maps),
                Context::Location if !with_if.contains(&id) => in_location(cx, id, maps),
                _ => {}
            }
        }
    }
}

/// The expressions of maps, which replace the groups whenever a map is looked up.
#[derive(Default)]
struct Maps(OnceCell<usize>);

impl Maps {
    /// The most groups that one of them has; all that there can be where one cannot be read.
    fn groups(&self, model: &Model<'_>) -> usize {
        *self
            .0
            .get_or_init(|| groups_of_maps(model).unwrap_or(usize::from(u8::MAX)))
    }
}

/// The maps that may be looked up while a text is put together; none without variables in it.
fn others<'a>(word: Word<'_>, maps: &'a Maps) -> Option<&'a Maps> {
    if !word.has_dollar() {
        return None;
    }
    let parts = expression::parse(&word.value()).unwrap_or_default();
    let is_variable = |part: &Part| matches!(part, Part::Variable { .. });
    parts.iter().any(is_variable).then_some(maps)
}

/// The captures of a text, each with its place.
fn captures(word: Word<'_>) -> Vec<(u8, Span)> {
    if !may_have_captures(word) {
        return Vec::new();
    }
    let parts = expression::parse(&word.value()).unwrap_or_default();
    let places = parts.into_iter().filter_map(|part| match part {
        Part::Capture { group, whole } => Some((group, word.part(whole))),
        Part::Variable { .. } | Part::Text(_) => None,
    });
    places.collect()
}

fn may_have_captures(word: Word<'_>) -> bool {
    let is_capture = |pair: &[u8]| pair[0] == b'$' && pair[1].is_ascii_digit();
    word.has_dollar() && word.content().windows(2).any(is_capture)
}

fn check(
    cx: &mut RuleContext<'_, '_>,
    pattern: &[u8],
    caseless: bool,
    at: Word<'_>,
    words: &[Word<'_>],
    others: Option<&Maps>,
) {
    let captures: Vec<_> = words.iter().flat_map(|word| captures(*word)).collect();
    if captures.is_empty() {
        return;
    }
    let Ok(regex) = Regex::new(pattern, caseless) else {
        return;
    };
    let groups = regex.captures();
    let others = others.map_or(0, |maps| maps.groups(cx.model));
    for (group, place) in captures {
        if usize::from(group) > groups.max(others) {
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

/// The rows of maps: their values are read when their own expression has matched.
fn in_maps(cx: &mut RuleContext<'_, '_>, maps: &Maps) {
    let tables = cx.model.tables.iter();
    for map in tables.filter(|table| table.name() == "map") {
        let rows = map.directive.block().into_iter();
        for row in rows.flat_map(|block| block.directives()) {
            let (at, Some(value)) = (row.name(), row.args().next()) else {
                continue;
            };
            let key = at.value();
            let Some(pattern) = key.strip_prefix(b"~") else {
                continue;
            };
            let bare = pattern.strip_prefix(b"*");
            check(
                cx,
                bare.unwrap_or(pattern),
                bare.is_some(),
                at,
                &[value],
                others(value, maps),
            );
        }
    }
}

/// Directives whose values are put together while a request is answered.
const READERS: &[&str] = &[
    "add_header",
    "alias",
    "proxy_pass",
    "proxy_set_header",
    "return",
    "root",
    "set",
    "try_files",
];

/// Servers in which no expression at all has so many groups: not those of maps either, which
/// any of their locations may look up.
fn nowhere(cx: &mut RuleContext<'_, '_>, maps: &Maps) {
    if !cx.model.complete {
        return;
    }
    let (places, model) = (cx.places(), cx.model);
    let readers = model.everywhere(READERS);
    let read = readers.flat_map(|reader| {
        let captures = reader.args().flat_map(captures);
        captures.map(move |capture| (reader.scope, capture))
    });
    // Where an expression stands in front, the finding names it.
    let compares = |scope: ScopeId| {
        let opener = model.scope(scope).opener;
        opener.and_then(condition).is_some_and(|own| own.equals)
            || matches!(opener.and_then(location_of), Some((Matcher::Regex, _)))
    };
    let alone: Vec<_> = read.filter(|(scope, _)| !compares(*scope)).collect();
    let mut groups_of: HashMap<ScopeId, Option<usize>> = HashMap::default();
    for (scope, (group, place)) in alone {
        let Some(site) = places.site_around(scope) else {
            continue;
        };
        let groups =
            { groups_of.entry(site.scope) }.or_insert_with(|| groups_of_server(model, site));
        let Some(groups) = groups.map(|groups| groups.max(maps.groups(model))) else {
            continue;
        };
        if usize::from(group) > groups {
            let finding = cx
                .finding(place, format!("`${group}` is always empty"))
                .label("no expression of this server has such a group")
                .help("Write the expression that it is a group of, or a variable");
            cx.report(finding);
        }
    }
}

/// The most groups of an expression of a server; `None` where one cannot be read.
fn groups_of_server(model: &Model<'_>, site: Site<'_, '_>) -> Option<usize> {
    let groups = |pattern: &[u8], caseless| {
        let regex = Regex::new(pattern, caseless).ok()?;
        Some(regex.captures())
    };
    let mut most = 0;
    for name in site.names() {
        if let Some(pattern) = name.value().strip_prefix(b"~") {
            most = most.max(groups(pattern, true)?);
        }
    }
    for id in model.within(site.scope) {
        let scope = model.scope(id);
        for pattern in scope.named("rewrite").filter_map(|rewrite| rewrite.arg(0)) {
            most = most.max(groups(&pattern.value(), false)?);
        }
        if let Some(own) = scope.opener.and_then(condition).filter(|own| own.equals) {
            most = most.max(groups(&own.pattern, own.caseless)?);
        }
        if let Some((Matcher::Regex, pattern)) = scope.opener.and_then(location_of) {
            most = most.max(groups(&pattern, false)?);
        }
    }
    Some(most)
}

/// The most groups of an expression of a map; `None` where one cannot be read.
fn groups_of_maps(model: &Model<'_>) -> Option<usize> {
    let mut most = 0;
    for map in model.tables.iter().filter(|table| table.name() == "map") {
        for row in map
            .directive
            .block()
            .into_iter()
            .flat_map(|block| block.directives())
        {
            if row.is("include") {
                return None;
            }
            if let Some(pattern) = row.name().value().strip_prefix(b"~") {
                let bare = pattern.strip_prefix(b"*").unwrap_or(pattern);
                most = most.max(Regex::new(bare, true).ok()?.captures());
            }
        }
    }
    Some(most)
}

/// `if ($name ~ pattern)` with what it sets and answers.
fn in_if(cx: &mut RuleContext<'_, '_>, id: ScopeId, maps: &Maps) {
    let scope = cx.model.scope(id);
    let Some(opener) = scope.opener else {
        return;
    };
    let Some(condition) = condition(opener).filter(|condition| condition.equals) else {
        return;
    };
    let users: Vec<_> = scope
        .statements()
        .filter(|statement| matches!(statement.name(), "set" | "return"))
        .flat_map(|statement| statement.args())
        .collect();
    check(
        cx,
        &condition.pattern,
        condition.caseless,
        condition.at,
        &users,
        Some(maps),
    );
}

/// A location with an expression, and what it sets, answers and hands on.
fn in_location(cx: &mut RuleContext<'_, '_>, id: ScopeId, maps: &Maps) {
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
    let reads = |statement: &Statement<'_>| {
        matches!(
            statement.name(),
            "set" | "return" | "alias" | "root" | "try_files" | "proxy_pass"
        )
    };
    let users: Vec<_> = scope
        .statements()
        .filter(reads)
        .flat_map(|statement| statement.args())
        .collect();
    check(cx, &pattern, is_caseless(&opener), word, &users, Some(maps));
}
