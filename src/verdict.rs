//! What `nginx -t` would say: one pass over a configuration in nginx's reading order.
//!
//! nginx stops at its first error; the pass goes on and says what else is wrong, in the
//! order in which nginx would meet it. So the first finding of level `emerg` is the one
//! that nginx prints.
//!
//! - `pass` walks, and keeps the blocks that it is in.
//! - `directive` is what `ngx_conf_handler` does (`src/core/ngx_conf_file.c`).
//! - `value` is what the setters of plain values do (`ngx_conf_set_*_slot`).
//! - `entries` is for blocks whose lines are no directives, such as `map` and `types`.
//! - `syntax` and `include` put what earlier stages found into words.
//! - `start` is where a text is meant to stand.

mod directive;
mod entries;
mod include;
mod lookup;
mod pass;
mod sink;
mod start;
mod syntax;
mod unknown;
mod value;

pub use start::{ContextError, Declared, Start};

use crate::directives::Modules;
use crate::finding::Finding;
use crate::model::{Config, Texts};
use crate::version::Target;

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

/// Judges a configuration.
#[must_use]
pub fn judge(texts: &Texts<'_>, config: &Config, options: &Options) -> Vec<Finding> {
    pass::Pass::new(texts, config, options).run()
}
