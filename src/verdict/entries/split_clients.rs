//! `split_clients` (`ngx_http_split_clients_module`, `ngx_stream_split_clients_module`).

use super::super::reading::{Reading, late_refusal};
use super::super::sink::printed;
use super::Entries;
use crate::model::Statement;
use crate::model::computed::{SplitTable, Table};
use crate::model::variables::Provenance;
use crate::source::Span;
use crate::values::number::fixed_point;

/// All of them, in hundredths of a percent.
const WHOLE: i64 = 10_000;

/// The parts so far, and where they are.
#[derive(Debug, Default)]
pub(in super::super) struct Parts {
    table: SplitTable,
    spans: Vec<Span>,
}

pub(super) fn open<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let (Some(source), Some(variable)) = (statement.arg(0), statement.arg(1)) else {
        return;
    };
    if reading.expression(statement, source).is_some() {
        super::define(reading, statement, variable, Provenance::SplitClients);
    }
}

pub(super) fn read<'m>(reading: &mut Reading<'m>, line: Statement<'m>, parts: &mut Parts) {
    let word = line.directive.name();
    let value = word.value();
    let part = match &*value {
        b"*" => None,
        [digits @ .., b'%'] => match fixed_point(digits, 2) {
            Some(part) if part != 0 => Some(u16::try_from(part).unwrap_or(u16::MAX)),
            _ => return refuse(reading, line),
        },
        _ => return refuse(reading, line),
    };
    let value = line.arg(0).map(|word| word.value().into_owned());
    parts.table.parts.push((part, value.unwrap_or_default()));
    parts.spans.push(word.span());
}

fn refuse<'m>(reading: &mut Reading<'m>, line: Statement<'m>) {
    let word = line.directive.name();
    reading.refuse(
        line,
        word,
        "invalid-percentage",
        format!("`{}` is no percentage", word.to_str()),
        format!("invalid percent value \"{}\"", printed(&word.value())),
        "Write a number above zero with at most two digits behind the point, and `%`; or `*` \
         for the rest",
    );
}

/// nginx adds up when the block ends.
pub(super) fn close<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Entries::SplitClients(_, parts) = std::mem::take(&mut reading.state.entries) else {
        return;
    };
    let mut sum = 0;
    for ((part, _), span) in parts.table.parts.iter().zip(&parts.spans) {
        sum = part.map_or(WHOLE, |part| sum + i64::from(part));
        if sum > WHOLE {
            let block = statement.directive.span();
            let end = Span::new(block.file, block.end.saturating_sub(1), block.end);
            reading.say(
                late_refusal(
                    "invalid-percentage",
                    *span,
                    "the parts are more than the whole from here on",
                    "percent total is greater than 100%",
                    Some(end),
                )
                .help("Write percentages that add up to 100 at most, and `*` last"),
            );
            return;
        }
    }
    super::keep(reading, statement, Table::Split(parts.table));
}
