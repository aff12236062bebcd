//! `root-in-location`.

use crate::directives::Context;
use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `root` in a `location`.
    ///
    /// ## Why it matters
    ///
    /// Locations without a `root` of their own use the one that nginx was built with unless the
    /// server has one. Many good configurations have a `root` in a location all the same, so
    /// this is off unless it is selected.
    ///
    /// ## What to do
    ///
    /// Write `root` in the server, and in a location only where it differs.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#root>
    pub struct RootInLocation {
        id: "root-in-location",
        group: Static,
        severity: Info,
        default: false,
    }
}

impl Rule for RootInLocation {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["root"]
    }

    fn directive(&self, root: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        if cx.model.scope(root.scope).context != Context::Location {
            return;
        }
        let outer = cx.model.scope(root.scope).parent;
        if outer.is_some_and(|outer| cx.model.value(outer, "root").is_some()) {
            return;
        }
        let finding = cx
            .finding(root.head(), "only this `location` has a `root`")
            .label("none around it")
            .help("Write `root` in the server");
        cx.report(finding);
    }
}
