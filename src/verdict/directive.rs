//! What `ngx_conf_handler` does with a directive (`src/core/ngx_conf_file.c`): the name,
//! the block that it is in, its own block, the number of its arguments, and then the
//! directive's own setter, as far as that is one of nginx's own.

use super::lookup::Lookup;
use super::sink::{Sink, emerg, printed, warn};
use super::unknown;
use super::value;
use crate::directives::{
    Body, Context, Contexts, DirectiveInfo, Found, Modules, Repeat, Value, lookup,
};
use crate::finding::{Finding, NginxLevel};
use crate::source::Span;
use crate::syntax::{Directive, Terminator};

/// The directives of a block of which nginx takes only one, each with its place.
pub(super) type Seen = Vec<(&'static DirectiveInfo, Span)>;

const UNKNOWN: &str = "unknown-directive";

/// A directive that is known.
pub(super) struct Checked {
    pub(super) row: &'static DirectiveInfo,
    pub(super) state: State,
}

/// How far nginx gets with a directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Not to its own function: the place, the block or the number of arguments is wrong, or
    /// it is one too many.
    Refused,
    /// Its value is refused.
    Invalid,
    /// To its own function, if it has one.
    Sound,
}

/// Judges a directive that ends with `;` or `{`, and says which one it is.
pub(super) fn check(
    directive: Directive<'_>,
    context: Context,
    lookup: &mut Lookup<'_>,
    modules: &Modules,
    seen: &mut Seen,
    base: usize,
    sink: &mut Sink,
) -> Option<Checked> {
    let checked = |row, state| Some(Checked { row, state });
    let name = directive.name().value();
    let row = match lookup.find(&name, context) {
        Found::Here(row) => row,
        Found::Unknown if let Some(backported) = unknown::backported(&name) => {
            if !backported.contexts.contains(context) {
                sink.push(not_allowed(directive, &name, context, backported.contexts));
                return None;
            }
            sink.push(newer_than_published(directive));
            backported
        }
        Found::Unknown => {
            sink.push_with(UNKNOWN, directive.name().span(), || {
                unknown_directive(directive, &name, context, lookup, modules)
            });
            return None;
        }
        Found::NotAllowedHere => {
            let variants = lookup.variants(&name);
            let allowed = variants.fold(Contexts::NONE, |all, row| all.union(row.contexts));
            sink.push(not_allowed(directive, &name, context, allowed));
            let row = lookup
                .variants(&name)
                .max_by_key(|row| row.body.is_block() == is_block(directive))?;
            return checked(row, State::Refused);
        }
    };
    if let Some(finding) = body(directive, row, context, lookup) {
        sink.push(finding);
        return checked(row, State::Refused);
    }
    let count = directive.args().len();
    if !row.arguments.accepts(count) {
        sink.push(argument_count(directive, row, context, count, lookup));
        return checked(row, State::Refused);
    }
    if row.repeat == Repeat::Refused {
        let same = |other: &DirectiveInfo| {
            std::ptr::eq(other, row) || row.notes.same_as.contains(&other.name)
        };
        let first = seen[base..].iter().find(|(other, _)| same(other));
        if let Some((first, place)) = first {
            sink.push(duplicate(directive, row, first, *place));
            return checked(row, State::Refused);
        }
        if !counts_as_none(directive, row) {
            seen.push((row, directive.head()));
        }
    }
    let mut state = State::Sound;
    for wrong in value::check(row, directive) {
        if wrong.level == NginxLevel::Emerg {
            state = State::Invalid;
        }
        let mut finding = match wrong.level {
            NginxLevel::Emerg => Finding::error(wrong.rule, wrong.span, wrong.message),
            NginxLevel::Warn => Finding::warning(wrong.rule, wrong.span, wrong.message),
        };
        finding = finding.help(wrong.help);
        finding.nginx = match wrong.level {
            NginxLevel::Emerg => emerg(wrong.nginx, Some(directive.end())),
            NginxLevel::Warn => warn(wrong.nginx, Some(directive.end())),
        };
        sink.push(finding);
    }
    if state == State::Sound
        && let Some(instead) = row.notes.deprecated
        // Its own function says so in other words.
        && row.value != Value::Own("ngx_http_v2_obsolete")
    {
        sink.push(deprecated(directive, row, instead));
    }
    checked(row, state)
}

/// Whether nginx cannot tell the value from none, so that a second one is fine.
fn counts_as_none(directive: Directive<'_>, row: &DirectiveInfo) -> bool {
    let number = directive.arg(0).map(|word| word.value());
    let is_zero = |value: &[u8]| {
        let digits = value
            .strip_prefix(b"-")
            .or_else(|| value.strip_prefix(b"+"));
        digits.unwrap_or(value).iter().all(|byte| *byte == b'0')
    };
    row.value == Value::Own("ngx_set_priority") && number.is_some_and(|value| is_zero(&value))
}

fn is_block(directive: Directive<'_>) -> bool {
    directive.terminator() == Terminator::Block
}

fn error(
    rule: &'static str,
    directive: Directive<'_>,
    span: Span,
    message: String,
    nginx: String,
) -> Finding {
    let mut finding = Finding::error(rule, span, message);
    finding.nginx = emerg(nginx, Some(directive.end()));
    finding
}

fn unknown_directive(
    directive: Directive<'_>,
    name: &[u8],
    context: Context,
    lookup: &Lookup<'_>,
    modules: &Modules,
) -> Finding {
    let word = directive.name();
    let reason = unknown::reason(&word.to_str(), Some(context), lookup, modules);
    error(
        UNKNOWN,
        directive,
        word.span(),
        reason.message,
        format!("unknown directive \"{}\"", printed(name)),
    )
    .help(reason.help)
}

/// nginx as published refuses it, that of some distributions does not.
fn newer_than_published(directive: Directive<'_>) -> Finding {
    let word = directive.name();
    let message = format!(
        "`{}` is newer than this release, which has it only where a distribution put it in",
        word.to_str()
    );
    Finding::warning(UNKNOWN, word.span(), message).help("Test with the nginx that will run")
}

fn not_allowed(
    directive: Directive<'_>,
    name: &[u8],
    context: Context,
    allowed: Contexts,
) -> Finding {
    let shown = directive.name().to_str();
    let places = allowed.iter().map(|place| match place {
        Context::Main => "the outermost level".to_owned(),
        place => format!("`{place}`"),
    });
    let places = listed(&places.collect::<Vec<_>>(), "or");
    let here = match context {
        Context::Main => "on the outermost level".to_owned(),
        context => format!("in `{context}`"),
    };
    let mut finding = error(
        "directive-not-allowed-here",
        directive,
        directive.name().span(),
        format!("`{shown}` is not allowed {here}"),
        format!("\"{}\" directive is not allowed here", printed(name)),
    )
    .help(format!("Move it into {places}"));
    if let Some(parent) = directive.parent() {
        finding = finding.related(parent.name().span(), "in this block");
    }
    finding
}

/// A block that is missing, or one too many.
fn body(
    directive: Directive<'_>,
    row: &DirectiveInfo,
    context: Context,
    lookup: &mut Lookup<'_>,
) -> Option<Finding> {
    let name = row.name;
    match (row.body, is_block(directive)) {
        (Body::Semicolon, true) => {
            let finding = error(
                "unexpected-block",
                directive,
                directive.end(),
                format!("`{name}` has no block"),
                format!("directive \"{name}\" is not terminated by \";\""),
            );
            Some(match forgotten_semicolon(directive, context, lookup) {
                Some((span, behind)) => Finding {
                    rule: "missing-semicolon",
                    message: format!("`{name}` is not ended before `{behind}`").into(),
                    ..finding
                }
                .help("Write `;` at the end of the line")
                .at(span, "`;` is missing behind this"),
                None => finding
                    .label("`;` is expected")
                    .help(format!("End `{name}` with `;`")),
            })
        }
        (Body::Directives(_) | Body::Entries | Body::Lua, false) => Some(
            error(
                "missing-block",
                directive,
                directive.end(),
                format!("`{name}` has no block"),
                format!("directive \"{name}\" has no opening \"{{\""),
            )
            .label("`{` is expected")
            .help(format!("Write `{{` and the block of `{name}`")),
        ),
        _ => None,
    }
}

fn argument_count(
    directive: Directive<'_>,
    row: &DirectiveInfo,
    context: Context,
    count: usize,
    lookup: &mut Lookup<'_>,
) -> Finding {
    let name = row.name;
    let finding = error(
        "wrong-argument-count",
        directive,
        directive.head(),
        format!("`{name}` takes {}, not {count}", row.arguments),
        format!("invalid number of arguments in \"{name}\" directive"),
    );
    match forgotten_semicolon(directive, context, lookup) {
        Some((span, behind)) => Finding {
            rule: "missing-semicolon",
            message: format!("`{name}` is not ended before `{behind}`").into(),
            ..finding
        }
        .help("Write `;` at the end of the line")
        .at(span, "`;` is missing behind this"),
        None if count == 0 => finding.help("Write its arguments"),
        None => finding
            .label(words(count, "argument", "arguments") + " here")
            .help("Remove or add arguments, and put quotes round one that has blanks"),
    }
}

fn duplicate(
    directive: Directive<'_>,
    row: &DirectiveInfo,
    first: &DirectiveInfo,
    place: Span,
) -> Finding {
    let name = row.name;
    let message = if first.name == name {
        format!("`{name}` is given twice in one block")
    } else {
        format!(
            "`{name}` is another name of `{}`, which is given already",
            first.name
        )
    };
    error(
        "duplicate-directive",
        directive,
        directive.head(),
        message,
        format!("\"{name}\" directive is duplicate"),
    )
    .label("second")
    .related(place, "first")
    .help("Remove one of them")
}

fn deprecated(directive: Directive<'_>, row: &DirectiveInfo, instead: &str) -> Finding {
    let name = row.name;
    let mut finding = Finding::warning(
        "deprecated-directive",
        directive.name().span(),
        format!("`{name}` is an old name of `{instead}`"),
    )
    .help(format!("Write `{instead}`"));
    finding.nginx = warn(
        format!("the \"{name}\" directive is deprecated, use the \"{instead}\" directive instead"),
        Some(directive.end()),
    );
    finding
}

/// Where a `;` was probably forgotten: the word before the first one that begins a line
/// and is the name of a directive. Gives the place and that name.
fn forgotten_semicolon(
    directive: Directive<'_>,
    context: Context,
    finder: &mut Lookup<'_>,
) -> Option<(Span, String)> {
    let text = directive.tree().text();
    let mut words = directive.words();
    let mut before = words.next()?;
    for word in words {
        let between = &text[before.span().end as usize..word.span().start as usize];
        if memchr::memchr(b'\n', between).is_some()
            && word.quote().is_none()
            && !lookup(word.raw()).is_empty()
            && matches!(finder.find(word.raw(), context), Found::Here(_))
        {
            return Some((before.span(), word.to_str().into_owned()));
        }
        before = word;
    }
    None
}

/// `a`, `a or b`, `a, b or c`.
fn listed(items: &[String], last: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., end] => format!("{} {last} {end}", rest.join(", ")),
    }
}

pub(super) fn words(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
