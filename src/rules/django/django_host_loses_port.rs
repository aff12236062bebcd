//! `django-host-loses-port`.

use crate::rules::meta::declare_rule;
use crate::rules::places::{inherited, is_behind_proxy};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `proxy_set_header Host $host` in a server that listens on another port than 80 and 443.
    ///
    /// ## Why it matters
    ///
    /// `$host` has no port: a client that asks for `example.com:8080` reaches Django as `example.com`.
    /// Django then compares `Origin: http://example.com:8080` with `http://example.com` and answers
    /// 403 to every form (CSRF), and its redirects lead to the wrong port.
    ///
    /// Nothing is said where another proxy is in front (`set_real_ip_from`, `proxy_protocol`, sockets
    /// of this machine alone, or `public = false` in the settings), because then the client's port is
    /// that proxy's.
    ///
    /// ## What to do
    ///
    /// Write `$http_host`, which is what the client wrote. It is no less safe than `$host`: both come
    /// from the client, and Django checks both with `ALLOWED_HOSTS`. From nginx 1.29.3 on
    /// `$host$is_request_port$request_port` is possible too.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#var_host>
    /// - <https://docs.djangoproject.com/en/stable/ref/csrf/#how-it-works>
    pub struct DjangoHostLosesPort {
        id: "django-host-loses-port",
        group: Django,
        severity: Warning,
    }
}

impl Rule for DjangoHostLosesPort {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        if cx.settings.django.public == Some(false) {
            return;
        }
        for pass in places.django_over_http() {
            let scope = pass.statement.scope;
            let Some(site) = places.site_around(scope) else {
                continue;
            };
            let unusual = site.sockets().into_iter().find(|socket| {
                !socket.is_local() && socket.port.is_some_and(|port| port != 80 && port != 443)
            });
            let Some(listen) = unusual.and_then(|socket| socket.statement) else {
                continue;
            };
            let headers = inherited(model, scope, "proxy_set_header");
            let Some(word) = headers.get("Host").and_then(|host| host.arg(1)) else {
                continue;
            };
            if !matches!(&*word.value(), b"$host" | b"${host}")
                || is_behind_proxy(model, Some(site), scope)
            {
                continue;
            }
            let finding = cx
                .finding(
                    word.span(),
                    "`$host` has no port, and this server is not on port 80 or 443",
                )
                .label("loses the port")
                .related(listen.head(), "listens here")
                .help("Write `$http_host`");
            cx.report(finding);
        }
    }
}
