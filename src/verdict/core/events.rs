//! `events` (`src/event/ngx_event.c`).

use super::super::Start;
use super::super::networks;
use super::super::reading::{Reading, late_refusal, refusal};
use super::super::sink::printed;
use crate::model::Statement;
use crate::source::Span;
use crate::values::number::number;

/// The connections of a process that has no `worker_connections`.
const CONNECTIONS: i64 = 512;

/// The methods that nginx may have on Linux.
const METHODS: [&str; 3] = ["epoll", "poll", "select"];

/// What is remembered of `events`.
#[derive(Debug, Default)]
pub(in super::super) struct State<'m> {
    /// The first one.
    pub(in super::super) block: Option<Statement<'m>>,
    /// The last `worker_connections`.
    connections: Option<(Statement<'m>, i64)>,
    /// How many sockets `http`, `mail` and `stream` listen on.
    pub(in super::super) sockets: usize,
    /// They listen on names of hosts as well.
    pub(in super::super) has_names: bool,
}

/// `worker_connections`.
pub(super) fn worker_connections<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else {
        return;
    };
    match number(&word.value()) {
        Some(connections) => reading.state.events.connections = Some((statement, connections)),
        None => reading.say(
            refusal(
                statement,
                "invalid-value",
                word.span(),
                format!("`{}` is no whole number", word.to_str()),
                format!("invalid number \"{}\"", printed(&word.value())),
            )
            .help("Write digits only"),
        ),
    }
}

/// `use`.
pub(super) fn event_method<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else {
        return;
    };
    // The module that has the others is one of them by name.
    if METHODS.iter().any(|known| word.is(known)) || word.is("event_core") {
        return;
    }
    reading.say(
        refusal(
            statement,
            "invalid-value",
            word.span(),
            format!("`{}` is no method that nginx has on Linux", word.to_str()),
            format!("invalid event type \"{}\"", printed(&word.value())),
        )
        .help("Remove the line: nginx takes the best method by itself"),
    );
}

/// `debug_connection`, of a build with `--with-debug`.
pub(super) fn debug_connection<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else {
        return;
    };
    networks::warn_of_low_bits(reading, statement, word);
}

/// `ngx_event_init_conf`.
pub(super) fn finish(reading: &mut Reading<'_>) {
    if reading.options.start != Start::Whole {
        return;
    }
    let state = &reading.state.events;
    let Some(block) = state.block else {
        let root = reading.config.root;
        let finding = late_refusal(
            "missing-events",
            Span::new(root, 0, 0),
            "the configuration has no block `events`",
            "no \"events\" section in configuration",
            None,
        );
        reading.say(finding.help("Write `events {}` on the outermost level"));
        return;
    };
    let connections = state.connections.map_or(CONNECTIONS, |(_, count)| count);
    let sockets = state.sockets;
    if connections < sockets as i64 + 1 && !state.has_names {
        let span = match state.connections {
            Some((statement, _)) => statement.head(),
            None => block.head(),
        };
        reading.say(
            late_refusal(
                "too-few-connections",
                span,
                format!("{connections} connections are too few for {sockets} listening sockets"),
                format!(
                    "{connections} worker_connections are not enough for {sockets} listening \
                     sockets"
                ),
                None,
            )
            .help("Write a larger `worker_connections`, such as `1024`"),
        );
    }
}
