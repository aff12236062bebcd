//! `allow-without-deny`.

use crate::directives::Context;
use crate::rules::meta::declare_rule;
use crate::rules::places::{asks_who, is_any_enough, lacks_a_file};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A block with `allow` for some addresses and no `deny`.
    ///
    /// ## Why it matters
    ///
    /// Who matches no line is let in: `allow` alone refuses nobody. A `deny` round the block does not
    /// count, because a block with a line of its own inherits none.
    ///
    /// Nothing is said where `satisfy any` and a password make `allow` the way round it.
    ///
    /// ## What to do
    ///
    /// Write `deny all;` behind the last `allow`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_access_module.html>
    pub struct AllowWithoutDeny {
        id: "allow-without-deny",
        group: Security,
        severity: Warning,
    }
}

impl Rule for AllowWithoutDeny {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let model = cx.model;
        for (index, scope) in model.scopes.iter().enumerate() {
            let all = |word: crate::syntax::Word<'_>| {
                matches!(&*word.value(), b"all" | b"0.0.0.0/0" | b"::/0")
            };
            let allows: Vec<_> = scope.named("allow").collect();
            let Some(last) = allows.last() else {
                continue;
            };
            let everybody = allows.iter().any(|allow| allow.arg(0).is_some_and(all));
            let id = crate::model::ScopeId(index as u32);
            let any = is_any_enough(model, id) && asks_who(model, id);
            if everybody
                || any
                || scope.first("deny").is_some()
                || scope.context == Context::Mail
                || lacks_a_file(model, id, "deny")
            {
                continue;
            }
            let finding = cx
                .finding(last.head(), "everybody is let in: nobody is refused")
                .label("no `deny` behind it")
                .help("Write `deny all;` behind this line");
            cx.report(finding);
        }
    }
}
