//! `uwsgi-params-missing`.

use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::places::{dropped, inherited};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `uwsgi_pass` without the parameters of `uwsgi_params`: none are set, or `REQUEST_METHOD` is not
    /// among those that are, because a block that sets one of its own inherits none.
    ///
    /// ## Why it matters
    ///
    /// uWSGI gets neither the method nor the path of the request, and Django answers 500 or serves
    /// the same page for every URL.
    ///
    /// ## What to do
    ///
    /// Write `include uwsgi_params;` in the block with `uwsgi_pass`, before parameters of your own.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html#uwsgi_param>
    /// - <https://uwsgi-docs.readthedocs.io/en/latest/Nginx.html>
    pub struct UwsgiParamsMissing {
        id: "uwsgi-params-missing",
        group: Django,
        severity: Error,
    }
}

impl Rule for UwsgiParamsMissing {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["uwsgi_pass"]
    }

    fn directive(&self, pass: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let params = inherited(cx.model, pass.scope, "uwsgi_param");
        if !params.lacks("REQUEST_METHOD") {
            return;
        }
        let mut finding = cx
            .finding(
                pass.head(),
                "uWSGI is not told the method and path of requests",
            )
            .label("no `REQUEST_METHOD` is set")
            .help("Write `include uwsgi_params;` in this block");
        if let (Some(own), Some(outer)) = (
            params.list.first(),
            dropped(cx.model, pass.scope, "uwsgi_param", "REQUEST_METHOD"),
        ) {
            finding = finding
                .related(own.head(), "nothing is inherited beside it")
                .related(outer.head(), "set here");
        }
        cx.report(finding);
    }
}
