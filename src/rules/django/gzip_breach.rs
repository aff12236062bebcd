//! `gzip-breach`.

use crate::rules::meta::declare_rule;
use crate::rules::places::is_on;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `gzip on` for pages of Django in a server with TLS. Off unless it is selected.
    ///
    /// ## Why it matters
    ///
    /// The size of a compressed page tells an attacker whether a guess that the page repeats is equal to
    /// a secret in it (BREACH). Django masks its CSRF token anew in every page for that reason, so that
    /// only secrets of your own that stand beside text of the client are at stake.
    ///
    /// ## What to do
    ///
    /// Write `gzip off;` in the `location` of such pages; static files may be compressed.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/ref/middleware/#module-django.middleware.gzip>
    pub struct GzipBreach {
        id: "gzip-breach",
        group: Django,
        severity: Info,
        default: false,
    }
}

impl Rule for GzipBreach {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let mut told = Vec::new();
        for pass in places.passes.iter().filter(|pass| pass.is_django()) {
            let scope = pass.statement.scope;
            let tls = places.site_around(scope).is_some_and(|site| site.has_tls());
            let Some(gzip) = model.value(scope, "gzip").filter(|_| tls) else {
                continue;
            };
            if is_on(model, scope, "gzip", false) && !told.contains(&gzip.head()) {
                told.push(gzip.head());
                let finding = cx
                    .finding(gzip.head(), "the size of pages tells about secrets in them")
                    .label("compresses pages of Django")
                    .related(pass.statement.head(), "goes to Django")
                    .help("Write `gzip off;` where pages have secrets");
                cx.report(finding);
            }
        }
    }
}
