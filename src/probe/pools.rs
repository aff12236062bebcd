//! The nodes behind a `*_pass`: the servers of an upstream, or the one host that it names.

use super::target::Address;
use crate::directives::Context;
use crate::evaluation::{Facts, Value};
use crate::model::{Model, ScopeId, Statement};
use crate::source::Span;
use crate::values::address::{Allowed, Host, parse_url};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStringExt;

/// Where requests go.
pub(super) struct Pool {
    /// The upstream's name, or the host as it is written.
    pub(super) name: String,
    /// Its nodes.
    pub(super) nodes: Vec<Node>,
    /// The name of the cookie that nginx sets to find the node again.
    pub(super) cookie: Option<String>,
    /// The scheme that is written.
    pub(super) https: bool,
    /// `$proxy_host`.
    pub(super) proxy_host: String,
    /// `$proxy_port`.
    pub(super) proxy_port: String,
}

impl Pool {
    /// Tells a request what its variables about the pool are.
    pub(super) fn tell(&self, facts: &mut Facts) {
        for (name, value) in [
            ("proxy_host", &self.proxy_host),
            ("proxy_port", &self.proxy_port),
        ] {
            facts.assign(name.as_bytes(), Value::known(value.as_str()));
        }
    }
}

/// A node, or why it is not asked.
pub(super) struct Node {
    /// Its place among the servers of its upstream.
    pub(super) index: usize,
    pub(super) written: String,
    pub(super) place: Span,
    pub(super) address: Result<Address, String>,
}

/// Reads the argument of a `*_pass`, in which variables stand for their values.
///
/// # Errors
/// Why nobody can be asked.
pub(super) fn pool(model: &Model<'_>, pass: Statement<'_>, text: &str) -> Result<Pool, String> {
    let (https, rest) = match text.split_once("://") {
        Some((scheme, rest)) => {
            let secure = ["https", "grpcs", "suwsgi"];
            (
                secure
                    .iter()
                    .any(|known| scheme.eq_ignore_ascii_case(known)),
                rest.to_owned(),
            )
        }
        None => (false, text.to_owned()),
    };
    let allowed = Allowed {
        uri: true,
        ..Allowed::default()
    };
    let url = parse_url(rest.as_bytes(), allowed).map_err(str::to_owned)?;
    let host = String::from_utf8_lossy(url.host_text).into_owned();
    let stream = model.scope(pass.scope).context == Context::StreamServer;
    let block = match url.port {
        None => upstream(model, &host, stream),
        Some(_) => None,
    };
    let default_port = if https { 443 } else { 80 };
    let nodes = match block {
        Some(block) => servers(model, block),
        None => vec![Node {
            index: 0,
            written: host.clone(),
            place: pass.arg(0).map_or(pass.head(), |word| word.span()),
            address: address(&url.host, url.port.or((!stream).then_some(default_port))),
        }],
    };
    let with_port = match url.port {
        Some(port) if port != default_port => format!("{host}:{port}"),
        _ => host.clone(),
    };
    let unix = matches!(url.host, Host::Unix(_));
    Ok(Pool {
        name: if block.is_some() { host } else { rest.clone() },
        nodes,
        cookie: block.and_then(|block| cookie(model, block)),
        https,
        // `ngx_http_proxy_set_vars`.
        proxy_host: if unix {
            "localhost".to_owned()
        } else {
            with_port
        },
        proxy_port: match url.port {
            _ if unix => String::new(),
            port => port.unwrap_or(default_port).to_string(),
        },
    })
}

fn upstream(model: &Model<'_>, name: &str, stream: bool) -> Option<ScopeId> {
    let wanted = if stream {
        Context::StreamUpstream
    } else {
        Context::Upstream
    };
    let named = |scope: &crate::model::Scope<'_>| {
        let opener = scope.opener.filter(|_| scope.context == wanted)?;
        let word = opener.arg(0)?.value();
        word.eq_ignore_ascii_case(name.as_bytes()).then_some(())
    };
    let index = model
        .scopes
        .iter()
        .position(|scope| named(scope).is_some())?;
    Some(ScopeId(u32::try_from(index).ok()?))
}

/// `sticky cookie NAME` of an upstream.
fn cookie(model: &Model<'_>, upstream: ScopeId) -> Option<String> {
    let sticky = model.scope(upstream).named("sticky").next()?;
    let name = sticky
        .arg(0)
        .filter(|word| word.is("cookie"))
        .and(sticky.arg(1))?;
    Some(name.to_str().into_owned())
}

fn servers(model: &Model<'_>, upstream: ScopeId) -> Vec<Node> {
    let servers = model.scope(upstream).named("server").enumerate();
    servers
        .filter_map(|(index, server)| {
            let word = server.arg(0)?;
            let flag = |name: &str| server.args().any(|word| word.is(name));
            let parameter = |name: &str| {
                server
                    .args()
                    .any(|word| word.value().starts_with(name.as_bytes()))
            };
            let value = word.value();
            let read = || match parse_url(&value, Allowed::default()) {
                Ok(url) => address(&url.host, Some(url.port.unwrap_or(80))),
                Err(words) => Err(words.to_owned()),
            };
            Some(Node {
                index,
                written: word.to_str().into_owned(),
                place: server.head(),
                address: if flag("down") {
                    Err("it is `down`".to_owned())
                } else if parameter("service=") {
                    Err("SRV records say where it is".to_owned())
                } else {
                    read()
                },
            })
        })
        .collect()
}

fn address(host: &Host, port: Option<u16>) -> Result<Address, String> {
    let port = port.ok_or_else(|| "it has no port".to_owned());
    Ok(match host {
        Host::V4(ip) => Address::Ip(SocketAddr::new((*ip).into(), port?)),
        Host::V6(ip) => Address::Ip(SocketAddr::new((*ip).into(), port?)),
        Host::Unix(path) => Address::Unix(OsString::from_vec(path.clone()).into()),
        Host::Name(name) => Address::Name(String::from_utf8_lossy(name).into_owned(), port?),
    })
}
