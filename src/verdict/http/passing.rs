//! The modules that pass requests on: `ngx_http_proxy_module` and its like, which nginx
//! wrote from one pattern. `*_pass` itself is in `upstreams`.

mod buffers;
mod caches;
mod headers;
mod redirects;
mod tls;

use super::super::reading::{Reading, Setter};
use super::super::setters::function;
use super::super::tls::certificate_cache;
use super::modules::Module;
use crate::directives::{Context, DirectiveInfo, Value};
use crate::model::{Model, ScopeId, Statement};

pub(super) const MODULE: Module = Module {
    setter,
    merge,
    ..Module::NONE
};

/// One of the modules, in the order in which nginx merges them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Proxy,
    FastCgi,
    Uwsgi,
    Scgi,
    Grpc,
    Tunnel,
    Memcached,
}

use Protocol::{FastCgi, Grpc, Memcached, Proxy, Scgi, Tunnel, Uwsgi};

const ALL: [Protocol; 7] = [Proxy, FastCgi, Uwsgi, Scgi, Grpc, Tunnel, Memcached];

impl Protocol {
    fn of_module(name: &str) -> Option<Self> {
        Some(match name {
            "ngx_http_proxy_module" => Proxy,
            "ngx_http_fastcgi_module" => FastCgi,
            "ngx_http_uwsgi_module" => Uwsgi,
            "ngx_http_scgi_module" => Scgi,
            "ngx_http_grpc_module" => Grpc,
            "ngx_http_tunnel_module" => Tunnel,
            "ngx_http_memcached_module" => Memcached,
            _ => return None,
        })
    }

    /// What its directives begin with.
    fn name(self) -> &'static str {
        match self {
            Proxy => "proxy",
            FastCgi => "fastcgi",
            Uwsgi => "uwsgi",
            Scgi => "scgi",
            Grpc => "grpc",
            Tunnel => "tunnel",
            Memcached => "memcached",
        }
    }

    /// The name of one of its directives.
    fn directive(self, rest: &str) -> String {
        format!("{}_{rest}", self.name())
    }

    fn part<'r, 'm>(self, reading: &'r mut Reading<'m>) -> &'r mut Part<'m> {
        &mut reading.state.passing.0[self as usize]
    }
}

/// What is remembered until `http` ends.
#[derive(Debug, Default)]
pub(in super::super) struct State<'m>([Part<'m>; ALL.len()]);

/// Of one module.
#[derive(Debug, Default)]
struct Part<'m> {
    /// The blocks that set something about buffers.
    buffers: Vec<ScopeId>,
    /// What is compiled when blocks inherit.
    texts: Vec<Statement<'m>>,
    /// `*_cache` with the name of a zone.
    caches: Vec<Statement<'m>>,
    /// Something is set that is judged for connections with TLS.
    tls: bool,
}

fn setter(row: &'static DirectiveInfo) -> Option<Setter> {
    let protocol = Protocol::of_module(row.module.name)?;
    let rest = row.name.strip_prefix(protocol.name())?.strip_prefix('_')?;
    Some(match (function(row), rest) {
        ("ngx_http_upstream_param_set_slot", _) => headers::param,
        ("ngx_http_fastcgi_split_path_info", _) => headers::split_path_info,
        ("ngx_http_proxy_redirect", _) => redirects::redirect,
        ("ngx_http_proxy_cookie_domain", _) => redirects::cookie_domain,
        ("ngx_http_proxy_cookie_path", _) => redirects::cookie_path,
        ("ngx_http_proxy_cookie_flags", _) => redirects::cookie_flags,
        ("ngx_http_file_cache_set_slot", _) => caches::path,
        ("ngx_http_file_cache_valid_set_slot", _) => caches::valid,
        (_, "store") => caches::store,
        (_, "cache") => caches::cache,
        (_, "cache_key") => caches::key,
        (_, "ssl_certificate_cache") => certificate_cache,
        (_, "ssl_verify" | "ssl_certificate") => tls::note,
        (_, "set_header") if row.value == Value::Pair => headers::late,
        (_, "set_body") => headers::late,
        (
            _,
            "buffers"
            | "buffer_size"
            | "busy_buffers_size"
            | "temp_file_write_size"
            | "max_temp_file_size",
        ) if has_buffers(protocol) => buffers::note,
        _ => return None,
    })
}

fn has_buffers(protocol: Protocol) -> bool {
    matches!(protocol, Proxy | FastCgi | Uwsgi | Scgi)
}

fn of(statement: Statement<'_>) -> Option<Protocol> {
    Protocol::of_module(statement.row.module.name)
}

fn merge(reading: &mut Reading<'_>) {
    for protocol in ALL {
        buffers::merge(reading, protocol);
        caches::merge(reading, protocol);
        tls::merge(reading, protocol);
        headers::merge(reading, protocol);
    }
}

/// Whether what a block sets is ever looked at: what stands in `http` itself only where a
/// server inherits it, for which `inherits` asks.
fn counts(model: &Model<'_>, scope: ScopeId, inherits: impl Fn(ScopeId) -> bool) -> bool {
    if model.scope(scope).context != Context::Http {
        return true;
    }
    model
        .http
        .servers
        .iter()
        .any(|server| inherits(server.scope))
}
