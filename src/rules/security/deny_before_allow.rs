//! `deny-before-allow`.

use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// An `allow` behind `deny all`, or a `deny` behind `allow all`, in one block.
    ///
    /// ## Why it matters
    ///
    /// The first rule that fits an address counts, and `all` fits every one. Whoever the
    /// `allow` was meant for gets 403.
    ///
    /// ## What to do
    ///
    /// Write the rule with `all` last.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_access_module.html>
    pub struct DenyBeforeAllow {
        id: "deny-before-allow",
        group: Security,
        severity: Error,
    }
}

impl Rule for DenyBeforeAllow {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        for scope in &cx.model.scopes {
            if scope.first("deny").is_none() || scope.first("allow").is_none() {
                continue;
            }
            let mut all: Option<Statement<'_>> = None;
            for rule in scope.statements() {
                if !matches!(rule.name(), "allow" | "deny") {
                    continue;
                }
                match all {
                    Some(all) if all.name() != rule.name() => {
                        let finding = cx
                            .finding(rule.head(), format!("this `{}` has no effect", rule.name()))
                            .label("comes too late")
                            .related(all.head(), "decides for everybody")
                            .help(format!("Move `{} all` behind it", all.name()));
                        cx.report(finding);
                    }
                    Some(_) => {}
                    None if rule.arg(0).is_some_and(|who| who.is("all")) => all = Some(rule),
                    None => {}
                }
            }
        }
    }
}
