//! `alias-trailing-slash-mismatch`.

use crate::finding::{Fix, Safety};
use crate::model::Statement;
use crate::rules::edits::append;
use crate::rules::facts::{Matcher, location_around, location_of};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A prefix `location` that ends with `/` whose `alias` does not.
    ///
    /// ## Why it matters
    ///
    /// nginx puts what follows the prefix behind the alias. With `location /static/` and
    /// `alias /srv/app/static`, a request for `/static/site.css` looks for
    /// `/srv/app/staticsite.css` and is answered with 404.
    ///
    /// ## What to do
    ///
    /// End both with `/`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#alias>
    pub struct AliasTrailingSlashMismatch {
        id: "alias-trailing-slash-mismatch",
        group: Static,
        severity: Error,
        fix: Some(Safety::Unsafe),
    }
}

impl Rule for AliasTrailingSlashMismatch {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["alias"]
    }

    fn directive(&self, alias: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let (Some(location), Some(word)) = (location_around(cx.model, alias.scope), alias.arg(0))
        else {
            return;
        };
        let Some((Matcher::Prefix | Matcher::PrefixNoRegex, path)) = location_of(location) else {
            return;
        };
        let value = word.value();
        // With variables the alias stands for a whole path.
        if !path.ends_with(b"/") || value.ends_with(b"/") || memchr::memchr(b'$', &value).is_some()
        {
            return;
        }
        let Some(path_word) = location.args().next_back() else {
            return;
        };
        let shown = word.to_str();
        let mut finding = cx
            .finding(
                word.span(),
                format!("files are looked for beside `{shown}`, not in it"),
            )
            .label("does not end with `/`")
            .related(path_word.span(), "does")
            .help(format!("Write `alias {shown}/`"));
        finding = finding.fix(Fix {
            safety: Safety::Unsafe,
            title: "end the alias with `/`".into(),
            edits: vec![append(word.content_span(), *b"/")],
        });
        cx.report(finding);
    }
}
