//! Folders that nginx serves itself.

use super::asked;
use super::common::HeaderLine;
use super::names;
use crate::render::arg::Arg;
use crate::topology::model::{Precompressed, SecurityHeaders, Site};
use serde::Serialize;

/// A folder that is served.
#[derive(Debug, Clone, Serialize)]
pub struct Files {
    /// The location.
    pub location: Arg,
    /// The rules of lint that are not to speak about the location.
    pub ignored: Vec<Arg>,
    /// The folder.
    pub root: Arg,
    /// The rules of lint that are not to speak about the folder.
    pub root_ignored: Vec<Arg>,
    /// Whether only Django may hand the files out.
    pub internal: bool,
    /// Headers, all of them.
    pub headers: Vec<HeaderLine>,
    /// Whether text is compressed.
    pub gzip: bool,
    /// Whether `.gz` files lie beside the originals.
    pub gzip_static: bool,
    /// Whether `.br` files lie beside the originals.
    pub brotli_static: bool,
}

pub(super) fn files(site: &Site, shared: &[HeaderLine]) -> Vec<Files> {
    let line = |name: &str, value: Arg, always| HeaderLine {
        name: name.into(),
        value,
        always,
    };
    let secure = site.security_headers() == SecurityHeaders::Django;
    let with =
        |own: Vec<HeaderLine>| -> Vec<HeaderLine> { shared.iter().cloned().chain(own).collect() };
    let nosniff = || secure.then(|| line("X-Content-Type-Options", "nosniff".into(), true));
    let mut folders = Vec::new();
    if let Some(assets) = site.served_static() {
        let cache = if assets.hashed == Some(true) {
            Arg::expression(names::STATIC_CACHE)
        } else {
            "public, max-age=3600".into()
        };
        let has = |kind| {
            assets
                .precompressed
                .iter()
                .flatten()
                .any(|&known| known == kind)
        };
        folders.push(Files {
            location: assets.url().into(),
            root: folder(&assets.root),
            ignored: Vec::new(),
            root_ignored: Vec::new(),
            internal: false,
            headers: with(
                std::iter::once(line("Cache-Control", cache, false))
                    .chain(nosniff())
                    .collect(),
            ),
            gzip: true,
            gzip_static: has(Precompressed::Gzip),
            brotli_static: has(Precompressed::Br),
        });
    }
    if let Some(media) = &site.media {
        // What people upload must not run as a page of the site.
        let sandbox = secure.then(|| {
            line(
                "Content-Security-Policy",
                "default-src 'none'; sandbox".into(),
                true,
            )
        });
        folders.push(Files {
            location: media.url().into(),
            root: folder(&media.root),
            ignored: Vec::new(),
            root_ignored: Vec::new(),
            internal: false,
            headers: with(nosniff().into_iter().chain(sandbox).collect()),
            gzip: false,
            gzip_static: false,
            brotli_static: false,
        });
    }
    if let Some(protected) = &site.protected_media {
        folders.push(Files {
            location: protected.url.as_str().into(),
            root: folder(&protected.root),
            ignored: Vec::new(),
            root_ignored: Vec::new(),
            internal: true,
            headers: with(nosniff().into_iter().collect()),
            gzip: false,
            gzip_static: false,
            brotli_static: false,
        });
    }
    for folder in folders.iter_mut().filter(|folder| !folder.internal) {
        folder.ignored = asked::of_files(site, folder.location.text(), &folder.headers);
    }
    folders
}

/// A folder as `alias` wants it below a location that ends with `/`: nginx puts the rest of
/// the path behind it as it is.
fn folder(root: &str) -> Arg {
    Arg::literal(format!("{}/", root.trim_end_matches('/')))
}
