//! `regex-could-be-exact`.

use crate::finding::{Edit, Fix, Safety};
use crate::model::Statement;
use crate::rules::facts::patterns::only_match;
use crate::rules::facts::{Matcher, location_of};
use crate::rules::meta::declare_rule;
use crate::rules::nginx::duplicate_regex_location::is_caseless;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A regular expression in a `location` that matches one path only.
    ///
    /// ## Why it matters
    ///
    /// `location = /login` says the same, is found at once, and does not depend on the order of
    /// the expressions around it.
    ///
    /// ## What to do
    ///
    /// Write `=` and the path. It then goes before every other location.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#location>
    pub struct RegexCouldBeExact {
        id: "regex-could-be-exact",
        group: Nginx,
        severity: Info,
        fix: Some(Safety::Unsafe),
    }
}

impl Rule for RegexCouldBeExact {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["location"]
    }

    fn directive(&self, location: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some((Matcher::Regex, pattern)) = location_of(location) else {
            return;
        };
        let (Some(path), Some(first), Some(last)) = (
            only_match(&pattern),
            location.arg(0),
            location.args().next_back(),
        ) else {
            return;
        };
        if is_caseless(&location) || !path.starts_with(b"/") {
            return;
        }
        let shown = String::from_utf8_lossy(&path).into_owned();
        let mut finding = cx
            .finding(
                last.span(),
                format!("only `{shown}` matches this expression"),
            )
            .label("needs no expression")
            .help(format!("Write `location = {shown}`"));
        let bare = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
        if path.iter().all(bare) {
            finding = finding.fix(Fix {
                safety: Safety::Unsafe,
                title: "compare the whole path".into(),
                edits: vec![Edit {
                    span: first.span().to(last.span()),
                    text: format!("= {shown}").into_bytes(),
                }],
            });
        }
        cx.report(finding);
    }
}
