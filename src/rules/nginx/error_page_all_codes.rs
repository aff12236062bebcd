//! `error-page-all-codes`.

use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// An `error_page` that names codes only.
    ///
    /// ## Why it matters
    ///
    /// The last argument is always the page. With `error_page 404 502;` a missing page is
    /// answered by a redirect to the address `502`.
    ///
    /// ## What to do
    ///
    /// Write the page behind the codes.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#error_page>
    pub struct ErrorPageAllCodes {
        id: "error-page-all-codes",
        group: Nginx,
        severity: Error,
    }
}

impl Rule for ErrorPageAllCodes {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["error_page"]
    }

    fn directive(&self, page: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some(last) = page.args().next_back() else {
            return;
        };
        let value = last.value();
        let code = value.strip_prefix(b"=").unwrap_or(&value);
        if code.len() != 3 || !code.iter().all(u8::is_ascii_digit) {
            return;
        }
        let finding = cx
            .finding(
                last.span(),
                format!("`{}` is taken as the page to show", last.to_str()),
            )
            .label("not a page")
            .help("Write a page behind the codes, such as `/50x.html`");
        cx.report(finding);
    }
}
