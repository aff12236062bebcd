//! What `http` holds: servers, locations, upstreams and what they share.

use super::scope::{ScopeId, Statement};
use super::upstream::Upstreams;
use super::variables::Variables;

/// All of `http`.
#[derive(Debug, Clone, Default)]
pub struct Http<'m> {
    /// Its own block; `None` until one is read. A part of a configuration has the block that
    /// it stands in.
    pub scope: Option<ScopeId>,
    /// Its servers, in reading order.
    pub servers: Vec<Server<'m>>,
    /// Its locations of all servers, in reading order.
    pub locations: Vec<Location<'m>>,
    /// Its upstreams.
    pub upstreams: Upstreams<'m>,
    /// Its variables.
    pub variables: Variables,
}

/// Names a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerId(pub(crate) u32);

/// Names a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocationId(pub(crate) u32);

/// A `server`.
#[derive(Debug, Clone)]
pub struct Server<'m> {
    /// Its block.
    pub scope: ScopeId,
    /// The directive that opens it.
    pub statement: Statement<'m>,
    /// The locations directly in it, in reading order.
    pub locations: Vec<LocationId>,
}

/// A `location`, also the one that `if` and `limit_except` make.
#[derive(Debug, Clone)]
pub struct Location<'m> {
    /// Its block.
    pub scope: ScopeId,
    /// The directive that opens it.
    pub statement: Statement<'m>,
    /// The server that it is in.
    pub server: Option<ServerId>,
    /// The location around it.
    pub parent: Option<LocationId>,
    /// How it is matched.
    pub kind: LocationKind,
    /// Its prefix, pattern or name, with `@`.
    pub name: Vec<u8>,
    /// The locations directly in it, in reading order.
    pub locations: Vec<LocationId>,
}

/// How a location is matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LocationKind {
    /// `location /a`.
    Prefix,
    /// `location ^~ /a`.
    PrefixNoRegex,
    /// `location = /a`.
    Exact,
    /// `location ~ a`.
    Regex,
    /// `location ~* a`.
    RegexCaseless,
    /// `location @a`.
    Named,
    /// Its modifier is none of nginx's.
    Invalid,
}
