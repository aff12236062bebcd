//! `static-path-permission`.

use crate::finding::Finding;
use crate::model::{ScopeId, Statement};
use crate::rules::facts::folders::absolute_folder;
use crate::rules::meta::declare_rule;
use crate::rules::places::is_within;
use crate::rules::{Meta, Rule, RuleContext};
use foldhash::HashSet;

declare_rule! {
    /// ## What it reports
    ///
    /// A `root` or `alias` below `/root`, or below `/home/NAME` where `user` names somebody else.
    ///
    /// ## Why it matters
    ///
    /// `/root` is closed to all but root, and home folders to all but their owner in Ubuntu since 21.04 and
    /// in Fedora. The workers of nginx, which are `www-data` or `nginx`, get
    /// `13: Permission denied`, and clients 403.
    ///
    /// ## What to do
    ///
    /// Put the files into `/srv` or `/var/www`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/ngx_core_module.html#user>
    pub struct StaticPathPermission {
        id: "static-path-permission",
        group: Static,
        severity: Warning,
    }
}

impl Rule for StaticPathPermission {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let user = cx.model.scope(ScopeId::MAIN).first("user");
        // One finding for a home, whatever is in it.
        let mut told = HashSet::default();
        for folder in cx.model.everywhere(&["root", "alias"]) {
            if let Some(finding) = judge(cx, user, folder)
                && told.insert(finding.message.clone())
            {
                cx.report(finding);
            }
        }
    }
}

fn judge(
    cx: &RuleContext<'_, '_>,
    user: Option<Statement<'_>>,
    folder: Statement<'_>,
) -> Option<Finding> {
    let name = user.and_then(|user| user.arg(0)).map(|word| word.value());
    if name.as_deref() == Some(b"root") {
        return None;
    }
    let (word, path) = absolute_folder(folder)?;
    let home = path
        .strip_prefix(b"/home/")
        .and_then(|rest| rest.split(|byte| *byte == b'/').next());
    let message = match (&name, home) {
        (_, None) if is_within(&path, b"/root") => {
            "the workers of nginx cannot read below `/root`".to_owned()
        }
        (Some(name), Some(home)) if **name != *home && !home.contains(&b'$') => format!(
            "the workers of nginx, `{}`, may not read in the home of `{}`",
            String::from_utf8_lossy(name),
            String::from_utf8_lossy(home)
        ),
        _ => return None,
    };
    let mut finding = cx
        .finding(word.span(), message)
        .label("closed to others")
        .help("Put the files into `/srv` or `/var/www`");
    if let Some(user) = user {
        finding = finding.related(user.head(), "who reads");
    }
    Some(finding)
}
