//! `backup-with-hash-method`.

use crate::finding::Severity;
use crate::model::upstream::Upstream;
use crate::rules::facts::pools::shown;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `backup` in an upstream with `ip_hash`, `hash` or `random`.
    ///
    /// ## Why it matters
    ///
    /// These methods know no backup servers. nginx refuses the configuration when the method
    /// comes before the server. When it comes behind, nginx does not notice: it loads, and the
    /// backup gets a request only after the method has failed twenty times in a row, so it
    /// does not stand in when it should.
    ///
    /// ## What to do
    ///
    /// Remove `backup`, or take `least_conn` or the default method, which know it.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server>
    pub struct BackupWithHashMethod {
        id: "backup-with-hash-method",
        group: Upstream,
        severity: Error,
    }
}

impl Rule for BackupWithHashMethod {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn upstream(&self, upstream: &Upstream<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some(method) = upstream
            .methods
            .last()
            .filter(|_| !upstream.method.has_backups())
        else {
            return;
        };
        // Those behind the method are refused by nginx, and not `backup` here.
        for peer in upstream.servers.iter().filter(|peer| peer.backup) {
            let mut args = peer.statement.args();
            let word = args.find(|word| word.is("backup"));
            let span = word.map_or_else(|| peer.statement.head(), |word| word.span());
            let name = method.name();
            let mut finding = cx
                .finding(
                    span,
                    format!(
                        "`{name}` does not use this server of `{}` as a backup",
                        shown(upstream)
                    ),
                )
                .label("hardly ever reached")
                .related(method.head(), "knows no `backup`")
                .help("Remove `backup`, or take `least_conn`");
            finding.severity = Severity::Warning;
            cx.report(finding);
        }
    }
}
