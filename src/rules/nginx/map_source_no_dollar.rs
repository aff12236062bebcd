//! `map-source-no-dollar`.

use crate::finding::{Fix, Safety};
use crate::model::Statement;
use crate::rules::edits::insert;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A `map` whose first argument has no variable.
    ///
    /// ## Why it matters
    ///
    /// nginx takes the text as it stands, so every request is compared with the word `host` and
    /// never with the host of the request: the map always gives the same value.
    ///
    /// ## What to do
    ///
    /// Write `$` before the name.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_map_module.html#map>
    pub struct MapSourceNoDollar {
        id: "map-source-no-dollar",
        group: Nginx,
        severity: Error,
        fix: Some(Safety::Unsafe),
    }
}

impl Rule for MapSourceNoDollar {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["map"]
    }

    fn directive(&self, map: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some(word) = map.arg(0) else {
            return;
        };
        let value = word.value();
        if memchr::memchr(b'$', &value).is_some() {
            return;
        }
        let shown = word.to_str();
        let mut finding = cx
            .finding(word.span(), format!("`map` looks at the text `{shown}`"))
            .label("not a variable")
            .help(format!("Write `${shown}`"));
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        if !value.is_empty() && value.iter().all(is_name) {
            finding = finding.fix(Fix {
                safety: Safety::Unsafe,
                title: "make it a variable".into(),
                edits: vec![insert(word.content_span(), *b"$")],
            });
        }
        cx.report(finding);
    }
}
