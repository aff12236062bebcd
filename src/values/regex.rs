//! Regular expressions, judged by PCRE2 as nginx does (`src/core/ngx_regex.c`).

use crate::source::readable;
use std::borrow::Cow;

/// A regular expression that compiles.
#[derive(Debug, Clone)]
pub struct Regex {
    compiled: pcre2::bytes::Regex,
    names: Vec<String>,
}

/// Why a pattern does not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegexError {
    /// PCRE2's words.
    pub text: String,
    /// Where in the pattern, in bytes.
    pub offset: usize,
}

impl RegexError {
    /// What nginx prints; PCRE2 came with 1.21.5.
    #[must_use]
    pub fn nginx(&self, pattern: &[u8], pcre2: bool) -> String {
        let function = if pcre2 {
            "pcre2_compile"
        } else {
            "pcre_compile"
        };
        let whole = readable(pattern);
        match pattern.get(self.offset..) {
            Some(rest) if !rest.is_empty() => format!(
                "{function}() failed: {} in \"{whole}\" at \"{}\"",
                self.text,
                readable(rest)
            ),
            _ => format!("{function}() failed: {} in \"{whole}\"", self.text),
        }
    }
}

impl Regex {
    /// Compiles a pattern without Unicode rules, as nginx does.
    ///
    /// # Errors
    /// What PCRE2 says against it.
    pub fn new(pattern: &[u8], caseless: bool) -> Result<Self, RegexError> {
        let text = as_text(pattern);
        let compiled = pcre2::bytes::RegexBuilder::new()
            .caseless(caseless)
            .build(&text)
            .map_err(|error| RegexError {
                text: words_of(&error),
                offset: error.offset().unwrap_or(0),
            })?;
        let names = compiled.capture_names().iter().flatten().cloned().collect();
        Ok(Self { compiled, names })
    }

    /// How many groups it has.
    #[must_use]
    pub fn captures(&self) -> usize {
        self.compiled.captures_len() - 1
    }

    /// The names of groups, which become variables.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether it matches somewhere in a text.
    #[must_use]
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.compiled.is_match(text).unwrap_or(false)
    }

    /// What its groups match: the whole first, then each group.
    #[must_use]
    pub fn captures_in<'t>(&self, text: &'t [u8]) -> Option<Vec<Option<&'t [u8]>>> {
        let found = self.compiled.captures(text).ok()??;
        let group = |index: usize| found.get(index).map(|group| group.as_bytes());
        Some((0..found.len()).map(group).collect())
    }
}

impl Regex {
    /// What its named groups match in a text; nothing for those that take no part.
    #[must_use]
    pub fn named_in(&self, text: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let Ok(Some(found)) = self.compiled.captures(text) else {
            return Vec::new();
        };
        let names = self.names.iter().map(|name| {
            let group = found.name(name).map(|group| group.as_bytes().to_vec());
            (name.as_bytes().to_vec(), group.unwrap_or_default())
        });
        names.collect()
    }
}

/// Bytes that are no UTF-8 are written as escapes, which mean the same.
fn as_text(pattern: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(pattern) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => pattern
            .iter()
            .map(|byte| match byte.is_ascii() {
                true => char::from(*byte).to_string(),
                false => format!("\\x{byte:02x}"),
            })
            .collect::<String>()
            .into(),
    }
}

/// PCRE2's words alone, which the crate puts behind its own.
fn words_of(error: &pcre2::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("PCRE2: ").unwrap_or(&text);
    match (text.find("at offset "), text.find(": ")) {
        (Some(offset), Some(colon)) if offset < colon => text[colon + 2..].to_owned(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(pattern: &str) -> String {
        match Regex::new(pattern.as_bytes(), false) {
            Ok(_) => "compiles".to_owned(),
            Err(error) => error.nginx(pattern.as_bytes(), true),
        }
    }

    #[test]
    fn errors_are_in_the_words_of_nginx() {
        insta::assert_snapshot!(error("("), @r#"pcre2_compile() failed: missing closing parenthesis in "(""#);
        insta::assert_snapshot!(error("a)"), @r#"pcre2_compile() failed: unmatched closing parenthesis in "a)" at ")""#);
        insta::assert_snapshot!(error("*.php"), @r#"pcre2_compile() failed: quantifier does not follow a repeatable item in "*.php" at "*.php""#);
        insta::assert_snapshot!(error("(?<1a>b)"), @r#"pcre2_compile() failed: subpattern name must start with a non-digit in "(?<1a>b)" at "1a>b)""#);
        insta::assert_snapshot!(error(r"\.php$"), @"compiles");
    }

    #[test]
    fn groups_and_names_are_known() {
        let regex = Regex::new(b"^/(?<year>[0-9]{4})/(.*)$", false).unwrap();
        assert_eq!(regex.captures(), 2);
        assert_eq!(regex.names(), ["year"]);
        let found = regex.captures_in(b"/2024/a").unwrap();
        assert_eq!(found[1], Some(&b"2024"[..]));
        assert!(Regex::new(b"\xff", false).unwrap().is_match(b"a\xff"));
        assert!(Regex::new(b"A", true).unwrap().is_match(b"a"));
    }
}
