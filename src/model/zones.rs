//! Shared memory.

use super::scope::Statement;
use crate::source::Span;
use foldhash::HashMap;

/// The zones of a configuration.
#[derive(Debug, Clone, Default)]
pub struct Zones<'m> {
    /// Each zone, in the order of first mention (`ngx_shared_memory_add`).
    pub all: Vec<Zone<'m>>,
    /// Each by its name, which stands for one zone of one kind.
    pub by_name: HashMap<Vec<u8>, usize>,
}

/// A zone.
#[derive(Debug, Clone)]
pub struct Zone<'m> {
    /// Its name.
    pub name: Vec<u8>,
    /// What it is for: the module that first names it (nginx's tag).
    pub module: &'static str,
    /// Its size in bytes, once somebody has given one.
    pub size: Option<u64>,
    /// Who names it first.
    pub statement: Statement<'m>,
    /// Where.
    pub span: Span,
    /// What says what is in it, such as `limit_req_zone` or `proxy_cache_path`; `None` while
    /// it is only used, and for kinds that need no such directive.
    pub definition: Option<Statement<'m>>,
}

impl<'m> Zones<'m> {
    /// A zone by its name.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<&Zone<'m>> {
        Some(&self.all[*self.by_name.get(name)?])
    }
}
