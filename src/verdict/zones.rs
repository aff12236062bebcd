//! Shared memory (`ngx_shared_memory_add`, `ngx_init_cycle` in `src/core/ngx_cycle.c`).

use super::reading::{Reading, late_refusal, refusal};
use super::sink::printed;
use crate::directives::Context;
use crate::model::Statement;
use crate::model::zones::Zone;
use crate::source::Span;

/// The least size of most zones: eight pages of memory.
pub(super) const LEAST: i64 = 8 * PAGE;

/// A page of memory on the machines that nginx runs on most.
pub(super) const PAGE: i64 = 4096;

/// What a directive says of a zone.
pub(super) struct Mention<'a> {
    /// Its name.
    pub(super) name: &'a [u8],
    /// Its size in bytes, if the directive gives one.
    pub(super) size: Option<u64>,
    /// The module, which is nginx's tag.
    pub(super) module: &'static str,
    /// Where its name is.
    pub(super) span: Span,
}

/// Adds a zone, or finds the one of that name; what is wrong is said. Gives its place in
/// the model.
pub(super) fn mention<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    zone: &Mention<'_>,
) -> Option<usize> {
    let zones = &mut reading.model.zones;
    let Some(&index) = zones.by_name.get(zone.name) else {
        let index = zones.all.len();
        zones.by_name.insert(zone.name.to_vec(), index);
        zones.all.push(Zone {
            name: zone.name.to_vec(),
            module: zone.module,
            size: zone.size,
            statement,
            span: zone.span,
            definition: None,
        });
        return Some(index);
    };
    let known = &mut zones.all[index];
    let shown = printed(zone.name);
    if known.module != zone.module {
        let finding = refusal(
            statement,
            "zone-conflict",
            zone.span,
            format!("the zone `{shown}` is used for something else already"),
            format!("the shared memory zone \"{shown}\" is already declared for a different use"),
        )
        .related(known.span, "used here")
        .help("Give one of them another name");
        reading.say(finding);
        return None;
    }
    match (known.size, zone.size) {
        (None, size) => known.size = size,
        (Some(first), Some(size)) if first != size => {
            let finding = refusal(
                statement,
                "zone-conflict",
                zone.span,
                format!("the zone `{shown}` has {size} bytes here and {first} bytes elsewhere"),
                format!(
                    "the size {size} of shared memory zone \"{shown}\" conflicts with already \
                     declared size {first}"
                ),
            )
            .related(known.span, "named here first")
            .help("Give the same size in both places, or take another name");
            reading.say(finding);
            return None;
        }
        _ => {}
    }
    Some(index)
}

/// What nginx finds when it makes the zones.
pub(super) fn end(reading: &mut Reading<'_>) {
    let model = &reading.model;
    if !model.has_all_of(&[Context::Main, Context::Http, Context::Stream]) {
        return;
    }
    // These give a size in any block.
    let anywhere = model.complete;
    let findings: Vec<_> = reading
        .model
        .zones
        .all
        .iter()
        .filter(|zone| zone.size.is_none() && (anywhere || zone.module.contains("_limit_")))
        .map(|zone| {
            let name = printed(&zone.name);
            late_refusal(
                "undefined-zone",
                zone.span,
                format!("nothing gives the zone `{name}` a size"),
                format!("zero size shared memory zone \"{name}\""),
                None,
            )
            .help(help(zone))
        })
        .collect();
    for finding in findings {
        reading.say(finding);
    }
}

fn help(zone: &Zone<'_>) -> String {
    let name = printed(&zone.name);
    match zone.module {
        "ngx_http_limit_req_module" => {
            format!("Write `limit_req_zone KEY zone={name}:10m rate=10r/s;` in `http`")
        }
        "ngx_http_limit_conn_module" => {
            format!("Write `limit_conn_zone KEY zone={name}:10m;` in `http`")
        }
        "ngx_stream_limit_conn_module" => {
            format!("Write `limit_conn_zone KEY zone={name}:10m;` in `stream`")
        }
        _ => format!("Write its size behind the name, as in `{name} 64k`"),
    }
}
