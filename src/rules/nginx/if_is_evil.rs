//! `if-is-evil`.

use crate::directives::Context;
use crate::model::{Scope, Statement};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// An `if` in a `location` that does more than to answer or to rewrite.
    ///
    /// ## Why it matters
    ///
    /// `if` is a location of its own: a request for which it is true is handled by the settings
    /// of the block and by nothing around it that nginx does not inherit. This is what nginx
    /// does:
    ///
    /// - of two blocks that are both true, only the settings of the last count: their
    ///   `add_header`, `proxy_pass`, `limit_rate` do not add up;
    /// - `try_files` of the location is not run once an `if` is true, even when the block only
    ///   has `set`: what would be found answers 404;
    /// - an `add_header` inside drops those outside.
    ///
    /// `return`, `rewrite`, `set` and `break` do what one expects, and so does everything in a
    /// block that ends with `return`, such as the answer to a preflight request. Outside of
    /// locations only such directives are allowed. None of these is reported.
    ///
    /// ## What to do
    ///
    /// Choose the value with a `map` and use its variable without `if`, or `return` a code that
    /// `error_page` sends to a named location.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_rewrite_module.html#if>
    pub struct IfIsEvil {
        id: "if-is-evil",
        group: Nginx,
        severity: Warning,
    }
}

/// Whether a request that comes into the block leaves it at once.
fn ends(block: &Scope<'_>) -> bool {
    block
        .statements
        .iter()
        .any(|statement| match statement.name() {
            "return" => true,
            "rewrite" => {
                let flag = statement.arg(2);
                flag.is_some_and(|flag| {
                    ["last", "redirect", "permanent"].iter().any(|f| flag.is(f))
                })
            }
            _ => false,
        })
}

fn is_plain(statement: &Statement<'_>) -> bool {
    matches!(statement.name(), "return" | "rewrite" | "set" | "break")
}

impl Rule for IfIsEvil {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        for block in &cx.model.scopes {
            if block.context != Context::IfInLocation || ends(block) {
                continue;
            }
            let (Some(opener), Some(parent)) = (block.opener, block.parent) else {
                continue;
            };
            let around = cx.model.scope(parent);
            // A `rewrite` without a flag looks for a location anew.
            let again = block.first("rewrite").is_some_and(|r| r.arg(2).is_none());
            if let Some(other) = block.statements.iter().find(|other| !is_plain(other)) {
                let finding = cx
                    .finding(
                        opener.head(),
                        format!("`{}` in an `if` replaces what is around it", other.name()),
                    )
                    .label("a location of its own")
                    .related(other.head(), "counts alone")
                    .help("Choose the value with a `map` instead of an `if`");
                cx.report(finding);
            } else if let Some(files) = around.first("try_files").filter(|_| !again) {
                let finding = cx
                    .finding(
                        opener.head(),
                        "`try_files` is not run when this `if` is true",
                    )
                    .label("a location of its own")
                    .related(files.head(), "skipped")
                    .help("Choose the value with a `map` instead of an `if`");
                cx.report(finding);
            }
        }
    }
}
