//! `status-page-exposed`.

use crate::finding::{Edit, Fix, Safety};
use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, inherited, is_guarded};
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
        let local = places
            .site_around(model, status.scope)
            .is_some_and(|site| site.is_local());
        let denies = inherited(model, status.scope, "deny");
        let allows = model.effective(status.scope, "allow");
        // The first line that fits counts: an `allow all` before `deny` opens the page.
        let everybody = |word: crate::syntax::Word<'_>| {
            matches!(&*word.value(), b"all" | b"0.0.0.0/0" | b"::/0")
        };
        let open = allows.iter().any(|allow| {
            allow.arg(0).is_some_and(everybody)
                && denies.list.iter().all(|deny| {
                    deny.head().file == allow.head().file && deny.head().start > allow.head().start
                })
        });
        let refuses = denies
            .list
            .iter()
            .any(|deny| deny.arg(0).is_some_and(everybody));
        let known = !denies.list.is_empty() || is_guarded(model, status.scope);
        if local || denies.known == Known::No || refuses && !open || known && denies.list.is_empty()
        {
            return;
        }
        let mut finding = cx
            .finding(status.head(), "everybody sees the state of this nginx")
            .label("nobody is refused")
            .help("Write `allow 127.0.0.1;` and `deny all;` in this block");
        if denies.list.is_empty() && allows.is_empty() {
            let end = status.end().end;
            finding.fix = Some(Fix {
                safety: Safety::Unsafe,
                title: "Let this machine in alone".to_owned(),
                edits: vec![Edit {
                    span: Span::new(status.end().file, end, end),
                    text: b" allow 127.0.0.1; deny all;".to_vec(),
                }],
            });
        }
        cx.report(finding);
    }
}
