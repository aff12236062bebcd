//! `request-buffering-off-sync`.

use crate::rules::AppServer;
use crate::rules::facts::app_server;
use crate::rules::meta::declare_rule;
use crate::rules::places::inherited;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `proxy_request_buffering off` or `proxy_buffering off` in front of Gunicorn whose workers take one
    /// request at a time, which is the default. State `sync-workers = false` in the settings for others.
    /// A `location` that passes `Upgrade` on has others: these do not speak WebSocket.
    ///
    /// ## Why it matters
    ///
    /// nginx then gives bytes to the worker as slowly as the client sends them, and takes the answer as
    /// slowly as the client reads it. A few slow clients hold all workers.
    ///
    /// ## What to do
    ///
    /// Remove the directive, or use `gthread`, `gevent` or an ASGI server for that path.
    ///
    /// ## References
    ///
    /// - <https://docs.gunicorn.org/en/stable/deploy.html>
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_request_buffering>
    pub struct RequestBufferingOffSync {
        id: "request-buffering-off-sync",
        group: Django,
        severity: Warning,
    }
}

impl Rule for RequestBufferingOffSync {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        if cx.settings.django.sync_workers == Some(false) {
            return;
        }
        let mut told = Vec::new();
        for pass in places.django_over_http() {
            let gunicorn = app_server(pass, cx.settings) == Some(AppServer::Gunicorn);
            let upgrades = || {
                let headers = inherited(model, pass.statement.scope, "proxy_set_header");
                headers.get("Upgrade").is_some()
            };
            let sync = cx.settings.django.sync_workers == Some(true);
            if !sync && (!gunicorn || upgrades()) {
                continue;
            }
            for name in ["proxy_request_buffering", "proxy_buffering"] {
                let Some(set) = model.value(pass.statement.scope, name) else {
                    continue;
                };
                if !set.arg(0).is_some_and(|word| word.is("off")) || told.contains(&set.head()) {
                    continue;
                }
                told.push(set.head());
                let finding = cx
                    .finding(set.head(), "slow clients hold Gunicorn's workers")
                    .label("nothing is buffered")
                    .related(pass.statement.head(), "goes to Gunicorn")
                    .help(format!("Remove `{name} off`"));
                cx.report(finding);
            }
        }
    }
}
