//! `listen`, and which servers share a socket (`ngx_http_core_listen`,
//! `ngx_http_add_listen`).

use super::super::reading::{Reading, late_refusal, refusal, warning};
use super::super::sink::{printed, warn};
use super::core::current_server;
use crate::finding::Finding;
use crate::model::Statement;
use crate::model::http::ServerId;
use crate::model::sockets::{Listen, Socket, SocketKey};
use crate::source::Span;
use crate::values::address::{Allowed, Host, parse_url};
use crate::values::hostnames::Hostnames;
use crate::values::listen::SocketOptions;
use std::net::Ipv4Addr;

/// More sockets than a machine could have are not followed.
const MOST_SOCKETS: usize = 200_000;

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

/// What a socket speaks, which every server on it may say once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Protocols {
    proxy_protocol: bool,
    ssl: bool,
    http2: bool,
}

impl Protocols {
    fn or(self, other: Self) -> Self {
        Self {
            proxy_protocol: self.proxy_protocol || other.proxy_protocol,
            ssl: self.ssl || other.ssl,
            http2: self.http2 || other.http2,
        }
    }
}

/// What nginx remembers of a socket to see whether a server redefines it.
#[derive(Debug, Clone, Copy, Default)]
pub(in super::super) struct Redefinition {
    protocols: Option<Protocols>,
    changed: bool,
}

pub(super) fn listen<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    reading.state.listens = true;
    let Some(word) = statement.arg(0) else { return };
    let value = word.value();
    let allowed = Allowed {
        listen: true,
        uri: false,
    };
    let url = match parse_url(&value, allowed) {
        Ok(url) => url,
        Err(error) => {
            let shown = word.to_str();
            reading.refuse(
                statement,
                word,
                "invalid-listen",
                format!("`{shown}` is nothing to listen on: {error}"),
                format!(
                    "{error} in \"{}\" of the \"listen\" directive",
                    printed(&value)
                ),
                "Write a port, an address and a port such as `127.0.0.1:8000` or `[::]:80`, \
                 or `unix:` and a path",
            );
            return;
        }
    };
    let Some(parameters) = parameters(reading, statement) else {
        return;
    };
    let port = match url.host {
        Host::Unix(_) => 0,
        _ => url.port.unwrap_or(80),
    };
    let server = current_server(reading);
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
        };
        if add(reading, key, &parameters, listen).is_err() {
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
                    reading.refuse(
                        statement,
                        word,
                        "invalid-listen",
                        format!("the value of `{}` is wrong", word.to_str()),
                        nginx,
                        "Write a value that the parameter takes, or remove it",
                    );
                    return None;
                }
            },
        }
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

/// Who comes to a socket.
struct Adding<'m> {
    server: Option<ServerId>,
    /// `None` for a server without `listen`.
    statement: Option<Statement<'m>>,
    span: Span,
    wildcard: bool,
}

/// Nothing more is read of the directive.
struct Refused;

/// `ngx_http_add_listen`.
fn add<'m>(
    reading: &mut Reading<'m>,
    key: SocketKey,
    parameters: &Parameters,
    adding: Adding<'m>,
) -> Result<(), Refused> {
    let Some(server) = adding.server else {
        return Ok(());
    };
    let listen = Listen {
        server,
        statement: adding.statement,
        span: adding.span,
    };
    let sockets = &mut reading.model.http.sockets;
    if let Some(&index) = sockets.by_key.get(&key) {
        return join(reading, index, parameters, listen);
    }
    if sockets.all.len() >= MOST_SOCKETS {
        return Err(Refused);
    }
    sockets.by_key.insert(key.clone(), sockets.all.len());
    sockets.all.push(Socket {
        text: text_of(&key),
        key,
        wildcard: adding.wildcard,
        listens: vec![listen],
        default_server: server,
        default: parameters.default_server.then_some(adding.span),
        options: adding.statement.filter(|_| parameters.socket.set),
        ssl: parameters.ssl,
        http2: parameters.http2,
        quic: parameters.quic,
        proxy_protocol: parameters.proxy_protocol,
        names: Hostnames::default(),
        regexes: Vec::new(),
    });
    reading.state.redefinitions.push(Redefinition::default());
    Ok(())
}

/// One more server on a socket (`ngx_http_add_addresses`).
fn join<'m>(
    reading: &mut Reading<'m>,
    index: usize,
    parameters: &Parameters,
    listen: Listen<'m>,
) -> Result<(), Refused> {
    let redefines = reading.at_least(1, 23, 4);
    let socket = &mut reading.model.http.sockets.all[index];
    let place = listen.statement.map(|statement| statement.end());
    let text = &socket.text;
    // A server is read as a whole, so it can only be the last one.
    if let Some(last) = socket.listens.last()
        && last.server == listen.server
    {
        let finding = late_refusal(
            "duplicate-listen",
            listen.span,
            format!("the server listens on `{text}` twice"),
            format!("a duplicate listen {text}"),
            place,
        )
        .label("second")
        .related(last.span, "first")
        .help("Remove one of them");
        // A name may mean another address than it seems.
        if !matches!(socket.key.host, Host::Name(_)) {
            reading.say(finding);
        }
        return Err(Refused);
    }
    socket.listens.push(listen);
    let set_before = socket.options.is_some();
    if parameters.socket.set {
        if let Some(first) = socket.options {
            let finding = late_refusal(
                "duplicate-listen-options",
                listen.span,
                format!("the options of the socket `{text}` are given twice"),
                format!("duplicate listen options for {text}"),
                place,
            )
            .label("second")
            .related(first.head(), "first")
            .help("Keep parameters such as `backlog`, `reuseport` and `ipv6only` in one `listen`");
            reading.say(finding);
            return Err(Refused);
        }
        socket.options = listen.statement;
    }
    if parameters.default_server {
        if let Some(first) = socket.default {
            let finding = late_refusal(
                "duplicate-default-server",
                listen.span,
                format!("`{text}` has a default server already"),
                format!("a duplicate default server for {text}"),
                place,
            )
            .label("second")
            .related(first, "first")
            .help("Keep `default_server` in one of the servers");
            reading.say(finding);
            return Err(Refused);
        }
        socket.default = Some(listen.span);
        socket.default_server = listen.server;
    }
    let before = Protocols {
        proxy_protocol: socket.proxy_protocol,
        ssl: socket.ssl,
        http2: socket.http2,
    };
    let now = parameters.protocols();
    let all = now.or(before);
    socket.proxy_protocol = all.proxy_protocol;
    socket.ssl = all.ssl;
    socket.http2 = all.http2;
    socket.quic |= parameters.quic;
    let set = parameters.socket.set;
    let state = &mut reading.state.redefinitions[index];
    let differs = state.protocols.is_some_and(|protocols| protocols != now);
    let redefined;
    if all != before {
        let options_set = set_before || set;
        redefined = (options_set && !set) || state.changed || all != now;
        *state = Redefinition {
            protocols: Some(before),
            changed: true,
        };
    } else if all != now {
        redefined = set || differs;
        *state = Redefinition {
            protocols: Some(now),
            changed: true,
        };
    } else {
        redefined = (set && state.changed) || differs;
        state.protocols = Some(now);
    }
    if redefined && redefines {
        let mut finding = Finding::warning(
            "listen-protocols-differ",
            listen.span,
            format!("servers on `{text}` disagree about `ssl`, `http2` or `proxy_protocol`"),
        )
        .related(socket.listens[0].span, "first server here")
        .help("Write the same of these parameters in every `listen` of the address");
        finding.nginx = warn(
            format!("protocol options redefined for {text}"),
            place.or(Some(listen.span)),
        );
        reading.say(finding);
    }
    Ok(())
}

/// A server that does not listen anywhere listens on port 80, as nginx does when root
/// starts it.
pub(super) fn server_ends<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    if reading.state.listens {
        return;
    }
    let key = SocketKey {
        host: Host::V4(Ipv4Addr::UNSPECIFIED),
        port: 80,
        datagram: false,
    };
    let listen = Adding {
        server: current_server(reading),
        statement: None,
        span: statement.head(),
        wildcard: true,
    };
    // The first `listen` of a server with no parameters is never refused.
    let _ = add(reading, key, &Parameters::default(), listen);
}

/// An address as nginx prints it (`ngx_sock_ntop`).
fn text_of(key: &SocketKey) -> String {
    let SocketKey { host, port, .. } = key;
    match host {
        Host::V4(address) => format!("{address}:{port}"),
        Host::V6(address) => format!("[{address}]:{port}"),
        Host::Unix(path) => format!("unix:{}", printed(path)),
        Host::Name(name) => format!("{}:{port}", printed(name)),
    }
}
