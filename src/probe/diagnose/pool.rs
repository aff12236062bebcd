//! Nodes beside what is said of their pool, and beside each other.

use super::{Cause, Named};
use crate::app_server::AppServer;
use crate::probe::result::{Probe, Reply};
use crate::probe::target::Ask;
use crate::rules::probe as causes;
use crate::text::shown;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// What all nodes of a pool have in common: a verb, and where it is told. Headers that are
/// missing everywhere tell nothing.
const ALIKE: [(&str, Value); 7] = [
    ("answers", |reply| {
        Some(Cow::Owned(reply.status.unwrap_or_default().to_string()))
    }),
    ("runs the server", |reply| {
        Some(Cow::Borrowed(reply.header("server").unwrap_or("none")))
    }),
    ("is of `X-Version`", |reply| header(reply, "x-version")),
    ("is of `X-App-Version`", |reply| {
        header(reply, "x-app-version")
    }),
    ("is of `X-Release`", |reply| header(reply, "x-release")),
    ("is of `X-Revision`", |reply| header(reply, "x-revision")),
    ("sends the `ETag`", |reply| header(reply, "etag")),
];

type Value = fn(&Reply) -> Option<Cow<'_, str>>;

fn header<'r>(reply: &'r Reply, name: &str) -> Option<Cow<'r, str>> {
    reply.header(name).map(Cow::Borrowed)
}

/// Probes that answer otherwise than most of their pool, with the difference.
pub(super) fn odd_ones(probes: &[Probe]) -> HashMap<usize, String> {
    // A question is one value for all nodes of a pool.
    let mut questions: HashMap<*const Ask, Vec<(usize, &Reply)>> = HashMap::new();
    for (index, probe) in probes.iter().enumerate() {
        if let (Ok(reply), Ask::Http(_) | Ask::Uwsgi(_)) = (&probe.answer, &*probe.target.ask) {
            let question = questions.entry(Arc::as_ptr(&probe.target.ask));
            question.or_default().push((index, reply));
        }
    }
    let mut odd = HashMap::new();
    for replies in questions.values() {
        for (verb, value) in ALIKE {
            if replies
                .windows(2)
                .all(|two| value(two[0].1) == value(two[1].1))
            {
                continue;
            }
            let mut counts: HashMap<Option<Cow<'_, str>>, usize> = HashMap::new();
            for (_, reply) in replies {
                *counts.entry(value(reply)).or_default() += 1;
            }
            let Some((usual, most)) = counts.iter().max_by_key(|(_, count)| **count) else {
                continue;
            };
            // Where no answer is that of most, none is odd.
            if *most * 2 <= replies.len() {
                continue;
            }
            for (index, reply) in replies {
                let own = value(reply);
                if own != *usual {
                    let said = |value: &Option<Cow<'_, str>>| {
                        let value = value.as_deref().unwrap_or("none");
                        format!("`{}`", shown(value))
                    };
                    odd.entry(*index).or_insert_with(|| {
                        format!("{verb} {}, the others {}", said(&own), said(usual))
                    });
                }
            }
        }
    }
    odd
}

/// Where a page is not what the pool is said to serve.
pub(super) fn of_page(probe: &Probe, reply: &Reply) -> impl Iterator<Item = Cause> {
    let found = [
        other_server(probe, reply),
        session(probe, reply),
        cookie(probe, reply),
    ];
    found.into_iter().flatten()
}

/// Another application server than the topology says.
fn other_server(probe: &Probe, reply: &Reply) -> Option<Cause> {
    let declared = probe.target.pool.server?;
    let said = reply.header("server")?;
    let begins = |server: &AppServer| said.to_ascii_lowercase().starts_with(server.as_str());
    let runs = AppServer::ALL.into_iter().find(begins)?;
    // gunicorn with uvicorn's worker answers as uvicorn.
    if runs == declared || (declared, runs) == (AppServer::Gunicorn, AppServer::Uvicorn) {
        return None;
    }
    let (declared, runs) = (declared.as_str(), runs.as_str());
    Some(
        Cause::new(
            causes::ProbeOtherServer::META,
            format!("{} runs {runs}, not {declared}", Named(probe)),
            "another server",
        )
        .help(format!(
            "Write `server: {runs}` for the pool: connections that are kept and WebSockets depend \
             on it"
        )),
    )
}

/// A health check that makes a session each time it is asked.
fn session(probe: &Probe, reply: &Reply) -> Option<Cause> {
    if !probe.target.health || !reply.sets_cookie("sessionid") {
        return None;
    }
    let cause = Cause::new(
        causes::ProbeSessionCreated::META,
        format!("{} begins a session for a health check", Named(probe)),
        "sets `sessionid`",
    );
    Some(cause.help("Let the view of the health check leave `request.session` alone"))
}

/// A cookie of the application's that takes the place of nginx's own.
fn cookie(probe: &Probe, reply: &Reply) -> Option<Cause> {
    let name = probe.target.pool.cookie.as_deref()?;
    if !reply.sets_cookie(name) {
        return None;
    }
    let name = shown(name);
    let cause = Cause::new(
        causes::ProbeStickyCookie::META,
        format!(
            "{} sets the cookie `{name}`, by which nginx finds the node of a session",
            Named(probe)
        ),
        "sets nginx's cookie",
    );
    Some(cause.help("Give the cookie of `sticky` another name"))
}
