//! `next-upstream-non-idempotent`.

use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `non_idempotent` in `proxy_next_upstream` and its like.
    ///
    /// ## Why it matters
    ///
    /// A POST that was sent to a server and failed there is sent to the next one again. The
    /// first may have done its work before it failed: an order, a payment or a mail is made
    /// twice. Without the word nginx repeats such requests only when nothing has been sent.
    ///
    /// ## What to do
    ///
    /// Remove `non_idempotent`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream>
    pub struct NextUpstreamNonIdempotent {
        id: "next-upstream-non-idempotent",
        group: Upstream,
        severity: Warning,
    }
}

/// `proxy_next_upstream` and its like.
pub(super) const NEXT: &[&str] = &[
    "proxy_next_upstream",
    "uwsgi_next_upstream",
    "fastcgi_next_upstream",
    "scgi_next_upstream",
    "grpc_next_upstream",
];

impl Rule for NextUpstreamNonIdempotent {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        NEXT
    }

    fn directive(&self, next: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some(word) = next.args().find(|word| word.is("non_idempotent")) else {
            return;
        };
        let off = next.args().any(|word| word.is("off"));
        if off {
            return;
        }
        let finding = cx
            .finding(word.span(), "a failed POST is sent to another server again")
            .label("its work may be done already")
            .help("Remove `non_idempotent`");
        cx.report(finding);
    }
}
