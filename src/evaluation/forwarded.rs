//! The address of a client that proxies tell (`ngx_http_get_forwarded_addr`).

use crate::values::address::parse_addr_port;
use ipnet::IpNet;
use std::net::IpAddr;

/// The address that trusted proxies tell, where the sender is one; `None` where it is not, or
/// tells none. `headers` are in the order in which they came.
#[must_use]
pub fn address(
    sender: IpAddr,
    headers: &[&str],
    trusted: &[IpNet],
    recursive: bool,
) -> Option<IpAddr> {
    let is_trusted = |address: IpAddr| {
        let address = address.to_canonical();
        trusted.iter().any(|network| network.contains(&address))
    };
    let mut told = headers
        .iter()
        .rev()
        .flat_map(|header| header.rsplit([',', ' ']).filter(|part| !part.is_empty()));
    let mut found = None;
    let mut address = sender;
    while is_trusted(address) {
        let Some((next, _)) = told
            .next()
            .and_then(|text| parse_addr_port(text.as_bytes()))
        else {
            break;
        };
        found = Some(next);
        address = next;
        if !recursive {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trusted_proxies_are_believed() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let sender: IpAddr = "10.0.0.1".parse().unwrap();
        for (sender, header, recursive, expected) in [
            (sender, "192.0.2.1", false, Some("192.0.2.1")),
            (sender, "192.0.2.1, 10.0.0.2", false, Some("10.0.0.2")),
            (sender, "192.0.2.1, 10.0.0.2", true, Some("192.0.2.1")),
            (
                sender,
                "192.0.2.9, 192.0.2.1:80, 10.0.0.2",
                true,
                Some("192.0.2.1"),
            ),
            (sender, "10.0.0.3", true, Some("10.0.0.3")),
            (sender, "unknown", true, None),
            (sender, "unknown, 10.0.0.2", true, Some("10.0.0.2")),
            (sender, "", true, None),
            ("192.0.2.7".parse().unwrap(), "192.0.2.1", true, None),
        ] {
            let found = address(sender, &[header], &trusted, recursive);
            assert_eq!(
                found,
                expected.map(|text| text.parse().unwrap()),
                "{header}"
            );
        }
    }
}
