//! `server` of an upstream.

use super::current;
use crate::directives::Family;
use crate::finding::Finding;
use crate::model::Statement;
use crate::model::upstream::Peer;
use crate::syntax::Word;
use crate::values::address::{Allowed, Host, parse_url};
use crate::values::number::{number, time};
use crate::verdict::reading::{Reading, refusal};
use crate::verdict::sink::printed;

/// The longest `route` (`NGX_HTTP_UPSTREAM_SID_LEN`).
const ROUTE: usize = 32;

/// What nginx Plus alone has.
const PLUS: [&str; 1] = ["slow_start="];

/// `ngx_http_upstream_server`, `ngx_stream_upstream_server`.
pub(super) fn read<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let block = reading.state.upstreams.block(statement.scope);
    block.servers += 1;
    let mut peer = Peer {
        statement,
        host: None,
        port: None,
        weight: 1,
        max_conns: 0,
        max_fails: None,
        fail_timeout: None,
        backup: false,
        down: false,
        drain: false,
        resolve: false,
        service: None,
        route: None,
    };
    let sound = statement
        .args()
        .skip(1)
        .all(|word| parameter(reading, statement, word, &mut peer));
    address(reading, statement, &mut peer, sound);
    if let Some(upstream) = current(reading, statement) {
        upstream.servers.push(peer);
    }
}

/// Reads a parameter; false where nginx refuses it.
fn parameter<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    word: Word<'m>,
    peer: &mut Peer<'m>,
) -> bool {
    let value = word.value();
    let http = statement.row.module.family != Family::Stream;
    let plus = reading.options.target.is_plus();
    let sticky = http && (plus || reading.at_least(1, 29, 6));
    let resolve = plus || reading.at_least(1, 27, 3);
    let (name, text) = match memchr::memchr(b'=', &value) {
        Some(at) => value.split_at(at + 1),
        None => (&value[..], &value[..0]),
    };
    let wrong = match name {
        b"weight=" => match number(text) {
            Some(weight) if weight > 0 => {
                peer.weight = weight;
                None
            }
            _ => Some("Write a whole number above zero, as in `weight=2`"),
        },
        b"max_conns=" => match number(text) {
            Some(most) => {
                peer.max_conns = most;
                None
            }
            None => Some("Write a whole number, as in `max_conns=100`"),
        },
        b"max_fails=" => {
            peer.max_fails = number(text);
            (peer.max_fails.is_none()).then_some("Write a whole number, as in `max_fails=3`")
        }
        b"fail_timeout=" => {
            peer.fail_timeout = time(text, true);
            (peer.fail_timeout.is_none()).then_some("Write a time, as in `fail_timeout=30s`")
        }
        b"backup" => {
            if !reading
                .state
                .upstreams
                .block(statement.scope)
                .method
                .has_backups()
            {
                return no_backup(reading, statement, word);
            }
            peer.backup = true;
            None
        }
        b"down" => {
            peer.down = true;
            None
        }
        b"drain" if sticky => {
            peer.drain = true;
            None
        }
        b"route=" if sticky => {
            peer.route = Some(text.to_vec());
            if plus {
                return true;
            }
            return route(reading, statement, word, text);
        }
        b"resolve" if resolve => {
            peer.resolve = true;
            None
        }
        b"service=" if resolve => {
            peer.service = Some(text.to_vec());
            if !text.is_empty() {
                return true;
            }
            reading.say(
                refusal(
                    statement,
                    "service-without-resolve",
                    word.span(),
                    "`service=` has no name",
                    "service is empty",
                )
                .help("Write the name of the service, as in `service=http`"),
            );
            return false;
        }
        name if plus && PLUS.iter().any(|known| known.as_bytes() == name) => None,
        _ => return unknown(reading, statement, word, name),
    };
    let Some(help) = wrong else { return true };
    let shown = word.to_str();
    reading.say(
        refusal(
            statement,
            "bad-upstream-parameter",
            word.span(),
            format!("`{shown}` is no value that this parameter takes"),
            format!("invalid parameter \"{}\"", printed(&value)),
        )
        .help(help),
    );
    false
}

fn unknown<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    word: Word<'m>,
    name: &[u8],
) -> bool {
    let shown = word.to_str();
    let target = reading.options.target;
    let stream = statement.row.module.family == Family::Stream;
    let (rule, message, help) = match name {
        b"slow_start=" => (
            "plus-only-feature",
            "`slow_start` exists only in nginx Plus".to_owned(),
            "Remove it".to_owned(),
        ),
        b"resolve" | b"service=" => (
            "plus-only-feature",
            format!("`{shown}` appeared in nginx 1.27.3, and {target} does not know it"),
            "Remove it, or use nginx 1.27.3 or later".to_owned(),
        ),
        b"route=" | b"drain" if !stream => (
            "plus-only-feature",
            format!("`{shown}` appeared in nginx 1.29.6, and {target} does not know it"),
            "Remove it, or use nginx 1.29.6 or later".to_owned(),
        ),
        _ => {
            let known = [
                "weight=",
                "max_conns=",
                "max_fails=",
                "fail_timeout=",
                "backup",
                "down",
                "resolve",
                "service=",
                "route=",
                "drain",
            ];
            let text = String::from_utf8_lossy(name).to_lowercase();
            let nearest = known
                .iter()
                .map(|known| (strsim::osa_distance(&text, known), known))
                .min()
                .filter(|(distance, _)| *distance <= (text.len() / 3).max(1));
            (
                "bad-upstream-parameter",
                format!("a server of an upstream has no parameter `{shown}`"),
                match nearest {
                    Some((_, known)) => format!("Write `{known}` for it, or remove it"),
                    None => {
                        "Remove it, or correct its name; there are no blanks round `=`".to_owned()
                    }
                },
            )
        }
    };
    reading.say(
        refusal(
            statement,
            rule,
            word.span(),
            message,
            format!("invalid parameter \"{}\"", printed(&word.value())),
        )
        .help(help),
    );
    false
}

fn no_backup<'m>(reading: &mut Reading<'m>, statement: Statement<'m>, word: Word<'m>) -> bool {
    let method = reading.state.upstreams.block(statement.scope).initialized;
    let name = method.map_or("this method", |method| method.name());
    let mut finding = refusal(
        statement,
        "backup-with-hash-method",
        word.span(),
        format!("`{name}` knows no `backup` servers"),
        format!(
            "balancing method does not support parameter \"{}\"",
            printed(&word.value())
        ),
    )
    .help("Remove `backup`, or take `least_conn`");
    if let Some(method) = method {
        finding = finding.related(method.head(), "the method");
    }
    reading.say(finding);
    false
}

fn route<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    word: Word<'m>,
    text: &[u8],
) -> bool {
    let (message, nginx) = if text.is_empty() {
        (
            "`route=` has no value".to_owned(),
            "route is empty".to_owned(),
        )
    } else if text.len() > ROUTE {
        (
            format!(
                "the route has {} bytes, and at most {ROUTE} are allowed",
                text.len()
            ),
            format!("route is longer than {ROUTE}"),
        )
    } else {
        return true;
    };
    reading.say(
        refusal(
            statement,
            "bad-upstream-parameter",
            word.span(),
            message,
            nginx,
        )
        .help("Write a short name, as in `route=a`"),
    );
    false
}

/// Reads the address, and what it has to do with `resolve` and `service`.
fn address<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    peer: &mut Peer<'m>,
    sound: bool,
) {
    let Some(word) = statement.arg(0) else { return };
    let value = word.value();
    let stream = statement.row.module.family == Family::Stream;
    let with_service = peer.service.as_ref().is_some_and(|name| !name.is_empty());
    // nginx stops at the first wrong parameter; what is wrong with the address is worth
    // knowing all the same.
    let service = with_service && sound && !reading.options.target.is_plus();
    if service && !peer.resolve {
        let shown = printed(&value);
        reading.say(
            refusal(
                statement,
                "service-without-resolve",
                statement.head(),
                "`service=` works only together with `resolve`",
                format!("service upstream \"{shown}\" requires \"resolve\" parameter"),
            )
            .help("Add `resolve`"),
        );
        return;
    }
    let url = match parse_url(&value, Allowed::default()) {
        Ok(url) => url,
        Err(nginx) => {
            reading.say(bad_address(statement, word, 0, nginx));
            return;
        }
    };
    let name = matches!(url.host, Host::Name(_));
    let unix = matches!(url.host, Host::Unix(_));
    let has_port = url.port.is_some() || unix;
    peer.port = url.port;
    peer.host = Some(url.host);
    if !service && (!stream || has_port || with_service) {
        return;
    }
    let shown = printed(&value);
    let mut say = |rule, message: String, nginx: String, help: &'static str| {
        reading.say(refusal(statement, rule, word.span(), message, nginx).help(help));
    };
    if !service {
        say(
            "bad-upstream-server-address",
            format!("`{shown}` has no port, and `stream` has no usual one"),
            format!("no port in upstream \"{shown}\""),
            "Write the port behind the address, as in `10.0.0.1:5432`",
        );
    } else if has_port {
        say(
            "service-without-resolve",
            format!("`{shown}` has a port, and the service has one already"),
            format!("service upstream \"{shown}\" may not have port"),
            "Remove the port",
        );
    } else if !name {
        say(
            "service-without-resolve",
            format!("`{shown}` is an address, and a service is looked up by name"),
            format!("service upstream \"{shown}\" requires domain name"),
            "Write the name of a host",
        );
    }
}

/// An address that nginx cannot read, in its words; it begins at `skip` of the word.
pub(super) fn bad_address(
    statement: Statement<'_>,
    word: Word<'_>,
    skip: usize,
    nginx: &str,
) -> Finding {
    let value = word.value();
    let value = &value[skip..];
    let shown = printed(value);
    let scheme = value.windows(3).position(|part| part == b"://");
    let (message, help) = if let Some(at) = scheme {
        (
            format!("`{shown}` is a URL, and only an address is taken here"),
            format!("Write `{}`", printed(&value[at + 3..])),
        )
    } else if value.starts_with(b"/") {
        (
            format!("`{shown}` is a path, and no address"),
            format!("Write `unix:{shown}` for a socket"),
        )
    } else {
        match nginx {
            "invalid port" => (
                format!("the port of `{shown}` is no number from 1 to 65535"),
                "Write the port as a number behind `:`".to_owned(),
            ),
            "no host" => (
                format!("`{shown}` has no host"),
                "Write a host, an address or `unix:` with a path".to_owned(),
            ),
            _ => (
                format!("`{shown}` is no address"),
                "Write `HOST:PORT`, `ADDRESS:PORT` or `unix:/PATH`".to_owned(),
            ),
        }
    };
    refusal(
        statement,
        "bad-upstream-server-address",
        word.span(),
        message,
        format!("{nginx} in upstream \"{shown}\""),
    )
    .help(help)
}
