//! The settings of the processes (`src/core/nginx.c`).

use super::super::reading::{Reading, late_warning, refusal};
use super::super::sink::printed;
use crate::model::{ScopeId, Statement};
use crate::values::number::number;

/// How many processors a mask may name (`CPU_SETSIZE`).
const PROCESSORS: usize = 1024;

/// `worker_processes`.
pub(super) fn worker_processes<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else {
        return;
    };
    if word.is("auto") || number(&word.value()).is_some() {
        return;
    }
    reading.say(
        refusal(
            statement,
            "invalid-value",
            word.span(),
            format!("`{}` is no number of processes", word.to_str()),
            "\"worker_processes\" directive invalid value",
        )
        .help("Write `auto` or a whole number"),
    );
}

/// `worker_priority`.
pub(super) fn worker_priority<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else {
        return;
    };
    let value = word.value();
    let digits = value
        .strip_prefix(b"-")
        .or_else(|| value.strip_prefix(b"+"))
        .unwrap_or(&value);
    if number(digits).is_none() {
        reading.say(
            refusal(
                statement,
                "invalid-value",
                word.span(),
                format!("`{}` is no whole number", word.to_str()),
                "\"worker_priority\" directive invalid number",
            )
            .help("Write a number from `-20` to `19`"),
        );
    }
}

/// `worker_cpu_affinity`.
pub(super) fn worker_cpu_affinity<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let mut masks = statement.args().peekable();
    if masks.next_if(|word| word.is("auto")).is_some() && masks.len() > 1 {
        reading.say(
            refusal(
                statement,
                "wrong-argument-count",
                statement.head(),
                "`worker_cpu_affinity auto` takes one mask at most",
                "invalid number of arguments in \"worker_cpu_affinity\" directive",
            )
            .help("Write one mask behind `auto`, or none"),
        );
        return;
    }
    for word in masks {
        let mask = word.value();
        if mask.len() > PROCESSORS {
            reading.say(
                refusal(
                    statement,
                    "invalid-value",
                    word.span(),
                    format!("a mask of {} processors is too long", mask.len()),
                    format!("\"worker_cpu_affinity\" supports up to {PROCESSORS} CPUs only"),
                )
                .help(format!("Write up to {PROCESSORS} digits")),
            );
            return;
        }
        // nginx reads a mask from its end.
        let wrong = mask
            .iter()
            .rposition(|byte| !matches!(byte, b'0' | b'1' | b' '));
        if let Some(at) = wrong {
            let shown = printed(&mask[at..=at]).into_owned();
            reading.say(
                refusal(
                    statement,
                    "invalid-value",
                    word.part(at..at + 1),
                    format!("`{shown}` cannot be in a mask of processors"),
                    format!("invalid character \"{shown}\" in \"worker_cpu_affinity\""),
                )
                .help("Write `0` and `1` only, a digit for each processor"),
            );
            return;
        }
    }
}

/// `ngx_core_module_init_conf`.
pub(super) fn finish(reading: &mut Reading<'_>) {
    let main = reading.model.scope(ScopeId::MAIN);
    let Some(affinity) = main.first("worker_cpu_affinity") else {
        return;
    };
    let masks = affinity.args().len();
    if masks == 1 || affinity.arg(0).is_some_and(|word| word.is("auto")) {
        return;
    }
    let processes = match main.first("worker_processes").and_then(|it| it.arg(0)) {
        // As many as the machine has processors.
        Some(word) if word.is("auto") => return,
        Some(word) => number(&word.value()),
        None if reading.model.complete => Some(1),
        None => None,
    };
    if let Some(processes) = processes
        && processes != masks as i64
    {
        reading.say(
            late_warning(
                "affinity-mask-count",
                affinity.head(),
                format!("`worker_cpu_affinity` has {masks} masks for {processes} processes"),
                "the number of \"worker_processes\" is not equal to the number of \
                 \"worker_cpu_affinity\" masks, using last mask for remaining worker processes",
                None,
            )
            .help("Write a mask for each process, or `auto`"),
        );
    }
}
