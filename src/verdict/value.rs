//! Values of nginx's own setters, `ngx_conf_set_*_slot` (`src/core/ngx_conf_file.c`) and
//! the numbers behind them.

use super::sink::printed;
use crate::directives::{DirectiveInfo, Value};
use crate::finding::NginxLevel;
use crate::source::Span;
use crate::syntax::{Directive, Word};
use crate::values::number::{number, offset, size, time};

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) rule: &'static str,
    pub(super) level: NginxLevel,
    /// The argument.
    pub(super) span: Span,
    /// What nginx says.
    pub(super) nginx: String,
    pub(super) message: String,
    pub(super) help: String,
}

/// Judges the arguments of a directive; their number is right.
pub(super) fn check(row: &DirectiveInfo, directive: Directive<'_>) -> Vec<Wrong> {
    let Some(first) = directive.arg(0) else {
        return Vec::new();
    };
    let name = row.name;
    let invalid = |word: Word<'_>, what: &str, help: String| Wrong {
        rule: "invalid-value",
        level: NginxLevel::Emerg,
        span: word.span(),
        nginx: format!("\"{name}\" directive invalid value"),
        message: format!("`{}` is no {what}", word.to_str()),
        help,
    };
    let wrong = match row.value {
        Value::Flag => flag(name, first),
        Value::Milliseconds if time(&first.value(), false).is_none() => {
            Some(invalid(first, "time", time_help(false)))
        }
        Value::Seconds if time(&first.value(), true).is_none() => {
            Some(invalid(first, "time", time_help(true)))
        }
        Value::Size if size(&first.value()).is_none() => {
            let help = "Write a whole number, with `k` or `m` behind it for KiB or MiB";
            Some(invalid(first, "size", help.to_owned()))
        }
        Value::Offset if offset(&first.value()).is_none() => {
            let help = "Write a whole number, with `k`, `m` or `g` behind it for KiB, MiB or GiB";
            Some(invalid(first, "size", help.to_owned()))
        }
        Value::Number(bounds) => number_within(name, first, bounds),
        Value::Buffers => buffers(directive).map(|(word, what)| {
            invalid(
                word,
                what,
                "Write a number and a size, as in `8 16k`".to_owned(),
            )
        }),
        Value::Enum(words) => (!is_one_of(first, words)).then(|| not_among(first, words)),
        Value::Bitmask(words) => return bitmask(directive, words),
        Value::Own("ngx_http_ssl_enable" | "ngx_mail_ssl_enable") => flag(name, first),
        Value::Own("ngx_mail_ssl_starttls") => {
            let words = &["off", "on", "only"];
            (!is_one_of(first, words)).then(|| not_among(first, words))
        }
        _ => None,
    };
    wrong.map_or_else(Vec::new, |wrong| vec![wrong])
}

fn flag(name: &str, word: Word<'_>) -> Option<Wrong> {
    let value = word.value();
    if value.eq_ignore_ascii_case(b"on") || value.eq_ignore_ascii_case(b"off") {
        return None;
    }
    let meant = match value.to_ascii_lowercase().as_slice() {
        b"yes" | b"true" | b"1" | b"enable" | b"enabled" => "Write `on`",
        b"no" | b"false" | b"0" | b"disable" | b"disabled" => "Write `off`",
        _ => "Write `on` or `off`",
    };
    Some(Wrong {
        rule: "invalid-flag-value",
        level: NginxLevel::Emerg,
        span: word.span(),
        nginx: format!(
            "invalid value \"{}\" in \"{name}\" directive, it must be \"on\" or \"off\"",
            printed(&value)
        ),
        message: format!("`{name}` is `on` or `off`, not `{}`", word.to_str()),
        help: meant.to_owned(),
    })
}

fn number_within(name: &str, word: Word<'_>, bounds: Option<(i32, i32)>) -> Option<Wrong> {
    let wrong = |nginx: String, message: String, help: String| {
        Some(Wrong {
            rule: "invalid-value",
            level: NginxLevel::Emerg,
            span: word.span(),
            nginx,
            message,
            help,
        })
    };
    let Some(value) = number(&word.value()) else {
        return wrong(
            format!("\"{name}\" directive invalid number"),
            format!("`{}` is no whole number", word.to_str()),
            "Write digits only".to_owned(),
        );
    };
    match bounds.map(|(low, high)| (i64::from(low), i64::from(high))) {
        Some((low, -1)) if value < low => wrong(
            format!("value must be equal to or greater than {low}"),
            format!("`{name}` is at least {low}, not {value}"),
            format!("Write {low} or more"),
        ),
        Some((low, high)) if high != -1 && !(low..=high).contains(&value) => wrong(
            format!("value must be between {low} and {high}"),
            format!("`{name}` is between {low} and {high}, not {value}"),
            format!("Write a number from {low} to {high}"),
        ),
        _ => None,
    }
}

/// The argument that is wrong, and what it should have been.
fn buffers(directive: Directive<'_>) -> Option<(Word<'_>, &'static str)> {
    let (count, bytes) = (directive.arg(0)?, directive.arg(1)?);
    if matches!(number(&count.value()), None | Some(0)) {
        Some((count, "number above zero"))
    } else if matches!(size(&bytes.value()), None | Some(0)) {
        Some((bytes, "size above zero"))
    } else {
        None
    }
}

fn is_one_of(word: Word<'_>, words: &[&str]) -> bool {
    let value = word.value();
    words
        .iter()
        .any(|known| value.eq_ignore_ascii_case(known.as_bytes()))
}

pub(super) fn not_among(word: Word<'_>, words: &[&str]) -> Wrong {
    let value = word.to_str();
    let nearest = words
        .iter()
        .map(|known| (strsim::osa_distance(&value.to_lowercase(), known), known))
        .min()
        .filter(|(distance, _)| *distance <= (value.len() / 3).max(1));
    let all = words.iter().map(|known| format!("`{known}`"));
    let all = all.collect::<Vec<_>>().join(", ");
    Wrong {
        rule: "invalid-value",
        level: NginxLevel::Emerg,
        span: word.span(),
        nginx: format!("invalid value \"{}\"", printed(&word.value())),
        message: format!("`{value}` is not among the values of this directive"),
        help: match nearest {
            Some((_, known)) => format!("Write `{known}`; known are {all}"),
            None => format!("Write one of {all}"),
        },
    }
}

fn bitmask(directive: Directive<'_>, words: &[&str]) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let mut seen: Vec<Vec<u8>> = Vec::new();
    for word in directive.args() {
        if !is_one_of(word, words) {
            wrong.push(not_among(word, words));
            break;
        }
        let value = word.value().to_ascii_lowercase();
        if seen.contains(&value) {
            wrong.push(Wrong {
                rule: "duplicate-value",
                level: NginxLevel::Warn,
                span: word.span(),
                nginx: format!("duplicate value \"{}\"", printed(&word.value())),
                message: format!("`{}` is given twice", word.to_str()),
                help: "Remove one of them".to_owned(),
            });
        } else {
            seen.push(value);
        }
    }
    wrong
}

fn time_help(seconds: bool) -> String {
    if seconds {
        "Write a number with `s`, `m`, `h`, `d`, `w`, `M` or `y` behind it, as in `30s` or `1h30m`"
    } else {
        "Write a number with `ms`, `s`, `m`, `h`, `d` or `w` behind it, as in `30s` or `500ms`"
    }
    .to_owned()
}
