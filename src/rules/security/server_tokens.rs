//! `server-tokens`.

use crate::directives::Context;
use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::places::is_whole;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `server_tokens on` or `build`, or no `server_tokens` at all: nginx then tells its version in the header
    /// `Server` and on its error pages. It is said once for a configuration; where a file is not at
    /// hand, or a folder of files is empty, only what is written counts.
    ///
    /// ## Why it matters
    ///
    /// Scanners look for versions with known holes. It hides nothing from who tries the holes, and is
    /// advice only. Other linters take `build` for hidden: it shows the version too, in nginx 1.18 to 1.31, and the
    /// name of the build behind it.
    ///
    /// ## What to do
    ///
    /// Write `server_tokens off;` in `http`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#server_tokens>
    pub struct ServerTokens {
        id: "server-tokens",
        group: Security,
        severity: Info,
    }
}

impl Rule for ServerTokens {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let hiding = model.everywhere(&["more_clear_headers", "more_set_headers"]);
        let names = |word: crate::syntax::Word<'_>| {
            word.value().to_ascii_lowercase().starts_with(b"server")
        };
        let replaced = hiding.flat_map(|statement| statement.args()).any(names);
        if replaced {
            return;
        }
        let told = model.everywhere(&["server_tokens"]).find(|statement| {
            let value = statement.arg(0);
            value.is_some_and(|word| word.is("on") || word.is("build"))
        });
        if let Some(statement) = told {
            let finding = cx
                .finding(statement.head(), "nginx tells its version")
                .label("in `Server` and error pages")
                .help("Write `server_tokens off;`");
            cx.report(finding);
            return;
        }
        // By default each server tells it.
        let open = places
            .sites()
            .find(|site| model.value(site.scope, "server_tokens").is_none());
        let whole = is_whole(model, "server_tokens")
            && !{ model.scopes.iter() }.any(|scope| {
                let mut includes = scope.named("include");
                let empty = |include: Statement<'_>| model.empty_includes.contains(&include.head());
                scope.context != Context::Main && includes.any(empty)
            });
        let Some(site) = open.filter(|_| whole) else {
            return;
        };
        let http = model
            .scope(site.scope)
            .parent
            .and_then(|id| model.scope(id).opener);
        let place = http.unwrap_or(site.statement);
        let finding = cx
            .finding(place.head(), "nginx tells its version")
            .label("`server_tokens` is on by default")
            .help("Write `server_tokens off;` in this block");
        cx.report(finding);
    }
}
