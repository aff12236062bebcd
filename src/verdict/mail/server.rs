//! Servers, and what they listen on (`src/mail/ngx_mail_core_module.c`).

use super::super::pairs::Pair;
use super::super::reading::{Reading, late_refusal};
use super::super::sink::printed;
use crate::directives::Context;
use crate::model::Statement;
use crate::model::mail::{MailServer, Protocol};
use crate::values::listen::SocketOptions;

/// `server`.
pub(super) fn open<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let scope = reading.opened;
    reading.model.mail.servers.push(MailServer {
        scope,
        statement,
        protocol: None,
        listens: Vec::new(),
        ssl: None,
    });
}

/// The end of `server`.
pub(super) fn close<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(server) = reading.model.mail.servers.last() else {
        return;
    };
    if !server.listens.is_empty() || !reading.model.has_all_of(&[Context::MailServer]) {
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
        .help("Write a `listen`, as in `listen 143`"),
    );
}

/// `protocol`.
pub(super) fn protocol<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else {
        return;
    };
    let value = word.value();
    match Protocol::of_name(&value) {
        Some(protocol) => {
            if let Some(server) = reading.model.mail.servers.last_mut() {
                server.protocol = Some(protocol);
            }
        }
        None => reading.refuse(
            statement,
            word,
            "invalid-value",
            format!("`{}` is no protocol of mail", word.to_str()),
            format!("unknown protocol \"{}\"", printed(&value)),
            "Write `imap`, `pop3` or `smtp`",
        ),
    }
}

/// `listen`.
pub(super) fn listen<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    if let Some(server) = reading.model.mail.servers.last_mut() {
        server.listens.push(statement);
    }
    let Some((word, url)) = reading.listen_address(statement) else {
        return;
    };
    let mut options = SocketOptions::default();
    let mut ssl = false;
    let proxy_protocol = reading.at_least(1, 19, 8);
    let multipath = reading.at_least(1, 29, 7);
    for word in statement.args().skip(1) {
        let value = word.value();
        let is_foreign = |value: &[u8]| {
            value == b"deferred" || value == b"reuseport" || value.starts_with(b"fastopen=")
        };
        match &*value {
            b"ssl" => ssl = true,
            b"proxy_protocol" if proxy_protocol => {}
            value if is_foreign(value) => {
                return reading.refuse_listen_parameter(statement, word, KNOWN);
            }
            value => match options.take(value, multipath) {
                Ok(true) => {}
                Ok(false) => return reading.refuse_listen_parameter(statement, word, KNOWN),
                Err(nginx) => return reading.refuse_listen_value(statement, word, nginx),
            },
        }
    }
    if let Some(server) = reading.model.mail.servers.last_mut() {
        server.protocol = server.protocol.or_else(|| Protocol::of_port(url.port?));
        if ssl {
            server.ssl = Some(statement);
        }
    }
    let pair = Pair {
        host: url.host.clone(),
        port: url.port.unwrap_or_default(),
        datagram: false,
        wildcard: url.wildcard,
        bind: options.set,
        span: word.span(),
    };
    let last = url.last_port;
    let pairs = &mut reading.state.mail_pairs;
    let taken = pairs.add(pair, last);
    if let Some(taken) = taken {
        reading.refuse_pair(statement, word, taken);
    }
}

/// The parameters of `listen` that a person may have meant.
const KNOWN: &[&str] = &[
    "ssl",
    "proxy_protocol",
    "bind",
    "backlog=",
    "rcvbuf=",
    "sndbuf=",
    "ipv6only=on",
    "ipv6only=off",
    "so_keepalive=",
];

/// `ngx_mail_core_merge_srv_conf`.
pub(super) fn merge(reading: &mut Reading<'_>) {
    let servers = &reading.model.mail.servers;
    let unknown: Vec<_> = servers
        .iter()
        .filter(|server| server.protocol.is_none())
        .map(|server| server.statement)
        .collect();
    for statement in unknown {
        reading.say(
            late_refusal(
                "unknown-mail-protocol",
                statement.head(),
                "neither `protocol` nor a port says what the server speaks",
                "unknown mail protocol for server",
                Some(statement.end()),
            )
            .help("Write `protocol imap`, `protocol pop3` or `protocol smtp`"),
        );
    }
}

/// `ngx_mail_optimize_servers`.
pub(super) fn count_sockets(reading: &mut Reading<'_>) {
    reading.state.events.sockets += reading.state.mail_pairs.sockets();
}
