//! `hsts-missing-or-weak`.

use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, inherited, is_on};
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::number;

declare_rule! {
    /// ## What it reports
    ///
    /// A server with TLS that sends no `Strict-Transport-Security`, or one for less than half a year.
    ///
    /// A server that hands requests to Django is left alone unless the settings state
    /// `secure-hsts-seconds = 0`: Django's `SecurityMiddleware` sends the header itself, and its
    /// manual advises to begin with a short time. So are servers that refuse every handshake,
    /// servers without a name that have neither files nor a backend, and `max-age=0`, which takes
    /// the header back.
    ///
    /// ## Why it matters
    ///
    /// Without it a browser asks by HTTP first, and whoever sits in between can answer.
    ///
    /// ## What to do
    ///
    /// Write `add_header Strict-Transport-Security "max-age=31536000" always;`, or set
    /// `SECURE_HSTS_SECONDS` in Django. Begin with a short time, since it cannot be taken back at once.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/ref/settings/#secure-hsts-seconds>
    /// - <https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Strict-Transport-Security>
    pub struct HstsMissingOrWeak {
        id: "hsts-missing-or-weak",
        group: Security,
        severity: Info,
    }
}

impl HstsMissingOrWeak {
    /// What `max-age` should be at least, in seconds: half a year.
    pub const LEAST: u64 = 15_768_000;
}

impl Rule for HstsMissingOrWeak {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let stated = cx.settings.django.secure_hsts_seconds;
        for site in places.sites() {
            let answers = model
                .scope(site.scope)
                .first("return")
                .and_then(|first| first.arg(0));
            let silent = answers.is_some_and(|code| code.is("444") || code.is("421"));
            let is_empty = || {
                let gives =
                    |name: &&str| ["root", "alias"].contains(name) || name.ends_with("_pass");
                let mut blocks = model.within(site.scope);
                !site.is_named()
                    && !blocks.any(|id| {
                        let mut names = model.scope(id).statements().map(|it| it.name());
                        names.any(|name| gives(&name))
                    })
            };
            if !site.has_tls()
                || silent
                || is_on(model, site.scope, "ssl_reject_handshake", false)
                || is_empty()
            {
                continue;
            }
            let by_django = places.django_in(site.scope).next().is_some() && stated != Some(0);
            let headers = inherited(model, site.scope, "add_header");
            if let Some(value) = headers
                .get("Strict-Transport-Security")
                .and_then(|set| set.arg(1))
            {
                let text = value.value().to_ascii_lowercase();
                let age = memchr::memmem::find(&text, b"max-age=").map(|at| &text[at + 8..]);
                let seconds = age.and_then(|age| {
                    let age = age.strip_prefix(b"\"").unwrap_or(age);
                    let end = age.iter().position(|byte| !byte.is_ascii_digit());
                    u64::try_from(number::number(&age[..end.unwrap_or(age.len())])?).ok()
                });
                if !by_django && seconds.is_some_and(|age| (1..Self::LEAST).contains(&age)) {
                    let finding = cx
                        .finding(
                            value.span(),
                            "browsers forget soon that this site has HTTPS",
                        )
                        .label("less than half a year")
                        .help("Write `max-age=31536000`");
                    cx.report(finding);
                }
                continue;
            }
            // Another location, or another module, may add it.
            let elsewhere = model.within(site.scope).any(|id| {
                model.scope(id).statements().any(|statement| {
                    let sets = matches!(
                        statement.name(),
                        "add_header" | "more_set_headers" | "security_headers"
                    );
                    let named = statement.args().any(|word| {
                        word.value()
                            .to_ascii_lowercase()
                            .starts_with(b"strict-transport-security")
                    });
                    sets && (named || statement.name() == "security_headers")
                })
            });
            let around = model.outwards(site.scope).any(|id| {
                let scope = model.scope(id);
                scope.first("more_set_headers").is_some()
                    || scope.first("security_headers").is_some()
            });
            if by_django || elsewhere || around || headers.known != Known::Surely {
                continue;
            }
            let finding = cx
                .finding(site.statement.head(), "browsers are not told to stay with HTTPS")
                .label("no `Strict-Transport-Security`")
                .help("Write `add_header Strict-Transport-Security \"max-age=31536000\" always;` in this block");
            cx.report(finding);
        }
    }
}
