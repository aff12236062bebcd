//! `regex-steals-media`.

use crate::finding::{Edit, Fix, Safety};
use crate::model::http::Found;
use crate::rules::facts::Matcher;
use crate::rules::meta::declare_rule;
use crate::rules::places::{Handler, folder, handler, is_guarded, serves_files};
use crate::rules::{Meta, Rule, RuleContext};
use crate::source::Span;

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` by regular expression, such as `~* \.(css|js|png)$`, that takes files away from a plain
    /// prefix `location` with another folder, with `internal`, or with a guard.
    ///
    /// ## Why it matters
    ///
    /// A regular expression goes before every prefix without `^~`. `/media/a.png` is then looked for in the
    /// folder of the expression and not found; and a file under a prefix with `internal` or `auth_basic`
    /// is handed out without it.
    ///
    /// ## What to do
    ///
    /// Write `^~` before the prefix.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#location>
    pub struct RegexStealsMedia {
        id: "regex-steals-media",
        group: Static,
        severity: Warning,
        fix: Some(Safety::Unsafe),
    }
}

/// Paths of files under a prefix; a prefix that is the path of a file has only itself.
fn samples(prefix: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let name = prefix.rsplit(|byte| *byte == b'/').next().unwrap_or(prefix);
    let is_file = memchr::memchr(b'.', name).is_some();
    let slash: &[u8] = if prefix.ends_with(b"/") { b"" } else { b"/" };
    let own = is_file.then(|| prefix.to_vec());
    let below = ["png", "jpg", "css", "js", "svg", "pdf"];
    let below = below.into_iter().filter(move |_| !is_file);
    own.into_iter()
        .chain(below.map(move |ending| [prefix, slash, b"a.", ending.as_bytes()].concat()))
}

impl Rule for RegexStealsMedia {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        for thief in places.places() {
            let server = thief.server.filter(|server| {
                thief.matcher == Matcher::Regex && model.scope(thief.scope).parent == Some(*server)
            });
            let Some(server) = server.filter(|_| serves_files(model, thief.scope)) else {
                continue;
            };
            let Some(id) = model.http.location_of(thief.scope) else {
                continue;
            };
            let Some(site) = model.http.location(id).server else {
                continue;
            };
            for place in places.places_in(server) {
                if place.matcher != Matcher::Prefix || place.path.len() < 2 {
                    continue;
                }
                let is_taken =
                    |path: &Vec<u8>| model.http.find_location(site, path) == Found::Location(id);
                let Some(sample) = samples(place.path).find(is_taken) else {
                    continue;
                };
                // One that names the prefix itself is meant for it.
                let word = place.first_word().to_ascii_lowercase();
                if memchr::memmem::find(thief.path, &word).is_some() {
                    continue;
                }
                let moved = match (folder(model, place.scope), folder(model, thief.scope)) {
                    (Some(own), Some(other)) => {
                        serves_files(model, place.scope)
                            && own.statement.head() != other.statement.head()
                            && (own.alias || own.path != other.path)
                    }
                    (Some(_), None) => serves_files(model, place.scope),
                    _ => false,
                };
                // What a status page shows is in no file.
                let in_files = !matches!(handler(model, place.scope), Handler::Other(_));
                let guarded =
                    in_files && is_guarded(model, place.scope) && !is_guarded(model, thief.scope);
                if !moved && !guarded {
                    continue;
                }
                let shown = String::from_utf8_lossy(&sample).into_owned();
                let what = if guarded {
                    "is handed out without its guard"
                } else {
                    "is looked for in another folder"
                };
                let mut finding = cx
                    .finding(place.span(), format!("`{shown}` {what}"))
                    .label("goes behind expressions")
                    .related(thief.span(), "takes it")
                    .help(format!("Write `location ^~ {}`", place.shown()));
                if let Some(path) = place.statement().arg(0) {
                    let start = path.span().start;
                    finding = finding.fix(Fix {
                        safety: Safety::Unsafe,
                        title: "Write `^~` before the prefix".into(),
                        edits: vec![Edit {
                            span: Span::new(path.span().file, start, start),
                            text: b"^~ ".to_vec(),
                        }],
                    });
                }
                cx.report(finding);
            }
        }
    }
}
