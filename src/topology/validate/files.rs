//! Files that nginx serves itself: static, media, protected media, the page for dead nodes.

use super::Checks;
use super::place::{Place, Scope};
use super::routes::{Located, parse_prefix};
use super::text::{self, shown};
use crate::directives::{self, Context, Found};
use crate::finding::Finding;
use crate::topology::document::Step::{Index, Key};
use crate::topology::model::{Precompressed, Site, StaticFiles};
use std::collections::HashMap;

/// Folders that hold far more than a site's files.
const TOO_MUCH: &[&str] = &[
    "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/mnt", "/opt", "/proc", "/root",
    "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/var",
];

/// Where http-01 challenges are answered (RFC 8555, section 8.3).
const ACME_PREFIX: &str = "/.well-known/acme-challenge/";

/// Checks the files of a site.
pub(super) fn check(cx: &mut Checks<'_>, site: &Site, scope: &Scope<'_>) {
    if let Some(files) = site.served_static() {
        check_folder(cx, "static", files.url.as_deref(), &files.root, scope);
        check_precompressed(cx, files, scope);
    }
    if let Some(media) = &site.media {
        check_folder(cx, "media", media.url.as_deref(), &media.root, scope);
    }
    if let Some(protected) = &site.protected_media {
        check_folder(
            cx,
            "protected_media",
            Some(&protected.url),
            &protected.root,
            scope,
        );
    }
    refuse_public_protected(cx, site, scope);
}

fn check_folder(
    cx: &mut Checks<'_>,
    key: &'static str,
    url: Option<&str>,
    root: &str,
    scope: &Scope<'_>,
) {
    if let Some(url) = url {
        let keys = [Key(key), Key("url")];
        check_url(cx, key, url, scope.at(&keys));
    }
    let keys = [Key(key), Key("root")];
    check_root(cx, root, scope.at(&keys));
}

fn check_url(cx: &mut Checks<'_>, key: &str, url: &str, place: Place<'_>) {
    if !text::literal(cx, url, place) {
        return;
    }
    let (message, label, help) = if url == "/" {
        (
            "is the whole site",
            "everything",
            "Write a prefix of its own, such as `/static/`".to_owned(),
        )
    } else if let Err(problem) = parse_prefix(url) {
        let elsewhere = url.contains("://") && key == "static";
        let help = if elsewhere {
            "Write `static: none`: files at another host need nothing here".to_owned()
        } else {
            problem.help
        };
        (problem.message, problem.label, help)
    } else if !url.ends_with('/') {
        (
            "does not end with `/`, so that names beside the folder would match, too",
            "no `/` behind",
            format!("Write `{}/`, as Django has it", shown(url)),
        )
    } else {
        return;
    };
    cx.report(
        Finding::error(
            "topology-file-url",
            place.span(),
            format!("`{}` {message}", shown(url)),
        )
        .label(label)
        .help(help),
    );
}

/// The path of a folder that is served.
pub(super) fn check_root(cx: &mut Checks<'_>, root: &str, place: Place<'_>) {
    if !text::path(cx, root, place) {
        return;
    }
    let folder = normal(root);
    if TOO_MUCH.contains(&folder.as_str()) {
        cx.report(
            Finding::error(
                "topology-root-exposes",
                place.span(),
                format!("`{}` holds far more than this site's files", shown(root)),
            )
            .label("would all be served")
            .help("Write the folder of the files alone, such as `/srv/shop/static/`"),
        );
    }
}

/// A path without empty and `.` parts, `..` resolved, and no `/` at the end.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

fn check_precompressed(cx: &mut Checks<'_>, files: &StaticFiles, scope: &Scope<'_>) {
    let at = |index| {
        scope
            .at(&[Key("static"), Key("precompressed"), Index(index)])
            .span()
    };
    let mut first: HashMap<Precompressed, usize> = HashMap::new();
    for (index, kind) in files.precompressed.iter().flatten().enumerate() {
        let word = match kind {
            Precompressed::Gzip => "gzip",
            Precompressed::Br => "br",
        };
        let earlier = *first.entry(*kind).or_insert(index);
        if earlier != index {
            cx.report(
                Finding::error(
                    "topology-duplicate-item",
                    at(index),
                    format!("`{word}` is listed twice"),
                )
                .label("again")
                .related(at(earlier), "first here")
                .help("Remove one of the two"),
            );
        } else if *kind == Precompressed::Br && !has_brotli(cx) {
            cx.report(
                Finding::error(
                    "topology-missing-module",
                    at(index),
                    "`br` files are served by the module brotli, which is not declared",
                )
                .label("needs brotli")
                .help(
                    "Add `brotli` to `nginx.modules`, or remove `br`; nginx says `unknown \
                       directive \"brotli_static\"`",
                ),
            );
        }
    }
}

fn has_brotli(cx: &Checks<'_>) -> bool {
    let found = directives::find(b"brotli_static", Context::Location, cx.target, &cx.declared);
    matches!(found, Found::Here(_))
}

/// Files that only Django may hand out must not lie where everybody can ask for them.
fn refuse_public_protected(cx: &mut Checks<'_>, site: &Site, scope: &Scope<'_>) {
    let Some(protected) = &site.protected_media else {
        return;
    };
    let hidden = normal(&protected.root);
    let public = [
        ("static", site.served_static().map(|files| &files.root)),
        ("media", site.media.as_ref().map(|media| &media.root)),
    ];
    for (key, root) in public {
        let Some(root) = root.filter(|root| root.starts_with('/')) else {
            continue;
        };
        let open = normal(root);
        let inside = hidden == open
            || open == "/"
            || hidden
                .strip_prefix(&open)
                .is_some_and(|rest| rest.starts_with('/'));
        if !inside {
            continue;
        }
        cx.report(
            Finding::error(
                "topology-public-protected-media",
                scope.at(&[Key("protected_media"), Key("root")]).span(),
                format!("everybody can read the protected files through `{key}`"),
            )
            .label("to be protected")
            .related(
                scope.at(&[Key(key), Key("root")]).span(),
                "served to everybody",
            )
            .help(format!("Move them out of `{}`", shown(root))),
        );
    }
}

/// The page for dead nodes.
pub(super) fn check_down_page(cx: &mut Checks<'_>, page: &str, place: Place<'_>) {
    if text::path(cx, page, place) && page.ends_with('/') {
        cx.report(
            Finding::error(
                "topology-down-page",
                place.span(),
                format!("`{}` is a folder, and a page is a file", shown(page)),
            )
            .label("a folder")
            .help("Write the path of an HTML file, such as `/srv/errors/down.html`"),
        );
    }
}

/// What the site itself answers at prefixes, apart from its routes.
pub(super) fn located<'a>(site: &'a Site, scope: &Scope<'_>) -> Vec<Located<'a>> {
    let mut located = Vec::new();
    let mut add = |prefix, what, keys: &[_]| {
        located.push(Located {
            prefix,
            what,
            span: scope.at(keys).span(),
        });
    };
    if let Some(files) = site.served_static() {
        add(files.url(), "static files", &[Key("static"), Key("url")]);
    }
    if let Some(media) = &site.media {
        add(media.url(), "media files", &[Key("media"), Key("url")]);
    }
    if let Some(protected) = &site.protected_media {
        add(
            &protected.url,
            "protected files",
            &[Key("protected_media"), Key("url")],
        );
    }
    if site.acme.is_some() {
        add(ACME_PREFIX, "http-01 challenges", &[Key("acme")]);
    }
    located
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_compared_as_the_kernel_sees_them() {
        assert_eq!(normal("/srv/media/"), "/srv/media");
        assert_eq!(normal("//srv/./static/../media"), "/srv/media");
        assert_eq!(normal("/.."), "/");
    }
}
