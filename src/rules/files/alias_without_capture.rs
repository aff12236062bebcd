//! `alias-without-capture`.

use crate::finding::{Fix, Safety};
use crate::model::{Model, ScopeId, Statement};
use crate::rules::edits::append;
use crate::rules::facts::Matcher;
use crate::rules::facts::answers::{hands_on_some, has_locations, is_closed, only_files_answer};
use crate::rules::facts::patterns::{condition, literal_start, plain_start};
use crate::rules::meta::declare_rule;
use crate::rules::places::Place;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` by regular expression whose `alias` is a folder without a variable, as in
    /// `location ~ ^/static/(.*)$ { alias /srv/app/static/; }`.
    ///
    /// An `alias` without a final slash names a file, which may be meant. With `try_files` the path of
    /// the request goes behind the alias, so that is left alone too.
    ///
    /// ## Why it matters
    ///
    /// Behind a regular expression, nginx takes the `alias` as it is and puts nothing behind it. Every
    /// request is for the folder itself: `/static/app.css` is redirected to `/static/app.css/`, and that
    /// is answered with 403. No file is ever sent. Where the folder has an `index.html`, clients
    /// are redirected without end.
    ///
    /// ## What to do
    ///
    /// Write a prefix, behind which nginx appends the rest of the path:
    ///
    /// ```nginx
    /// location /static/ {
    ///     alias /srv/app/static/;
    /// }
    /// ```
    ///
    /// Or write the rest of the path into the alias: `alias /srv/app/static/$1;`.
    ///
    /// The repair does the latter where the expression is a text that ends with `/` and one group for all
    /// that follows, and no `if` in the `location` has an expression.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#alias>
    pub struct AliasWithoutCapture {
        id: "alias-without-capture",
        group: Static,
        severity: Error,
        fix: Some(Safety::Unsafe),
    }
}

/// Whether an expression is a text that ends with `/` and a group for the rest.
fn has_the_rest(pattern: &[u8]) -> bool {
    let bare = pattern.strip_suffix(b"$").unwrap_or(pattern);
    let before = { bare.strip_suffix(b"(.*)") }.or_else(|| bare.strip_suffix(b"(.+)"));
    before.is_some_and(|before| before.ends_with(b"/") && plain_start(before).is_some())
}

/// Whether an `if` of a block has groups of its own, which take the place of those before.
fn has_other_groups(model: &Model<'_>, block: ScopeId) -> bool {
    let mut blocks = model.scope(block).blocks.iter();
    blocks.any(|(_, inner)| {
        let opener = model.scope(*inner).opener;
        opener.is_some_and(|opener| condition(opener).is_some())
    })
}

/// What to do where the rest of the path cannot be put behind the folder.
fn advice(place: &Place<'_, '_>, around: Option<Place<'_, '_>>) -> String {
    if let Some(around) = around.filter(Place::is_prefix) {
        return format!(
            "Take it away: that of `location {}` counts here too",
            around.shown()
        );
    }
    let start = literal_start(place.path);
    if start.len() > 1 && start.ends_with(b"/") {
        let start = String::from_utf8_lossy(&start).into_owned();
        return format!("Write `location ^~ {start}`");
    }
    "Write a prefix `location`, or the rest of the path behind the folder".to_owned()
}

impl Rule for AliasWithoutCapture {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["alias"]
    }

    fn directive(&self, alias: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some(word) = alias.arg(0) else {
            return;
        };
        let value = word.value();
        if !value.ends_with(b"/") || memchr::memchr(b'$', &value).is_some() {
            return;
        }
        let (places, model) = (cx.places(), cx.model);
        let Some(place) = places.place_around(alias.scope) else {
            return;
        };
        // A folder is what is asked for where every path ends with `/`.
        let is_for_folders = place.path.ends_with(b"/$") || place.path.ends_with(b"/?$");
        if place.matcher != Matcher::Regex
            || place.scope != alias.scope
            || is_for_folders
            || !only_files_answer(model, place.scope)
            || model.scope(place.scope).first("try_files").is_some()
            || hands_on_some(model, place.scope, &["rewrite"])
            || has_locations(model, place.scope)
            || is_closed(model, place.scope)
        {
            return;
        }
        let around = model.scope(place.scope).parent;
        let around = around.and_then(|around| places.place_around(around));
        let around = around.filter(|around| {
            let alias = model.scope(around.scope).first("alias");
            let other = alias.and_then(|alias| alias.arg(0));
            other.is_some_and(|other| other.value() == value)
        });
        let shown = word.to_str();
        let has_rest = has_the_rest(place.path) && !has_other_groups(model, place.scope);
        let help = if has_rest {
            format!("Write `alias {shown}$1`")
        } else {
            advice(&place, around)
        };
        let mut finding = cx
            .finding(
                word.span(),
                format!("every request is for `{shown}` itself"),
            )
            .label("nothing is put behind it")
            .related(place.span(), "a regular expression")
            .help(help);
        if has_rest {
            finding = finding.fix(Fix {
                safety: Safety::Unsafe,
                title: "put the group behind the folder".into(),
                edits: vec![append(word.content_span(), *b"$1")],
            });
        }
        cx.report(finding);
    }
}
