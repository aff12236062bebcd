//! `django-prefix-stripped`.

use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, inherited};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` whose `proxy_pass` takes its prefix off the path, as
    /// `location /shop/ { proxy_pass http://django/; }` does, without telling Django the prefix; or
    /// telling it by the header `SCRIPT_NAME`, which goes with the whole path.
    ///
    /// ## Why it matters
    ///
    /// Django sees `/cart/` for `/shop/cart/`, and `reverse()`, redirects and the admin lead to
    /// `/cart/`, which is another place or none. Gunicorn answers 500 where a path does not begin with
    /// `SCRIPT_NAME`, and takes it off itself; other app servers take no notice of that header.
    ///
    /// ## What to do
    ///
    /// Leave the path alone (`proxy_pass http://django;`), with `proxy_set_header SCRIPT_NAME /shop;`
    /// before Gunicorn if Django's own paths have no prefix. Or tell Django: `FORCE_SCRIPT_NAME`
    /// (state `force-script-name` in the settings), or `root_path` of an ASGI server.
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
            // `location /app.js` is a file, and not where an application lives.
            let last = place.path.rsplit(|byte| *byte == b'/').next();
            let is_file = last.is_some_and(|last| last.contains(&b'.'));
            let stripped = place.is_prefix()
                && !is_file
                && uri.len() < place.path.len()
                && !uri.contains(&b'$')
                && place.path.ends_with(uri);
            let headers = inherited(model, scope, "proxy_set_header");
            let sets = |name: &&str| {
                let set = headers.get(name)?;
                let given = set.arg(1).is_some_and(|word| !word.value().is_empty());
                given.then_some(set)
            };
            let told = ["X-Script-Name", "Script-Name", "X-Forwarded-Prefix"];
            if !stripped || told.iter().find_map(sets).is_some() || headers.known == Known::No {
                continue;
            }
            let path = place.shown();
            if let Some(set) = sets(&"SCRIPT_NAME") {
                let finding = cx
                    .finding(
                        pass.statement.head(),
                        format!("`SCRIPT_NAME` is sent, but not the path with `{path}`"),
                    )
                    .label("takes the prefix off")
                    .related(set.head(), "goes with the whole path")
                    .help("Write the address without a path: Gunicorn takes the prefix off itself");
                cx.report(finding);
                continue;
            }
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
