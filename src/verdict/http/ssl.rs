//! `ngx_http_ssl_module`.

use super::super::reading::Reading;
use super::super::tls;
use super::end_of_block;
use super::modules::Module;
use crate::model::ScopeId;

pub(super) const MODULE: Module = Module {
    setter: tls::setter,
    merge,
    finish,
    ..Module::NONE
};

fn merge(reading: &mut Reading<'_>) {
    let at = end_of_block(&reading.model);
    let scopes: Vec<ScopeId> = {
        let servers = reading.model.http.servers.iter();
        servers.map(|server| server.scope).collect()
    };
    for scope in scopes {
        if let Some(finding) = tls::of_server(reading, scope, at) {
            reading.say(finding);
        }
    }
}

fn finish(reading: &mut Reading<'_>) {
    let http = &reading.model.http;
    let findings = tls::of_sockets(&reading.model, &http.sockets, |id| {
        let server = http.server(id);
        (server.scope, server.statement)
    });
    for finding in findings {
        reading.say(finding);
    }
}
