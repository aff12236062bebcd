//! Why a directive is unknown.

use super::lookup::Lookup;
use crate::directives::{self, Built, Context, DirectiveInfo, Modules, Origin};
use crate::version::Version;

/// What is wrong, and what to do, in our words.
pub(super) struct Reason {
    pub(super) message: String,
    pub(super) help: String,
}

/// Directives that distributions put into older releases to repair a weakness; Debian's
/// 1.22.1 has this one.
const BACKPORTED: [&[u8]; 1] = [b"max_headers"];

/// The directive as a later release has it, when an older one may know it as well.
pub(super) fn backported(name: &[u8]) -> Option<&'static DirectiveInfo> {
    let rows = directives::lookup(name);
    rows.first().filter(|_| BACKPORTED.contains(&name))
}

pub(super) fn reason(
    name: &str,
    context: Option<Context>,
    lookup: &Lookup<'_>,
    modules: &Modules,
) -> Reason {
    let target = lookup.target();
    let rows = directives::lookup(name.as_bytes());
    let here = |row: &&DirectiveInfo| context.is_none_or(|c| row.contexts.contains(c));
    let of_nginx: Vec<_> = rows.iter().filter(|row| !row.plus).collect();
    // The module is missing: the release has it.
    if let Some(row) = rows.iter().find(|row| row.holds_in(target)) {
        let module = row.notes.needs.unwrap_or(row.module.name);
        let given = match modules {
            Modules::Only(names) if !names.is_empty() => format!("`{}`", names.join(",")),
            _ => "the modules that are compiled in by default".to_owned(),
        };
        let how = match (row.module.origin, row.module.built) {
            (Origin::ThirdParty(_), _) => "Build nginx with it or load it".to_owned(),
            (Origin::Nginx, Built::With(options)) => {
                format!("Build nginx with `{}` or load it", options.join(" "))
            }
            _ => "Load it".to_owned(),
        };
        return Reason {
            message: format!("`{name}` is a directive of `{module}`, which is not in {given}"),
            help: format!("{how}, and add it to `--modules`"),
        };
    }
    let since = |rows: &[&DirectiveInfo]| -> Option<Version> {
        let later = rows.iter().filter_map(|row| row.since);
        later.filter(|since| *since > target.version).min()
    };
    let until = |rows: &[&DirectiveInfo]| -> Option<Version> {
        let gone = rows.iter().filter_map(|row| row.until);
        gone.filter(|until| *until <= target.version).max()
    };
    if let Some(since) = since(&of_nginx) {
        return Reason {
            message: format!("`{name}` appeared in nginx {since}, and {target} does not know it"),
            help: format!("Remove it, or use nginx {since} or later"),
        };
    }
    if let Some(until) = until(&of_nginx) {
        let instead = of_nginx.iter().find_map(|row| row.notes.deprecated);
        return Reason {
            message: format!("`{name}` was removed in nginx {until}"),
            help: match instead {
                Some(instead) => format!("Write `{instead}` instead"),
                None => "Remove it".to_owned(),
            },
        };
    }
    if rows.iter().any(|row| row.plus) {
        return Reason {
            message: format!("`{name}` exists only in nginx Plus"),
            help: "Remove it, or say which release you use with `--nginx-version plus-r35`"
                .to_owned(),
        };
    }
    let message = format!("nginx knows no directive `{name}`");
    if let Some(help) = glued(name, context, lookup) {
        return Reason { message, help };
    }
    let nearest = directives::nearest(name, |row| lookup.has(row) && here(&row))
        .or_else(|| directives::nearest(name, |row| lookup.has(row)));
    let help = match nearest {
        Some(nearest) => format!("Write `{nearest}`"),
        None => "Remove it, or correct its name".to_owned(),
    };
    Reason { message, help }
}

/// Help where a known name has something behind it that nginx takes as part of it.
fn glued(name: &str, context: Option<Context>, lookup: &Lookup<'_>) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let start = name.trim_start_matches(|c| !plain(c));
    let known = &start[..start.find(|c| !plain(c)).unwrap_or(start.len())];
    if known == name || known.is_empty() {
        return None;
    }
    let mut rows = lookup.variants(known.as_bytes());
    rows.find(|row| context.is_none_or(|c| row.contexts.contains(c)))?;
    let behind = start[known.len()..].chars().next();
    Some(match behind {
        Some('(') => format!("Write a blank between `{known}` and `(`"),
        Some(c) if !c.is_ascii() => {
            format!("Write `{known}` and a plain blank behind it")
        }
        Some(c) => format!("Write `{known}` without `{c}`"),
        None => format!("Write `{known}` without what stands before it"),
    })
}
