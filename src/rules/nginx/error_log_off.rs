//! `error-log-off`.

use crate::finding::{Edit, Fix, Safety};
use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `error_log off`.
    ///
    /// ## Why it matters
    ///
    /// `access_log` knows `off`, `error_log` does not: nginx writes errors to a file with the
    /// name `off` in its own folder. Errors are neither where they are looked for nor gone,
    /// and the file grows without being rotated.
    ///
    /// ## What to do
    ///
    /// Keep the log, and raise its level: `error_log /var/log/nginx/error.log crit;`. To have
    /// none, write `error_log /dev/null crit;`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/ngx_core_module.html#error_log>
    pub struct ErrorLogOff {
        id: "error-log-off",
        group: Nginx,
        severity: Warning,
        fix: Some(Safety::Unsafe),
    }
}

impl Rule for ErrorLogOff {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["error_log"]
    }

    fn directive(&self, log: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some(word) = log.arg(0).filter(|word| word.is("off")) else {
            return;
        };
        let mut finding = cx
            .finding(word.span(), "`error_log off` writes to a file named `off`")
            .label("the name of a file")
            .help("Write `error_log /dev/null crit;` to have no log of errors");
        let end = log.args().next_back().unwrap_or(word).span().end;
        let mut span = word.span();
        span.end = end;
        finding = finding.fix(Fix {
            safety: Safety::Unsafe,
            title: "throw errors away".into(),
            edits: vec![Edit {
                span,
                text: b"/dev/null crit".to_vec(),
            }],
        });
        cx.report(finding);
    }
}
