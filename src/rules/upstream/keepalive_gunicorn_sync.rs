//! `keepalive-gunicorn-sync`.

use crate::model::upstream::Upstream;
use crate::rules::facts::app_server;
use crate::rules::facts::pools::{keepalive, shown};
use crate::rules::meta::declare_rule;
use crate::rules::settings::AppServer;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `keepalive` in an upstream of gunicorn whose settings say `worker-class = "sync"`.
    ///
    /// ## Why it matters
    ///
    /// A worker of that class closes the connection behind each answer: nothing is kept open,
    /// and now and then a request meets a connection that is just being closed.
    ///
    /// ## What to do
    ///
    /// Remove `keepalive`, or run gunicorn with `gthread` or an ASGI worker.
    ///
    /// ## References
    ///
    /// - <https://docs.gunicorn.org/en/stable/design.html#sync-workers>
    pub struct KeepaliveGunicornSync {
        id: "keepalive-gunicorn-sync",
        group: Upstream,
        severity: Info,
    }
}

impl Rule for KeepaliveGunicornSync {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn upstream(&self, upstream: &Upstream<'_>, cx: &mut RuleContext<'_, '_>) {
        if cx.settings.django.worker_class.as_deref() != Some("sync") {
            return;
        }
        let Some(keepalive) = keepalive(upstream) else {
            return;
        };
        let places = cx.places();
        let mut passes = places.django_over_http();
        let gunicorn = passes.any(|pass| {
            let here = pass.to.as_ref().and_then(|to| to.upstream) == Some(upstream.scope);
            let server = app_server(pass, cx.settings);
            here && server.is_none_or(|server| server == AppServer::Gunicorn)
        });
        if gunicorn {
            let finding = cx
                .finding(
                    keepalive.statement.head(),
                    format!("gunicorn closes each connection of `{}`", shown(upstream)),
                )
                .label("has no effect")
                .help("Remove `keepalive`, or run gunicorn with `gthread`");
            cx.report(finding);
        }
    }
}
