//! Pools of threads (`src/core/ngx_thread_pool.c`).

use super::super::reading::{Reading, late_refusal, refusal};
use super::super::sink::printed;
use crate::model::Statement;
use crate::source::Span;
use crate::syntax::Word;
use crate::values::number::number;

/// The pool that nginx makes where it is used and not defined.
const DEFAULT: &[u8] = b"default";

/// A pool that is defined or used.
#[derive(Debug)]
pub(in super::super) struct Pool<'m> {
    name: Vec<u8>,
    /// Who names it first.
    statement: Statement<'m>,
    /// Where.
    span: Span,
    defined: bool,
}

/// `thread_pool`.
pub(super) fn thread_pool<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(name) = statement.arg(0) else {
        return;
    };
    let pools = &mut reading.state.thread_pools;
    let index = index_of(pools, statement, &name.value(), name.span());
    if pools[index].defined {
        let first = pools[index].span;
        let shown = printed(&name.value()).into_owned();
        reading.say(
            refusal(
                statement,
                "duplicate-thread-pool",
                name.span(),
                format!("there is a thread pool `{shown}` already"),
                format!("duplicate thread pool \"{shown}\""),
            )
            .label("second")
            .related(first, "first")
            .help("Remove one of them"),
        );
        return;
    }
    let mut threads = 0;
    for word in statement.args().skip(1) {
        let value = word.value();
        if let Some(count) = value.strip_prefix(b"threads=") {
            match number(count) {
                Some(count @ 1..) => threads = count,
                _ => return invalid(reading, statement, word, "threads"),
            }
        } else if let Some(count) = value.strip_prefix(b"max_queue=")
            && number(count).is_none()
        {
            return invalid(reading, statement, word, "max_queue");
        }
    }
    reading.state.thread_pools[index].defined = true;
    if threads == 0 {
        reading.say(
            refusal(
                statement,
                "missing-parameter",
                statement.head(),
                "`thread_pool` has no number of threads",
                "\"thread_pool\" must have \"threads\" parameter",
            )
            .help("Add `threads=32`"),
        );
    }
}

fn invalid<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    word: Word<'m>,
    parameter: &str,
) {
    let shown = printed(&word.value()).into_owned();
    reading.say(
        refusal(
            statement,
            "invalid-value",
            word.span(),
            format!("`{shown}` has no number that nginx takes"),
            format!("invalid {parameter} value \"{shown}\""),
        )
        .help(format!("Write a whole number, as in `{parameter}=32`")),
    );
}

/// Notes that a directive uses a pool, as `aio threads=NAME` does (`ngx_thread_pool_add`).
pub(in super::super) fn use_pool<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    name: &[u8],
    span: Span,
) {
    index_of(&mut reading.state.thread_pools, statement, name, span);
}

fn index_of<'m>(
    pools: &mut Vec<Pool<'m>>,
    statement: Statement<'m>,
    name: &[u8],
    span: Span,
) -> usize {
    let known = pools.iter().position(|pool| pool.name == name);
    known.unwrap_or_else(|| {
        pools.push(Pool {
            name: name.to_vec(),
            statement,
            span,
            defined: false,
        });
        pools.len() - 1
    })
}

/// `ngx_thread_pool_init_conf`.
pub(super) fn finish(reading: &mut Reading<'_>) {
    if !reading.model.complete {
        return;
    }
    let pools = &reading.state.thread_pools;
    let unknown = pools
        .iter()
        .find(|pool| !pool.defined && pool.name != DEFAULT);
    if let Some(pool) = unknown {
        let name = printed(&pool.name);
        let finding = late_refusal(
            "undefined-thread-pool",
            pool.span,
            format!("there is no thread pool `{name}`"),
            format!("unknown thread pool \"{name}\""),
            Some(pool.statement.end()),
        )
        .help(format!(
            "Write `thread_pool {name} threads=32;` on the outermost level"
        ));
        reading.say(finding);
    }
}
