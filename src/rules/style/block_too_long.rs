//! `block-too-long`.

use crate::directives::Context;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A `server` or `location` with more than 100 directives of its own.
    ///
    /// ## Why it matters
    ///
    /// What a block inherits and what it replaces is hard to see when it does not fit on a
    /// screen.
    ///
    /// ## What to do
    ///
    /// Move lines that belong together into a file, and `include` it.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/ngx_core_module.html#include>
    pub struct BlockTooLong {
        id: "block-too-long",
        group: Style,
        severity: Info,
        default: false,
    }
}

/// More directives than this are too many.
const MOST: usize = 100;

impl Rule for BlockTooLong {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        for scope in &cx.model.scopes {
            if !matches!(scope.context, Context::Server | Context::Location) {
                continue;
            }
            let Some(opener) = scope.opener else { continue };
            let count = scope.statements().len();
            if count > MOST {
                let finding = cx
                    .finding(
                        opener.head(),
                        format!("this block has {count} directives of its own"),
                    )
                    .label(format!("more than {MOST}"))
                    .help("Move what belongs together into a file, and include it");
                cx.report(finding);
            }
        }
    }
}
