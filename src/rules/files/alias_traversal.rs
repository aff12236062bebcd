//! `alias-traversal`.

use crate::model::Statement;
use crate::rules::facts::{Matcher, location_around, location_of};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A prefix `location` without a final slash whose `alias` ends with one.
    ///
    /// ## Why it matters
    ///
    /// nginx puts what follows the prefix behind the alias. With `location /static` and
    /// `alias /srv/app/static/`, a request for `/static../settings.py` becomes
    /// `/srv/app/static/../settings.py`: everybody reads the settings of Django, secret key
    /// included.
    ///
    /// ## What to do
    ///
    /// End both with `/`, or neither. For one file write `location = /favicon.ico`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#alias>
    pub struct AliasTraversal {
        id: "alias-traversal",
        group: Static,
        severity: Error,
    }
}

impl Rule for AliasTraversal {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["alias"]
    }

    fn directive(&self, alias: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let (Some(location), Some(word)) = (location_around(cx.model, alias.scope), alias.arg(0))
        else {
            return;
        };
        let Some((Matcher::Prefix | Matcher::PrefixNoRegex, path)) = location_of(location) else {
            return;
        };
        if path.ends_with(b"/") || !word.value().ends_with(b"/") {
            return;
        }
        let Some(path_word) = location.args().next_back() else {
            return;
        };
        let shown = String::from_utf8_lossy(&path).into_owned();
        let finding = cx
            .finding(
                word.span(),
                format!("`alias` can be left through `location {shown}`"),
            )
            .label("ends with `/`")
            .related(path_word.span(), "does not")
            .help(format!("Write `location {shown}/`"));
        cx.report(finding);
    }
}
