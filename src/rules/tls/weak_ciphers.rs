//! `weak-ciphers`.

use crate::model::Statement;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `ssl_ciphers` that names weak ciphers: without encryption or authentication (`NULL`, `aNULL`, `ADH`), for
    /// export, RC4, DES, 3DES, RC2, MD5. What a later `!` takes out again is not reported, and a list of
    /// good ciphers needs no `!` at all.
    ///
    /// ## Why it matters
    ///
    /// Whoever listens can read what such a cipher protects, or could within hours: 3DES after 32 gigabytes
    /// (Sweet32), RC4 and export ciphers sooner.
    ///
    /// ## What to do
    ///
    /// Write ciphers with `ECDHE` and `GCM` or `CHACHA20`, or leave the line out: the default of nginx is
    /// `HIGH:!aNULL:!MD5`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_ssl_module.html#ssl_ciphers>
    /// - <https://docs.openssl.org/3.0/man1/openssl-ciphers/>
    /// - <https://www.rfc-editor.org/rfc/rfc7465>
    pub struct WeakCiphers {
        id: "weak-ciphers",
        group: Tls,
        severity: Warning,
    }
}

impl Rule for WeakCiphers {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["ssl_ciphers"]
    }

    fn directive(&self, ciphers: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some(word) = ciphers.arg(0) else {
            return;
        };
        let value = word.value();
        let separator = |byte: &u8| matches!(byte, b':' | b',' | b' ');
        let mut start = 0;
        let mut weak = Vec::new();
        let refused: Vec<&[u8]> = value
            .split(separator)
            .filter_map(|item| item.strip_prefix(b"!"))
            .collect();
        for item in value.split(separator) {
            let range = start..start + item.len();
            start = range.end + 1;
            if matches!(item.first(), None | Some(b'!' | b'-' | b'+' | b'@' | b'$')) {
                continue;
            }
            let kinds: Vec<_> = KINDS.iter().filter(|kind| kind.is(item)).collect();
            let out = |kind: &&Kind| {
                refused
                    .iter()
                    .any(|name| kind.words.iter().any(|word| *name == word.as_bytes()))
            };
            let taken_out = refused.contains(&item) || kinds.iter().any(out);
            if !kinds.is_empty() && !taken_out {
                weak.push((range, String::from_utf8_lossy(item).into_owned()));
            }
        }
        let Some((range, _)) = weak.first() else {
            return;
        };
        let span = word.part(range.clone());
        let mut names: Vec<_> = weak
            .iter()
            .take(4)
            .map(|(_, name)| format!("`{name}`"))
            .collect();
        if weak.len() > 4 {
            names.push(format!("{} more", weak.len() - 4));
        }
        let finding = cx
            .finding(
                span,
                format!("weak ciphers are allowed: {}", names.join(", ")),
            )
            .label("weak")
            .help("Remove them, or leave the line out");
        cx.report(finding);
    }
}

/// A kind of weak cipher.
struct Kind {
    /// The words that stand for it, alone or between `-` and `+`.
    words: &'static [&'static str],
}

impl Kind {
    fn is(&self, item: &[u8]) -> bool {
        let mut parts = item.split(|byte| matches!(byte, b'-' | b'+' | b'_'));
        parts.any(|part| self.words.iter().any(|word| part == word.as_bytes()))
    }
}

const KINDS: &[Kind] = &[
    Kind {
        words: &["NULL", "eNULL"],
    },
    Kind {
        words: &["aNULL", "ADH", "AECDH", "DH_anon"],
    },
    Kind {
        words: &["EXP", "EXPORT", "EXPORT40", "EXPORT56"],
    },
    Kind { words: &["LOW"] },
    Kind { words: &["RC4"] },
    Kind { words: &["RC2"] },
    Kind { words: &["MD5"] },
    Kind {
        words: &["3DES", "CBC3"],
    },
    Kind { words: &["DES"] },
];
