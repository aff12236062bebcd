//! `default-server-missing`.

use crate::directives::Context;
use crate::finding::{Fix, Safety, Severity};
use crate::rules::edits::append;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::address::Host;

declare_rule! {
    /// ## What it reports
    ///
    /// A socket on which two or more servers listen and none is the `default_server`.
    ///
    /// ## Why it matters
    ///
    /// Requests for any other name, and for the bare address, go to the server that happens to
    /// be read first. Where the servers are in different files, the names of the files decide,
    /// and a new file may change it; that is a warning, and a note otherwise.
    ///
    /// ## What to do
    ///
    /// Write `default_server` behind one `listen`. A server that only answers
    /// `return 444;` is a good choice.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/request_processing.html>
    pub struct DefaultServerMissing {
        id: "default-server-missing",
        group: Nginx,
        severity: Warning,
        fix: Some(Safety::Safe),
    }
}

impl Rule for DefaultServerMissing {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let contexts = [Context::Main, Context::Http, Context::Server];
        if !cx.model.has_all_of(&contexts) {
            return;
        }
        let mut told = Vec::new();
        for socket in &cx.model.http.sockets.all {
            let [first, second, ..] = socket.listens.as_slice() else {
                continue;
            };
            if socket.default.is_some() || matches!(socket.key.host, Host::Unix(_)) {
                continue;
            }
            // The same servers on several sockets are one question.
            let pair = (first.server, second.server);
            let again = told.contains(&pair);
            told.push(pair);
            let mut finding = cx
                .finding(
                    first.span,
                    format!(
                        "nothing says which server answers other names on {}",
                        socket.text
                    ),
                )
                .label("read first, so it does")
                .related(second.span, "listens there as well")
                .help("Write `default_server` behind one `listen`");
            if again || first.span.file == second.span.file {
                finding.severity = Severity::Info;
            }
            if let Some(listen) = first.statement
                && let Some(word) = listen.arg(0)
            {
                finding.fix = Some(Fix {
                    safety: Safety::Safe,
                    title: "say that the first one does".to_owned(),
                    edits: vec![append(word.span(), *b" default_server")],
                });
            }
            cx.report(finding);
        }
    }
}
