//! `client-max-body-size-not-set`.

use crate::directives::Context;
use crate::rules::meta::declare_rule;
use crate::rules::places::is_whole;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A configuration that nowhere says how large the body of a request may be.
    ///
    /// ## Why it matters
    ///
    /// nginx takes 1 MiB and answers 413 to more. For Django see `body-size-below-django`, so
    /// this is off unless it is selected.
    ///
    /// ## What to do
    ///
    /// Write `client_max_body_size` in the server.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#client_max_body_size>
    pub struct ClientMaxBodySizeNotSet {
        id: "client-max-body-size-not-set",
        group: Nginx,
        severity: Info,
        default: false,
    }
}

impl Rule for ClientMaxBodySizeNotSet {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let name = "client_max_body_size";
        let mut scopes = cx.model.scopes.iter();
        if !is_whole(cx.model, name) || scopes.any(|scope| scope.first(name).is_some()) {
            return;
        }
        let mut scopes = cx.model.scopes.iter();
        let http = scopes.find(|scope| scope.context == Context::Http);
        if let Some(opener) = http.and_then(|http| http.opener) {
            let finding = cx
                .finding(opener.head(), "bodies of requests may have 1 MiB")
                .label("no `client_max_body_size` anywhere")
                .help("Write `client_max_body_size`");
            cx.report(finding);
        }
    }
}
