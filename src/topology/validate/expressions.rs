//! Values in which `$name` is a variable.

use super::place::Place;
use super::text::{self, shown};
use super::{Checks, Gate};
use crate::directives::{Family, all_variables, find_variable};
use crate::finding::Finding;
use crate::topology::suggest::nearest;
use crate::version::{MAINLINE, Target};

/// Why `$` does not begin a variable (`ngx_http_script_compile`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Malformed {
    NoName,
    NoBrace,
    Capture,
}

/// Checks an expression; the number of its variables where it is right.
pub(super) fn check(
    cx: &mut Checks<'_>,
    text: &str,
    place: Place<'_>,
    family: Family,
) -> Option<usize> {
    if !text::writable(cx, text, place) {
        return None;
    }
    let names = match variables_of(text) {
        Ok(names) => names,
        Err(malformed) => {
            report_malformed(cx, malformed, place);
            return None;
        }
    };
    // No short-circuit: each wrong variable is told.
    let known = names
        .iter()
        .filter(|name| is_known(cx, name, place, family))
        .count();
    (known == names.len()).then_some(known)
}

/// The names of the variables in an expression.
fn variables_of(text: &str) -> Result<Vec<&str>, Malformed> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        let braced = rest.strip_prefix('{');
        let inside = braced.unwrap_or(rest);
        let length = inside
            .bytes()
            .take_while(|&b| b.is_ascii_alphanumeric() || b == b'_')
            .count();
        let (name, behind) = inside.split_at(length);
        match name.as_bytes() {
            [] => return Err(Malformed::NoName),
            [b'1'..=b'9', ..] => return Err(Malformed::Capture),
            _ => {}
        }
        rest = match braced {
            Some(_) => behind.strip_prefix('}').ok_or(Malformed::NoBrace)?,
            None => behind,
        };
        names.push(name);
    }
    Ok(names)
}

fn report_malformed(cx: &mut Checks<'_>, malformed: Malformed, place: Place<'_>) {
    let (message, help) = match malformed {
        Malformed::NoName => (
            "a `$` without the name of a variable behind it",
            "Write `$name` or `${name}`; nginx has no way to write a plain `$` and says \
             `invalid variable name`",
        ),
        Malformed::NoBrace => (
            "a `${` that is not closed behind the name",
            "Write `${name}`; nginx says `the closing bracket in \"name\" variable is missing`",
        ),
        Malformed::Capture => (
            "a numbered capture, and there is no regular expression here",
            "Write the name of a variable, such as `$request_uri`",
        ),
    };
    cx.report(
        Finding::error(
            "topology-variable-syntax",
            place.span(),
            format!("`{}` holds {message}", place.name()),
        )
        .label("not a variable")
        .help(help),
    );
}

fn is_known(cx: &mut Checks<'_>, name: &str, place: Place<'_>, family: Family) -> bool {
    let modules = &cx.present;
    if find_variable(name.as_bytes(), family, cx.target, modules).is_some() {
        return true;
    }
    let newest = Target::open_source(MAINLINE);
    let later = find_variable(name.as_bytes(), family, newest, modules);
    match later.and_then(|variable| variable.since) {
        Some(version) if version > cx.target.version => cx.report_gate(
            "topology-variable-version",
            place.span(),
            &format!("`${}`", shown(name)),
            Gate::OpenSource(version),
            format!(
                "Use another variable, or raise `nginx.version`; nginx says `unknown \"{}\" \
                 variable`",
                shown(&name.to_ascii_lowercase())
            ),
        ),
        _ => report_unknown(cx, name, place, family),
    }
    false
}

fn report_unknown(cx: &mut Checks<'_>, name: &str, place: Place<'_>, family: Family) {
    let folded = name.to_ascii_lowercase();
    let target = cx.target;
    let there = all_variables()
        .iter()
        .filter(|variable| variable.module.family == family && variable.holds_in(target))
        .filter(|variable| !variable.prefix)
        .map(|variable| variable.name);
    let of_requests = family == Family::Stream
        && find_variable(folded.as_bytes(), Family::Http, target, &cx.present).is_some();
    let who = if of_requests { "a stream" } else { "nginx" };
    let help = match nearest(&folded, there) {
        _ if of_requests => "Use a variable of connections, such as `$remote_addr`: a stream has \
                             no request"
            .to_owned(),
        Some(known) if known != folded => format!("Write `${known}`"),
        Some(_) => "Add the module that has it to `nginx.modules`".to_owned(),
        None if family == Family::Stream => {
            "Write one of nginx's own variables, such as `$remote_addr`".to_owned()
        }
        None => "Write one of nginx's own variables, such as `$request_uri`, `$cookie_NAME` or \
                 `$http_NAME`"
            .to_owned(),
    };
    cx.report(
        Finding::error(
            "topology-unknown-variable",
            place.span(),
            format!("{who} has no variable `${}`", shown(name)),
        )
        .label("unknown variable")
        .help(format!(
            "{help}; nginx says `unknown \"{}\" variable`",
            shown(&folded)
        )),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_as_nginx_finds_them() {
        let names = |text: &'static str| variables_of(text);
        assert_eq!(names("no variable"), Ok(vec![]));
        assert_eq!(names("$uri"), Ok(vec!["uri"]));
        assert_eq!(
            names("a${uri}b$args-$host"),
            Ok(vec!["uri", "args", "host"])
        );
        assert_eq!(names("$"), Err(Malformed::NoName));
        assert_eq!(names("5$ each"), Err(Malformed::NoName));
        assert_eq!(names("${}"), Err(Malformed::NoName));
        assert_eq!(names("${uri"), Err(Malformed::NoBrace));
        assert_eq!(names("${cookie_a-b}"), Err(Malformed::NoBrace));
        assert_eq!(names("$1"), Err(Malformed::Capture));
    }
}
