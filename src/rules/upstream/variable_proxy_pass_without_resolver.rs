//! `variable-proxy-pass-without-resolver`.

use crate::model::upstream::{Reference, Scheme};
use crate::model::{Model, Statement};
use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, inherited};
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::address::{self, Allowed, Host};
use crate::values::expression::{self, Part};

declare_rule! {
    /// ## What it reports
    ///
    /// A `proxy_pass` with a variable that holds the name of a machine, where no `resolver`
    /// counts.
    ///
    /// ## Why it matters
    ///
    /// What a variable names is looked up while nginx runs, with its own resolver and not with
    /// that of the machine. Without one every request is answered with 502, `no resolver
    /// defined to resolve`. Addresses, names of upstreams and names that another `proxy_pass`
    /// has without variables need none.
    ///
    /// Only values that `set` and `map` give are looked at.
    ///
    /// ## What to do
    ///
    /// Write `resolver`, in containers `resolver 127.0.0.11 valid=10s;`, or write the name
    /// without a variable.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#resolver>
    pub struct VariableProxyPassWithoutResolver {
        id: "variable-proxy-pass-without-resolver",
        group: Upstream,
        severity: Error,
    }
}

/// The values that `set` and `map` give to a variable and that have no variables in them.
fn values(model: &Model<'_>, name: &[u8]) -> Vec<Vec<u8>> {
    let is = |statement: &Statement<'_>, index: usize| {
        let word = statement.arg(index).map(|word| word.value());
        let bare = word.as_ref().and_then(|word| word.strip_prefix(b"$"));
        bare.is_some_and(|bare| bare.eq_ignore_ascii_case(name))
    };
    let mut found = Vec::new();
    for scope in &model.scopes {
        for set in scope.named("set").filter(|set| is(set, 0)) {
            found.extend(set.arg(1).map(|word| word.value().into_owned()));
        }
    }
    for map in { model.tables.iter() }.filter(|table| table.name() == "map" && is(table, 1)) {
        let rows = map.directive.block().into_iter();
        for row in rows.flat_map(|block| block.directives()) {
            found.extend(row.arg(0).map(|word| word.value().into_owned()));
        }
    }
    found.retain(|value| !expression::has_variables(value));
    found
}

/// The host of a text that may begin with a scheme; `None` for addresses and sockets.
fn name_in(text: &[u8]) -> Option<Vec<u8>> {
    let start = memchr::memmem::find(text, b"://").map_or(0, |at| at + 3);
    let allowed = Allowed {
        uri: true,
        ..Allowed::default()
    };
    match address::parse_url(&text[start..], allowed).ok()?.host {
        Host::Name(name) => Some(name),
        _ => None,
    }
}

impl Rule for VariableProxyPassWithoutResolver {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let upstreams = &cx.model.http.upstreams;
        let fixed = |name: &[u8]| {
            let same =
                |other: &Reference<'_>| !other.variable && other.host.eq_ignore_ascii_case(name);
            upstreams.find(name).is_some() || upstreams.references.iter().any(same)
        };
        for reference in &upstreams.references {
            if !reference.variable || reference.scheme == Scheme::Stream {
                continue;
            }
            let scope = reference.statement.scope;
            let resolver = inherited(cx.model, scope, "resolver");
            if !resolver.list.is_empty() || resolver.known != Known::Surely {
                continue;
            }
            let Some(word) = reference.statement.arg(0) else {
                continue;
            };
            let name = if reference.host.is_empty() {
                let value = word.value();
                let start = memchr::memmem::find(&value, b"://").map_or(0, |at| at + 3);
                let parts = expression::parse(&value[start..]).unwrap_or_default();
                // The whole host is in the variable that stands first.
                let Some(Part::Variable { name, .. }) = parts.first() else {
                    continue;
                };
                let name = &value[start..][name.clone()];
                let values = values(cx.model, name);
                { values.iter() }
                    .filter_map(|value| name_in(value))
                    .find(|name| !fixed(name))
            } else {
                name_in(&reference.host).filter(|name| !fixed(name))
            };
            let Some(name) = name else { continue };
            let shown = String::from_utf8_lossy(&name).into_owned();
            let finding = cx
                .finding(word.span(), format!("nothing can look up `{shown}`"))
                .label("looked up with each request")
                .help("Write `resolver`, or the name without a variable");
            cx.report(finding);
        }
    }
}
