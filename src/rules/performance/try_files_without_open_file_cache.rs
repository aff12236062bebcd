//! `try-files-without-open-file-cache`.

use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, inherited};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `try_files` where `open_file_cache` is off.
    ///
    /// ## Why it matters
    ///
    /// nginx asks the system about each file with each request. The system has the answer in
    /// memory, and a cache may serve old files after a deployment, so this is off unless it is
    /// selected.
    ///
    /// ## What to do
    ///
    /// Write `open_file_cache max=1000 inactive=20s;`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#open_file_cache>
    pub struct TryFilesWithoutOpenFileCache {
        id: "try-files-without-open-file-cache",
        group: Performance,
        severity: Info,
        default: false,
    }
}

impl Rule for TryFilesWithoutOpenFileCache {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["try_files"]
    }

    fn directive(&self, files: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let cache = inherited(cx.model, files.scope, "open_file_cache");
        let value = cache.list.last().and_then(|cache| cache.arg(0));
        if cache.known == Known::No || value.is_some_and(|value| !value.is("off")) {
            return;
        }
        let finding = cx
            .finding(files.head(), "files are looked for with each request")
            .label("no `open_file_cache` counts")
            .help("Write `open_file_cache max=1000 inactive=20s`");
        cx.report(finding);
    }
}
