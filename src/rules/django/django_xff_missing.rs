//! `django-xff-missing`.

use crate::rules::facts::headers::lacks;
use crate::rules::meta::declare_rule;
use crate::rules::places::{dropped, inherited};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` that hands requests to Django with neither `X-Forwarded-For` nor `X-Real-IP`.
    ///
    /// ## Why it matters
    ///
    /// For Django every request comes from nginx: logs, limits per client and blocks see one address.
    /// And nginx passes both headers on as the client wrote them, so that code which reads them
    /// believes the client.
    ///
    /// ## What to do
    ///
    /// At the edge write `proxy_set_header X-Forwarded-For $remote_addr;`: it replaces what the client
    /// claims. Only behind another proxy write `$proxy_add_x_forwarded_for`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#var_proxy_add_x_forwarded_for>
    pub struct DjangoXffMissing {
        id: "django-xff-missing",
        group: Django,
        severity: Info,
    }
}

impl Rule for DjangoXffMissing {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let names = ["X-Forwarded-For", "X-Real-IP"];
        let told = [
            "Forwarded",
            "X-Client-IP",
            "CF-Connecting-IP",
            "True-Client-IP",
        ];
        let without = places.django_over_http().filter(|pass| {
            let scope = pass.statement.scope;
            let headers = inherited(model, scope, "proxy_set_header");
            let lost = |name: &&str| dropped(model, scope, "proxy_set_header", name).is_some();
            names.iter().all(|name| headers.lacks(name))
                && !told.iter().any(|name| headers.get(name).is_some())
                && !names.iter().any(lost)
        });
        for lack in lacks(model, without) {
            let finding = cx
                .finding(
                    lack.first.statement.head(),
                    "Django is not told the address of the client",
                )
                .label("no `X-Forwarded-For` is set")
                .help(format!(
                    "Write `proxy_set_header X-Forwarded-For $remote_addr;` {}",
                    lack.place
                ));
            cx.report(lack.shown_in(finding));
        }
    }
}
