//! Durations, sizes and numbers.

use super::Checks;
use super::place::Place;
use super::text::shown;
use crate::finding::Finding;
use crate::topology::units::{Size, Time};
use std::fmt::Display;
use std::ops::RangeInclusive;

/// The smallest shared memory zone: eight pages of 4 KiB (`ngx_http_upstream_zone_module.c`,
/// `ngx_http_limit_req_module.c`).
pub(super) const SMALLEST_ZONE: u64 = 8 * 4096;

/// What nginx counts a duration in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    Millis,
    Seconds,
}

/// Checks a duration; its length in milliseconds where it is right.
pub(super) fn time(
    cx: &mut Checks<'_>,
    value: Option<&Time>,
    counted: Counted,
    place: Place<'_>,
) -> Option<u64> {
    let value = value?;
    let millis = match counted {
        Counted::Millis => value.millis(),
        Counted::Seconds => value
            .seconds()
            .and_then(|seconds| seconds.checked_mul(1000)),
    };
    if millis.is_none() {
        let help = match counted {
            Counted::Seconds if value.0.ends_with("ms") => {
                "Write whole seconds, such as `10s`: nginx takes no milliseconds here"
            }
            Counted::Millis if value.0.contains(['y', 'M']) => {
                "Write days at most, such as `30d`: nginx takes neither months nor years here"
            }
            _ => "Write numbers with units, the largest first, such as `30s`, `10m` or `1h30m`",
        };
        cx.report(
            Finding::error(
                "topology-time",
                place.span(),
                format!(
                    "`{}` is `{}`, which is no duration",
                    place.name(),
                    shown(&value.0)
                ),
            )
            .label("not a duration")
            .help(help),
        );
    }
    millis
}

/// As [`time`], for durations that nginx takes for "without end" when they are zero.
pub(super) fn positive_time(
    cx: &mut Checks<'_>,
    value: Option<&Time>,
    counted: Counted,
    place: Place<'_>,
) -> Option<u64> {
    let millis = time(cx, value, counted, place)?;
    if millis == 0 {
        cx.report(
            Finding::error(
                "topology-zero-time",
                place.span(),
                format!("`{}` is zero", place.name()),
            )
            .label("no time at all")
            .help("Write a duration above zero, such as `10s`"),
        );
        return None;
    }
    Some(millis)
}

/// Checks an amount of bytes where nginx takes `g` as well (`ngx_parse_offset`).
pub(super) fn offset(cx: &mut Checks<'_>, value: Option<&Size>, place: Place<'_>) -> Option<u64> {
    let value = value?;
    let bytes = value.bytes();
    if bytes.is_none() {
        report_size(cx, value, place);
    }
    bytes
}

/// Checks an amount of bytes where nginx takes `k` and `m` (`ngx_parse_size`).
pub(super) fn size(cx: &mut Checks<'_>, value: Option<&Size>, place: Place<'_>) -> Option<u64> {
    let value = value?;
    match value.bytes() {
        Some(bytes) if value.0.ends_with(['g', 'G']) => {
            let megabytes = bytes >> 20;
            cx.report(
                Finding::error(
                    "topology-size",
                    place.span(),
                    format!("nginx takes no `g` in `{}`", place.name()),
                )
                .label("no `g` here")
                .help(format!("Write `{megabytes}m`")),
            );
            None
        }
        Some(bytes) => Some(bytes),
        None => {
            report_size(cx, value, place);
            None
        }
    }
}

fn report_size(cx: &mut Checks<'_>, value: &Size, place: Place<'_>) {
    let digits: String = value.0.chars().take_while(char::is_ascii_digit).collect();
    let unit = value.0[digits.len()..].trim_start().chars().next();
    let help = match unit.map(|unit| unit.to_ascii_lowercase()) {
        Some(unit @ ('k' | 'm' | 'g')) if (1..=9).contains(&digits.len()) => {
            format!("Write `{digits}{unit}`")
        }
        _ => "Write a whole number with `k` or `m`, such as `10m`".to_owned(),
    };
    cx.report(
        Finding::error(
            "topology-size",
            place.span(),
            format!(
                "`{}` is `{}`, which is no size",
                place.name(),
                shown(&value.0)
            ),
        )
        .label("not a size")
        .help(format!("{help}; nginx says `invalid value`")),
    );
}

/// Checks the size of a shared memory zone.
pub(super) fn zone(cx: &mut Checks<'_>, value: Option<&Size>, place: Place<'_>) -> Option<u64> {
    const LARGEST: u64 = 1 << 36;
    let bytes = size(cx, value, place)?;
    if bytes < SMALLEST_ZONE {
        cx.report(
            Finding::error(
                "topology-zone-size",
                place.span(),
                format!("a zone of {bytes} bytes is too small for nginx"),
            )
            .label("below 32k")
            .help("Write `32k` or more; nginx says `zone … is too small`"),
        );
        return None;
    }
    if bytes > LARGEST {
        cx.report(
            Finding::error(
                "topology-zone-size",
                place.span(),
                format!("a zone of {bytes} bytes is larger than any machine's memory"),
            )
            .label("above 65,536m")
            .help("Write the size that is needed, such as `10m`; nginx says `mmap(…) failed`"),
        );
        return None;
    }
    Some(bytes)
}

/// Checks that a number lies in a range.
pub(super) fn range<N: PartialOrd + Display + Copy>(
    cx: &mut Checks<'_>,
    value: Option<N>,
    allowed: RangeInclusive<N>,
    place: Place<'_>,
    why: &str,
) -> Option<N> {
    let value = value?;
    if allowed.contains(&value) {
        return Some(value);
    }
    cx.report(
        Finding::error(
            "topology-number",
            place.span(),
            format!("`{}` is {value}", place.name()),
        )
        .label("out of range")
        .help(format!(
            "Write a number from {} to {}{why}",
            allowed.start(),
            allowed.end()
        )),
    );
    None
}
