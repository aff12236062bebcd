//! Blocks whose lines are no directives: their own functions read them. They are the same in
//! `http` and in `stream`.

pub(super) mod charset_map;
pub(super) mod geo;
pub(super) mod map;
pub(super) mod split_clients;
pub(super) mod types;

use super::reading::{Reading, Setter, refusal};
use super::setters::function;
use super::sink::emerg;
use super::variables;
use crate::directives::{DirectiveInfo, Family, Origin};
use crate::finding::Finding;
use crate::model::Statement;
use crate::model::computed::Table;
use crate::syntax::{Directive, Terminator, Word};

/// The block of entries that is being read, with what is known of it so far.
#[derive(Debug, Default)]
pub(super) enum Entries<'m> {
    /// One that takes what it is given.
    #[default]
    Other,
    /// One of a module that is not nginx's own.
    Foreign(Statement<'m>),
    /// `types`.
    Types(Statement<'m>),
    /// `map`.
    Map(Statement<'m>, Box<map::Map>),
    /// `geo`.
    Geo(Statement<'m>, Box<geo::Geo>),
    /// `split_clients`.
    SplitClients(Statement<'m>, split_clients::Parts),
    /// `charset_map`.
    CharsetMap(Statement<'m>, charset_map::Codes),
}

impl<'m> Entries<'m> {
    /// That of a directive.
    pub(super) fn of(statement: Statement<'m>) -> Self {
        if statement.row.module.origin != Origin::Nginx {
            return Self::Foreign(statement);
        }
        match statement.name() {
            "types" => Self::Types(statement),
            "map" => Self::Map(statement, Box::default()),
            "geo" => Self::Geo(statement, Box::default()),
            "split_clients" => Self::SplitClients(statement, split_clients::Parts::default()),
            "charset_map" => Self::CharsetMap(statement, charset_map::Codes::of(statement)),
            _ => Self::Other,
        }
    }
}

/// What reads the directive that opens such a block.
pub(super) fn setter(row: &DirectiveInfo) -> Option<Setter> {
    Some(match function(row) {
        "ngx_http_map_block" | "ngx_stream_map_block" => map::open,
        "ngx_http_geo_block" | "ngx_stream_geo_block" => geo::open,
        "ngx_conf_split_clients_block" => split_clients::open,
        "ngx_http_charset_map_block" => charset_map::open,
        _ if matches!(row.name, "map_hash_max_size" | "map_hash_bucket_size") => map::size,
        _ => return None,
    })
}

/// What is done when such a block ends.
pub(super) fn closer(row: &DirectiveInfo) -> Option<Setter> {
    Some(match function(row) {
        "ngx_conf_split_clients_block" => split_clients::close,
        "ngx_http_geo_block" | "ngx_stream_geo_block" => geo::close,
        "ngx_http_map_block" | "ngx_stream_map_block" => map::close,
        _ => return None,
    })
}

/// Reads a line.
pub(super) fn read<'m>(reading: &mut Reading<'m>, line: Directive<'m>) {
    match line.terminator() {
        Terminator::Missing => return,
        Terminator::Block => return reading.say(unexpected_block(line)),
        Terminator::Semicolon => {}
    }
    let mut entries = std::mem::take(&mut reading.state.entries);
    let of = |opener: &Statement<'m>| Statement {
        directive: line,
        ..*opener
    };
    match &mut entries {
        Entries::Other => {}
        Entries::Foreign(opener) => foreign(reading, of(opener)),
        Entries::Types(opener) => types::read(reading, of(opener)),
        Entries::Map(opener, map) => map::read(reading, of(opener), map),
        Entries::Geo(opener, geo) => geo::read(reading, of(opener), geo),
        Entries::SplitClients(opener, parts) => split_clients::read(reading, of(opener), parts),
        Entries::CharsetMap(opener, codes) => charset_map::read(reading, of(opener), codes),
    }
    reading.state.entries = entries;
}

/// A line may define a variable, as those of `geoip2` do.
fn foreign<'m>(reading: &mut Reading<'m>, line: Statement<'m>) {
    variables::define_foreign(reading, line, line.directive.name());
    variables::foreign(reading, line);
}

/// `ngx_conf_parse` says this for every such block.
fn unexpected_block(line: Directive<'_>) -> Finding {
    let mut finding = Finding::error(
        "unexpected-block",
        line.end(),
        format!("`{}` cannot have a block here", line.name().to_str()),
    )
    .label("not expected")
    .help("End the line with `;`, or close the block around it first");
    finding.nginx = emerg("unexpected \"{\"", Some(line.end()));
    finding
}

/// A line with too few words, or too many.
fn refuse_count<'m>(
    reading: &mut Reading<'m>,
    line: Statement<'m>,
    message: &'static str,
    nginx: &'static str,
) {
    let count = line.directive.words().len();
    reading.say(
        refusal(line, "wrong-argument-count", line.head(), message, nginx)
            .label(super::directive::words(count, "word", "words") + " here")
            .help("Write two words, with quotes round one that has blanks, and `;`"),
    );
}

/// Keeps the lines that a block of `http` computes its variable from.
fn keep<'m>(reading: &mut Reading<'m>, statement: Statement<'m>, table: Table) {
    if statement.row.module.family == Family::Http {
        reading.model.http.computed.add(statement, table);
    }
}

/// The variable that a block defines.
fn define<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    word: Word<'m>,
    by: crate::model::variables::Provenance,
) {
    match &*word.value() {
        [b'$', name @ ..] => {
            reading.define(statement, name, by, word.span());
        }
        _ => reading.refuse_name(statement, word),
    }
}
