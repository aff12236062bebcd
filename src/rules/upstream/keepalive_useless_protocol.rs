//! `keepalive-useless-protocol`.

use crate::model::upstream::{Scheme, Upstream};
use crate::rules::facts::pools::{keepalive, shown, users};
use crate::rules::meta::declare_rule;
use crate::rules::places::is_on;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `keepalive` in an upstream that only `uwsgi_pass` and `scgi_pass` use, or `fastcgi_pass`
    /// without `fastcgi_keep_conn on`.
    ///
    /// ## Why it matters
    ///
    /// nginx never keeps such connections open. Whoever tunes the number tunes nothing.
    ///
    /// ## What to do
    ///
    /// Remove `keepalive`; for FastCGI write `fastcgi_keep_conn on;`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive>
    pub struct KeepaliveUselessProtocol {
        id: "keepalive-useless-protocol",
        group: Upstream,
        severity: Info,
    }
}

impl Rule for KeepaliveUselessProtocol {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn upstream(&self, upstream: &Upstream<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some(keepalive) = keepalive(upstream) else {
            return;
        };
        let mut users = users(cx.model, upstream).peekable();
        let Some(first) = users.peek().map(|user| user.statement) else {
            return;
        };
        let useless = users.all(|user| match user.scheme {
            Scheme::Uwsgi | Scheme::Suwsgi | Scheme::Scgi => true,
            Scheme::FastCgi => !is_on(cx.model, user.statement.scope, "fastcgi_keep_conn", false),
            _ => false,
        });
        if useless {
            let finding = cx
                .finding(
                    keepalive.statement.head(),
                    format!("connections to `{}` are never kept open", shown(upstream)),
                )
                .label("has no effect")
                .related(first.head(), "closes each connection")
                .help("Remove `keepalive`");
            cx.report(finding);
        }
    }
}
