//! `static-location-missing`.

use crate::rules::meta::declare_rule;
use crate::rules::places::lacks_a_file;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A server that hands requests to Django and has no `location` for the `static-url` that the settings
    /// state, while they also state `whitenoise = false`.
    ///
    /// ## Why it matters
    ///
    /// Without `DEBUG` Django does not serve static files. The admin and every page come without styles.
    ///
    /// ## What to do
    ///
    /// Write `location /static/ { alias STATIC_ROOT/; }`.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/howto/static-files/deployment/>
    pub struct StaticLocationMissing {
        id: "static-location-missing",
        group: Static,
        severity: Warning,
    }
}

impl Rule for StaticLocationMissing {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let django = &cx.settings.django;
        let (Some(url), Some(false)) = (django.static_url.clone(), django.whitenoise) else {
            return;
        };
        if !url.starts_with('/') {
            return;
        }
        for site in places.sites() {
            let Some(pass) = places.django_in(site.scope).next() else {
                continue;
            };
            let bare = url.trim_end_matches('/').as_bytes();
            let served = places.places_in(site.scope).any(|place| {
                place.is_under(&url) || memchr::memmem::find(place.path, bare).is_some()
            });
            if served || lacks_a_file(model, site.scope, "location") {
                continue;
            }
            let finding = cx
                .finding(site.statement.head(), format!("nobody serves `{url}`"))
                .label("no location for it")
                .related(pass.statement.head(), "goes to Django")
                .help(format!(
                    "Write `location {url}` with `alias` to `STATIC_ROOT`"
                ));
            cx.report(finding);
        }
    }
}
