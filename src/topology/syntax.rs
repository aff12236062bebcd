//! The YAML parser's errors in words for people.

use super::rules;
use crate::finding::Finding;
use crate::source::{FileId, Span};
use crate::text::shown;
use granit_parser::ErrorKind;

/// What a syntax error is called, marked and answered with.
struct Words {
    place: (usize, usize),
    message: String,
    label: &'static str,
    help: Option<String>,
    related: Option<((usize, usize), &'static str)>,
}

/// The finding for an error of the parser at byte `at`; `bracket` is the innermost `[` or
/// `{` that was open there.
pub(super) fn explain(
    file: FileId,
    text: &str,
    kind: &ErrorKind,
    at: usize,
    bracket: Option<u32>,
) -> Finding {
    let words = words(text, kind, at, bracket.map(|start| start as usize));
    let span = |(start, end): (usize, usize)| Span::new(file, start as u32, end as u32);
    let mut finding =
        Finding::error(rules::SYNTAX, span(words.place), words.message).label(words.label);
    finding.help = words.help.map(Into::into);
    if let Some((place, text)) = words.related {
        finding = finding.related(span(place), text);
    }
    finding
}

fn words(text: &str, kind: &ErrorKind, at: usize, bracket: Option<usize>) -> Words {
    use ErrorKind as E;
    let here = character(text, at);
    let say = |message: &str, label: &'static str, help: &str| Words {
        place: here,
        message: message.to_owned(),
        label,
        help: Some(help.to_owned()),
        related: None,
    };
    match kind {
        E::TabNotAllowed
        | E::TabInBlockIndentation
        | E::TabInIndentation
        | E::TabAtBlockScalarStart
        | E::TabInPlainScalar => {
            let line = line_start(text, at);
            let tab = text[line..].find('\t').map_or(at, |tab| line + tab);
            Words {
                place: character(text, tab),
                ..say(
                    "a tab stands in the indentation",
                    "tab",
                    "Indent with spaces",
                )
            }
        }
        E::UnclosedQuotedScalar | E::DocumentIndicatorInQuotedScalar => say(
            "a quotation mark is never closed",
            "opened here",
            "Close it, or leave both out",
        ),
        E::InvalidTrailingSingleQuotedScalar | E::InvalidTrailingDoubleQuotedScalar => say(
            "text follows a closing quotation mark",
            "not expected here",
            "Put the whole value into one pair of quotation marks",
        ),
        E::UnknownQuotedScalarEscape
        | E::InvalidQuotedScalarHexEscape
        | E::InvalidLowSurrogateHexEscape
        | E::InvalidLowSurrogate
        | E::MissingLowSurrogate
        | E::UnpairedLowSurrogate
        | E::InvalidUnicodeEscape => say(
            "a backslash in double quotes begins no known escape",
            "no known escape",
            "Write two backslashes, or use single quotes",
        ),
        E::MismatchedFlowCollectionEnd { open, close } => Words {
            related: bracket.map(|start| ((start, start + 1), "opened here")),
            ..say(
                &format!("`{open}` is closed by `{close}`"),
                "closed here",
                &format!("Write `{}`", if *open == '[' { ']' } else { '}' }),
            )
        },
        E::MisplacedFlowCollectionEnd => say(
            &format!("`{}` closes nothing", &text[here.0..here.1]),
            "nothing is open",
            "Remove it, or quote the value that it belongs to",
        ),
        // What is wrong is the bracket when it stands in an earlier line; it is seen only
        // where something comes that cannot be inside.
        _ if bracket.is_some_and(|start| {
            text.get(start..at)
                .is_some_and(|between| between.contains('\n'))
                || at >= text.len()
        }) =>
        {
            let start = bracket.unwrap_or_default();
            let open = &text[start..=start];
            let close = if open == "[" { "]" } else { "}" };
            Words {
                place: (start, start + 1),
                related: (at < text.len()).then_some((here, "this does not fit into it")),
                ..say(
                    &format!("`{open}` is never closed"),
                    "opened here",
                    &format!("Write `{close}` where it ends"),
                )
            }
        }
        E::UnclosedFlowCollection { open } => say(
            &format!("`{open}` is never closed"),
            "opened here",
            "Close it",
        ),
        E::ExpectedFlowSequenceSeparator => say(
            "a sequence in brackets lacks a `,` or its `]`",
            "`,` or `]` expected",
            "Separate the items by `, `",
        ),
        E::ExpectedFlowMappingSeparator | E::InvalidColonPlacement => say(
            "a mapping in braces lacks a `,` or its `}`",
            "`,` or `}` expected",
            "Separate the entries by `, `, and quote values with special characters",
        ),
        E::MappingValueNotAllowed
        | E::MappingKeyNotAllowed
        | E::SimpleKeyExpected
        | E::InvalidSimpleKey
        | E::ExpectedBlockMappingKey
        | E::ExpectedBlockSequenceEntry
        | E::BlockSequenceEntryNotAllowed
        | E::InvalidIndentation => layout(text, kind, at, here),
        E::UnexpectedCharacter { character } if character.is_control() => {
            // The parser reports where the scalar begins.
            let control = text[at..].find(*character).map_or(at, |found| at + found);
            Words {
                place: (control, control + character.len_utf8()),
                ..say(
                    &format!(
                        "a control character (U+{:04X}) is in the text",
                        *character as u32
                    ),
                    "control character",
                    "Remove it",
                )
            }
        }
        E::UnexpectedCharacter { character } => say(
            &format!("a value begins with `{character}`"),
            "reserved by YAML",
            "Put the value into quotes",
        ),
        E::MissingAnchorOrAliasName => say(
            &format!("a value begins with `{}`", &text[here.0..here.1]),
            "special in YAML",
            "Put the value into quotes",
        ),
        E::BomInsideDocument => say(
            "a byte order mark is inside the file",
            "byte order mark",
            "Remove it; editors show it as nothing",
        ),
        E::CommentNotSeparated => say(
            "a comment has no space before it",
            "`#` begins a comment",
            "Put a space before `#`, or quote the value",
        ),
        other => Words {
            place: here,
            message: format!("YAML does not allow this: {other}"),
            label: "not understood",
            help: None,
            related: None,
        },
    }
}

/// Lines that do not fit together: the usual reasons are a missing blank behind a colon,
/// a colon within a value, and indentation.
fn layout(text: &str, kind: &ErrorKind, at: usize, here: (usize, usize)) -> Words {
    let line = line_start(text, at);
    let previous = line_start(text, line.saturating_sub(1));
    for start in [line, previous] {
        if let Some(colon) = glued_colon(text, start) {
            let name = shown(text[start..colon].trim_start_matches([' ', '-']));
            return Words {
                place: (colon, colon + 1),
                message: format!("no space follows the `:` of `{name}`"),
                label: "a space is missing",
                help: Some(format!("Write `{name}: `")),
                related: None,
            };
        }
    }
    // `web` in one line and `nodes: …` below it are one text for YAML, up to the colon.
    let lonely = text[previous..line].trim();
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b"_./-".contains(&b);
    if *kind == ErrorKind::MappingValueNotAllowed
        && previous < line
        && !lonely.is_empty()
        && lonely.bytes().all(is_word)
    {
        let end = previous + text[previous..line].trim_end().len();
        let word = shown(lonely);
        return Words {
            place: (end - lonely.len(), end),
            message: format!("no `:` follows `{word}`"),
            label: "a `:` is missing",
            help: Some(format!("Write `{word}:`")),
            related: None,
        };
    }
    let before = text[line..at].trim_start_matches([' ', '-']);
    if *kind == ErrorKind::MappingValueNotAllowed && before.contains(": ") {
        return Words {
            place: here,
            message: "a value without quotes has a `: ` in it".to_owned(),
            label: "YAML takes this for a key",
            help: Some("Put the value into quotes, or begin a new line".to_owned()),
            related: None,
        };
    }
    if *kind == ErrorKind::MappingValueNotAllowed {
        // YAML 1.2, section 7.4.2.
        let too_long = text[line..at].chars().count() > 1024;
        let (message, help) = if too_long {
            ("a key has more than 1024 characters", "Shorten it")
        } else {
            (
                "a `:` stands where no key ends",
                "Put the value into quotes, or begin a new line",
            )
        };
        return Words {
            place: here,
            message: message.to_owned(),
            label: "not expected here",
            help: Some(help.to_owned()),
            related: None,
        };
    }
    if matches!(
        kind,
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey
    ) {
        return Words {
            place: here,
            message: "a line is neither `key: value` nor an item of a sequence".to_owned(),
            label: "neither of them",
            help: Some("Write `key: value`, or `- item`".to_owned()),
            related: None,
        };
    }
    let first = line + (text[line..].len() - text[line..].trim_start_matches(' ').len());
    Words {
        place: character(text, first.max(at)),
        message: "the indentation fits no line before it".to_owned(),
        label: "this line",
        help: Some("Indent it like the lines that it belongs to".to_owned()),
        related: None,
    }
}

/// The colon of a line such as `server:gunicorn`, where a space is missing.
fn glued_colon(text: &str, line: usize) -> Option<usize> {
    let end = text[line..]
        .find('\n')
        .map_or(text.len(), |length| line + length);
    let content = text[line..end].trim_start_matches([' ', '-']);
    let start = end - content.len();
    let name = content
        .bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
        .count();
    let rest = content[name..].strip_prefix(':')?;
    let glued = name > 0
        && rest
            .bytes()
            .next()
            .is_some_and(|b| !b.is_ascii_whitespace() && b != b'/')
        // `app:8000` is an address.
        && !rest.trim_end().bytes().all(|b| b.is_ascii_digit());
    glued.then_some(start + name)
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// The range of the character at `at`; empty at the end and at a line's end.
fn character(text: &str, at: usize) -> (usize, usize) {
    let width = text[at..]
        .chars()
        .next()
        .filter(|c| !matches!(c, '\n' | '\r'))
        .map_or(0, char::len_utf8);
    (at, at + width)
}
