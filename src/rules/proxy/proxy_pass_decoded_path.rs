//! `proxy-pass-decoded-path`.

use crate::model::Statement;
use crate::rules::facts::patterns::group;
use crate::rules::facts::{Matcher, location_around, location_of};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::expression::{self, Part};

declare_rule! {
    /// ## What it reports
    ///
    /// A `proxy_pass` whose path is made from `$uri`, or from a group of the location's
    /// expression that takes any byte.
    ///
    /// ## Why it matters
    ///
    /// nginx has decoded that path, and sends variables as they are: `/a%3Fb` goes out as
    /// `/a?b`, `/a%20b` as two words, and `%0d%0a` ends the line. The backend sees another
    /// request than nginx has judged, or none.
    ///
    /// ## What to do
    ///
    /// Write `proxy_pass` without a path, which sends the path as the client wrote it; with a
    /// name in a variable write `proxy_pass http://$backend$request_uri;`. To change a path,
    /// use `rewrite … break;`, after which nginx encodes it again.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass>
    pub struct ProxyPassDecodedPath {
        id: "proxy-pass-decoded-path",
        group: Proxy,
        severity: Warning,
    }
}

/// Whether a group can match a byte that means something in a URI.
fn is_wide(group: &[u8]) -> bool {
    let mut bytes = group.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                let next = bytes.next();
                if matches!(next, Some(b'S' | b'W' | b'D' | b's')) {
                    return true;
                }
            }
            b'[' => {
                if bytes.as_slice().first() == Some(&b'^') {
                    return true;
                }
                for inner in bytes.by_ref() {
                    if *inner == b']' {
                        break;
                    }
                }
            }
            b'.' => return true,
            _ => {}
        }
    }
    false
}

impl Rule for ProxyPassDecodedPath {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["proxy_pass"]
    }

    fn directive(&self, pass: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some(word) = pass.arg(0) else { return };
        let value = word.value();
        let Some(host) = memchr::memmem::find(&value, b"://").map(|at| at + 3) else {
            return;
        };
        let pattern = match location_around(cx.model, pass.scope).and_then(location_of) {
            Some((Matcher::Regex, pattern)) => Some(pattern),
            _ => None,
        };
        // A `rewrite` replaces the groups.
        let rewrites = cx.model.scope(pass.scope).first("rewrite").is_some();
        for part in expression::parse(&value).unwrap_or_default() {
            let (whole, bad) = match part {
                Part::Variable { name, whole } => {
                    let name = value[name].to_ascii_lowercase();
                    let before = value.get(host..whole.start).unwrap_or_default();
                    let inside = before.iter().any(|byte| matches!(byte, b'/' | b'?'));
                    // Straight behind the name of the host stands the whole path.
                    let behind = whole.start > host;
                    let path = name == b"uri" || name == b"document_uri";
                    (whole, path && (inside || behind))
                }
                Part::Capture {
                    group: number,
                    whole,
                } => {
                    let text = pattern
                        .as_deref()
                        .and_then(|pattern| group(pattern, number));
                    let before = value.get(host..whole.start).unwrap_or_default();
                    let path = before.contains(&b'/');
                    (whole, path && !rewrites && text.is_some_and(is_wide))
                }
                Part::Text(_) => continue,
            };
            if !bad {
                continue;
            }
            let shown = String::from_utf8_lossy(&value[whole.clone()]).into_owned();
            let finding = cx
                .finding(
                    word.part(whole),
                    format!("`{shown}` is sent without being encoded"),
                )
                .label("decoded by nginx")
                .help("Leave the path away, or write `$request_uri`");
            cx.report(finding);
            return;
        }
    }
}
