//! `try-files-to-django`.

use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `try_files` beside the directive that hands requests to Django, with a code such as `=404` at its
    /// end.
    ///
    /// ## Why it matters
    ///
    /// nginx looks for the file before it hands a request on. What is no file gets the code, so that every
    /// URL of Django is a 404; only requests for files that are there reach it.
    ///
    /// ## What to do
    ///
    /// Write `try_files $uri @django;` with `location @django { proxy_pass …; }`, or remove `try_files`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#try_files>
    pub struct TryFilesToDjango {
        id: "try-files-to-django",
        group: Django,
        severity: Error,
    }
}

impl Rule for TryFilesToDjango {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        for pass in places.passes.iter().filter(|pass| pass.is_django()) {
            let scope = model.scope(pass.statement.scope);
            let Some(last) = scope
                .first("try_files")
                .and_then(|found| found.args().next_back())
            else {
                continue;
            };
            if !last.value().starts_with(b"=") {
                continue;
            }
            let finding = cx
                .finding(
                    last.span(),
                    "requests never come to Django: what is no file is refused",
                )
                .label("ends every other request")
                .related(pass.statement.head(), "comes after that")
                .help("Write `@django` instead, and a `location @django` that hands requests on");
            cx.report(finding);
        }
    }
}
