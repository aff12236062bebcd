//! `alias-traversal`.

use crate::finding::Severity;
use crate::model::Statement;
use crate::rules::facts::{Matcher, location_around, location_of};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::syntax::Word;
use crate::values::expression::{self, Part};
use crate::values::regex::Regex;

declare_rule! {
    /// ## What it reports
    ///
    /// A prefix `location` without a final slash whose `alias` ends with one; and a `location`
    /// by regular expression whose group can begin with `..` behind the `/` of its `alias`, which
    /// is shown by an address that the expression really matches. A group that is glued to a
    /// folder without `/` is a warning: it reaches folders beside it whose names begin alike.
    ///
    /// `location /static` with `alias /srv/static`, both without a slash, is not reported:
    /// nobody gets out of the folder but into `/srv/static-old`. In an `internal` location, for
    /// which only Django can ask by `X-Accel-Redirect`, the finding is a warning.
    ///
    /// ## Why it matters
    ///
    /// nginx puts what follows the prefix behind the alias. With `location /static` and
    /// `alias /srv/app/static/`, a request for `/static../settings.py` becomes
    /// `/srv/app/static/../settings.py`: everybody reads the settings of Django, secret key
    /// included.
    ///
    /// ## What to do
    ///
    /// End both with `/`, or neither. For one file write `location = /favicon.ico`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#alias>
    pub struct AliasTraversal {
        id: "alias-traversal",
        group: Static,
        severity: Error,
    }
}

impl Rule for AliasTraversal {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["alias"]
    }

    fn directive(&self, alias: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let (Some(location), Some(word)) = (location_around(cx.model, alias.scope), alias.arg(0))
        else {
            return;
        };
        let Some((matcher, path)) = location_of(location) else {
            return;
        };
        if matcher == Matcher::Regex {
            let caseless = location
                .arg(0)
                .is_some_and(|word| word.value().starts_with(b"~*"));
            by_group(&path, caseless, location, word, cx);
            return;
        }
        if !matches!(matcher, Matcher::Prefix | Matcher::PrefixNoRegex) {
            return;
        }
        if path.ends_with(b"/") || !word.value().ends_with(b"/") {
            return;
        }
        let Some(path_word) = location.args().next_back() else {
            return;
        };
        let shown = String::from_utf8_lossy(&path).into_owned();
        let mut finding = cx
            .finding(
                word.span(),
                format!("`alias` can be left through `location {shown}`"),
            )
            .label("ends with `/`")
            .related(path_word.span(), "does not")
            .help(format!("Write `location {shown}/`"));
        if let Some(internal) = cx.model.scope(alias.scope).first("internal") {
            finding.severity = Severity::Warning;
            finding = finding.related(internal.head(), "only Django can ask for it");
        }
        cx.report(finding);
    }
}

/// Looks for a group of the expression that leaves the folder of the alias.
fn by_group(
    pattern: &[u8],
    caseless: bool,
    location: Statement<'_>,
    alias: Word<'_>,
    cx: &mut RuleContext<'_, '_>,
) {
    let Ok(regex) = Regex::new(pattern, caseless) else {
        return;
    };
    let value = alias.value();
    let parts = expression::parse(&value).unwrap_or_default();
    let mut before: &[u8] = b"";
    for part in &parts {
        let (group, whole) = match part {
            Part::Text(range) => {
                before = &value[range.clone()];
                continue;
            }
            Part::Variable { name, whole } => {
                let name = &value[name.clone()];
                let named = group_named(pattern, name);
                let Some(group) = named else {
                    before = b"";
                    continue;
                };
                (group, whole.clone())
            }
            Part::Capture { group, whole } => (usize::from(*group), whole.clone()),
        };
        let slash = before.ends_with(b"/");
        let begin: &[u8] = if slash { b"../x" } else { b"x" };
        let matched = sample(pattern, group, begin).filter(|uri| {
            let groups = regex.captures_in(uri).unwrap_or_default();
            let found = groups.get(group).copied().flatten();
            found.is_some_and(|text| {
                text.starts_with(begin.strip_suffix(b"x").unwrap_or(begin))
                    && !text.is_empty()
                    && !text.starts_with(b"/")
            })
        });
        if let (Some(uri), false) = (matched, before.is_empty()) {
            let shown = String::from_utf8_lossy(&uri).into_owned();
            let path = location
                .args()
                .next_back()
                .map_or_else(|| location.head(), Word::span);
            let mut finding = cx
                .finding(
                    alias.span(),
                    format!("`alias` can be left through `{shown}`"),
                )
                .at(
                    alias.part(whole.clone()),
                    if slash {
                        "can begin with `..`"
                    } else {
                        "glued to the folder"
                    },
                )
                .related(path, "matches that address")
                .help("Write a `/` before the group, in the expression and in `alias`");
            if !slash {
                finding.message = format!("`alias` leads beside its folder for `{shown}`").into();
                finding.severity = Severity::Warning;
            }
            cx.report(finding);
            return;
        }
        before = b"";
    }
}

/// The number of a named group, where the pattern is simple.
fn group_named(pattern: &[u8], name: &[u8]) -> Option<usize> {
    let mut group = 0;
    let mut at = 0;
    while at < pattern.len() {
        match pattern[at] {
            b'\\' => at += 1,
            b'(' if pattern.get(at + 1) != Some(&b'?') => group += 1,
            b'(' => {
                let rest = &pattern[at + 2..];
                let rest = rest.strip_prefix(b"P").unwrap_or(rest);
                if let Some(rest) = rest.strip_prefix(b"<")
                    && !matches!(rest.first(), Some(b'=' | b'!'))
                {
                    group += 1;
                    if rest
                        .strip_prefix(name)
                        .is_some_and(|rest| rest.first() == Some(&b'>'))
                    {
                        return Some(group);
                    }
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// An address which the pattern may match, with a text in the place of a group. It is only a
/// guess: whoever asks tries it. `None` where nginx would have changed the address before.
fn sample(pattern: &[u8], target: usize, text: &[u8]) -> Option<Vec<u8>> {
    let mut uri = Vec::new();
    let mut group = 0;
    let mut at = 0;
    // Depth inside the group that is replaced.
    let mut inside = 0;
    let mut alternative = false;
    while at < pattern.len() {
        let byte = pattern[at];
        at += 1;
        if inside > 0 {
            match byte {
                b'\\' => at += 1,
                b'(' => inside += 1,
                b')' => inside -= 1,
                _ => {}
            }
            continue;
        }
        match byte {
            b'(' => {
                alternative = false;
                let plain = pattern.get(at) != Some(&b'?');
                let name = &pattern[at..];
                let named = name.starts_with(b"?<") || name.starts_with(b"?P<");
                if plain || named {
                    group += 1;
                    if group == target {
                        uri.extend_from_slice(text);
                        inside = 1;
                        continue;
                    }
                }
                if named {
                    at += memchr::memchr(b'>', name).map_or(0, |end| end + 1);
                } else if name.starts_with(b"?:") {
                    at += 2;
                }
            }
            b')' => alternative = false,
            b'|' => alternative = true,
            _ if alternative => {}
            b'^' | b'$' | b'?' | b'*' | b'+' => {}
            b'.' => uri.push(b'x'),
            b'[' => {
                let end = memchr::memchr(b']', &pattern[at..])?;
                at += end + 1;
                uri.push(b'x');
            }
            b'\\' => {
                uri.push(*pattern.get(at)?);
                at += 1;
            }
            _ => uri.push(byte),
        }
    }
    if uri.first() != Some(&b'/') {
        uri.insert(0, b'/');
    }
    let dots = |part: &[u8]| part == b".." || part == b".";
    let normal = !uri.split(|byte| *byte == b'/').any(dots);
    normal.then_some(uri)
}
