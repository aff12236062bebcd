//! `proxy-set-header-dropped`.

use crate::directives::Context;
use crate::finding::{Fix, Safety, Severity};
use crate::model::{ScopeId, Statement};
use crate::rules::edits::repeat_before;
use crate::rules::facts::headers::{dropped, key, listed};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `proxy_set_header` in a block round which other ones are set that are lost by it.
    ///
    /// ## Why it matters
    ///
    /// nginx inherits these as a whole: one `proxy_set_header` in a `location` drops all of the
    /// server. The backend then gets the default `Host`, which is the name behind
    /// `proxy_pass`, and no address of the client. What would set the default of nginx anyway
    /// is not missed. Where Django is behind it, `proxy-headers-dropped` tells what breaks.
    ///
    /// ## What to do
    ///
    /// Repeat the headers in the block, or include a file with them in both.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header>
    pub struct ProxySetHeaderDropped {
        id: "proxy-set-header-dropped",
        group: Proxy,
        severity: Warning,
        fix: Some(Safety::Unsafe),
    }
}

/// Headers whose loss changes what a backend believes about a request.
const GRAVE: &[&str] = &[
    "host",
    "x-real-ip",
    "forwarded",
    "authorization",
    "early-data",
];

fn is_grave(lost: &Statement<'_>) -> bool {
    let key = key(lost);
    key.starts_with(b"x-forwarded-") || GRAVE.iter().any(|name| key == name.as_bytes())
}

/// Whether a line sets what nginx sets without it.
fn is_default(lost: &Statement<'_>) -> bool {
    let value = lost.arg(1).map(|word| word.value().into_owned());
    let value = value.unwrap_or_default();
    match key(lost).as_slice() {
        b"host" => value == b"$proxy_host",
        b"connection" => value.is_empty() || value == b"close",
        b"upgrade" | b"te" | b"keep-alive" | b"expect" | b"transfer-encoding" => value.is_empty(),
        _ => false,
    }
}

impl Rule for ProxySetHeaderDropped {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let places = cx.places();
        for (index, scope) in cx.model.scopes.iter().enumerate() {
            let id = ScopeId(index as u32);
            if !matches!(scope.context, Context::Server | Context::Location) {
                continue;
            }
            let Some(mut dropped) = dropped(cx.model, id, "proxy_set_header", key) else {
                continue;
            };
            dropped.lost.retain(|lost| !is_default(lost));
            let Some(example) = dropped.lost.first() else {
                continue;
            };
            if places.django_in(id).next().is_some() {
                continue;
            }
            let mut finding = cx
                .finding(
                    dropped.first.head(),
                    format!("this `proxy_set_header` drops {}", listed(&dropped.lost)),
                )
                .label("none around it counts any more")
                .related(example.head(), "is lost")
                .help("Repeat them here");
            if !dropped.lost.iter().any(is_grave) {
                finding.severity = Severity::Info;
            }
            finding = finding.fix(Fix {
                safety: Safety::Unsafe,
                title: "repeat what is lost".into(),
                edits: vec![repeat_before(cx, &dropped.lost, dropped.first)],
            });
            cx.report(finding);
        }
    }
}
