//! `access-rules-bypassed`.

use crate::model::http::Found;
use crate::rules::facts::Matcher;
use crate::rules::meta::declare_rule;
use crate::rules::places::{Handler, handler, is_guarded};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A prefix `location` with `allow`/`deny`, `auth_basic` or `auth_request`, of which a `location` by
    /// regular expression takes some requests and hands them on without asking anything.
    ///
    /// ## Why it matters
    ///
    /// A regular expression goes before every prefix without `^~`. With `location ~ \.json$` a request for
    /// `/admin/users.json` never meets the rules of `location /admin/`, and the application answers it.
    ///
    /// ## What to do
    ///
    /// Write `^~` before the prefix, or the same rules into the `location` with the expression.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#location>
    /// - <https://nginx.org/en/docs/http/ngx_http_access_module.html>
    pub struct AccessRulesBypassed {
        id: "access-rules-bypassed",
        group: Security,
        severity: Warning,
    }
}

/// What may follow a prefix.
const ENDINGS: [&str; 12] = [
    "a", "a/", "a/b", "1", "a.json", "a.html", "a.php", "a.css", "a.js", "a.png", "a.xml", "a.csv",
];

impl Rule for AccessRulesBypassed {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        for place in places.places() {
            if place.matcher != Matcher::Prefix
                || place.path.len() < 2
                || !is_guarded(model, place.scope)
                || model.value(place.scope, "internal").is_some()
                // What a module of nginx or a `return` says is found nowhere else.
                || matches!(
                    handler(model, place.scope),
                    Handler::Return(_) | Handler::Other(_)
                )
            {
                continue;
            }
            let own = model.http.location_of(place.scope);
            let Some(server) = own.and_then(|id| model.http.location(id).server) else {
                continue;
            };
            let slash = if place.path.ends_with(b"/") { "" } else { "/" };
            let word = place.first_word().to_ascii_lowercase();
            let taken = ENDINGS.iter().find_map(|ending| {
                let path = [place.path, slash.as_bytes(), ending.as_bytes()].concat();
                let Found::Location(id) = model.http.find_location(server, &path) else {
                    return None;
                };
                let thief = model.http.location(id);
                let open = thief.kind.is_regex()
                    // One that names the prefix itself is meant for it.
                    && memchr::memmem::find(&thief.name, &word).is_none()
                    && matches!(handler(model, thief.scope), Handler::Pass(_))
                    && !is_guarded(model, thief.scope);
                open.then_some((path, thief.statement))
            });
            let Some((path, thief)) = taken else {
                continue;
            };
            let shown = String::from_utf8_lossy(&path).into_owned();
            let finding = cx
                .finding(
                    place.span(),
                    format!("`{shown}` is handed on without the rules of this `location`"),
                )
                .label("goes behind expressions")
                .related(thief.head(), "takes it")
                .help(format!("Write `location ^~ {}`", place.shown()));
            cx.report(finding);
        }
    }
}
