//! What counts where a request ends up: limits, headers that are sent on and added.

use super::trace::Effect;
use super::trace::EffectKind;
use crate::model::{Model, ScopeId, Statement};
use crate::syntax::Word;

/// Directives with one value each that decide about a request.
const VALUES: &[&str] = &[
    "client_max_body_size",
    "limit_rate",
    "proxy_http_version",
    "proxy_connect_timeout",
    "proxy_read_timeout",
    "proxy_send_timeout",
    "proxy_buffering",
    "proxy_request_buffering",
    "proxy_next_upstream",
    "proxy_cache",
    "uwsgi_read_timeout",
    "uwsgi_buffering",
    "uwsgi_next_upstream",
];

/// Directives of which the nearest block with any counts as a whole.
const LISTS: &[(&str, EffectKind)] = &[
    ("limit_req", EffectKind::Limit),
    ("limit_conn", EffectKind::Limit),
    ("proxy_set_header", EffectKind::Sent),
    ("uwsgi_param", EffectKind::Sent),
    ("proxy_hide_header", EffectKind::Hidden),
    ("uwsgi_hide_header", EffectKind::Hidden),
    ("add_header", EffectKind::Added),
];

/// What counts in a block, for a request that a directive of a family such as `proxy` hands
/// on, or that nginx answers itself.
pub(super) fn effects<'m>(model: &Model<'m>, scope: ScopeId, family: Option<&str>) -> Vec<Effect> {
    let fits = |name: &str| match ["proxy_", "uwsgi_"]
        .iter()
        .find(|own| name.starts_with(**own))
    {
        Some(own) => family.is_some_and(|family| own.strip_suffix('_') == Some(family)),
        None => true,
    };
    let mut effects = Vec::new();
    for name in VALUES.iter().filter(|name| fits(name)) {
        if let Some(value) = model.value(scope, name) {
            effects.push(effect(EffectKind::Setting, value));
        }
    }
    for (name, kind) in LISTS.iter().filter(|(name, _)| fits(name)) {
        let counting = model.effective(scope, name);
        let from = counting.first().map(|statement| statement.scope);
        effects.extend(
            counting
                .into_iter()
                .map(|statement| effect(*kind, statement)),
        );
        let Some(from) = from else { continue };
        // What blocks further out say is dropped, not added.
        let outer = model.outwards(from).skip(1);
        let dropped = outer.flat_map(|id| model.scope(id).named(name).collect::<Vec<_>>());
        effects.extend(dropped.map(|statement| effect(EffectKind::Dropped, statement)));
    }
    effects
}

fn effect(kind: EffectKind, statement: Statement<'_>) -> Effect {
    let written = |word: Word<'_>| String::from_utf8_lossy(word.raw()).into_owned();
    let words = statement.directive.words().map(written);
    Effect {
        kind,
        text: words.collect::<Vec<_>>().join(" "),
        span: statement.head(),
    }
}
