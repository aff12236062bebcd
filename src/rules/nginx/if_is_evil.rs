//! `if-is-evil`.

use crate::directives::Context;
use crate::finding::Severity;
use crate::model::{Scope, Statement};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// An `if` in a `location` that does more than to answer or to rewrite, or that keeps
    /// `try_files` from being run.
    ///
    /// ## Why it matters
    ///
    /// `if` is a location of its own: once it is true, the settings of the block count and not
    /// those of the block around it. In nginx 1.18, 1.22, 1.28 and 1.31:
    ///
    /// - of two blocks that are both true, only the settings of the last count: their
    ///   `add_header`, `expires`, `limit_rate` do not add up;
    /// - `try_files` of the location is not run when an `if` is true, even one that only has
    ///   `set`: what would be found answers 404.
    ///
    /// Both are warnings. A single `if` beside neither works as it is written, in releases of
    /// today also around `proxy_pass` with a path and `alias`; that it does so is nowhere
    /// promised, which is worth a note if it has other directives than `return`, `rewrite`,
    /// `set` and `break`. What ends with `return`, such as the answer to a preflight request,
    /// and every `if` outside of locations is not reported.
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
    block.statements().any(|statement| match statement.name() {
        "return" => true,
        "rewrite" => {
            let flag = statement.arg(2);
            flag.is_some_and(|flag| ["last", "redirect", "permanent"].iter().any(|f| flag.is(f)))
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
        let blocks: Vec<_> = { cx.model.scopes.iter() }
            .filter(|block| block.context == Context::IfInLocation && !ends(block))
            .collect();
        for (index, block) in blocks.iter().enumerate() {
            let (Some(opener), Some(parent)) = (block.opener, block.parent) else {
                continue;
            };
            let special = block.statements().find(|other| !is_plain(other));
            let later = blocks[index + 1..]
                .iter()
                .find(|later| later.parent == block.parent)
                .and_then(|later| later.opener);
            // A `rewrite` without a flag looks for a location anew.
            let again = block.first("rewrite").is_some_and(|r| r.arg(2).is_none());
            let files = cx.model.scope(parent).first("try_files");
            let finding = match (special, later, files) {
                (_, _, Some(files)) if !again => cx
                    .finding(
                        opener.head(),
                        "`try_files` is not run when this `if` is true",
                    )
                    .label("a location of its own")
                    .related(files.head(), "skipped"),
                (Some(special), Some(later), _) => cx
                    .finding(
                        special.head(),
                        format!("`{}` is lost when a later `if` is true", special.name()),
                    )
                    .label("counts in this `if` alone")
                    .related(later.head(), "replaces it"),
                (Some(special), None, _) => {
                    let mut finding = cx
                        .finding(
                            special.head(),
                            format!("`{}` stands in an `if`", special.name()),
                        )
                        .label("counts in this `if` alone");
                    finding.severity = Severity::Info;
                    finding
                }
                _ => continue,
            };
            cx.report(finding.help("Choose the value with a `map` instead of an `if`"));
        }
    }
}
