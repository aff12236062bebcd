//! `django-prefix-stripped`.

use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, inherited};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` whose `proxy_pass` takes its prefix off the path, as
    /// `location /shop/ { proxy_pass http://django/; }` does, without telling Django the prefix.
    ///
    /// ## Why it matters
    ///
    /// Django sees `/cart/` for `/shop/cart/`, and `reverse()`, redirects and the admin lead to
    /// `/cart/`, which is another place or none.
    ///
    /// ## What to do
    ///
    /// Leave the path alone (`proxy_pass http://django;`), or tell Django: `FORCE_SCRIPT_NAME` (state
    /// `force-script-name` in the settings), `root_path` of an ASGI server, or
    /// `proxy_set_header SCRIPT_NAME /shop;` with an app server that takes it.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/ref/settings/#force-script-name>
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass>
    pub struct DjangoPrefixStripped {
        id: "django-prefix-stripped",
        group: Django,
        severity: Warning,
    }
}

impl Rule for DjangoPrefixStripped {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        if cx.settings.django.force_script_name.is_some() {
            return;
        }
        for pass in places.django_over_http() {
            let scope = pass.statement.scope;
            let (Some(place), Some(uri)) = (places.place_around(scope), &pass.uri) else {
                continue;
            };
            let stripped = place.is_prefix()
                && uri.len() < place.path.len()
                && !uri.contains(&b'$')
                && place.path.ends_with(uri);
            let headers = inherited(model, scope, "proxy_set_header");
            let told = [
                "X-Script-Name",
                "SCRIPT_NAME",
                "Script-Name",
                "X-Forwarded-Prefix",
            ]
            .iter()
            .any(|name| {
                let value = headers.get(name).and_then(|set| set.arg(1));
                value.is_some_and(|word| !word.value().is_empty())
            });
            if !stripped || told || headers.known == Known::No {
                continue;
            }
            let path = place.shown();
            let finding = cx
                .finding(
                    pass.statement.head(),
                    format!("Django does not learn that it is under `{path}`"),
                )
                .label("takes the prefix off")
                .related(place.span(), "the prefix")
                .help("Write the address without a path, or set `FORCE_SCRIPT_NAME` in Django");
            cx.report(finding);
        }
    }
}
