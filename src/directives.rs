//! What nginx knows about its own directives.
//!
//! One table ([`lookup`], [`find`]) says for every directive of every release from
//! [`OLDEST`](crate::version::OLDEST) to [`MAINLINE`](crate::version::MAINLINE) which
//! module has it, where it may stand, how many arguments it takes, what they are and
//! what a second one does; another says which variables there are ([`find_variable`]).
//! The facts are read from nginx's sources and documentation
//! into `schemas/directives` by `cargo xtask directives`, which makes the table from
//! them as well.
//!
//! Knows nothing of spans, trees or findings, and does no I/O.

mod arity;
mod context;
mod index;
mod info;
mod modules;
mod nearest;
#[rustfmt::skip] // one line per directive
mod table;
mod variable;

pub use arity::Arity;
pub use context::{Context, Contexts, ParseContextError};
pub use info::{
    Body, Built, DirectiveInfo, Documentation, Family, Module, Notes, Origin, Repeat, Value,
};
pub use modules::{Modules, UnknownModule};
pub use nearest::nearest;
pub use variable::{VariableInfo, all_variables, find_variable};

use crate::version::Target;
use index::Index;
use table::TABLE;

/// The directives of `http` that hand requests to a backend.
pub const PASSES: &[&str] = &[
    "proxy_pass",
    "uwsgi_pass",
    "fastcgi_pass",
    "scgi_pass",
    "grpc_pass",
    "memcached_pass",
];

/// Every variant of every directive, sorted by name, then by module and release.
#[must_use]
pub fn all() -> &'static [DirectiveInfo] {
    TABLE
}

/// Every variant of the directive `name`; none when it is unknown.
#[must_use]
pub fn lookup(name: &[u8]) -> &'static [DirectiveInfo] {
    INDEX.rows(TABLE, name, |row| row.name)
}

/// Names a row of [`all`] in few bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(u16);

impl RowId {
    /// The name of a row.
    ///
    /// # Panics
    /// If the row is not one of [`all`].
    #[must_use]
    #[inline]
    pub fn of(row: &'static DirectiveInfo) -> Self {
        let place = TABLE.element_offset(row);
        Self(place.expect("internal: a row of the table") as u16)
    }

    /// Its place in [`all`].
    #[must_use]
    #[inline]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The row.
    #[must_use]
    #[inline]
    pub fn row(self) -> &'static DirectiveInfo {
        &TABLE[self.index()]
    }
}

static INDEX: Index<4096> = {
    let mut names = [""; TABLE.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = TABLE[i].name;
        i += 1;
    }
    Index::of(&names)
};

/// The variants of the directive `name` in `target`, whichever modules that has.
///
/// Where nginx Plus has a variant of its own, that is the one for a target of Plus.
pub fn for_target(name: &[u8], target: Target) -> impl Iterator<Item = &'static DirectiveInfo> {
    let rows = lookup(name);
    rows.iter().filter(move |row| {
        let replaced = || {
            rows.iter()
                .any(|other| other.plus && other.module == row.module && other.holds_in(target))
        };
        row.holds_in(target) && (row.plus || !target.is_plus() || !replaced())
    })
}

/// What nginx's look-up of a directive comes to (`ngx_conf_handler`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// `unknown directive`.
    Unknown,
    /// `directive is not allowed here`.
    NotAllowedHere,
    /// The one that counts here; its arguments and its body are to be judged next.
    Here(&'static DirectiveInfo),
}

/// Looks `name` up as nginx does that is `target`, has `modules` and reads a block of
/// the kind `context`.
#[must_use]
pub fn find(name: &[u8], context: Context, target: Target, modules: &Modules) -> Found {
    let mut found = Found::Unknown;
    for row in for_target(name, target).filter(|row| modules.have(row)) {
        if row.contexts.contains(context) {
            return Found::Here(row);
        }
        found = Found::NotAllowedHere;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::{MAINLINE, OLDEST, Version};

    fn target(text: &str) -> Target {
        text.parse().unwrap()
    }

    /// What nginx finds, in short: `module arguments body`, or why nothing.
    fn here(name: &str, context: Context, version: &str) -> String {
        match find(name.as_bytes(), context, target(version), &Modules::All) {
            Found::Unknown => "unknown".to_owned(),
            Found::NotAllowedHere => "not allowed here".to_owned(),
            Found::Here(d) => format!("{}, {}, {:?}", d.module.name, d.arguments, d.body),
        }
    }

    #[test]
    fn the_rows_are_sorted_and_differ() {
        for pair in all().windows(2) {
            assert!(
                pair[0].name <= pair[1].name,
                "{} is misplaced",
                pair[1].name
            );
            assert_ne!(pair[0], pair[1]);
        }
    }

    #[test]
    fn every_row_is_found_by_its_name() {
        for row in all() {
            let rows = lookup(row.name.as_bytes());
            assert!(rows.contains(row), "{}", row.name);
            assert!(rows.iter().all(|r| r.name == row.name), "{}", row.name);
        }
        assert!(lookup(b"no_such_directive").is_empty());
        assert!(lookup(b"").is_empty());
        assert!(lookup(b"\xff\xfe").is_empty());
    }

    #[test]
    fn every_row_has_a_name_of_its_own() {
        for row in all() {
            assert!(std::ptr::eq(RowId::of(row).row(), row), "{}", row.name);
        }
    }

    #[test]
    fn every_row_can_hold() {
        for row in all() {
            assert!(!row.contexts.is_empty(), "{}", row.name);
            let since = row.since.unwrap_or(Version::new(1, 0, 0));
            assert!(since <= MAINLINE, "{}", row.name);
            assert!(row.until.is_none_or(|until| since < until), "{}", row.name);
            assert!(row.until.is_none_or(|until| OLDEST < until), "{}", row.name);
            if let Value::Enum(values) | Value::Bitmask(values) = row.value {
                assert!(!values.is_empty(), "{}", row.name);
            }
            assert!(
                row.notes
                    .needs
                    .is_none_or(|n| all().iter().any(|d| d.module.name == n)),
                "{}",
                row.name
            );
        }
    }

    #[test]
    fn one_variant_of_nginx_counts_at_one_place() {
        for row in all().iter().filter(|d| d.module.origin == Origin::Nginx) {
            for other in lookup(row.name.as_bytes()) {
                let meet = row.contexts.iter().any(|c| other.contexts.contains(c));
                let begin = row.since.max(other.since);
                let both = [row.until, other.until]
                    .iter()
                    .flatten()
                    .all(|u| begin < Some(*u));
                let rival = other.module.origin == Origin::Nginx && other.plus == row.plus;
                assert!(other == row || !(meet && both && rival), "{}", row.name);
            }
        }
    }

    #[test]
    fn the_place_decides_about_the_variant() {
        use Context::*;
        let shown: Vec<_> = [
            ("server", Http, "1.18"),
            ("server", Upstream, "1.18"),
            ("server", Stream, "1.18"),
            ("server", Server, "1.18"),
            ("proxy_pass", Location, "1.28"),
            ("proxy_pass", StreamServer, "1.28"),
            ("proxy_pass", Server, "1.28"),
            ("location", Location, "1.28"),
            ("location", IfInLocation, "1.28"),
            ("if", Server, "1.28"),
            ("include", OidcProvider, "1.28"),
            ("map", Http, "1.28"),
            ("content_by_lua_block", Location, "1.28"),
            ("upstream", Http, "1.28"),
            ("worker_connections", Main, "1.28"),
            ("no_such_thing", Main, "1.28"),
        ]
        .iter()
        .map(|(name, context, version)| {
            format!("{name} in {context}: {}", here(name, *context, version))
        })
        .collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        server in http: ngx_http_core_module, no argument, Directives({Server})
        server in upstream: ngx_http_upstream_module, at least one argument, Semicolon
        server in stream: ngx_stream_core_module, no argument, Directives({StreamServer})
        server in server: not allowed here
        proxy_pass in location: ngx_http_proxy_module, one argument, Semicolon
        proxy_pass in server in stream: ngx_stream_proxy_module, one argument, Semicolon
        proxy_pass in server: not allowed here
        location in location: ngx_http_core_module, one or two arguments, Directives({Location})
        location in if in location: not allowed here
        if in server: ngx_http_rewrite_module, at least one argument, Directives({IfInServer, IfInLocation})
        include in oidc_provider: ngx_conf_module, one argument, Semicolon
        map in http: ngx_http_map_module, two arguments, Entries
        content_by_lua_block in location: ngx_http_lua_module, no argument, Lua
        upstream in http: ngx_http_upstream_module, one argument, Directives({Upstream})
        worker_connections in main: not allowed here
        no_such_thing in main: unknown
        ");
    }

    #[test]
    fn the_release_decides_about_the_variant() {
        use Context::*;
        let shown: Vec<_> = [
            ("max_headers", Http, "1.29.7"),
            ("max_headers", Http, "1.29.8"),
            ("http2", Server, "1.25.0"),
            ("http2", Server, "1.25.1"),
            ("ssl", Server, "1.25.0"),
            ("ssl", Server, "1.25.1"),
            ("keepalive", Upstream, "1.29.6"),
            ("keepalive", Upstream, "1.29.7"),
            ("sticky", Upstream, "1.29.5"),
            ("sticky", Upstream, "1.29.6"),
            ("sticky", Upstream, "plus-r35"),
            ("health_check", Location, "mainline"),
            ("health_check", Location, "plus-r35"),
            ("resolver", Upstream, "1.27.2"),
            ("resolver", Upstream, "plus-r33"),
            ("resolver", Upstream, "1.27.3"),
            ("client_body_early_read", Server, "1.30"),
            ("client_body_early_read", Server, "mainline"),
        ]
        .iter()
        .map(|(name, context, version)| {
            format!("{name} in {version}: {}", here(name, *context, version))
        })
        .collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        max_headers in 1.29.7: unknown
        max_headers in 1.29.8: ngx_http_core_module, one argument, Semicolon
        http2 in 1.25.0: unknown
        http2 in 1.25.1: ngx_http_v2_module, one argument, Semicolon
        ssl in 1.25.0: ngx_http_ssl_module, one argument, Semicolon
        ssl in 1.25.1: unknown
        keepalive in 1.29.6: ngx_http_upstream_keepalive_module, one argument, Semicolon
        keepalive in 1.29.7: ngx_http_upstream_keepalive_module, one or two arguments, Semicolon
        sticky in 1.29.5: unknown
        sticky in 1.29.6: ngx_http_upstream_sticky_module, at least two arguments, Semicolon
        sticky in plus-r35: ngx_http_upstream_module, at least two arguments, Semicolon
        health_check in mainline: unknown
        health_check in plus-r35: ngx_http_upstream_hc_module, any number of arguments, Semicolon
        resolver in 1.27.2: not allowed here
        resolver in plus-r33: ngx_http_upstream_module, at least one argument, Semicolon
        resolver in 1.27.3: ngx_http_upstream_module, at least one argument, Semicolon
        client_body_early_read in 1.30: unknown
        client_body_early_read in mainline: ngx_http_core_module, at least one argument, Semicolon
        ");
    }

    #[test]
    fn nginx_plus_has_its_own_values() {
        let values = |version: &str| {
            let rows = for_target(b"proxy_next_upstream", target(version));
            let found: Vec<_> = rows
                .filter_map(|d| match d.value {
                    Value::Bitmask(values) => Some(values.contains(&"denied")),
                    _ => None,
                })
                .collect();
            found
        };
        assert_eq!(values("1.29.3"), [false]);
        assert_eq!(values("plus-r35"), [false]);
        assert_eq!(values("plus-r36"), [true]);
    }

    #[test]
    fn the_modules_decide_about_the_name() {
        let found = |name: &str, modules: &str| {
            let modules = Modules::parse(modules).unwrap();
            let rows = for_target(name.as_bytes(), target("1.28"));
            rows.filter(|d| modules.have(d)).count() > 0
        };
        assert!(found("ssl_certificate", "all"));
        assert!(!found("ssl_certificate", ""));
        assert!(found("ssl_certificate", "http_ssl_module"));
        assert!(found("ssl_certificate", "http_ssl"));
        assert!(found("proxy_ssl_verify", "ngx_http_ssl_module"));
        assert!(!found("proxy_ssl_verify", "http_v2"));
        assert!(found("proxy_buffering", ""));
        assert!(!found("preread_timeout", ""));
        assert!(found("preread_timeout", "stream"));
        assert!(!found("ssl_preread", "stream"));
        assert!(found("ssl_preread", "stream,stream_ssl_preread"));
        assert!(found("content_by_lua_block", "lua"));
        assert!(!found("content_by_lua_block", "brotli"));
        assert!(found("epoll_events", "") && !found("kqueue_events", ""));
        assert_eq!(
            Modules::parse("http_ssl,sll"),
            Err(UnknownModule("sll".to_owned()))
        );
    }

    #[test]
    fn an_if_opens_what_it_stands_in() {
        let body = lookup(b"if")[0].body;
        assert_eq!(body.context_in(Context::Server), Some(Context::IfInServer));
        assert_eq!(
            body.context_in(Context::Location),
            Some(Context::IfInLocation)
        );
        assert_eq!(
            body.context_in(Context::IfInServer),
            Some(Context::IfInLocation)
        );
        let http = lookup(b"http")[0].body;
        assert_eq!(http.context_in(Context::Main), Some(Context::Http));
        assert_eq!(lookup(b"types")[0].body.context_in(Context::Http), None);
    }

    #[test]
    fn the_documentation_is_found() {
        let url = |name: &str| lookup(name.as_bytes())[0].url();
        assert_eq!(
            url("gzip_vary").as_deref(),
            Some("https://nginx.org/en/docs/http/ngx_http_gzip_module.html#gzip_vary")
        );
        assert_eq!(
            url("events").as_deref(),
            Some("https://nginx.org/en/docs/ngx_core_module.html#events")
        );
        assert_eq!(url("post_action"), None);
        assert_eq!(url("more_set_headers"), None);
    }

    #[test]
    fn some_directives_count_as_the_same() {
        let buffer = &lookup(b"proxy_downstream_buffer")[0];
        assert_eq!(
            buffer.notes.same_as,
            ["proxy_buffer_size", "proxy_upstream_buffer"]
        );
        assert_eq!(buffer.notes.deprecated, Some("proxy_buffer_size"));
    }
}
