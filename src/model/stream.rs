//! What `stream` holds.

use super::http::ServerName;
use super::logs::LogFormats;
use super::scope::{ScopeId, Statement};
use super::sockets::Sockets;
use super::upstream::Upstreams;
use super::variables::Variables;

/// All of `stream`.
#[derive(Debug, Clone, Default)]
pub struct Stream<'m> {
    /// Its own block.
    pub scope: Option<ScopeId>,
    /// Its servers, in reading order.
    pub servers: Vec<StreamServer<'m>>,
    /// What its servers listen on; [`super::http::ServerId`] counts `servers` there.
    pub sockets: Sockets<'m>,
    /// Its upstreams.
    pub upstreams: Upstreams<'m>,
    /// Its log formats.
    pub log_formats: LogFormats<'m>,
    /// Its variables.
    pub variables: Variables,
}

/// A `server` of `stream`.
#[derive(Debug, Clone)]
pub struct StreamServer<'m> {
    /// Its block.
    pub scope: ScopeId,
    /// The directive that opens it.
    pub statement: Statement<'m>,
    /// What its `server_name`s say, in reading order; none stands for the empty name.
    pub names: Vec<ServerName<'m>>,
    /// Its `listen`s, in reading order.
    pub listens: Vec<Statement<'m>>,
}
