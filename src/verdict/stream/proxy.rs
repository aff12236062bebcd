//! `ngx_stream_proxy_module` and `ngx_stream_ssl_module`, when servers inherit.

use super::super::reading::{Reading, late_refusal};
use super::super::sink::printed;
use super::super::tls;
use crate::finding::Finding;
use crate::model::{Model, ScopeId, Statement};

fn servers(model: &Model<'_>) -> Vec<ScopeId> {
    let servers = model.stream.servers.iter();
    servers.map(|server| server.scope).collect()
}

/// `ngx_stream_ssl_init`, which asks for certificates since 1.25.5.
pub(super) fn finish_ssl(reading: &mut Reading<'_>) {
    if !reading.at_least(1, 25, 5) {
        return;
    }
    let stream = &reading.model.stream;
    let findings = tls::of_sockets(&reading.model, &stream.sockets, |id| {
        let server = &stream.servers[id.0 as usize];
        (server.scope, server.statement)
    });
    for finding in findings {
        reading.say(finding);
    }
}

/// `ngx_stream_proxy_merge_srv_conf`: TLS towards upstreams.
pub(super) fn merge(reading: &mut Reading<'_>) {
    for scope in servers(&reading.model) {
        let model = &reading.model;
        let on = model
            .value(scope, "proxy_ssl")
            .and_then(|statement| statement.arg(0));
        if on.is_some_and(|word| word.value().eq_ignore_ascii_case(b"on"))
            && let Some(finding) = tls::towards_upstream(reading, scope, "proxy")
        {
            reading.say(finding);
        }
    }
}

/// `ngx_stream_ssl_merge_conf` before 1.25.5, `ngx_stream_ssl_merge_srv_conf` since.
pub(super) fn merge_ssl(reading: &mut Reading<'_>) {
    let at = super::end_of_block(&reading.model);
    for scope in servers(&reading.model) {
        let finding = match reading.at_least(1, 25, 5) {
            true => tls::of_server(reading, scope, at),
            false => of_listen(reading, scope),
        };
        if let Some(finding) = finding {
            reading.say(finding);
        }
    }
}

/// Before 1.25.5 the last `listen … ssl` of a server asked for a certificate.
fn of_listen(reading: &Reading<'_>, scope: ScopeId) -> Option<Finding> {
    let model = &reading.model;
    if !model.has_all_around(scope) {
        return None;
    }
    let is_tls = |listen: &Statement<'_>| listen.args().any(|word| word.is("ssl"));
    let listen = model.scope(scope).named("listen").rfind(is_tls)?;
    let mode = "listen ... ssl";
    let certificates = model.effective(scope, "ssl_certificate");
    let keys = model.effective(scope, "ssl_certificate_key");
    let Some(last) = certificates.last().and_then(|statement| statement.arg(0)) else {
        return Some(tls::no_certificate(mode, listen, listen.head()));
    };
    if keys.len() >= certificates.len() {
        return tls::without_authority(reading, scope);
    }
    let (message, nginx) = match keys.is_empty() {
        true => (
            "the certificate has no `ssl_certificate_key`",
            format!("no \"ssl_certificate_key\" is defined for the \"{mode}\" directive"),
        ),
        false => (
            "there are more certificates than keys",
            format!(
                "no \"ssl_certificate_key\" is defined for certificate \"{}\" and the \"{mode}\" \
                 directive",
                printed(&last.value())
            ),
        ),
    };
    let finding = late_refusal(
        "missing-certificate",
        last.span(),
        message,
        nginx,
        Some(listen.end()),
    );
    Some(finding.help("Write one `ssl_certificate_key` for each `ssl_certificate`"))
}
