//! What `ngx_http_upstream_init_main_conf` and `ngx_stream_upstream_init_main_conf` do
//! with all upstreams (`ngx_http_upstream_init_round_robin`).

use super::add::Entry;
use super::upstreams;
use crate::directives::{Context, Family};
use crate::finding::Finding;
use crate::model::upstream::{Peer, Upstream};
use crate::values::address::Host;
use crate::values::small;
use crate::verdict::reading::{Reading, late_refusal};
use crate::verdict::sink::printed;

/// Looks at every upstream, and at every address that has none.
pub(in super::super) fn settle(reading: &mut Reading<'_>, family: Family) {
    let upstreams = upstreams(reading, family);
    for index in 0..upstreams.references.len() {
        let reference = &upstreams.references[index];
        if reference.unix {
            continue;
        }
        if let Some(&at) = upstreams.by_name.get(&*small(&reference.host)) {
            upstreams.all[at].references.push(index);
        }
    }
    let added = std::mem::take(reading.state.upstreams.of(family));
    let outer = match family {
        Family::Stream => Context::Stream,
        _ => Context::Http,
    };
    let named = reading.model.has_all_of(&[Context::Main, outer]);
    let all = match family {
        Family::Stream => &reading.model.stream.upstreams.all,
        _ => &reading.model.http.upstreams.all,
    };
    let mut findings = Vec::new();
    for entry in &added.all {
        let finding = match entry.block {
            Some(index) => block(reading, entry, &all[index]),
            None if named && !entry.has_port() => Some(no_port(entry)),
            None => None,
        };
        findings.extend(finding);
    }
    for finding in findings {
        reading.say(finding);
    }
}

/// Whether nginx looks its name up while it runs.
fn resolves(peer: &Peer<'_>) -> bool {
    peer.resolve && matches!(peer.host, Some(Host::Name(_)))
}

fn block<'m>(reading: &Reading<'m>, entry: &Entry<'m>, upstream: &Upstream<'m>) -> Option<Finding> {
    if !reading.model.has_all_around(upstream.scope) {
        return None;
    }
    let name = printed(entry.host());
    if let Some(peer) = upstream.servers.iter().find(|peer| resolves(peer)) {
        let span = peer.statement.head();
        if upstream.zone.is_none() {
            let place = reading.place(entry.statement.end());
            return Some(
                late_refusal(
                    "resolve-without-zone",
                    span,
                    format!(
                        "`resolve` needs shared memory, and the upstream `{name}` has no `zone`"
                    ),
                    format!(
                        "resolving names at run time requires upstream \"{name}\" in {place} to be \
                         in shared memory"
                    ),
                    None,
                )
                .related(upstream.statement.head(), "the upstream")
                .help(format!("Write `zone {name} 64k;` into the upstream")),
            );
        }
        if reading.model.value(upstream.scope, "resolver").is_none() {
            let outer = match upstream.statement.row.module.family {
                Family::Stream => "stream",
                _ => "http",
            };
            return Some(
                late_refusal(
                    "resolve-without-resolver",
                    span,
                    format!("`resolve` needs a `resolver`, and neither `{outer}` nor the upstream has one"),
                    format!(
                        "no resolver defined to resolve names at run time in upstream \"{name}\""
                    ),
                    Some(entry.statement.end()),
                )
                .related(upstream.statement.head(), "the upstream")
                .help(format!(
                    "Write `resolver ADDRESS;` into the upstream or into `{outer}`"
                )),
            );
        }
    }
    let empty = !upstream.servers.is_empty() && upstream.servers.iter().all(|peer| peer.backup);
    empty.then(|| {
        late_refusal(
            "upstream-only-backup",
            upstream.statement.head(),
            format!("all servers of the upstream `{name}` are `backup`"),
            format!("no servers in upstream \"{name}\""),
            Some(entry.statement.end()),
        )
        .help("Remove `backup` from one of them")
    })
}

/// An address without a port, whose protocol has none of its own.
fn no_port(entry: &Entry<'_>) -> Finding {
    let name = printed(entry.host());
    let directive = entry.statement.name();
    late_refusal(
        "bad-upstream-server-address",
        entry.span,
        format!("`{name}` is no upstream, and `{directive}` needs a port with an address"),
        format!("no port in upstream \"{name}\""),
        Some(entry.statement.end()),
    )
    .help(format!(
        "Write the port, as in `{name}:8000`, or an `upstream` of that name"
    ))
}
