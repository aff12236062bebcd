//! Addresses as nginx reads them: of nodes, of listening sockets, and networks.
//!
//! The rules are those of `ngx_parse_url` and `ngx_ptocidr` (`ngx_inet.c`), less what nginx
//! accepts and nobody means.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The longest path of a unix socket in bytes: `sun_path` without its final zero.
pub const MAX_SOCKET_PATH: usize = 107;

/// Where a node listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NodeAddress {
    /// An address and a port.
    Ip(SocketAddr),
    /// A name in lower case, and a port; a node with `service` has none.
    Name(String, Option<u16>),
    /// The path of a unix socket.
    Unix(String),
}

/// Why a text is no address of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressProblem {
    /// It is a URL.
    Url,
    /// It has a path behind the port.
    Path,
    /// There is no port.
    MissingPort,
    /// The port is no number from 1 to 65535.
    Port,
    /// An IPv6 address without brackets.
    Brackets,
    /// What stands in brackets is no IPv6 address.
    Ipv6,
    /// Four numbers with dots that are no IPv4 address.
    Ipv4,
    /// It is neither an address nor a host name.
    Name,
    /// `unix:` without an absolute path behind it.
    SocketPath,
    /// The path of the socket is longer than [`MAX_SOCKET_PATH`].
    LongSocketPath,
}

/// Reads the address of a node.
///
/// # Errors
/// For what nginx refuses, and for what it takes for something that was not meant.
pub fn parse_node(text: &str) -> Result<NodeAddress, AddressProblem> {
    if let Some(path) = text.strip_prefix("unix:") {
        return match path {
            _ if !path.starts_with('/') || path.ends_with('/') => Err(AddressProblem::SocketPath),
            _ if path.len() > MAX_SOCKET_PATH => Err(AddressProblem::LongSocketPath),
            _ => Ok(NodeAddress::Unix(path.to_owned())),
        };
    }
    if text.contains("://") {
        return Err(AddressProblem::Url);
    }
    if text.contains(['/', '?']) {
        return Err(AddressProblem::Path);
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (inside, behind) = rest.split_once(']').ok_or(AddressProblem::Ipv6)?;
        let ip: Ipv6Addr = inside.parse().map_err(|_| AddressProblem::Ipv6)?;
        let port = behind
            .strip_prefix(':')
            .ok_or(AddressProblem::MissingPort)?;
        return Ok(NodeAddress::Ip((ip, parse_port(port)?).into()));
    }
    let (host, port) = match text.split_once(':') {
        None => (text, None),
        Some((_, rest)) if rest.contains(':') => return Err(AddressProblem::Brackets),
        Some((host, port)) => (host, Some(port)),
    };
    let host = parse_host(host)?;
    let port = port.map(parse_port).transpose()?;
    match (host, port) {
        (Host::Ip(ip), Some(port)) => Ok(NodeAddress::Ip((ip, port).into())),
        (Host::Ip(_), None) => Err(AddressProblem::MissingPort),
        (Host::Name(name), port) => Ok(NodeAddress::Name(name, port)),
    }
}

/// A host without a port.
enum Host {
    Ip(Ipv4Addr),
    Name(String),
}

fn parse_host(text: &str) -> Result<Host, AddressProblem> {
    if let Ok(ip) = text.parse() {
        return Ok(Host::Ip(ip));
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    let numeric = name.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if numeric && !name.is_empty() {
        return Err(AddressProblem::Ipv4);
    }
    if is_host_name(name) {
        Ok(Host::Name(name.to_ascii_lowercase()))
    } else {
        Err(AddressProblem::Name)
    }
}

/// Whether a text is a name that can be looked up. Underscores are allowed: containers have
/// them.
#[must_use]
pub fn is_host_name(name: &str) -> bool {
    name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

fn parse_port(text: &str) -> Result<u16, AddressProblem> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits
        .then(|| text.parse().ok())
        .flatten()
        .filter(|&port| port != 0)
        .ok_or(AddressProblem::Port)
}

/// A listening socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Socket {
    /// A port on all addresses, IPv4 and IPv6.
    Port(u16),
    /// One address.
    Address(SocketAddr),
}

/// Why a text is no listening socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketProblem {
    /// The port is no number from 1 to 65535.
    Port,
    /// There is no port.
    MissingPort,
    /// An IPv6 address without brackets.
    Brackets,
    /// A name, which nginx would look up once and listen on whatever came back.
    Name,
    /// A unix socket.
    Unix,
    /// Something else.
    Form,
}

impl Socket {
    /// Reads `80`, `*:80`, `127.0.0.1:8080` or `[::1]:8080`.
    ///
    /// # Errors
    /// For anything else.
    pub fn parse(text: &str) -> Result<Self, SocketProblem> {
        let port = |text: &str| parse_port(text).map_err(|_| SocketProblem::Port);
        if text.starts_with("unix:") {
            return Err(SocketProblem::Unix);
        }
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return port(text).map(Self::Port);
        }
        if let Some(rest) = text.strip_prefix('[') {
            let (inside, behind) = rest.split_once(']').ok_or(SocketProblem::Form)?;
            let ip: Ipv6Addr = inside.parse().map_err(|_| SocketProblem::Form)?;
            let behind = behind.strip_prefix(':').ok_or(SocketProblem::MissingPort)?;
            return Ok(Self::Address((ip, port(behind)?).into()));
        }
        let Some((host, behind)) = text.split_once(':') else {
            return Err(match text.parse::<Ipv4Addr>() {
                Ok(_) => SocketProblem::MissingPort,
                Err(_) if is_host_name(text) => SocketProblem::Name,
                Err(_) => SocketProblem::Form,
            });
        };
        if behind.contains(':') {
            return Err(match text.parse::<Ipv6Addr>() {
                Ok(_) => SocketProblem::Brackets,
                Err(_) => SocketProblem::Form,
            });
        }
        let ip = match host {
            "*" => Ipv4Addr::UNSPECIFIED,
            _ => host.parse().map_err(|_| match is_host_name(host) {
                true => SocketProblem::Name,
                false => SocketProblem::Form,
            })?,
        };
        Ok(Self::Address((ip, port(behind)?).into()))
    }

    /// The port.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::Port(port) => port,
            Self::Address(address) => address.port(),
        }
    }

    /// What nginx is told to listen on.
    pub fn addresses(self) -> impl Iterator<Item = SocketAddr> {
        let (first, second): (SocketAddr, Option<SocketAddr>) = match self {
            Self::Port(port) => (
                (Ipv4Addr::UNSPECIFIED, port).into(),
                Some((Ipv6Addr::UNSPECIFIED, port).into()),
            ),
            Self::Address(address) => (address, None),
        };
        std::iter::once(first).chain(second)
    }

    /// Whether only this machine can connect.
    #[must_use]
    pub fn is_loopback(self) -> bool {
        matches!(self, Self::Address(address) if address.ip().is_loopback())
    }

    /// Whether it is open on every address of the machine.
    #[must_use]
    pub fn is_wildcard(self) -> bool {
        match self {
            Self::Port(_) => true,
            Self::Address(address) => address.ip().is_unspecified(),
        }
    }
}

/// A network of an access list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// `all`.
    All,
    /// An address with the length of its prefix.
    Ip(ipnet::IpNet),
}

/// Why a text is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkProblem {
    /// There are bits behind the prefix; the network that is meant.
    HostBits(ipnet::IpNet),
    /// Something else.
    Form,
}

impl Network {
    /// Reads `all`, `10.0.0.0/8`, `10.1.2.3` or `2001:db8::/32`.
    ///
    /// # Errors
    /// For anything else, and for networks with bits behind the prefix, of which nginx warns.
    pub fn parse(text: &str) -> Result<Self, NetworkProblem> {
        if text == "all" {
            return Ok(Self::All);
        }
        let network: ipnet::IpNet = match text.parse::<IpAddr>() {
            Ok(ip) => ip.into(),
            Err(_) => text.parse().map_err(|_| NetworkProblem::Form)?,
        };
        if network.trunc() == network {
            Ok(Self::Ip(network))
        } else {
            Err(NetworkProblem::HostBits(network.trunc()))
        }
    }

    /// Whether every address of `other` is in it.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Ip(_), Self::All) => false,
            (Self::Ip(one), Self::Ip(other)) => one.contains(&other),
        }
    }

    /// Whether it holds all addresses of IPv4 or IPv6.
    #[must_use]
    pub fn is_everybody(self) -> bool {
        match self {
            Self::All => true,
            Self::Ip(network) => network.prefix_len() == 0,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Ip(network) => network.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_read_as_nginx_reads_them() {
        use AddressProblem as P;
        let ip = |text: &str| Ok(NodeAddress::Ip(text.parse().unwrap()));
        let name = |name: &str, port| Ok(NodeAddress::Name(name.to_owned(), port));
        for (text, want) in [
            ("10.0.0.1:8000", ip("10.0.0.1:8000")),
            ("10.0.0.1:08000", ip("10.0.0.1:8000")),
            ("[2001:db8::5]:8000", ip("[2001:db8::5]:8000")),
            ("App_1.internal:8000", name("app_1.internal", Some(8000))),
            ("app.internal.:8000", name("app.internal", Some(8000))),
            ("app", name("app", None)),
            (
                "unix:/run/app.sock",
                Ok(NodeAddress::Unix("/run/app.sock".to_owned())),
            ),
            ("10.0.0.1", Err(P::MissingPort)),
            ("[::1]", Err(P::MissingPort)),
            ("10.0.0.1:0", Err(P::Port)),
            ("10.0.0.1:65536", Err(P::Port)),
            ("10.0.0.1:", Err(P::Port)),
            ("10.0.0.1:+80", Err(P::Port)),
            ("::1:8000", Err(P::Brackets)),
            ("[10.0.0.1]:80", Err(P::Ipv6)),
            ("[fe80::1%eth0]:80", Err(P::Ipv6)),
            ("10.0.0.256:80", Err(P::Ipv4)),
            ("10.0.1:80", Err(P::Ipv4)),
            ("http://10.0.0.1:80", Err(P::Url)),
            ("10.0.0.1:80/app", Err(P::Path)),
            ("a b:80", Err(P::Name)),
            ("bücher:80", Err(P::Name)),
            ("", Err(P::Name)),
            (":80", Err(P::Name)),
            ("unix:", Err(P::SocketPath)),
            ("unix:run/app.sock", Err(P::SocketPath)),
        ] {
            assert_eq!(parse_node(text), want, "{text}");
        }
        let long = format!("unix:/{}", "a".repeat(MAX_SOCKET_PATH));
        assert_eq!(parse_node(&long), Err(P::LongSocketPath));
        assert!(parse_node(&long[..long.len() - 1]).is_ok());
    }

    #[test]
    fn sockets_are_ports_or_addresses_with_ports() {
        use SocketProblem as P;
        let address = |text: &str| Ok(Socket::Address(text.parse().unwrap()));
        for (text, want) in [
            ("80", Ok(Socket::Port(80))),
            ("*:80", address("0.0.0.0:80")),
            ("127.0.0.1:8080", address("127.0.0.1:8080")),
            ("[::1]:8080", address("[::1]:8080")),
            ("0", Err(P::Port)),
            ("65536", Err(P::Port)),
            ("127.0.0.1:x", Err(P::Port)),
            ("127.0.0.1", Err(P::MissingPort)),
            ("[::1]", Err(P::MissingPort)),
            ("::1", Err(P::Brackets)),
            ("localhost:80", Err(P::Name)),
            ("localhost", Err(P::Name)),
            ("unix:/run/x.sock", Err(P::Unix)),
            ("80 ssl", Err(P::Form)),
            ("", Err(P::Form)),
        ] {
            assert_eq!(Socket::parse(text), want, "{text}");
        }
    }

    #[test]
    fn networks_have_no_bits_behind_the_prefix() {
        let parse = |text: &str| Network::parse(text).map(|network| network.to_string());
        assert_eq!(parse("10.0.0.0/8").as_deref(), Ok("10.0.0.0/8"));
        assert_eq!(parse("10.1.2.3").as_deref(), Ok("10.1.2.3/32"));
        assert_eq!(parse("2001:db8::/32").as_deref(), Ok("2001:db8::/32"));
        assert_eq!(parse("all").as_deref(), Ok("all"));
        assert_eq!(
            parse("10.0.0.1/8"),
            Err(NetworkProblem::HostBits("10.0.0.0/8".parse().unwrap()))
        );
        for text in [
            "",
            "10/8",
            "10.0.0.0/33",
            "10.0.0.0/255.0.0.0",
            "example.com",
            "unix:",
        ] {
            assert_eq!(parse(text), Err(NetworkProblem::Form), "{text}");
        }
    }
}
