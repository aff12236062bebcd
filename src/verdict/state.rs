//! What the verdict remembers beside the model.

use super::core::{Events, Pool};
use super::entries::Entries;
use super::entries::charset_map::Charsets;
use super::entries::map::Sizes;
use super::entries::types::Extensions;
use super::http::access::Referers;
use super::http::passing;
use super::limits;
use super::logs::Buffer;
use super::pairs::Pairs;
use super::paths;
use super::sockets::Redefinitions;
use super::upstreams;
use crate::model::ScopeId;
use foldhash::HashMap;

/// State of single modules; a field each.
#[derive(Debug, Default)]
pub(super) struct State<'m> {
    /// `events`, and what listens.
    pub(super) events: Events<'m>,
    /// The pools of threads, in the order of first mention.
    pub(super) thread_pools: Vec<Pool<'m>>,
    /// Folders that nginx makes.
    pub(super) paths: paths::State<'m>,
    /// The modules of `http` that pass requests on.
    pub(super) passing: passing::State<'m>,
    /// What `limit_req` and `limit_conn` limit by.
    pub(super) limits: limits::State<'m>,
    /// Upstreams of `http` and of `stream`, and the addresses that are passed to.
    pub(super) upstreams: upstreams::State<'m>,
    /// Whether the server that is being read has a `listen`.
    pub(super) listens: bool,
    /// What servers said about the protocols of each socket.
    pub(super) redefinitions: Redefinitions,
    /// A directive is not known, and might define what is missing elsewhere.
    pub(super) has_unknown_directives: bool,
    /// The block of entries that is being read.
    pub(super) entries: Entries<'m>,
    /// The sizes of maps in `http` and in `stream`.
    pub(super) map_sizes: [Sizes; 2],
    /// What the `types` of each block have.
    pub(super) extensions: Extensions,
    /// How many `sub_filter`s a block has.
    pub(super) sub_patterns: HashMap<ScopeId, usize>,
    /// The `valid_referers` of each block.
    pub(super) referers: HashMap<ScopeId, Referers>,
    /// A `source_charset` is given.
    pub(super) recodes: bool,
    /// Character sets.
    pub(super) charsets: Charsets,
    /// How logs are buffered, by their names.
    pub(super) log_buffers: HashMap<Vec<u8>, Buffer>,
    /// The types that lists of a block have; `None` for all.
    pub(super) mime_types: HashMap<(ScopeId, &'static str), Option<Vec<Vec<u8>>>>,
    /// What servers of `mail` listen on.
    pub(super) mail_pairs: Pairs,
    /// What servers of `stream` listen on, before 1.25.5.
    pub(super) stream_pairs: Pairs,
}
