//! `server-name-port`.

use crate::finding::{Edit, Fix, Safety};
use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A name of `server_name` with a port behind it.
    ///
    /// ## Why it matters
    ///
    /// nginx compares names with the host of a request after it has taken the port away, so
    /// such a name never matches. Requests go to the default server of the socket.
    ///
    /// ## What to do
    ///
    /// Write the name alone; the port belongs to `listen`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#server_name>
    pub struct ServerNamePort {
        id: "server-name-port",
        group: Nginx,
        severity: Error,
        fix: Some(Safety::Unsafe),
    }
}

impl Rule for ServerNamePort {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["server_name"]
    }

    fn directive(&self, names: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        for word in names.args() {
            let value = word.value();
            // What has a `/` is refused as suspicious by nginx itself; `[::1]` is an address.
            if value.starts_with(b"~") || memchr::memchr2(b'/', b'[', &value).is_some() {
                continue;
            }
            let Some(colon) = memchr::memchr(b':', &value) else {
                continue;
            };
            let port = &value[colon + 1..];
            if port.is_empty() || !port.iter().all(u8::is_ascii_digit) {
                continue;
            }
            let place = word.part(colon..value.len());
            let mut finding = cx
                .finding(
                    word.span(),
                    format!("the name `{}` has a port", word.to_str()),
                )
                .label("never matches")
                .help("Write the name alone; the port belongs to `listen`");
            if colon > 0 {
                finding = finding.fix(Fix {
                    safety: Safety::Unsafe,
                    title: "take the port away".into(),
                    edits: vec![Edit {
                        span: place,
                        text: Vec::new(),
                    }],
                });
            }
            cx.report(finding);
        }
    }
}
