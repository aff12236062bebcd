//! `default-server-missing`.

use crate::directives::Context;
use crate::finding::{Fix, Safety, Severity};
use crate::model::sockets::Socket;
use crate::rules::edits::append;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::address::Host;
use foldhash::HashMap;

declare_rule! {
    /// ## What it reports
    ///
    /// A socket on which two or more servers listen and none is the `default_server`. Several
    /// sockets with the same servers, such as those of IPv4 and IPv6, are one finding.
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
        // The same servers on several sockets are one question.
        let mut questions: Vec<Vec<&Socket<'_>>> = Vec::new();
        let mut by_servers = HashMap::default();
        for socket in &cx.model.http.sockets.all {
            let [first, second, ..] = socket.listens.as_slice() else {
                continue;
            };
            if socket.default.is_some() || matches!(socket.key.host, Host::Unix(_)) {
                continue;
            }
            let pair = (first.server, second.server);
            let index = *by_servers.entry(pair).or_insert(questions.len());
            match questions.get_mut(index) {
                Some(sockets) => sockets.push(socket),
                None => questions.push(vec![socket]),
            }
        }
        for sockets in questions {
            let Some([first, second, ..]) = sockets.first().map(|socket| &*socket.listens) else {
                continue;
            };
            let names: Vec<_> = sockets.iter().map(|socket| socket.text.as_str()).collect();
            let names = names.join(" and ");
            let mut finding = cx
                .finding(
                    first.span,
                    format!("nothing says which server answers other names on {names}"),
                )
                .label("read first, so it does")
                .related(second.span, "listens there as well")
                .help("Write `default_server` behind one `listen`");
            if first.span.file == second.span.file {
                finding.severity = Severity::Info;
            }
            let listens = sockets.iter().filter_map(|socket| socket.listens.first());
            let written = listens.filter_map(|listen| listen.statement?.arg(0));
            let edits: Vec<_> = written
                .map(|word| append(word.span(), *b" default_server"))
                .collect();
            if !edits.is_empty() {
                finding = finding.fix(Fix {
                    safety: Safety::Safe,
                    title: "say that the first one does".into(),
                    edits,
                });
            }
            cx.report(finding);
        }
    }
}
