//! Servers, and what they listen on (`src/stream/ngx_stream_core_module.c`).

use super::super::pairs::Pair;
use super::super::reading::{Reading, late_refusal, refusal};
use super::super::sockets::{Adding, Protocols, add};
use crate::directives::{Family, Origin};
use crate::model::Statement;
use crate::model::http::ServerId;
use crate::model::sockets::SocketKey;
use crate::model::stream::StreamServer;
use crate::values::address::Host;
use crate::values::listen::SocketOptions;

/// `server`.
pub(super) fn open<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let scope = reading.opened;
    reading.model.stream.servers.push(StreamServer {
        scope,
        statement,
        names: Vec::new(),
        listens: Vec::new(),
    });
}

/// The end of `server`.
pub(super) fn close<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(server) = reading.model.stream.servers.last() else {
        return;
    };
    if !server.listens.is_empty() || !reading.model.has_all_around(server.scope) {
        return;
    }
    reading.say(
        late_refusal(
            "missing-listen",
            statement.head(),
            "the server has no `listen`",
            "no \"listen\" is defined for server",
            Some(statement.end()),
        )
        .help("Write a `listen`, as in `listen 5432`"),
    );
}

/// The parameters of a `listen`.
#[derive(Default)]
struct Parameters {
    socket: SocketOptions,
    default_server: bool,
    udp: bool,
    ssl: bool,
    proxy_protocol: bool,
}

impl Parameters {
    /// The first parameter that UDP cannot have. 1.25.5 changed the order.
    fn unfit_for_udp(&self, is_new: bool) -> Option<&'static str> {
        let socket = &self.socket;
        let fastopen = ("fastopen", socket.fastopen);
        let unfit = [
            ("fastopen", socket.fastopen && is_new),
            ("backlog", socket.backlog),
            ("deferred", socket.deferred),
            ("multipath", socket.multipath),
            ("ssl", self.ssl),
            ("so_keepalive", socket.so_keepalive),
            ("proxy_protocol", self.proxy_protocol),
            fastopen,
        ];
        let first = unfit.iter().find(|(_, given)| *given);
        first.map(|(name, _)| *name)
    }
}

/// `listen`.
pub(super) fn listen<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    if let Some(server) = reading.model.stream.servers.last_mut() {
        server.listens.push(statement);
    }
    let Some((word, url)) = reading.listen_address(statement) else {
        return;
    };
    let Some(parameters) = parameters(reading, statement) else {
        return;
    };
    let port = match url.host {
        Host::Unix(_) => 0,
        _ => url.port.unwrap_or_default(),
    };
    if !reading.at_least(1, 25, 5) {
        let pair = Pair {
            host: url.host.clone(),
            port,
            datagram: parameters.udp,
            wildcard: url.wildcard,
            bind: parameters.socket.set,
            span: word.span(),
        };
        if let Some(taken) = reading.state.stream_pairs.add(pair, url.last_port) {
            reading.refuse_pair(statement, word, taken);
        }
        return;
    }
    let last = reading.model.stream.servers.len().checked_sub(1);
    let Some(server) = last.and_then(|last| u32::try_from(last).ok()) else {
        return;
    };
    for port in port..=url.last_port.unwrap_or(port) {
        let key = SocketKey {
            host: url.host.clone(),
            port,
            datagram: parameters.udp,
        };
        let listen = Adding {
            server: ServerId(server),
            statement: Some(statement),
            span: word.span(),
            wildcard: url.wildcard,
            options: parameters.socket.set,
            default_server: parameters.default_server,
            protocols: Protocols {
                ssl: parameters.ssl,
                proxy_protocol: parameters.proxy_protocol,
                ..Protocols::default()
            },
        };
        if add(reading, Family::Stream, key, &listen).is_err() {
            return;
        }
    }
}

fn parameters<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) -> Option<Parameters> {
    let is_new = reading.at_least(1, 25, 5);
    let has_fastopen = reading.at_least(1, 21, 0);
    let multipath = reading.at_least(1, 29, 7);
    let mut parameters = Parameters::default();
    for word in statement.args().skip(1) {
        let value = word.value();
        match &*value {
            b"udp" => parameters.udp = true,
            b"ssl" => parameters.ssl = true,
            b"proxy_protocol" => parameters.proxy_protocol = true,
            b"default_server" if is_new => parameters.default_server = true,
            b"deferred" if !is_new => {
                reading.refuse_listen_parameter(statement, word, KNOWN);
                return None;
            }
            value if value.starts_with(b"fastopen=") && !has_fastopen => {
                reading.refuse_listen_parameter(statement, word, KNOWN);
                return None;
            }
            value => match parameters.socket.take(value, multipath) {
                Ok(true) => {}
                Ok(false) => {
                    reading.refuse_listen_parameter(statement, word, KNOWN);
                    return None;
                }
                Err(nginx) => {
                    reading.refuse_listen_value(statement, word, nginx);
                    return None;
                }
            },
        }
    }
    if parameters.udp
        && let Some(other) = parameters.unfit_for_udp(is_new)
    {
        reading.say(
            refusal(
                statement,
                "invalid-listen",
                statement.head(),
                format!("`udp` and `{other}` exclude each other"),
                format!("\"listen\" directive \"{other}\" parameter is incompatible with \"udp\""),
            )
            .help("Write one `listen` for UDP and one for TCP"),
        );
        return None;
    }
    Some(parameters)
}

/// The parameters of `listen` that a person may have meant.
const KNOWN: &[&str] = &[
    "udp",
    "ssl",
    "proxy_protocol",
    "reuseport",
    "bind",
    "backlog=",
    "rcvbuf=",
    "sndbuf=",
    "ipv6only=on",
    "ipv6only=off",
    "so_keepalive=",
];

/// `ngx_stream_core_merge_srv_conf`, which wants to know before 1.27.1 what to do with
/// connections.
pub(super) fn merge(reading: &mut Reading<'_>) {
    if reading.at_least(1, 27, 1) || reading.state.has_unknown_directives {
        return;
    }
    let model = &reading.model;
    let handles = |statement: Statement<'_>| {
        let row = statement.row;
        let foreign = row.plus || row.module.origin != Origin::Nginx;
        foreign || matches!(row.name, "proxy_pass" | "pass" | "return")
    };
    let idle: Vec<_> = { model.stream.servers.iter() }
        .filter(|server| model.has_all_around(server.scope))
        .filter(|server| !model.scope(server.scope).statements().any(handles))
        .map(|server| server.statement)
        .collect();
    for statement in idle {
        reading.say(
            late_refusal(
                "missing-handler",
                statement.head(),
                "the server does nothing with connections",
                "no handler for server",
                Some(statement.end()),
            )
            .help("Write `proxy_pass` or `return`"),
        );
    }
}
