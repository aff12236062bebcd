//! `add-header-dropped`.

use crate::directives::Context;
use crate::finding::{Fix, Safety, Severity};
use crate::model::ScopeId;
use crate::rules::edits::repeat_before;
use crate::rules::facts::headers::{dropped, key, listed};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `add_header` or `add_trailer` in a block round which other ones are set that are lost by
    /// it.
    ///
    /// ## Why it matters
    ///
    /// nginx inherits these as a whole: one `add_header` in a `location` drops all of the server,
    /// such as `Strict-Transport-Security`. The answers of that location go out without them,
    /// and nothing says so. It is a warning when a header of security is lost, and a note
    /// otherwise.
    ///
    /// ## What to do
    ///
    /// Repeat the headers in the block, or include a file with them in both. From 1.29.3 on
    /// `add_header_inherit merge;` keeps them.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_headers_module.html#add_header>
    /// - <https://nginx.org/en/docs/http/ngx_http_headers_module.html#add_header_inherit>
    pub struct AddHeaderDropped {
        id: "add-header-dropped",
        group: Proxy,
        severity: Warning,
        fix: Some(Safety::Unsafe),
    }
}

/// Headers by which a browser protects the user.
const SECURITY: &[&str] = &[
    "strict-transport-security",
    "content-security-policy",
    "content-security-policy-report-only",
    "x-frame-options",
    "x-content-type-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cross-origin-embedder-policy",
    "cross-origin-resource-policy",
    "x-xss-protection",
];

impl Rule for AddHeaderDropped {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        for (index, scope) in cx.model.scopes.iter().enumerate() {
            let id = ScopeId(index as u32);
            let inner = matches!(
                scope.context,
                Context::Server | Context::Location | Context::IfInLocation
            );
            if !inner {
                continue;
            }
            for (name, inherit) in [
                ("add_header", "add_header_inherit"),
                ("add_trailer", "add_trailer_inherit"),
            ] {
                if scope.first(name).is_none() {
                    continue;
                }
                let how = cx.model.value(id, inherit).and_then(|how| how.arg(0));
                if how.is_some_and(|how| how.is("merge") || how.is("off")) {
                    continue;
                }
                let Some(mut dropped) = dropped(cx.model, id, name, key) else {
                    continue;
                };
                // A header without a value is not sent.
                dropped
                    .lost
                    .retain(|lost| lost.arg(1).is_some_and(|value| !value.value().is_empty()));
                let Some(example) = dropped.lost.first() else {
                    continue;
                };
                let grave = { dropped.lost.iter() }
                    .any(|lost| SECURITY.iter().any(|header| key(lost) == header.as_bytes()));
                let help = if cx.target().at_least(1, 29, 3) {
                    format!("Repeat them here, or write `{inherit} merge`")
                } else {
                    "Repeat them here".to_owned()
                };
                let mut finding = cx
                    .finding(
                        dropped.first.head(),
                        format!("this `{name}` drops {}", listed(&dropped.lost)),
                    )
                    .label("none around it counts any more")
                    .related(example.head(), "is lost")
                    .help(help);
                if !grave {
                    // The answer to a preflight request is complete in itself.
                    if scope.context == Context::IfInLocation && scope.first("return").is_some() {
                        continue;
                    }
                    finding.severity = Severity::Info;
                }
                finding = finding.fix(Fix {
                    safety: Safety::Unsafe,
                    title: "repeat what is lost".into(),
                    edits: vec![repeat_before(cx, &dropped.lost, dropped.first)],
                });
                cx.report(finding);
            }
        }
    }
}
