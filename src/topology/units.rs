//! Durations, sizes and rates in nginx's spelling.
//!
//! The text is kept as it was written, because nginx reads the same spelling; the value
//! is computed by the rules of `ngx_parse_time` and `ngx_parse_size` (`ngx_parse.c`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A span of time as nginx spells it: `30s`, `10m`, `1h 30m`, `500ms`; a bare number is
/// seconds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("type" = ["string", "integer"], "format" = "nginx-time", "examples" = ["30s", "10m", "1h30m"]))]
pub struct Time(pub String);

impl Time {
    /// Whether nginx reads the text where it counts milliseconds or where it counts seconds.
    #[must_use]
    pub fn is_duration(&self) -> bool {
        self.millis().is_some() || self.seconds().is_some()
    }

    /// The length in milliseconds, or `None` where nginx would refuse the text where it
    /// counts milliseconds (`y` and `M` are refused there).
    #[must_use]
    pub fn millis(&self) -> Option<u64> {
        parse_time(&self.0).filter(|_| !self.0.contains(['y', 'M']))
    }

    /// The length in whole seconds, or `None` where nginx would refuse the text as
    /// seconds (`ms` is refused there).
    #[must_use]
    pub fn seconds(&self) -> Option<u64> {
        let millis = parse_time(&self.0)?;
        (!self.0.contains("ms")).then_some(millis / 1000)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An amount of bytes as nginx spells it: `64k`, `10m`, `1g`; a bare number is bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("type" = ["string", "integer"], "format" = "nginx-size", "examples" = ["64k", "10m"]))]
pub struct Size(pub String);

impl Size {
    /// The amount in bytes, or `None` where nginx would refuse the text.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        parse_size(&self.0)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Units in the order in which nginx demands them, each with its milliseconds.
const TIME_UNITS: &[(&str, u64)] = &[
    ("y", 365 * 24 * 3_600_000),
    ("M", 30 * 24 * 3_600_000),
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// `ngx_parse_time` in milliseconds: units from the largest down, none twice, blanks
/// between parts, a bare number last and as seconds.
fn parse_time(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut next_unit = 0;
    let mut total: u64 = 0;
    if text.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let value: u64 = rest.get(..digits).filter(|d| !d.is_empty())?.parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let name = if unit == 0 { "s" } else { &rest[..unit] };
        // A bare number ends the text: `1 30` is refused.
        if unit == 0 && !rest.trim_start_matches(' ').is_empty() {
            return None;
        }
        let at = TIME_UNITS.iter().position(|(known, _)| *known == name)?;
        if at < next_unit {
            return None;
        }
        next_unit = at + 1;
        total = total.checked_add(value.checked_mul(TIME_UNITS[at].1)?)?;
        rest = rest[unit..].trim_start_matches(' ');
    }
    // The largest value that nginx's signed seconds and milliseconds hold on 64 bits is far
    // away; i32 milliseconds is where timers stop to be sensible, and nginx does not mind.
    i64::try_from(total).is_ok().then_some(total)
}

/// `ngx_parse_offset`: digits and one unit of either case.
fn parse_size(text: &str) -> Option<u64> {
    let (digits, unit) = match text.as_bytes().last()? {
        b'k' | b'K' => (&text[..text.len() - 1], 1 << 10),
        b'm' | b'M' => (&text[..text.len() - 1], 1 << 20),
        b'g' | b'G' => (&text[..text.len() - 1], 1 << 30),
        _ => (text, 1),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let bytes = digits.parse::<u64>().ok()?.checked_mul(unit)?;
    i64::try_from(bytes).is_ok().then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_nginx_reads_them() {
        let millis = |text: &str| Time(text.into()).millis();
        assert_eq!(millis("30s"), Some(30_000));
        assert_eq!(millis("30"), Some(30_000));
        assert_eq!(millis("1h30m"), Some(5_400_000));
        assert_eq!(millis("1h 30m"), Some(5_400_000));
        assert_eq!(millis("500ms"), Some(500));
        assert_eq!(millis("30d"), Some(2_592_000_000));
        assert_eq!(millis("2y"), None);
        assert_eq!(millis("1M"), None);
        let seconds = |text: &str| Time(text.into()).seconds();
        assert_eq!(seconds("2y"), Some(63_072_000));
        assert_eq!(seconds("1M"), Some(2_592_000));
        assert_eq!(seconds("500ms"), None);
        for bad in [
            "", "5min", "s", "30m1h", "1s1s", "-1", "1.5s", "1 30", "1 H",
        ] {
            assert_eq!(millis(bad), None, "{bad}");
        }
    }

    #[test]
    fn sizes_are_read_as_nginx_reads_them() {
        let bytes = |text: &str| Size(text.into()).bytes();
        assert_eq!(bytes("10m"), Some(10 << 20));
        assert_eq!(bytes("64K"), Some(64 << 10));
        assert_eq!(bytes("1g"), Some(1 << 30));
        assert_eq!(bytes("0"), Some(0));
        for bad in [
            "",
            "k",
            "10MB",
            "10 m",
            "-1",
            "1.5m",
            "99999999999999999999",
        ] {
            assert_eq!(bytes(bad), None, "{bad}");
        }
    }
}
