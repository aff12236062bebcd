//! `duplicate-upstream-server`.

use crate::model::Statement;
use crate::model::upstream::Upstream;
use crate::rules::facts::pools::shown;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use foldhash::HashMap;

declare_rule! {
    /// ## What it reports
    ///
    /// A server that is twice in one upstream.
    ///
    /// ## Why it matters
    ///
    /// It gets twice the requests, and when it fails, nginx tries it again as the next server:
    /// the error comes later, not less often. Mostly another port was meant.
    ///
    /// ## What to do
    ///
    /// Correct the address, or remove one; write `weight=2` if that is meant.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server>
    pub struct DuplicateUpstreamServer {
        id: "duplicate-upstream-server",
        group: Upstream,
        severity: Warning,
    }
}

impl Rule for DuplicateUpstreamServer {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn upstream(&self, upstream: &Upstream<'_>, cx: &mut RuleContext<'_, '_>) {
        let mut seen: HashMap<_, Statement<'_>> = HashMap::default();
        for peer in &upstream.servers {
            let (Some(host), Some(word)) = (&peer.host, peer.statement.arg(0)) else {
                continue;
            };
            let key = (host, peer.port.unwrap_or(80), &peer.service);
            if let Some(first) = seen.get(&key) {
                let finding = cx
                    .finding(
                        word.span(),
                        format!("`{}` is twice in `{}`", word.to_str(), shown(upstream)),
                    )
                    .label("the same server")
                    .related(first.head(), "first here")
                    .help("Correct the address, or write `weight=2` on one of them");
                cx.report(finding);
            } else {
                seen.insert(key, peer.statement);
            }
        }
    }
}
