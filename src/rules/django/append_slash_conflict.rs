//! `append-slash-conflict`.

use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` with a final slash that hands requests to Django, so that nginx itself answers the
    /// path without the slash. Off unless it is selected.
    ///
    /// ## Why it matters
    ///
    /// nginx redirects `/api` to `/api/` with 301 before Django sees it. Browsers turn a POST into a GET,
    /// and Django's `APPEND_SLASH`, which would have complained, has no say.
    ///
    /// ## What to do
    ///
    /// Write `location = /api` with the same `proxy_pass`, if clients use that path.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#location>
    /// - <https://docs.djangoproject.com/en/stable/ref/settings/#append-slash>
    pub struct AppendSlashConflict {
        id: "append-slash-conflict",
        group: Django,
        severity: Info,
        default: false,
    }
}

impl Rule for AppendSlashConflict {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let places = cx.places();
        for pass in places.passes.iter().filter(|pass| pass.is_django()) {
            let Some(place) = places.place_around(pass.statement.scope) else {
                continue;
            };
            let Some(server) = place
                .server
                .filter(|_| place.is_prefix() && place.path.len() > 1)
            else {
                continue;
            };
            let Some(bare) = place.path.strip_suffix(b"/") else {
                continue;
            };
            if places.places_in(server).any(|other| other.path == bare) {
                continue;
            }
            let shown = String::from_utf8_lossy(bare).into_owned();
            let finding = cx
                .finding(place.span(), format!("nginx redirects `{shown}` itself"))
                .label("ends with `/`")
                .help(format!(
                    "Write `location = {shown}` too, if clients use that path"
                ));
            cx.report(finding);
        }
    }
}
