//! `upstream-single-server-params`.

use crate::model::upstream::Upstream;
use crate::rules::facts::pools::{is_address, shown};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `max_fails`, `fail_timeout`, `weight` or a balancing method in an upstream with one
    /// server.
    ///
    /// ## Why it matters
    ///
    /// With one address there is nothing to choose, and nginx forgets its failures with every
    /// request: the server is never left out, however `max_fails` and `fail_timeout` are set. A
    /// name that may stand for several addresses is not reported, nor is a 0, which asks for
    /// that.
    ///
    /// ## What to do
    ///
    /// Remove them, or add a second server.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server>
    pub struct UpstreamSingleServerParams {
        id: "upstream-single-server-params",
        group: Upstream,
        severity: Info,
    }
}

impl Rule for UpstreamSingleServerParams {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn upstream(&self, upstream: &Upstream<'_>, cx: &mut RuleContext<'_, '_>) {
        let [peer] = upstream.servers.as_slice() else {
            return;
        };
        if !is_address(peer) || peer.down || cx.model.incomplete.contains(&upstream.scope) {
            return;
        }
        let parameter = peer.statement.args().skip(1).find(|word| {
            let value = word.value();
            let has = |name: &str| {
                let rest = value.strip_prefix(name.as_bytes());
                // With 0 a server is never left out, which is what happens anyway.
                rest.is_some_and(|rest| rest.first() != Some(&b'0'))
            };
            has("max_fails=") || has("fail_timeout=") || has("weight=")
        });
        let (span, name) = match (parameter, upstream.methods.last()) {
            (Some(word), _) => {
                let shown = word.to_str();
                let name = shown.split('=').next().unwrap_or_default().to_owned();
                (word.span(), name)
            }
            (None, Some(method)) => (method.head(), method.name().to_owned()),
            (None, None) => return,
        };
        let finding = cx
            .finding(
                span,
                format!(
                    "`{name}` has no effect with the one server of `{}`",
                    shown(upstream)
                ),
            )
            .label("nothing to choose from")
            .help("Remove it, or add a second server");
        cx.report(finding);
    }
}
