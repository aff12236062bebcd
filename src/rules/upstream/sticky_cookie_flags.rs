//! `sticky-cookie-flags`.

use crate::finding::{Fix, Safety};
use crate::model::upstream::Upstream;
use crate::rules::edits::append;
use crate::rules::facts::pools::{sticky, users};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `sticky cookie` without `httponly`, without `path=/`, or, where all servers that use it
    /// have TLS, without `secure`.
    ///
    /// ## Why it matters
    ///
    /// The cookie names a server of yours. Without `httponly` scripts read it, without `secure`
    /// it is sent unencrypted, and without `path=/` a browser keeps one for each folder, so that
    /// a client changes the server between pages.
    ///
    /// ## What to do
    ///
    /// Write `sticky cookie NAME httponly secure path=/;`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#sticky>
    pub struct StickyCookieFlags {
        id: "sticky-cookie-flags",
        group: Upstream,
        severity: Warning,
        fix: Some(Safety::Unsafe),
    }
}

impl Rule for StickyCookieFlags {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn upstream(&self, upstream: &Upstream<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some(sticky) = sticky(cx.model, upstream) else {
            return;
        };
        if !sticky.arg(0).is_some_and(|mode| mode.is("cookie")) {
            return;
        }
        let has = |name: &str| {
            let mut args = sticky.args().skip(2);
            args.any(|word| word.value().starts_with(name.as_bytes()))
        };
        let places = cx.places();
        let mut sites = users(cx.model, upstream)
            .filter_map(|user| places.site_around(user.statement.scope))
            .peekable();
        let tls = sites.peek().is_some()
            && sites.all(|site| site.sockets().iter().all(|socket| socket.tls));
        let missing: Vec<_> = [
            ("httponly", true),
            ("secure", tls),
            ("path=/", !has("path=")),
        ]
        .into_iter()
        .filter(|(flag, wanted)| *wanted && !has(flag))
        .map(|(flag, _)| flag)
        .collect();
        if missing.is_empty() {
            return;
        }
        let flags = missing.join(" ");
        let mut finding = cx
            .finding(sticky.head(), format!("the cookie lacks `{flags}`"))
            .label("sent to every client")
            .help(format!("Write `{flags}` behind it"));
        finding = finding.fix(Fix {
            safety: Safety::Unsafe,
            title: format!("add `{flags}`").into(),
            edits: vec![append(sticky.head(), format!(" {flags}"))],
        });
        cx.report(finding);
    }
}
