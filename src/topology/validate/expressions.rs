//! Values in which `$name` is a variable.

use super::place::Place;
use super::text::{self, shown};
use super::variables::{self, Variable};
use super::{Checks, Gate};
use crate::finding::Finding;
use crate::topology::suggest::nearest;

/// Whose variables there are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Http,
    Stream,
}

impl Language {
    fn tables(self) -> [&'static [Variable]; 2] {
        match self {
            Self::Http => [variables::HTTP, variables::HTTP_PREFIXES],
            Self::Stream => [variables::STREAM, variables::STREAM_PREFIXES],
        }
    }
}

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
    language: Language,
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
        .filter(|name| is_known(cx, name, place, language))
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

fn is_known(cx: &mut Checks<'_>, name: &str, place: Place<'_>, language: Language) -> bool {
    // nginx folds the case of variables.
    let folded = name.to_ascii_lowercase();
    let [whole, prefixes] = language.tables();
    let since = match whole.binary_search_by_key(&folded.as_str(), |(known, _)| known) {
        Ok(at) => Some(whole[at].1),
        Err(_) => prefixes
            .iter()
            .find(|(prefix, _)| folded.len() > prefix.len() && folded.starts_with(prefix))
            .map(|(_, since)| *since),
    };
    match since {
        None => {
            report_unknown(cx, name, &folded, place, language);
            false
        }
        Some(Some(version)) if cx.target.version < version => {
            cx.report_gate(
                "topology-variable-version",
                place.span(),
                &format!("`${}`", shown(name)),
                Gate::OpenSource(version),
                &format!(
                    "Use another variable, or raise `nginx.version`; nginx says \
                     `unknown \"{folded}\" variable`"
                ),
            );
            false
        }
        Some(_) => true,
    }
}

fn report_unknown(
    cx: &mut Checks<'_>,
    name: &str,
    folded: &str,
    place: Place<'_>,
    language: Language,
) {
    let [whole, _] = language.tables();
    let near = nearest(folded, whole.iter().map(|(known, _)| *known));
    let http_only = language == Language::Stream
        && Language::Http.tables()[0]
            .binary_search_by_key(&folded, |(known, _)| known)
            .is_ok();
    let who = if http_only { "a stream" } else { "nginx" };
    let help = match near {
        _ if http_only => "Use a variable of connections, such as `$remote_addr`: a stream has \
                           no request"
            .to_owned(),
        Some(known) => format!("Write `${known}`"),
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
            shown(folded)
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
