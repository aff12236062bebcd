//! `proxy-missing-host-header`.

use crate::finding::Severity;
use crate::rules::facts::headers::lacks;
use crate::rules::facts::{Pass, Protocol};
use crate::rules::meta::declare_rule;
use crate::rules::places::{dropped, inherited};
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::address::inet_addr;

declare_rule! {
    /// ## What it reports
    ///
    /// A `proxy_pass` to an upstream or an address without `proxy_set_header Host`.
    ///
    /// ## Why it matters
    ///
    /// nginx sends the text behind `proxy_pass http://` as `Host`: the name of the upstream, or
    /// `127.0.0.1:8000`. The backend makes wrong addresses from it, mixes up its sites, or
    /// refuses the request. Where the text is the name of another machine, that is right and
    /// not reported; where it is an address, some backends do not care, and it is a note. For
    /// Django see `django-host-not-forwarded`.
    ///
    /// ## What to do
    ///
    /// Write `proxy_set_header Host $host;`, and repeat the other `proxy_set_header` lines that
    /// the block would lose by it.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header>
    pub struct ProxyMissingHostHeader {
        id: "proxy-missing-host-header",
        group: Proxy,
        severity: Warning,
    }
}

impl Rule for ProxyMissingHostHeader {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let places = cx.places();
        let without = |pass: &&Pass<'_>| {
            let Some(to) = &pass.to else { return false };
            let http = matches!(pass.protocol, Protocol::Http | Protocol::Https);
            let is_address = inet_addr(&to.name).is_some()
                || to.name.starts_with(b"[")
                || to.name.starts_with(b"/")
                || to.name.eq_ignore_ascii_case(b"localhost");
            let scope = pass.statement.scope;
            // With an underscore that is `upstream-name-underscore`.
            let underscore = memchr::memchr(b'_', &to.name).is_some();
            http && !pass.is_django()
                && !(to.upstream.is_some() && underscore)
                && (is_address || to.upstream.is_some())
                && inherited(cx.model, scope, "proxy_set_header").lacks("Host")
                // Told by `proxy-set-header-dropped`.
                && dropped(cx.model, scope, "proxy_set_header", "Host").is_none()
        };
        let without = places.passes.iter().filter(without);
        let (named, addressed): (Vec<_>, Vec<_>) =
            without.partition(|pass| pass.to.as_ref().is_some_and(|to| to.upstream.is_some()));
        let mut all = lacks(cx.model, named);
        all.extend(lacks(cx.model, addressed));
        for lack in all {
            let pass = lack.first;
            let Some(to) = &pass.to else { continue };
            let sent = String::from_utf8_lossy(&to.name).into_owned();
            let sent = match to.port {
                _ if to.name.starts_with(b"/") => "localhost".to_owned(),
                Some(port) if port != 80 => format!("{sent}:{port}"),
                _ => sent,
            };
            let mut finding = cx
                .finding(
                    pass.statement.head(),
                    format!("the backend gets `Host: {sent}`"),
                )
                .label("no `Host` is set for it")
                .help(format!(
                    "Write `proxy_set_header Host $host;` {}",
                    lack.place
                ));
            if to.upstream.is_none() {
                finding.severity = Severity::Info;
            }
            cx.report(lack.shown_in(finding));
        }
    }
}
