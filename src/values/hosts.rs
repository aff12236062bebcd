//! What the name of a host tells.

use super::address::{Host, inet_addr};
use std::net::Ipv4Addr;

/// Endings of names that are given inside a network.
const INTERNAL: &[&str] = &[
    ".internal",
    ".intranet",
    ".private",
    ".corp",
    ".home",
    ".home.arpa",
    ".lan",
    ".local",
    ".localdomain",
    ".localhost",
    ".test",
    ".svc",
    ".consul",
    ".docker",
    ".cluster.local",
    ".prod",
    ".production",
    ".staging",
];

/// Endings of names whose addresses their owners change at will.
const CLOUD: &[&str] = &[
    ".amazonaws.com",
    ".cloudfront.net",
    ".elasticbeanstalk.com",
    ".run.app",
    ".appspot.com",
    ".googleapis.com",
    ".azurewebsites.net",
    ".azurecontainerapps.io",
    ".windows.net",
    ".azureedge.net",
    ".cloudapp.net",
    ".herokuapp.com",
    ".vercel.app",
    ".netlify.app",
    ".fly.dev",
    ".onrender.com",
    ".railway.app",
    ".fastly.net",
    ".cdn.cloudflare.net",
    ".akamaized.net",
    ".ondigitalocean.app",
    ".digitaloceanspaces.com",
];

fn ends(name: &[u8], endings: &[&str]) -> bool {
    let small = name.to_ascii_lowercase();
    let small = small.strip_suffix(b".").unwrap_or(&small);
    endings
        .iter()
        .any(|ending| small.ends_with(ending.as_bytes()))
}

/// Whether a name has more than one label and is not given inside a network.
#[must_use]
pub fn is_public_name(name: &[u8]) -> bool {
    memchr::memchr(b'.', name).is_some() && !ends(name, INTERNAL)
}

/// Whether a name is one of a cloud whose addresses change.
#[must_use]
pub fn is_cloud_name(name: &[u8]) -> bool {
    ends(name, CLOUD)
}

/// Whether a host is a name that only a network of containers, `/etc/hosts` or an `upstream`
/// knows: one label, or an underscore in it.
#[must_use]
pub fn is_local_name(host: &[u8]) -> bool {
    let single = memchr::memchr2(b'.', b':', host).is_none();
    let underscore = memchr::memchr(b'_', host).is_some();
    let address = inet_addr(host).is_some() || host.starts_with(b"[");
    !host.is_empty()
        && !address
        && (single || underscore)
        && !host.eq_ignore_ascii_case(b"localhost")
}

/// Whether a host is an address that the whole world can have.
#[must_use]
pub fn is_public_address(host: &Host) -> bool {
    match host {
        Host::V4(address) => {
            let [first, second, ..] = address.octets();
            let shared = first == 100 && (64..128).contains(&second);
            // The resolver of Azure looks public.
            let azure = *address == Ipv4Addr::new(168, 63, 129, 16);
            !(address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_documentation()
                || address.is_unspecified()
                || shared
                || azure)
        }
        Host::V6(address) => {
            let local = address.segments()[0] & 0xfe00 == 0xfc00;
            let link = address.segments()[0] & 0xffc0 == 0xfe80;
            let documentation = address.segments()[..2] == [0x2001, 0x0db8];
            !(address.is_loopback() || local || link || documentation)
        }
        _ => false,
    }
}
