//! `charset_map`, and the sets that `charset` and `source_charset` name
//! (`ngx_http_charset_filter_module`).

use super::super::reading::{Reading, refusal};
use super::super::sink::printed;
use crate::model::Statement;
use crate::syntax::Word;

/// Character sets in the order of first mention, and between which of them there are maps.
#[derive(Debug, Default)]
pub(in super::super) struct Charsets {
    pub(in super::super) names: Vec<Vec<u8>>,
    pub(in super::super) maps: Vec<(usize, usize)>,
}

impl Charsets {
    /// The number of a set; capital letters do not count.
    pub(in super::super) fn number(&mut self, name: &[u8]) -> usize {
        let known = self
            .names
            .iter()
            .position(|known| known.eq_ignore_ascii_case(name));
        known.unwrap_or_else(|| {
            self.names.push(name.to_vec());
            self.names.len() - 1
        })
    }

    /// Whether there is a map between two sets.
    pub(in super::super) fn has_map(&self, one: usize, two: usize) -> bool {
        self.maps.contains(&(one, two)) || self.maps.contains(&(two, one))
    }
}

/// What the second column of a map is.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Codes {
    utf8: bool,
}

impl Codes {
    pub(super) fn of(statement: Statement<'_>) -> Self {
        let second = statement.arg(1).map(|word| word.value());
        Self {
            utf8: second.is_some_and(|name| name.eq_ignore_ascii_case(b"utf-8")),
        }
    }
}

pub(super) fn open<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let (Some(first), Some(second)) = (statement.arg(0), statement.arg(1)) else {
        return;
    };
    let (one, two) = (first.value(), second.value());
    let refuses_utf8 = reading.at_least(1, 31, 3);
    let charsets = &mut reading.state.charsets;
    let pair = (charsets.number(&one), charsets.number(&two));
    let (from, to) = (printed(&one), printed(&two));
    let (message, nginx) = if pair.0 == pair.1 {
        (
            format!("both sides of the map are `{from}`"),
            format!("\"charset_map\" between the same charsets \"{from}\" and \"{to}\""),
        )
    } else if refuses_utf8 && one.eq_ignore_ascii_case(b"utf-8") {
        (
            "`utf-8` is on the left side of the map".to_owned(),
            "\"charset_map\" with \"utf-8\" charset should be given in the second column"
                .to_owned(),
        )
    } else if charsets.has_map(pair.0, pair.1) {
        (
            format!("there is a map between `{from}` and `{to}` already"),
            format!("duplicate \"charset_map\" between \"{from}\" and \"{to}\""),
        )
    } else {
        charsets.maps.push(pair);
        return;
    };
    let finding = refusal(
        statement,
        "invalid-charset-map",
        statement.head(),
        message,
        nginx,
    );
    reading.say(finding.help("Write one map between two sets, with `utf-8` as the second"));
}

pub(super) fn read<'m>(reading: &mut Reading<'m>, line: Statement<'m>, codes: &Codes) {
    let name = line.directive.name();
    let Some(code) = line.arg(0).filter(|_| line.args().len() == 1) else {
        super::refuse_count(
            reading,
            line,
            "a line of `charset_map` has two codes",
            "invalid parameters number",
        );
        return;
    };
    if byte(&name.value()).is_none() {
        return refuse(reading, line, name);
    }
    let value = code.value();
    let sound = if codes.utf8 {
        let bytes: Option<Vec<u8>> = value
            .chunks(2)
            .map(|pair| if pair.len() == 2 { byte(pair) } else { None })
            .collect();
        value.len() / 2 < 4 && bytes.is_some_and(|bytes| is_character(&bytes))
    } else {
        byte(&value).is_some()
    };
    if !sound {
        refuse(reading, line, code);
    }
}

fn refuse<'m>(reading: &mut Reading<'m>, line: Statement<'m>, word: Word<'m>) {
    reading.refuse(
        line,
        word,
        "invalid-value",
        format!("`{}` is no code", word.to_str()),
        format!("invalid value \"{}\"", printed(&word.value())),
        "Write two hexadecimal digits for a byte; for UTF-8 all bytes of a character",
    );
}

fn byte(text: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(text).ok()?;
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let short = digits.trim_start_matches('0');
    u8::from_str_radix(if short.is_empty() { "0" } else { short }, 16).ok()
}

/// One character of two or three bytes (`ngx_utf8_decode`); what is behind it is not looked at.
fn is_character(bytes: &[u8]) -> bool {
    let (length, start, least) = match bytes.first() {
        Some(first @ 0xe0..=0xef) => (2, u32::from(first & 0x0f), 0x7ff),
        Some(first @ 0xc2..=0xdf) => (1, u32::from(first & 0x1f), 0x7f),
        _ => return false,
    };
    let Some(rest) = bytes.get(1..=length) else {
        return false;
    };
    let code = rest
        .iter()
        .fold(start, |code, byte| (code << 6) | u32::from(byte & 0x3f));
    rest.iter().all(|byte| *byte >= 0x80) && code > least
}
