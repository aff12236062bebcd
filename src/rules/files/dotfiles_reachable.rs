//! `dotfiles-reachable`.

use crate::model::Model;
use crate::rules::facts::Matcher;
use crate::rules::meta::declare_rule;
use crate::rules::places::{
    Folder, Handler, Places, folder, handler, is_guarded, is_in_public_folder, lacks_a_file,
};
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::regex::Regex;

declare_rule! {
    /// ## What it reports
    ///
    /// A `location /` that hands out the files of a folder which may be a project, and no `location` that
    /// refuses names that begin with a dot.
    ///
    /// Folders such as `static`, `media`, `public`, `dist` or `html` are left alone, and
    /// `collectstatic` copies no such files.
    ///
    /// ## Why it matters
    ///
    /// `/.git/config` gives away all of the source, `/.env` the secret key and the password of the
    /// database.
    ///
    /// ## What to do
    ///
    /// ```nginx
    /// location ~ /\.(?!well-known/) {
    ///     return 404;
    /// }
    /// ```
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#location>
    pub struct DotfilesReachable {
        id: "dotfiles-reachable",
        group: Static,
        severity: Warning,
    }
}

impl Rule for DotfilesReachable {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        for folder in open_folders(&places, model, b"/.git/config") {
            let finding = cx
                .finding(
                    folder.statement.head(),
                    "everybody gets `.git` and `.env` if they are here",
                )
                .label("hidden files are not refused")
                .help("Write `location ~ /\\.(?!well-known/) { return 404; }`");
            cx.report(finding);
        }
    }
}

/// The places that hand out whatever is in a folder which may be a project or a checkout:
/// those for `/`, whose folder has no name of a public one.
pub(super) fn open_folders<'m>(
    places: &Places<'_, 'm>,
    model: &Model<'m>,
    path: &[u8],
) -> Vec<Folder<'m>> {
    let mut found: Vec<Folder<'m>> = Vec::new();
    for place in places.places() {
        let files = || {
            matches!(handler(model, place.scope), Handler::Files)
                || model.scope(place.scope).first("try_files").is_some()
        };
        let root = place.is_prefix() && place.path == b"/";
        let Some(server) = place.server.filter(|_| root && files()) else {
            continue;
        };
        let Some(folder) = folder(model, place.scope) else {
            continue;
        };
        let refused = places.places_in(server).any(|other| {
            let caseless = other
                .statement()
                .arg(0)
                .is_some_and(|word| word.value().starts_with(b"~*"));
            other.matcher == Matcher::Regex
                && Regex::new(other.path, caseless).is_ok_and(|regex| regex.is_match(path))
        });
        let unseen = lacks_a_file(model, server, "location");
        if refused
            || unseen
            || is_guarded(model, place.scope)
            || is_in_public_folder(&folder.path)
            || *folder.path == *b"/dev/null"
            || folder.path.contains(&b'$')
            || found
                .iter()
                .any(|other| other.statement.head() == folder.statement.head())
        {
            continue;
        }
        found.push(folder);
    }
    found
}
