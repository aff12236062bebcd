//! `server_name` of `http` and `stream`, and which server has a name on a socket
//! (`ngx_http_server_names`, `ngx_stream_server_names`).

use super::hashes::Hash;
use super::reading::{Reading, late_refusal, refusal, warning};
use super::sink::{printed, warn};
use crate::directives::Family;
use crate::finding::Finding;
use crate::model::Statement;
use crate::model::http::ServerName;
use crate::source::Span;
use crate::values::hostnames::{Hostnames, Rejected};
use crate::values::{part_of, small};
use std::borrow::Cow;

pub(super) fn server_name<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    for word in statement.args() {
        let value = word.value();
        let wrong = match &*value {
            [b'*', b'.', _, ..] => false,
            [b'*', ..] | [b'.'] => true,
            _ => false,
        };
        if wrong {
            let shown = printed(&value);
            reading.refuse(
                statement,
                word,
                "invalid-server-name",
                format!("`{shown}` is no server name"),
                format!("server name \"{shown}\" is invalid"),
                "Write `_` in a default server for every name, or `*.example.com` for all \
                 below a domain",
            );
            return;
        }
        if memchr::memchr(b'/', &value).is_some() {
            let shown = printed(&value);
            reading.say(
                warning(
                    statement,
                    "suspicious-server-name",
                    word.span(),
                    format!("the server name `{shown}` has a `/`, so no request will match it"),
                    format!("server name \"{shown}\" has suspicious symbols"),
                )
                .help("Write the host name alone, without scheme and path"),
            );
        }
        let mut name = match value {
            Cow::Borrowed(value) => small(value),
            Cow::Owned(ref value) => Cow::Owned(value.to_ascii_lowercase()),
        };
        let mut regex = None;
        if let [b'~', pattern @ ..] = &*value {
            if pattern.is_empty() {
                reading.say(
                    refusal(
                        statement,
                        "invalid-server-name",
                        word.span(),
                        "`~` is not followed by a regular expression",
                        "empty regex in server name \"~\"",
                    )
                    .help("Write the expression at once behind `~`"),
                );
                return;
            }
            let caseless = pattern.iter().any(u8::is_ascii_uppercase);
            let span = word.part(1..value.len());
            regex = reading.regex(statement, pattern, caseless, span);
            if regex.is_none() {
                return;
            }
            name = part_of(&value, 1..value.len());
        }
        let model = &mut reading.model;
        let names = match statement.row.module.family {
            Family::Stream => model.stream.servers.last_mut().map(|it| &mut it.names),
            _ => model.http.servers.last_mut().map(|it| &mut it.names),
        };
        if let Some(names) = names {
            names.push(ServerName {
                name,
                regex,
                span: word.span(),
            });
        }
    }
}

/// The names of a server, and where it begins.
type Server<'r> = (&'r [ServerName<'r>], Span);

/// `ngx_http_optimize_servers`, `ngx_stream_optimize_servers`, as far as they are about
/// names.
pub(super) fn finish(reading: &mut Reading<'_>, family: Family) {
    let mut findings = Vec::new();
    let block = match family {
        Family::Stream => reading.model.stream.scope,
        _ => reading.model.http.scope,
    };
    let directives = [
        "server_names_hash_max_size",
        "server_names_hash_bucket_size",
    ];
    let hash =
        block.map(|block| Hash::of(&reading.model, block, "server_names_hash", directives, 512));
    let (http, stream) = (&mut reading.model.http, &mut reading.model.stream);
    let (sockets, servers): (_, Vec<Server<'_>>) = match family {
        Family::Stream => (
            &mut stream.sockets,
            { stream.servers.iter() }
                .map(|server| (&*server.names, server.statement.head()))
                .collect(),
        ),
        _ => (
            &mut http.sockets,
            { http.servers.iter() }
                .map(|server| (&*server.names, server.statement.head()))
                .collect(),
        ),
    };
    for socket in &mut sockets.all {
        let captures = |name: &ServerName<'_>| {
            let regex = name.regex.as_ref();
            regex.is_some_and(|regex| regex.captures() > 0)
        };
        let (default, _) = servers[socket.default_server.0 as usize];
        if socket.listens.len() < 2 && !default.iter().any(captures) {
            continue;
        }
        let mut names = Hostnames::default();
        for listen in &socket.listens {
            let (own, head) = servers[listen.server.0 as usize];
            let empty = ServerName {
                name: Cow::default(),
                regex: None,
                span: head,
            };
            let unnamed = own.is_empty().then_some(&empty);
            for name in own.iter().chain(unnamed) {
                if let Some(regex) = &name.regex {
                    socket.regexes.push((regex.clone(), listen.server));
                    continue;
                }
                // Nobody here knows the name of the machine.
                if *name.name == *b"$hostname" {
                    continue;
                }
                match names.add(&name.name, (listen.server, name.span)) {
                    Ok(()) => {}
                    Err(Rejected::Invalid) => {
                        findings.push(invalid(name, &socket.text));
                    }
                    Err(Rejected::Taken((_, first))) => {
                        findings.push(conflicting(name, first, &socket.text));
                    }
                }
            }
        }
        let exact = names.exact().map(|(name, (_, span))| (name, span));
        let mut exact: Vec<_> = exact.collect();
        exact.sort_unstable_by_key(|(_, span)| (span.file, span.start));
        if let Some(hash) = hash
            && let Some(first) = socket.listens.first()
            && !exact.is_empty()
        {
            findings.extend(hash.judge(&exact, first.span));
        }
        socket.names = names;
    }
    for finding in findings {
        reading.say(finding);
    }
}

fn invalid(name: &ServerName<'_>, socket: &str) -> Finding {
    let shown = printed(&name.name);
    late_refusal(
        "invalid-server-name",
        name.span,
        format!("`{shown}` has a `*` or two dots where a server name cannot have them"),
        format!("invalid server name or wildcard \"{shown}\" on {socket}"),
        None,
    )
    .help("Write `*` only as the first or the last label, as in `*.example.com`")
}

fn conflicting(name: &ServerName<'_>, first: Span, socket: &str) -> Finding {
    let shown = printed(&name.name);
    let message = if name.name.is_empty() {
        format!("more than one server on `{socket}` has no name, so only one of them answers")
    } else {
        format!("`{shown}` is the name of a server on `{socket}` already, so it counts there")
    };
    let mut finding = Finding::warning("conflicting-server-name", name.span, message)
        .label("ignored")
        .related(first, "first")
        .help("Keep the name in one server for each address");
    finding.nginx = warn(
        format!("conflicting server name \"{shown}\" on {socket}, ignored"),
        None,
    );
    finding
}
