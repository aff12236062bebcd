//! From the connection to the server.

use super::super::script;
use super::super::trace::{Answer, End, Loser, Step, StepKind};
use super::{CHANGES, Case, Phase, Router, response};
use crate::evaluation::{Facts, forwarded};
use crate::model::Statement;
use crate::model::http::{Server, ServerId, ServerName};
use crate::model::sockets::Socket;
use crate::source::{Span, readable};
use crate::values::address::{Host, inet_addr, inet6_addr, parse_cidr};
use crate::values::uri;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

impl<'m> Router<'_, 'm> {
    /// The case that a request begins as.
    pub(super) fn begin(&self) -> Result<Case<'m>, Box<Answer>> {
        let request = self.request;
        let model = self.world.model;
        let http = &model.http;
        let mut steps = Vec::new();
        let Some(socket) = self.socket(&mut steps) else {
            return Err(early(steps, End::Closed));
        };
        let tls = socket.ssl || socket.quic;
        if request.tls && !tls {
            steps.push(step(
                StepKind::Listen,
                "this socket speaks plain HTTP: the TLS handshake fails",
            ));
            return Err(early(steps, End::Closed));
        }
        let Ok((host, _)) = uri::host(&request.host_header()) else {
            steps.push(step(StepKind::Server, "nginx refuses this `Host`"));
            return Err(early(steps, response(400)));
        };
        // The request line is read before `Host` is known: settings of the URI are those of
        // the default server, or of the one that the handshake names.
        let mut first_server = socket.default_server;
        let mut negotiated = None;
        if request.tls {
            let name = match &request.sni {
                Some(name) => name.to_ascii_lowercase().into_bytes(),
                None => host.clone(),
            };
            // An address is no name that clients put into the handshake.
            let sent = request.sni.is_some() || !is_address(&name);
            if let Some(server) = socket.find(&name).filter(|_| sent) {
                first_server = server;
                negotiated = Some(name.clone());
            }
            let of_server = place_of(http.server(first_server));
            if sent && name != host {
                let text = match negotiated {
                    Some(_) => format!("the handshake asks for `{}`", readable(&name)),
                    None if socket.listens.len() == 1 => format!(
                        "the handshake asks for `{}`, and the only server of this socket answers",
                        readable(&name)
                    ),
                    None => format!(
                        "no server has the name `{}` of the handshake: the default server shows its \
                         certificate",
                        readable(&name)
                    ),
                };
                steps.push(Step {
                    span: Some(of_server),
                    ..step(StepKind::Server, text)
                });
            }
            let scope = http.server(first_server).scope;
            let rejects = model.value(scope, "ssl_reject_handshake");
            if let Some(rejects) = rejects.filter(|flag| flag.arg(0).is_some_and(|w| w.is("on"))) {
                steps.push(Step {
                    span: Some(rejects.head()),
                    ..step(
                        StepKind::Server,
                        format!("the handshake for `{}` is rejected", readable(&name)),
                    )
                });
                return Err(early(steps, End::Closed));
            }
        }
        let found = socket.find(&host);
        let server = found.unwrap_or(socket.default_server);
        steps.push(self.server_step(socket, server, &host));
        let merge = model
            .value(http.server(first_server).scope, "merge_slashes")
            .is_none_or(|flag| flag.arg(0).is_none_or(|word| !word.is("off")));
        let Ok(uri) = uri::parse(&request.target, merge) else {
            steps.push(step(StepKind::Uri, "nginx refuses this URI"));
            return Err(early(steps, response(400)));
        };
        let raw = request.target.split(|byte| *byte == b'?').next();
        if raw != Some(uri.path.as_slice()) {
            let text = format!("the path is `{}` for all that follows", readable(&uri.path));
            steps.push(step(StepKind::Uri, text));
        }
        let mut case = Case {
            assuming: Vec::new(),
            steps,
            program: script::program(model, http.server(server).scope),
            facts: self.facts(uri, host.clone(), server),
            server,
            phase: Phase::ServerRewrite(0),
            changes: CHANGES,
            internal: false,
            changed: false,
            valid_location: true,
            unparsed: true,
            error_page: false,
            status: None,
            real_ip: false,
            access_code: None,
            decided: HashMap::new(),
            at: (Phase::ServerRewrite(0), 0),
        };
        // Groups of the name of a server are known from here on.
        if let Some((regex, _)) = socket
            .regexes
            .iter()
            .find(|(regex, _)| regex.is_match(&host))
            && socket.names.find(&host).is_none()
        {
            case.facts.matches(regex, &host);
        }
        self.check_connection(
            &mut case,
            tls,
            negotiated.filter(|name| *name != host),
            first_server,
        );
        if case.phase == Phase::ServerRewrite(0) {
            self.real_ip(&mut case);
        }
        Ok(case)
    }

    /// What is known of the request.
    fn facts(&self, uri: uri::Uri, host: Vec<u8>, server: ServerId) -> Facts {
        let request = self.request;
        let server = self.world.model.http.server(server);
        let mut facts = Facts::new(uri, request.target.clone(), host);
        facts.method.clone_from(&request.method);
        facts.request_method.clone_from(&request.method);
        facts.tls = request.tls;
        facts.server_port = request.port;
        facts.server_addr = request.listen;
        facts.sni.clone_from(&request.sni);
        facts.client = request.client;
        facts.peer = request.client;
        facts.whole = request.whole;
        facts.headers.clone_from(&request.headers);
        if request.header("host").is_none() {
            let host = String::from_utf8_lossy(&request.host).into_owned();
            facts.headers.push(("Host".to_owned(), host));
        }
        facts.prefix.clone_from(&self.world.prefix);
        facts.scope = server.scope;
        // `$server_name` is as written, but for a dot in front.
        facts.server_name = match server.names.first() {
            Some(name) if name.regex.is_some() => [b"~", &*name.name].concat(),
            Some(name) => name.name.strip_prefix(b".").unwrap_or(&name.name).to_vec(),
            None => Vec::new(),
        };
        facts
    }

    /// What nginx looks at before the phases: whether the request may use this connection
    /// (`ngx_http_set_virtual_server`, `ngx_http_process_request`).
    fn check_connection(
        &self,
        case: &mut Case<'m>,
        tls: bool,
        other_name: Option<Vec<u8>>,
        first_server: ServerId,
    ) {
        let model = self.world.model;
        let verify = model.value(case.facts.scope, "ssl_verify_client");
        let verify = verify.filter(|verify| verify.arg(0).is_some_and(|word| !word.is("off")));
        if let (Some(name), Some(verify)) = (other_name, verify) {
            let text = format!(
                "this server asks for certificates of clients, and the handshake was for `{}`: the \
                 request is misdirected",
                readable(&name)
            );
            case.step(StepKind::Server, text, Some(verify.head()));
            case.facts.scope = model.http.server(first_server).scope;
            case.phase = Phase::Status(421);
        } else if tls && !self.request.tls {
            let text = "the socket speaks TLS, and plain HTTP came: nginx answers 400, which \
                        `error_page 497` may change";
            case.step(StepKind::Listen, text, None);
            case.phase = Phase::Status(497);
        } else if let Some(verify) = verify.filter(|_| tls) {
            let asks = verify.arg(0).is_some_and(|word| word.is("on"));
            if asks && self.request.whole {
                case.step(
                    StepKind::Access,
                    "the client shows no certificate",
                    Some(verify.head()),
                );
                case.phase = Phase::Status(496);
            } else if asks {
                case.assuming
                    .push("the client shows a certificate that nginx trusts".to_owned());
                case.step(
                    StepKind::Access,
                    "a certificate is asked for",
                    Some(verify.head()),
                );
            }
        }
    }

    /// The address that a trusted proxy tells (`ngx_http_realip_handler`).
    pub(super) fn real_ip(&self, case: &mut Case<'m>) {
        let model = self.world.model;
        let from = model.effective(case.facts.scope, "set_real_ip_from");
        if from.is_empty() || case.real_ip {
            return;
        }
        let header = model.value(case.facts.scope, "real_ip_header");
        let header = header.and_then(|header| header.arg(0));
        let name = header.map_or_else(|| "X-Real-IP".to_owned(), |word| word.to_str().into_owned());
        let told: Vec<&str> = { case.facts.headers.iter() }
            .filter(|(known, _)| known.eq_ignore_ascii_case(&name))
            .map(|(_, value)| value.as_str())
            .collect();
        // Only that header may come in several lines.
        let all = name.eq_ignore_ascii_case("x-forwarded-for");
        let told = if all {
            &told[..]
        } else {
            &told[..told.len().min(1)]
        };
        if told.is_empty() {
            return;
        }
        let networks: Vec<_> = { from.iter() }
            .filter_map(|from| Some(parse_cidr(&from.arg(0)?.value())?.network))
            .collect();
        let recursive = model
            .value(case.facts.scope, "real_ip_recursive")
            .is_some_and(|flag| flag.arg(0).is_some_and(|word| word.is("on")));
        let place = from.first().map(Statement::head);
        let Some(sender) = case.facts.client else {
            let text = format!(
                "`{name}` counts if the connection comes from one of {} trusted networks",
                networks.len()
            );
            return case.step(StepKind::Access, text, place);
        };
        match forwarded::address(sender, told, &networks, recursive) {
            Some(address) => {
                case.real_ip = true;
                case.facts.client = Some(address);
                let text =
                    format!("{sender} is trusted: the client is {address}, as `{name}` says");
                case.step(StepKind::Access, text, place);
            }
            None => {
                let text = format!("what `{name}` says does not count: {sender} is not trusted");
                case.step(StepKind::Access, text, place);
            }
        }
    }

    /// The socket that takes the connection: one of that address goes before one of all
    /// addresses.
    pub(super) fn socket(&self, steps: &mut Vec<Step>) -> Option<&Socket<'m>> {
        let sockets = &self.world.model.http.sockets.all;
        let wanted = self.request.listen.or_else(|| {
            let host = self.request.host.as_slice();
            let end = memchr::memchr(b':', host).unwrap_or(host.len());
            match host.strip_prefix(b"[") {
                Some(rest) => {
                    let end = memchr::memchr(b']', rest)?;
                    inet6_addr(&rest[..end]).map(IpAddr::V6)
                }
                None => inet_addr(&host[..end]).map(IpAddr::V4),
            }
        });
        let here = |socket: &&Socket<'m>| {
            socket.key.port == self.request.port
                && !socket.key.datagram
                && !matches!(socket.key.host, Host::Unix(_))
        };
        let address = |socket: &Socket<'m>| match socket.key.host {
            Host::V4(address) => Some(IpAddr::V4(address)),
            Host::V6(address) => Some(IpAddr::V6(address)),
            _ => None,
        };
        let exact = || {
            let wanted = wanted?;
            sockets
                .iter()
                .filter(here)
                .find(|socket| address(socket) == Some(wanted))
        };
        let wildcard = || {
            sockets.iter().filter(here).find(|socket| {
                let fits = wanted.is_none_or(|wanted| {
                    address(socket).is_some_and(|own| own.is_ipv4() == wanted.is_ipv4())
                });
                socket.wildcard && fits
            })
        };
        let any = || sockets.iter().filter(here).find(|_| wanted.is_none());
        let Some(socket) = exact().or_else(wildcard).or_else(any) else {
            let port = self.request.port;
            let text = match wanted {
                Some(address) => {
                    format!("no server listens on {}", SocketAddr::new(address, port))
                }
                None => format!("no server listens on port {port}"),
            };
            steps.push(Step {
                kind: StepKind::Listen,
                text,
                span: None,
                lost: Vec::new(),
            });
            return None;
        };
        steps.push(Step {
            kind: StepKind::Listen,
            text: format!("the connection comes in on {}", socket.text),
            span: socket.listens.first().map(|listen| listen.span),
            lost: Vec::new(),
        });
        Some(socket)
    }

    /// Why this server, and why not the others.
    fn server_step(&self, socket: &Socket<'m>, server: ServerId, host: &[u8]) -> Step {
        let http = &self.world.model.http;
        let found = http.server(server);
        let shown = readable(host);
        let mut lost = Vec::new();
        let (text, span) = if socket
            .names
            .find(host)
            .is_some_and(|(named, _)| named == server)
        {
            let same =
                |name: &&ServerName<'_>| name.regex.is_none() && matches_name(&name.name, host);
            let longest = |name: &&ServerName<'_>| {
                (
                    name.name == host,
                    name.name.starts_with(b"*") || name.name.starts_with(b"."),
                    name.name.len(),
                )
            };
            let name = found.names.iter().filter(same).max_by_key(longest);
            let text = match name {
                Some(name) if name.name != host => {
                    format!("`{}` is the best match for `{shown}`", readable(&name.name))
                }
                _ => format!("its name is `{shown}`"),
            };
            (text, name.map_or(place_of(found), |name| name.span))
        } else if socket.find(host) == Some(server) {
            let matching =
                |name: &&ServerName<'_>| name.regex.as_ref().is_some_and(|r| r.is_match(host));
            let name = found.names.iter().find(matching);
            let text = format!("its expression is the first that matches `{shown}`");
            (text, name.map_or(place_of(found), |name| name.span))
        } else if socket.listens.len() == 1 {
            (
                "it is the only server of this socket".to_owned(),
                place_of(found),
            )
        } else {
            let why = match socket.default {
                Some(_) => "the one marked `default_server` answers",
                None => "the first one answers",
            };
            let text = format!("no server of this socket has the name `{shown}`: {why}");
            (text, socket.default.unwrap_or(place_of(found)))
        };
        // Only wildcards and expressions of this socket can match as well.
        let by_name = socket.names.find(host).is_some();
        for (regex, other) in socket
            .regexes
            .iter()
            .filter(|(regex, other)| *other != server && regex.is_match(host))
        {
            let names = &http.server(*other).names;
            let name = names.iter().find(|name| {
                name.regex
                    .as_ref()
                    .is_some_and(|own| std::rc::Rc::ptr_eq(own, regex))
            });
            let written = name.map(|name| &*name.name).unwrap_or_default();
            let why = if by_name {
                "names go before expressions"
            } else {
                "it stands further below"
            };
            lost.push(Loser {
                text: format!("`~{}` matches too, but {why}", readable(written)),
                span: name.map_or(place_of(http.server(*other)), |name| name.span),
            });
        }
        Step {
            kind: StepKind::Server,
            text,
            span: Some(span),
            lost,
        }
    }
}

/// Where a server has its name.
fn place_of(server: &Server<'_>) -> Span {
    let first = server.names.first();
    first.map_or(server.statement.head(), |name| name.span)
}

fn is_address(name: &[u8]) -> bool {
    name.starts_with(b"[") || inet_addr(name).is_some()
}

fn step(kind: StepKind, text: impl Into<String>) -> Step {
    Step {
        kind,
        text: text.into(),
        span: None,
        lost: Vec::new(),
    }
}

/// The answer to a request that no server sees.
fn early(steps: Vec<Step>, end: End) -> Box<Answer> {
    Box::new(Answer {
        assuming: Vec::new(),
        steps,
        end,
        span: None,
        effects: Vec::new(),
    })
}

/// Whether the name of a server, which may have a wildcard, is that of a host.
fn matches_name(name: &[u8], host: &[u8]) -> bool {
    let below = |host: &[u8], rest: &[u8]| host.len() > rest.len() && host.ends_with(rest);
    match name {
        [b'*', rest @ ..] => below(host, rest),
        [b'.', rest @ ..] => host == rest || below(host, name),
        [start @ .., b'*'] => host.starts_with(start),
        _ => name == host,
    }
}
