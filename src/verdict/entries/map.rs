//! `map` (`ngx_http_map_module`, `ngx_stream_map_module`).

use super::super::hashes::Hash;
use super::super::reading::{Reading, refusal};
use super::super::sink::printed;
use super::Entries;
use crate::directives::Family;
use crate::model::Statement;
use crate::model::computed::{MapTable, Table};
use crate::model::variables::Provenance;
use crate::source::Span;
use crate::values::hash::CACHE_LINE;
use crate::values::hostnames::Rejected;
use crate::values::number::number;
use foldhash::HashSet;

/// What is known of a `map` so far.
#[derive(Debug, Default)]
pub(in super::super) struct Map {
    default: Option<Span>,
    /// Where the texts are that results are for, in the order of `table.results`.
    spans: Vec<Span>,
    table: MapTable,
    /// nginx reads each result once.
    results: HashSet<Vec<u8>>,
}

/// How large the hashes of the maps of `http` or of `stream` are.
#[derive(Debug, Default)]
pub(in super::super) struct Sizes {
    max: Option<i64>,
    bucket: Option<i64>,
    /// A `map` has been read, so they are settled.
    settled: bool,
}

fn sizes<'r>(reading: &'r mut Reading<'_>, statement: Statement<'_>) -> &'r mut Sizes {
    match statement.row.module.family {
        Family::Stream => &mut reading.state.map_sizes[1],
        _ => &mut reading.state.map_sizes[0],
    }
}

/// `map_hash_max_size` and `map_hash_bucket_size`, which count only before the first `map`.
pub(super) fn size<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let name = statement.name();
    let Some(value) = statement.arg(0).and_then(|word| number(&word.value())) else {
        return;
    };
    let sizes = sizes(reading, statement);
    if sizes.settled {
        reading.say(
            refusal(
                statement,
                "duplicate-directive",
                statement.head(),
                format!("`{name}` comes behind a `map`, which has taken a size already"),
                format!("\"{name}\" directive is duplicate"),
            )
            .help("Move it before the first `map`"),
        );
    } else if name == "map_hash_max_size" {
        sizes.max = Some(value);
    } else {
        sizes.bucket = Some(value);
    }
}

/// The names must fit when the block ends.
pub(super) fn close<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Entries::Map(_, map) = std::mem::take(&mut reading.state.entries) else {
        return;
    };
    let sizes = sizes(reading, statement);
    let size = |value: Option<i64>, default: usize| {
        value.map_or(default, |value| usize::try_from(value).unwrap_or(default))
    };
    let bucket = size(sizes.bucket, CACHE_LINE);
    let hash = Hash {
        name: "map_hash",
        max_size: size(sizes.max, 2048),
        bucket_size: bucket
            .checked_next_multiple_of(CACHE_LINE)
            .unwrap_or(bucket),
    };
    let exact = map.table.names.exact();
    let mut names: Vec<_> = exact.map(|(name, at)| (name, map.spans[at])).collect();
    names.sort_by_key(|(_, span)| (span.file, span.start));
    if !names.is_empty()
        && let Some(finding) = hash.judge(&names, statement.head())
    {
        reading.say(finding);
    }
    super::keep(reading, statement, Table::Map(map.table));
}

pub(super) fn open<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let (Some(source), Some(variable)) = (statement.arg(0), statement.arg(1)) else {
        return;
    };
    sizes(reading, statement).settled = true;
    if reading.expression(statement, source).is_some() {
        super::define(reading, statement, variable, Provenance::Map);
    }
}

pub(super) fn read<'m>(reading: &mut Reading<'m>, line: Statement<'m>, map: &mut Map) {
    let key = line.directive.name();
    let name = key.value();
    let Some(result) = line.arg(0).filter(|_| line.args().len() == 1) else {
        match &*name {
            b"hostnames" if line.args().len() == 0 => map.table.hostnames = true,
            b"volatile" if line.args().len() == 0 => map.table.volatile = true,
            _ => super::refuse_count(
                reading,
                line,
                "a line of `map` has a value to compare with and a result",
                "invalid number of the map parameters",
            ),
        }
        return;
    };
    if *name == *b"include" {
        return;
    }
    if map.results.insert(result.value().into_owned()) && reading.expression(line, result).is_none()
    {
        return;
    }
    if *name == *b"default" {
        if let Some(first) = map.default.replace(key.span()) {
            reading.say(
                refusal(
                    line,
                    "duplicate-map-entry",
                    key.span(),
                    "`default` is in the `map` already",
                    "duplicate default map parameter",
                )
                .label("second")
                .related(first, "first")
                .help("Remove one of them"),
            );
        } else {
            map.table.default = result.value().into_owned();
        }
        return;
    }
    if let [b'~', pattern @ ..] = &*name {
        let (pattern, caseless) = match pattern {
            [b'*', pattern @ ..] => (pattern, true),
            _ => (pattern, false),
        };
        let start = name.len() - pattern.len();
        if let Some(regex) = reading.regex(line, pattern, caseless, key.part(start..name.len())) {
            let result = result.value().into_owned();
            map.table.regexes.push((regex, name.to_vec(), result));
        }
        return;
    }
    let written = name.strip_prefix(b"\\").unwrap_or(&name);
    let small = written.to_ascii_lowercase();
    let index = map.spans.len();
    let added = if map.table.hostnames {
        map.table.names.add(&small, index)
    } else {
        map.table.names.add_exact(&small, index)
    };
    match added {
        Ok(()) => {
            map.spans.push(key.span());
            let result = result.value().into_owned();
            map.table.results.push((written.to_vec(), result));
        }
        Err(Rejected::Invalid) => reading.refuse(
            line,
            key,
            "invalid-server-name",
            format!("`{}` is no host name that `map` can compare", key.to_str()),
            format!("invalid hostname or wildcard \"{}\"", printed(written)),
            "Write `*` only as the first or the last label, or remove `hostnames`",
        ),
        Err(Rejected::Taken(first)) => reading.say(
            refusal(
                line,
                "duplicate-map-entry",
                key.span(),
                format!("`{}` is in the `map` already", key.to_str()),
                format!("conflicting parameter \"{}\"", printed(&small)),
            )
            .label("second")
            .related(map.spans[first], "first")
            .help("Remove one of them; capital letters do not count"),
        ),
    }
}
