//! `named-location-missing`.

use crate::model::Statement;
use crate::rules::facts::servers::{has_all_locations, server_around};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::expression::has_variables;

declare_rule! {
    /// ## What it reports
    ///
    /// A `try_files` or `error_page` that goes on with a named `location`, such as `@django`, which the
    /// `server` does not have.
    ///
    /// ## Why it matters
    ///
    /// nginx loads such a configuration and looks for the `location` only when a request needs it. It then
    /// answers 500, and writes `could not find named location` to its log. Capital letters count, and a
    /// `location` of another `server` does not.
    ///
    /// ## What to do
    ///
    /// Write the `location` into the same `server`, or correct the name.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#try_files>
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#error_page>
    pub struct NamedLocationMissing {
        id: "named-location-missing",
        group: Nginx,
        severity: Error,
    }
}

impl Rule for NamedLocationMissing {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["try_files", "error_page"]
    }

    fn directive(&self, statement: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let (http, model) = (&cx.model.http, cx.model);
        let Some(word) = statement.args().next_back() else {
            return;
        };
        let name = word.value();
        if !name.starts_with(b"@") || has_variables(&name) {
            return;
        }
        let Some(server) = server_around(model, statement.scope) else {
            return;
        };
        if http.named(server, &name).is_some() || !has_all_locations(model, server) {
            return;
        }
        let shown = word.to_str();
        let near = http
            .server(server)
            .locations
            .iter()
            .map(|id| http.location(*id));
        let near = { near }.find(|location| location.name.eq_ignore_ascii_case(&name));
        let mut finding = cx
            .finding(word.span(), format!("the server has no `location {shown}`"))
            .label("requests get 500")
            .help(format!(
                "Write `location {shown} {{ … }}` into this `server`"
            ));
        if let Some(near) = near {
            finding = finding.related(near.statement.head(), "has other letters");
        }
        cx.report(finding);
    }
}
