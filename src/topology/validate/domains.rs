//! Host names of sites.

use super::Checks;
use super::place::{Place, Scope};
use super::text::{self, shown};
use crate::finding::Finding;
use crate::topology::address::Socket;
use crate::topology::document::Step::{Index, Key};
use crate::topology::model::Site;
use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// What is wrong with a host name, and what to write instead.
struct Problem {
    rule: &'static str,
    message: String,
    label: &'static str,
    help: String,
}

impl Problem {
    fn new(message: String, label: &'static str, help: impl Into<String>) -> Self {
        Self {
            rule: "topology-domain",
            message,
            label,
            help: help.into(),
        }
    }
}

/// Checks the names of a site.
pub(super) fn check(cx: &mut Checks<'_>, site: &Site, scope: &Scope<'_>) {
    if site.domains.is_empty() {
        cx.report(
            Finding::error(
                "topology-no-domains",
                scope.at(&[Key("domains")]).span(),
                "the site has no host names",
            )
            .label("nobody can reach it")
            .help("List what people type, such as `example.com`; other hosts get no answer"),
        );
    }
    for (index, domain) in site.domains.iter().enumerate() {
        let keys = [Key("domains"), Index(index)];
        check_name(cx, domain, scope.at(&keys));
    }
}

fn check_name(cx: &mut Checks<'_>, domain: &str, place: Place<'_>) {
    if !text::literal(cx, domain, place) {
        return;
    }
    let Err(problem) = parse(domain) else { return };
    cx.report(
        Finding::error(problem.rule, place.span(), problem.message)
            .label(problem.label)
            .help(problem.help),
    );
}

/// Whether a text is a host name that nginx serves and Django accepts.
fn parse(domain: &str) -> Result<(), Problem> {
    let short = shown(domain);
    if let Some((_, rest)) = domain.split_once("://") {
        let host = rest.split(['/', ':', '?', '#']).next().unwrap_or(rest);
        return Err(Problem::new(
            format!("`{short}` is a URL, and a domain is a host name"),
            "a URL",
            format!(
                "Write `{}`; nginx warns of `suspicious symbols`",
                shown(host)
            ),
        ));
    }
    if let Some(inside) = domain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        && inside.parse::<Ipv6Addr>().is_ok()
    {
        return Ok(());
    }
    if domain.starts_with('~') {
        return Err(Problem::new(
            format!("`{short}` is a regular expression"),
            "a regular expression",
            "List the names, or write a wildcard such as `*.example.com`",
        ));
    }
    if domain.contains([',', ';', ' ', '|']) {
        return Err(Problem::new(
            format!("`{short}` is several names in one"),
            "more than one name",
            "Write each name as an item of its own",
        ));
    }
    if domain.contains(['/', '?', '#']) {
        let host = domain.split(['/', ':', '?', '#']).next().unwrap_or(domain);
        return Err(Problem::new(
            format!("`{short}` has a path, and a domain is a host name"),
            "a path",
            format!(
                "Write `{}`, and the path as a route; nginx warns of `suspicious symbols`",
                shown(host)
            ),
        ));
    }
    if let Some((host, port)) = domain.split_once(':') {
        return Err(if domain.parse::<Ipv6Addr>().is_ok() {
            Problem::new(
                format!("`{short}` is an IPv6 address without brackets"),
                "no brackets",
                format!("Write `\"[{short}]\"`"),
            )
        } else {
            Problem::new(
                format!("`{short}` has a port, and a domain is a host name"),
                "a port",
                format!(
                    "Write `{}`, and `listen: [{}]` for the port",
                    shown(host),
                    shown(port)
                ),
            )
        });
    }
    if matches!(domain, "_" | "*" | "." | "default" | "default_server") {
        return Err(Problem::new(
            format!("`{short}` stands for every host, and Django has to know its hosts"),
            "not a host name",
            "List the names that people type: a server for all other hosts is always there",
        ));
    }
    check_labels(domain)
}

fn check_labels(domain: &str) -> Result<(), Problem> {
    let short = shown(domain);
    if !domain.is_ascii() {
        return Err(Problem {
            rule: "topology-domain-idna",
            ..Problem::new(
                format!("`{short}` is not what browsers send for this name"),
                "not ASCII",
                match to_ascii(domain) {
                    Some(ascii) => format!("Write `{ascii}`"),
                    None => "Write the name as browsers send it, beginning with `xn--`".to_owned(),
                },
            )
        });
    }
    let name = domain
        .strip_prefix("*.")
        .or_else(|| domain.strip_prefix('.'))
        .or_else(|| domain.strip_suffix(".*"))
        .unwrap_or(domain);
    if name.contains('*') {
        return Err(Problem {
            rule: "topology-domain-wildcard",
            ..Problem::new(
                format!("`{short}` has a `*` that is not a whole first or last part"),
                "a misplaced `*`",
                "Write `*.example.com` or `www.example.*`; nginx says `invalid server name or \
                 wildcard`",
            )
        });
    }
    if name.ends_with('.') {
        return Err(Problem::new(
            format!("`{short}` ends with a dot, which nginx takes off what browsers send"),
            "a final dot",
            format!("Write `{}`", shown(domain.trim_end_matches('.'))),
        ));
    }
    if name.contains('_') {
        return Err(Problem::new(
            format!("`{short}` has a `_`, and Django refuses such hosts"),
            "a `_`",
            "Write the name with `-`: Django answers 400 to a host with `_`, whatever \
             ALLOWED_HOSTS says",
        ));
    }
    let plain = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let numeric = name.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let right = name.len() <= 253
        && name.split('.').all(plain)
        && (!numeric || name.parse::<Ipv4Addr>().is_ok());
    if right {
        return Ok(());
    }
    Err(Problem::new(
        format!("`{short}` is no host name"),
        "not a host name",
        "Write letters, digits and `-` between dots, at most 63 in each part and 253 in all",
    ))
}

// ── Internationalised names ─────────────────────────────────────────────────────────────

/// A name as browsers send it: each label that is not ASCII in Punycode (RFC 3492).
fn to_ascii(domain: &str) -> Option<String> {
    let labels: Option<Vec<String>> = domain
        .split('.')
        .map(|label| {
            let label = label.to_lowercase();
            if label.is_ascii() {
                return Some(label);
            }
            label
                .chars()
                .all(|c| c.is_alphanumeric() || c == '-')
                .then(|| punycode(&label))?
        })
        .collect();
    labels.map(|labels| labels.join("."))
}

/// RFC 3492, section 6.3, with the prefix of RFC 5890.
fn punycode(label: &str) -> Option<String> {
    const BASE: u32 = 36;
    let digit = |value: u32| char::from_digit(value, BASE).map(digit_of_punycode);
    let characters: Vec<u32> = label.chars().map(u32::from).collect();
    let mut out: String = label.chars().filter(char::is_ascii).collect();
    let basic = out.len() as u32;
    let mut handled = basic;
    if basic > 0 {
        out.push('-');
    }
    let (mut code, mut delta, mut bias) = (128_u32, 0_u32, 72_u32);
    while (handled as usize) < characters.len() {
        let next = characters.iter().copied().filter(|&c| c >= code).min()?;
        delta = delta.checked_add((next - code).checked_mul(handled + 1)?)?;
        code = next;
        for &c in &characters {
            if c < code {
                delta = delta.checked_add(1)?;
            }
            if c != code {
                continue;
            }
            let mut rest = delta;
            let mut k = BASE;
            loop {
                let threshold = k.saturating_sub(bias).clamp(1, 26);
                if rest < threshold {
                    break;
                }
                out.push(digit(threshold + (rest - threshold) % (BASE - threshold))?);
                rest = (rest - threshold) / (BASE - threshold);
                k += BASE;
            }
            out.push(digit(rest)?);
            bias = adapt(delta, handled + 1, handled == basic);
            delta = 0;
            handled += 1;
        }
        delta = delta.checked_add(1)?;
        code += 1;
    }
    Some(format!("xn--{out}"))
}

/// `char::from_digit` counts 0–9 before a–z; Punycode counts a–z before 0–9.
fn digit_of_punycode(digit: char) -> char {
    let value = digit.to_digit(36).unwrap_or(0) as u8;
    char::from(if value < 26 {
        b'a' + value
    } else {
        b'0' + value - 26
    })
}

fn adapt(delta: u32, count: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / count;
    let mut k = 0;
    while delta > 455 {
        delta /= 35;
        k += 36;
    }
    k + 36 * delta / (delta + 38)
}

// ── Twice the same name ─────────────────────────────────────────────────────────────────

/// Of two servers with one name on one socket, nginx ignores the second.
pub(super) fn refuse_duplicates(cx: &mut Checks<'_>) {
    let topology = cx.topology;
    let mut first: HashMap<(SocketAddr, String), (&str, usize)> = HashMap::new();
    for (site_name, site) in &topology.sites {
        let sockets: Vec<SocketAddr> = site
            .plain_sockets()
            .iter()
            .chain(&site.tls_sockets())
            .filter_map(|listen| Socket::parse(&listen.0).ok())
            .flat_map(Socket::addresses)
            .collect();
        for (index, domain) in site.domains.iter().enumerate() {
            let earlier = sockets
                .iter()
                .flat_map(|&socket| names(domain).map(move |name| (socket, name)))
                .fold(None, |found, key| {
                    let entry = *first.entry(key).or_insert((site_name, index));
                    found.or((entry != (site_name.as_str(), index)).then_some(entry))
                });
            if let Some((other_site, other_index)) = earlier {
                report_duplicate(cx, domain, (site_name, index), (other_site, other_index));
            }
        }
    }
}

/// The names that a domain stands for: `.example.com` is two.
fn names(domain: &str) -> impl Iterator<Item = String> {
    let folded = domain.to_ascii_lowercase();
    let bare = folded.strip_prefix('.').map(str::to_owned);
    let whole = match &bare {
        Some(bare) => format!("*.{bare}"),
        None => folded,
    };
    std::iter::once(whole).chain(bare)
}

fn report_duplicate(
    cx: &mut Checks<'_>,
    domain: &str,
    here: (&str, usize),
    earlier: (&str, usize),
) {
    let place = |(site, index)| {
        cx.document
            .at(&[Key("sites"), Key(site), Key("domains"), Index(index)])
    };
    let same = here.0 == earlier.0;
    // The sites are in the order of their names, which need not be that of the document.
    let (mut at, mut other, mut owner) = (place(here), place(earlier), earlier.0);
    if at.start < other.start {
        std::mem::swap(&mut at, &mut other);
        owner = here.0;
    }
    let other_domain = &cx.topology.sites[earlier.0].domains[earlier.1];
    let message = if !other_domain.eq_ignore_ascii_case(domain) {
        format!(
            "`{}` and `{}` have a host in common",
            shown(other_domain),
            shown(domain)
        )
    } else if same {
        format!("`{}` is listed twice", shown(domain))
    } else {
        format!(
            "`{}` belongs to site `{}` already",
            shown(domain),
            shown(owner)
        )
    };
    let help = if same {
        "Remove one of the two; nginx warns of a `conflicting server name`"
    } else {
        "Remove it from one of the sites, or let them listen elsewhere: nginx would ignore the \
         second and warn of a `conflicting server name`"
    };
    let finding = Finding::error("topology-duplicate-domain", at, message)
        .label("again")
        .related(other, "first here")
        .help(help);
    cx.report(finding);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_nginx_and_django_both_take() {
        for right in [
            "example.com",
            "EXAMPLE.com",
            "localhost",
            "*.example.com",
            ".example.com",
            "www.example.*",
            "xn--bcher-kva.example",
            "192.168.1.5",
            "[::1]",
            "1a.example.com",
        ] {
            assert!(parse(right).is_ok(), "{right}");
        }
        for wrong in [
            "http://example.com",
            "example.com:80",
            "::1",
            "example.com/",
            "a,b",
            "a b",
            "~^a$",
            "_",
            "*",
            "a.*.com",
            "w*.example.com",
            "*.example.*",
            "example.com.",
            "my_app.example.com",
            "bücher.example",
            "-a.com",
            "a..b",
            "1.2.3",
            "192.168.1.256",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(parse(&format!("{}.com", "a".repeat(63))).is_ok());
        assert!(parse(&format!("{}.com", "a".repeat(64))).is_err());
    }

    #[test]
    fn punycode_is_that_of_the_rfc() {
        for (name, want) in [
            ("bücher.example", "xn--bcher-kva.example"),
            ("МОСКВА.рф", "xn--80adxhks.xn--p1ai"),
            ("他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye"),
            ("3年b組金八先生", "xn--3b-ww4c5e180e575a65lsy2b"),
            ("*.bücher.example", "*.xn--bcher-kva.example"),
        ] {
            assert_eq!(to_ascii(name).as_deref(), Some(want), "{name}");
        }
        assert_eq!(to_ascii("☃.example"), None);
    }
}
