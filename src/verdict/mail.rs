//! `mail`, and what nginx does when its block ends (`ngx_mail_block`).
//!
//! - `server` has `server`, `listen` and `protocol` (`src/mail/ngx_mail_core_module.c`).
//! - `auth_http` has the requests for permission (`src/mail/ngx_mail_auth_http_module.c`).
//! - `ssl` has TLS (`src/mail/ngx_mail_ssl_module.c`).

mod auth_http;
mod server;
mod ssl;

use super::reading::{Reading, Setter};
use super::tls;
use crate::directives::{Context, DirectiveInfo, Value};
use crate::model::Statement;

/// What reads a directive of this family.
pub(super) fn setter(row: &'static DirectiveInfo) -> Option<Setter> {
    let Value::Own(function) = row.value else {
        return None;
    };
    match function {
        "ngx_mail_core_server" => Some(server::open),
        "ngx_mail_core_listen" => Some(server::listen),
        "ngx_mail_core_protocol" => Some(server::protocol),
        "ngx_mail_auth_http" => Some(auth_http::auth_http),
        "ngx_mail_ssl_enable" => Some(ssl::enable),
        "ngx_mail_ssl_starttls" => Some(ssl::starttls),
        _ => tls::setter(row),
    }
}

/// What is done when the block of a directive of this family ends.
pub(super) fn closer(row: &'static DirectiveInfo) -> Option<Setter> {
    match row.value {
        Value::Own("ngx_mail_block") => Some(end),
        Value::Own("ngx_mail_core_server") => Some(server::close),
        _ => None,
    }
}

/// The modules merge their servers one after the other, then the sockets are counted.
fn end<'m>(reading: &mut Reading<'m>, _mail: Statement<'m>) {
    if reading
        .model
        .has_all_of(&[Context::Mail, Context::MailServer])
    {
        server::merge(reading);
        ssl::merge(reading);
        auth_http::merge(reading);
    }
    server::count_sockets(reading);
}
