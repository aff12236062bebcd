//! `unreachable-server`.

use crate::rules::meta::declare_rule;
use crate::rules::places::lacks_a_file;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A `server` without a name, or with the name `_` alone, that is the default server of none of its
    /// sockets.
    ///
    /// ## Why it matters
    ///
    /// Requests whose `Host` no server has go to the default server of the socket: the one marked
    /// `default_server`, else the first one. `_` is no wildcard but a name that nobody asks for. So no
    /// request reaches this `server`; which one is the first may depend on the order of included files.
    ///
    /// ## What to do
    ///
    /// Give it a `server_name`, or mark it `default_server`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/request_processing.html>
    /// - <https://nginx.org/en/docs/http/server_names.html>
    pub struct UnreachableServer {
        id: "unreachable-server",
        group: Nginx,
        severity: Warning,
    }
}

impl Rule for UnreachableServer {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (http, model) = (&cx.model.http, cx.model);
        // The sockets of each server, which a server knows only by looking at all of them.
        let mut instead = vec![None; http.servers.len()];
        let mut reached = vec![false; http.servers.len()];
        for socket in &http.sockets.all {
            let first = http.server(socket.default_server).statement.head();
            let place = socket.default.unwrap_or(first);
            for listen in &socket.listens {
                let index = listen.server.index();
                reached[index] |= listen.server == socket.default_server;
                instead[index] = instead[index].or(Some(place));
            }
        }
        for id in http.server_ids() {
            let server = http.server(id);
            let Some(place) = instead[id.index()].filter(|_| !reached[id.index()]) else {
                continue;
            };
            let nobody = |name: &crate::model::http::ServerName<'_>| {
                name.regex.is_none() && *name.name == *b"_"
            };
            if !server.names.iter().all(nobody)
                || lacks_a_file(model, server.scope, "server_name")
                || lacks_a_file(model, server.scope, "listen")
            {
                continue;
            }
            let finding = cx
                .finding(server.statement.head(), "no request reaches this `server`")
                .label("no name that clients ask for")
                .related(place, "answers instead")
                .help("Give it a `server_name`, or mark it `default_server`");
            cx.report(finding);
        }
    }
}
