//! What several parts of the view say in the same way.

use super::names;
use crate::render::arg::Arg;
use crate::topology::model::{LogFormat, Topology};
use serde::Serialize;

/// One `add_header`.
#[derive(Debug, Clone, Serialize)]
pub struct HeaderLine {
    /// The name.
    pub name: Arg,
    /// The value.
    pub value: Arg,
    /// Whether errors have it, too.
    pub always: bool,
}

/// One `access_log`.
#[derive(Debug, Clone, Serialize)]
pub struct LogLine {
    /// Its arguments.
    pub args: Vec<Arg>,
}

/// The scheme that Django is told.
pub(super) fn scheme(topology: &Topology) -> Arg {
    match &topology.trusted_proxies {
        Some(proxies) if proxies.proxy_protocol != Some(true) => Arg::expression(names::SCHEME),
        _ => Arg::expression("$scheme"),
    }
}

/// The header that carries request ids, and the variable that holds the id; `None` without
/// ids.
pub(super) fn request_id(topology: &Topology) -> Option<(String, Arg)> {
    let Some(id) = &topology.nginx.request_id else {
        return Some(("X-Request-ID".to_owned(), Arg::expression("$request_id")));
    };
    let variable = if id.trust {
        names::REQUEST_ID
    } else {
        "$request_id"
    };
    id.enabled.then(|| {
        let header = id
            .header
            .clone()
            .unwrap_or_else(|| "X-Request-ID".to_owned());
        (header, Arg::expression(variable))
    })
}

/// An `access_log` to a path, with the format and the exclusions of the whole.
pub(super) fn access_log(topology: &Topology, path: &str) -> LogLine {
    if path == "off" {
        return LogLine {
            args: vec!["off".into()],
        };
    }
    let log = topology.log();
    let format = match log.format() {
        LogFormat::Json => "djanginx_json",
        LogFormat::Combined => "combined",
    };
    let mut args: Vec<Arg> = vec![path.into(), format.into()];
    if !log.exclude.is_empty() {
        args.push(Arg::expression(format!("if={}", names::LOGGED)));
    }
    LogLine { args }
}
