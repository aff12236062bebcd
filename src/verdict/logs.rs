//! `access_log` and `log_format` of `http` and `stream` (`ngx_http_log_module`,
//! `ngx_stream_log_module`).

use super::reading::{Reading, Setter, refusal};
use super::setters::function;
use super::sink::printed;
use crate::directives::{DirectiveInfo, Family};
use crate::model::Statement;
use crate::model::logs::{Escape, LogFormat, LogFormats};
use crate::source::Span;
use crate::syntax::Word;
use crate::values::expression::{has_variables, is_name_byte};
use crate::values::number::{number, size, time};
use crate::values::syslog;

/// How a log is buffered: size, time and level of compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Buffer {
    size: i64,
    flush: i64,
    gzip: i64,
}

/// What `gzip` means without a size.
const GZIP_BUFFER: i64 = 64 * 1024;

/// What only logs of `http` know, beside variables.
const LOG_VARIABLES: [&[u8]; 9] = [
    b"pipe",
    b"time_local",
    b"time_iso8601",
    b"msec",
    b"request_time",
    b"status",
    b"bytes_sent",
    b"body_bytes_sent",
    b"request_length",
];

pub(super) fn setter(row: &DirectiveInfo) -> Option<Setter> {
    Some(match function(row) {
        "ngx_http_log_set_log" | "ngx_stream_log_set_log" => access_log,
        "ngx_http_log_set_format" | "ngx_stream_log_set_format" => log_format,
        "ngx_http_log_open_file_cache" | "ngx_stream_log_open_file_cache" => open_log_file_cache,
        _ => return None,
    })
}

fn formats<'r, 'm>(reading: &'r mut Reading<'m>, family: Family) -> &'r mut LogFormats<'m> {
    match family {
        Family::Stream => &mut reading.model.stream.log_formats,
        _ => &mut reading.model.http.log_formats,
    }
}

fn access_log<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(target) = statement.arg(0) else {
        return;
    };
    if target.is("off") {
        if let Some(word) = statement.arg(1) {
            reading.refuse_parameter(statement, word, &[]);
        }
        return;
    }
    let value = target.value();
    let to_syslog = value.strip_prefix(b"syslog:");
    if let Some(parameters) = to_syslog {
        if let Err(error) = syslog::parse(parameters) {
            let start = value.len() - parameters.len();
            let span = target.part(start + error.range.start..start + error.range.end);
            let finding = refusal(
                statement,
                "invalid-syslog",
                span,
                error.message,
                error.nginx,
            );
            return reading.say(finding.help(error.help));
        }
    } else if reading.expression(statement, target).is_none() {
        return;
    }
    if !has_format(reading, statement) {
        return;
    }
    let Some(buffer) = buffer(reading, statement) else {
        return;
    };
    let (message, nginx, help) = if buffer.flush != 0 && buffer.size == 0 {
        (
            "`flush` means nothing without `buffer`",
            format!(
                "no buffer is defined for access_log \"{}\"",
                printed(&value)
            ),
            "Add `buffer=64k`, or remove `flush`",
        )
    } else if buffer.size == 0 {
        return;
    } else if to_syslog.is_some() {
        (
            "a log that goes to syslog has no buffer",
            "logs to syslog cannot be buffered".to_owned(),
            "Remove `buffer` and `gzip`",
        )
    } else if has_variables(&value) {
        (
            "a log with variables in its name has no buffer",
            "buffered logs cannot have variables in name".to_owned(),
            "Remove `buffer` and `gzip`, or the variables",
        )
    } else {
        let buffers = &mut reading.state.log_buffers;
        match buffers.get(&*value) {
            None => {
                buffers.insert(value.into_owned(), buffer);
                return;
            }
            Some(before) if *before == buffer => return,
            Some(_) => (
                "this log has another buffer in another place",
                format!(
                    "access_log \"{}\" already defined with conflicting parameters",
                    printed(&value)
                ),
                "Write the same `buffer`, `flush` and `gzip` wherever the log is named",
            ),
        }
    };
    let finding = refusal(
        statement,
        "invalid-log-buffer",
        statement.head(),
        message,
        nginx,
    );
    reading.say(finding.help(help));
}

/// Whether the format is there, or may be; `stream` has none of its own.
fn has_format<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) -> bool {
    let family = statement.row.module.family;
    let Some(word) = statement.arg(1) else {
        if family == Family::Http {
            return true;
        }
        reading.say(
            refusal(
                statement,
                "missing-parameter",
                statement.head(),
                "a log in `stream` needs a format",
                "log format is not specified",
            )
            .help("Write the name of a `log_format` behind the path"),
        );
        return false;
    };
    let name = word.value();
    let combined = family == Family::Http && name.eq_ignore_ascii_case(b"combined");
    if combined || formats(reading, family).find(&name).is_some() || !reading.model.complete {
        return true;
    }
    let shown = printed(&name);
    let is_parameter = [&b"buffer="[..], b"flush=", b"if=", b"gzip"]
        .iter()
        .any(|start| name.starts_with(start));
    let help = if is_parameter {
        format!("Write the name of a format before `{shown}`, such as `combined`")
    } else {
        format!("Write `log_format {shown}` before this line, or the name of a format")
    };
    reading.refuse(
        statement,
        word,
        "unknown-log-format",
        format!("there is no log format `{shown}` before this line"),
        format!("unknown log format \"{shown}\""),
        help,
    );
    false
}

/// The parameters behind the format.
fn buffer<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) -> Option<Buffer> {
    let mut buffer = Buffer::default();
    for word in statement.args().skip(2) {
        let value = word.value();
        let (what, text, help) = if let Some(text) = value.strip_prefix(b"buffer=") {
            buffer.size = size(text).unwrap_or(0);
            if buffer.size != 0 {
                continue;
            }
            ("buffer size", text, "Write a size such as `64k`")
        } else if let Some(text) = value.strip_prefix(b"flush=") {
            buffer.flush = time(text, false).unwrap_or(0);
            if buffer.flush != 0 {
                continue;
            }
            ("flush time", text, "Write a time such as `5s`")
        } else if *value == *b"gzip" || value.starts_with(b"gzip=") {
            if buffer.size == 0 {
                buffer.size = GZIP_BUFFER;
            }
            let text = value.strip_prefix(b"gzip=").unwrap_or(b"1");
            buffer.gzip = number(text).unwrap_or(0);
            if (1..=9).contains(&buffer.gzip) {
                continue;
            }
            ("compression level", text, "Write a level from 1 to 9")
        } else if value.starts_with(b"if=") {
            reading.expression_in(statement, word, b"if=".len()..value.len())?;
            continue;
        } else {
            let known = ["buffer=", "flush=", "gzip", "if="];
            reading.refuse_parameter(statement, word, &known);
            return None;
        };
        let shown = printed(text);
        reading.refuse(
            statement,
            word,
            "invalid-value",
            format!("`{shown}` is no {what} of a log"),
            format!("invalid {what} \"{shown}\""),
            help,
        );
        return None;
    }
    Some(buffer)
}

fn log_format<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else { return };
    let family = statement.row.module.family;
    let name = word.value();
    let combined = family == Family::Http && *name == *b"combined";
    let all = &formats(reading, family).all;
    let first = all.iter().find(|format| format.name == *name);
    let first = first.map(|format| format.span);
    if combined || first.is_some() {
        let shown = printed(&name);
        let message = match first {
            Some(_) => format!("there are two log formats `{shown}`"),
            None => "`combined` is a log format of nginx's own".to_owned(),
        };
        let mut finding = refusal(
            statement,
            "duplicate-log-format",
            word.span(),
            message,
            format!("duplicate \"log_format\" name \"{shown}\""),
        )
        .help("Take another name");
        if let Some(first) = first {
            finding = finding.label("second").related(first, "first");
        }
        return reading.say(finding);
    }
    let mut texts: Vec<Word<'m>> = statement.args().skip(1).collect();
    let mut escape = Escape::Default;
    if let Some(first) = texts.first().copied()
        && let Some(how) = first.value().strip_prefix(b"escape=")
    {
        texts.remove(0);
        escape = match how {
            b"default" => Escape::Default,
            b"json" => Escape::Json,
            b"none" => Escape::None,
            _ => {
                let shown = printed(how);
                reading.refuse(
                    statement,
                    first,
                    "invalid-value",
                    format!("`{shown}` is no way to escape characters"),
                    format!("unknown log format escaping \"{shown}\""),
                    "Write `escape=json`, `escape=none` or `escape=default`",
                );
                return;
            }
        };
    }
    for text in &texts {
        if !variables(reading, statement, *text) {
            return;
        }
    }
    let formats = formats(reading, family);
    let index = formats.all.len();
    let small = name.to_ascii_lowercase();
    formats.by_name.entry(small).or_insert(index);
    formats.all.push(LogFormat {
        name: name.into_owned(),
        escape,
        texts,
        statement,
        span: word.span(),
    });
}

/// Notes the variables of a text. Formats know no captures: `$1` is a variable here.
fn variables<'m>(reading: &mut Reading<'m>, statement: Statement<'m>, word: Word<'m>) -> bool {
    let value = word.value();
    let family = statement.row.module.family;
    let mut at = 0;
    while let Some(dollar) = memchr::memchr(b'$', &value[at..]).map(|next| at + next) {
        let braced = value.get(dollar + 1) == Some(&b'{');
        let start = dollar + 1 + usize::from(braced);
        let length = value[start.min(value.len())..]
            .iter()
            .take_while(|byte| is_name_byte(**byte))
            .count();
        let end = start + length;
        let closed = !braced || value.get(end) == Some(&b'}');
        let span = |to: usize| -> Span { word.part(dollar..to.min(value.len())) };
        if start >= value.len() || (closed && length == 0) {
            let shown = printed(&value[dollar..]);
            reading.say(
                refusal(
                    statement,
                    "invalid-variable",
                    span(start + 1),
                    "`$` is not followed by the name of a variable",
                    format!("invalid parameter \"{shown}\""),
                )
                .help("Write a name of letters, digits and `_`"),
            );
            return false;
        }
        let name = &value[start..end];
        if !closed {
            let shown = printed(name);
            reading.say(
                refusal(
                    statement,
                    "invalid-variable",
                    span(end),
                    "`${` is not closed behind the name",
                    format!("the closing bracket in \"{shown}\" variable is missing"),
                )
                .help("Write `}` behind the name"),
            );
            return false;
        }
        at = end + usize::from(braced);
        if family == Family::Stream || !LOG_VARIABLES.contains(&name) {
            reading.variables(family).add_use(name, span(at));
        }
    }
    true
}

fn open_log_file_cache<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let (mut max, mut off) = (0, false);
    for word in statement.args() {
        let value = word.value();
        let sound = if let Some(count) = value.strip_prefix(b"max=") {
            let count = number(count);
            max = count.unwrap_or(0);
            count.is_some()
        } else if let Some(text) = value.strip_prefix(b"inactive=") {
            time(text, true).is_some()
        } else if let Some(count) = value.strip_prefix(b"min_uses=") {
            number(count).is_some()
        } else if let Some(text) = value.strip_prefix(b"valid=") {
            time(text, true).is_some()
        } else {
            off |= *value == *b"off";
            *value == *b"off"
        };
        if !sound {
            reading.refuse(
                statement,
                word,
                "invalid-parameter",
                format!("`open_log_file_cache` does not take `{}`", word.to_str()),
                format!(
                    "invalid \"open_log_file_cache\" parameter \"{}\"",
                    printed(&value)
                ),
                "Write `max=1000 inactive=20s valid=1m min_uses=2`, or `off`",
            );
            return;
        }
    }
    if max == 0 && !off {
        reading.say(
            refusal(
                statement,
                "missing-parameter",
                statement.head(),
                "`open_log_file_cache` does not say how many files it keeps",
                "\"open_log_file_cache\" must have \"max\" parameter",
            )
            .help("Add `max=1000`"),
        );
    }
}
