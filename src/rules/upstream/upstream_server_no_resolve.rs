//! `upstream-server-no-resolve`.

use crate::finding::Severity;
use crate::model::upstream::Upstream;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::address::Host;
use crate::values::hosts::{is_cloud_name, is_public_name};

declare_rule! {
    /// ## What it reports
    ///
    /// A `server` of an upstream with the name of a machine and without `resolve`.
    ///
    /// ## Why it matters
    ///
    /// nginx looks the name up once, when it starts. When the address changes later, requests
    /// go to the old one until nginx is reloaded; when the name cannot be found at start, nginx
    /// does not start. The addresses of load balancers and other services in a cloud change
    /// without notice, so that is an error. Names without a dot and names of private networks
    /// are not reported.
    ///
    /// ## What to do
    ///
    /// Write `resolve` behind it, with a `resolver` and a `zone` (open source nginx from 1.27.3
    /// on).
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#resolve>
    pub struct UpstreamServerNoResolve {
        id: "upstream-server-no-resolve",
        group: Upstream,
        severity: Warning,
    }
}

impl Rule for UpstreamServerNoResolve {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn upstream(&self, upstream: &Upstream<'_>, cx: &mut RuleContext<'_, '_>) {
        for peer in &upstream.servers {
            let (Some(Host::Name(name)), Some(word)) = (&peer.host, peer.statement.arg(0)) else {
                continue;
            };
            if peer.resolve || peer.down || !is_public_name(name) {
                continue;
            }
            let shown = String::from_utf8_lossy(name).into_owned();
            let resolves = cx.target().at_least(1, 27, 3) || cx.target().is_plus();
            let help = if resolves {
                "Write `resolve` behind it, and `zone` in the upstream"
            } else {
                "Reload nginx when the address changes, or take 1.27.3 or newer for `resolve`"
            };
            let mut finding = cx
                .finding(
                    word.span(),
                    format!("`{shown}` is looked up once, at the start"),
                )
                .label("its address may change")
                .help(help);
            if is_cloud_name(name) {
                finding.severity = Severity::Error;
            }
            cx.report(finding);
        }
    }
}
