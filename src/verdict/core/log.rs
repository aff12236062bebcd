//! `error_log` of every level (`src/core/ngx_log.c`).

use super::super::reading::{Reading, refusal};
use super::super::sink::printed;
use crate::model::Statement;
use crate::values::number::size;
use crate::values::syslog;

/// From the most to the least serious.
const LEVELS: [&str; 8] = [
    "emerg", "alert", "crit", "error", "warn", "notice", "info", "debug",
];
const DEBUG_LEVELS: [&str; 7] = [
    "debug_core",
    "debug_alloc",
    "debug_mutex",
    "debug_event",
    "debug_http",
    "debug_mail",
    "debug_stream",
];

/// `error_log` of the outermost level, `http`, `mail` and `stream` (`ngx_log_set_log`).
pub(in super::super) fn error_log<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(target) = statement.arg(0) else {
        return;
    };
    let value = target.value();
    if let Some(bytes) = value.strip_prefix(b"memory:") {
        // What nginx writes into the buffer first: its own words with the file's name and
        // two numbers, and one message.
        let file = reading.texts.sources().file(statement.end().file).name();
        let needed = 11 + file.len() + 20 + 20 + 2048;
        if size(bytes).is_none_or(|bytes| bytes < needed as i64) {
            let shown = printed(bytes);
            reading.say(
                refusal(
                    statement,
                    "invalid-value",
                    target.span(),
                    format!("`{shown}` is no size of a log in memory"),
                    format!("invalid buffer size \"{shown}\""),
                )
                .help("Write a size from `3k` on, as in `memory:32m`"),
            );
            return;
        }
    } else if let Some(parameters) = value.strip_prefix(b"syslog:")
        && let Err(error) = syslog::parse(parameters)
    {
        let start = value.len() - parameters.len();
        reading.say(
            refusal(
                statement,
                "invalid-syslog",
                target.part(start + error.range.start..start + error.range.end),
                error.message,
                error.nginx,
            )
            .help(error.help),
        );
        return;
    }
    levels(reading, statement);
}

/// `ngx_log_set_levels`.
fn levels<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let (mut plain, mut debug) = (None, false);
    for word in statement.args().skip(1) {
        let is_plain = LEVELS.iter().any(|level| word.is(level));
        let is_debug = DEBUG_LEVELS.iter().any(|level| word.is(level));
        let shown = printed(&word.value()).into_owned();
        if is_plain && (plain.is_some() || debug) {
            let mut finding = refusal(
                statement,
                "duplicate-value",
                word.span(),
                "`error_log` has one level only",
                format!("duplicate log level \"{shown}\""),
            )
            .help("Write the least serious level that is to be logged");
            if let Some(first) = plain {
                finding = finding.related(first, "first");
            }
            reading.say(finding);
            return;
        }
        if !is_plain && (!is_debug || plain.is_some()) {
            let message = match is_debug {
                true => format!("`{shown}` does not go with another level"),
                false => format!("`{shown}` is no level of a log"),
            };
            reading.say(
                refusal(
                    statement,
                    "invalid-value",
                    word.span(),
                    message,
                    format!("invalid log level \"{shown}\""),
                )
                .help(format!("Write one of `{}`", LEVELS.join("`, `"))),
            );
            return;
        }
        if is_plain {
            plain = Some(word.span());
        }
        debug |= is_debug;
    }
}
