//! Addresses, ports and networks (`src/core/ngx_inet.c`).

use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest path of a unix socket that fits into its address, with the zero behind it.
const UNIX_PATH: usize = 108;

/// Where something listens or connects to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address.
    V6(Ipv6Addr),
    /// The path of a unix socket.
    Unix(Vec<u8>),
    /// A name, which may be that of an upstream or of a host.
    Name(Vec<u8>),
}

/// What `ngx_parse_url` makes of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url<'t> {
    /// The host.
    pub host: Host,
    /// The host as written.
    pub host_text: &'t [u8],
    /// The port, if one is written.
    pub port: Option<u16>,
    /// The last port of a range.
    pub last_port: Option<u16>,
    /// Every address: `*`, `0.0.0.0`, `[::]`, or a port alone.
    pub wildcard: bool,
    /// What follows the address, with its first `/` or `?`; without the `:` behind the
    /// path of a unix socket.
    pub uri: &'t [u8],
}

/// What the place of a text allows (fields of `ngx_url_t`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowed {
    /// A port alone, a range of ports, `*`.
    pub listen: bool,
    /// A path behind the address.
    pub uri: bool,
}

/// Reads an address as `ngx_parse_url` does.
///
/// # Errors
/// nginx's words, such as `invalid port`.
pub fn parse_url(text: &[u8], allowed: Allowed) -> Result<Url<'_>, &'static str> {
    if text.len() >= 5 && text[..5].eq_ignore_ascii_case(b"unix:") {
        unix(&text[5..], allowed)
    } else if text.first() == Some(&b'[') {
        inet6(text, allowed)
    } else {
        inet(text, allowed)
    }
}

fn unix(path: &[u8], allowed: Allowed) -> Result<Url<'_>, &'static str> {
    let (path, uri) = match memchr::memchr(b':', path) {
        Some(at) if allowed.uri => (&path[..at], &path[at + 1..]),
        _ => (path, &path[path.len()..]),
    };
    if path.is_empty() {
        return Err("no path in the unix domain socket");
    }
    if path.len() + 1 > UNIX_PATH {
        return Err("too long path in the unix domain socket");
    }
    Ok(Url {
        host: Host::Unix(path.to_vec()),
        host_text: path,
        port: None,
        last_port: None,
        wildcard: false,
        uri,
    })
}

/// A port, or two with `-` between them where `range` allows.
fn ports(text: &[u8], range: bool) -> Result<(u16, Option<u16>), &'static str> {
    let port = |text: &[u8]| match super::number::number(text) {
        Some(number @ 1..=65535) => Ok(number as u16),
        _ => Err("invalid port"),
    };
    if range && let Some(dash) = memchr::memchr(b'-', text) {
        let last = port(&text[dash + 1..])?;
        let first = port(&text[..dash])?;
        if first > last {
            return Err("invalid port range");
        }
        return Ok((first, Some(last)));
    }
    Ok((port(text)?, None))
}

fn inet(text: &[u8], allowed: Allowed) -> Result<Url<'_>, &'static str> {
    let slash = memchr::memchr2(b'/', b'?', text);
    if slash.is_some() && (allowed.listen || !allowed.uri) {
        return Err("invalid host");
    }
    let (authority, uri) = text.split_at(slash.unwrap_or(text.len()));
    let mut url = Url {
        host: Host::Name(Vec::new()),
        host_text: authority,
        port: None,
        last_port: None,
        wildcard: false,
        uri,
    };
    match memchr::memchr(b':', authority) {
        Some(colon) => {
            let (first, last) = ports(&authority[colon + 1..], allowed.listen)?;
            (url.port, url.last_port) = (Some(first), last);
            url.host_text = &authority[..colon];
        }
        None if allowed.listen && slash.is_none() => {
            if let Some((first, last)) = port_alone(authority)? {
                (url.port, url.last_port) = (Some(first), last);
                url.wildcard = true;
                url.host = Host::V4(Ipv4Addr::UNSPECIFIED);
                return Ok(url);
            }
        }
        None => {}
    }
    if url.host_text.is_empty() {
        return Err("no host");
    }
    if allowed.listen && url.host_text == b"*" {
        url.wildcard = true;
        url.host = Host::V4(Ipv4Addr::UNSPECIFIED);
        return Ok(url);
    }
    url.host = match inet_addr(url.host_text) {
        Some(address) => {
            url.wildcard = address.is_unspecified();
            Host::V4(address)
        }
        None => Host::Name(url.host_text.to_vec()),
    };
    Ok(url)
}

/// Tries a text as a port or a range of ports; `None` when it is a name.
#[allow(clippy::type_complexity, reason = "a port and the last one of a range")]
fn port_alone(text: &[u8]) -> Result<Option<(u16, Option<u16>)>, &'static str> {
    use super::number::number;
    let mut wrong = false;
    let mut last = None;
    let mut first = text;
    if let Some(dash) = memchr::memchr(b'-', text) {
        match number(&text[dash + 1..]) {
            None => return Ok(None),
            Some(port @ 1..=65535) => last = Some(port as u16),
            Some(_) => wrong = true,
        }
        first = &text[..dash];
    }
    match number(first) {
        None => Ok(None),
        Some(_) if wrong => Err("invalid port"),
        Some(port @ 1..=65535) => {
            let port = port as u16;
            if last.is_some_and(|last| port > last) {
                return Err("invalid port range");
            }
            Ok(Some((port, last)))
        }
        Some(_) => Err("invalid port"),
    }
}

fn inet6(text: &[u8], allowed: Allowed) -> Result<Url<'_>, &'static str> {
    let close = memchr::memchr(b']', text).ok_or("invalid host")?;
    let rest = &text[close + 1..];
    let slash = memchr::memchr(b'/', rest);
    if slash.is_some() && (allowed.listen || !allowed.uri) {
        return Err("invalid host");
    }
    let (authority, uri) = rest.split_at(slash.unwrap_or(rest.len()));
    let (port, last_port) = match authority {
        [] => (None, None),
        [b':', port @ ..] => {
            let (first, last) = ports(port, allowed.listen)?;
            (Some(first), last)
        }
        _ => return Err("invalid host"),
    };
    let inside = &text[1..close];
    if inside.is_empty() {
        return Err("no host");
    }
    let address = inet6_addr(inside).ok_or("invalid IPv6 address")?;
    Ok(Url {
        host: Host::V6(address),
        host_text: &text[..=close],
        port,
        last_port,
        wildcard: address.is_unspecified(),
        uri,
    })
}

/// `ngx_inet_addr`: four numbers up to 255; `255.255.255.255` counts as none.
#[must_use]
pub fn inet_addr(text: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0u8; 4];
    let mut at = 0;
    let mut octet = 0u32;
    for &byte in text {
        match byte {
            b'0'..=b'9' => {
                octet = octet * 10 + u32::from(byte - b'0');
                if octet > 255 {
                    return None;
                }
            }
            b'.' if at < 3 => {
                octets[at] = octet as u8;
                at += 1;
                octet = 0;
            }
            _ => return None,
        }
    }
    if at != 3 {
        return None;
    }
    octets[3] = octet as u8;
    let address = Ipv4Addr::from(octets);
    (address != Ipv4Addr::BROADCAST).then_some(address)
}

/// `ngx_inet6_addr`: the text between brackets.
#[must_use]
pub fn inet6_addr(text: &[u8]) -> Option<Ipv6Addr> {
    // nginx takes what the standard library takes, apart from odd forms such as groups
    // with five digits, which it refuses too.
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Reads an address with or without a port, as `ngx_parse_addr_port` does.
#[must_use]
pub fn parse_addr_port(text: &[u8]) -> Option<(std::net::IpAddr, Option<u16>)> {
    let address = |text: &[u8]| -> Option<std::net::IpAddr> {
        match inet_addr(text) {
            Some(address) => Some(address.into()),
            None => Some(inet6_addr(text)?.into()),
        }
    };
    if let Some(address) = address(text) {
        return Some((address, None));
    }
    let (host, port) = match text {
        [b'[', rest @ ..] => {
            let close = memchr::memchr(b']', rest)?;
            (&rest[..close], rest[close + 1..].strip_prefix(b":")?)
        }
        _ => {
            let colon = memchr::memchr(b':', text)?;
            (&text[..colon], &text[colon + 1..])
        }
    };
    match super::number::number(port) {
        Some(port @ 1..=65535) => Some((address(host)?, Some(port as u16))),
        _ => None,
    }
}

/// A network, as `ngx_ptocidr` reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    /// The network, its low bits cleared.
    pub network: ipnet::IpNet,
    /// Bits were set outside the mask: nginx warns.
    pub low_bits: bool,
}

/// Reads an address or a network.
#[must_use]
pub fn parse_cidr(text: &[u8]) -> Option<Cidr> {
    let (address, mask) = match memchr::memchr(b'/', text) {
        Some(slash) => (&text[..slash], Some(&text[slash + 1..])),
        None => (text, None),
    };
    let address = match inet_addr(address) {
        Some(address) => std::net::IpAddr::V4(address),
        None => std::net::IpAddr::V6(inet6_addr(address)?),
    };
    let most = if address.is_ipv4() { 32 } else { 128 };
    let shift = match mask {
        None => most,
        Some(mask) => super::number::number(mask).filter(|bits| *bits <= most)?,
    };
    let network = ipnet::IpNet::new(address, shift as u8).ok()?;
    Some(Cidr {
        network: network.trunc(),
        low_bits: network.trunc() != network,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTEN: Allowed = Allowed {
        listen: true,
        uri: false,
    };
    const PASS: Allowed = Allowed {
        listen: false,
        uri: true,
    };
    const PLAIN: Allowed = Allowed {
        listen: false,
        uri: false,
    };

    fn shown(text: &str, allowed: Allowed) -> String {
        match parse_url(text.as_bytes(), allowed) {
            Err(error) => error.to_owned(),
            Ok(url) => format!(
                "{:?} {:?} {:?} {} {:?}",
                url.host,
                url.port,
                url.last_port,
                url.wildcard,
                String::from_utf8_lossy(url.uri)
            ),
        }
    }

    #[test]
    fn listen_takes_ports_and_ranges() {
        for (text, expected) in [
            ("80", "V4(0.0.0.0) Some(80) None true \"\""),
            ("*:80", "V4(0.0.0.0) Some(80) None true \"\""),
            ("8000-8010", "V4(0.0.0.0) Some(8000) Some(8010) true \"\""),
            ("127.0.0.1", "V4(127.0.0.1) None None false \"\""),
            ("[::]:443", "V6(::) Some(443) None true \"\""),
            ("[::1]", "V6(::1) None None false \"\""),
            ("*:", "invalid port"),
            ("[::1]:x", "invalid port"),
            ("70000", "invalid port"),
            ("0", "invalid port"),
            ("8010-8000", "invalid port range"),
            ("8000-80000", "invalid port"),
            ("localhost/a", "invalid host"),
            ("[::1", "invalid host"),
            ("[]:80", "no host"),
            ("[1:2]:80", "invalid IPv6 address"),
            (":80", "no host"),
            ("a-b", "Name([97, 45, 98]) None None false \"\""),
            ("unix:", "no path in the unix domain socket"),
        ] {
            assert_eq!(shown(text, LISTEN), expected, "{text}");
        }
    }

    #[test]
    fn pass_takes_a_path() {
        for (text, expected) in [
            ("127.0.0.1:80/a", "V4(127.0.0.1) Some(80) None false \"/a\""),
            ("127.0.0.1?a:b", "V4(127.0.0.1) None None false \"?a:b\""),
            (
                "unix:/a.sock:/b",
                "Unix([47, 97, 46, 115, 111, 99, 107]) None None false \"/b\"",
            ),
            (
                "255.255.255.255",
                "Name([50, 53, 53, 46, 50, 53, 53, 46, 50, 53, 53, 46, 50, 53, 53]) None None false \"\"",
            ),
        ] {
            assert_eq!(shown(text, PASS), expected, "{text}");
        }
        assert_eq!(shown("/path/to/some.sock", PLAIN), "invalid host");
        assert_eq!(shown("a:80-90", PLAIN), "invalid port");
        assert_eq!(
            shown(&format!("unix:/{}", "a".repeat(107)), PLAIN),
            "too long path in the unix domain socket"
        );
    }

    #[test]
    fn addresses_may_have_a_port() {
        for (text, expected) in [
            ("127.0.0.1", Some(("127.0.0.1", None))),
            ("127.0.0.1:80", Some(("127.0.0.1", Some(80)))),
            ("::1", Some(("::1", None))),
            ("[::1]:80", Some(("::1", Some(80)))),
            ("[::1]", None),
            ("[::1]80", None),
            ("127.0.0.1:0", None),
            ("127.0.0.1:", None),
            ("localhost", None),
            ("", None),
        ] {
            let found = parse_addr_port(text.as_bytes());
            let expected = expected.map(|(address, port)| (address.parse().unwrap(), port));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn networks_lose_their_low_bits() {
        let cidr = parse_cidr(b"10.0.0.1/8").unwrap();
        assert!(cidr.low_bits);
        assert_eq!(cidr.network.to_string(), "10.0.0.0/8");
        assert!(!parse_cidr(b"10.0.0.1").unwrap().low_bits);
        assert!(parse_cidr(b"2001:db8::/32").is_some());
        for text in [
            "10.0.0.0/33",
            "10.0.0/8",
            "::/129",
            "a",
            "",
            "1.2.3.4/",
            "1.2.3.4/x",
        ] {
            assert_eq!(parse_cidr(text.as_bytes()), None, "{text}");
        }
    }
}
