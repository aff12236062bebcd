//! Requests for permission (`src/mail/ngx_mail_auth_http_module.c`).

use super::super::reading::{Reading, late_refusal};
use super::super::sink::printed;
use crate::model::Statement;
use crate::values::address::{Allowed, parse_url};

/// `auth_http`.
pub(super) fn auth_http<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else {
        return;
    };
    let value = word.value();
    let address = value.strip_prefix(b"http://").unwrap_or(&value);
    let allowed = Allowed {
        listen: false,
        uri: true,
    };
    if let Err(error) = parse_url(address, allowed) {
        reading.refuse(
            statement,
            word,
            "invalid-address",
            format!("`{}` is no address: {error}", printed(address)),
            format!("{error} in auth_http \"{}\"", printed(address)),
            "Write `HOST:PORT/PATH`, as in `127.0.0.1:9000/auth`",
        );
    }
}

/// `ngx_mail_auth_http_merge_conf`.
pub(super) fn merge(reading: &mut Reading<'_>) {
    let model = &reading.model;
    let without: Vec<_> = model
        .mail
        .servers
        .iter()
        .filter(|server| model.value(server.scope, "auth_http").is_none())
        .map(|server| server.statement)
        .collect();
    for statement in without {
        reading.say(
            late_refusal(
                "missing-auth-http",
                statement.head(),
                "the server has no `auth_http` to ask for permission",
                "no \"auth_http\" is defined for server",
                Some(statement.end()),
            )
            .help("Write `auth_http 127.0.0.1:9000/auth` into the server or into `mail`"),
        );
    }
}
