//! Rewriting: `set`, `if`, `rewrite`, `return` and `break`, in the order of the text
//! (`src/http/modules/ngx_http_rewrite_module.c`, `src/http/ngx_http_script.c`).

use crate::directives::Context;
use crate::evaluation::{Facts, Unknown, Value};
use crate::model::{Model, ScopeId, Statement};
use crate::values::regex::Regex;
use crate::values::uri::{self, Escape};

/// A step of the program that a block's rewriting is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Code<'m> {
    /// `set`, `rewrite`, `return` or `break`.
    Do(Statement<'m>),
    /// `if`: its block is what follows, up to `end`.
    If {
        statement: Statement<'m>,
        scope: ScopeId,
        end: usize,
    },
}

/// The program of a block.
pub(super) fn program<'m>(model: &Model<'m>, scope: ScopeId) -> Vec<Code<'m>> {
    let mut codes = Vec::new();
    add(model, scope, &mut codes);
    codes
}

/// Goes down only as deep as blocks are looked into at all.
fn add<'m>(model: &Model<'m>, id: ScopeId, codes: &mut Vec<Code<'m>>) {
    let scope = model.scope(id);
    let mut blocks = scope.blocks.iter().peekable();
    for (index, statement) in scope.statements().enumerate() {
        while let Some((_, block)) = blocks.next_if(|(before, _)| *before as usize <= index) {
            add_if(model, *block, codes);
        }
        if matches!(statement.name(), "set" | "rewrite" | "return" | "break") {
            codes.push(Code::Do(statement));
        }
    }
    for (_, block) in blocks {
        add_if(model, *block, codes);
    }
}

fn add_if<'m>(model: &Model<'m>, id: ScopeId, codes: &mut Vec<Code<'m>>) {
    let scope = model.scope(id);
    let (Context::IfInServer | Context::IfInLocation, Some(statement)) =
        (scope.context, scope.opener)
    else {
        return;
    };
    let at = codes.len();
    codes.push(Code::If {
        statement,
        scope: id,
        end: 0,
    });
    add(model, id, codes);
    let behind = codes.len();
    if let Code::If { end, .. } = &mut codes[at] {
        *end = behind;
    }
}

/// Whether a condition holds.
pub(super) enum Condition {
    Holds,
    Fails,
    /// It depends on this.
    Unknown(Unknown),
    /// It asks for a file.
    File {
        path: Vec<u8>,
        test: u8,
        negative: bool,
    },
}

impl Condition {
    fn of(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }
}

/// Works an `if` out (`ngx_http_rewrite_if_condition`).
pub(super) fn condition(
    statement: Statement<'_>,
    facts: &mut Facts,
    model: &Model<'_>,
) -> Condition {
    let mut words: Vec<Vec<u8>> = statement
        .args()
        .map(|word| word.value().into_owned())
        .collect();
    // The parentheses may stand alone.
    if let Some(first) = words.first_mut() {
        first.drain(..usize::from(first.starts_with(b"(")));
    }
    if words.first().is_some_and(Vec::is_empty) {
        words.remove(0);
    }
    if let Some(last) = words.last_mut()
        && last.ends_with(b")")
    {
        last.pop();
    }
    if words.last().is_some_and(Vec::is_empty) && words.len() > 1 {
        words.pop();
    }
    let mut value = |text: &[u8]| facts.expand(text, model);
    match words.as_slice() {
        [word] => match value(word) {
            Value::Known(text) => Condition::of(!text.is_empty() && text != b"0"),
            Value::Unknown(what) => Condition::Unknown(what),
        },
        [word, operator, other] if matches!(operator.as_slice(), b"=" | b"!=") => {
            match (value(word), value(other)) {
                (Value::Known(one), Value::Known(two)) => {
                    Condition::of((one == two) == (operator == b"="))
                }
                (Value::Unknown(what), _) | (_, Value::Unknown(what)) => Condition::Unknown(what),
            }
        }
        [word, operator, pattern] if operator.starts_with(b"~") || operator.starts_with(b"!~") => {
            let text = match value(word) {
                Value::Known(text) => text,
                Value::Unknown(what) => return Condition::Unknown(what),
            };
            match Regex::new(pattern, operator.ends_with(b"*")) {
                Ok(regex) => {
                    let matches = facts.matches(&regex, &text);
                    if !matches {
                        facts.captures.clear();
                    }
                    Condition::of(matches != operator.starts_with(b"!"))
                }
                Err(_) => Condition::Fails,
            }
        }
        [test, path] if matches!(test.as_slice(), [.., b'f' | b'd' | b'e' | b'x']) => {
            match value(path) {
                Value::Known(path) => Condition::File {
                    path,
                    test: test.last().copied().unwrap_or(b'f'),
                    negative: test.starts_with(b"!"),
                },
                Value::Unknown(what) => Condition::Unknown(what),
            }
        }
        _ => Condition::Fails,
    }
}

/// What `rewrite` does.
pub(super) enum Rewritten {
    /// Its expression does not match.
    No,
    /// It depends on this.
    Unknown(Unknown),
    /// The client is sent elsewhere.
    Redirect { status: u16, location: Vec<u8> },
    /// The URI is another one; `stop` ends the rewriting, `search` makes nginx look for a
    /// location again.
    Yes { stop: bool, search: bool },
}

/// Works a `rewrite` out; the URI is changed in `facts`.
pub(super) fn rewrite(statement: Statement<'_>, facts: &mut Facts, model: &Model<'_>) -> Rewritten {
    let word = |index: usize| statement.arg(index).map(|word| word.value().into_owned());
    let (Some(pattern), Some(mut replacement)) = (word(0), word(1)) else {
        return Rewritten::No;
    };
    let flag = word(2).unwrap_or_default();
    let Ok(regex) = Regex::new(&pattern, false) else {
        return Rewritten::No;
    };
    let path = facts.uri.path.clone();
    if !facts.matches(&regex, &path) {
        facts.captures.clear();
        return Rewritten::No;
    }
    let elsewhere = [&b"http://"[..], b"https://", b"$scheme"];
    let absolute = elsewhere.iter().any(|start| replacement.starts_with(start));
    let status = match flag.as_slice() {
        b"permanent" => Some(301),
        b"redirect" => Some(302),
        _ if absolute => Some(302),
        _ => None,
    };
    let add_args = !replacement.ends_with(b"?");
    if !add_args {
        replacement.pop();
    }
    let escaped = memchr::memchr2(b'%', b'+', &facts.request_uri).is_some();
    let (path, query) = match status {
        // A redirect is one text.
        Some(_) => (replacement.as_slice(), None),
        None => match memchr::memchr(b'?', &replacement) {
            Some(at) => (&replacement[..at], Some(&replacement[at + 1..])),
            None => (replacement.as_slice(), None),
        },
    };
    let new_path = match expand(path, facts, model, status.is_some() && escaped) {
        Ok(text) => text,
        Err(what) => return Rewritten::Unknown(what),
    };
    let new_args = match query.map(|query| expand(query, facts, model, escaped)) {
        None => None,
        Some(Ok(text)) => Some(text),
        Some(Err(what)) => return Rewritten::Unknown(what),
    };
    let old_args = facts.uri.args.clone();
    if let Some(status) = status {
        let mut location = new_path;
        if add_args && !old_args.is_empty() {
            let has_args = memchr::memchr(b'?', &replacement).is_some();
            location.push(if has_args { b'&' } else { b'?' });
            location.extend_from_slice(&old_args);
        }
        return Rewritten::Redirect { status, location };
    }
    match new_args {
        Some(mut args) => {
            if add_args && !old_args.is_empty() {
                args.push(b'&');
                args.extend_from_slice(&old_args);
            }
            facts.uri.args = args;
        }
        None if !add_args => facts.uri.args.clear(),
        None => {}
    }
    facts.uri.path = new_path;
    Rewritten::Yes {
        stop: matches!(flag.as_slice(), b"last" | b"break"),
        search: flag != b"break",
    }
}

/// As [`Facts::expand`], with groups escaped where they become part of a query.
fn expand(
    text: &[u8],
    facts: &mut Facts,
    model: &Model<'_>,
    escaped: bool,
) -> Result<Vec<u8>, Unknown> {
    let with_group = |group: &[u8]| match escaped {
        true => uri::escape(group, Escape::Args),
        false => group.to_vec(),
    };
    match facts.expand_with(text, model, with_group) {
        Value::Known(text) => Ok(text),
        Value::Unknown(unknown) => Err(unknown),
    }
}
