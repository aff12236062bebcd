//! `return-bypasses-acl`.

use crate::directives::Context;
use crate::model::Statement;
use crate::rules::facts::Matcher;
use crate::rules::meta::declare_rule;
use crate::rules::places::access;
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::number;

declare_rule! {
    /// ## What it reports
    ///
    /// `return`, or a `rewrite` that redirects, in a block that `deny` closes.
    ///
    /// ## Why it matters
    ///
    /// nginx runs `return` and `rewrite` before it looks at `allow` and `deny`: with `deny all; return 200;`
    /// everybody gets 200 (tried with 1.22 and 1.31).
    ///
    /// Nothing is said of `return` with an error and no text, which refuses anyway, and of places that
    /// clients do not reach (`internal`, `@name`), unless they have lines of their own.
    ///
    /// ## What to do
    ///
    /// Put the answer into a `location` that `error_page` or `try_files` leads to, or check the address
    /// with `geo` and `if`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_access_module.html>
    /// - <https://nginx.org/en/docs/dev/development_guide.html#http_phases>
    pub struct ReturnBypassesAcl {
        id: "return-bypasses-acl",
        group: Security,
        severity: Warning,
    }
}

impl Rule for ReturnBypassesAcl {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["return", "rewrite"]
    }

    fn directive(&self, answer: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let rules = access(model, answer.scope);
        let Some(deny) = rules.iter().find(|rule| rule.name() == "deny") else {
            return;
        };
        let http = model
            .outwards(answer.scope)
            .any(|id| matches!(model.scope(id).context, Context::Server | Context::Location));
        let nested = places.place_around(answer.scope).is_some_and(|place| {
            place.matcher == Matcher::Named || model.scope(place.scope).first("internal").is_some()
        });
        // Lines of its own show that somebody counts on them.
        if !http || nested && deny.scope != answer.scope {
            return;
        }
        let redirects = match answer.name() {
            "rewrite" => {
                let to = answer
                    .arg(1)
                    .map(|word| word.value().into_owned())
                    .unwrap_or_default();
                let flag = answer.arg(2);
                let schemes: [&[u8]; 3] = [b"http://", b"https://", b"$scheme"];
                schemes.iter().any(|scheme| to.starts_with(scheme))
                    || flag.is_some_and(|flag| flag.is("redirect") || flag.is("permanent"))
            }
            _ => {
                let code = answer.arg(0).and_then(|word| number::number(&word.value()));
                let text = answer.arg(1).is_some_and(|word| !word.value().is_empty());
                let refuses = code.is_some_and(|code| code >= 400) && !text;
                let remapped = code.is_some_and(|code| {
                    let code = code.to_string();
                    model
                        .effective(answer.scope, "error_page")
                        .iter()
                        .any(|page| page.args().any(|word| word.value() == code.as_bytes()))
                });
                !refuses || remapped
            }
        };
        if !redirects {
            return;
        }
        let finding = cx
            .finding(
                answer.head(),
                format!("`{}` answers before `deny` is looked at", answer.name()),
            )
            .label("answers everybody")
            .related(deny.head(), "has no effect on it")
            .help("Put the answer into a `location` of its own that `try_files` leads to");
        cx.report(finding);
    }
}
