//! `source-files-reachable`.

use super::dotfiles_reachable::open_folders;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A `location /` that hands out the files of a folder which may be a project, and no `location` that
    /// refuses Python files, databases, logs and settings. Off unless it is selected.
    ///
    /// ## Why it matters
    ///
    /// If the project is in that folder, `/settings.py` and `/db.sqlite3` are downloads. Whether it is
    /// there cannot be seen in the configuration; `project-root-served` reports what can.
    ///
    /// ## What to do
    ///
    /// Point `root` at a folder that has nothing but public files, or refuse the others:
    /// `location ~ \.(py|pyc|sqlite3|log|ini|toml|ya?ml|bak)$ { return 404; }`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#location>
    pub struct SourceFilesReachable {
        id: "source-files-reachable",
        group: Static,
        severity: Info,
        default: false,
    }
}

impl Rule for SourceFilesReachable {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        for folder in open_folders(&places, model, b"/shop/settings.py") {
            let finding = cx
                .finding(
                    folder.statement.head(),
                    "everybody gets Python files if they are here",
                )
                .label("may be a project")
                .help("Point it at a folder that has nothing but public files");
            cx.report(finding);
        }
    }
}
