//! `error-page-from-backend`.

use crate::directives::Context;
use crate::model::Statement;
use crate::model::http::Found;
use crate::rules::facts::Pass;
use crate::rules::facts::servers::{has_all_locations, server_around};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::expression::has_variables;
use foldhash::HashMap;
use std::collections::BTreeMap;

declare_rule! {
    /// ## What it reports
    ///
    /// An `error_page` for 502 or 504, which nginx answers when a backend is down or too slow, whose
    /// page nginx asks of that same backend, because no `location` of its own takes the page.
    ///
    /// ## Why it matters
    ///
    /// The request for the page fails as the one before did, and clients see nginx's own bare page.
    /// Nobody notices until the backend is down.
    ///
    /// ## What to do
    ///
    /// Give the page a `location` that serves a file:
    /// `location = /502.html { internal; root /srv/shop/errors; }`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#error_page>
    pub struct ErrorPageFromBackend {
        id: "error-page-from-backend",
        group: Django,
        severity: Warning,
    }
}

impl Rule for ErrorPageFromBackend {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let passes = { places.passes.iter() }
            .filter(|pass| model.scope(pass.statement.scope).context == Context::Location);
        let mut users: BTreeMap<_, Users<'_, '_>> = BTreeMap::new();
        for pass in passes.clone() {
            let scope = pass.statement.scope;
            let Some(server) = server_around(model, scope) else {
                continue;
            };
            for page in model.effective(scope, "error_page") {
                let Some(path) = page_of_backend(&page) else {
                    continue;
                };
                let place = page.head();
                let users = { users.entry((place.file.0, place.start, server)) }
                    .or_insert_with(|| (page, path, Vec::new()));
                users.2.push(pass);
            }
        }
        if users.is_empty() {
            return;
        }
        let by_block: HashMap<_, _> = passes.map(|pass| (pass.statement.scope, pass)).collect();
        for ((_, _, server), (page, path, users)) in users {
            let Found::Location(found) = model.http.find_location(server, &path) else {
                continue;
            };
            let found = model.http.location(found).scope;
            let Some(asked) = by_block.get(&found) else {
                continue;
            };
            // Whose page is of another backend is served by that.
            let mut others = users.iter().filter(|user| user.statement.scope != found);
            let fails = users.len() == 1 && users[0].statement.scope == found
                || others.any(|user| is_same(user, asked));
            let looks = model.scope(found).first("try_files").is_some();
            let Some(word) = page.args().next_back() else {
                continue;
            };
            if !fails || looks || !has_all_locations(model, server) {
                continue;
            }
            let shown = word.to_str();
            let finding = cx
                .finding(
                    word.span(),
                    format!("`{shown}` is asked of the backend that just failed"),
                )
                .label("no location of its own takes it")
                .related(asked.statement.head(), "takes it")
                .help(format!(
                    "Write `location = {shown} {{ internal; root …; }}`"
                ));
            cx.report(finding);
        }
    }
}

/// An `error_page`, its path, and the passes whose errors it is for.
type Users<'p, 'm> = (Statement<'m>, Vec<u8>, Vec<&'p Pass<'m>>);

/// The path of a page for errors of backends, as it is looked for among the locations.
fn page_of_backend(page: &Statement<'_>) -> Option<Vec<u8>> {
    let mut words = page.args();
    let target = words.next_back()?.value().into_owned();
    let is_for = words.any(|code| code.is("502") || code.is("504"));
    let literal = target.starts_with(b"/") && !has_variables(&target);
    let end = memchr::memchr(b'?', &target).unwrap_or(target.len());
    (is_for && literal).then(|| target[..end].to_vec())
}

/// Whether two passes go to the same place.
fn is_same(one: &Pass<'_>, other: &Pass<'_>) -> bool {
    match (&one.to, &other.to) {
        (Some(one), Some(other)) => one.name == other.name && one.port == other.port,
        _ => false,
    }
}
