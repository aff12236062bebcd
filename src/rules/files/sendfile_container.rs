//! `sendfile-container`.

use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::places::{is_on, is_within};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `sendfile on` for files below `/vagrant`, which VirtualBox shares with the host.
    ///
    /// ## Why it matters
    ///
    /// A shared folder of VirtualBox does not tell the kernel of the guest that a file has changed. With
    /// `sendfile` nginx goes on to send the old content, or the new one cut off.
    ///
    /// ## What to do
    ///
    /// Write `sendfile off;` where such folders are served.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#sendfile>
    /// - <https://www.virtualbox.org/ticket/9069>
    pub struct SendfileContainer {
        id: "sendfile-container",
        group: Static,
        severity: Info,
    }
}

impl Rule for SendfileContainer {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["root", "alias"]
    }

    fn directive(&self, folder: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some(word) = folder.arg(0) else {
            return;
        };
        if !is_within(&word.value(), b"/vagrant")
            || !is_on(cx.model, folder.scope, "sendfile", false)
        {
            return;
        }
        let Some(sendfile) = cx.model.value(folder.scope, "sendfile") else {
            return;
        };
        let finding = cx
            .finding(word.span(), "changed files are sent with old content")
            .label("shared by VirtualBox")
            .related(sendfile.head(), "bypasses it")
            .help("Write `sendfile off;` in this block");
        cx.report(finding);
    }
}
