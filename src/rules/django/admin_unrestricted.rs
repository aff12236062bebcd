//! `admin-unrestricted`.

use crate::rules::meta::declare_rule;
use crate::rules::places::is_guarded;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A server that hands `/admin/` to Django without asking where clients come from or who they are.
    /// Off unless it is selected.
    ///
    /// ## Why it matters
    ///
    /// The admin is a login form with known users. Networks, a client certificate or a second password
    /// keep scanners away from it. Whether that is wanted is a decision, not a mistake.
    ///
    /// ## What to do
    ///
    /// Write `location ^~ /admin/` with `allow` and `deny all;`, or with `auth_basic`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_access_module.html>
    pub struct AdminUnrestricted {
        id: "admin-unrestricted",
        group: Django,
        severity: Info,
        default: false,
    }
}

impl Rule for AdminUnrestricted {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        for site in places.sites() {
            let admin = places
                .places_in(site.scope)
                .find(|place| place.is_under("/admin"));
            let root = places
                .places_in(site.scope)
                .find(|place| place.is_prefix() && place.path == b"/");
            let Some(place) = admin.or(root) else {
                continue;
            };
            let django = places
                .django_in(site.scope)
                .any(|pass| pass.statement.scope == place.scope);
            if !django || is_guarded(model, place.scope) {
                continue;
            }
            let finding = cx
                .finding(place.statement().head(), "everybody reaches Django's admin")
                .label("no `allow`, no password")
                .help("Write `location ^~ /admin/` with `allow` and `deny all;`");
            cx.report(finding);
        }
    }
}
