//! `unanchored-extension-regex`.

use crate::finding::{Fix, Safety};
use crate::model::Scope;
use crate::rules::edits::append;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` whose regular expression ends with the extension of a file, without `$`.
    ///
    /// ## Why it matters
    ///
    /// The extension then matches anywhere in a path: `~ \.php` takes `/upload/a.php/b.jpg` and
    /// `/a.phpx` too, and `~ \.(js|css)` takes `/data.json`. Requests come to a place that was
    /// not written for them.
    ///
    /// Locations that only deny are not reported, nor are names of single files and names that
    /// begin with a dot.
    ///
    /// ## What to do
    ///
    /// Write `$` at the end.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#location>
    pub struct UnanchoredExtensionRegex {
        id: "unanchored-extension-regex",
        group: Nginx,
        severity: Warning,
        fix: Some(Safety::Unsafe),
    }
}

/// Whether an expression ends with a dot that stands for itself and letters or a choice of
/// them.
fn ends_with_extension(pattern: &[u8]) -> bool {
    let dot = match pattern {
        [before @ .., b')'] => {
            let Some(open) = memchr::memrchr(b'(', before) else {
                return false;
            };
            let choice = before[open + 1..].strip_prefix(b"?:");
            let choice = choice.unwrap_or(&before[open + 1..]);
            let is_choice = |byte: &u8| byte.is_ascii_alphanumeric() || b"|?_-".contains(byte);
            if choice.is_empty() || !choice.iter().all(is_choice) {
                return false;
            }
            &before[..open]
        }
        _ => {
            let letters = { pattern.iter().rev() }.take_while(|byte| byte.is_ascii_alphanumeric());
            let count = letters.count();
            if count == 0 {
                return false;
            }
            &pattern[..pattern.len() - count]
        }
    };
    let Some(before) = dot.strip_suffix(br"\.") else {
        return false;
    };
    // Behind a letter the whole name of a file is meant, behind a slash a hidden one.
    before
        .last()
        .is_none_or(|byte| !byte.is_ascii_alphanumeric() && !b"/\\_-".contains(byte))
}

/// Whether nothing is served: what matches too much does no harm.
fn only_denies(block: &Scope<'_>) -> bool {
    let denies = block
        .named("deny")
        .any(|deny| deny.arg(0).is_some_and(|who| who.is("all")));
    let answers = block.named("return").any(|answer| {
        let code = answer.arg(0).map(|code| code.value());
        code.is_some_and(|code| code.starts_with(b"4"))
    });
    denies || answers || block.first("internal").is_some()
}

impl Rule for UnanchoredExtensionRegex {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        for place in places.regexes() {
            let Some(word) = place.statement().args().next_back() else {
                continue;
            };
            if !ends_with_extension(place.path) || only_denies(model.scope(place.scope)) {
                continue;
            }
            let mut finding = cx
                .finding(word.span(), "the extension matches anywhere in a path")
                .label("has no `$` at its end")
                .help("Write `$` at the end");
            finding = finding.fix(Fix {
                safety: Safety::Unsafe,
                title: "match the end of the path".into(),
                edits: vec![append(word.content_span(), *b"$")],
            });
            cx.report(finding);
        }
    }
}
