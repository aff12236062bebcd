//! `project-root-served`.

use crate::finding::Severity;
use crate::model::{Model, Statement};
use crate::rules::facts::Matcher;
use crate::rules::meta::declare_rule;
use crate::rules::places::{
    Handler, Place, Places, folder, handler, is_guarded, is_in_public_folder, is_public_folder,
    is_within, trim_slashes,
};
use crate::rules::{Meta, Rule, RuleContext};
use foldhash::HashSet;
use std::collections::BTreeMap;

declare_rule! {
    /// ## What it reports
    ///
    /// A `root` or `alias` whose files everybody gets, and in which, by the same configuration, there are
    /// things that are not for everybody: the socket of the app server, a TLS key, a file of passwords. As
    /// a warning: one that is probably the project's folder, because the folder of static files lies in it
    /// under its own path, or because Django gets what `try_files` does not find in it, and its name
    /// (`public`, `static`, `html` and the like) does not say that it is meant for everybody.
    ///
    /// ## Why it matters
    ///
    /// `https://example.com/settings.py`, `/.env`, `/db.sqlite3` and `/.git/config` are then downloads.
    ///
    /// ## What to do
    ///
    /// Point `root` at a folder of its own, such as `STATIC_ROOT` or an empty one.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#root>
    pub struct ProjectRootServed {
        id: "project-root-served",
        group: Static,
        severity: Error,
    }
}

impl Rule for ProjectRootServed {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        // What is not for everybody, and what only shows where the project is.
        let mut secrets: BTreeMap<Vec<u8>, Statement<'_>> = BTreeMap::new();
        for statement in model.everywhere(SECRETS) {
            let Some(word) = statement.arg(0) else {
                continue;
            };
            let value = word.value();
            let path = path_of_socket(&value).unwrap_or(&value);
            if path.starts_with(b"/") {
                secrets.entry(path.to_vec()).or_insert(statement);
            }
        }
        let mut told = HashSet::default();
        for place in places.places() {
            let files = || {
                matches!(handler(model, place.scope), Handler::Files)
                    || model.scope(place.scope).first("try_files").is_some()
            };
            if !place.is_prefix() || !files() || is_guarded(model, place.scope) {
                continue;
            }
            let Some(found) = folder(model, place.scope) else {
                continue;
            };
            let served = match found.alias {
                true => found.path.clone().into_owned(),
                false => [trim_slashes(&found.path), place.path].concat(),
            };
            let served = trim_slashes(&served);
            if served.is_empty() || served.contains(&b'$') || told.contains(&found.statement.head())
            {
                continue;
            }
            // A folder of static files is meant to be handed out, whatever is in it.
            let below = |path: &[u8]| is_within(path, served) && path.len() > served.len();
            let folder = [served, b"/"].concat();
            let secret = secrets.range(folder.clone()..).next();
            let secret = secret.filter(|(path, _)| path.starts_with(&folder));
            let sibling = || {
                let server = place.server?;
                if is_public_folder(served) || place.path != b"/" {
                    return None;
                }
                places.places_in(server).find_map(|other| {
                    let statement = model.scope(other.scope).last("alias")?;
                    let path = statement.arg(0)?.value().into_owned();
                    let django = places.django_in(server).next().is_some();
                    (django && below(&path) && is_public_folder(&path)).then_some(statement)
                })
            };
            let (other, why, severity) = match secret {
                Some((_, statement)) => (*statement, "in the same folder", Severity::Error),
                None => {
                    let evidence = sibling().map(|alias| (alias, "in the same folder"));
                    let evidence = evidence.or_else(|| {
                        let pass = before_django(model, &places, &place)?;
                        (!is_in_public_folder(served))
                            .then_some((pass, "gets what is not found there"))
                    });
                    match evidence {
                        Some((statement, why)) => (statement, why, Severity::Warning),
                        None => continue,
                    }
                }
            };
            told.insert(found.statement.head());
            let shown = String::from_utf8_lossy(served).into_owned();
            let mut finding = cx
                .finding(
                    found.statement.head(),
                    format!("everybody gets all files of `{shown}`"),
                )
                .label("more than static files")
                .related(other.head(), why)
                .help("Point it at a folder that has nothing but public files");
            finding.severity = severity;
            cx.report(finding);
        }
    }
}

/// Directives that name a file that is not for everybody, or a socket beside such.
const SECRETS: &[&str] = &[
    "ssl_certificate_key",
    "auth_basic_user_file",
    "proxy_pass",
    "uwsgi_pass",
    "server",
];

/// The path behind `unix:`, which may stand behind a scheme.
fn path_of_socket(value: &[u8]) -> Option<&[u8]> {
    let mut colons = memchr::memchr_iter(b':', value);
    let colon = colons.find(|colon| value[..*colon].ends_with(b"unix"))?;
    value[colon + 1..].split(|byte| *byte == b':').next()
}

/// What hands requests to Django for which the `try_files $uri … @name` of a location finds no
/// file.
fn before_django<'m>(
    model: &Model<'m>,
    places: &Places<'_, 'm>,
    place: &Place<'_, 'm>,
) -> Option<Statement<'m>> {
    let files = model.value(place.scope, "try_files")?;
    let fallback = files.args().next_back()?;
    if !files.args().any(|word| word.is("$uri")) {
        return None;
    }
    let server = place.server?;
    let mut named = places
        .places_in(server)
        .filter(|other| other.matcher == Matcher::Named && *other.path == *fallback.value());
    let named = named.next()?.scope;
    let mut passes = places.django_in(server);
    let pass = passes.find(|pass| pass.statement.scope == named)?;
    Some(pass.statement)
}
