//! Addresses that are never asked.

use std::net::{IpAddr, Ipv6Addr};

/// Where clouds tell machines their secrets, over IPv6.
const METADATA: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

/// Whether an address is link-local or a cloud's metadata service: a name that leads there
/// is a mistake, or an attack.
pub(super) fn is_forbidden(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            ip.is_link_local()
                || ip.is_broadcast()
                || ip.is_multicast()
                || ip.octets() == [100, 100, 100, 200]
        }
        IpAddr::V6(ip) => ip.is_unicast_link_local() || ip.is_multicast() || METADATA.contains(&ip),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_local_and_metadata_are_refused() {
        for (text, want) in [
            ("169.254.169.254", true),
            ("169.254.0.1", true),
            ("::ffff:169.254.169.254", true),
            ("100.100.100.200", true),
            ("fe80::1", true),
            ("fd00:ec2::254", true),
            ("224.0.0.1", true),
            ("127.0.0.1", false),
            ("::1", false),
            ("10.0.0.1", false),
            ("fd00:ec2::255", false),
        ] {
            assert_eq!(is_forbidden(text.parse().unwrap()), want, "{text}");
        }
    }
}
