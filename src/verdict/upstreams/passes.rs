//! `proxy_pass` and its like.

use super::add::{self, Address};
use super::server::bad_address;
use super::upstreams;
use crate::directives::Context;
use crate::finding::Finding;
use crate::model::Statement;
use crate::model::http::LocationKind;
use crate::model::upstream::{Reference, Scheme};
use crate::syntax::Word;
use crate::values::address::{Allowed, Host, parse_addr_port, parse_url};
use crate::values::expression::has_variables;
use crate::verdict::reading::{Reading, Setter, refusal};
use crate::verdict::sink::printed;
use std::ops::Range;

/// What reads one of them, by the name of nginx's function.
pub(super) fn setter(name: &str) -> Option<Setter> {
    Some(match name {
        "ngx_http_proxy_pass" => |reading, statement| pass(reading, statement, &PROXY),
        "ngx_http_fastcgi_pass" => |reading, statement| pass(reading, statement, &FASTCGI),
        "ngx_http_uwsgi_pass" => |reading, statement| pass(reading, statement, &UWSGI),
        "ngx_http_scgi_pass" => |reading, statement| pass(reading, statement, &SCGI),
        "ngx_http_grpc_pass" => |reading, statement| pass(reading, statement, &GRPC),
        "ngx_http_memcached_pass" => |reading, statement| {
            pass(reading, statement, &MEMCACHED);
            reading.index(statement, b"memcached_key", statement.head());
        },
        "ngx_http_tunnel_pass" => |reading, statement| pass(reading, statement, &TUNNEL),
        "ngx_stream_proxy_pass" => |reading, statement| pass(reading, statement, &STREAM),
        "ngx_stream_pass" => stream_pass,
        "ngx_http_upstream_bind_set_slot" | "ngx_stream_proxy_bind" => bind,
        _ => return None,
    })
}

/// What such a directive takes.
struct Protocol {
    /// What may stand in front, with the port that it stands for.
    prefixes: &'static [(&'static str, Scheme, u16)],
    /// Without a prefix; `None` where one is needed.
    plain: Option<Scheme>,
    /// Whether a URI may follow.
    uri: bool,
    /// Whether there may be variables.
    variables: bool,
}

const PROXY: Protocol = Protocol {
    prefixes: &[
        ("http://", Scheme::Http, 80),
        ("https://", Scheme::Https, 443),
    ],
    plain: None,
    uri: true,
    variables: true,
};
const FASTCGI: Protocol = Protocol {
    prefixes: &[],
    plain: Some(Scheme::FastCgi),
    uri: false,
    variables: true,
};
const UWSGI: Protocol = Protocol {
    prefixes: &[
        ("uwsgi://", Scheme::Uwsgi, 0),
        ("suwsgi://", Scheme::Suwsgi, 0),
    ],
    plain: Some(Scheme::Uwsgi),
    uri: false,
    variables: true,
};
const SCGI: Protocol = Protocol {
    plain: Some(Scheme::Scgi),
    ..FASTCGI
};
const GRPC: Protocol = Protocol {
    prefixes: &[("grpc://", Scheme::Grpc, 0), ("grpcs://", Scheme::Grpcs, 0)],
    plain: Some(Scheme::Grpc),
    uri: false,
    variables: true,
};
const MEMCACHED: Protocol = Protocol {
    plain: Some(Scheme::Memcached),
    variables: false,
    ..FASTCGI
};
const TUNNEL: Protocol = Protocol {
    plain: Some(Scheme::Tunnel),
    ..FASTCGI
};
const STREAM: Protocol = Protocol {
    plain: Some(Scheme::Stream),
    ..FASTCGI
};

impl Protocol {
    /// The prefix of a value: its length, what it stands for, and its port.
    fn prefix(&self, value: &[u8]) -> Option<(usize, Scheme, u16)> {
        let known = self.prefixes.iter().find(|(prefix, _, _)| {
            value
                .get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
        });
        match known {
            Some((prefix, scheme, port)) => Some((prefix.len(), *scheme, *port)),
            None => self.plain.map(|scheme| (0, scheme, 0)),
        }
    }
}

fn pass<'m>(reading: &mut Reading<'m>, statement: Statement<'m>, protocol: &Protocol) {
    let Some(word) = statement.arg(0) else {
        // `tunnel_pass` alone goes where the client says.
        let span = statement.head();
        note_variable(reading, statement, Scheme::Tunnel, b"", span);
        for name in [&b"host"[..], b"request_port"] {
            reading.index(statement, name, span);
        }
        return;
    };
    let value = word.value();
    if protocol.variables && has_variables(&value) {
        if reading.expression(statement, word).is_some() {
            variable(reading, statement, word, protocol);
        }
        return;
    }
    let Some((skip, scheme, port)) = protocol.prefix(&value) else {
        reading.say(no_prefix(statement, word));
        return;
    };
    let allowed = Allowed {
        listen: false,
        uri: protocol.uri,
    };
    let url = match parse_url(&value[skip..], allowed) {
        Ok(url) => url,
        Err(nginx) => {
            reading.say(bad_address(statement, word, skip, nginx));
            return;
        }
    };
    let host = &value[skip..];
    let unix = if matches!(url.host, Host::Unix(_)) {
        5
    } else {
        0
    };
    let span = word.part(skip + unix..skip + unix + url.host_text.len());
    let address = Address::new(&url, port);
    let sound = add::add(reading, statement, &address, scheme, url.uri, span);
    if sound && !url.uri.is_empty() && !replaces_uri(reading, statement) {
        let at = value.len() - url.uri.len();
        let span = word.part(at..value.len());
        reading.say(uri_refused(reading, statement, host, span));
    }
}

/// Remembers an argument with variables; what stands before them may be a scheme and a host.
fn variable<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    word: Word<'m>,
    protocol: &Protocol,
) {
    let value = word.value();
    let (skip, scheme) = match protocol.prefix(&value) {
        Some((skip, scheme, _)) => (skip, scheme),
        None => (0, Scheme::Variable),
    };
    let host = literal_host(&value, skip).unwrap_or(skip..skip);
    let span = match host.is_empty() {
        true => word.span(),
        false => word.part(host.clone()),
    };
    note_variable(reading, statement, scheme, &value[host], span);
}

/// The host where no variable can be part of it: something else follows first.
fn literal_host(value: &[u8], skip: usize) -> Option<Range<usize>> {
    let rest = &value[skip..];
    let end = rest.iter().position(|byte| b"/?$:".contains(byte))?;
    let follows = &rest[end..];
    let uri = [&b"$request_uri"[..], b"$uri", b"$document_uri"];
    let whole = follows[0] != b'$' || uri.iter().any(|name| follows.starts_with(name));
    whole.then_some(skip..skip + end)
}

fn note_variable<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    scheme: Scheme,
    host: &[u8],
    span: crate::source::Span,
) {
    let family = statement.row.module.family;
    upstreams(reading, family).references.push(Reference {
        statement,
        scheme,
        variable: true,
        host: host.to_vec(),
        unix: false,
        port: None,
        uri: Vec::new(),
        span,
    });
}

/// Whether a location can replace the part of a URI that it matches: not where a regular
/// expression matches it, or nothing.
fn replaces_uri(reading: &Reading<'_>, statement: Statement<'_>) -> bool {
    let model = &reading.model;
    if model.scope(statement.scope).context != Context::Location {
        return false;
    }
    let location = model.http.location_of(statement.scope);
    location.is_none_or(|id| {
        let kind = model.http.location(id).kind;
        !kind.is_regex() && kind != LocationKind::Named
    })
}

fn uri_refused<'m>(
    reading: &Reading<'m>,
    statement: Statement<'m>,
    address: &[u8],
    uri: crate::source::Span,
) -> Finding {
    let scope = reading.model.scope(statement.scope);
    let place = match scope.context {
        Context::Location => {
            let http = &reading.model.http;
            let location = http.location_of(statement.scope);
            match location.map(|id| http.location(id).kind) {
                Some(LocationKind::Named) => "a named location",
                _ => "a location with a regular expression",
            }
        }
        Context::LimitExcept => "`limit_except`",
        _ => "`if`",
    };
    let shown = printed(address);
    refusal(
        statement,
        "proxy-pass-uri-forbidden",
        uri,
        format!("`proxy_pass` in {place} cannot replace the path by that of `{shown}`"),
        "\"proxy_pass\" cannot have URI part in location given by regular expression, or inside \
         named location, or inside \"if\" statement, or inside \"limit_except\" block",
    )
    .label("remove this")
    .help("Remove everything behind the address, and use `rewrite` to change the path")
}

fn no_prefix(statement: Statement<'_>, word: Word<'_>) -> Finding {
    let shown = word.to_str();
    let help = match shown.find("://") {
        Some(at) => format!("Write `http://{}`", &shown[at + 3..]),
        None => format!("Write `http://{shown}`"),
    };
    refusal(
        statement,
        "proxy-pass-no-scheme",
        word.span(),
        format!("`{shown}` does not begin with `http://` or `https://`"),
        "invalid URL prefix",
    )
    .help(help)
}

/// `pass` of `stream`, which hands connections to a listening socket.
fn stream_pass<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else { return };
    if reading.expression(statement, word).is_none() {
        return;
    }
    let value = word.value();
    if has_variables(&value) {
        return;
    }
    let shown = printed(&value);
    let (message, nginx) = match parse_url(&value, Allowed::default()) {
        Err(nginx) => (
            format!("`{shown}` is no address"),
            format!("{nginx} in \"{shown}\" of the \"pass\" directive"),
        ),
        Ok(url) => match url.host {
            Host::Name(_) => (
                format!("`{shown}` is a name, and `pass` takes an address"),
                "\"pass\" directive has no addresses".to_owned(),
            ),
            Host::V4(_) | Host::V6(_) if url.port.is_none() => (
                format!("`{shown}` has no port"),
                "\"pass\" directive has no port".to_owned(),
            ),
            _ => return,
        },
    };
    reading.say(
        refusal(
            statement,
            "bad-upstream-server-address",
            word.span(),
            message,
            nginx,
        )
        .help("Write an address with a port, as in `127.0.0.1:8443`, or `unix:/PATH`"),
    );
}

/// `ngx_http_upstream_bind_set_slot`, `ngx_stream_proxy_bind`.
fn bind<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else { return };
    if statement.args().len() == 1 && word.is("off") {
        return;
    }
    if reading.expression(statement, word).is_none() {
        return;
    }
    let value = word.value();
    if !has_variables(&value) && parse_addr_port(&value).is_none() {
        let shown = printed(&value);
        return reading.refuse(
            statement,
            word,
            "invalid-value",
            format!("`{shown}` is no address"),
            format!("invalid address \"{shown}\""),
            "Write an address with or without a port, or `off`",
        );
    }
    if let Some(word) = statement.arg(1)
        && !word.is("transparent")
    {
        reading.refuse_parameter(statement, word, &["transparent"]);
    }
}
