//! Sites: what each says, and what its parts say together.

use super::place::Scope;
use super::text::{self, shown};
use super::{Checks, cross, domains, files, headers, questions, routes, sockets, tls};
use crate::finding::Finding;
use crate::topology::document::Step::{Index, Key};
use crate::topology::model::{Route, Site};

/// Checks all sites, and what `defaults` say about sites and routes.
pub(super) fn check(cx: &mut Checks<'_>) {
    let (topology, document) = (cx.topology, cx.document);
    check_defaults(cx);
    for (name, site) in &topology.sites {
        let scope = Scope::sharing(document, &[Key("sites"), Key(name)]);
        text::name(cx, name, scope.at(&[]));
        domains::check(cx, site, &scope);
        check_values(cx, site, &scope);
        files::check(cx, site, &scope);
        tls::check_site(cx, site, &scope);
        check_acme(cx, site, &scope);
        refuse_empty(cx, name, site, &scope);
        refuse_no_sockets(cx, site, &scope);
        routes::check_site(cx, name, site);
        refuse_duplicate_locations(cx, name, site, &scope);
    }
    questions::ask_about_sites(cx);
    domains::refuse_duplicates(cx);
    routes::warn_of_unused_pools(cx);
    cross::refuse_equal_names(cx, "sites", topology.sites.keys());
    cross::refuse_nothing(cx);
}

fn check_defaults(cx: &mut Checks<'_>) {
    let shared = &cx.topology.defaults;
    let scope = Scope::new(cx.document, &[Key("defaults")]);
    let site = Site {
        listen: shared.listen.clone(),
        tls: shared.tls.clone(),
        acme: shared.acme.clone(),
        body_limit: shared.body_limit.clone(),
        headers: shared.headers.clone(),
        errors: shared.errors.clone(),
        access_log: shared.access_log.clone(),
        ..Site::default()
    };
    check_values(cx, &site, &scope);
    let route = Route {
        buffering: shared.buffering.clone(),
        allow: shared.allow.clone(),
        deny: shared.deny.clone(),
        basic_auth: shared.basic_auth.clone(),
        rate_limit: shared.rate_limit.clone(),
        ..Route::default()
    };
    routes::check_values(cx, &route, &scope);
}

/// What a site, or `defaults` for sites, says by itself.
fn check_values(cx: &mut Checks<'_>, site: &Site, scope: &Scope<'_>) {
    for (index, listen) in site.listen.iter().flatten().enumerate() {
        let keys = [Key("listen"), Index(index)];
        sockets::check_listen(cx, listen, scope.at(&keys));
    }
    if let Some(value) = &site.tls {
        tls::check_values(cx, value, scope);
    }
    if let Some(acme) = &site.acme {
        let keys = [Key("acme"), Key("webroot")];
        text::path(cx, &acme.webroot, scope.at(&keys));
    }
    routes::check_body_limit(cx, site.body_limit.as_ref(), scope.at(&[Key("body_limit")]));
    if let Some(value) = &site.headers {
        headers::check(cx, value, scope);
    }
    if let Some(page) = site
        .errors
        .as_ref()
        .and_then(|errors| errors.down_page.as_ref())
    {
        let keys = [Key("errors"), Key("down_page")];
        files::check_down_page(cx, page, scope.at(&keys));
    }
    if let Some(path) = site.access_log.as_ref().filter(|path| *path != "off") {
        text::path(cx, path, scope.at(&[Key("access_log")]));
    }
}

/// Authorities ask over plain HTTP, and cannot ask every name of a wildcard (RFC 8555).
fn check_acme(cx: &mut Checks<'_>, site: &Site, scope: &Scope<'_>) {
    if site.acme.is_none() {
        return;
    }
    if site.plain_sockets().is_empty() {
        cx.report(
            Finding::error(
                "topology-acme-without-listen",
                scope.at(&[Key("acme")]).key(),
                "http-01 challenges come over plain HTTP, and the site has no plain socket",
            )
            .label("nobody answers")
            .related(scope.at(&[Key("listen")]).span(), "no plain sockets")
            .help("Write `listen: [80]`, or remove `acme`"),
        );
    }
    let is_wildcard = |domain: &String| domain.contains('*') || domain.starts_with('.');
    if let Some(index) = site.domains.iter().position(is_wildcard) {
        let keys = [Key("domains"), Index(index)];
        cx.report(
            Finding::warning(
                "topology-acme-wildcard",
                scope.at(&keys).span(),
                format!(
                    "no http-01 challenge can prove `{}`",
                    shown(&site.domains[index])
                ),
            )
            .label("a wildcard")
            .related(scope.at(&[Key("acme")]).key(), "answers http-01 alone")
            .help("Get its certificate by dns-01, and list here what http-01 is for"),
        );
    }
}

fn refuse_empty(cx: &mut Checks<'_>, name: &str, site: &Site, scope: &Scope<'_>) {
    let serves = !site.routes.is_empty() || site.served_static().is_some() || site.media.is_some();
    if serves {
        return;
    }
    cx.report(
        Finding::error(
            "topology-empty-site",
            scope.name(),
            format!("site `{}` has neither routes nor files", shown(name)),
        )
        .label("answers nothing")
        .help("Add a route, such as `routes: {/: POOL}`; nginx would show its welcome page"),
    );
}

fn refuse_no_sockets(cx: &mut Checks<'_>, site: &Site, scope: &Scope<'_>) {
    if !site.plain_sockets().is_empty() || site.tls().is_some() {
        return;
    }
    cx.report(
        Finding::error(
            "topology-listen",
            scope.at(&[Key("listen")]).span(),
            "the site listens nowhere",
        )
        .label("no socket")
        .help("List a port such as `80`, or give the site `tls`"),
    );
}

fn refuse_duplicate_locations(cx: &mut Checks<'_>, name: &str, site: &Site, scope: &Scope<'_>) {
    let mut located = files::located(site, scope);
    located.extend(site.routes.keys().map(|prefix| {
        routes::Located {
            prefix,
            what: "a route",
            span: cx
                .document
                .key_at(&[Key("sites"), Key(name), Key("routes"), Key(prefix)]),
        }
    }));
    routes::refuse_duplicates(cx, located);
}
