//! `sticky` (`src/http/modules/ngx_http_upstream_sticky_module.c`).

use super::current;
use crate::model::Statement;
use crate::syntax::Word;
use crate::values::number::{size, time};
use crate::verdict::reading::{Reading, refusal};
use crate::verdict::sink::printed;
use crate::verdict::zones::{self, LEAST, Mention};

/// What is wrong, and what to do.
struct Wrong {
    nginx: String,
    message: String,
    help: &'static str,
}

fn wrong(nginx: &str, message: &str, help: &'static str) -> Wrong {
    Wrong {
        nginx: format!("\"sticky\" directive {nginx}"),
        message: message.to_owned(),
        help,
    }
}

fn say<'m>(reading: &mut Reading<'m>, statement: Statement<'m>, word: Word<'m>, wrong: Wrong) {
    let span = word.span();
    let finding = refusal(
        statement,
        "sticky-incomplete",
        span,
        wrong.message,
        wrong.nginx,
    );
    reading.say(finding.help(wrong.help));
}

/// `ngx_http_upstream_sticky`.
pub(super) fn read<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let block = reading.state.upstreams.block(statement.scope);
    block.initialized = Some(statement);
    if let Some(upstream) = current(reading, statement) {
        upstream.sticky = Some(statement);
    }
    if reading.options.target.is_plus() {
        return;
    }
    let Some(mode) = statement.arg(0) else { return };
    match &*mode.value() {
        b"cookie" => cookie(reading, statement),
        b"route" => {
            for word in statement.args().skip(1) {
                let value = word.value();
                let Some(name) = value.strip_prefix(b"$") else {
                    let wrong = Wrong {
                        nginx: format!("invalid variable name \"{}\"", printed(&value)),
                        message: format!("`{}` is no variable", word.to_str()),
                        help: "Write a variable, as in `$cookie_route`",
                    };
                    return say(reading, statement, word, wrong);
                };
                if !reading.index(statement, name, word.span()) {
                    return;
                }
            }
        }
        b"learn" => learn(reading, statement),
        _ => unknown(
            reading,
            statement,
            mode,
            "Write `cookie`, `route` or `learn`",
        ),
    }
}

fn unknown<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    word: Word<'m>,
    help: &'static str,
) {
    let wrong = Wrong {
        nginx: format!("unknown parameter \"{}\"", printed(&word.value())),
        message: format!("`sticky` has no parameter `{}`", word.to_str()),
        help,
    };
    say(reading, statement, word, wrong);
}

fn cookie<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(name) = statement.arg(1) else { return };
    if name.value().is_empty() {
        let empty = wrong(
            "empty cookie name",
            "the cookie has no name",
            "Write a name, as in `sticky cookie route`",
        );
        return say(reading, statement, name, empty);
    }
    const GIVEN: [&str; 6] = [
        "domain", "path", "expires", "httponly", "secure", "samesite",
    ];
    let mut seen = [false; GIVEN.len()];
    for word in statement.args().skip(2) {
        let value = word.value();
        let (key, text) = match memchr::memchr(b'=', &value) {
            Some(at) => (&value[..at], Some(at + 1..value.len())),
            None => (&value[..], None),
        };
        let known = GIVEN.iter().position(|known| known.as_bytes() == key);
        let flag = matches!(key, b"httponly" | b"secure");
        let Some(known) = known.filter(|_| flag == text.is_none()) else {
            return unknown(
                reading,
                statement,
                word,
                "Write `domain=`, `path=`, `expires=`, `samesite=`, `httponly` or `secure`",
            );
        };
        let given = GIVEN[known];
        if std::mem::replace(&mut seen[known], true) {
            let second = Wrong {
                nginx: format!("\"sticky\" directive parameter \"{given}\" is duplicate"),
                message: format!("`{given}` is given twice"),
                help: "Remove one of them",
            };
            return say(reading, statement, word, second);
        }
        let range = text.unwrap_or(0..0);
        let text = &value[range.clone()];
        let trouble = match key {
            b"domain" | b"path" if text.is_empty() => Some(Wrong {
                nginx: format!("\"sticky\" directive no value for \"{given}\""),
                message: format!("`{given}=` has no value"),
                help: "Write a value behind `=`, or remove it",
            }),
            b"expires" if text != b"max" && time(text, true).is_none() => Some(wrong(
                "invalid \"expires\" parameter value",
                "`expires=` takes a time or `max`",
                "Write a time, as in `expires=1h`, or `max`",
            )),
            b"domain" => {
                if reading.expression_in(statement, word, range).is_none() {
                    return;
                }
                None
            }
            b"samesite" => {
                let fixed = !crate::values::expression::has_variables(text);
                if reading.expression_in(statement, word, range).is_none() {
                    return;
                }
                let words: [&[u8]; 3] = [b"strict", b"lax", b"none"];
                let known = words.iter().any(|known| text.eq_ignore_ascii_case(known));
                (fixed && !known).then(|| {
                    wrong(
                        "invalid \"samesite\" parameter value",
                        "`samesite=` takes `strict`, `lax` or `none`",
                        "Write `samesite=lax`",
                    )
                })
            }
            _ => None,
        };
        if let Some(trouble) = trouble {
            return say(reading, statement, word, trouble);
        }
    }
    let variable = [b"cookie_", &*name.value()].concat();
    reading.index(statement, &variable, name.span());
}

fn learn<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let mut zone: Option<(Word<'m>, std::ops::Range<usize>, i64)> = None;
    let (mut lookup, mut create, mut timeout) = (false, false, false);
    for word in statement.args().skip(1) {
        let value = word.value();
        let (key, text) = match memchr::memchr(b'=', &value) {
            Some(at) => value.split_at(at + 1),
            None => (&value[..], &value[..0]),
        };
        let trouble = match key {
            b"zone=" if zone.is_some() => Some(wrong(
                "duplicate zone",
                "`zone=` is given twice",
                "Remove one of them",
            )),
            b"zone=" => match memchr::memchr(b':', text) {
                None => Some(wrong(
                    "zone size is not specified",
                    "the zone has no size",
                    "Write `zone=NAME:1m`",
                )),
                Some(0) => Some(wrong(
                    "zone name is not specified",
                    "the zone has no name",
                    "Write `zone=NAME:1m`",
                )),
                Some(at) => match size(&text[at + 1..]) {
                    None => Some(wrong(
                        "invalid zone size",
                        "the size of the zone is none",
                        "Write a whole number with `k` or `m` behind it, as in `zone=NAME:1m`",
                    )),
                    Some(bytes) if bytes < LEAST => Some(wrong(
                        "zone is too small",
                        "the zone has less than eight pages of memory, which are 32k",
                        "Write 64k or more",
                    )),
                    Some(bytes) => {
                        zone = Some((word, key.len()..key.len() + at, bytes));
                        None
                    }
                },
            },
            b"timeout=" if timeout => Some(wrong(
                "duplicate timeout",
                "`timeout=` is given twice",
                "Remove one of them",
            )),
            b"timeout=" => {
                timeout = true;
                let sound = time(text, false).is_some_and(|time| time > 0);
                (!sound).then(|| {
                    wrong(
                        "invalid timeout",
                        "`timeout=` takes a time above zero",
                        "Write a time, as in `timeout=1h`",
                    )
                })
            }
            b"create=" | b"lookup=" => {
                let which = if key == b"create=" {
                    "create"
                } else {
                    "lookup"
                };
                match text.strip_prefix(b"$") {
                    Some(name) => {
                        if !reading.index(statement, name, word.span()) {
                            return;
                        }
                        if key == b"create=" {
                            create = true;
                        } else {
                            lookup = true;
                        }
                        None
                    }
                    None => Some(Wrong {
                        nginx: format!(
                            "\"sticky\" directive missing variable in the \"{which}\" parameter"
                        ),
                        message: format!("`{which}=` takes a variable"),
                        help: "Write a variable, as in `$upstream_cookie_route`",
                    }),
                }
            }
            b"header" => None,
            _ => {
                return unknown(
                    reading,
                    statement,
                    word,
                    "Write `create=`, `lookup=`, `zone=`, `timeout=` or `header`",
                );
            }
        };
        if let Some(trouble) = trouble {
            return say(reading, statement, word, trouble);
        }
    }
    let Some(mode) = statement.arg(0) else { return };
    let missing = match (lookup, create, &zone) {
        (false, ..) => "lookup",
        (_, false, _) => "create",
        (.., None) => "zone",
        (true, true, Some((word, name, bytes))) => {
            return learned(reading, statement, *word, name.clone(), *bytes);
        }
    };
    let missing = Wrong {
        nginx: format!("\"sticky\" directive \"{missing}\" parameter is not specified"),
        message: format!("`sticky learn` has no `{missing}=`"),
        help: "Write `create=`, `lookup=` and `zone=`",
    };
    say(reading, statement, mode, missing);
}

fn learned<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    word: Word<'m>,
    name: std::ops::Range<usize>,
    bytes: i64,
) {
    let value = word.value();
    let mention = Mention {
        name: &value[name.clone()],
        size: u64::try_from(bytes).ok(),
        module: "ngx_http_upstream_sticky_module",
        span: word.part(name),
    };
    let Some(index) = zones::mention(reading, statement, &mention) else {
        return;
    };
    let zone = &mut reading.model.zones.all[index];
    let Some(first) = zone.definition else {
        zone.definition = Some(statement);
        return;
    };
    let shown = printed(mention.name);
    let host = reading.model.scope(first.scope).opener;
    let host = host.and_then(|opener| opener.arg(0));
    let host = host
        .map(|word| word.to_str().into_owned())
        .unwrap_or_default();
    reading.say(
        refusal(
            statement,
            "zone-conflict",
            mention.span,
            format!("the zone `{shown}` belongs to the upstream `{host}`"),
            format!("sticky zone \"{shown}\" is already used in upstream \"{host}\""),
        )
        .related(first.head(), "used here")
        .help("Give it another name"),
    );
}
