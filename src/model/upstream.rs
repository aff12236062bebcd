//! Upstreams, and who refers to them.

use super::scope::{ScopeId, Statement};
use crate::source::Span;
use std::collections::HashMap;

/// The upstreams of `http` or of `stream`.
#[derive(Debug, Clone, Default)]
pub struct Upstreams<'m> {
    /// Those with a block, in reading order.
    pub all: Vec<Upstream<'m>>,
    /// Each by its name in small letters.
    pub by_name: HashMap<Vec<u8>, usize>,
    /// Every reference to an address or an upstream, in reading order.
    pub references: Vec<Reference<'m>>,
}

/// An `upstream`.
#[derive(Debug, Clone)]
pub struct Upstream<'m> {
    /// Its name.
    pub name: Vec<u8>,
    /// Its block.
    pub scope: ScopeId,
    /// The directive that opens it.
    pub statement: Statement<'m>,
    /// Its servers, in reading order.
    pub servers: Vec<Peer<'m>>,
}

/// A `server` of an upstream.
#[derive(Debug, Clone)]
pub struct Peer<'m> {
    /// The directive.
    pub statement: Statement<'m>,
    /// Its address, where it can be read.
    pub host: Option<crate::values::address::Host>,
    /// Its port.
    pub port: Option<u16>,
    /// `backup`.
    pub backup: bool,
    /// `down`.
    pub down: bool,
    /// `resolve`.
    pub resolve: bool,
}

/// A place that names an upstream or a host, such as `proxy_pass`.
#[derive(Debug, Clone)]
pub struct Reference<'m> {
    /// The directive.
    pub statement: Statement<'m>,
    /// The host, without scheme and port.
    pub host: Vec<u8>,
    /// The port that is written.
    pub port: Option<u16>,
    /// Where the host is.
    pub span: Span,
}

impl<'m> Upstreams<'m> {
    /// An upstream by its name, in any letters.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<&Upstream<'m>> {
        let index = self.by_name.get(&name.to_ascii_lowercase())?;
        Some(&self.all[*index])
    }
}
