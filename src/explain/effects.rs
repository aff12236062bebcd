//! What counts where a request ends up: limits, headers that are sent on and added.

use super::trace::{Effect, EffectKind, End};
use crate::evaluation::{Facts, Value};
use crate::model::{Model, ScopeId, Statement};
use crate::source::readable;
use crate::syntax::Word;

/// Directives with one value each that decide about a request.
const VALUES: &[(&str, EffectKind)] = &[
    ("client_max_body_size", EffectKind::Limit),
    ("limit_rate", EffectKind::Limit),
    ("limit_rate_after", EffectKind::Limit),
    ("proxy_http_version", EffectKind::Setting),
    ("proxy_connect_timeout", EffectKind::Setting),
    ("proxy_read_timeout", EffectKind::Setting),
    ("proxy_send_timeout", EffectKind::Setting),
    ("proxy_buffering", EffectKind::Setting),
    ("proxy_request_buffering", EffectKind::Setting),
    ("proxy_next_upstream", EffectKind::Setting),
    ("proxy_cache", EffectKind::Setting),
    ("uwsgi_read_timeout", EffectKind::Setting),
    ("uwsgi_buffering", EffectKind::Setting),
    ("uwsgi_next_upstream", EffectKind::Setting),
    ("mirror", EffectKind::Setting),
];

/// Directives of which the nearest block with any counts as a whole.
const LISTS: &[(&str, EffectKind)] = &[
    ("limit_req", EffectKind::Limit),
    ("limit_conn", EffectKind::Limit),
    ("proxy_set_header", EffectKind::Sent),
    ("uwsgi_param", EffectKind::Sent),
    ("fastcgi_param", EffectKind::Sent),
    ("grpc_set_header", EffectKind::Sent),
    ("proxy_hide_header", EffectKind::Hidden),
    ("uwsgi_hide_header", EffectKind::Hidden),
];

/// What counts for a request that has ended somehow.
pub(super) fn effects(model: &Model<'_>, facts: &mut Facts, end: &End) -> Vec<Effect> {
    let family = match end {
        End::Upstream { directive, .. } => directive.split('_').next(),
        _ => None,
    };
    let fits = |name: &str| {
        let own = ["proxy_", "uwsgi_", "fastcgi_", "grpc_"];
        match own.iter().find(|own| name.starts_with(**own)) {
            Some(own) => family.is_some_and(|family| own.strip_suffix('_') == Some(family)),
            None => true,
        }
    };
    let scope = facts.scope;
    let mut effects = Vec::new();
    for (name, kind) in VALUES.iter().filter(|(name, _)| fits(name)) {
        if let Some(value) = model.value(scope, name) {
            effects.push(effect(*kind, value));
        }
    }
    for (name, kind) in LISTS.iter().filter(|(name, _)| fits(name)) {
        let counting = model.effective(scope, name);
        let from = counting.first().map(|statement| statement.scope);
        for statement in counting {
            let mut effect = effect(*kind, statement);
            if *kind == EffectKind::Sent {
                effect.value = value_of(model, facts, statement);
            }
            effects.push(effect);
        }
        let Some(from) = from else { continue };
        let outer = model.outwards(from).skip(1);
        for id in outer {
            effects.extend(model.scope(id).named(name).map(|statement| {
                let mut effect = effect(EffectKind::Dropped, statement);
                effect.why = Some(format!("a block further inside has `{name}` of its own"));
                effect
            }));
        }
    }
    added(model, facts, end, &mut effects);
    effects
}

/// The headers that a response gets (`ngx_http_headers_filter`, `ngx_http_headers_merge_conf`).
fn added(model: &Model<'_>, facts: &mut Facts, end: &End, effects: &mut Vec<Effect>) {
    let status = match end {
        End::Response { status, .. } | End::File { status, .. } | End::Listing { status, .. } => {
            Some(*status)
        }
        End::Closed => return,
        End::Upstream { .. } | End::Handler(_) => None,
    };
    let usual = |status: u16| {
        matches!(
            status,
            200 | 201 | 204 | 206 | 301 | 302 | 303 | 304 | 307 | 308
        )
    };
    let mut scopes: Vec<ScopeId> = model.outwards(facts.scope).collect();
    let mut found = false;
    let mut merges = true;
    for id in scopes.drain(..) {
        let own: Vec<_> = model.scope(id).named("add_header").collect();
        let counts = !found || merges;
        for statement in &own {
            let mut effect = effect(EffectKind::Added, *statement);
            let always = statement.arg(2).is_some_and(|word| word.is("always"));
            if !counts {
                effect.kind = EffectKind::Dropped;
                effect.why = Some("a block further inside has `add_header` of its own".to_owned());
            } else if !always && let Some(status) = status.filter(|status| !usual(*status)) {
                effect.kind = EffectKind::Dropped;
                effect.why = Some(format!(
                    "a {status} gets only headers that are added `always`"
                ));
            } else {
                effect.value = value_of(model, facts, *statement);
                if !always && status.is_none() {
                    effect.why = Some("not to errors: it is not added `always`".to_owned());
                }
            }
            effects.push(effect);
        }
        found |= !own.is_empty();
        // How this block takes what the one around it has.
        let inherit = model
            .value(id, "add_header_inherit")
            .and_then(|inherit| inherit.arg(0));
        match inherit {
            Some(word) if word.is("off") => (found, merges) = (true, false),
            Some(word) if word.is("merge") => {}
            _ if found => merges = false,
            _ => {}
        }
    }
    let expires = model.value(facts.scope, "expires");
    let expires = expires.filter(|expires| expires.arg(0).is_some_and(|word| !word.is("off")));
    if let Some(expires) = expires {
        let mut effect = effect(EffectKind::Added, expires);
        if let Some(status) = status.filter(|status| !usual(*status)) {
            effect.kind = EffectKind::Dropped;
            effect.why = Some(format!("a {status} does not expire"));
        }
        effects.push(effect);
    }
}

/// What the second argument comes to, where it has variables.
fn value_of(model: &Model<'_>, facts: &mut Facts, statement: Statement<'_>) -> Option<String> {
    let text = statement.arg(1)?.value().into_owned();
    memchr::memchr(b'$', &text)?;
    Some(match facts.expand(&text, model) {
        Value::Known(value) if value.is_empty() => "nothing: it is left out".to_owned(),
        Value::Known(value) => readable(&value).into_owned(),
        Value::Unknown(unknown) => format!("depends on `{}`", unknown.variable),
    })
}

fn effect(kind: EffectKind, statement: Statement<'_>) -> Effect {
    let written = |word: Word<'_>| String::from_utf8_lossy(word.raw()).into_owned();
    let words = statement.directive.words().map(written);
    Effect {
        kind,
        text: words.collect::<Vec<_>>().join(" "),
        value: None,
        why: None,
        span: statement.head(),
    }
}
