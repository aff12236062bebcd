//! TLS towards upstreams (`ngx_http_proxy_set_ssl`).

use super::super::super::reading::Reading;
use super::{Grpc, Protocol, Proxy, Uwsgi, of};
use crate::directives::Value;
use crate::model::upstream::Scheme;
use crate::model::{ScopeId, Statement};
use crate::verdict::setters::expressions;
use crate::verdict::tls;

/// Remembers that something is to be judged at the end.
pub(super) fn note<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    if statement.row.value == Value::Expression {
        expressions(reading, statement);
    }
    if let Some(protocol) = of(statement) {
        protocol.part(reading).tls = true;
    }
}

pub(super) fn merge(reading: &mut Reading<'_>, protocol: Protocol) {
    let encrypted: &[Scheme] = match protocol {
        Proxy => &[Scheme::Https],
        Uwsgi => &[Scheme::Suwsgi],
        Grpc => &[Scheme::Grpcs],
        _ => return,
    };
    if !protocol.part(reading).tls {
        return;
    }
    let pass = protocol.directive("pass");
    let references = &reading.model.http.upstreams.references;
    let scopes: Vec<ScopeId> = references
        .iter()
        .filter(|reference| {
            reference.statement.name() == pass
                && (reference.variable || encrypted.contains(&reference.scheme))
        })
        .map(|reference| reference.statement.scope)
        .collect();
    for scope in scopes {
        if let Some(finding) = tls::towards_upstream(reading, scope, protocol.name()) {
            reading.say(finding);
        }
    }
}
