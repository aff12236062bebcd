//! `proxy-pass-static-dns`.

use crate::model::upstream::Scheme;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::address::inet_addr;
use crate::values::hosts::is_public_name;

declare_rule! {
    /// ## What it reports
    ///
    /// A `proxy_pass` or its like with the public name of a machine.
    ///
    /// ## Why it matters
    ///
    /// nginx looks the name up once, when it starts, and keeps the address until it is reloaded.
    /// When the owner moves the service, requests go to whoever has the old address. When the
    /// name cannot be found at start, nginx does not start, with all of its sites. Names without
    /// a dot and names of private networks are not reported.
    ///
    /// ## What to do
    ///
    /// Put the name into an `upstream` with `resolve` and `zone`, or into a variable, with a
    /// `resolver`: `set $api api.example.com; proxy_pass https://$api;`. With a variable nginx
    /// no longer replaces the path of the location.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass>
    /// - <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#resolve>
    pub struct ProxyPassStaticDns {
        id: "proxy-pass-static-dns",
        group: Upstream,
        severity: Warning,
    }
}

impl Rule for ProxyPassStaticDns {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let upstreams = &cx.model.http.upstreams;
        for reference in &upstreams.references {
            let host = &reference.host;
            if reference.variable
                || reference.unix
                || reference.scheme == Scheme::Stream
                || upstreams.of(reference).is_some()
                || inet_addr(host).is_some()
                || host.starts_with(b"[")
                || !is_public_name(host)
            {
                continue;
            }
            let shown = String::from_utf8_lossy(host).into_owned();
            let finding = cx
                .finding(
                    reference.span,
                    format!("`{shown}` is looked up once, at the start"),
                )
                .label("its address may change")
                .help("Put it into an `upstream` with `resolve` and `zone`, or into a variable");
            cx.report(finding);
        }
    }
}
