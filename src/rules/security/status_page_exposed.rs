//! `status-page-exposed`.

use crate::finding::{Edit, Fix, Safety};
use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::places::{
    Access, Known, access, asks_who, inherited, is_any_enough, is_set, lets_in,
};
use crate::rules::{Meta, Rule, RuleContext};
use crate::source::Span;

declare_rule! {
    /// ## What it reports
    ///
    /// `stub_status` that everybody reaches: neither `deny all` behind an `allow`, nor a password, nor a
    /// server for this machine alone.
    ///
    /// ## Why it matters
    ///
    /// The page tells how busy the machine is, second by second, which shows an attacker what works.
    ///
    /// ## What to do
    ///
    /// Write `allow 127.0.0.1;` and `deny all;` in that `location`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_stub_status_module.html>
    pub struct StatusPageExposed {
        id: "status-page-exposed",
        group: Security,
        severity: Warning,
        fix: Some(Safety::Unsafe),
    }
}

impl Rule for StatusPageExposed {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["stub_status"]
    }

    fn directive(&self, status: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let site = places.site_around(status.scope);
        if site.is_some_and(|site| site.is_local())
            || inherited(model, status.scope, "deny").known == Known::No
            || inherited(model, status.scope, "auth_basic").known == Known::No
        {
            return;
        }
        let rules = access(model, status.scope);
        let (v4, v6) = site.map_or((true, true), |site| site.families());
        let lets_in = lets_in(&rules, v4, v6);
        let any = is_any_enough(model, status.scope);
        let asks =
            asks_who(model, status.scope) || is_set(model, status.scope, "ssl_verify_client");
        // With `satisfy any` a line that lets everybody in goes before the password.
        let open = match (asks, any) {
            (true, false) => false,
            (true, true) => lets_in == Access::Everybody,
            (false, _) => lets_in != Access::Some,
        };
        if !open || model.scope(status.scope).first("internal").is_some() {
            return;
        }
        let mut finding = cx
            .finding(status.head(), "everybody sees the state of this nginx")
            .label("nobody is refused")
            .help("Write `allow 127.0.0.1;` and `deny all;` in this block");
        if rules.is_empty() {
            let end = status.end().end;
            finding = finding.fix(Fix {
                safety: Safety::Unsafe,
                title: "Let this machine in alone".into(),
                edits: vec![Edit {
                    span: Span::new(status.end().file, end, end),
                    text: b" allow 127.0.0.1; deny all;".to_vec(),
                }],
            });
        }
        cx.report(finding);
    }
}
