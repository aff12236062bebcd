//! `proxy-pass-path-mismatch`.

use crate::rules::facts::{Matcher, Protocol};
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A prefix `location` and the path behind its `proxy_pass` of which one ends with `/` and
    /// the other does not.
    ///
    /// ## Why it matters
    ///
    /// nginx puts the rest of the URI behind the path of `proxy_pass` as it is. With
    /// `location /api { proxy_pass http://b/; }` a request for `/api/x` becomes `//x`, and
    /// `/api../x` becomes `/../x`, by which a client may leave the path. With
    /// `location /api/ { proxy_pass http://b/v1; }` a request for `/api/x` becomes `/v1x`.
    ///
    /// A path behind `proxy_pass` as such is nothing bad: `location /api/` with
    /// `proxy_pass http://b/;` is how a prefix is taken away.
    ///
    /// ## What to do
    ///
    /// End both with `/`, or neither.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass>
    pub struct ProxyPassPathMismatch {
        id: "proxy-pass-path-mismatch",
        group: Proxy,
        severity: Warning,
    }
}

impl Rule for ProxyPassPathMismatch {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let places = cx.places();
        for pass in &places.passes {
            let (Some(uri), Protocol::Http | Protocol::Https) = (&pass.uri, pass.protocol) else {
                continue;
            };
            let Some(place) = places.place_around(pass.statement.scope) else {
                continue;
            };
            // With variables nginx sends what is written, and replaces nothing.
            let mut words = pass.statement.args();
            if words.any(|word| memchr::memchr(b'$', &word.value()).is_some()) {
                continue;
            }
            let prefix = matches!(place.matcher, Matcher::Prefix | Matcher::PrefixNoRegex);
            if !prefix || place.scope != pass.statement.scope || memchr::memchr(b'?', uri).is_some()
            {
                continue;
            }
            let rest: &[u8] = match (place.path.ends_with(b"/"), uri.ends_with(b"/")) {
                (false, true) => b"/x",
                (true, false) => b"x",
                _ => continue,
            };
            let show = |path: &[u8]| String::from_utf8_lossy(&[path, rest].concat()).into_owned();
            let Some(word) = pass.statement.arg(0) else {
                continue;
            };
            let help = if uri.ends_with(b"/") {
                format!("Write `location {}/`", place.shown())
            } else {
                format!("Write `{}/`", word.to_str())
            };
            let finding = cx
                .finding(
                    word.span(),
                    format!("`{}` becomes `{}`", show(place.path), show(uri)),
                )
                .label("what follows is put behind it")
                .related(place.span(), "this is taken away")
                .help(help);
            cx.report(finding);
        }
    }
}
