//! `security-header-without-always`.

use crate::finding::{Edit, Fix, Safety};
use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::source::Span;

declare_rule! {
    /// ## What it reports
    ///
    /// `add_header` for a header about security without `always`.
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

    fn directives(&self) -> &'static [&'static str] {
        &["add_header"]
    }

    fn directive(&self, header: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let (Some(name), Some(value)) = (header.arg(0), header.arg(1)) else {
            return;
        };
        let named = |known: &&str| name.value().eq_ignore_ascii_case(known.as_bytes());
        if header.arg(2).is_some() || value.value().is_empty() {
            return;
        }
        let Some(known) = NAMES.iter().find(|known| named(known)) else {
            return;
        };
        let mut finding = cx
            .finding(header.head(), format!("`{known}` is not sent with errors"))
            .label("without `always`")
            .help("Write `always` behind the value");
        let end = value.span().end;
        finding.fix = Some(Fix {
            safety: Safety::Unsafe,
            title: "Add `always`".to_owned(),
            edits: vec![Edit {
                span: Span::new(value.span().file, end, end),
                text: b" always".to_vec(),
            }],
        });
        cx.report(finding);
    }
}

const NAMES: &[&str] = &[
    "Strict-Transport-Security",
    "X-Frame-Options",
    "X-Content-Type-Options",
    "Referrer-Policy",
    "Content-Security-Policy",
    "Permissions-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Embedder-Policy",
    "Cross-Origin-Resource-Policy",
    "X-XSS-Protection",
    "X-Permitted-Cross-Domain-Policies",
];
