//! What rules ask about upstreams.

use crate::directives::Family;
use crate::model::upstream::{Keepalive, Peer, Reference, Upstream, Upstreams};
use crate::model::{Model, Statement};
use crate::values::address::Host;

/// The upstreams beside one: those of `http` or of `stream`.
#[must_use]
pub fn siblings<'a, 'm>(model: &'a Model<'m>, upstream: &Upstream<'m>) -> &'a Upstreams<'m> {
    match upstream.statement.row.module.family {
        Family::Stream => &model.stream.upstreams,
        _ => &model.http.upstreams,
    }
}

/// Who passes requests to an upstream by its name.
pub fn users<'a, 'm>(
    model: &'a Model<'m>,
    upstream: &'a Upstream<'m>,
) -> impl Iterator<Item = &'a Reference<'m>> {
    let all = &siblings(model, upstream).references;
    // A part of a configuration does not come to the end of `http`, where they are noted.
    let noted = !upstream.references.is_empty() || model.whole;
    let by_name = move |reference: &&Reference<'m>| {
        !reference.unix && reference.host.eq_ignore_ascii_case(&upstream.name)
    };
    let indexes = upstream.references.iter().filter_map(|at| all.get(*at));
    let unnoted = if noted { &all[..0] } else { &all[..] };
    indexes.chain(unnoted.iter().filter(by_name))
}

/// Its servers that are not `backup`.
pub fn primaries<'a, 'm>(upstream: &'a Upstream<'m>) -> impl Iterator<Item = &'a Peer<'m>> {
    upstream.servers.iter().filter(|peer| !peer.backup)
}

/// Its `sticky`; that of nginx Plus is read by nobody but rules.
#[must_use]
pub fn sticky<'m>(model: &Model<'m>, upstream: &Upstream<'m>) -> Option<Statement<'m>> {
    let written = || model.scope(upstream.scope).first("sticky");
    upstream.sticky.or_else(written)
}

/// Its `keepalive`, if connections are to be kept.
#[must_use]
pub fn keepalive<'m>(upstream: &Upstream<'m>) -> Option<Keepalive<'m>> {
    { upstream.keepalive }.filter(|keepalive| keepalive.connections > 0)
}

/// Whether a server is one address, not a name that may stand for several.
#[must_use]
pub fn is_address(peer: &Peer<'_>) -> bool {
    matches!(peer.host, Some(Host::V4(_) | Host::V6(_) | Host::Unix(_)))
}

/// Its name for a message.
#[must_use]
pub fn shown(upstream: &Upstream<'_>) -> String {
    String::from_utf8_lossy(&upstream.name).into_owned()
}
