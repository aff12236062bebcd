//! `server-name-comma`.

use crate::finding::{Edit, Fix, Safety};
use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// A comma in a name of `server_name`.
    ///
    /// ## Why it matters
    ///
    /// nginx separates names by blanks. A comma becomes part of the name: with
    /// `server_name example.com, www.example.com;` the server answers to `example.com,`, and
    /// requests for `example.com` go to the default server.
    ///
    /// ## What to do
    ///
    /// Write blanks between the names, without commas.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/server_names.html>
    pub struct ServerNameComma {
        id: "server-name-comma",
        group: Nginx,
        severity: Error,
        fix: Some(Safety::Unsafe),
    }
}

impl Rule for ServerNameComma {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["server_name"]
    }

    fn directive(&self, names: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        for word in names.args() {
            let value = word.value();
            if value.starts_with(b"~") || memchr::memchr(b',', &value).is_none() {
                continue;
            }
            let mut finding = cx
                .finding(
                    word.span(),
                    format!("the name `{}` has a comma in it", word.to_str()),
                )
                .label("never matches")
                .help("Separate the names by blanks alone");
            let names: Vec<&[u8]> = value
                .split(|byte| *byte == b',')
                .filter(|name| !name.is_empty())
                .collect();
            if word.quote().is_none() && !names.is_empty() {
                finding = finding.fix(Fix {
                    safety: Safety::Unsafe,
                    title: "separate the names by blanks".into(),
                    edits: vec![Edit {
                        span: word.span(),
                        text: names.join(&b' '),
                    }],
                });
            }
            cx.report(finding);
        }
    }
}
