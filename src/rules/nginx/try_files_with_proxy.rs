//! `try-files-with-proxy`.

use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `try_files` and `proxy_pass` in one `location`.
    ///
    /// ## Why it matters
    ///
    /// `try_files` only looks whether a file is there. What serves the location is
    /// `proxy_pass`: a request for a file that exists is handed on, and one for a file that does
    /// not exist goes to the last argument, mostly `=404`. The backend gets exactly the requests
    /// that it was not meant for.
    ///
    /// ## What to do
    ///
    /// Move `proxy_pass` into a named location and make that the last argument:
    /// `try_files $uri @app;`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#try_files>
    pub struct TryFilesWithProxy {
        id: "try-files-with-proxy",
        group: Nginx,
        severity: Warning,
    }
}

impl Rule for TryFilesWithProxy {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["try_files"]
    }

    fn directive(&self, files: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some(pass) = cx.model.scope(files.scope).first("proxy_pass") else {
            return;
        };
        let refuses =
            { files.args().next_back() }.is_some_and(|last| last.value().starts_with(b"="));
        let places = cx.places();
        let mut django = places.passes.iter().filter(|pass| pass.is_django());
        // Told by `try-files-to-django`.
        if refuses && django.any(|django| django.statement.head() == pass.head()) {
            return;
        }
        let finding = cx
            .finding(
                files.head(),
                "files that are found are not served from here",
            )
            .label("only looks for them")
            .related(pass.head(), "gets these requests")
            .help("Move `proxy_pass` into a named location and try that last");
        cx.report(finding);
    }
}
