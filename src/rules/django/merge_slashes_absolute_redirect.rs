//! `merge-slashes-absolute-redirect`.

use crate::rules::meta::declare_rule;
use crate::rules::places::{is_behind_proxy, is_on, lacks_a_file};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A server without TLS behind another proxy (`set_real_ip_from`, `proxy_protocol`) with a `location`
    /// that makes nginx redirect by itself, and `absolute_redirect` on, which is the default.
    ///
    /// ## Why it matters
    ///
    /// nginx redirects `/api` to `http://HOST/api/`, with the scheme and the port of its own socket. The
    /// client came by HTTPS to the proxy in front, and is sent to HTTP or to an inner port.
    ///
    /// ## What to do
    ///
    /// Write `absolute_redirect off;` in `http`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#absolute_redirect>
    pub struct MergeSlashesAbsoluteRedirect {
        id: "merge-slashes-absolute-redirect",
        group: Django,
        severity: Warning,
    }
}

impl Rule for MergeSlashesAbsoluteRedirect {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        for site in places.sites() {
            if site.has_tls() || !is_behind_proxy(model, Some(site), site.scope) {
                continue;
            }
            let redirecting = places.django_in(site.scope).find_map(|pass| {
                let place = places.place_around(pass.statement.scope)?;
                let slash = place.is_prefix() && place.path.len() > 1 && place.path.ends_with(b"/");
                let absolute = is_on(model, place.scope, "absolute_redirect", true);
                (slash && absolute).then_some(place)
            });
            let unseen = model
                .outwards(site.scope)
                .any(|id| lacks_a_file(model, id, "absolute_redirect"));
            let Some(place) = redirecting.filter(|_| !unseen) else {
                continue;
            };
            let finding = cx
                .finding(
                    place.span(),
                    "nginx's own redirect leads to `http://`, past the proxy in front",
                )
                .label("redirects what lacks the `/`")
                .help("Write `absolute_redirect off;` in `http`");
            cx.report(finding);
        }
    }
}
