//! `static-logged-or-proxied`.

use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` for static files whose requests go to Django, unless the settings state
    /// `whitenoise = true`.
    ///
    /// ## Why it matters
    ///
    /// Every style sheet and image takes a worker of the app server, which nginx would have served by
    /// itself; and without `DEBUG` Django serves no static files at all.
    ///
    /// ## What to do
    ///
    /// Write `alias` with `STATIC_ROOT` instead of `proxy_pass`.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/howto/static-files/deployment/>
    pub struct StaticLoggedOrProxied {
        id: "static-logged-or-proxied",
        group: Static,
        severity: Info,
    }
}

impl Rule for StaticLoggedOrProxied {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let django = &cx.settings.django;
        if django.whitenoise == Some(true) {
            return;
        }
        let url = django
            .static_url
            .clone()
            .unwrap_or_else(|| "/static".to_owned());
        for pass in places.passes.iter().filter(|pass| pass.is_django()) {
            let Some(place) = places.place_around(pass.statement.scope) else {
                continue;
            };
            // A cache in front makes it cheap.
            let cached = model.value(pass.statement.scope, "proxy_cache").is_some();
            if !place.is_under(&url) || cached {
                continue;
            }
            let finding = cx
                .finding(
                    pass.statement.head(),
                    "static files take a worker of Django",
                )
                .label("goes to Django")
                .related(place.span(), "static files")
                .help("Write `alias` with `STATIC_ROOT` instead, or state `whitenoise = true`");
            cx.report(finding);
        }
    }
}
