//! `array-directive-dropped`.

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
    /// A directive of which a block inherits all or none, in a block round which other ones are
    /// set that are lost by it: `fastcgi_param`, `scgi_param`, `grpc_set_header`,
    /// `proxy_hide_header`, `error_page`, `limit_req`, `limit_conn`.
    ///
    /// ## Why it matters
    ///
    /// One `limit_req` in a `location` switches off the limit of the server there, one
    /// `error_page` the pages for all other codes. For parameters of a backend it is a warning,
    /// for the others, where another set may be meant, a note.
    ///
    /// ## What to do
    ///
    /// Repeat in the block what should still count.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_param>
    /// - <https://nginx.org/en/docs/http/ngx_http_limit_req_module.html#limit_req>
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#error_page>
    pub struct ArrayDirectiveDropped {
        id: "array-directive-dropped",
        group: Proxy,
        severity: Warning,
        fix: Some(Safety::Unsafe),
    }
}

const PARAMETERS: &[&str] = &["fastcgi_param", "scgi_param", "grpc_set_header"];
const OTHERS: &[&str] = &["proxy_hide_header", "error_page", "limit_req", "limit_conn"];

impl Rule for ArrayDirectiveDropped {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let names: Vec<_> = { PARAMETERS.iter().chain(OTHERS) }
            .filter(|name| cx.model.has_any(&[name]))
            .collect();
        for (index, scope) in cx.model.scopes.iter().enumerate() {
            let id = ScopeId(index as u32);
            if !matches!(
                scope.context,
                Context::Server | Context::Location | Context::IfInLocation
            ) {
                continue;
            }
            for name in &names {
                if **name == "error_page" {
                    pages(cx, id);
                    continue;
                }
                let Some(dropped) = dropped(cx.model, id, name, key) else {
                    continue;
                };
                let grave = PARAMETERS.contains(name);
                report(cx, dropped.first, &dropped.lost, grave);
            }
        }
    }
}

fn report<'m>(
    cx: &mut RuleContext<'_, 'm>,
    first: Statement<'m>,
    lost: &[Statement<'m>],
    grave: bool,
) {
    let Some(example) = lost.first() else {
        return;
    };
    let mut finding = cx
        .finding(
            first.head(),
            format!("this `{}` drops {}", first.name(), listed(lost)),
        )
        .label("none around it counts any more")
        .related(example.head(), "is lost")
        .help("Repeat here what should still count");
    if !grave {
        finding.severity = Severity::Info;
    }
    finding = finding.fix(Fix {
        safety: Safety::Unsafe,
        title: "repeat what is lost".into(),
        edits: vec![repeat_before(cx, lost, first)],
    });
    cx.report(finding);
}

/// The codes of an `error_page`.
fn codes(page: &Statement<'_>) -> Vec<Vec<u8>> {
    page.args()
        .map(|word| word.value().into_owned())
        .filter(|value| value.len() == 3 && value.iter().all(u8::is_ascii_digit))
        .collect()
}

/// A page is lost when one of its codes has none in the block.
fn pages(cx: &mut RuleContext<'_, '_>, id: ScopeId) {
    let own: Vec<_> = cx.model.scope(id).named("error_page").collect();
    let (Some(first), Some(outer)) = (own.first(), cx.model.scope(id).parent) else {
        return;
    };
    let here: Vec<_> = own.iter().flat_map(codes).collect();
    let mut lost = cx.model.effective(outer, "error_page");
    lost.retain(|page| !codes(page).iter().any(|code| here.contains(code)));
    report(cx, *first, &lost, false);
}
