//! One nginx argument: what a template may write, and how it is quoted.

use crate::text::is_hidden;
use minijinja::value::{Object, ObjectRepr, Value};
use serde::{Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

/// Longest argument that is written. nginx's own limit is its buffer of 4,096 bytes
/// (`NGX_CONF_BUFFER`), quotes and escapes included.
pub const MAX_BYTES: usize = 4_000;

/// One whole argument of a directive.
///
/// `$` cannot be escaped in nginx, so what may hold variables and what may not are two
/// kinds, and a `$` in a literal is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arg {
    text: Arc<str>,
    /// Whether `$` begins a variable.
    expression: bool,
}

impl Arg {
    /// Text without variables.
    pub fn literal(text: impl Into<Arc<str>>) -> Self {
        Self {
            text: text.into(),
            expression: false,
        }
    }

    /// Text in which `$name` is a variable. That the variables exist is the validator's
    /// business.
    pub fn expression(text: impl Into<Arc<str>>) -> Self {
        Self {
            text: text.into(),
            expression: true,
        }
    }

    /// The value as nginx will see it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Writes the argument so that nginx reads back [`Self::text`].
    ///
    /// # Errors
    /// For what nginx cannot be told: see [`Unquotable`].
    pub fn quote(&self, out: &mut dyn fmt::Write) -> Result<(), Unquotable> {
        let text = self.text();
        if let Some(why) = unquotable(text) {
            return Err(why);
        }
        if !self.expression && text.contains('$') {
            return Err(Unquotable::Dollar);
        }
        write_quoted(text, out).map_err(|_| Unquotable::Output)
    }
}

/// Why a value cannot be an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unquotable {
    /// It has a control character, or one that hides or reorders text.
    #[error("it holds the control character U+{0:04X}")]
    Control(u32),
    /// It is longer than [`MAX_BYTES`].
    #[error("it is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// It is no expression, and nginx has no way to write a plain `$`.
    #[error("it holds `$`, which nginx always takes for a variable")]
    Dollar,
    /// The writer refused.
    #[error("it could not be written")]
    Output,
}

/// Why no argument and no comment may hold a text, whatever its kind.
#[must_use]
pub fn unquotable(text: &str) -> Option<Unquotable> {
    if text.len() > MAX_BYTES {
        return Some(Unquotable::TooLong);
    }
    // Plain ASCII, the usual case, is decided by a scan of bytes.
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return None;
    }
    text.chars()
        .find(|&c| is_hidden(c))
        .map(|c| Unquotable::Control(c as u32))
}

/// Bytes that nginx reads as themselves anywhere in an unquoted argument. `$` may start a
/// variable there just as in quotes; `{` after it would not, so braces are quoted.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_./:=@%+,~^*-$|?!&()[]<>".contains(&byte)
}

fn write_quoted(text: &str, out: &mut dyn fmt::Write) -> fmt::Result {
    if !text.is_empty() && text.bytes().all(is_plain) {
        return out.write_str(text);
    }
    out.write_char('"')?;
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\\']) {
        out.write_str(&rest[..at])?;
        out.write_char('\\')?;
        out.write_str(&rest[at..=at])?;
        rest = &rest[at + 1..];
    }
    out.write_str(rest)?;
    out.write_char('"')
}

impl Object for Arg {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl Serialize for Arg {
    /// Into a template value that keeps its kind; into plain text elsewhere.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Value::from_object(self.clone()).serialize(serializer)
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::literal(text)
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::literal(text)
    }
}

impl From<u32> for Arg {
    fn from(number: u32) -> Self {
        Self::literal(number.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(arg: &Arg) -> Result<String, Unquotable> {
        let mut out = String::new();
        arg.quote(&mut out).map(|()| out)
    }

    #[test]
    fn only_what_needs_quotes_gets_them() {
        for (text, want) in [
            ("/srv/shop/static/", "/srv/shop/static/"),
            ("weight=2", "weight=2"),
            ("", "\"\""),
            ("a b", "\"a b\""),
            ("a;b", "\"a;b\""),
            ("a{2}", "\"a{2}\""),
            ("#x", "\"#x\""),
            ("it's", "\"it's\""),
            ("say \"hi\"", "\"say \\\"hi\\\"\""),
            ("\\.css", "\"\\\\.css\""),
            ("größe", "\"größe\""),
        ] {
            assert_eq!(quoted(&Arg::literal(text)).as_deref(), Ok(want));
        }
    }

    #[test]
    fn what_cannot_be_told_is_refused() {
        assert_eq!(quoted(&Arg::literal("$x")), Err(Unquotable::Dollar));
        assert_eq!(quoted(&Arg::expression("$x")).as_deref(), Ok("$x"));
        assert_eq!(quoted(&Arg::literal("a\nb")), Err(Unquotable::Control(10)));
        assert_eq!(
            quoted(&Arg::literal("a\u{202e}b")),
            Err(Unquotable::Control(0x202e))
        );
        assert_eq!(
            quoted(&Arg::literal("a".repeat(4_001))),
            Err(Unquotable::TooLong)
        );
    }
}
