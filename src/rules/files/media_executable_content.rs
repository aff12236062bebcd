//! `media-executable-content`.

use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, Place, inherited, is_guarded, serves_files};
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::paths::UPLOADS;

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` for uploads (`media`, `uploads`, or the `media-url` of the settings) that hands files
    /// out with neither `Content-Security-Policy` nor `Content-Disposition`, in a server that also has
    /// Django.
    ///
    /// ## Why it matters
    ///
    /// An SVG or HTML file that a user uploaded is shown with the site's own origin, and its scripts act
    /// with the session of whoever opens it. `X-Content-Type-Options: nosniff` alone does not help: these
    /// files are what their type says.
    ///
    /// ## What to do
    ///
    /// Write `add_header Content-Security-Policy "default-src 'none'; sandbox" always;` and
    /// `add_header X-Content-Type-Options nosniff always;`, or
    /// `add_header Content-Disposition attachment;`, or serve uploads from another domain.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/topics/security/#user-uploaded-content>
    pub struct MediaExecutableContent {
        id: "media-executable-content",
        group: Static,
        severity: Warning,
    }
}

impl Rule for MediaExecutableContent {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let stated = cx.settings.django.media_url.clone();
        for place in places.places() {
            let named = is_for_uploads(&place, stated.as_deref());
            let Some(server) = place.server.filter(|_| named && place.is_prefix()) else {
                continue;
            };
            let scope = model.scope(place.scope);
            let own = scope.first("alias").is_some()
                || scope.first("root").is_some()
                || scope.parent == Some(server);
            let headers = inherited(model, place.scope, "add_header");
            let safe = ["Content-Security-Policy", "Content-Disposition"]
                .iter()
                .any(|name| headers.get(name).is_some());
            if !own
                || safe
                || headers.known == Known::No
                || !serves_files(model, place.scope)
                || is_guarded(model, place.scope)
                || places.django_in(server).next().is_none()
            {
                continue;
            }
            let finding = cx
                .finding(
                    place.span(),
                    format!("scripts in uploads of `{}` act as the user", place.shown()),
                )
                .label("no sandbox")
                .help("Write `add_header Content-Security-Policy \"default-src 'none'; sandbox\" always;` in this block");
            cx.report(finding);
        }
    }
}

/// Whether a location is for uploads: by the URL that the settings state, else by its name.
pub(in crate::rules) fn is_for_uploads(place: &Place<'_, '_>, stated: Option<&str>) -> bool {
    match stated {
        Some(url) => place.is_under(url),
        None => place.begins_with(UPLOADS),
    }
}
