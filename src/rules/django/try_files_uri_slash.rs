//! `try-files-uri-slash`.

use crate::directives::Context;
use crate::finding::{Edit, Fix, Safety};
use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::source::Span;

declare_rule! {
    /// ## What it reports
    ///
    /// `try_files $uri $uri/ @name` where the named `location` hands requests to Django.
    ///
    /// ## Why it matters
    ///
    /// `$uri/` takes every folder that exists, the root itself for `/` included. nginx then looks for
    /// `index.html` in it and answers 403 without one, so that the home page never comes to Django.
    ///
    /// Nothing is said where an `index` is set.
    ///
    /// ## What to do
    ///
    /// Write `try_files $uri @name;`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#try_files>
    pub struct TryFilesUriSlash {
        id: "try-files-uri-slash",
        group: Django,
        severity: Warning,
        fix: Some(Safety::Unsafe),
    }
}

impl Rule for TryFilesUriSlash {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["try_files"]
    }

    fn directive(&self, files: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let words: Vec<_> = files.args().collect();
        let Some((last, tried)) = words.split_last() else {
            return;
        };
        let Some(slash) = tried
            .iter()
            .position(|word| matches!(&*word.value(), b"$uri/" | b"${uri}/"))
        else {
            return;
        };
        let fallback = last.value();
        let server = model
            .outwards(files.scope)
            .find(|id| model.scope(*id).context == Context::Server);
        let to_django = fallback.starts_with(b"@")
            && server.is_some_and(|server| {
                let named = places
                    .places_in(server)
                    .find(|place| *place.path == *fallback);
                named.is_some_and(|named| {
                    places
                        .django_in(server)
                        .any(|pass| pass.statement.scope == named.scope)
                })
            });
        if !to_django || model.value(files.scope, "index").is_some() {
            return;
        }
        let word = tried[slash];
        let before = match slash {
            0 => files.directive.name().span().end,
            at => tried[at - 1].span().end,
        };
        let mut finding = cx
            .finding(
                word.span(),
                "folders get 403 instead of coming to Django, `/` first of all",
            )
            .label("takes every folder")
            .related(last.span(), "never reached for folders")
            .help("Remove `$uri/`");
        finding = finding.fix(Fix {
            safety: Safety::Unsafe,
            title: "Remove `$uri/`".into(),
            edits: vec![Edit {
                span: Span::new(word.span().file, before, word.span().end),
                text: Vec::new(),
            }],
        });
        if slash == 0 && tried.len() == 1 {
            finding.fix = None;
        }
        cx.report(finding);
    }
}
