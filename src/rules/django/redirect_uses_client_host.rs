//! `redirect-uses-client-host`.

use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::places::variables;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A redirect to `$host` or `$http_host` in a server that takes any name: it has no `server_name`, or
    /// is the `default_server`.
    ///
    /// ## Why it matters
    ///
    /// The client chooses where the redirect leads. A cache in between keeps it for others, and a link
    /// to your address that ends at another site is good for phishing.
    ///
    /// ## What to do
    ///
    /// Give the server a name, and write it, or `$server_name`, in the redirect.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#var_server_name>
    pub struct RedirectUsesClientHost {
        id: "redirect-uses-client-host",
        group: Django,
        severity: Warning,
    }
}

impl Rule for RedirectUsesClientHost {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["return", "rewrite"]
    }

    fn directive(&self, redirect: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let Some(site) = places.site_around(redirect.scope) else {
            return;
        };
        let word = match redirect.name() {
            "return" => redirect.args().next_back(),
            _ => redirect.arg(1),
        };
        let Some(word) = word else {
            return;
        };
        let value = word.value();
        let Some(host) = ["https://", "http://", "$scheme://"]
            .iter()
            .find_map(|scheme| value.strip_prefix(scheme.as_bytes()))
        else {
            return;
        };
        let end = host
            .iter()
            .position(|byte| *byte == b'/')
            .unwrap_or(host.len());
        let first = variables(&host[..end]).into_iter().next();
        let chosen = matches!(first.as_deref(), Some(b"host" | b"http_host"))
            && (host.starts_with(b"$") || host.starts_with(b"www."));
        if !chosen || site.is_local() || site.is_named() {
            return;
        }
        // An `if` may have compared the host.
        let inner = model.scope(redirect.scope);
        let compares = inner.opener.is_some_and(|opener| {
            opener.name() == "if"
                && opener
                    .args()
                    .any(|word| memchr::memmem::find(&word.value(), b"host").is_some())
        });
        if compares {
            return;
        }
        let finding = cx
            .finding(word.span(), "the client chooses where this redirect leads")
            .label("any host that was asked for")
            .related(site.statement.head(), "has no name")
            .help("Write `server_name` in this server, and `$server_name` in the redirect");
        cx.report(finding);
    }
}
