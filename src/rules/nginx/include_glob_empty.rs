//! `include-glob-empty`.

use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// An `include` whose pattern no file matches, when the pattern is relative to the main
    /// file.
    ///
    /// ## Why it matters
    ///
    /// A missing file makes nginx refuse a configuration, a pattern without files does not: it
    /// loads, and whole sites may be gone. A wrong ending, such as `sites/*.conf` for files
    /// without `.conf`, looks the same. Patterns that begin with `/` are of the machine that
    /// nginx runs on, and not reported.
    ///
    /// ## What to do
    ///
    /// Correct the pattern, or remove the line.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/ngx_core_module.html#include>
    pub struct IncludeGlobEmpty {
        id: "include-glob-empty",
        group: Nginx,
        severity: Info,
    }
}

impl Rule for IncludeGlobEmpty {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["include"]
    }

    fn directive(&self, include: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some(word) = include.arg(0) else { return };
        let empty = cx.model.empty_includes.contains(&include.head());
        let value = word.value();
        // Distributions include a folder of modules that is mostly empty.
        let modules = value.starts_with(b"modules");
        if !empty || !cx.model.whole || modules || value.starts_with(b"/") {
            return;
        }
        let finding = cx
            .finding(word.span(), format!("no file matches `{}`", word.to_str()))
            .label("brings in nothing")
            .help("Correct the pattern, or remove the line");
        cx.report(finding);
    }
}
