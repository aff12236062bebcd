//! `geo` (`ngx_http_geo_module`, `ngx_stream_geo_module`).

use super::super::networks::warn_of_low_bits;
use super::super::reading::{Reading, refusal, warning};
use super::super::sink::printed;
use super::Entries;
use crate::directives::Family;
use crate::model::Statement;
use crate::model::computed::{GeoTable, Table};
use crate::model::variables::Provenance;
use crate::syntax::Word;
use crate::values::address::inet_addr;
use ipnet::IpNet;
use std::net::IpAddr;

/// Ranges that are wider than all of these together are not compared any more.
const MOST_CHUNKS: usize = 4_000_000;

/// What is known of a `geo` so far.
#[derive(Debug, Default)]
pub(in super::super) struct Geo {
    /// A network has been given.
    has_networks: bool,
    table: GeoTable,
    work: usize,
}

pub(super) fn open<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(first) = statement.arg(0) else {
        return;
    };
    let Some(second) = statement.arg(1) else {
        return super::define(reading, statement, first, Provenance::Geo);
    };
    match &*first.value() {
        [b'$', name @ ..] => {
            if reading.index(statement, name, first.span()) {
                super::define(reading, statement, second, Provenance::Geo);
            }
        }
        _ => reading.refuse_name(statement, first),
    }
}

/// What nginx then looks addresses up in.
pub(super) fn close<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    if let Entries::Geo(_, geo) = std::mem::take(&mut reading.state.entries) {
        super::keep(reading, statement, Table::Geo(geo.table));
    }
}

pub(super) fn read<'m>(reading: &mut Reading<'m>, line: Statement<'m>, geo: &mut Geo) {
    let http = line.row.module.family == Family::Http;
    let name = line.directive.name();
    let word = name.value();
    let Some(value) = line.arg(0).filter(|_| line.args().len() == 1) else {
        match &*word {
            b"ranges" if line.args().len() == 0 => ranges(reading, line, geo),
            b"proxy_recursive" if line.args().len() == 0 && http => {
                geo.table.proxy_recursive = true;
            }
            b"volatile" if line.args().len() == 0 && reading.at_least(1, 29, 3) => {
                geo.table.volatile = true;
            }
            _ => super::refuse_count(
                reading,
                line,
                "a line of `geo` has an address and a value",
                "invalid number of the geo parameters",
            ),
        }
        return;
    };
    match &*word {
        b"include" => {}
        b"proxy" if http => {
            let network = network(reading, line, value);
            geo.table.proxies.extend(network);
        }
        _ if geo.table.ranges => range(reading, line, value, geo),
        _ => cidr(reading, line, value, geo),
    }
}

fn ranges<'m>(reading: &mut Reading<'m>, line: Statement<'m>, geo: &mut Geo) {
    if geo.has_networks {
        reading.say(
            refusal(
                line,
                "geo-ranges-too-late",
                line.head(),
                "`ranges` comes behind networks",
                "the \"ranges\" directive must be the first directive inside \"geo\" block",
            )
            .help("Move it to the beginning of the block"),
        );
        return;
    }
    geo.table.ranges = true;
}

/// Reads a network; what is wrong with it is said.
pub(in super::super) fn network<'m>(
    reading: &mut Reading<'m>,
    line: Statement<'m>,
    word: Word<'m>,
) -> Option<IpNet> {
    let value = word.value();
    if *value == *b"255.255.255.255" {
        return IpNet::new(IpAddr::from([255, 255, 255, 255]), 32).ok();
    }
    let network = warn_of_low_bits(reading, line, word);
    if network.is_none() {
        let shown = printed(&value);
        reading.refuse(
            line,
            word,
            "invalid-network",
            format!("`{shown}` is no network"),
            format!("invalid network \"{shown}\""),
            "Write an address such as `192.0.2.1` or a network such as `192.0.2.0/24`",
        );
    }
    network.map(|cidr| cidr.network)
}

fn cidr<'m>(reading: &mut Reading<'m>, line: Statement<'m>, value: Word<'m>, geo: &mut Geo) {
    geo.has_networks = true;
    let name = line.directive.name();
    if name.is("default") {
        for network in [IpNet::V4(Default::default()), IpNet::V6(Default::default())] {
            add_network(reading, line, network, value, geo);
        }
    } else if name.is("delete") {
        if let Some(network) = network(reading, line, value)
            && geo.table.networks.remove(&network).is_none()
        {
            let new = printed(&value.value()).into_owned();
            reading.say(
                warning(
                    line,
                    "nothing-to-delete",
                    value.span(),
                    format!("`{new}` is not in the `geo`"),
                    format!("no network \"{new}\" to delete"),
                )
                .help("Remove the line"),
            );
        }
    } else if let Some(network) = network(reading, line, name) {
        add_network(reading, line, network, value, geo);
    }
}

fn add_network<'m>(
    reading: &mut Reading<'m>,
    line: Statement<'m>,
    network: IpNet,
    value: Word<'m>,
    geo: &mut Geo,
) {
    let value = value.value().into_owned();
    if geo.table.networks.contains_key(&network) {
        let name = line.directive.name();
        let shown = printed(&name.value()).into_owned();
        // nginx looks the first address of the network up, which a smaller one may have.
        let narrower = (network.prefix_len()..=network.max_prefix_len()).rev();
        let found = narrower
            .filter_map(|length| IpNet::new(network.network(), length).ok())
            .find_map(|network| geo.table.networks.get(&network));
        let old = printed(found.map(Vec::as_slice).unwrap_or_default()).into_owned();
        let new = printed(&value);
        reading.say(
            warning(
                line,
                "duplicate-value",
                name.span(),
                format!("`{shown}` is in the `geo` already, as `{old}`"),
                format!("duplicate network \"{shown}\", value: \"{new}\", old value: \"{old}\""),
            )
            .help("Remove one of the lines"),
        );
    }
    geo.table.networks.insert(network, value);
}

fn range<'m>(reading: &mut Reading<'m>, line: Statement<'m>, value: Word<'m>, geo: &mut Geo) {
    let name = line.directive.name();
    let new = value.value().into_owned();
    if name.is("default") {
        if let Some(old) = geo.table.default.replace(new.clone()) {
            let (old, new) = (printed(&old), printed(&new));
            reading.say(
                warning(
                    line,
                    "duplicate-value",
                    name.span(),
                    format!("`default` is in the `geo` already, as `{old}`"),
                    format!("duplicate default geo range value: \"{new}\", old value: \"{old}\""),
                )
                .help("Remove one of the lines"),
            );
        }
        return;
    }
    let delete = name.is("delete");
    let net = if delete { value } else { name };
    let Some((start, end)) = parse_range(&net.value()) else {
        let shown = net.to_str();
        reading.refuse(
            line,
            net,
            "invalid-range",
            format!("`{shown}` is no range of addresses"),
            format!("invalid range \"{}\"", printed(&net.value())),
            "Write two IPv4 addresses with `-` between, the lower one first",
        );
        return;
    };
    if delete {
        delete_range(reading, line, net, (start, end), geo);
    } else {
        add_range(reading, line, net, (start, end), &new, geo);
    }
}

fn parse_range(text: &[u8]) -> Option<(u32, u32)> {
    let dash = memchr::memchr(b'-', text)?;
    let start = inet_addr(&text[..dash])?.into();
    let end = inet_addr(&text[dash + 1..])?.into();
    (start <= end).then_some((start, end))
}

/// The parts of a range: the upper half of the addresses, and the lower ends of the part.
fn parts(start: u32, end: u32) -> impl Iterator<Item = (u16, u16, u16)> {
    let (first, last) = ((start >> 16) as u16, (end >> 16) as u16);
    (first..=last).map(move |high| {
        let low = if high == first { start as u16 } else { 0 };
        let top = if high == last { end as u16 } else { u16::MAX };
        (high, low, top)
    })
}

fn delete_range<'m>(
    reading: &mut Reading<'m>,
    line: Statement<'m>,
    net: Word<'m>,
    (start, end): (u32, u32),
    geo: &mut Geo,
) {
    let mut missing = false;
    for (high, low, top) in parts(start, end) {
        let chunk = geo.table.chunks.entry(high).or_default();
        match chunk.iter().position(|(s, e, _)| (*s, *e) == (low, top)) {
            Some(at) => {
                chunk.remove(at);
            }
            None => missing = true,
        }
    }
    if missing {
        let shown = printed(&net.value()).into_owned();
        reading.say(
            warning(
                line,
                "nothing-to-delete",
                net.span(),
                format!("`{shown}` is not in the `geo`"),
                format!("no address range \"{shown}\" to delete"),
            )
            .help("Remove the line"),
        );
    }
}

/// `ngx_http_geo_add_range`: a range may be inside another, but may not overlap it.
fn add_range<'m>(
    reading: &mut Reading<'m>,
    line: Statement<'m>,
    net: Word<'m>,
    (start, end): (u32, u32),
    new: &[u8],
    geo: &mut Geo,
) {
    let shown = printed(&net.value()).into_owned();
    for (high, low, top) in parts(start, end) {
        geo.work += 1;
        if geo.work > MOST_CHUNKS {
            return;
        }
        let chunk = geo.table.chunks.entry(high).or_default();
        let new = || new.to_vec();
        // The last one that does not begin behind the new one's end.
        let behind = chunk.partition_point(|(s, _, _)| *s <= top);
        let Some(at) = behind.checked_sub(1) else {
            chunk.insert(0, (low, top, new()));
            continue;
        };
        let (s, e, old) = chunk[at].clone();
        if low > e {
            chunk.insert(at + 1, (low, top, new()));
        } else if (low, top) == (s, e) {
            chunk[at].2 = new();
            let (old, value) = (
                printed(&old).into_owned(),
                printed(&chunk[at].2).into_owned(),
            );
            reading.say(
                warning(
                    line,
                    "duplicate-value",
                    net.span(),
                    format!("`{shown}` is in the `geo` already, as `{old}`"),
                    format!(
                        "duplicate range \"{shown}\", value: \"{value}\", old value: \"{old}\""
                    ),
                )
                .help("Remove one of the lines"),
            );
        } else if low > s && top < e {
            chunk[at].1 = low - 1;
            chunk.insert(at + 1, (low, top, new()));
            chunk.insert(at + 2, (top + 1, e, old));
        } else if low == s && top < e {
            chunk[at] = (top + 1, e, old);
            chunk.insert(at, (low, top, new()));
        } else if low > s && top == e {
            chunk[at].1 = low - 1;
            chunk.insert(at + 1, (low, top, new()));
        } else {
            let address = |low: u16| {
                let [a, b] = high.to_be_bytes();
                let [c, d] = low.to_be_bytes();
                format!("{a}.{b}.{c}.{d}")
            };
            let other = format!("{}-{}", address(s), address(e));
            reading.say(
                refusal(
                    line,
                    "invalid-range",
                    net.span(),
                    format!("`{shown}` overlaps `{other}`"),
                    format!("range \"{shown}\" overlaps \"{other}\""),
                )
                .help("Write ranges that are apart, or inside each other with the larger first"),
            );
            return;
        }
    }
}
