//! The node of an upstream that a request goes to, where the request alone decides
//! (`src/http/modules/ngx_http_upstream_ip_hash_module.c`, `ngx_http_upstream_hash_module.c`).

use crate::evaluation::{Facts, Value};
use crate::model::Model;
use crate::model::upstream::{Method, Upstream};
use crate::values::checksum::crc32;
use std::net::IpAddr;

/// How often nginx tries another hash before it takes turns.
const TRIES: usize = 20;
/// Points of the ring for each unit of weight.
const POINTS: u32 = 160;
/// The heaviest upstream whose ring is worked out.
const HEAVIEST: i64 = 10_000;

/// How an upstream chooses, as it is written.
#[must_use]
pub(super) fn method(upstream: &Upstream<'_>) -> String {
    let mut text = match upstream.methods.last() {
        Some(method) if upstream.method != Method::RoundRobin => {
            let words = method
                .directive
                .words()
                .map(|word| word.to_str().into_owned());
            words.collect::<Vec<_>>().join(" ")
        }
        _ => "round robin".to_owned(),
    };
    if let Some(sticky) = upstream.sticky {
        let words = sticky
            .directive
            .words()
            .map(|word| word.to_str().into_owned());
        text = format!("{}, else {text}", words.collect::<Vec<_>>().join(" "));
    }
    text
}

/// The place of the server that gets the request while none has failed.
pub(super) fn chosen(
    model: &Model<'_>,
    upstream: &Upstream<'_>,
    facts: &mut Facts,
) -> Option<usize> {
    let usual: Vec<usize> = (0..upstream.servers.len())
        .filter(|index| !upstream.servers[*index].backup)
        .collect();
    let up: Vec<usize> = usual
        .iter()
        .copied()
        .filter(|i| !upstream.servers[*i].down)
        .collect();
    if let [only] = up.as_slice() {
        return Some(*only);
    }
    // A name may have several addresses, each of them a peer; a session may say otherwise.
    let addresses = upstream.servers.iter().all(|peer| {
        !peer.resolve && matches!(&peer.host, Some(host) if !matches!(host, crate::values::address::Host::Name(_)))
    });
    if !addresses || upstream.sticky.is_some() {
        return None;
    }
    match upstream.method {
        Method::IpHash => {
            let address = facts.client?;
            by_address(upstream, &usual, address)
        }
        Method::Hash => {
            let method = upstream.methods.last()?;
            let Value::Known(key) = facts.expand(&method.arg(0)?.value(), model) else {
                return None;
            };
            if key.is_empty() {
                return None;
            }
            let consistent = method.arg(1).is_some_and(|word| word.is("consistent"));
            if consistent {
                on_ring(upstream, &usual, &key)
            } else {
                by_key(upstream, &usual, &key)
            }
        }
        _ => None,
    }
}

/// The server that a number falls to, by weight.
fn weighed(upstream: &Upstream<'_>, usual: &[usize], number: u64) -> Option<usize> {
    let weight = |index: &usize| u64::try_from(upstream.servers[*index].weight).unwrap_or(1);
    let total: u64 = usual.iter().map(weight).sum();
    let mut rest = number.checked_rem(total)?;
    for index in usual {
        let weight = weight(index);
        if rest < weight {
            return Some(*index);
        }
        rest -= weight;
    }
    None
}

fn by_address(upstream: &Upstream<'_>, usual: &[usize], address: IpAddr) -> Option<usize> {
    let bytes = match address {
        IpAddr::V4(address) => address.octets()[..3].to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let mut hash = 89;
    (0..=TRIES).find_map(|_| {
        hash = bytes
            .iter()
            .fold(hash, |hash, byte| (hash * 113 + u64::from(*byte)) % 6271);
        weighed(upstream, usual, hash).filter(|index| !upstream.servers[*index].down)
    })
}

fn by_key(upstream: &Upstream<'_>, usual: &[usize], key: &[u8]) -> Option<usize> {
    let mut sum = 0_u64;
    (0..=TRIES).find_map(|tries| {
        let again = tries.to_string();
        let again = if tries == 0 { "" } else { &again };
        sum += u64::from(crc32(&[again.as_bytes(), key]) >> 16 & 0x7fff);
        weighed(upstream, usual, sum).filter(|index| !upstream.servers[*index].down)
    })
}

fn on_ring(upstream: &Upstream<'_>, usual: &[usize], key: &[u8]) -> Option<usize> {
    let weights = usual.iter().map(|index| upstream.servers[*index].weight);
    if weights.sum::<i64>() > HEAVIEST {
        return None;
    }
    let mut points: Vec<(u32, usize)> = Vec::new();
    for index in usual {
        let peer = &upstream.servers[*index];
        let text = peer.statement.arg(0)?.value().into_owned();
        let (host, port) = host_and_port(&text);
        let mut before = 0_u32;
        for _ in 0..u32::try_from(peer.weight).unwrap_or(1) * POINTS {
            before = crc32(&[host, b"\0", port, &before.to_le_bytes()]);
            points.push((before, *index));
        }
    }
    points.sort_by_key(|(hash, _)| *hash);
    points.dedup_by_key(|(hash, _)| *hash);
    let hash = crc32(&[key]);
    let first = points.partition_point(|(point, _)| *point < hash);
    let mut from = points
        .iter()
        .cycle()
        .skip(first)
        .take(TRIES + 1)
        .map(|(_, index)| *index);
    from.find(|index| !upstream.servers[*index].down)
}

/// The text of a server as nginx divides it for the ring.
fn host_and_port(text: &[u8]) -> (&[u8], &[u8]) {
    if text.len() >= 5 && text[..5].eq_ignore_ascii_case(b"unix:") {
        return (&text[5..], b"");
    }
    match memchr::memrchr(b':', text) {
        Some(colon) if text[colon + 1..].iter().all(u8::is_ascii_digit) => {
            (&text[..colon], &text[colon + 1..])
        }
        _ => (text, b""),
    }
}
