//! Texts: what may become part of a configuration, and in which form.

use super::Checks;
use super::place::Place;
use crate::finding::Finding;
use crate::text::is_hidden;
pub(super) use crate::text::shown;

/// The longest value, escapes included: nginx reads a parameter into a buffer of 4,096 bytes
/// (`NGX_CONF_BUFFER`), and the rest is for what stands before a value.
const MAX_BYTES: usize = 4_000;
/// The longest name of a pool, site or stream. It becomes part of file and zone names.
const MAX_NAME: usize = 64;

/// Whether a value can be written at all: not empty, not too long, nothing hidden in it.
pub(super) fn writable(cx: &mut Checks<'_>, text: &str, place: Place<'_>) -> bool {
    if text.is_empty() {
        cx.report(
            Finding::error(
                "topology-empty-text",
                place.span(),
                format!("`{}` is empty", place.name()),
            )
            .label("nothing here")
            .help("Write a value, or remove the key"),
        );
        return false;
    }
    visible(cx, text, place)
}

/// As [`writable`], for values that may be empty.
pub(super) fn visible(cx: &mut Checks<'_>, text: &str, place: Place<'_>) -> bool {
    let escapes = memchr::memchr2_iter(b'"', b'\\', text.as_bytes()).count();
    if text.len() + escapes > MAX_BYTES {
        cx.report(
            Finding::error(
                "topology-long-text",
                place.key(),
                format!(
                    "`{}` takes {} bytes, and nginx reads 4,096 at most",
                    place.name(),
                    text.len() + escapes
                ),
            )
            .label("too long")
            .help(format!(
                "Write at most {MAX_BYTES} bytes, where `\"` and `\\` count twice; nginx says `too long \
                 parameter`"
            )),
        );
        return false;
    }
    // Plain ASCII, the usual case, is decided by a scan of bytes.
    let plain = text.bytes().all(|b| (0x20..0x7f).contains(&b));
    if let Some(hidden) = text.chars().find(|&c| !plain && is_hidden(c)) {
        cx.report(
            Finding::error(
                "topology-hidden-character",
                place.span(),
                format!(
                    "`{}` holds the invisible character U+{:04X}",
                    place.name(),
                    hidden as u32
                ),
            )
            .label("holds an invisible character")
            .help("Type the value again without it"),
        );
        return false;
    }
    true
}

/// A value in which nothing is a variable.
pub(super) fn literal(cx: &mut Checks<'_>, text: &str, place: Place<'_>) -> bool {
    if !writable(cx, text, place) {
        return false;
    }
    if text.contains('$') {
        cx.report(
            Finding::error(
                "topology-dollar",
                place.span(),
                format!(
                    "`{}` holds `$`, which nginx takes for a variable",
                    place.name()
                ),
            )
            .label("holds `$`")
            .help("Write a value without `$`: nginx has no way to escape it"),
        );
        return false;
    }
    true
}

/// The absolute path of a file or folder.
pub(super) fn path(cx: &mut Checks<'_>, text: &str, place: Place<'_>) -> bool {
    if !literal(cx, text, place) {
        return false;
    }
    if !text.starts_with('/') {
        cx.report(
            Finding::error(
                "topology-relative-path",
                place.span(),
                format!(
                    "`{}` is `{}`, which is no absolute path",
                    place.name(),
                    shown(text)
                ),
            )
            .label("does not start with `/`")
            .help("Write the whole path, from `/` on: nginx would look below its own prefix"),
        );
        return false;
    }
    true
}

/// The name of a pool, site or stream, which becomes a name in the configuration.
pub(super) fn name(cx: &mut Checks<'_>, text: &str, place: Place<'_>) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let fits = text.len() <= MAX_NAME
        && text
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric())
        && text.bytes().all(allowed);
    if !fits {
        cx.report(
            Finding::error(
                "topology-name",
                place.key(),
                format!(
                    "`{}` is no name that nginx's configuration can carry",
                    shown(text)
                ),
            )
            .label("not a plain name")
            .help(format!(
                "Write letters, digits, `-` and `_`, a letter or digit first, at most {MAX_NAME}"
            )),
        );
    }
    fits
}

/// A token of HTTP (RFC 9110, section 5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}
