//! Numbers, sizes and times.

/// `ngx_atoi`: digits, and not more than fit.
#[must_use]
pub fn number(text: &[u8]) -> Option<i64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0i64, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

/// `ngx_atofp`: digits with at most so many behind a point, as a whole number of the last
/// place.
#[must_use]
pub fn fixed_point(text: &[u8], places: u32) -> Option<i64> {
    let (whole, part) = match memchr::memchr(b'.', text) {
        Some(point) => (&text[..point], &text[point + 1..]),
        None => (text, &text[text.len()..]),
    };
    let missing = places.checked_sub(u32::try_from(part.len()).ok()?)?;
    if text.is_empty() || !whole.iter().chain(part).all(u8::is_ascii_digit) {
        return None;
    }
    let digits = whole.iter().chain(part).try_fold(0i64, |value, digit| {
        value.checked_mul(10)?.checked_add(i64::from(digit - b'0'))
    })?;
    digits.checked_mul(10i64.checked_pow(missing)?)
}

/// `ngx_parse_size`, in bytes.
#[must_use]
pub fn size(text: &[u8]) -> Option<i64> {
    scaled(text, &[(b'k', 10), (b'm', 20)])
}

/// `ngx_parse_offset`, in bytes.
#[must_use]
pub fn offset(text: &[u8]) -> Option<i64> {
    scaled(text, &[(b'k', 10), (b'm', 20), (b'g', 30)])
}

fn scaled(text: &[u8], units: &[(u8, u32)]) -> Option<i64> {
    let (last, digits) = text.split_last()?;
    match units
        .iter()
        .find(|(unit, _)| last.eq_ignore_ascii_case(unit))
    {
        Some((_, shift)) => number(digits)?.checked_mul(1 << shift),
        None => number(text),
    }
}

/// `ngx_parse_time`, in seconds or milliseconds.
///
/// Units must go from large to small; a number without one is in seconds. Years and
/// months exist only where nginx keeps seconds.
#[must_use]
pub fn time(text: &[u8], seconds: bool) -> Option<i64> {
    // The place of each unit in the order; what comes next must be behind the last.
    const START: u8 = 0;
    const YEAR: u8 = 1;
    const MONTH: u8 = 2;
    const SECOND: u8 = 7;
    const MILLISECOND: u8 = 8;
    const LAST: u8 = 9;
    const DAY: i64 = 24 * 60 * 60;

    let mut at = 0;
    let mut step = if seconds { START } else { MONTH };
    let mut total = 0i64;
    let mut value = 0i64;
    let mut valid = false;
    while let Some(&byte) = text.get(at) {
        at += 1;
        if byte.is_ascii_digit() {
            value = value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
            valid = true;
            continue;
        }
        let (next, scale) = match byte {
            b'y' => (YEAR, 365 * DAY),
            b'M' => (MONTH, 30 * DAY),
            b'w' => (3, 7 * DAY),
            b'd' => (4, DAY),
            b'h' => (5, 60 * 60),
            b'm' if text.get(at) == Some(&b's') => {
                at += 1;
                (MILLISECOND, 1)
            }
            b'm' => (6, 60),
            b's' => (SECOND, 1),
            // A blank ends seconds that have no unit.
            b' ' if step < SECOND => (LAST, 1),
            _ => return None,
        };
        if step >= next || (next == MILLISECOND && seconds) {
            return None;
        }
        step = next;
        let factor = if seconds || next == MILLISECOND {
            1
        } else {
            1000
        };
        total = total.checked_add(value.checked_mul(scale * factor)?)?;
        value = 0;
        while text.get(at) == Some(&b' ') {
            at += 1;
        }
    }
    let factor = if seconds { 1 } else { 1000 };
    valid
        .then(|| total.checked_add(value.checked_mul(factor)?))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_that_fit() {
        assert_eq!(number(b"0123"), Some(123));
        assert_eq!(number(b"9223372036854775807"), Some(i64::MAX));
        for text in ["", "-1", "+1", "1.5", " 1", "9223372036854775808", "1k"] {
            assert_eq!(number(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn fixed_points_have_few_places() {
        for (text, expected) in [
            ("0.5", Some(50)),
            ("12", Some(1200)),
            ("1.25", Some(125)),
            (".5", Some(50)),
            ("1.", Some(100)),
            ("1.255", None),
            ("1.2.3", None),
            ("", None),
            ("-1", None),
        ] {
            assert_eq!(fixed_point(text.as_bytes(), 2), expected, "{text}");
        }
    }

    #[test]
    fn sizes_know_no_gigabytes_and_offsets_do() {
        assert_eq!(size(b"8k"), Some(8192));
        assert_eq!(size(b"1M"), Some(1 << 20));
        assert_eq!(size(b"1g"), None);
        assert_eq!(offset(b"1G"), Some(1 << 30));
        for text in ["", "k", "10MB", "1 k", "9223372036854775807k"] {
            assert_eq!(offset(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn times_go_from_large_to_small() {
        for (text, seconds, expected) in [
            ("30s", true, Some(30)),
            ("1h30m", true, Some(5400)),
            ("1h 30m", true, Some(5400)),
            ("60", false, Some(60_000)),
            ("500ms", false, Some(500)),
            ("1s500ms", false, Some(1500)),
            ("1y", true, Some(31_536_000)),
            ("1M", true, Some(2_592_000)),
            ("1y", false, None),
            ("1M", false, None),
            ("500ms", true, None),
            ("30m1h", true, None),
            ("1s1s", true, None),
            ("60sec", true, None),
            ("1 1", true, Some(2)),
            ("1s 1", true, Some(2)),
            ("s", true, None),
            ("", true, None),
            ("9223372036854775", false, Some(9_223_372_036_854_775_000)),
            ("9223372036854776", false, None),
        ] {
            assert_eq!(time(text.as_bytes(), seconds), expected, "{text} {seconds}");
        }
    }
}
