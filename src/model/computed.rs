//! The variables that `map`, `geo` and `split_clients` compute, and how.

use super::scope::Statement;
use crate::values::checksum::murmur2;
use crate::values::hostnames::Hostnames;
use crate::values::regex::Regex;
use crate::values::small;
use foldhash::HashMap;
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

/// Each by its name in small letters, without `$`; the last block of a name counts.
#[derive(Debug, Clone, Default)]
pub struct ComputedVariables<'m> {
    by_name: HashMap<Vec<u8>, Computed<'m>>,
}

impl<'m> ComputedVariables<'m> {
    /// One by its name in small letters.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<&Computed<'m>> {
        self.by_name.get(name)
    }

    pub(crate) fn add(&mut self, statement: Statement<'m>, table: Table) {
        let Some(word) = statement.args().next_back() else {
            return;
        };
        let Some(name) = word
            .value()
            .strip_prefix(b"$")
            .map(<[u8]>::to_ascii_lowercase)
        else {
            return;
        };
        let source = statement.arg(0).filter(|_| statement.args().len() == 2);
        let source = source.map(|word| word.value().into_owned());
        let computed = Computed {
            statement,
            source,
            table,
        };
        self.by_name.insert(name, computed);
    }
}

/// A variable that a block computes.
#[derive(Debug, Clone)]
pub struct Computed<'m> {
    /// The directive that opens the block.
    pub statement: Statement<'m>,
    /// What is looked up, as it is written; `None` for the address of the client.
    pub source: Option<Vec<u8>>,
    /// Where it is looked up.
    pub table: Table,
}

/// The lines of a block that computes a variable.
#[derive(Debug, Clone)]
pub enum Table {
    /// `map`.
    Map(MapTable),
    /// `geo`.
    Geo(GeoTable),
    /// `split_clients`.
    Split(SplitTable),
}

/// The lines of a `map`. Results may have variables.
#[derive(Debug, Clone, Default)]
pub struct MapTable {
    /// `hostnames`.
    pub hostnames: bool,
    /// `volatile`: it is computed each time that it is asked for.
    pub volatile: bool,
    /// The result where nothing fits.
    pub default: Vec<u8>,
    /// The results of the names, each with the text that it is for.
    pub results: Vec<(Vec<u8>, Vec<u8>)>,
    /// Which result is for which text in small letters.
    pub names: Hostnames<usize>,
    /// Expressions, in their order, each with how it is written and its result.
    pub regexes: Vec<(Rc<Regex>, Vec<u8>, Vec<u8>)>,
}

/// What a text comes to in a `map`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapped<'t> {
    /// The result of a text.
    Name(&'t [u8]),
    /// The result of an expression, by its place.
    Regex(usize),
    /// The result where nothing fits.
    Default,
}

impl MapTable {
    /// The result for a text (`ngx_http_map_variable`): names first, then expressions, which
    /// an empty text is not compared with.
    #[must_use]
    pub fn find(&self, text: &[u8]) -> Mapped<'_> {
        let text = match text {
            [text @ .., b'.'] if self.hostnames => text,
            text => text,
        };
        if let Some(index) = self.names.find(&small(text)) {
            return Mapped::Name(&self.results[index].1);
        }
        let fits = |(regex, _, _): &(Rc<Regex>, _, _)| !text.is_empty() && regex.is_match(text);
        let found = self.regexes.iter().position(fits);
        found.map_or(Mapped::Default, Mapped::Regex)
    }
}

/// The lines of a `geo`.
#[derive(Debug, Clone, Default)]
pub struct GeoTable {
    /// `ranges`.
    pub ranges: bool,
    /// `volatile`.
    pub volatile: bool,
    /// Networks, `default` included.
    pub networks: HashMap<IpNet, Vec<u8>>,
    /// `default` of ranges.
    pub default: Option<Vec<u8>>,
    /// Ranges in chunks of 65,536 addresses, as nginx keeps them: first address, last
    /// address, value.
    pub chunks: BTreeMap<u16, Vec<(u16, u16, Vec<u8>)>>,
    /// `proxy`: whose `X-Forwarded-For` counts.
    pub proxies: Vec<IpNet>,
    /// `proxy_recursive`.
    pub proxy_recursive: bool,
}

impl GeoTable {
    /// The value for an address: that of the smallest network, or of the range. An address
    /// that is none counts as 255.255.255.255.
    #[must_use]
    pub fn find(&self, address: Option<IpAddr>) -> &[u8] {
        let address = address
            .unwrap_or(IpAddr::V4(Ipv4Addr::BROADCAST))
            .to_canonical();
        if self.ranges {
            let IpAddr::V4(address) = address else {
                return self.default.as_deref().unwrap_or_default();
            };
            let number = u32::from(address);
            let (high, low) = ((number >> 16) as u16, number as u16);
            let chunk = self
                .chunks
                .get(&high)
                .map(Vec::as_slice)
                .unwrap_or_default();
            let found = chunk
                .iter()
                .find(|(first, last, _)| (*first..=*last).contains(&low));
            let value = found.map(|(_, _, value)| value).or(self.default.as_ref());
            return value.map(Vec::as_slice).unwrap_or_default();
        }
        let whole = IpNet::from(address).max_prefix_len();
        let networks = (0..=whole)
            .rev()
            .filter_map(|length| IpNet::new(address, length).ok());
        let found = { networks }.find_map(|network| self.networks.get(&network.trunc()));
        found.map(Vec::as_slice).unwrap_or_default()
    }

    /// Every value.
    pub fn values(&self) -> impl Iterator<Item = &[u8]> {
        let ranges = self.chunks.values().flatten().map(|(_, _, value)| value);
        let all = self.networks.values().chain(ranges).chain(&self.default);
        all.map(Vec::as_slice)
    }
}

/// The lines of a `split_clients`.
#[derive(Debug, Clone, Default)]
pub struct SplitTable {
    /// Hundredths of a percent, `None` for the rest, and the value.
    pub parts: Vec<(Option<u16>, Vec<u8>)>,
}

impl SplitTable {
    /// The value for a text (`ngx_http_split_clients_variable`).
    #[must_use]
    pub fn find(&self, text: &[u8]) -> &[u8] {
        let hash = murmur2(text);
        let mut sum = 0;
        let mut last = 0_u32;
        for (part, value) in &self.parts {
            let Some(part) = part.map(u64::from).filter(|part| sum + part < 10_000) else {
                return value;
            };
            sum += part;
            let width = part * u64::from(u32::MAX) / 10_000;
            last = last.wrapping_add(width as u32);
            if hash < last {
                return value;
            }
        }
        b""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_network_counts() {
        let mut geo = GeoTable::default();
        for (network, value) in [
            ("0.0.0.0/0", "default"),
            ("::/0", "default"),
            ("10.0.0.0/8", "ten"),
            ("10.1.0.0/16", "ten-one"),
            ("2001:db8::/32", "six"),
        ] {
            geo.networks.insert(network.parse().unwrap(), value.into());
        }
        for (address, value) in [
            ("10.1.2.3", "ten-one"),
            ("10.2.2.3", "ten"),
            ("::ffff:10.2.2.3", "ten"),
            ("11.0.0.1", "default"),
            ("2001:db8::1", "six"),
            ("2001:db9::1", "default"),
        ] {
            let found = geo.find(address.parse().ok());
            assert_eq!(found, value.as_bytes(), "{address}");
        }
        assert_eq!(geo.find(None), b"default");
    }

    #[test]
    fn parts_add_up() {
        let table = |parts: &[(Option<u16>, &str)]| SplitTable {
            parts: parts
                .iter()
                .map(|(part, value)| (*part, value.as_bytes().to_vec()))
                .collect(),
        };
        let halves = table(&[(Some(5_000), "a"), (None, "b")]);
        let counted = (0..1_000)
            .filter(|n| halves.find(n.to_string().as_bytes()) == b"a")
            .count();
        assert!((400..600).contains(&counted), "{counted}");
        assert_eq!(table(&[(Some(10_000), "a")]).find(b"x"), b"a");
    }
}
