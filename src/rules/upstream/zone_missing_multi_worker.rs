//! `zone-missing-multi-worker`.

use crate::model::ScopeId;
use crate::model::upstream::{Method, Upstream};
use crate::rules::facts::pools::{primaries, shown};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// An upstream without `zone` that counts connections or failures, when nginx has several
    /// worker processes.
    ///
    /// ## Why it matters
    ///
    /// Without shared memory every worker process counts for itself: `least_conn` sees a part
    /// of the connections only, `max_conns=10` means ten for each worker, and each has to meet
    /// a broken server itself before it leaves it out.
    ///
    /// ## What to do
    ///
    /// Write `zone NAME 64k;` in the upstream.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#zone>
    pub struct ZoneMissingMultiWorker {
        id: "zone-missing-multi-worker",
        group: Upstream,
        severity: Info,
    }
}

impl Rule for ZoneMissingMultiWorker {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn upstream(&self, upstream: &Upstream<'_>, cx: &mut RuleContext<'_, '_>) {
        let workers = cx.model.scope(ScopeId::MAIN).first("worker_processes");
        let Some(workers) = workers.and_then(|workers| workers.arg(0)) else {
            return;
        };
        if workers.is("1") || upstream.zone.is_some() || primaries(upstream).count() < 2 {
            return;
        }
        let peer = |counts: fn(&crate::model::upstream::Peer<'_>) -> bool| {
            let mut peers = upstream.servers.iter();
            peers.find(|peer| counts(peer)).map(|peer| peer.statement)
        };
        let method = upstream.methods.last().copied();
        let two = method.is_some_and(|method| method.arg(0).is_some_and(|arg| arg.is("two")));
        let (what, text) = match upstream.method {
            Method::LeastConn | Method::LeastTime => (method, "counts for one worker"),
            Method::Random if two => (method, "counts for one worker"),
            _ => match peer(|peer| peer.max_conns > 0) {
                Some(peer) => (Some(peer), "limits one worker"),
                None => (
                    peer(|peer| peer.max_fails.is_some_and(|fails| fails > 1)),
                    "counts for one worker",
                ),
            },
        };
        let Some(what) = what else { return };
        let finding = cx
            .finding(
                upstream.statement.head(),
                format!(
                    "every worker process counts `{}` for itself",
                    shown(upstream)
                ),
            )
            .label("has no `zone`")
            .related(what.head(), text)
            .help(format!("Write `zone {} 64k` in it", shown(upstream)));
        cx.report(finding);
    }
}
