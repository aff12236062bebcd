//! `keepalive-without-http11`.

use crate::model::upstream::{Scheme, Upstream};
use crate::rules::facts::pools::{keepalive, shown, users};
use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, inherited};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A `proxy_pass` to an upstream with `keepalive` without HTTP/1.1 or without an empty
    /// `Connection` header, for nginx before 1.29.7.
    ///
    /// ## Why it matters
    ///
    /// These releases talk HTTP/1.0 to backends and send `Connection: close`, so that every
    /// connection is closed behind its first answer: `keepalive` has no effect. From 1.29.7 on
    /// both are right by default.
    ///
    /// ## What to do
    ///
    /// Write `proxy_http_version 1.1;` and `proxy_set_header Connection "";`, and repeat the
    /// other `proxy_set_header` lines that the block would lose by it.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive>
    pub struct KeepaliveWithoutHttp11 {
        id: "keepalive-without-http11",
        group: Upstream,
        severity: Warning,
    }
}

impl Rule for KeepaliveWithoutHttp11 {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn upstream(&self, upstream: &Upstream<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some(keepalive) = keepalive(upstream) else {
            return;
        };
        if cx.target().at_least(1, 29, 7) {
            return;
        }
        for user in users(cx.model, upstream) {
            if !matches!(user.scheme, Scheme::Http | Scheme::Https | Scheme::Variable) {
                continue;
            }
            let scope = user.statement.scope;
            let versions = inherited(cx.model, scope, "proxy_http_version");
            let headers = inherited(cx.model, scope, "proxy_set_header");
            if versions.known == Known::No || headers.known == Known::No {
                continue;
            }
            let old = versions
                .list
                .last()
                .and_then(|version| version.arg(0))
                .is_none_or(|version| version.is("1.0"));
            let connection = headers.get("Connection").and_then(|header| header.arg(1));
            // A variable may be empty when it should.
            let closes = connection.is_none_or(|value| {
                let value = value.value();
                !value.is_empty() && memchr::memchr(b'$', &value).is_none()
            });
            let what = match (old, closes) {
                (true, true) => "needs `proxy_http_version 1.1` and an empty `Connection`",
                (true, false) => "needs `proxy_http_version 1.1`",
                (false, true) => "needs `proxy_set_header Connection \"\"`",
                (false, false) => continue,
            };
            let finding = cx
                .finding(
                    user.statement.head(),
                    format!(
                        "connections to `{}` are not kept open here",
                        shown(upstream)
                    ),
                )
                .label(what)
                .related(keepalive.statement.head(), "has no effect")
                .help("Write `proxy_http_version 1.1` and `proxy_set_header Connection \"\"`");
            cx.report(finding);
        }
    }
}
