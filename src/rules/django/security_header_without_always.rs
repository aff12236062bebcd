//! `security-header-without-always`.

use crate::finding::{Fix, Safety, Severity};
use crate::model::Statement;
use crate::rules::edits::append;
use crate::rules::facts::headers::{key, listed};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `add_header` for headers about security without `always`; one finding for a block.
    ///
    /// It is a note where nothing is lost but `Strict-Transport-Security`, which a browser keeps
    /// from any other answer, and `X-XSS-Protection`, which no browser obeys any more.
    ///
    /// ## Why it matters
    ///
    /// nginx adds such headers to answers with 200, 201, 204, 206, 301, 302, 303, 304, 307 and 308 only.
    /// A page for 404 or 500, where text of the client is often shown, goes out without protection.
    ///
    /// ## What to do
    ///
    /// Write `always` behind the value.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_headers_module.html#add_header>
    pub struct SecurityHeaderWithoutAlways {
        id: "security-header-without-always",
        group: Django,
        severity: Warning,
        fix: Some(Safety::Unsafe),
    }
}

impl Rule for SecurityHeaderWithoutAlways {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        for scope in &cx.model.scopes {
            let headers = scope.named("add_header");
            let bare: Vec<_> = headers.filter(is_without_always).collect();
            let Some(first) = bare.first() else {
                continue;
            };
            let are = if bare.len() == 1 { "is" } else { "are" };
            let mut finding = cx
                .finding(
                    first.head(),
                    format!("{} {are} not sent with errors", listed(&bare)),
                )
                .label("without `always`")
                .help("Write `always` behind the value");
            let is_idle = |header: &Statement<'_>| IDLE.iter().any(|name| key(header) == *name);
            if bare.iter().all(is_idle) {
                finding.severity = Severity::Info;
            }
            let values = bare.iter().filter_map(|header| header.arg(1));
            finding = finding.fix(Fix {
                safety: Safety::Unsafe,
                title: "Add `always`".into(),
                edits: values
                    .map(|value| append(value.span(), *b" always"))
                    .collect(),
            });
            cx.report(finding);
        }
    }
}

/// Whether a directive sets a header about security, and not for errors.
fn is_without_always(header: &Statement<'_>) -> bool {
    let sends = header.arg(1).is_some_and(|value| !value.value().is_empty());
    sends && header.arg(2).is_none() && {
        let name = key(header);
        IDLE.iter().chain(NAMES).any(|known| name == *known)
    }
}

/// Headers that do nothing on the page that they come with.
const IDLE: &[&[u8]] = &[b"strict-transport-security", b"x-xss-protection"];

const NAMES: &[&[u8]] = &[
    b"x-frame-options",
    b"x-content-type-options",
    b"referrer-policy",
    b"content-security-policy",
    b"permissions-policy",
    b"cross-origin-opener-policy",
    b"cross-origin-embedder-policy",
    b"cross-origin-resource-policy",
    b"x-permitted-cross-domain-policies",
];
