//! `deprecated-tls-protocol`.

use crate::finding::{Edit, Fix, Safety, Severity};
use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::source::Span;

declare_rule! {
    /// ## What it reports
    ///
    /// `ssl_protocols` with SSLv2, SSLv3, TLSv1 or TLSv1.1, and the same of `proxy_ssl_protocols` and its like as
    /// a warning.
    ///
    /// ## Why it matters
    ///
    /// These protocols have known weaknesses, RFC 8996 forbids them, and browsers have not spoken them
    /// since 2020.
    ///
    /// ## What to do
    ///
    /// Write `ssl_protocols TLSv1.2 TLSv1.3;`.
    ///
    /// ## References
    ///
    /// - <https://www.rfc-editor.org/rfc/rfc8996>
    /// - <https://nginx.org/en/docs/http/ngx_http_ssl_module.html#ssl_protocols>
    pub struct DeprecatedTlsProtocol {
        id: "deprecated-tls-protocol",
        group: Tls,
        severity: Error,
        fix: Some(Safety::Unsafe),
    }
}

impl Rule for DeprecatedTlsProtocol {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &[
            "ssl_protocols",
            "proxy_ssl_protocols",
            "uwsgi_ssl_protocols",
            "grpc_ssl_protocols",
        ]
    }

    fn directive(&self, protocols: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let old = |word: &crate::syntax::Word<'_>| {
            matches!(&*word.value(), b"SSLv2" | b"SSLv3" | b"TLSv1" | b"TLSv1.1")
        };
        let found: Vec<_> = protocols.args().filter(old).collect();
        let (Some(first), Some(start), Some(end)) = (
            found.first(),
            protocols.arg(0).map(|word| word.span()),
            protocols.args().next_back().map(|word| word.span()),
        ) else {
            return;
        };
        let names: Vec<_> = found
            .iter()
            .map(|word| format!("`{}`", word.to_str()))
            .collect();
        let mut finding = cx
            .finding(
                first.span(),
                format!("{} is no longer safe", names.join(", ")),
            )
            .label("forbidden by RFC 8996")
            .help(format!("Write `{} TLSv1.2 TLSv1.3;`", protocols.name()));
        if names.len() > 1 {
            finding.message = format!("{} are no longer safe", names.join(", ")).into();
        }
        if protocols.name() != "ssl_protocols" {
            finding.severity = Severity::Warning;
        }
        if start.file == end.file {
            finding = finding.fix(Fix {
                safety: Safety::Unsafe,
                title: "Leave TLS 1.2 and 1.3".into(),
                edits: vec![Edit {
                    span: Span::new(start.file, start.start, end.end),
                    text: b"TLSv1.2 TLSv1.3".to_vec(),
                }],
            });
        }
        cx.report(finding);
    }
}
