//! `auth-basic-without-file`.

use crate::model::{ScopeId, Statement};
use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, inherited, lacks_a_file};
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `auth_basic` without `auth_basic_user_file`, or the file without `auth_basic`.
    ///
    /// ## Why it matters
    ///
    /// nginx asks for a password only where both are set. With one of them, every request is
    /// let through without any message.
    ///
    /// ## What to do
    ///
    /// Write both.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_auth_basic_module.html>
    pub struct AuthBasicWithoutFile {
        id: "auth-basic-without-file",
        group: Security,
        severity: Error,
    }
}

/// Whether a directive counts in a block, or in one inside it.
fn may_be_set(cx: &RuleContext<'_, '_>, scope: ScopeId, name: &str) -> bool {
    let around = inherited(cx.model, scope, name);
    if around.known == Known::No || !around.list.is_empty() {
        return true;
    }
    let mut inside = cx.model.within(scope);
    inside.any(|id| cx.model.scope(id).first(name).is_some() || lacks_a_file(cx.model, id, name))
}

impl Rule for AuthBasicWithoutFile {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["auth_basic", "auth_basic_user_file"]
    }

    fn directive(&self, one: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let other = match one.name() {
            "auth_basic" => "auth_basic_user_file",
            _ => "auth_basic",
        };
        let off = one.name() == "auth_basic" && one.arg(0).is_some_and(|realm| realm.is("off"));
        if off || may_be_set(cx, one.scope, other) {
            return;
        }
        let finding = cx
            .finding(one.head(), "nobody is asked for a password here")
            .label(format!("needs `{other}` as well"))
            .help(format!("Write `{other}` beside it"));
        cx.report(finding);
    }
}
