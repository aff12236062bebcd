//! Values that are sent and never shown, also where a node says them again.

use memchr::memmem;
use std::fmt;

/// The shortest beginning of a secret that is masked where a text ends in the middle of it.
const BEGINNING: usize = 4;

/// A value of the environment, and how it is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// Such as `${TOKEN}`.
    pub shown: String,
    /// What it stands for.
    pub value: String,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Whether a text has a secret in it.
pub(super) fn reveals(secrets: &[Secret], text: &str) -> bool {
    masked(secrets, text.as_bytes()).is_some()
}

/// A text without the secrets in it; `None` where there are none.
pub(super) fn masked_text(secrets: &[Secret], text: &str) -> Option<String> {
    let masked = masked(secrets, text.as_bytes())?;
    Some(String::from_utf8_lossy(&masked).into_owned())
}

/// Bytes without the secrets in them, as they are and as a URL has them; `None` where there
/// are none.
pub(super) fn masked(secrets: &[Secret], bytes: &[u8]) -> Option<Vec<u8>> {
    let mut found: Option<Vec<u8>> = None;
    for secret in secrets {
        for value in [secret.value.clone().into_bytes(), escaped(&secret.value)] {
            let bytes = found.as_deref().unwrap_or(bytes);
            let replaced = replaced(bytes, &value, secret.shown.as_bytes());
            found = replaced.or(found);
        }
    }
    found
}

fn replaced(bytes: &[u8], value: &[u8], shown: &[u8]) -> Option<Vec<u8>> {
    if value.is_empty() {
        return None;
    }
    let mut out = Vec::new();
    let mut from = 0;
    for at in memmem::find_iter(bytes, value) {
        out.extend_from_slice(&bytes[from..at]);
        out.extend_from_slice(shown);
        from = at + value.len();
    }
    let rest = &bytes[from..];
    let cut = (BEGINNING..value.len()).find(|length| rest.ends_with(&value[..*length]));
    if from == 0 && cut.is_none() {
        return None;
    }
    out.extend_from_slice(&rest[..rest.len() - cut.unwrap_or(0)]);
    if cut.is_some() {
        out.extend_from_slice(shown);
    }
    Some(out)
}

/// With everything but the letters that no URL escapes as `%XX`.
fn escaped(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte);
        } else {
            out.extend(format!("%{byte:02X}").bytes());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_are() {
        let secret = Secret {
            shown: "${TOKEN}".to_owned(),
            value: "a/secret".to_owned(),
        };
        for (text, want) in [
            ("a/secret", "${TOKEN}"),
            ("two: a/secret, a/secret!", "two: ${TOKEN}, ${TOKEN}!"),
            ("?next=a%2Fsecret&x", "?next=${TOKEN}&x"),
            ("cut: a/secr", "cut: ${TOKEN}"),
            ("no secret", "no secret"),
            ("", ""),
        ] {
            let masked = masked_text(std::slice::from_ref(&secret), text);
            assert_eq!(masked.as_deref().unwrap_or(text), want, "{text}");
        }
    }
}
