//! Servers for hosts that nobody has.

use super::sockets::{listen_lines, listen_words};
use super::tls::{TlsSettings, shared_tls};
use crate::render::arg::Arg;
use crate::topology::model::{Listen, Tls, TlsProfile, Topology};
use crate::version::Target;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A server for hosts that nobody has.
#[derive(Debug, Clone, Serialize)]
pub struct CatchAll {
    /// `listen` lines, their arguments.
    pub listen: Vec<Vec<Arg>>,
    /// Whether the handshake itself is refused (1.19.4 and later).
    pub reject_handshake: bool,
    /// A certificate for releases that cannot refuse the handshake.
    pub certificate: Option<Arg>,
    /// Its key.
    pub key: Option<Arg>,
    /// TLS settings, where sites do not share them.
    pub tls: Option<TlsSettings>,
}

/// One catch-all for all plain sockets, and one for the TLS sockets of each profile. The
/// socket's default server answers whoever asks for a host that no site has.
pub(super) fn catch_all(topology: &Topology, target: Target) -> Vec<CatchAll> {
    let mut plain = BTreeSet::new();
    let mut tls: BTreeMap<(TlsProfile, bool), (BTreeSet<Listen>, &Tls)> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for site in topology.sites.values() {
        plain.extend(site.plain_sockets());
        let Some(settings) = site.tls() else { continue };
        for socket in site.tls_sockets() {
            if seen.insert(socket.clone()) {
                let key = (settings.profile(), settings.speaks_http2());
                tls.entry(key)
                    .or_insert_with(|| (BTreeSet::new(), settings))
                    .0
                    .insert(socket);
            }
        }
    }
    let default_first = |mut words: Vec<Arg>| {
        words.insert(0, "default_server".into());
        words
    };
    let mut servers = Vec::new();
    if !plain.is_empty() {
        let words = default_first(listen_words(topology, target, false, false));
        servers.push(CatchAll {
            listen: listen_lines(&plain.into_iter().collect::<Vec<_>>(), &words),
            reject_handshake: false,
            certificate: None,
            key: None,
            tls: None,
        });
    }
    let shared = shared_tls(topology, target).is_some();
    for ((profile, http2), (sockets, settings)) in tls {
        let words = default_first(listen_words(topology, target, true, http2));
        let rejects = target.at_least(1, 19, 4);
        let file = |path: &Option<String>| path.as_deref().filter(|_| !rejects).map(Arg::from);
        servers.push(CatchAll {
            listen: listen_lines(&sockets.into_iter().collect::<Vec<_>>(), &words),
            reject_handshake: rejects,
            certificate: file(&settings.certificate),
            key: file(&settings.key),
            tls: (!shared).then(|| TlsSettings::new(topology, target, profile)),
        });
    }
    servers
}
