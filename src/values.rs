//! The small languages inside arguments, read as nginx reads them: pure functions from
//! bytes to values, which know nothing of directives and say nothing to the user.
//!
//! - [`number`] has numbers, sizes and times (`src/core/ngx_parse.c`).
//! - [`address`] has addresses, ports and networks (`src/core/ngx_inet.c`).
//! - [`listen`] has the parameters of sockets.
//! - [`hash`] says whether names fit into a hash (`src/core/ngx_hash.c`).
//! - [`hostnames`] has names with wildcards (`src/core/ngx_hash.c`).
//! - [`expression`] has texts with variables (`src/http/ngx_http_script.c`).
//! - [`paths`] has words that paths are known by.
//! - [`uri`] has paths and hosts of requests (`src/http/ngx_http_parse.c`).
//! - [`checksum`] has what clients are divided by (`src/core/ngx_murmurhash.c`).
//! - [`syslog`] has the servers that logs go to (`src/core/ngx_syslog.c`).
//! - [`regex`] asks PCRE2 about regular expressions (`src/core/ngx_regex.c`).

use std::borrow::Cow;
use std::ops::Range;

pub mod address;
pub mod checksum;
pub mod expression;
pub mod hash;
pub mod hostnames;
pub mod hosts;
pub mod listen;
pub mod number;
pub mod paths;
pub mod regex;
pub mod syslog;
pub mod uri;

/// The text in small letters, as nginx compares most names.
#[must_use]
pub fn small(text: &[u8]) -> Cow<'_, [u8]> {
    if text.iter().any(u8::is_ascii_uppercase) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// A part of a value, borrowed where the value is.
#[must_use]
pub fn part_of<'m>(value: &Cow<'m, [u8]>, range: Range<usize>) -> Cow<'m, [u8]> {
    match value {
        Cow::Borrowed(value) => Cow::Borrowed(&value[range]),
        Cow::Owned(value) => Cow::Owned(value[range].to_vec()),
    }
}
