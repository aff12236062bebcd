//! TLS of a site.

use super::Checks;
use super::place::Scope;
use super::quantities::{self, Counted};
use super::text;
use crate::finding::Finding;
use crate::topology::document::Step::{Index, Key};
use crate::topology::model::{Hsts, HstsOwner, Site, Tls, TlsProfile};

/// What browsers demand of a site that asks to be preloaded (hstspreload.org).
const PRELOAD_SECONDS: u64 = 31_536_000;

/// Checks what `tls` says by itself.
pub(super) fn check_values(cx: &mut Checks<'_>, tls: &Tls, scope: &Scope<'_>) {
    for (key, path) in [("certificate", &tls.certificate), ("key", &tls.key)] {
        if let Some(path) = path {
            let keys = [Key("tls"), Key(key)];
            text::path(cx, path, scope.at(&keys));
        }
    }
    for (index, listen) in tls.listen.iter().flat_map(|sockets| &sockets.0).enumerate() {
        let keys = [Key("tls"), Key("listen"), Index(index)];
        super::sockets::check_listen(cx, listen, scope.at(&keys));
    }
    if tls
        .listen
        .as_ref()
        .is_some_and(|sockets| sockets.0.is_empty())
    {
        cx.report(
            Finding::error(
                "topology-listen",
                scope.at(&[Key("tls"), Key("listen")]).span(),
                "TLS has no socket to listen on",
            )
            .label("nowhere")
            .help("List a port such as `443`, or write `tls: off`"),
        );
    }
    if let Some(hsts) = &tls.hsts {
        check_hsts(cx, hsts, scope);
    }
    check_openssl(cx, tls, scope);
}

fn check_hsts(cx: &mut Checks<'_>, hsts: &Hsts, scope: &Scope<'_>) {
    if hsts.owner != HstsOwner::Nginx {
        return;
    }
    let keys = [Key("tls"), Key("hsts"), Key("max_age")];
    let Some(max_age) = &hsts.max_age else {
        cx.report(
            Finding::error(
                "topology-hsts",
                scope.at(&keys).span(),
                "`hsts` does not say how long browsers are to remember",
            )
            .label("no `max_age`")
            .help("Add `max_age`, such as `max_age: 2y`"),
        );
        return;
    };
    let place = scope.at(&keys);
    let Some(millis) = quantities::time(cx, Some(max_age), Counted::Seconds, place) else {
        return;
    };
    if hsts.preload != Some(true) {
        return;
    }
    let preload = scope.at(&[Key("tls"), Key("hsts"), Key("preload")]).span();
    if millis / 1000 < PRELOAD_SECONDS {
        cx.report(
            Finding::error(
                "topology-hsts-preload",
                place.span(),
                format!("`{max_age}` is too short for a rule that browsers ship"),
            )
            .label("below one year")
            .related(preload, "asks to be shipped")
            .help("Write `max_age: 1y` or more, or remove `preload`"),
        );
    }
    if hsts.subdomains != Some(true) {
        cx.report(
            Finding::error(
                "topology-hsts-preload",
                preload,
                "browsers ship only rules that bind subdomains, too",
            )
            .label("needs `subdomains`")
            .help("Add `subdomains: true` if every subdomain has TLS, or remove `preload`"),
        );
    }
}

/// TLS 1.3 came with OpenSSL 1.1.1.
fn check_openssl(cx: &mut Checks<'_>, tls: &Tls, scope: &Scope<'_>) {
    let Some(version) = cx.topology.openssl().filter(|version| *version < (1, 1, 1)) else {
        return;
    };
    if tls.off || tls.profile() != TlsProfile::Modern {
        return;
    }
    let (major, minor, patch) = version;
    let openssl = cx.document.at(&[Key("nginx"), Key("openssl")]);
    cx.report(
        Finding::error(
            "topology-modern-openssl",
            scope.at(&[Key("tls"), Key("profile")]).span(),
            format!("`modern` is TLS 1.3, which OpenSSL {major}.{minor}.{patch} does not speak"),
        )
        .label("needs OpenSSL 1.1.1")
        .related(openssl, "the OpenSSL in use")
        .help("Write `profile: intermediate`, or update OpenSSL"),
    );
}

/// Checks `tls` against the rest of the site.
pub(super) fn check_site(cx: &mut Checks<'_>, site: &Site, scope: &Scope<'_>) {
    let Some(tls) = site.tls() else { return };
    check_files(cx, tls, scope);
    if tls.redirect == Some(true) && site.plain_sockets().is_empty() {
        cx.report(
            Finding::error(
                "topology-redirect-without-listen",
                scope.at(&[Key("tls"), Key("redirect")]).span(),
                "there is no plain socket that could be redirected",
            )
            .label("from where?")
            .related(scope.at(&[Key("listen")]).span(), "no plain sockets")
            .help("Write `listen: [80]`, or remove `redirect`"),
        );
    }
}

fn check_files(cx: &mut Checks<'_>, tls: &Tls, scope: &Scope<'_>) {
    let (message, label, words, given) = match (&tls.certificate, &tls.key) {
        (Some(_), Some(_)) => return,
        (None, None) => (
            "`tls` has neither `certificate` nor `key`",
            "no files",
            "no \"ssl_certificate\" is defined",
            None,
        ),
        (None, Some(_)) => (
            "`tls` has a `key` and no `certificate`",
            "no `certificate`",
            "no \"ssl_certificate\" is defined",
            Some("key"),
        ),
        (Some(_), None) => (
            "`tls` has a `certificate` and no `key`",
            "no `key`",
            "no \"ssl_certificate_key\" is defined",
            Some("certificate"),
        ),
    };
    let span = match given {
        None => scope.at(&[Key("tls")]).key(),
        Some(given) => scope.at(&[Key("tls"), Key(given)]).key(),
    };
    cx.report(
        Finding::error("topology-tls-files", span, message)
            .label(label)
            .help(format!(
                "Write the paths of both PEM files; nginx says `{words}`"
            )),
    );
}
