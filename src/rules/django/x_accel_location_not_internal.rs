//! `x-accel-location-not-internal`.

use crate::rules::meta::declare_rule;
use crate::rules::places::{is_guarded, lacks_a_file, serves_files};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` for files that only Django may hand out, by `X-Accel-Redirect`, without `internal`: its
    /// path begins with a word such as `protected`, `private` or `internal`, or the settings name it in
    /// `protected-urls`.
    ///
    /// ## Why it matters
    ///
    /// Without `internal` every client that knows or guesses the path gets the file, and Django's check
    /// of who asks never runs.
    ///
    /// Nothing is said where `deny`, `auth_basic`, `auth_request` or their like guard the place.
    ///
    /// ## What to do
    ///
    /// Write `internal;` in that `location`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#internal>
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ignore_headers>
    pub struct XAccelLocationNotInternal {
        id: "x-accel-location-not-internal",
        group: Django,
        severity: Error,
    }
}

impl Rule for XAccelLocationNotInternal {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        for place in places.places() {
            let stated = &cx.settings.django.protected_urls;
            let named = stated.iter().any(|url| place.is_under(url)) || place.begins_with(WORDS);
            if !named || !place.is_prefix() {
                continue;
            }
            let scope = model.scope(place.scope);
            let Some(folder) = scope.first("alias").or_else(|| scope.first("root")) else {
                continue;
            };
            if !serves_files(model, place.scope)
                || is_guarded(model, place.scope)
                || lacks_a_file(model, place.scope, "internal")
            {
                continue;
            }
            let finding = cx
                .finding(
                    place.statement().head(),
                    format!("everybody gets the files of `location {}`", place.shown()),
                )
                .label("not `internal`")
                .related(folder.head(), "the files")
                .help("Write `internal;` in this block");
            cx.report(finding);
        }
    }
}

/// First words of paths that stand for files which only Django hands out.
const WORDS: &[&str] = &[
    "protected",
    "_protected",
    "protected_media",
    "protected-media",
    "protected_files",
    "protected-files",
    "private",
    "_private",
    "private_media",
    "private-media",
    "internal",
    "_internal",
    "internal_media",
    "_media",
    "xaccel",
    "x-accel",
    "sendfile",
];
