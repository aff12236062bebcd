//! `x-accel-hidden-header-leak`.

use crate::rules::meta::declare_rule;
use crate::rules::places::serves_files;
use crate::rules::{Meta, Rule, RuleContext};
use foldhash::{HashMap, HashSet};

declare_rule! {
    /// ## What it reports
    ///
    /// `proxy_ignore_headers X-Accel-Redirect` on the way to Django in a server that has an `internal`
    /// location with files; and `proxy_pass_header X-Accel-Redirect`.
    ///
    /// ## Why it matters
    ///
    /// Django asks nginx by that header to send a file. Ignored, the client gets an empty answer; passed
    /// on, it shows where the private files are.
    ///
    /// ## What to do
    ///
    /// Remove the directive, or the header from it.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ignore_headers>
    pub struct XAccelHiddenHeaderLeak {
        id: "x-accel-hidden-header-leak",
        group: Django,
        severity: Warning,
    }
}

impl Rule for XAccelHiddenHeaderLeak {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let mut told = HashSet::default();
        let mut with_internal = HashMap::default();
        for pass in places.django_over_http() {
            let scope = pass.statement.scope;
            let mut internal = || {
                let server = pass.server?;
                let known = with_internal.entry(server).or_insert_with(|| {
                    places.places_in(server).any(|place| {
                        model.scope(place.scope).first("internal").is_some()
                            && place.is_prefix()
                            && serves_files(model, place.scope)
                    })
                });
                known.then_some(())
            };
            for name in ["proxy_ignore_headers", "proxy_pass_header"] {
                for set in model.effective(scope, name) {
                    let mut words = set.args();
                    let word =
                        words.find(|word| word.value().eq_ignore_ascii_case(b"X-Accel-Redirect"));
                    let Some(word) = word.filter(|word| !told.contains(&word.span())) else {
                        continue;
                    };
                    if name == "proxy_ignore_headers" && internal().is_none() {
                        continue;
                    }
                    told.insert(word.span());
                    let message = if name == "proxy_ignore_headers" {
                        "Django cannot hand out files: `X-Accel-Redirect` is ignored"
                    } else {
                        "clients see where private files are"
                    };
                    let finding = cx
                        .finding(word.span(), message)
                        .label("the header that Django sends")
                        .related(pass.statement.head(), "goes to Django")
                        .help(format!("Remove it from `{name}`"));
                    cx.report(finding);
                }
            }
        }
    }
}
