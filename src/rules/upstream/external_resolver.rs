//! `external-resolver`.

use crate::model::upstream::Reference;
use crate::model::{ScopeId, Statement};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::address::{self, Allowed};
use crate::values::hosts::is_public_address;

declare_rule! {
    /// ## What it reports
    ///
    /// A `resolver` with a public address, where names of backends are looked up with it.
    ///
    /// ## Why it matters
    ///
    /// Answers of that server decide where requests go, and they come over the open network
    /// without protection: whoever can forge one answer gets the requests. It also sees each
    /// name that is asked for. A resolver that only serves `ssl_stapling` is not reported.
    ///
    /// ## What to do
    ///
    /// Use the resolver of the machine or of the private network.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#resolver>
    pub struct ExternalResolver {
        id: "external-resolver",
        group: Upstream,
        severity: Warning,
    }
}

impl Rule for ExternalResolver {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["resolver"]
    }

    fn directive(&self, resolver: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let model = cx.model;
        let within = |scope: ScopeId| model.outwards(scope).any(|outer| outer == resolver.scope);
        let by_variable = |user: &&Reference<'_>| user.variable && within(user.statement.scope);
        let http = &model.http.upstreams;
        let mut peers = http.all.iter().flat_map(|upstream| &upstream.servers);
        let user = { http.references.iter() }
            .find(by_variable)
            .map(|user| user.statement)
            .or_else(|| {
                let resolved = peers.find(|peer| peer.resolve && within(peer.statement.scope));
                resolved.map(|peer| peer.statement)
            });
        let Some(user) = user else { return };
        for word in resolver.args() {
            let value = word.value();
            let Ok(url) = address::parse_url(&value, Allowed::default()) else {
                continue;
            };
            if !is_public_address(&url.host) {
                continue;
            }
            let finding = cx
                .finding(
                    word.span(),
                    format!("`{}` decides where requests go", word.to_str()),
                )
                .label("a public resolver")
                .related(user.head(), "looked up with it")
                .help("Use the resolver of the machine or of the private network");
            cx.report(finding);
            return;
        }
    }
}
