//! `autoindex-enabled`.

use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::places::is_guarded;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `autoindex on`, except for uploads, which `media-autoindex` reports.
    ///
    /// ## Why it matters
    ///
    /// Everybody sees the names of all files in the folder: backups, notes and what nobody linked. For a
    /// mirror of downloads that is what is wanted; say so with
    /// `# djanginx: ignore autoindex-enabled downloads`.
    ///
    /// Nothing is said where `deny`, `auth_basic` or their like guard the place.
    ///
    /// ## What to do
    ///
    /// Remove `autoindex on`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_autoindex_module.html>
    pub struct AutoindexEnabled {
        id: "autoindex-enabled",
        group: Security,
        severity: Warning,
    }
}

impl Rule for AutoindexEnabled {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["autoindex"]
    }

    fn directive(&self, list: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let on = list
            .arg(0)
            .is_some_and(|word| word.value().eq_ignore_ascii_case(b"on"));
        let place = places.place_around(list.scope);
        let stated = cx.settings.django.media_url.clone();
        let uploads = place
            .is_some_and(|place| crate::rules::files::is_for_uploads(&place, stated.as_deref()));
        if !on || uploads || is_guarded(model, list.scope) {
            return;
        }
        let finding = cx
            .finding(list.head(), "everybody sees the list of files")
            .label("lists the folder")
            .help("Remove this line");
        cx.report(finding);
    }
}
