//! Sockets: what `listen` says.

use crate::render::arg::Arg;
use crate::topology::model::{Listen, Site, Topology};
use crate::version::Target;

/// The addresses of a socket: a bare port listens on IPv4 and IPv6.
pub(super) fn addresses(listen: &Listen) -> Vec<Arg> {
    if listen.0.bytes().all(|b| b.is_ascii_digit()) {
        vec![
            listen.0.as_str().into(),
            format!("[::]:{}", listen.0).into(),
        ]
    } else {
        vec![listen.0.as_str().into()]
    }
}

/// The port of a socket; none for a unix socket.
pub(super) fn port(listen: &Listen) -> Option<&str> {
    if listen.0.starts_with("unix:") {
        return None;
    }
    let after_address = listen
        .0
        .rsplit_once(']')
        .map_or(listen.0.as_str(), |(_, rest)| rest);
    match after_address.rsplit_once(':') {
        Some((_, port)) => Some(port),
        None if listen.0.bytes().all(|b| b.is_ascii_digit()) => Some(&listen.0),
        None => Some("80"),
    }
}

/// Whether clients write a port into the URL of a site.
pub(super) fn has_unusual_port(site: &Site) -> bool {
    let plain = site.plain_sockets();
    let tls = site.tls_sockets();
    plain.iter().any(|socket| port(socket) != Some("80"))
        || tls.iter().any(|socket| port(socket) != Some("443"))
}

/// The words behind the address in `listen`.
pub(super) fn listen_words(
    topology: &Topology,
    target: Target,
    tls: bool,
    http2: bool,
) -> Vec<Arg> {
    let mut words = Vec::new();
    if tls {
        words.push("ssl".into());
        if http2 && !target.at_least(1, 25, 1) {
            words.push("http2".into());
        }
    }
    if topology
        .trusted_proxies
        .as_ref()
        .is_some_and(|p| p.proxy_protocol == Some(true))
    {
        words.push("proxy_protocol".into());
    }
    words
}

pub(super) fn listen_lines(sockets: &[Listen], words: &[Arg]) -> Vec<Vec<Arg>> {
    sockets
        .iter()
        .flat_map(addresses)
        .map(|address| {
            std::iter::once(address)
                .chain(words.iter().cloned())
                .collect()
        })
        .collect()
}
