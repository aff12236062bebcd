//! `map-missing-default`.

use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::expression::{self, Part};

declare_rule! {
    /// ## What it reports
    ///
    /// A `map` without `default` whose value decides where a request goes, which file is read
    /// or which code is answered.
    ///
    /// ## Why it matters
    ///
    /// What no row matches gives the empty text. That is useful for headers, which nginx leaves
    /// out when they are empty, and for keys of limits, which it does not count: such maps are
    /// not reported. But `proxy_pass http://$backend` with an empty name answers 500, and
    /// `root /srv/$site` becomes `/srv/`.
    ///
    /// Other linters want a `default` in every map; nginx's behaviour is defined without.
    ///
    /// ## What to do
    ///
    /// Write a `default`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_map_module.html#map>
    pub struct MapMissingDefault {
        id: "map-missing-default",
        group: Nginx,
        severity: Warning,
    }
}

/// Directives that cannot do with an empty text.
const NEEDS_TEXT: &[&str] = &[
    "proxy_pass",
    "uwsgi_pass",
    "fastcgi_pass",
    "grpc_pass",
    "scgi_pass",
    "root",
    "alias",
    "ssl_certificate",
    "ssl_certificate_key",
];

impl Rule for MapMissingDefault {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["map"]
    }

    fn directive(&self, map: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some(word) = map.arg(1) else {
            return;
        };
        let value = word.value();
        let Some(name) = value.strip_prefix(b"$") else {
            return;
        };
        let rows = map.directive.block().into_iter();
        let mut rows = rows.flat_map(|block| block.directives());
        if rows.any(|row| row.is("default") || row.is("include")) {
            return;
        }
        let scopes = cx.model.scopes.iter();
        let user = scopes
            .flat_map(|scope| scope.statements())
            .find(|statement| NEEDS_TEXT.contains(&statement.name()) && uses(statement, name));
        let Some(user) = user else {
            return;
        };
        let finding = cx
            .finding(
                map.head(),
                format!("`${}` can be empty", String::from_utf8_lossy(name)),
            )
            .label("has no `default`")
            .related(user.head(), "needs a value")
            .help("Write a `default`");
        cx.report(finding);
    }
}

/// Whether a directive uses a variable.
fn uses(statement: &Statement<'_>, name: &[u8]) -> bool {
    statement.args().any(|word| {
        let value = word.value();
        let parts = expression::parse(&value).unwrap_or_default();
        parts.into_iter().any(|part| match part {
            Part::Variable { name: used, .. } => value[used].eq_ignore_ascii_case(name),
            _ => false,
        })
    })
}
