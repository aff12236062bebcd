//! Listening sockets of sites and streams: each by itself, and all together.

use super::Checks;
use super::place::{Place, Scope};
use super::text::{self, shown};
use crate::finding::Finding;
use crate::source::Span;
use crate::topology::address::{Socket, SocketProblem};
use crate::topology::document::Step::{Index, Key};
use crate::topology::model::{Listen, Site, Tls, TlsProfile, Topology};
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

/// Checks one `listen`.
pub(super) fn check_listen(cx: &mut Checks<'_>, listen: &Listen, place: Place<'_>) {
    let text = listen.0.as_str();
    if !text::literal(cx, text, place) {
        return;
    }
    let Err(problem) = Socket::parse(text) else {
        return;
    };
    let short = shown(text);
    let (label, help) = match problem {
        SocketProblem::Port => (
            "not a port",
            "Write a port from 1 to 65535; nginx says `invalid port`".to_owned(),
        ),
        SocketProblem::MissingPort => (
            "no port",
            format!("Write the port as well, such as `{short}:80`"),
        ),
        SocketProblem::Brackets => (
            "no brackets",
            "Write `\"[::1]:8080\"`, with brackets and quotes".to_owned(),
        ),
        SocketProblem::Name => (
            "a name",
            "Write a port, or the address that the name stands for, such as `127.0.0.1:8080`"
                .to_owned(),
        ),
        SocketProblem::Unix => ("a unix socket", "Write a port or `ADDRESS:PORT`".to_owned()),
        SocketProblem::Form => (
            "not a socket",
            "Write a port such as `80`, or `127.0.0.1:8080`, or `\"[::1]:8080\"`".to_owned(),
        ),
    };
    cx.report(
        Finding::error(
            "topology-listen",
            place.span(),
            format!("`{short}` is no socket to listen on"),
        )
        .label(label)
        .help(help),
    );
}

/// Who uses an address, and for what.
#[derive(Clone, Copy)]
struct User<'a> {
    socket: Socket,
    purpose: Purpose,
    owner: &'a str,
    span: Span,
    tls: Option<&'a Tls>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Purpose {
    Plain,
    Tls,
    Stream,
}

impl User<'_> {
    /// Whether both are the same line.
    fn is(&self, other: &Self) -> bool {
        (self.owner, self.purpose, self.span) == (other.owner, other.purpose, other.span)
    }

    fn what(&self) -> String {
        let owner = shown(self.owner);
        match self.purpose {
            Purpose::Plain => format!("site `{owner}`, without TLS"),
            Purpose::Tls => format!("site `{owner}`, with TLS"),
            Purpose::Stream => format!("stream `{owner}`"),
        }
    }
}

/// Checks all sockets together.
pub(super) fn check(cx: &mut Checks<'_>) {
    let users = users(cx);
    let mut first: HashMap<SocketAddr, User<'_>> = HashMap::with_capacity(users.len());
    // The first user of each port, with and without an address, for what only the kernel
    // refuses.
    let mut ports: HashMap<(u16, bool, Purpose), User<'_>> = HashMap::new();
    for user in users {
        let mut told = false;
        for address in user.socket.addresses() {
            let earlier = *first.entry(address).or_insert(user);
            if !earlier.is(&user) {
                told = told || compare(cx, address, earlier, user);
            }
        }
        let http_or_stream = match user.purpose {
            Purpose::Stream => Purpose::Stream,
            Purpose::Plain | Purpose::Tls => Purpose::Plain,
        };
        let other = match http_or_stream {
            Purpose::Stream => Purpose::Plain,
            _ => Purpose::Stream,
        };
        let port = user.socket.port();
        ports
            .entry((port, user.socket.is_wildcard(), http_or_stream))
            .or_insert(user);
        // A stream that takes one address of a port that sites have on all addresses, or
        // the other way round.
        if let Some(earlier) = ports.get(&(port, !user.socket.is_wildcard(), other))
            && !told
        {
            report_taken(cx, *earlier, user);
        }
    }
}

/// All sockets in the order of the document.
fn users<'a>(cx: &Checks<'a>) -> Vec<User<'a>> {
    let (topology, document) = (cx.topology, cx.document);
    let mut users = Vec::new();
    for (name, site) in &topology.sites {
        let scope = Scope::sharing(document, &[Key("sites"), Key(name)]);
        users.extend(users_of_site(name, site, &scope));
    }
    for (name, stream) in &topology.streams {
        let scope = Scope::new(document, &[Key("streams"), Key(name)]);
        for (index, listen) in stream.listen.0.iter().enumerate() {
            let Ok(socket) = Socket::parse(&listen.0) else {
                continue;
            };
            let span = scope.at(&[Key("listen"), Index(index)]).span();
            users.push(User {
                socket,
                purpose: Purpose::Stream,
                owner: name,
                span,
                tls: None,
            });
        }
    }
    users.sort_by_key(|user| user.span.start);
    users
}

/// The sockets of all sites.
pub(super) fn of_sites(cx: &Checks<'_>) -> Vec<(Socket, Span)> {
    let http = |user: &User<'_>| user.purpose != Purpose::Stream;
    users(cx)
        .into_iter()
        .filter(http)
        .map(|user| (user.socket, user.span))
        .collect()
}

/// How many addresses nginx listens on.
pub(super) fn count(topology: &Topology) -> usize {
    let of_sites = topology
        .sites
        .values()
        .flat_map(|site| site.plain_sockets().into_iter().chain(site.tls_sockets()));
    let of_streams = topology
        .streams
        .values()
        .flat_map(|stream| stream.listen.0.clone());
    let addresses: HashSet<SocketAddr> = of_sites
        .chain(of_streams)
        .filter_map(|listen| Socket::parse(&listen.0).ok())
        .flat_map(Socket::addresses)
        .collect();
    addresses.len()
}

fn users_of_site<'a>(name: &'a str, site: &'a Site, scope: &Scope<'_>) -> Vec<User<'a>> {
    let tls = site.tls();
    let plain = site
        .plain_sockets()
        .into_iter()
        .enumerate()
        .map(|(index, listen)| {
            let keys = [Key("listen"), Index(index)];
            let span = if site.listen.is_some() {
                scope.at(&keys).span()
            } else {
                scope.name()
            };
            (listen, Purpose::Plain, span)
        });
    let encrypted = site
        .tls_sockets()
        .into_iter()
        .enumerate()
        .map(|(index, listen)| {
            let stated = tls.is_some_and(|tls| tls.listen.is_some());
            let keys = [Key("tls"), Key("listen"), Index(index)];
            let span = if stated {
                scope.at(&keys).span()
            } else {
                scope.at(&keys[..1]).key()
            };
            (listen, Purpose::Tls, span)
        });
    plain
        .chain(encrypted)
        .filter_map(|(listen, purpose, span)| {
            let socket = Socket::parse(&listen.0).ok()?;
            let tls = tls.filter(|_| purpose == Purpose::Tls);
            Some(User {
                socket,
                purpose,
                owner: name,
                span,
                tls,
            })
        })
        .collect()
}

/// Two users of one address; whether there was something to say.
fn compare(cx: &mut Checks<'_>, address: SocketAddr, earlier: User<'_>, user: User<'_>) -> bool {
    if earlier.purpose == Purpose::Stream || user.purpose == Purpose::Stream {
        report_taken(cx, earlier, user);
        return true;
    }
    if earlier.purpose != user.purpose {
        let finding = Finding::error(
            "topology-listen-plain-and-tls",
            user.span,
            format!("{address} is to speak both plain HTTP and TLS"),
        )
        .label(user.what())
        .related(earlier.span, earlier.what())
        .help("Give one of the two another port: nginx would expect TLS from everybody there");
        cx.report(finding);
        return true;
    }
    if earlier.owner == user.owner {
        let finding = Finding::error(
            "topology-duplicate-listen",
            user.span,
            format!("the site listens on {address} twice"),
        )
        .label("again")
        .related(earlier.span, "first here")
        .help("Remove one of the two; nginx says `a duplicate listen`");
        cx.report(finding);
        return true;
    }
    if earlier.socket != user.socket {
        let finding = Finding::error(
            "topology-listen-spelling",
            user.span,
            format!("{address} is spelled in two ways"),
        )
        .label(user.what())
        .related(earlier.span, earlier.what())
        .help("Write the same `listen` in both sites, such as the port alone");
        cx.report(finding);
        return true;
    }
    compare_tls(cx, earlier, user)
}

/// What belongs to a whole socket on older releases.
fn compare_tls(cx: &mut Checks<'_>, earlier: User<'_>, user: User<'_>) -> bool {
    let (Some(one), Some(other)) = (earlier.tls, user.tls) else {
        return false;
    };
    let target = super::named(cx.target);
    let (first, second) = (shown(earlier.owner), shown(user.owner));
    let document = cx.document;
    let place = |user: &User<'_>, key| {
        let scope = Scope::sharing(document, &[Key("sites"), Key(user.owner)]);
        scope.at(&[Key("tls"), Key(key)]).span()
    };
    let mut told = false;
    if one.speaks_http2() != other.speaks_http2() && !cx.target.at_least(1, 25, 1) {
        let word = |tls: &Tls| {
            if tls.speaks_http2() {
                "with HTTP/2"
            } else {
                "without HTTP/2"
            }
        };
        let finding = Finding::error(
            "topology-http2-of-socket",
            place(&user, "http2"),
            format!(
                "sites `{first}` and `{second}` share a socket, and on {target} all of a socket \
                 speaks HTTP/2 or nothing does"
            ),
        )
        .label(word(other))
        .related(place(&earlier, "http2"), word(one))
        .help("Write the same `http2` in both, or let one listen elsewhere");
        cx.report(finding);
        told = true;
    }
    if one.profile() != other.profile() && !cx.target.at_least(1, 29, 2) {
        let word = |tls: &Tls| match tls.profile() {
            TlsProfile::Intermediate => "intermediate",
            TlsProfile::Modern => "modern",
        };
        let finding = Finding::error(
            "topology-profile-of-socket",
            place(&user, "profile"),
            format!(
                "sites `{first}` and `{second}` share a socket, and {target} takes the TLS \
                 versions of one for both"
            ),
        )
        .label(word(other))
        .related(place(&earlier, "profile"), word(one))
        .help("Write the same `profile` in both, or let one listen elsewhere");
        cx.report(finding);
        told = true;
    }
    told
}

/// nginx itself only notices when it starts: `nginx -t` does not bind.
fn report_taken(cx: &mut Checks<'_>, earlier: User<'_>, user: User<'_>) {
    let port = user.socket.port();
    let help = if earlier.purpose == user.purpose {
        "Give one of the two another port: nginx would lead all connections to the first"
    } else {
        "Give one of the two another port; nginx loads this and does not start: `Address already \
         in use`"
    };
    let finding = Finding::error(
        "topology-socket-taken",
        user.span,
        format!("port {port} is taken by {}", earlier.what()),
    )
    .label(user.what())
    .related(earlier.span, "taken here")
    .help(help);
    cx.report(finding);
}
