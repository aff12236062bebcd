//! `hash-not-consistent`.

use crate::finding::{Fix, Safety};
use crate::model::upstream::{Method, Upstream};
use crate::rules::edits::append;
use crate::rules::facts::pools::shown;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `hash` without `consistent` in an upstream with three or more servers.
    ///
    /// ## Why it matters
    ///
    /// When a server is added or removed, nearly every key moves to another server: caches are
    /// cold and sessions are lost. With `consistent` only the keys of that server move.
    ///
    /// ## What to do
    ///
    /// Write `consistent` behind the key. That moves most keys once.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#hash>
    pub struct HashNotConsistent {
        id: "hash-not-consistent",
        group: Upstream,
        severity: Info,
        fix: Some(Safety::Unsafe),
    }
}

impl Rule for HashNotConsistent {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn upstream(&self, upstream: &Upstream<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some(hash) = upstream.methods.last() else {
            return;
        };
        if upstream.method != Method::Hash || hash.arg(1).is_some() || upstream.servers.len() < 3 {
            return;
        }
        let mut finding = cx
            .finding(
                hash.head(),
                format!(
                    "a change of servers moves nearly every key of `{}`",
                    shown(upstream)
                ),
            )
            .label("has no `consistent`")
            .help("Write `consistent` behind the key");
        finding = finding.fix(Fix {
            safety: Safety::Unsafe,
            title: "add `consistent`".into(),
            edits: vec![append(hash.head(), *b" consistent")],
        });
        cx.report(finding);
    }
}
