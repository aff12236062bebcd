//! `missing-error-log`.

use crate::directives::Context;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A configuration without any `error_log`.
    ///
    /// ## Why it matters
    ///
    /// nginx then uses the file that it was built with. That is mostly right, so this is off
    /// unless it is selected.
    ///
    /// ## What to do
    ///
    /// Write `error_log /var/log/nginx/error.log warn;` on the outermost level.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/ngx_core_module.html#error_log>
    pub struct MissingErrorLog {
        id: "missing-error-log",
        group: Nginx,
        severity: Info,
        default: false,
    }
}

impl Rule for MissingErrorLog {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let model = cx.model;
        let has = model
            .scopes
            .iter()
            .any(|scope| scope.first("error_log").is_some());
        if has || !model.complete {
            return;
        }
        let mut scopes = model.scopes.iter();
        let http = scopes.find(|scope| scope.context == Context::Http);
        if let Some(opener) = http.and_then(|http| http.opener) {
            let finding = cx
                .finding(opener.head(), "nothing says where errors are logged")
                .label("no `error_log` anywhere")
                .help("Write `error_log` on the outermost level");
            cx.report(finding);
        }
    }
}
