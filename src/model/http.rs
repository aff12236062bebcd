//! What `http` holds: servers, locations, upstreams and what they share.

use super::computed::ComputedVariables;
use super::logs::LogFormats;
use super::scope::{ScopeId, Statement};
use super::sockets::Sockets;
use super::upstream::Upstreams;
use super::variables::Variables;
use crate::values::regex::Regex;
use std::borrow::Cow;
use std::rc::Rc;

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
    /// What its servers listen on.
    pub sockets: Sockets<'m>,
    /// Its log formats.
    pub log_formats: LogFormats<'m>,
    /// The location that a block is, by the block's place.
    location_of: Vec<Option<LocationId>>,
    /// Its upstreams.
    pub upstreams: Upstreams<'m>,
    /// Its variables.
    pub variables: Variables,
    /// Those that `map`, `geo` and `split_clients` compute.
    pub computed: ComputedVariables<'m>,
}

/// Names a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerId(pub(crate) u32);

impl ServerId {
    /// Its place among the servers, which come in reading order.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

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
    /// What its `server_name`s say, in reading order; none stands for the empty name.
    pub names: Vec<ServerName<'m>>,
    /// The locations directly in it, in reading order; sorted as nginx does when the
    /// configuration is read.
    pub locations: Vec<LocationId>,
}

/// One name of a server.
#[derive(Debug, Clone)]
pub struct ServerName<'m> {
    /// In small letters; a regular expression as it is, without `~`.
    pub name: Cow<'m, [u8]>,
    /// The expression.
    pub regex: Option<Rc<Regex>>,
    /// Where it is written.
    pub span: crate::source::Span,
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
    pub name: Cow<'m, [u8]>,
    /// Its expression, where it is matched by one.
    pub regex: Option<Rc<Regex>>,
    /// Whether it hands its requests on itself, by `proxy_pass` and its like.
    pub passes: bool,
    /// The locations directly in it, as those of a server.
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
    /// `if` in a server or a location, with the name of that.
    If,
    /// `limit_except`, with the name of its location.
    LimitExcept,
    /// Its modifier is none of nginx's, or its expression does not compile.
    Invalid,
}

impl LocationKind {
    /// Whether a regular expression decides.
    #[must_use]
    pub fn is_regex(self) -> bool {
        matches!(self, Self::Regex | Self::RegexCaseless)
    }

    /// Whether it is compared as a whole, is a prefix or an exact path (nginx's static
    /// locations).
    #[must_use]
    pub fn is_static(self) -> bool {
        matches!(self, Self::Prefix | Self::PrefixNoRegex | Self::Exact)
    }

    /// Where nginx sorts it among its neighbours.
    pub(crate) fn rank(self) -> u8 {
        match self {
            Self::Prefix | Self::PrefixNoRegex | Self::Exact => 0,
            Self::Regex | Self::RegexCaseless => 1,
            Self::Named => 2,
            Self::If | Self::LimitExcept | Self::Invalid => 3,
        }
    }
}

/// What handles a path on a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// No location: what the server says itself.
    Server,
    /// This location.
    Location(LocationId),
    /// A redirect to the path with a slash behind it: this location has that path and hands
    /// its requests on (`auto_redirect`).
    Redirect(LocationId),
}

impl<'m> Http<'m> {
    /// A server.
    ///
    /// # Panics
    /// If the id is of another model.
    #[must_use]
    pub fn server(&self, id: ServerId) -> &Server<'m> {
        &self.servers[id.0 as usize]
    }

    /// Every server, in reading order.
    pub fn server_ids(&self) -> impl Iterator<Item = ServerId> + use<> {
        (0..self.servers.len() as u32).map(ServerId)
    }

    /// The server that a block is.
    #[must_use]
    pub fn server_of(&self, scope: ScopeId) -> Option<ServerId> {
        let servers = &self.servers;
        let found = servers.binary_search_by_key(&scope, |server| server.scope);
        Some(ServerId(found.ok()? as u32))
    }

    /// A location.
    ///
    /// # Panics
    /// If the id is of another model.
    #[must_use]
    pub fn location(&self, id: LocationId) -> &Location<'m> {
        &self.locations[id.0 as usize]
    }

    /// The location that a block is, `if` and `limit_except` included.
    #[must_use]
    pub fn location_of(&self, scope: ScopeId) -> Option<LocationId> {
        *self.location_of.get(scope.index())?
    }

    /// Adds a location to those that it stands among.
    pub(crate) fn add_location(&mut self, location: Location<'m>) {
        let id = LocationId(u32::try_from(self.locations.len()).unwrap_or(u32::MAX));
        let scope = location.scope.index();
        self.location_of.resize(scope, None);
        self.location_of.push(Some(id));
        let siblings = match (location.parent, location.server) {
            (Some(parent), _) => Some(&mut self.locations[parent.0 as usize].locations),
            (None, Some(server)) => Some(&mut self.servers[server.index()].locations),
            (None, None) => None,
        };
        if let Some(siblings) = siblings {
            siblings.push(id);
        }
        self.locations.push(location);
    }

    /// The locations among others that a regular expression decides about, in the order in
    /// which nginx tries them.
    pub fn regexes(&self, among: &[LocationId]) -> impl Iterator<Item = LocationId> {
        among
            .iter()
            .copied()
            .filter(|id| self.location(*id).kind.is_regex())
    }

    /// The named location of a server, such as `@fallback`: the first of that name.
    #[must_use]
    pub fn named(&self, server: ServerId, name: &[u8]) -> Option<LocationId> {
        self.server(server).locations.iter().copied().find(|id| {
            let location = self.location(*id);
            location.kind == LocationKind::Named && *location.name == *name
        })
    }

    /// The location that handles a normalized path (`ngx_http_core_find_location`).
    #[must_use]
    pub fn find_location(&self, server: ServerId, path: &[u8]) -> Found {
        self.find_among(&self.server(server).locations, path)
    }

    /// The location among others to which a path lacks only the final slash, when that one
    /// hands its requests on (`ngx_http_core_find_static_location`).
    fn redirect(&self, among: &[LocationId], path: &[u8]) -> Option<LocationId> {
        if path.ends_with(b"/") {
            return None;
        }
        let lacks = |name: &[u8]| name.strip_suffix(b"/") == Some(path);
        let found = among.iter().copied().find(|id| {
            let location = self.location(*id);
            location.kind.is_static() && location.passes && lacks(&location.name)
        });
        let same = |id: &LocationId| {
            let location = self.location(*id);
            location.kind.is_static() && *location.name == *path
        };
        found.filter(|_| !among.iter().any(same))
    }

    /// nginx goes down the prefixes; then, from the innermost outwards, it tries the
    /// expressions beside each of them unless that one forbids it.
    fn find_among(&self, among: &[LocationId], path: &[u8]) -> Found {
        let mut found = Found::Server;
        let mut level = among;
        loop {
            let mut chain = Vec::new();
            loop {
                if let Some(id) = self.redirect(level, path) {
                    return Found::Redirect(id);
                }
                let best = match self.find_static(level, path) {
                    Some(id) if self.location(id).kind == LocationKind::Exact => {
                        return Found::Location(id);
                    }
                    best => best,
                };
                chain.push((level, best));
                let Some(best) = best else { break };
                found = Found::Location(best);
                level = &self.location(best).locations;
            }
            let matching = chain.iter().rev().find_map(|(level, best)| {
                let kind = best.map(|id| self.location(id).kind);
                if kind == Some(LocationKind::PrefixNoRegex) {
                    return None;
                }
                self.regexes(level).find(|id| self.is_match(*id, path))
            });
            // Locations inside the one with the expression go before it.
            let Some(id) = matching else { return found };
            found = Found::Location(id);
            level = &self.location(id).locations;
        }
    }

    /// An exact location, else the longest prefix.
    fn find_static(&self, among: &[LocationId], path: &[u8]) -> Option<LocationId> {
        let mut best: Option<&LocationId> = None;
        for id in among {
            let location = self.location(*id);
            match location.kind {
                LocationKind::Exact if *location.name == *path => return Some(*id),
                LocationKind::Prefix | LocationKind::PrefixNoRegex
                    if path.starts_with(&location.name)
                        && best.is_none_or(|best| {
                            self.location(*best).name.len() < location.name.len()
                        }) =>
                {
                    best = Some(id);
                }
                _ => {}
            }
        }
        best.copied()
    }

    fn is_match(&self, id: LocationId, path: &[u8]) -> bool {
        let regex = self.location(id).regex.as_ref();
        regex.is_some_and(|regex| regex.is_match(path))
    }
}
