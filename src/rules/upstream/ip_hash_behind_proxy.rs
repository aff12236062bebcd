//! `ip-hash-behind-proxy`.

use crate::model::Statement;
use crate::model::upstream::{Method, Upstream};
use crate::rules::facts::pools::users;
use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, inherited};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `ip_hash`, or `hash` of `$remote_addr`, where requests come from another proxy and
    /// nothing puts the address of the client in the place of the proxy's.
    ///
    /// That requests come from a proxy is taken from the listening sockets: they speak the
    /// PROXY protocol, or are local to the machine.
    ///
    /// ## Why it matters
    ///
    /// All requests have the address of the proxy, so all go to one server; clients of a unix
    /// socket have none at all. `ip_hash` looks at the first three numbers of an IPv4 address
    /// only.
    ///
    /// ## What to do
    ///
    /// Write `set_real_ip_from` and `real_ip_header`, or hash what tells clients apart.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#ip_hash>
    /// - <https://nginx.org/en/docs/http/ngx_http_realip_module.html>
    pub struct IpHashBehindProxy {
        id: "ip-hash-behind-proxy",
        group: Upstream,
        severity: Warning,
    }
}

fn takes_address(method: Statement<'_>) -> bool {
    method.name() == "ip_hash"
        || method.arg(0).is_some_and(|key| {
            ["$remote_addr", "${remote_addr}", "$binary_remote_addr"]
                .iter()
                .any(|name| key.is(name))
        })
}

impl Rule for IpHashBehindProxy {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn upstream(&self, upstream: &Upstream<'_>, cx: &mut RuleContext<'_, '_>) {
        let hashes = matches!(upstream.method, Method::IpHash | Method::Hash);
        let Some(method) = upstream.methods.last().filter(|_| hashes) else {
            return;
        };
        if !takes_address(*method) || upstream.servers.len() < 2 {
            return;
        }
        let places = cx.places();
        for user in users(cx.model, upstream) {
            let scope = user.statement.scope;
            let Some(site) = places.site_around(scope) else {
                continue;
            };
            let sockets = site.sockets();
            let behind = !sockets.is_empty() && { sockets.iter() }
                .all(|socket| socket.proxy_protocol || socket.is_local());
            let trusted = inherited(cx.model, scope, "set_real_ip_from");
            if !behind || trusted.known == Known::No || !trusted.list.is_empty() {
                continue;
            }
            let listen = sockets.iter().find_map(|socket| socket.statement);
            let mut finding = cx
                .finding(
                    method.head(),
                    "every request has the address of the proxy in front",
                )
                .label("all go to one server")
                .help("Write `set_real_ip_from` and `real_ip_header` in the server");
            if let Some(listen) = listen {
                finding = finding.related(listen.head(), "only a proxy connects here");
            }
            cx.report(finding);
            return;
        }
    }
}
