//! `upstream-name-underscore`.

use crate::finding::Severity;
use crate::model::upstream::{Scheme, Upstream};
use crate::rules::facts::pools::{shown, users};
use crate::rules::meta::declare_rule;
use crate::rules::places::inherited;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// An upstream with an underscore in its name, to which a `proxy_pass` passes requests
    /// without `proxy_set_header Host`.
    ///
    /// ## Why it matters
    ///
    /// nginx sends the name of the upstream as `Host`. An underscore may not be in the name of
    /// a host: Django answers every request with 400, `Invalid HTTP_HOST header`, whatever
    /// `ALLOWED_HOSTS` says. For other backends it is a warning.
    ///
    /// ## What to do
    ///
    /// Write `proxy_set_header Host $host;` there; the name can stay.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header>
    /// - <https://docs.djangoproject.com/en/stable/ref/settings/#allowed-hosts>
    pub struct UpstreamNameUnderscore {
        id: "upstream-name-underscore",
        group: Upstream,
        severity: Error,
    }
}

impl Rule for UpstreamNameUnderscore {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn upstream(&self, upstream: &Upstream<'_>, cx: &mut RuleContext<'_, '_>) {
        if memchr::memchr(b'_', &upstream.name).is_none() {
            return;
        }
        let Some(word) = upstream.statement.arg(0) else {
            return;
        };
        let places = cx.places();
        for user in users(cx.model, upstream) {
            let http = matches!(user.scheme, Scheme::Http | Scheme::Https);
            let headers = inherited(cx.model, user.statement.scope, "proxy_set_header");
            if !http || !headers.lacks("Host") {
                continue;
            }
            let here = user.statement.head();
            let scope = user.statement.scope;
            let passes = &places.passes;
            let first = passes.partition_point(|pass| pass.statement.scope < scope);
            let own = passes[first..].iter();
            let mut own = own.take_while(|pass| pass.statement.scope == scope);
            let django = own.any(|pass| pass.statement.head() == here && pass.is_django());
            let mut finding = cx
                .finding(
                    word.span(),
                    format!(
                        "`{}` is sent as `Host`, and is no name of a host",
                        shown(upstream)
                    ),
                )
                .label("has an underscore")
                .related(here, "sets no `Host`")
                .help("Write `proxy_set_header Host $host` where it is used");
            if !django {
                finding.severity = Severity::Warning;
            }
            cx.report(finding);
            return;
        }
    }
}
