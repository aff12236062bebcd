//! `unused-upstream`.

use crate::model::upstream::Upstream;
use crate::rules::facts::pools::{shown, siblings};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// An `upstream` that nothing names.
    ///
    /// ## Why it matters
    ///
    /// It is left over, or the requests go somewhere else than was meant: past its servers,
    /// limits and checks.
    ///
    /// It is silent where a variable decides where requests go, and about a part of a
    /// configuration.
    ///
    /// ## What to do
    ///
    /// Remove it, or pass requests to it.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#upstream>
    pub struct UnusedUpstream {
        id: "unused-upstream",
        group: Upstream,
        severity: Info,
    }
}

impl Rule for UnusedUpstream {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn upstream(&self, upstream: &Upstream<'_>, cx: &mut RuleContext<'_, '_>) {
        if !cx.model.complete {
            return;
        }
        let references = &siblings(cx.model, upstream).references;
        if references
            .iter()
            .any(|user| user.variable && user.host.is_empty())
        {
            return;
        }
        let names = |value: &[u8]| {
            let small = value.to_ascii_lowercase();
            memchr::memmem::find(&small, &upstream.name.to_ascii_lowercase()).is_some()
        };
        let blocks = cx.model.scopes.iter();
        let mut directives = blocks
            .filter(|block| {
                block
                    .opener
                    .is_none_or(|opener| opener.name() != "upstream")
            })
            .flat_map(|block| &block.statements)
            .filter(|statement| statement.name() != "zone");
        if directives.any(|statement| statement.args().any(|word| names(&word.value()))) {
            return;
        }
        let finding = cx
            .finding(
                upstream.statement.head(),
                format!("nothing passes requests to `{}`", shown(upstream)),
            )
            .label("not used")
            .help("Remove it, or pass requests to it");
        cx.report(finding);
    }
}
