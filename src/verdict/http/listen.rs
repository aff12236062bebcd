//! `listen` (`ngx_http_core_listen`).

use super::super::reading::{Reading, refusal, warning};
use super::super::sockets::{Adding, Protocols, add};
use super::core::current_server;
use crate::directives::Family;
use crate::finding::Finding;
use crate::model::Statement;
use crate::model::sockets::SocketKey;
use crate::source::Span;
use crate::values::address::Host;
use crate::values::listen::SocketOptions;
use std::net::Ipv4Addr;

/// The parameters of a `listen`.
#[derive(Debug, Clone, Default)]
struct Parameters {
    socket: SocketOptions,
    default_server: bool,
    ssl: bool,
    http2: bool,
    quic: bool,
    proxy_protocol: bool,
}

impl Parameters {
    /// What nginx compares between servers.
    fn protocols(&self) -> Protocols {
        Protocols {
            proxy_protocol: self.proxy_protocol,
            ssl: self.ssl,
            http2: self.http2,
            quic: self.quic,
        }
    }

    /// The first parameter that QUIC cannot have.
    fn unfit_for_quic(&self) -> Option<&'static str> {
        let unfit = [
            ("fastopen", self.socket.fastopen),
            ("backlog", self.socket.backlog),
            ("deferred", self.socket.deferred),
            ("multipath", self.socket.multipath),
            ("ssl", self.ssl),
            ("http2", self.http2),
            ("so_keepalive", self.socket.so_keepalive),
            ("proxy_protocol", self.proxy_protocol),
        ];
        unfit
            .iter()
            .find(|(_, given)| *given)
            .map(|(name, _)| *name)
    }
}

pub(super) fn listen<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    reading.state.listens = true;
    let Some((word, url)) = reading.listen_address(statement) else {
        return;
    };
    let Some(parameters) = parameters(reading, statement) else {
        return;
    };
    let port = match url.host {
        Host::Unix(_) => 0,
        _ => url.port.unwrap_or(80),
    };
    let Some(server) = current_server(reading) else {
        return;
    };
    for port in port..=url.last_port.unwrap_or(port) {
        let key = SocketKey {
            host: url.host.clone(),
            port,
            datagram: parameters.quic,
        };
        let listen = Adding {
            server,
            statement: Some(statement),
            span: word.span(),
            wildcard: url.wildcard,
            options: parameters.socket.set,
            default_server: parameters.default_server,
            protocols: parameters.protocols(),
        };
        if add(reading, Family::Http, key, &listen).is_err() {
            return;
        }
    }
}

fn parameters<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) -> Option<Parameters> {
    let mut parameters = Parameters::default();
    let multipath = reading.at_least(1, 29, 7);
    let quic = reading.at_least(1, 25, 0);
    for word in statement.args().skip(1) {
        let value = word.value();
        match &*value {
            b"default_server" | b"default" => parameters.default_server = true,
            b"ssl" => parameters.ssl = true,
            b"http2" => {
                parameters.http2 = true;
                if reading.at_least(1, 25, 1) {
                    reading.say(http2_is_deprecated(statement, word.span()));
                }
            }
            b"quic" if quic => parameters.quic = true,
            b"proxy_protocol" => parameters.proxy_protocol = true,
            b"spdy" if !reading.at_least(1, 19, 7) => reading.say(spdy(statement, word.span())),
            _ => match parameters.socket.take(&value, multipath) {
                Ok(true) => {}
                Ok(false) => {
                    refuse_parameter(reading, statement, word);
                    return None;
                }
                Err(nginx) => {
                    reading.refuse_listen_value(statement, word, nginx);
                    return None;
                }
            },
        }
    }
    if parameters.socket.accept_filter {
        let finding = Finding::warning(
            "unsupported-parameter",
            statement.head(),
            "Linux has no `accept_filter`, so nginx complains and goes on without it",
        );
        reading.say(finding.help("Write `deferred`, or remove it"));
    }
    if parameters.quic
        && let Some(other) = parameters.unfit_for_quic()
        && fits_badly(reading, other)
    {
        reading.say(
            refusal(
                statement,
                "invalid-listen",
                statement.head(),
                format!("`quic` and `{other}` exclude each other"),
                format!("\"listen\" directive \"{other}\" parameter is incompatible with \"quic\""),
            )
            .help("Write one `listen` for QUIC and one for TCP"),
        );
        return None;
    }
    Some(parameters)
}

/// The first releases with QUIC looked at few parameters.
fn fits_badly(reading: &Reading<'_>, parameter: &str) -> bool {
    match parameter {
        "fastopen" | "backlog" | "deferred" | "so_keepalive" => reading.at_least(1, 25, 4),
        _ => true,
    }
}

fn refuse_parameter<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    word: crate::syntax::Word<'m>,
) {
    let mut known = vec![
        "default_server",
        "ssl",
        "http2",
        "proxy_protocol",
        "reuseport",
        "bind",
        "deferred",
        "backlog=",
        "rcvbuf=",
        "sndbuf=",
        "ipv6only=on",
        "ipv6only=off",
        "so_keepalive=",
        "fastopen=",
    ];
    if reading.at_least(1, 25, 0) {
        known.push("quic");
    }
    reading.refuse_parameter(statement, word, &known);
}

fn http2_is_deprecated(statement: Statement<'_>, span: Span) -> Finding {
    warning(
        statement,
        "deprecated-parameter",
        span,
        "`http2` of `listen` is an old form of `http2 on`",
        "the \"listen ... http2\" directive is deprecated, use the \"http2\" directive instead",
    )
    .help("Remove `http2` here, and write `http2 on;` in the server")
}

fn spdy(statement: Statement<'_>, span: Span) -> Finding {
    warning(
        statement,
        "deprecated-parameter",
        span,
        "`spdy` is gone; HTTP/2 took its place",
        "invalid parameter \"spdy\": ngx_http_spdy_module was superseded by ngx_http_v2_module",
    )
    .help("Write `http2`")
}

/// A server that does not listen anywhere listens on port 80, as nginx does when root
/// starts it.
pub(super) fn server_ends<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    if let Some(server) = reading.model.http.servers.last_mut() {
        server.names.shrink_to_fit();
    }
    if reading.state.listens {
        return;
    }
    let key = SocketKey {
        host: Host::V4(Ipv4Addr::UNSPECIFIED),
        port: 80,
        datagram: false,
    };
    let Some(server) = current_server(reading) else {
        return;
    };
    let listen = Adding {
        server,
        statement: None,
        span: statement.head(),
        wildcard: true,
        options: false,
        default_server: false,
        protocols: Protocols::default(),
    };
    // The first `listen` of a server with no parameters is never refused.
    let _ = add(reading, Family::Http, key, &listen);
}
