//! `undefined-upstream`.

use crate::directives::Context;
use crate::finding::Severity;
use crate::model::upstream::Upstreams;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::source::Span;
use crate::values::address::Host;
use crate::values::hosts::is_local_name;
use std::collections::HashSet;

declare_rule! {
    /// ## What it reports
    ///
    /// A name without a dot, or with an underscore, that requests are passed to and that no
    /// `upstream` has.
    ///
    /// ## Why it matters
    ///
    /// nginx takes the name for that of a machine and looks it up when it starts: `host not
    /// found in upstream`, and it does not start. With a port it is mostly the name of a
    /// service in a network of containers, which must run before nginx does; that is a note
    /// only.
    ///
    /// ## What to do
    ///
    /// Write an `upstream` of that name, or correct the name.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#upstream>
    pub struct UndefinedUpstream {
        id: "undefined-upstream",
        group: Upstream,
        severity: Warning,
    }
}

impl Rule for UndefinedUpstream {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let all = [
            (&cx.model.http.upstreams, Context::Http),
            (&cx.model.stream.upstreams, Context::Stream),
        ];
        for (upstreams, outer) in all {
            let mut told = HashSet::new();
            let sure = cx.model.has_all_of(&[Context::Main, outer]);
            for reference in &upstreams.references {
                let named = !reference.variable && !reference.unix;
                if named && upstreams.of(reference).is_none() {
                    let (host, port) = (&*reference.host, reference.port);
                    // Without a port `stream` refuses what is no upstream, and that is told already.
                    let refused = outer == Context::Stream && port.is_none();
                    let slip = || nearest(upstreams, host).is_some();
                    if (!refused || slip()) && told.insert((host, port)) {
                        judge(cx, Some(upstreams), sure, host, port, reference.span);
                    }
                }
            }
            for upstream in &upstreams.all {
                for peer in &upstream.servers {
                    if let (Some(Host::Name(host)), Some(word), false) =
                        (&peer.host, peer.statement.arg(0), peer.resolve)
                    {
                        judge(cx, None, sure, host, peer.port, word.span());
                    }
                }
            }
        }
    }
}

/// The name of an upstream for which another name may be a slip.
fn nearest(upstreams: &Upstreams<'_>, host: &[u8]) -> Option<String> {
    let shown = String::from_utf8_lossy(host);
    let names = upstreams.all.iter();
    names
        .map(|upstream| String::from_utf8_lossy(&upstream.name).into_owned())
        .map(|name| (strsim::osa_distance(&name, &shown), name))
        .min()
        .filter(|(distance, _)| *distance > 0 && *distance <= (shown.len() / 4).max(1))
        .map(|(_, name)| name)
}

/// `upstreams` are what the name may stand for.
fn judge(
    cx: &mut RuleContext<'_, '_>,
    upstreams: Option<&Upstreams<'_>>,
    sure: bool,
    host: &[u8],
    port: Option<u16>,
    span: Span,
) {
    if !is_local_name(host) {
        return;
    }
    // An upstream has no port.
    let upstreams = upstreams.filter(|_| port.is_none());
    let near = upstreams.and_then(|upstreams| nearest(upstreams, host));
    // In a part of a configuration only a slip is sure.
    if !sure && near.is_none() {
        return;
    }
    let shown = String::from_utf8_lossy(host).into_owned();
    let (message, help) = match (upstreams, near) {
        (Some(_), Some(name)) => (
            format!("there is no upstream `{shown}`"),
            format!("Write `{name}`, if that is meant"),
        ),
        (Some(_), None) => (
            format!("there is no upstream `{shown}`"),
            format!("Write `upstream {shown}`, or see that the machine knows the name"),
        ),
        (None, _) => (
            format!("nginx does not start unless the machine knows `{shown}`"),
            "See that what has the name starts before nginx, or write its address".to_owned(),
        ),
    };
    let mut finding = cx
        .finding(span, message)
        .label("looked up when nginx starts")
        .help(help);
    if port.is_some() {
        finding.severity = Severity::Info;
    }
    cx.report(finding);
}
