//! `proxy-cache-with-sessions`.

use crate::finding::Severity;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `proxy_cache` on the way to Django without `proxy_no_cache` and `proxy_cache_bypass`. It is a
    /// warning as long as nginx obeys `Set-Cookie`, `Vary` and `Cache-Control`, and an error where
    /// `proxy_ignore_headers` names one of them.
    ///
    /// ## Why it matters
    ///
    /// The key of the cache has no cookie: the page of one user is served to others. nginx does not store
    /// answers with `Set-Cookie`, and obeys `Vary: Cookie`, which Django sends with pages that read the
    /// session; a view that forgets it, or a header that is ignored, is enough.
    ///
    /// Paths of static files and media are left alone.
    ///
    /// ## What to do
    ///
    /// Write `proxy_cache_bypass $cookie_sessionid $http_authorization;` and the same for
    /// `proxy_no_cache`, and remove the headers from `proxy_ignore_headers`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_no_cache>
    /// - <https://docs.djangoproject.com/en/stable/topics/cache/#using-vary-headers>
    pub struct ProxyCacheWithSessions {
        id: "proxy-cache-with-sessions",
        group: Django,
        severity: Error,
    }
}

impl Rule for ProxyCacheWithSessions {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let mut told = Vec::new();
        for pass in places.django_over_http() {
            let scope = pass.statement.scope;
            let Some(cache) = model.value(scope, "proxy_cache") else {
                continue;
            };
            let is_off = cache.arg(0).is_none_or(|word| word.is("off"));
            let plain = places.place_around(scope).is_some_and(|place| {
                place.has_word(&["static", "media", "assets", "favicon.ico", "robots.txt"])
            });
            let guarded = |name: &str| {
                let all = model.effective(scope, name);
                all.iter()
                    .any(|set| set.args().any(|word| word.value().contains(&b'$')))
            };
            if is_off || plain || guarded("proxy_no_cache") || told.contains(&cache.head()) {
                continue;
            }
            let mut ignored = model
                .effective(scope, "proxy_ignore_headers")
                .into_iter()
                .flat_map(|set| set.args())
                .filter(|word| {
                    ["Set-Cookie", "Vary", "Cache-Control"]
                        .iter()
                        .any(|name| word.value().eq_ignore_ascii_case(name.as_bytes()))
                });
            let ignored = ignored.next();
            if ignored.is_none() && guarded("proxy_cache_bypass") {
                continue;
            }
            told.push(cache.head());
            let mut finding = cx
                .finding(cache.head(), "the page of one user may be served to others")
                .label("cached without a look at cookies")
                .related(pass.statement.head(), "goes to Django")
                .help("Write `proxy_no_cache $cookie_sessionid $http_authorization;` and the same for `proxy_cache_bypass`");
            match ignored {
                Some(word) => finding = finding.related(word.span(), "would have kept it out"),
                None => finding.severity = Severity::Warning,
            }
            cx.report(finding);
        }
    }
}
