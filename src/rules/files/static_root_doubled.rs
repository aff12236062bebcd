//! `static-root-doubled`.

use crate::rules::meta::declare_rule;
use crate::rules::places::{serves_files, trim_slashes};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` whose path begins with the folder that its own `root` ends with:
    /// `location /static/ { root /srv/shop/static; }`.
    ///
    /// ## Why it matters
    ///
    /// nginx puts the whole path behind `root` and looks for `/srv/shop/static/static/app.css`. Every file
    /// is a 404.
    ///
    /// ## What to do
    ///
    /// Write `alias /srv/shop/static/;`, or take the folder off: `root /srv/shop;`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#root>
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#alias>
    pub struct StaticRootDoubled {
        id: "static-root-doubled",
        group: Static,
        severity: Error,
    }
}

impl Rule for StaticRootDoubled {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        for place in places.places() {
            let Some(root) = model.scope(place.scope).last("root") else {
                continue;
            };
            let Some(word) = root.arg(0).filter(|_| place.is_prefix()) else {
                continue;
            };
            let value = word.value();
            let bare = trim_slashes(&value);
            let first = place
                .path
                .split(|byte| *byte == b'/')
                .nth(1)
                .unwrap_or_default();
            let last = bare.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            if first.is_empty() || first != last || !serves_files(model, place.scope) {
                continue;
            }
            let folder = String::from_utf8_lossy(bare).into_owned();
            let name = String::from_utf8_lossy(first).into_owned();
            let up = folder
                .strip_suffix(&name)
                .unwrap_or_default()
                .trim_end_matches('/')
                .to_owned();
            let up = if up.is_empty() { "/".to_owned() } else { up };
            let finding = cx
                .finding(
                    word.span(),
                    format!("nginx looks for files in `{folder}/{name}`"),
                )
                .label("ends with the folder")
                .related(place.span(), "begins with it too")
                .help(format!("Write `root {up};`"));
            cx.report(finding);
        }
    }
}
