//! What servers of `http` listen on, and which of them answers there.

use super::http::ServerId;
use super::scope::Statement;
use crate::source::Span;
use crate::values::address::Host;
use crate::values::hostnames::Hostnames;
use crate::values::regex::Regex;
use foldhash::HashMap;
use std::rc::Rc;

/// All sockets, in the order of first mention.
#[derive(Debug, Clone, Default)]
pub struct Sockets<'m> {
    /// All of them.
    pub all: Vec<Socket<'m>>,
    pub(crate) by_key: HashMap<SocketKey, usize>,
}

/// What tells sockets apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SocketKey {
    /// The address; a name is not resolved.
    pub host: Host,
    /// The port; 0 for a unix socket.
    pub port: u16,
    /// QUIC, which is UDP.
    pub datagram: bool,
}

/// An address and a port that servers listen on.
#[derive(Debug, Clone)]
pub struct Socket<'m> {
    /// What tells it from others.
    pub key: SocketKey,
    /// As nginx prints it.
    pub text: String,
    /// Every address of the machine.
    pub wildcard: bool,
    /// Who listens, in reading order; each server once.
    pub listens: Vec<Listen<'m>>,
    /// The server for names that no server has.
    pub default_server: ServerId,
    /// The place of `default_server`, if one says so.
    pub default: Option<Span>,
    /// The `listen` that sets options of the socket.
    pub options: Option<Statement<'m>>,
    /// TLS.
    pub ssl: bool,
    /// HTTP/2 by the parameter of `listen`.
    pub http2: bool,
    /// QUIC.
    pub quic: bool,
    /// The PROXY protocol.
    pub proxy_protocol: bool,
    /// Which names go to which server, and where they are written; empty where only one
    /// server listens.
    pub names: Hostnames<(ServerId, Span)>,
    /// Expressions, in the order in which nginx tries them.
    pub regexes: Vec<(Rc<Regex>, ServerId)>,
}

/// One server on a socket.
#[derive(Debug, Clone, Copy)]
pub struct Listen<'m> {
    /// The server.
    pub server: ServerId,
    /// Its directive; `None` where it has none and listens on port 80.
    pub statement: Option<Statement<'m>>,
    /// Where the address is.
    pub span: Span,
}

impl<'m> Sockets<'m> {
    /// A socket by its address, as it is written.
    #[must_use]
    pub fn find(&self, key: &SocketKey) -> Option<&Socket<'m>> {
        self.by_key.get(key).map(|index| &self.all[*index])
    }

    /// Those that a server listens on.
    pub fn of(&self, server: ServerId) -> impl Iterator<Item = &Socket<'m>> {
        let listens = move |socket: &&Socket<'m>| {
            let found = socket
                .listens
                .binary_search_by_key(&server, |listen| listen.server);
            found.is_ok()
        };
        self.all.iter().filter(listens)
    }
}

impl Socket<'_> {
    /// The server that has a host name in small letters, as a request gives it without the
    /// port (`ngx_http_find_virtual_server`).
    #[must_use]
    pub fn find(&self, host: &[u8]) -> Option<ServerId> {
        if let Some((server, _)) = self.names.find(host) {
            return Some(server);
        }
        let matching = self.regexes.iter().find(|(regex, _)| regex.is_match(host));
        matching.map(|(_, server)| *server)
    }

    /// The server that answers to a host name: the default server where none has it.
    #[must_use]
    pub fn server_for(&self, host: &[u8]) -> ServerId {
        self.find(host).unwrap_or(self.default_server)
    }
}
