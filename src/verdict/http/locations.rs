//! The order of locations, and which of them are the same (`ngx_http_init_locations`,
//! `ngx_http_join_exact_locations`).

use super::super::reading::{Reading, late_refusal};
use super::super::sink::printed;
use crate::finding::Finding;
use crate::model::http::{Http, Location, LocationId, LocationKind};
use std::cmp::Ordering;

/// Sorts the locations of every server as nginx does, and says which are given twice.
pub(super) fn sort(reading: &mut Reading<'_>) {
    let http = &mut reading.model.http;
    let mut findings = Vec::new();
    for index in 0..http.servers.len() {
        let mut siblings = std::mem::take(&mut http.servers[index].locations);
        sort_level(http, &mut siblings, &mut findings);
        http.servers[index].locations = siblings;
    }
    for finding in findings {
        reading.say(finding);
    }
}

/// Notes which locations hand their requests on.
pub(super) fn note_passes(http: &mut Http<'_>) {
    for reference in &http.upstreams.references {
        if let Some(id) = http.location_of(reference.statement.scope) {
            http.locations[id.0 as usize].passes = true;
        }
    }
}

/// Sorts some locations and those inside them; nginx judges the innermost first.
fn sort_level(http: &mut Http<'_>, siblings: &mut [LocationId], findings: &mut Vec<Finding>) {
    // Without recursion: outer ones before inner ones and last before first, then backwards.
    let mut levels: Vec<(usize, Vec<LocationId>)> = Vec::new();
    sort_siblings(http, siblings);
    let mut open = siblings.to_vec();
    while let Some(id) = open.pop() {
        let index = id.0 as usize;
        if http.locations[index].locations.is_empty() {
            continue;
        }
        let mut inside = std::mem::take(&mut http.locations[index].locations);
        sort_siblings(http, &mut inside);
        open.extend(&inside);
        levels.push((index, inside));
    }
    for (index, inside) in levels.into_iter().rev() {
        findings.extend(duplicates(http, &inside));
        http.locations[index].locations = inside;
    }
    findings.extend(duplicates(http, siblings));
}

fn sort_siblings(http: &Http<'_>, siblings: &mut [LocationId]) {
    siblings.sort_by(|one, two| compare(http.location(*one), http.location(*two)));
}

/// `ngx_http_cmp_locations`; what is equal stays in reading order.
fn compare(one: &Location<'_>, two: &Location<'_>) -> Ordering {
    one.kind
        .rank()
        .cmp(&two.kind.rank())
        .then_with(|| match one.kind {
            LocationKind::Named => one.name.cmp(&two.name),
            kind if kind.is_static() => slash_first(&one.name).cmp(slash_first(&two.name)),
            _ => Ordering::Equal,
        })
        .then_with(|| {
            let inclusive = |kind| kind != LocationKind::Exact && LocationKind::is_static(kind);
            inclusive(one.kind).cmp(&inclusive(two.kind))
        })
}

/// `/` goes before every other byte (`ngx_filename_cmp`).
fn slash_first(name: &[u8]) -> impl Iterator<Item = u16> {
    name.iter().map(|byte| match byte {
        b'/' => 0,
        byte => u16::from(*byte) + 1,
    })
}

/// Of two that are the same, nginx names the second.
fn duplicates(http: &Http<'_>, siblings: &[LocationId]) -> Vec<Finding> {
    let fixed = siblings.iter().map(|id| http.location(*id));
    let fixed: Vec<_> = fixed.filter(|location| location.kind.is_static()).collect();
    let pairs = fixed.windows(2).filter_map(|pair| {
        let exact = |location: &Location<'_>| location.kind == LocationKind::Exact;
        let [first, second] = pair else { return None };
        (first.name == second.name && exact(first) == exact(second)).then_some((first, second))
    });
    let finding = |(first, second): (&&Location<'_>, &&Location<'_>)| {
        let name = printed(&second.name);
        late_refusal(
            "duplicate-location",
            second.statement.head(),
            format!("the location `{name}` is there twice"),
            format!("duplicate location \"{name}\""),
            Some(second.statement.end()),
        )
        .label("second")
        .related(first.statement.head(), "first")
        .help("Put what they say into one location")
    };
    pairs.map(finding).collect()
}
