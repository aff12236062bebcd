//! Values that are sent and never shown, also where a node says them again.

use memchr::memmem;
use std::cmp::Reverse;
use std::fmt;
use std::ops::Range;

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
/// are none. Of secrets that overlap nothing is left.
pub(super) fn masked(secrets: &[Secret], bytes: &[u8]) -> Option<Vec<u8>> {
    let mut hidden: Vec<(Range<usize>, &str)> = Vec::new();
    for secret in secrets.iter().filter(|secret| !secret.value.is_empty()) {
        for value in [secret.value.as_bytes(), &escaped(&secret.value)] {
            let places = memmem::find_iter(bytes, value).map(|at| at..at + value.len());
            let cut = (BEGINNING..value.len()).rfind(|length| bytes.ends_with(&value[..*length]));
            let cut = cut.map(|length| bytes.len() - length..bytes.len());
            hidden.extend(places.chain(cut).map(|place| (place, &*secret.shown)));
        }
    }
    if hidden.is_empty() {
        return None;
    }
    // Of those that begin together the longest comes first and gives its name.
    hidden.sort_by_key(|(place, _)| (place.start, Reverse(place.end)));
    let mut out = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for (place, shown) in hidden {
        if place.start >= from {
            out.extend_from_slice(&bytes[from..place.start]);
            out.extend_from_slice(shown.as_bytes());
        }
        from = from.max(place.end);
    }
    out.extend_from_slice(&bytes[from..]);
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

    fn secret(shown: &str, value: &str) -> Secret {
        Secret {
            shown: shown.to_owned(),
            value: value.to_owned(),
        }
    }

    #[test]
    fn secrets_are_masked_wherever_they_are() {
        let secrets = [
            secret("${NONE}", ""),
            secret("${TOKEN}", "a/secret"),
            secret("${LONG}", "a/secret/of/many/words"),
            secret("${PAIR}", "pairpair!"),
            secret("${OVER}", "words/over"),
        ];
        for (text, want) in [
            ("a/secret", "${TOKEN}"),
            ("two: a/secret, a/secret!", "two: ${TOKEN}, ${TOKEN}!"),
            ("a/secreta/secret", "${TOKEN}${TOKEN}"),
            ("?next=a%2Fsecret&x", "?next=${TOKEN}&x"),
            ("cut: a/secr", "cut: ${TOKEN}"),
            (
                "cut where it begins anew: pairpair",
                "cut where it begins anew: ${PAIR}",
            ),
            ("longer: a/secret/of/many/words.", "longer: ${LONG}."),
            ("both: a/secret/of/many/words/over.", "both: ${LONG}."),
            ("no secret", "no secret"),
            ("", ""),
        ] {
            let masked = masked_text(&secrets, text);
            assert_eq!(masked.as_deref().unwrap_or(text), want, "{text}");
        }
    }
}
