//! `duplicate-regex-location`.

use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use foldhash::HashMap;

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` with the same regular expression as an earlier one beside it.
    ///
    /// ## Why it matters
    ///
    /// nginx tries regular expressions in the order in which they are written and takes the
    /// first that matches. It refuses two equal prefixes, but not two equal expressions: the
    /// second block is never used.
    ///
    /// ## What to do
    ///
    /// Put the directives of both into one block.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#location>
    pub struct DuplicateRegexLocation {
        id: "duplicate-regex-location",
        group: Nginx,
        severity: Warning,
    }
}

/// Whether the case of letters counts.
pub(super) fn is_caseless(location: &Statement<'_>) -> bool {
    let first = location.arg(0).map(|word| word.value());
    first.is_some_and(|first| first.starts_with(b"~*"))
}

impl Rule for DuplicateRegexLocation {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let mut seen: HashMap<_, Statement<'_>> = HashMap::default();
        for place in places.regexes() {
            let (parent, pattern) = (model.scope(place.scope).parent, place.path);
            let location = place.statement();
            let caseless = is_caseless(&location);
            let same = seen
                .get(&(parent, pattern, true))
                .or_else(|| seen.get(&(parent, pattern, caseless)));
            if let Some(first) = same {
                let finding = cx
                    .finding(
                        location.head(),
                        "an earlier `location` has the same regular expression",
                    )
                    .label("never used")
                    .related(first.head(), "matches first")
                    .help("Put the directives of both into one block");
                cx.report(finding);
                continue;
            }
            seen.insert((parent, pattern, caseless), location);
        }
    }
}
