//! `timeout-vs-worker`.

use crate::rules::facts::Protocol;
use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, inherited};
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::number;

declare_rule! {
    /// ## What it reports
    ///
    /// A `proxy_read_timeout` or `uwsgi_read_timeout` (60 seconds by default) that is shorter than the
    /// time that the settings state for a worker (`worker-timeout`), or more than ten times as long.
    ///
    /// ## Why it matters
    ///
    /// A shorter one gives the client 504 while the worker goes on, and a client that tries again starts
    /// the work twice. A much longer one waits for a worker that its master has killed.
    ///
    /// ## What to do
    ///
    /// Write a little more than the worker's time: `proxy_read_timeout 35s;` for a `timeout` of 30.
    ///
    /// ## References
    ///
    /// - <https://docs.gunicorn.org/en/stable/settings.html#timeout>
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout>
    pub struct TimeoutVsWorker {
        id: "timeout-vs-worker",
        group: Django,
        severity: Info,
    }
}

impl Rule for TimeoutVsWorker {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let Some(worker) = cx
            .settings
            .django
            .worker_timeout
            .filter(|seconds| *seconds > 0)
        else {
            return;
        };
        for pass in places.passes.iter().filter(|pass| pass.is_django()) {
            let scope = pass.statement.scope;
            let name = match pass.protocol {
                Protocol::Http | Protocol::Https => "proxy_read_timeout",
                Protocol::Uwsgi => "uwsgi_read_timeout",
                _ => continue,
            };
            let upgrade = inherited(model, scope, "proxy_set_header")
                .get("Upgrade")
                .is_some();
            let timeout = inherited(model, scope, name);
            let word = timeout.list.last().and_then(|set| set.arg(0));
            let seconds = match word {
                None if timeout.known == Known::Surely => Some(60),
                None => None,
                Some(word) => number::time(&word.value(), true),
            };
            let Some(seconds) = seconds.and_then(|seconds| u64::try_from(seconds).ok()) else {
                continue;
            };
            let message = if seconds < worker {
                format!("nginx waits {seconds} seconds, a worker has {worker}")
            } else if seconds > worker.saturating_mul(10) && !upgrade {
                format!("nginx waits {seconds} seconds for a worker that has {worker}")
            } else {
                continue;
            };
            let span = word.map_or_else(|| pass.statement.head(), |word| word.span());
            let finding = cx
                .finding(span, message)
                .label("does not fit the worker")
                .help(format!("Write `{name} {}s;`", worker + 5));
            cx.report(finding);
        }
    }
}
