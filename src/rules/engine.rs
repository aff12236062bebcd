//! The single walk: every rule is asked at the height at which it looks.

use super::context::RuleContext;
use super::selection::Selection;
use super::settings::Settings;
use super::{ALL, Rule};
use crate::directives::{self, RowId};
use crate::finding::Finding;
use crate::model::{Model, Statement, Texts};

/// Asks the selected rules about a configuration. Those that look at directives come first.
#[must_use]
pub fn run<'m>(
    model: &Model<'m>,
    texts: &'m Texts<'m>,
    settings: &Settings,
    selection: &Selection,
) -> Vec<Finding> {
    let rules: Vec<&dyn Rule> = ALL
        .iter()
        .copied()
        .filter(|rule| selection.has(rule.meta()))
        .collect();
    // For every row of the table the rules that want to see its directives: a configuration has
    // more directives than anything else, and most of them interest no rule.
    let mut by_row: Vec<Vec<&dyn Rule>> = vec![Vec::new(); directives::all().len()];
    for rule in &rules {
        let names = rule.directives().iter();
        let rows = names.flat_map(|name| directives::lookup(name.as_bytes()));
        for row in rows {
            by_row[RowId::of(row).index()].push(*rule);
        }
    }
    let mut cx = RuleContext::new(model, texts, settings);
    let mut ask = |row: RowId, statement: &dyn Fn() -> Statement<'m>| {
        for rule in &by_row[row.index()] {
            cx.ask(rule.meta());
            rule.directive(statement(), &mut cx);
        }
    };
    for scope in &model.scopes {
        if let Some(opener) = scope.opener {
            ask(RowId::of(opener.row), &|| opener);
        }
        for (index, row) in (0..).zip(scope.rows()) {
            ask(row, &|| scope.at(index));
        }
    }
    for table in &model.tables {
        ask(RowId::of(table.row), &|| *table);
    }
    for rule in &rules {
        cx.ask(rule.meta());
        rule.config(&mut cx);
        for upstream in &model.http.upstreams.all {
            rule.upstream(upstream, &mut cx);
        }
        for upstream in &model.stream.upstreams.all {
            rule.upstream(upstream, &mut cx);
        }
    }
    cx.finish()
}
