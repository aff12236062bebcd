//! Just enough C to read nginx's tables: tokens, conditionals, definitions.

use std::collections::BTreeMap;
use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ident,
    Number,
    /// The text between the quotes.
    Text,
    Char,
    Punct,
    /// The path of an `#include` within a table.
    Include,
}

/// One token of the configuration that [`Environment`] describes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// Which conditions hold here: an index for [`Tokens::conditions`].
    condition: u32,
}

impl Token<'_> {
    pub(super) fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Ident | Kind::Punct) && self.text == text
    }
}

/// What the preprocessor is told: a Linux build with everything in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Environment {
    /// As `nginx_version` has it: 1028003 for 1.28.3.
    pub(super) nginx_version: i64,
}

impl Environment {
    /// The value of an identifier in `#if`; `None` when it is not defined.
    fn value(self, name: &str) -> Option<i64> {
        const ABSENT: &[&str] = &[
            "NGX_WIN32",
            "NGX_FREEBSD",
            "NGX_SOLARIS",
            "NGX_DARWIN",
            "NGX_HAVE_KQUEUE",
            "NGX_HAVE_EVENTPORT",
            "NGX_HAVE_IOCP",
        ];
        const ABSENT_PREFIXES: &[&str] =
            &["OPENSSL_NO_", "OPENSSL_IS_", "LIBRESSL_", "NGX_TEST_BUILD_"];
        if name == "nginx_version" {
            return Some(self.nginx_version);
        }
        if ABSENT.contains(&name) || ABSENT_PREFIXES.iter().any(|p| name.starts_with(p)) {
            return None;
        }
        // A library is taken to be new enough for every test of its version.
        Some(if name.contains("VERSION") {
            i64::MAX
        } else {
            1
        })
    }
}

/// The tokens of one file, without those that the preprocessor drops.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    pub(super) list: Vec<Token<'a>>,
    /// Object-like macros and their bodies.
    pub(super) macros: BTreeMap<&'a str, Vec<Token<'a>>>,
    conditions: Vec<Vec<String>>,
}

impl<'a> Tokens<'a> {
    /// Reads a file.
    pub(super) fn read(text: &'a str, environment: Environment) -> Self {
        let mut reader = Reader {
            text,
            at: 0,
            environment,
            open: Vec::new(),
            out: Tokens {
                list: Vec::new(),
                macros: BTreeMap::new(),
                conditions: vec![Vec::new()],
            },
        };
        reader.run();
        reader.out
    }

    /// The conditions under which `inner` stands and `outer` does not.
    pub(super) fn conditions_between(
        &self,
        outer: Token<'_>,
        inner: Token<'_>,
    ) -> impl Iterator<Item = &str> {
        let skip = self.conditions[outer.condition as usize].len();
        self.conditions[inner.condition as usize]
            .iter()
            .skip(skip)
            .map(String::as_str)
    }

    /// The place after the bracket that closes the one at `open`.
    pub(super) fn after_closing(&self, open: usize) -> usize {
        let mut depth = 0usize;
        for (i, token) in self.list.iter().enumerate().skip(open) {
            if token.kind != Kind::Punct {
                continue;
            }
            match token.text {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return i + 1;
                    }
                }
                _ => {}
            }
        }
        self.list.len()
    }

    /// The parts between commas of the bracket that opens at `open`.
    pub(super) fn parts(&self, open: usize) -> Vec<Range<usize>> {
        self.parts_of(open + 1..self.after_closing(open).saturating_sub(1))
    }

    /// The parts between commas of a range.
    pub(super) fn parts_of(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let end = range.end;
        let mut parts = Vec::new();
        let (mut start, mut i) = (range.start, range.start);
        while i < end {
            let token = self.list[i];
            if token.kind == Kind::Punct {
                match token.text {
                    "{" | "(" | "[" => {
                        i = self.after_closing(i);
                        continue;
                    }
                    "," => {
                        parts.push(start..i);
                        start = i + 1;
                    }
                    _ => {}
                }
            }
            i += 1;
        }
        if start < end {
            parts.push(start..end);
        }
        parts
    }

    /// Definitions of the form `TYPE NAME[] = {` or `TYPE NAME = {`: the name and
    /// where the bracket opens, or where the `=` of another initialiser is.
    pub(super) fn definitions_of(&self, type_name: &str) -> Vec<(&'a str, usize)> {
        self.definitions(|name| name == type_name)
    }

    /// Likewise, of all types whose name `is_wanted`.
    pub(super) fn definitions(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<(&'a str, usize)> {
        let mut found = Vec::new();
        for (i, token) in self.list.iter().enumerate() {
            if token.kind != Kind::Ident || !is_wanted(token.text) {
                continue;
            }
            let Some(name) = self.list.get(i + 1).filter(|t| t.kind == Kind::Ident) else {
                continue;
            };
            let mut j = i + 2;
            if self.list.get(j).is_some_and(|t| t.is("[")) {
                j = self.after_closing(j);
            }
            if self.list.get(j).is_some_and(|t| t.is("=")) {
                if self.list.get(j + 1).is_some_and(|t| t.is("{")) {
                    found.push((name.text, j + 1));
                } else if self.list.get(j + 1).is_some_and(|t| t.kind == Kind::Ident) {
                    found.push((name.text, j));
                }
            }
        }
        found
    }

    /// Functions with a body: the name and the range of the body.
    pub(super) fn functions(&self) -> Vec<(&'a str, Range<usize>)> {
        let mut found = Vec::new();
        let mut i = 0;
        while i < self.list.len() {
            let token = self.list[i];
            if token.is("{") {
                // C++ namespaces and `extern "C"` hold functions.
                let before: Vec<_> = self.list[i.saturating_sub(2)..i].to_vec();
                let transparent = before
                    .iter()
                    .any(|t| t.is("namespace") || (t.kind == Kind::Text && t.text == "C"));
                i = if transparent {
                    i + 1
                } else {
                    self.after_closing(i)
                };
                continue;
            }
            if token.kind == Kind::Ident && self.list.get(i + 1).is_some_and(|t| t.is("(")) {
                let after = self.after_closing(i + 1);
                if self.list.get(after).is_some_and(|t| t.is("{")) {
                    let end = self.after_closing(after);
                    found.push((token.text, after..end));
                    i = end;
                    continue;
                }
            }
            i += 1;
        }
        found
    }
}

/// A conditional that is open.
struct Conditional {
    /// The text of the branch that is being read.
    label: String,
    /// Tokens are kept.
    active: bool,
    /// A branch was taken, so that later ones are not.
    taken: bool,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    environment: Environment,
    open: Vec<Conditional>,
    out: Tokens<'a>,
}

impl<'a> Reader<'a> {
    fn run(&mut self) {
        let bytes = self.text.as_bytes();
        let mut line_start = true;
        while self.at < bytes.len() {
            let byte = bytes[self.at];
            match byte {
                b'\n' => {
                    line_start = true;
                    self.at += 1;
                    continue;
                }
                b' ' | b'\t' | b'\r' | b'\x0c' | b'\\' => {
                    self.at += 1;
                    continue;
                }
                b'#' if line_start => {
                    self.directive();
                    continue;
                }
                _ => {}
            }
            line_start = false;
            if let Some(token) = self.token()
                && self.open.iter().all(|c| c.active)
            {
                self.out.list.push(token);
            }
        }
    }

    /// Reads one token; `None` for a comment.
    fn token(&mut self) -> Option<Token<'a>> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let rest = &self.text[start..];
        if rest.starts_with("/*") {
            self.at = rest.find("*/").map_or(bytes.len(), |n| start + n + 2);
            return None;
        }
        if rest.starts_with("//") {
            self.at = rest.find('\n').map_or(bytes.len(), |n| start + n);
            return None;
        }
        let condition = (self.out.conditions.len() - 1) as u32;
        let first = bytes[start];
        let (kind, text) = if first == b'"' || first == b'\'' {
            let mut end = start + 1;
            while end < bytes.len() && bytes[end] != first && bytes[end] != b'\n' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            let end = end.min(bytes.len());
            self.at = (end + 1).min(bytes.len());
            let kind = if first == b'"' {
                Kind::Text
            } else {
                Kind::Char
            };
            (kind, self.text.get(start + 1..end).unwrap_or(""))
        } else if first.is_ascii_alphanumeric() || first == b'_' {
            let length = rest
                .bytes()
                .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
                .count();
            self.at = start + length;
            let kind = if first.is_ascii_digit() {
                Kind::Number
            } else {
                Kind::Ident
            };
            (kind, &rest[..length])
        } else {
            let length = rest.chars().next().map_or(1, char::len_utf8);
            self.at = start + length;
            (Kind::Punct, &rest[..length])
        };
        Some(Token {
            kind,
            text,
            condition,
        })
    }

    /// Handles a line that starts with `#`.
    fn directive(&mut self) {
        let line = self.logical_line();
        let body = line[1..].trim_start();
        let word_length = body.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (word, rest) = body.split_at(word_length);
        let rest = without_comment(rest);
        match word {
            "if" => {
                let holds = self.holds(rest);
                self.push(label_of(rest), holds);
            }
            "ifdef" => {
                let holds = self.environment.value(rest).is_some();
                self.push(rest.to_owned(), holds);
            }
            // Include guards and defaults: what follows is always wanted.
            "ifndef" => self.push(String::new(), true),
            "elif" => {
                let holds = self.holds(rest);
                if let Some(top) = self.open.last_mut() {
                    top.active = holds && !top.taken;
                    top.taken |= holds;
                    top.label = label_of(rest);
                }
                self.remember();
            }
            "else" => {
                if let Some(top) = self.open.last_mut() {
                    top.active = !top.taken;
                    top.taken = true;
                    top.label = String::new();
                }
                self.remember();
            }
            "endif" => {
                self.open.pop();
                self.remember();
            }
            "include" => self.include(rest),
            "define" if self.open.iter().all(|c| c.active) => self.define(rest),
            _ => {}
        }
    }

    /// The rest of the line with the lines that a backslash joins to it.
    fn logical_line(&mut self) -> &'a str {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start;
        while end < bytes.len() {
            if bytes[end] == b'\n' && bytes[end - 1] != b'\\' {
                break;
            }
            end += 1;
        }
        self.at = end;
        &self.text[start..end]
    }

    /// Keeps an include that stands between the entries of a table.
    fn include(&mut self, rest: &'a str) {
        let in_table = self
            .out
            .list
            .last()
            .is_some_and(|t| t.is("{") || t.is(",") || t.kind == Kind::Include);
        let path = rest.strip_prefix('"').and_then(|r| r.strip_suffix('"'));
        if let (true, Some(text)) = (in_table && self.open.iter().all(|c| c.active), path) {
            self.out.list.push(Token {
                kind: Kind::Include,
                text,
                condition: (self.out.conditions.len() - 1) as u32,
            });
        }
    }

    fn push(&mut self, label: String, holds: bool) {
        self.open.push(Conditional {
            label,
            active: holds,
            taken: holds,
        });
        self.remember();
    }

    fn remember(&mut self) {
        self.out
            .conditions
            .push(self.open.iter().map(|c| c.label.clone()).collect());
    }

    fn define(&mut self, rest: &'a str) {
        let length = rest
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
            .count();
        let (name, body) = rest.split_at(length);
        if body.starts_with('(') {
            return;
        }
        let body = Tokens::read(body, self.environment);
        self.out.macros.insert(name, body.list);
    }

    fn holds(&self, condition: &'a str) -> bool {
        let tokens = Tokens::read(condition, self.environment);
        Expression {
            tokens: &tokens.list,
            at: 0,
            environment: self.environment,
        }
        .any()
            != 0
    }
}

/// The line without a trailing comment.
fn without_comment(line: &str) -> &str {
    let end = line
        .find("/*")
        .or_else(|| line.find("//"))
        .unwrap_or(line.len());
    line[..end].trim()
}

/// A condition without its brackets: `(NGX_HTTP_SSL)` is `NGX_HTTP_SSL`.
fn label_of(condition: &str) -> String {
    let inner = condition
        .strip_prefix('(')
        .and_then(|c| c.strip_suffix(')'))
        .filter(|c| !c.contains(['(', ')']));
    inner.unwrap_or(condition).trim().to_owned()
}

/// A preprocessor condition.
struct Expression<'t, 'a> {
    tokens: &'t [Token<'a>],
    at: usize,
    environment: Environment,
}

impl Expression<'_, '_> {
    fn any(&mut self) -> i64 {
        let mut value = self.all();
        while self.eat("|") {
            self.eat("|");
            let right = self.all();
            value = i64::from(value != 0 || right != 0);
        }
        value
    }

    fn all(&mut self) -> i64 {
        let mut value = self.comparison();
        while self.eat("&") {
            self.eat("&");
            let right = self.comparison();
            value = i64::from(value != 0 && right != 0);
        }
        value
    }

    fn comparison(&mut self) -> i64 {
        let left = self.unary();
        for (first, with_equal, without) in [
            (
                ">",
                i64::ge as fn(&i64, &i64) -> bool,
                i64::gt as fn(&i64, &i64) -> bool,
            ),
            ("<", i64::le, i64::lt),
            ("=", i64::eq, i64::eq),
            ("!", i64::ne, i64::ne),
        ] {
            if self.eat(first) {
                let test = if self.eat("=") { with_equal } else { without };
                let right = self.unary();
                return i64::from(test(&left, &right));
            }
        }
        left
    }

    fn unary(&mut self) -> i64 {
        if self.eat("!") {
            return i64::from(self.unary() == 0);
        }
        if self.eat("(") {
            let value = self.any();
            self.eat(")");
            return value;
        }
        let Some(&token) = self.tokens.get(self.at) else {
            return 0;
        };
        self.at += 1;
        match token.kind {
            Kind::Number => number(token.text).unwrap_or(0),
            Kind::Ident if token.text == "defined" => {
                let bracket = self.eat("(");
                let name = self.tokens.get(self.at).map_or("", |t| t.text);
                self.at += 1;
                if bracket {
                    self.eat(")");
                }
                i64::from(self.environment.value(name).is_some())
            }
            Kind::Ident => {
                if self.eat("(") {
                    // A function-like test of a compiler or library: new enough.
                    while self.at < self.tokens.len() && !self.eat(")") {
                        self.at += 1;
                    }
                    return 1;
                }
                self.environment.value(token.text).unwrap_or(0)
            }
            _ => 0,
        }
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|t| t.is(text));
        if found {
            self.at += 1;
        }
        found
    }
}

/// A C integer: decimal, octal or hexadecimal, with suffixes.
pub(super) fn number(text: &str) -> Option<i64> {
    let digits = text.trim_end_matches(['u', 'U', 'l', 'L']);
    if let Some(hex) = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        i64::from_str_radix(hex, 16).ok()
    } else if digits.len() > 1 && digits.starts_with('0') {
        i64::from_str_radix(digits, 8).ok()
    } else {
        digits.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Environment = Environment {
        nginx_version: 1_028_003,
    };

    fn words(text: &str) -> String {
        let tokens = Tokens::read(text, HERE);
        tokens
            .list
            .iter()
            .map(|t| t.text)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn comments_and_lines_are_no_tokens() {
        assert_eq!(
            words("int /* a */ x; // b\nchar *y = \"a /* b */\";"),
            "int x ; char * y = a /* b */ ;"
        );
    }

    #[test]
    fn a_condition_keeps_one_branch() {
        assert_eq!(words("#if (NGX_WIN32)\na\n#else\nb\n#endif\nc"), "b c");
        assert_eq!(words("#if (NGX_PCRE)\na\n#else\nb\n#endif\nc"), "a c");
        assert_eq!(words("#if !(NGX_WIN32) && 1\na\n#endif"), "a");
        assert_eq!(words("#if (nginx_version >= 1019004)\na\n#endif"), "a");
        assert_eq!(words("#if (nginx_version < 1019004)\na\n#endif"), "");
        assert_eq!(
            words("#if 0\na\n#elif defined(NDK) && NDK\nb\n#else\nc\n#endif"),
            "b"
        );
        assert_eq!(words("#ifdef OPENSSL_NO_DH\na\n#endif\nb"), "b");
    }

    #[test]
    fn a_condition_is_known_inside_it_only() {
        let tokens = Tokens::read("a {\n#if (NGX_HTTP_SSL)\nb\n#endif\nc", HERE);
        let named = |i: usize| {
            tokens
                .conditions_between(tokens.list[0], tokens.list[i])
                .collect::<Vec<_>>()
        };
        assert_eq!(named(2), ["NGX_HTTP_SSL"]);
        assert!(named(3).is_empty());
    }

    #[test]
    fn macros_may_span_lines() {
        let tokens = Tokens::read("#define A 0x02\n#define AB (A  \\\n  |B)\n", HERE);
        assert_eq!(tokens.macros["AB"].len(), 5);
        assert_eq!(number(tokens.macros["A"][0].text), Some(2));
    }

    #[test]
    fn functions_are_found_with_their_bodies() {
        let tokens = Tokens::read("static int\nf(int a)\n{ g(); { } }\nint h(void);", HERE);
        let functions = tokens.functions();
        assert_eq!(functions.len(), 1);
        assert_eq!(functions[0].0, "f");
        assert_eq!(tokens.list[functions[0].1.clone()].len(), 8);
    }
}
