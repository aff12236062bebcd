//! `add-header-multiline`.

use crate::finding::{Edit, Fix, Safety};
use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A value of `add_header` or of another directive that sets a header with a line break in it.
    ///
    /// ## Why it matters
    ///
    /// nginx sends the line break as it is. A line that begins with a blank is a form that HTTP/1.1 has
    /// given up and HTTP/2 forbids: browsers end the connection. Any other line is a header of its own or
    /// the end of the headers.
    ///
    /// ## What to do
    ///
    /// Write the value on one line.
    ///
    /// ## References
    ///
    /// - <https://www.rfc-editor.org/rfc/rfc9112#name-obsolete-line-folding>
    pub struct AddHeaderMultiline {
        id: "add-header-multiline",
        group: Security,
        severity: Error,
        fix: Some(Safety::Safe),
    }
}

impl Rule for AddHeaderMultiline {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &[
            "add_header",
            "add_trailer",
            "proxy_set_header",
            "more_set_headers",
            "grpc_set_header",
        ]
    }

    fn directive(&self, header: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some(word) = header
            .args()
            .skip(1)
            .find(|word| word.value().contains(&b'\n'))
        else {
            return;
        };
        let mut finding = cx
            .finding(
                word.span(),
                format!("the value of `{}` has a line break", header.name()),
            )
            .label("more than one line")
            .help("Write the value on one line");
        let raw = word.raw();
        if raw.contains(&b'\n') {
            let lines: Vec<&[u8]> = raw
                .split(|byte| *byte == b'\n')
                .map(<[u8]>::trim_ascii)
                .filter(|line| !line.is_empty())
                .collect();
            finding = finding.fix(Fix {
                safety: Safety::Safe,
                title: "Join the lines".into(),
                edits: vec![Edit {
                    span: word.span(),
                    text: lines.join(&b' '),
                }],
            });
        }
        cx.report(finding);
    }
}
