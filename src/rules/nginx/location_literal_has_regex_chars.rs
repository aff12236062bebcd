//! `location-literal-has-regex-chars`.

use crate::model::Statement;
use crate::rules::facts::{Matcher, location_of};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` that is compared letter by letter, but whose path is written like a regular
    /// expression.
    ///
    /// ## Why it matters
    ///
    /// Without `~` or `~*` nothing in a path has a special meaning: `location ^/api/` and
    /// `location /media/.*\.php$` match no request that anybody sends, so what the block
    /// protects or serves is handled elsewhere.
    ///
    /// ## What to do
    ///
    /// Write `~` before the path if an expression is meant, and the plain path otherwise.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#location>
    pub struct LocationLiteralHasRegexChars {
        id: "location-literal-has-regex-chars",
        group: Nginx,
        severity: Warning,
    }
}

/// What is a sign of a regular expression and no usual part of a path.
fn sign(path: &[u8]) -> Option<&'static str> {
    let is_sign = |byte: &u8| matches!(byte, b'^' | b'$' | b'\\' | b'*' | b'|' | b'?' | b'[');
    if !path.iter().any(is_sign) {
        return None;
    }
    let has = |byte| memchr::memchr(byte, path).is_some();
    if path.starts_with(b"^") {
        Some("^")
    } else if path.ends_with(b"$") {
        Some("$")
    } else if has(b'\\') {
        Some("\\")
    } else if has(b'*') {
        Some("*")
    } else if has(b'|') {
        Some("|")
    } else if has(b'?') {
        Some("?")
    } else if has(b'[') && has(b']') {
        Some("[")
    } else {
        None
    }
}

impl Rule for LocationLiteralHasRegexChars {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["location"]
    }

    fn directive(&self, location: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some((matcher, path)) = location_of(location) else {
            return;
        };
        if matches!(matcher, Matcher::Regex | Matcher::Named) {
            return;
        }
        let (Some(sign), Some(word)) = (sign(&path), location.args().next_back()) else {
            return;
        };
        let finding = cx
            .finding(
                word.span(),
                format!("`{sign}` has no special meaning in this path"),
            )
            .label("compared letter by letter")
            .help("Write `~` before the path if a regular expression is meant");
        cx.report(finding);
    }
}
