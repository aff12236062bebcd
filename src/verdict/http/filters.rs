//! Modules that change what is answered: gzip, sub, charset, image and XSLT filters.

use super::super::reading::{Reading, Setter, late_refusal, refusal};
use super::super::setters::function;
use super::super::sink::printed;
use super::modules::Module;
use crate::directives::{Context, DirectiveInfo};
use crate::model::{ScopeId, Statement};
use crate::syntax::Word;
use crate::values::expression::has_variables;
use crate::values::number::{number, size};

pub(super) const MODULE: Module = Module {
    setter,
    finish,
    ..Module::NONE
};

fn setter(row: &'static DirectiveInfo) -> Option<Setter> {
    Some(match function(row) {
        "ngx_http_sub_filter" => sub_filter,
        "ngx_http_set_charset_slot" => charset,
        "ngx_http_image_filter" => image_filter,
        "ngx_http_image_filter_jpeg_quality" | "ngx_http_image_filter_webp_quality" => {
            |reading, statement| image_number(reading, statement, 1)
        }
        "ngx_http_image_filter_sharpen" => |reading, statement| image_number(reading, statement, 0),
        "ngx_http_xslt_stylesheet" => |reading, statement| expressions(reading, statement, 1),
        "ngx_http_xslt_param" => |reading, statement| expressions(reading, statement, 1),
        _ => match row.notes.check {
            Some("ngx_http_gzip_window") => |reading, statement| power(reading, statement, 32),
            Some("ngx_http_gzip_hash") => |reading, statement| power(reading, statement, 128),
            _ => return None,
        },
    })
}

/// The arguments from one on.
fn expressions<'m>(reading: &mut Reading<'m>, statement: Statement<'m>, from: usize) {
    for word in statement.args().skip(from) {
        if reading.expression(statement, word).is_none() {
            return;
        }
    }
}

/// A power of two from 512 bytes to so many KiB.
fn power<'m>(reading: &mut Reading<'m>, statement: Statement<'m>, most: i64) {
    let Some(word) = statement.arg(0) else { return };
    let known = |bytes: i64| (512..=most * 1024).contains(&bytes) && bytes.count_ones() == 1;
    if size(&word.value()).is_none_or(known) {
        return;
    }
    let name = statement.name();
    let list = match most {
        32 => "512, 1k, 2k, 4k, 8k, 16k, or 32k",
        _ => "512, 1k, 2k, 4k, 8k, 16k, 32k, 64k, or 128k",
    };
    reading.refuse(
        statement,
        word,
        "invalid-value",
        format!("`{name}` cannot be `{}`", word.to_str()),
        format!("\"{name}\" directive must be {list}"),
        format!("Write one of {list}"),
    );
}

/// The most patterns of one block.
const MOST_PATTERNS: usize = 255;

fn sub_filter<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let (Some(pattern), Some(replacement)) = (statement.arg(0), statement.arg(1)) else {
        return;
    };
    if pattern.value().is_empty() {
        reading.refuse(
            statement,
            pattern,
            "invalid-value",
            "`sub_filter` looks for nothing",
            "empty search pattern",
            "Write the text to look for",
        );
        return;
    }
    let patterns = reading
        .state
        .sub_patterns
        .entry(statement.scope)
        .or_default();
    if *patterns == MOST_PATTERNS {
        reading.refuse(
            statement,
            pattern,
            "too-many-patterns",
            format!("a block has more than {MOST_PATTERNS} `sub_filter`s"),
            format!("number of search patterns exceeds {MOST_PATTERNS}"),
            "Remove some",
        );
        return;
    }
    *patterns += 1;
    if reading.expression(statement, pattern).is_some() {
        reading.expression(statement, replacement);
    }
}

fn charset<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else { return };
    let value = word.value();
    let off = statement.name() == "charset" && *value == *b"off";
    match &*value {
        _ if off => {}
        [b'$', name @ ..] => {
            reading.index(statement, name, word.span());
        }
        name => {
            reading.state.charsets.number(name);
            reading.state.recodes |= statement.name() == "source_charset";
        }
    }
}

/// Between the sets of each block there must be a map (`ngx_http_charset_merge_loc_conf`,
/// `ngx_http_charset_postconfiguration`).
fn finish(reading: &mut Reading<'_>) {
    if !reading.state.recodes || !reading.model.complete {
        return;
    }
    let mut findings = Vec::new();
    let mut known = Vec::new();
    for (at, scope) in reading.model.scopes.iter().enumerate() {
        if !matches!(
            scope.context,
            Context::Server
                | Context::Location
                | Context::IfInServer
                | Context::IfInLocation
                | Context::LimitExcept
        ) {
            continue;
        }
        let id = ScopeId(at as u32);
        let model = &reading.model;
        let named = |name: &str| {
            let word = model.value(id, name)?.arg(0)?;
            let value = word.value();
            let is_off = name == "charset" && *value == *b"off";
            (!is_off && !value.starts_with(b"$")).then_some(word)
        };
        let (Some(from), Some(to)) = (named("source_charset"), named("charset")) else {
            continue;
        };
        let charsets = &mut reading.state.charsets;
        let pair = (charsets.number(&from.value()), charsets.number(&to.value()));
        if pair.0 == pair.1 || known.contains(&pair) {
            continue;
        }
        known.push(pair);
        if !charsets.has_map(pair.0, pair.1) {
            let (one, two) = (&charsets.names[pair.0], &charsets.names[pair.1]);
            let (one, two) = (printed(one), printed(two));
            findings.push(
                late_refusal(
                    "missing-charset-map",
                    from.span(),
                    format!("nginx cannot turn `{one}` into `{two}`: there is no `charset_map`"),
                    format!("no \"charset_map\" between the charsets \"{one}\" and \"{two}\""),
                    None,
                )
                .related(to.span(), "into this")
                .help(format!(
                    "Write `charset_map {one} {two} {{ … }}`, or include one"
                )),
            );
        }
    }
    for finding in findings {
        reading.say(finding);
    }
}

fn image_filter<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let args: Vec<Word<'m>> = statement.args().collect();
    let wrong = match &args[..] {
        [word] => (!["off", "test", "size"].iter().any(|known| word.is(known))).then_some(*word),
        [word, angle] if word.is("rotate") => match image_value(reading, statement, *angle) {
            Some(90 | 180 | 270) | None => None,
            Some(_) => Some(*angle),
        },
        [word, sides @ ..] if sides.len() == 2 && (word.is("resize") || word.is("crop")) => {
            let wrong = |side: &&Word<'m>| image_value(reading, statement, **side) == Some(0);
            sides.iter().find(wrong).copied()
        }
        [word, ..] => Some(*word),
        [] => None,
    };
    if let Some(word) = wrong {
        let known = ["off", "test", "size", "rotate", "resize", "crop"];
        reading.refuse_parameter(statement, word, &known);
    }
}

/// A number, 0 where it is none, and -1 for `-`; `None` where variables decide.
fn image_value<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    word: Word<'m>,
) -> Option<i64> {
    let value = word.value();
    if has_variables(&value) {
        reading.expression(statement, word);
        return None;
    }
    Some(match &*value {
        b"-" => -1,
        digits => number(digits).unwrap_or(0),
    })
}

fn image_number<'m>(reading: &mut Reading<'m>, statement: Statement<'m>, least: i64) {
    let Some(word) = statement.arg(0) else { return };
    if image_value(reading, statement, word).is_none_or(|value| value >= least) {
        return;
    }
    reading.say(
        refusal(
            statement,
            "invalid-value",
            word.span(),
            format!("`{}` is no number that fits", word.to_str()),
            format!("invalid value \"{}\"", printed(&word.value())),
        )
        .help("Write a whole number from 1 to 100"),
    );
}
