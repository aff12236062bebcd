//! `static-cache-unhashed`.

use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::syntax::Word;
use crate::values::number;

declare_rule! {
    /// ## What it reports
    ///
    /// `expires` or `Cache-Control` of 30 days and more for the static files of Django, unless the settings
    /// state `hashed-static = true`.
    ///
    /// ## Why it matters
    ///
    /// A browser that has `app.css` for a month does not ask again after a deploy. Names with a hash of the
    /// content, which `ManifestStaticFilesStorage` makes, change when the file does.
    ///
    /// ## What to do
    ///
    /// Use hashed names and state it, or write `expires 1h;`.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/ref/contrib/staticfiles/#manifeststaticfilesstorage>
    pub struct StaticCacheUnhashed {
        id: "static-cache-unhashed",
        group: Static,
        severity: Info,
    }
}

impl Rule for StaticCacheUnhashed {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["expires", "add_header"]
    }

    fn directive(&self, cache: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let django = &cx.settings.django;
        if django.hashed_static == Some(true) || django.whitenoise == Some(true) {
            return;
        }
        let Some(place) = places.place_around(cache.scope) else {
            return;
        };
        let url = django.static_url.as_deref().unwrap_or("/static");
        let to_django = place
            .server
            .is_some_and(|server| places.django_in(server).next().is_some());
        if !place.is_under(url) || !to_django {
            return;
        }
        let Some(word) = long_lived(cache) else {
            return;
        };
        // `expires` writes `Cache-Control` as well: one finding for both.
        let mut expires = model.scope(cache.scope).named("expires");
        if cache.name() != "expires" && expires.any(|other| long_lived(other).is_some()) {
            return;
        }
        let finding = cx
            .finding(word.span(), "browsers keep static files after a deploy")
            .label("for a month or more")
            .related(place.span(), "static files")
            .help("Use hashed names and state `hashed-static = true`, or write `expires 1h;`");
        cx.report(finding);
    }
}

/// What lets browsers keep an answer for 30 days or more.
fn long_lived(cache: Statement<'_>) -> Option<Word<'_>> {
    if cache.name() == "expires" {
        let word = cache.arg(0)?;
        let value = word.value();
        let seconds = number::time(&value, true);
        let long = word.is("max") || seconds.is_some_and(|seconds| seconds >= 30 * 86_400);
        return long.then_some(word);
    }
    let name = cache.arg(0)?.value();
    let word = cache.arg(1)?;
    (name.eq_ignore_ascii_case(b"cache-control") && is_long(&word.value())).then_some(word)
}

/// Whether a `Cache-Control` is for 30 days or more.
fn is_long(value: &[u8]) -> bool {
    let small = value.to_ascii_lowercase();
    let age = memchr::memmem::find(&small, b"max-age=").map(|at| &small[at + 8..]);
    let digits = age.map(|age| {
        let end = age.iter().position(|byte| !byte.is_ascii_digit());
        number::number(&age[..end.unwrap_or(age.len())]).unwrap_or(i64::MAX)
    });
    memchr::memmem::find(&small, b"immutable").is_some()
        || digits.is_some_and(|seconds| seconds >= 30 * 86_400)
}
