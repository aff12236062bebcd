//! The single walk: every rule is asked at the height at which it looks.

use super::context::RuleContext;
use super::selection::Selection;
use super::settings::Settings;
use super::{ALL, Rule};
use crate::finding::Finding;
use crate::model::{Model, Texts};
use std::collections::HashMap;

/// Asks the selected rules about a configuration. Findings come in reading order.
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
    let mut by_name: HashMap<&str, Vec<&dyn Rule>> = HashMap::new();
    for rule in &rules {
        for name in rule.directives() {
            by_name.entry(name).or_default().push(*rule);
        }
    }
    let mut cx = RuleContext::new(model, texts, settings);
    for statement in model.statements() {
        for rule in by_name.get(statement.name()).into_iter().flatten() {
            cx.ask(rule.meta());
            rule.directive(statement, &mut cx);
        }
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
