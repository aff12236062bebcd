//! What `nginx -t` would say: one pass over a configuration in nginx's reading order,
//! which fills the [`Model`] as nginx fills its memory.
//!
//! nginx stops at its first error; the pass goes on and says what else is wrong, in the
//! order in which nginx would meet it. So the first finding of level `emerg` is the one
//! that nginx prints.
//!
//! - `pass` walks, and keeps the blocks that it is in.
//! - `directive` is what `ngx_conf_handler` does (`src/core/ngx_conf_file.c`).
//! - `value` is what the setters of plain values do (`ngx_conf_set_*_slot`).
//! - `sockets` and `server_names` have which servers share a socket, and by which names.
//! - `setters` finds what reads a directive: `core`, `http`, `stream` and `mail` have a file
//!   for each of nginx's modules that says more than "no such value".
//! - `live` looks for files.
//! - `networks` has `allow`, `deny` and `set_real_ip_from`.
//! - `pairs` has addresses and ports that are listened on once only.
//! - `reading` is what those work with: the model, and what to say.
//! - `end` is what nginx does when all is read.
//! - `entries` is for blocks whose lines are no directives, such as `map` and `types`.
//! - `syntax` and `include` put what earlier stages found into words.
//! - `start` is where a text is meant to stand.

mod core;
mod directive;
mod end;
mod entries;
mod hashes;
mod http;
mod include;
mod limits;
mod live;
mod logs;
mod lookup;
mod mail;
mod networks;
mod pairs;
mod pass;
mod paths;
mod reading;
mod say;
mod server_names;
mod setters;
mod sink;
mod sockets;
mod start;
mod state;
mod stream;
mod syntax;
mod tls;
mod types;
mod unknown;
mod upstreams;
mod value;
mod variables;
mod zones;

pub use start::{ContextError, Declared, Start};

use crate::directives::Modules;
use crate::finding::Finding;
use crate::model::{Config, Model, Texts};
use crate::version::Target;
use std::collections::BTreeMap;

/// The nginx that judges, and what it is given.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its release.
    pub target: Target,
    /// Its modules.
    pub modules: Modules,
    /// Whether it would run on this machine, so that a missing file counts.
    pub live: bool,
    /// Where the main text stands.
    pub start: Start,
}

/// A configuration that has been read.
#[derive(Debug)]
pub struct Reading<'m> {
    /// What nginx would hold in memory.
    pub model: Model<'m>,
    /// What it would say; the first refusal is the one that it prints.
    pub findings: Vec<Finding>,
    /// How much more it would say of each rule, behind
    /// [`Limits::findings`](crate::model::Limits).
    pub left_out: BTreeMap<&'static str, usize>,
}

/// Reads a configuration.
#[must_use]
pub fn read<'m>(texts: &'m Texts<'m>, config: &'m Config, options: &'m Options) -> Reading<'m> {
    pass::Pass::new(texts, config, options).run()
}
