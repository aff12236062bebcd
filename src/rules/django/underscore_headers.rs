//! `underscore-headers`.

use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `underscores_in_headers on` where requests go to Django.
    ///
    /// ## Why it matters
    ///
    /// For Django `X-Forwarded-Proto` and `X_Forwarded_Proto` are the same key, `HTTP_X_FORWARDED_PROTO`.
    /// nginx replaces the first and passes the second on as the client wrote it, so that every header
    /// which nginx sets can be forged. By default nginx drops names with `_`.
    ///
    /// ## What to do
    ///
    /// Remove the line, and let clients use names with `-`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#underscores_in_headers>
    /// - <https://docs.djangoproject.com/en/stable/howto/deployment/wsgi/>
    pub struct UnderscoreHeaders {
        id: "underscore-headers",
        group: Django,
        severity: Error,
    }
}

impl Rule for UnderscoreHeaders {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["underscores_in_headers"]
    }

    fn directive(&self, switch: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        if !switch
            .arg(0)
            .is_some_and(|word| word.value().eq_ignore_ascii_case(b"on"))
        {
            return;
        }
        let (places, model) = (cx.places(), cx.model);
        let Some(pass) = places.passes.iter().find(|pass| {
            pass.is_django()
                && model
                    .outwards(pass.statement.scope)
                    .any(|id| id == switch.scope)
        }) else {
            return;
        };
        let finding = cx
            .finding(
                switch.head(),
                "clients can forge every header that nginx sets for Django",
            )
            .label("`_` and `-` are one for Django")
            .related(pass.statement.head(), "goes to Django")
            .help("Remove this line");
        cx.report(finding);
    }
}
