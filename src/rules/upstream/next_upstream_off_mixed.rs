//! `next-upstream-off-mixed`.

use super::next_upstream_non_idempotent::NEXT;
use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `off` among other values of `proxy_next_upstream` and its like, and `http_403` or
    /// `http_404` where Django is behind it.
    ///
    /// ## Why it matters
    ///
    /// `off` wins, and nginx throws the other values away without a word. With `http_404` each
    /// page that Django does not have is asked for on every server, which multiplies the load
    /// that a scanner makes; the answer stays the same.
    ///
    /// ## What to do
    ///
    /// Write either `off` or the causes, such as `error timeout http_502 http_503`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream>
    pub struct NextUpstreamOffMixed {
        id: "next-upstream-off-mixed",
        group: Upstream,
        severity: Warning,
    }
}

impl Rule for NextUpstreamOffMixed {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        NEXT
    }

    fn directive(&self, next: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let off = next.args().find(|word| word.is("off"));
        if let Some(off) = off {
            if next.args().len() > 1 {
                let finding = cx
                    .finding(next.head(), "the values beside `off` do not count")
                    .label("same as `off`")
                    .related(off.span(), "wins")
                    .help("Write either `off` or the causes");
                cx.report(finding);
            }
            return;
        }
        let mut args = next.args();
        let Some(word) = args.find(|word| word.is("http_404") || word.is("http_403")) else {
            return;
        };
        let places = cx.places();
        let family = next.name().split('_').next().unwrap_or_default();
        let django = places.passes.iter().find(|pass| {
            let name = pass.statement.name();
            let counts = || cx.model.value(pass.statement.scope, next.name());
            pass.is_django()
                && name.strip_suffix("_pass") == Some(family)
                && counts().is_some_and(|found| found.head() == next.head())
        });
        if let Some(pass) = django {
            let finding = cx
                .finding(
                    word.span(),
                    "what Django refuses is asked for on every server",
                )
                .label("an answer, not a failure")
                .related(pass.statement.head(), "goes to Django")
                .help(format!("Remove `{}`", word.to_str()));
            cx.report(finding);
        }
    }
}
