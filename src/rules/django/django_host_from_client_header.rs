//! `django-host-from-client-header`.

use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, inherited, variables};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `proxy_set_header Host` with what the client wrote into `X-Forwarded-Host`, an argument or a
    /// cookie; and, where the settings say `use-x-forwarded-host = true`, an `X-Forwarded-Host` that
    /// comes from the client.
    ///
    /// ## Why it matters
    ///
    /// Whoever sends the request chooses the host that Django believes in: links in mails for a new
    /// password lead to the attacker. nginx has chosen the server by another name.
    ///
    /// ## What to do
    ///
    /// Write `proxy_set_header Host $host;` and `proxy_set_header X-Forwarded-Host $host;`. Behind
    /// another proxy let that one set `Host`.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/topics/security/#host-header-validation>
    /// - <https://docs.djangoproject.com/en/stable/ref/settings/#use-x-forwarded-host>
    pub struct DjangoHostFromClientHeader {
        id: "django-host-from-client-header",
        group: Django,
        severity: Error,
    }
}

impl Rule for DjangoHostFromClientHeader {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        for pass in places.django_over_http() {
            let headers = inherited(model, pass.statement.scope, "proxy_set_header");
            if let Some(host) = headers.get("Host")
                && let Some(word) = host.arg(1)
                && let Some(name) = chosen_by_client(&word.value())
            {
                let finding = cx
                    .finding(
                        word.span(),
                        format!("the client chooses Django's host by `${name}`"),
                    )
                    .label("taken from the client")
                    .related(pass.statement.head(), "goes to Django")
                    .help("Write `$host`");
                cx.report(finding);
            }
            if cx.settings.django.use_x_forwarded_host != Some(true) || headers.known == Known::No {
                continue;
            }
            let forwarded = headers.get("X-Forwarded-Host");
            let span = match forwarded.and_then(|set| set.arg(1)) {
                None => pass.statement.head(),
                Some(word) if chosen_by_client(&word.value()).is_some() => word.span(),
                Some(_) => continue,
            };
            let finding = cx
                .finding(span, "Django believes the client's `X-Forwarded-Host`")
                .label("passes as the client sent it")
                .help("Write `proxy_set_header X-Forwarded-Host $host;`");
            cx.report(finding);
        }
    }
}

fn chosen_by_client(value: &[u8]) -> Option<String> {
    let chosen = variables(value).into_iter().find(|name| {
        name == b"http_x_forwarded_host"
            || name.starts_with(b"arg_")
            || name.starts_with(b"cookie_")
    })?;
    Some(String::from_utf8_lossy(&chosen).into_owned())
}
