//! `media-autoindex`.

use super::media_executable_content::is_for_uploads;
use crate::rules::meta::declare_rule;
use crate::rules::places::{is_guarded, is_on};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `autoindex on` in a `location` for uploads (`media`, `uploads`, or the `media-url` of the settings).
    ///
    /// ## Why it matters
    ///
    /// Everybody sees the names of all files that users have uploaded and can take every one of them.
    ///
    /// ## What to do
    ///
    /// Remove `autoindex on`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_autoindex_module.html>
    pub struct MediaAutoindex {
        id: "media-autoindex",
        group: Static,
        severity: Error,
    }
}

impl Rule for MediaAutoindex {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        if !model.has_any(&["autoindex"]) {
            return;
        }
        let stated = cx.settings.django.media_url.clone();
        for place in places.places() {
            let named = is_for_uploads(&place, stated.as_deref());
            let set = model.value(place.scope, "autoindex");
            let Some(set) = set.filter(|_| named && is_on(model, place.scope, "autoindex", false))
            else {
                continue;
            };
            if is_guarded(model, place.scope) {
                continue;
            }
            let finding = cx
                .finding(
                    set.head(),
                    format!("everybody sees the list of uploads at `{}`", place.shown()),
                )
                .label("lists the files")
                .related(place.span(), "for uploads")
                .help("Remove this line");
            cx.report(finding);
        }
    }
}
