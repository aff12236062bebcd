//! Which servers share a socket, in `http` and, since 1.25.5, in `stream`
//! (`src/http/ngx_http.c`, `src/stream/ngx_stream.c`).

use super::pairs::text_of;
use super::reading::{Reading, late_refusal};
use super::sink::warn;
use crate::directives::Family;
use crate::finding::Finding;
use crate::model::http::ServerId;
use crate::model::sockets::{Listen, Socket, SocketKey, Sockets};
use crate::model::{Model, Statement};
use crate::source::Span;
use crate::values::address::Host;
use crate::values::hostnames::Hostnames;
use foldhash::HashSet;

/// More sockets than a machine could have are not followed.
const MOST_SOCKETS: usize = 200_000;

/// What a socket speaks, which every server on it may say once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Protocols {
    pub(super) proxy_protocol: bool,
    pub(super) ssl: bool,
    pub(super) http2: bool,
    pub(super) quic: bool,
}

impl Protocols {
    fn or(self, other: Self) -> Self {
        Self {
            proxy_protocol: self.proxy_protocol || other.proxy_protocol,
            ssl: self.ssl || other.ssl,
            http2: self.http2 || other.http2,
            quic: self.quic || other.quic,
        }
    }
}

/// What nginx remembers of a socket to see whether a server redefines it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Redefinition {
    protocols: Option<Protocols>,
    changed: bool,
}

/// Of each socket of `http` and of `stream`.
#[derive(Debug, Default)]
pub(super) struct Redefinitions {
    http: Vec<Redefinition>,
    stream: Vec<Redefinition>,
}

fn redefinitions<'r>(reading: &'r mut Reading<'_>, family: Family) -> &'r mut Vec<Redefinition> {
    match family {
        Family::Stream => &mut reading.state.redefinitions.stream,
        _ => &mut reading.state.redefinitions.http,
    }
}

/// The sockets of a family.
pub(super) fn sockets<'r, 'm>(model: &'r mut Model<'m>, family: Family) -> &'r mut Sockets<'m> {
    match family {
        Family::Stream => &mut model.stream.sockets,
        _ => &mut model.http.sockets,
    }
}

/// Who comes to a socket.
pub(super) struct Adding<'m> {
    pub(super) server: ServerId,
    /// `None` for a server without `listen`.
    pub(super) statement: Option<Statement<'m>>,
    pub(super) span: Span,
    pub(super) wildcard: bool,
    /// It sets options of the socket.
    pub(super) options: bool,
    pub(super) default_server: bool,
    pub(super) protocols: Protocols,
}

/// Nothing more is read of the directive.
pub(super) struct Refused;

/// `ngx_http_add_listen`, `ngx_stream_add_listen`.
pub(super) fn add<'m>(
    reading: &mut Reading<'m>,
    family: Family,
    key: SocketKey,
    adding: &Adding<'m>,
) -> Result<(), Refused> {
    let listen = Listen {
        server: adding.server,
        statement: adding.statement,
        span: adding.span,
    };
    let sockets = sockets(&mut reading.model, family);
    if let Some(&index) = sockets.by_key.get(&key) {
        return join(reading, family, index, adding, listen);
    }
    if sockets.all.len() >= MOST_SOCKETS {
        return Err(Refused);
    }
    sockets.by_key.insert(key.clone(), sockets.all.len());
    let protocols = adding.protocols;
    sockets.all.push(Socket {
        text: text_of(&key.host, key.port),
        key,
        wildcard: adding.wildcard,
        listens: vec![listen],
        default_server: adding.server,
        default: adding.default_server.then_some(adding.span),
        options: adding.statement.filter(|_| adding.options),
        ssl: protocols.ssl,
        http2: protocols.http2,
        quic: protocols.quic,
        proxy_protocol: protocols.proxy_protocol,
        names: Hostnames::default(),
        regexes: Vec::new(),
    });
    redefinitions(reading, family).push(Redefinition::default());
    Ok(())
}

/// One more server on a socket (`ngx_http_add_addresses`, `ngx_stream_add_addresses`).
fn join<'m>(
    reading: &mut Reading<'m>,
    family: Family,
    index: usize,
    adding: &Adding<'m>,
    listen: Listen<'m>,
) -> Result<(), Refused> {
    let redefines = reading.at_least(1, 23, 4);
    let socket = &mut sockets(&mut reading.model, family).all[index];
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
    if adding.options {
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
    if adding.default_server {
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
        // That of a socket is always the same.
        quic: adding.protocols.quic,
    };
    let now = adding.protocols;
    let all = now.or(before);
    socket.proxy_protocol = all.proxy_protocol;
    socket.ssl = all.ssl;
    socket.http2 = all.http2;
    let first = socket.listens[0].span;
    let text = text.clone();
    let set = adding.options;
    let state = &mut redefinitions(reading, family)[index];
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
        .related(first, "first server here")
        .help("Write the same of these parameters in every `listen` of the address");
        finding.nginx = warn(
            format!("protocol options redefined for {text}"),
            place.or(Some(listen.span)),
        );
        reading.say(finding);
    }
    Ok(())
}

/// Counts the sockets that nginx opens: with a wildcard, those of the same port need none
/// of their own, unless they have options (`ngx_http_init_listening`).
pub(super) fn count(reading: &mut Reading<'_>, family: Family) {
    let sockets = sockets(&mut reading.model, family);
    let kind = |socket: &Socket<'_>| {
        let key = &socket.key;
        (std::mem::discriminant(&key.host), key.port, key.datagram)
    };
    let wildcards: HashSet<_> = { sockets.all.iter() }
        .filter(|socket| socket.wildcard)
        .map(kind)
        .collect();
    let own = |socket: &&Socket<'_>| {
        let bound = socket.wildcard || socket.options.is_some();
        // A name may have many addresses, or one that is there already.
        let is_name = matches!(socket.key.host, Host::Name(_));
        !is_name && (bound || !wildcards.contains(&kind(socket)))
    };
    let count = sockets.all.iter().filter(own).count();
    reading.state.events.sockets += count;
    reading.state.events.has_names |= sockets_have_names(reading, family);
}

fn sockets_have_names(reading: &mut Reading<'_>, family: Family) -> bool {
    let sockets = &sockets(&mut reading.model, family).all;
    { sockets.iter() }.any(|socket| matches!(socket.key.host, Host::Name(_)))
}
