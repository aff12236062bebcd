//! `server-name-bad-wildcard`.

use crate::model::{Model, Statement};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::syntax::Word;

declare_rule! {
    /// ## What it reports
    ///
    /// A `*` in a name of `server_name` that stands neither at its beginning before a dot nor
    /// at its end behind one.
    ///
    /// ## Why it matters
    ///
    /// While a socket has one server, nginx does not look at the name. As soon as a second
    /// server listens there, it refuses the whole configuration: `invalid server name or
    /// wildcard`.
    ///
    /// ## What to do
    ///
    /// Write `*.example.com` or `www.example.*`, or a regular expression such as
    /// `~^foo.*\.example\.com$`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/server_names.html#wildcard_names>
    pub struct ServerNameBadWildcard {
        id: "server-name-bad-wildcard",
        group: Nginx,
        severity: Error,
    }
}

fn is_good(name: &[u8]) -> bool {
    let inner = name
        .strip_prefix(b"*.")
        .or_else(|| name.strip_suffix(b".*"));
    inner.is_some_and(|inner| !inner.is_empty() && memchr::memchr(b'*', inner).is_none())
}

/// Whether nginx looks at the names itself, as it does beside another server, and refuses
/// a bad one.
fn is_refused(names: Statement<'_>, model: &Model<'_>) -> bool {
    let sockets = model.http.sockets.all.iter();
    let mut shared = sockets.filter(|socket| socket.listens.len() > 1);
    shared.any(|socket| {
        let mut listens = socket.listens.iter();
        listens.any(|listen| model.http.server(listen.server).scope == names.scope)
    })
}

impl Rule for ServerNameBadWildcard {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["server_name"]
    }

    fn directive(&self, names: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let is_bad = |word: &Word<'_>| {
            let value = word.value();
            memchr::memchr(b'*', &value).is_some() && !value.starts_with(b"~") && !is_good(&value)
        };
        let bad: Vec<_> = names.args().filter(is_bad).collect();
        if bad.is_empty() || is_refused(names, cx.model) {
            return;
        }
        for word in bad {
            let finding = cx
                .finding(
                    word.span(),
                    format!("the name `{}` has a `*` at a wrong place", word.to_str()),
                )
                .label("refused beside a second server")
                .help("Write `*.` at the beginning, `.*` at the end, or a regular expression");
            cx.report(finding);
        }
    }
}
