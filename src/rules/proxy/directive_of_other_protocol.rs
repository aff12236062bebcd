//! `directive-of-other-protocol`.

use crate::directives::{self, PASSES};
use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A directive for another protocol beside the one that hands requests on, such as
    /// `proxy_read_timeout` or `proxy_set_header` beside `uwsgi_pass`.
    ///
    /// ## Why it matters
    ///
    /// Each module reads its own directives alone. The time is then the default of 60 seconds, the
    /// header is not sent, nothing is cached; and nginx says nothing of it.
    ///
    /// ## What to do
    ///
    /// Write the directive of the same meaning, such as `uwsgi_read_timeout`. What
    /// `proxy_set_header X-Name value` does for HTTP, `uwsgi_param HTTP_X_NAME value` does for uwsgi.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html>
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html>
    pub struct DirectiveOfOtherProtocol {
        id: "directive-of-other-protocol",
        group: Proxy,
        severity: Warning,
    }
}

/// What the directives of a module begin with, and so does the one that hands requests on.
const PREFIXES: [&str; 6] = [
    "proxy_",
    "uwsgi_",
    "fastcgi_",
    "scgi_",
    "grpc_",
    "memcached_",
];

/// The prefix of a directive, where its module is the one that the prefix belongs to.
fn prefix(statement: Statement<'_>) -> Option<&'static str> {
    let prefix = PREFIXES
        .into_iter()
        .find(|prefix| statement.name().starts_with(prefix))?;
    let module = statement.row.module.name.strip_prefix("ngx_http_")?;
    module.starts_with(prefix).then_some(prefix)
}

impl Rule for DirectiveOfOtherProtocol {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        PASSES
    }

    fn directive(&self, pass: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let model = cx.model;
        let Some(spoken) = prefix(pass) else {
            return;
        };
        let others = model.scope(pass.scope).statements();
        let others = others.filter_map(|statement| Some((statement, prefix(statement)?)));
        let mut others: Vec<_> = others.filter(|(_, prefix)| *prefix != spoken).collect();
        if others.is_empty() {
            return;
        }
        // A block inside may speak the other protocol, and inherits what stands here.
        let inside = model.within(pass.scope);
        let inside = inside.flat_map(|scope| model.scope(scope).statements());
        let passes = inside.filter(|statement| PASSES.contains(&statement.name()));
        let spoken_inside: Vec<_> = passes.filter_map(prefix).collect();
        others.retain(|(_, prefix)| !spoken_inside.contains(prefix));
        let Some(&(first, prefix)) = others.first() else {
            return;
        };
        let (name, passes) = (first.name(), pass.name());
        let more = match others.len() - 1 {
            0 => "does".to_owned(),
            1 => "and one more do".to_owned(),
            more => format!("and {more} more do"),
        };
        let own = [spoken, &name[prefix.len()..]].concat();
        let help = match (name, spoken) {
            ("proxy_set_header" | "grpc_set_header", "uwsgi_" | "fastcgi_" | "scgi_") => {
                let header = first.arg(0).map(|word| word.to_str().replace('-', "_"));
                let header = header.unwrap_or_default().to_ascii_uppercase();
                format!("Write `{spoken}param HTTP_{header}` and the value")
            }
            _ if directives::lookup(own.as_bytes()).is_empty() => "Remove it".to_owned(),
            _ => format!("Write `{own}`"),
        };
        let message = format!("`{name}` {more} nothing for `{passes}`");
        let (other, spoken) = (format!("is for `{prefix}pass`"), "hands requests on");
        // What an included file has, such as `uwsgi_params`, is right elsewhere.
        let finding = if first.head().file == pass.head().file {
            cx.finding(first.head(), message)
                .label(other)
                .related(pass.head(), spoken)
                .help(help)
        } else {
            cx.finding(pass.head(), message)
                .label(spoken)
                .related(first.head(), other)
                .help("Remove the `include`")
        };
        cx.report(finding);
    }
}
