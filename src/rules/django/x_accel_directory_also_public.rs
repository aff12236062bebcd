//! `x-accel-directory-also-public`.

use crate::rules::meta::declare_rule;
use crate::rules::places::{
    Place, Places, folder, is_guarded, is_within, serves_files, trim_slashes,
};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A folder of an `internal` location that lies in a folder which another location hands out to
    /// everybody, under a path that no other location takes.
    ///
    /// ## Why it matters
    ///
    /// `internal` keeps clients from one path only. With `alias /srv/media/private/` inside, and
    /// `location /media/ { alias /srv/media/; }` beside it, the same files are at `/media/private/`.
    ///
    /// ## What to do
    ///
    /// Move the private files out of `MEDIA_ROOT`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#internal>
    pub struct XAccelDirectoryAlsoPublic {
        id: "x-accel-directory-also-public",
        group: Django,
        severity: Error,
    }
}

impl Rule for XAccelDirectoryAlsoPublic {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        for inner in places.places() {
            let internal = model.scope(inner.scope).first("internal").is_some();
            let Some(server) = inner.server.filter(|_| internal && inner.is_prefix()) else {
                continue;
            };
            let Some((private, statement)) = folder_of(&places, cx.model, &inner) else {
                continue;
            };
            for outer in places.places_in(server) {
                if !outer.is_prefix()
                    || is_guarded(model, outer.scope)
                    || !serves_files(model, outer.scope)
                {
                    continue;
                }
                let Some((public, by)) = folder_of(&places, cx.model, &outer) else {
                    continue;
                };
                if !is_within(&private, &public) || public.is_empty() {
                    continue;
                }
                let rest = &private[trim_slashes(&public).len()..];
                let url = [trim_slashes(outer.path), rest, b"/"].concat();
                let taken = places.places_in(server).any(|place| {
                    place.is_prefix()
                        && place.path.len() > outer.path.len()
                        && url.starts_with(place.path)
                });
                if taken {
                    continue;
                }
                let finding = cx
                    .finding(
                        statement,
                        format!(
                            "everybody gets these files at `{}`",
                            String::from_utf8_lossy(&url)
                        ),
                    )
                    .label("meant for Django alone")
                    .related(by, "hands them out too")
                    .help("Move them out of that folder");
                cx.report(finding);
            }
        }
    }
}

/// The folder that a location maps its path to, without variables, and where it is set.
fn folder_of(
    places: &Places<'_, '_>,
    model: &crate::model::Model<'_>,
    place: &Place<'_, '_>,
) -> Option<(Vec<u8>, crate::source::Span)> {
    let found = folder(model, place.scope)?;
    if found.path.contains(&b'$') || !found.path.starts_with(b"/") {
        return None;
    }
    let span = found.statement.head();
    if !found.alias {
        let path = [trim_slashes(&found.path), trim_slashes(place.path)].concat();
        return Some((path, span));
    }
    // An alias of a location around stands for that location's path.
    let around = places.place_around(found.statement.scope)?;
    let rest = place.path.strip_prefix(around.path)?;
    let path = [&*found.path, rest].concat();
    Some((trim_slashes(&path).to_vec(), span))
}
