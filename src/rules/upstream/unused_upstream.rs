//! `unused-upstream`.

use crate::model::upstream::Reference;
use crate::model::{Model, Statement};
use crate::rules::facts::pools::shown;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use foldhash::HashSet;

declare_rule! {
    /// ## What it reports
    ///
    /// An `upstream` that nothing names.
    ///
    /// ## Why it matters
    ///
    /// It is left over, or the requests go somewhere else than was meant: past its servers,
    /// limits and checks.
    ///
    /// It is silent where a variable decides where requests go, and about a part of a
    /// configuration.
    ///
    /// ## What to do
    ///
    /// Remove it, or pass requests to it.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#upstream>
    pub struct UnusedUpstream {
        id: "unused-upstream",
        group: Upstream,
        severity: Info,
    }
}

impl Rule for UnusedUpstream {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let model = cx.model;
        if !model.complete {
            return;
        }
        for upstreams in [&model.http.upstreams, &model.stream.upstreams] {
            let anywhere = |user: &Reference<'_>| user.variable && user.host.is_empty();
            let mut unused = upstreams.all.iter().filter(|own| own.references.is_empty());
            let Some(first) = unused.next() else { continue };
            if upstreams.references.iter().any(anywhere) {
                continue;
            }
            let words = words(model);
            for upstream in std::iter::once(first).chain(unused) {
                if words.contains(&upstream.name.to_ascii_lowercase()) {
                    continue;
                }
                let finding = cx
                    .finding(
                        upstream.statement.head(),
                        format!("nothing passes requests to `{}`", shown(upstream)),
                    )
                    .label("not used")
                    .help("Remove it, or pass requests to it");
                cx.report(finding);
            }
        }
    }
}

/// What arguments outside of upstreams are made of, in small letters: whole ones, and the
/// names that URLs, maps and lists in them have.
fn words(model: &Model<'_>) -> HashSet<Vec<u8>> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    let mut words = HashSet::default();
    let mut add = |value: &[u8]| {
        // The folders of a path are no names of upstreams.
        if value.starts_with(b"/") || value.starts_with(b"unix:") {
            return;
        }
        let small = value.to_ascii_lowercase();
        for name in small.split(|byte| !is_name(byte)) {
            words.insert(name.to_vec());
        }
        words.insert(small);
    };
    let of_upstream = |opener: &Statement<'_>| opener.name() == "upstream";
    for block in &model.scopes {
        if block.opener.as_ref().is_some_and(of_upstream) {
            continue;
        }
        for statement in block.statements().filter(|one| one.name() != "zone") {
            statement.args().for_each(|word| add(&word.value()));
        }
    }
    for table in &model.tables {
        let entries = table.directive.block().map(|block| block.directives());
        for entry in entries.into_iter().flatten() {
            entry.args().for_each(|word| add(&word.value()));
        }
    }
    words
}
