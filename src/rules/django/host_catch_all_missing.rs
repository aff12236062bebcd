//! `host-catch-all-missing`.

use crate::directives::Context;
use crate::finding::Severity;
use crate::model::{Model, ScopeId};
use crate::rules::meta::declare_rule;
use crate::rules::places::{is_on, is_whole};
use crate::rules::{Meta, Rule, RuleContext};
use crate::syntax::Word;
use foldhash::{HashMap, HashSet};
use std::cell::LazyCell;

declare_rule! {
    /// ## What it reports
    ///
    /// A server with names whose requests go to Django, and which nginx also takes for every other name,
    /// because it is the only one on its socket and is not called `default_server`. Where there are
    /// several, `default-server-missing` says it.
    ///
    /// It is a note where the server has no TLS and the settings do not say `public = true`. A server
    /// without a name is taken for a catch-all on purpose, and one that asks for the name itself, by
    /// `if ($host !~ …) { return 444; }`, needs none, and neither does one that asks clients for a
    /// certificate (`ssl_verify_client on`).
    ///
    /// ## Why it matters
    ///
    /// Scanners ask for addresses and names of others. Each such request costs Django work and a mail
    /// about `DisallowedHost`.
    ///
    /// ## What to do
    ///
    /// Write a server that answers nothing:
    /// `server { listen 80 default_server; server_name _; return 444; }`; with TLS
    /// `ssl_reject_handshake on;`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/request_processing.html>
    /// - <https://docs.djangoproject.com/en/stable/topics/security/#host-header-validation>
    pub struct HostCatchAllMissing {
        id: "host-catch-all-missing",
        group: Django,
        severity: Warning,
    }
}

/// Whether a server refuses names by `if`.
fn asks_for_the_name(model: &Model<'_>, server: ScopeId) -> bool {
    let mut blocks = model.scope(server).blocks.iter();
    blocks.any(|(_, inner)| {
        let inner = model.scope(*inner);
        let condition = inner.opener.and_then(|opener| opener.arg(0));
        let is_about_names = condition.is_some_and(|word| {
            let value = word.value().to_ascii_lowercase();
            let value = value.strip_prefix(b"(").unwrap_or(&value);
            value == b"$host" || value == b"$http_host"
        });
        inner.context == Context::IfInServer && is_about_names && inner.first("return").is_some()
    })
}

impl Rule for HostCatchAllMissing {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        if !is_whole(model, "server") || cx.settings.django.public == Some(false) {
            return;
        }
        // How many servers listen on each socket; seldom asked for.
        let users = LazyCell::new(|| {
            let mut users: HashMap<_, usize> = HashMap::default();
            for socket in places.sites().flat_map(|site| site.sockets()) {
                *users.entry((socket.host, socket.port)).or_default() += 1;
            }
            users
        });
        let mut told = HashSet::default();
        for site in places.sites() {
            // Who has no name but this machine's has no public site.
            let is_public = |word: Word<'_>| {
                let name = word.value();
                !word.is("localhost")
                    && !name
                        .iter()
                        .all(|byte| byte.is_ascii_digit() || *byte == b'.')
            };
            if places.django_in(site.scope).next().is_none()
                || !site.is_named()
                || !site.names().any(is_public)
                || asks_for_the_name(model, site.scope)
                || is_on(model, site.scope, "ssl_verify_client", false)
            {
                continue;
            }
            let sockets = site.sockets();
            for socket in sockets.iter().filter(|socket| !socket.is_local()) {
                // Where there are several, `default-server-missing` says it.
                let all = users.get(&(socket.host.clone(), socket.port)).copied();
                let own = sockets
                    .iter()
                    .filter(|other| other.host == socket.host && other.port == socket.port);
                if socket.default || all > Some(own.count()) || !told.insert(site.scope) {
                    continue;
                }
                let Some(name) = site.names().next() else {
                    continue;
                };
                let mut finding = cx
                    .finding(name.span(), "requests for any other name go to Django too")
                    .label("not for this name alone")
                    .help("Write a `default_server` for this socket that does `return 444;`");
                if let Some(listen) = socket.statement {
                    finding = finding.related(listen.head(), "nobody is `default_server`");
                }
                if !socket.tls && cx.settings.django.public != Some(true) {
                    finding.severity = Severity::Info;
                }
                cx.report(finding);
            }
        }
    }
}
