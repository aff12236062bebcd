//! `acme-blocked`.

use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` for `/.well-known/acme-challenge/` in a server that has `return` or a redirecting
    /// `rewrite` beside it.
    ///
    /// ## Why it matters
    ///
    /// nginx runs `return` of the server before it looks for a `location`: the challenge is redirected and
    /// the `location` is never used. Where the other server does not answer it, the certificate is not
    /// renewed.
    ///
    /// ## What to do
    ///
    /// Put the redirect into `location /`.
    ///
    /// ## References
    ///
    /// - <https://letsencrypt.org/docs/challenge-types/#http-01-challenge>
    /// - <https://nginx.org/en/docs/http/ngx_http_rewrite_module.html>
    pub struct AcmeBlocked {
        id: "acme-blocked",
        group: Static,
        severity: Warning,
    }
}

impl Rule for AcmeBlocked {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        for site in places.sites() {
            let scope = model.scope(site.scope);
            let Some(first) = scope.first("return") else {
                continue;
            };
            let acme = places.places_in(site.scope).find(|place| {
                place.is_under("/.well-known/acme-challenge")
                    || place.path == b"/.well-known/"
                    || place.path == b"/.well-known"
            });
            let Some(place) = acme else {
                continue;
            };
            let finding = cx
                .finding(place.statement().head(), "this `location` is never used")
                .label("the challenge does not get here")
                .related(first.head(), "answers every request first")
                .help("Write the `return` into `location /`");
            cx.report(finding);
        }
    }
}
