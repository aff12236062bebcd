//! What buffers have to do with each other (`ngx_http_proxy_merge_loc_conf`).

use super::{Protocol, counts, of};
use crate::finding::Finding;
use crate::model::{Model, ScopeId, Statement};
use crate::values::number::{number, size};
use crate::verdict::http::end_of_block;
use crate::verdict::reading::{Reading, late_refusal};
use crate::verdict::zones::PAGE;

/// Remembers a block that sets something about buffers.
pub(super) fn note<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    if let Some(protocol) = of(statement) {
        let buffers = &mut protocol.part(reading).buffers;
        if buffers.last() != Some(&statement.scope) {
            buffers.push(statement.scope);
        }
    }
}

pub(super) fn merge(reading: &mut Reading<'_>, protocol: Protocol) {
    let mut scopes = std::mem::take(&mut protocol.part(reading).buffers);
    scopes.sort_unstable();
    scopes.dedup();
    let model = &reading.model;
    let mut findings = Vec::new();
    for &scope in &scopes {
        let Some(finding) = check(model, protocol, scope) else {
            continue;
        };
        // A server with settings of its own is among the blocks itself.
        if counts(model, scope, |server| {
            scopes.binary_search(&server).is_err()
        }) {
            findings.push(finding);
        }
    }
    for finding in findings {
        reading.say(finding);
    }
}

/// A size that counts in a block.
struct Setting<'m> {
    statement: Option<Statement<'m>>,
    bytes: Option<i128>,
}

fn setting<'m>(model: &Model<'m>, scope: ScopeId, name: &str) -> Option<Setting<'m>> {
    let statement = model.value(scope, name);
    let Some(found) = statement else {
        return Some(Setting {
            statement,
            bytes: None,
        });
    };
    let bytes = found.arg(0).and_then(|word| size(&word.value()))?;
    Some(Setting {
        statement,
        bytes: Some(bytes.into()),
    })
}

fn check(model: &Model<'_>, protocol: Protocol, scope: ScopeId) -> Option<Finding> {
    let name = |rest: &str| protocol.directive(rest);
    let (one, all) = (name("buffer_size"), name("buffers"));
    let (busy, write, most) = (
        name("busy_buffers_size"),
        name("temp_file_write_size"),
        name("max_temp_file_size"),
    );
    let buffers = model.value(scope, &all);
    let (count, bytes) = match buffers {
        Some(statement) => (
            number(&statement.arg(0)?.value())?,
            size(&statement.arg(1)?.value())?,
        ),
        None => (8, PAGE),
    };
    let (count, bytes) = (i128::from(count), i128::from(bytes));
    let first = setting(model, scope, &one)?;
    let busy_size = setting(model, scope, &busy)?;
    let write_size = setting(model, scope, &write)?;
    let most_size = setting(model, scope, &most)?;
    let largest = bytes.max(first.bytes.unwrap_or_else(|| PAGE.into()));
    let busy_bytes = busy_size.bytes.unwrap_or(2 * largest);
    let room = (count - 1) * bytes;
    let fallback = first.statement.or(buffers);
    let greater = format!(
        "must be equal to or greater than the maximum of the value of \"{one}\" and one of the \
         \"{all}\""
    );
    let (statement, message, nginx, help) = if count < 2 {
        (
            buffers,
            format!("`{all}` has one buffer, and at least two are needed"),
            format!("there must be at least 2 \"{all}\""),
            "Write a larger number, as in `8 4k`".to_owned(),
        )
    } else if busy_bytes < largest {
        (
            busy_size.statement,
            format!(
                "`{busy}` is {} and less than the largest buffer, which is {}",
                shown(busy_bytes),
                shown(largest)
            ),
            format!("\"{busy}\" {greater}"),
            format!("Write {} or more, or remove `{busy}`", shown(largest)),
        )
    } else if busy_bytes > room {
        let given = match busy_size.statement {
            Some(_) => format!("`{busy}` is {}", shown(busy_bytes)),
            None => format!(
                "`{busy}` is twice the largest buffer by itself, {}",
                shown(busy_bytes)
            ),
        };
        let needed = (busy_bytes + bytes - 1) / bytes + 1;
        (
            busy_size.statement.or(fallback),
            format!("{given}, and all `{all}` but one have {}", shown(room)),
            format!("\"{busy}\" must be less than the size of all \"{all}\" minus one buffer"),
            format!(
                "Write `{all} {needed} {};`, or {}",
                shown(bytes),
                match busy_size.statement {
                    Some(_) => format!("a smaller `{busy}`"),
                    None => format!("`{busy} {};` where that fits", shown(largest)),
                }
            ),
        )
    } else if write_size.bytes.is_some_and(|bytes| bytes < largest) {
        (
            write_size.statement,
            format!(
                "`{write}` is less than the largest buffer, which is {}",
                shown(largest)
            ),
            format!("\"{write}\" {greater}"),
            format!("Write {} or more, or remove `{write}`", shown(largest)),
        )
    } else if most_size
        .bytes
        .is_some_and(|bytes| bytes != 0 && bytes < largest)
    {
        (
            most_size.statement,
            format!(
                "`{most}` is less than the largest buffer, which is {}",
                shown(largest)
            ),
            format!(
                "\"{most}\" must be equal to zero to disable temporary files usage or {greater}"
            ),
            format!("Write 0, or {} or more", shown(largest)),
        )
    } else {
        return None;
    };
    let span = statement.map(|statement| statement.head())?;
    let mut finding = late_refusal("proxy-buffers", span, message, nginx, end_of_block(model));
    let others = [buffers, first.statement, busy_size.statement];
    for other in others.into_iter().flatten() {
        if other.head() != span {
            finding = finding.related(other.head(), "together with this");
        }
    }
    Some(finding.help(help))
}

/// A size as it is written.
fn shown(bytes: i128) -> String {
    const UNITS: [(i128, &str); 2] = [(1 << 20, "m"), (1 << 10, "k")];
    let unit = UNITS
        .iter()
        .find(|(unit, _)| bytes >= *unit && bytes % unit == 0);
    match unit {
        Some((unit, name)) => format!("{}{name}", bytes / unit),
        None => bytes.to_string(),
    }
}
