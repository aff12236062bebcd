//! Whether a path is sent on as the client wrote it, or as nginx has decoded it.
//!
//! `$request_uri` is what the client wrote, `$uri` is decoded; `rewrite` replaces `$uri`, and
//! groups have the form of what their expression was compared with. `proxy_pass` sends
//! variables as they are and encodes `$uri` where it puts it in itself
//! (`ngx_http_proxy_create_request`).

use super::patterns::{condition, group, matches_all};
use super::{Matcher, location_of};
use crate::directives::Context;
use crate::model::{Model, ScopeId, Statement};
use crate::rules::places::Places;
use crate::values::expression::{self, Part};
use std::ops::Range;

/// How a text may have the path of the request in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forms {
    /// As nginx has decoded it.
    pub decoded: bool,
    /// As the client wrote it.
    pub raw: bool,
}

impl Forms {
    fn or(self, other: Self) -> Self {
        Self {
            decoded: self.decoded || other.decoded,
            raw: self.raw || other.raw,
        }
    }

    fn is_any(self) -> bool {
        self.decoded || self.raw
    }
}

/// What holds where a location hands a request on.
#[derive(Debug, Clone)]
pub struct Flow<'m> {
    /// The form of `$uri`.
    pub uri: Forms,
    /// What made it the one that the client wrote.
    pub rewrite: Option<Statement<'m>>,
    /// The expression that was last compared, and the form of what it was compared with.
    groups: Option<(Vec<u8>, Forms)>,
    /// The expression of the location.
    pattern: Option<Vec<u8>>,
    /// Whether no `rewrite` follows any more.
    ended: bool,
}

/// A piece of a text that `proxy_pass` sends.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Where it is in the text, all of a variable that stands for more.
    pub whole: Range<usize>,
    /// How it has the path.
    pub forms: Forms,
    /// Its text, where it is one.
    text: Option<Vec<u8>>,
    /// Whether it begins with a slash.
    slash: bool,
}

/// How a text of `proxy_pass` is put together.
#[derive(Debug, Clone)]
pub struct Sent {
    /// What stands in the path; `None` where there is none.
    pub path: Option<Vec<Piece>>,
    /// Whether any of it is a variable.
    pub variable: bool,
}

/// Whether a `rewrite` may replace the path in the location round a block.
#[must_use]
pub fn is_rewritten(model: &Model<'_>, scope: ScopeId) -> bool {
    let has = |id: ScopeId| model.scope(id).first("rewrite").is_some();
    for id in model.outwards(scope) {
        let block = model.scope(id);
        if has(id) || block.blocks.iter().any(|(_, inner)| has(*inner)) {
            return true;
        }
        if block.context == Context::Location {
            break;
        }
    }
    false
}

/// Follows the rewrites of the location round a block up to the end of the block.
#[must_use]
pub fn flow<'m>(model: &Model<'m>, scope: ScopeId) -> Flow<'m> {
    let decoded = Forms {
        decoded: true,
        raw: false,
    };
    let mut flow = Flow {
        uri: decoded,
        rewrite: None,
        groups: None,
        pattern: None,
        ended: false,
    };
    let mut path: Vec<ScopeId> = Vec::new();
    for id in model.outwards(scope) {
        path.insert(0, id);
        if model.scope(id).context == Context::Location {
            break;
        }
    }
    for (depth, id) in path.iter().enumerate() {
        let block = model.scope(*id);
        match block.opener.and_then(location_of) {
            Some((Matcher::Regex, pattern)) if depth == 0 => {
                flow.groups = Some((pattern.to_vec(), decoded));
                flow.pattern = Some(pattern.into_owned());
            }
            _ => {
                if let Some(opener) = block.opener {
                    flow.compare(opener);
                }
            }
        }
        // What stands behind the next block of the path is not run before it.
        let next = path.get(depth + 1).and_then(|id| model.scope(*id).opener);
        let before = |statement: &Statement<'m>| {
            let (own, next) = (statement.head(), next.map(|next| next.head()));
            next.is_none_or(|next| own.file != next.file || own.start < next.start)
        };
        let inner = model.within(*id).skip(1).map(|id| model.scope(id));
        let inner = inner
            .filter(|inner| inner.parent == Some(*id) && inner.context == Context::IfInLocation);
        let inner = inner.filter_map(|inner| Some((inner.opener?, inner.named("rewrite"))));
        let inner = inner.flat_map(|(opener, list)| {
            let file = opener.head().file;
            list.filter(move |rewrite| rewrite.head().file == file)
                .map(|rewrite| (rewrite, true))
        });
        let mut steps: Vec<_> = block
            .named("rewrite")
            .map(|rewrite| (rewrite, false))
            .chain(inner)
            .filter(|(rewrite, _)| before(rewrite))
            .collect();
        steps.sort_by_key(|(rewrite, _)| (rewrite.head().file, rewrite.head().start));
        for (rewrite, maybe) in steps {
            flow.rewrite(rewrite, maybe);
        }
    }
    flow
}

impl<'m> Flow<'m> {
    /// An `if` that compares with an expression.
    fn compare(&mut self, opener: Statement<'m>) {
        if let Some(condition) = condition(opener).filter(|condition| condition.equals) {
            let forms = self.of_name(&condition.subject);
            self.groups = Some((condition.pattern, forms));
        }
    }

    fn of_name(&self, variable: &[u8]) -> Forms {
        match variable.to_ascii_lowercase().as_slice() {
            b"$uri" | b"$document_uri" => self.uri,
            b"$request_uri" => Forms {
                decoded: false,
                raw: true,
            },
            _ => Forms::default(),
        }
    }

    fn rewrite(&mut self, rewrite: Statement<'m>, maybe: bool) {
        let (Some(pattern), Some(to)) = (rewrite.arg(0), rewrite.arg(1)) else {
            return;
        };
        let leaves = ["last", "redirect", "permanent"];
        let leaves = rewrite
            .arg(2)
            .is_some_and(|flag| leaves.iter().any(|name| flag.is(name)));
        let to = to.value();
        let starts = |start: &&[u8]| to.starts_with(start);
        let redirects = [&b"http://"[..], b"https://", b"$scheme"]
            .iter()
            .any(starts);
        if self.ended || leaves || redirects {
            return;
        }
        let pattern = pattern.value().into_owned();
        let before = self.uri;
        let mut after = Forms::default();
        for part in expression::parse(&to).unwrap_or_default() {
            after = after.or(match part {
                Part::Variable { whole, .. } => self.of_name(&to[whole]),
                Part::Capture { group: number, .. } => of_group(&pattern, number, before),
                Part::Text(_) => Forms::default(),
            });
        }
        if after.raw && !before.raw {
            self.rewrite = Some(rewrite);
        }
        let always = matches_all(&pattern) && !maybe;
        self.uri = if always { after } else { after.or(before) };
        self.groups = Some((pattern, before));
        self.ended = always && rewrite.arg(2).is_some_and(|flag| flag.is("break"));
    }

    /// What a text of `proxy_pass` sends from a block.
    #[must_use]
    pub fn sent(
        &self,
        model: &Model<'m>,
        places: &Places<'_, 'm>,
        scope: ScopeId,
        value: &[u8],
    ) -> Sent {
        let pieces = self.pieces(model, places, scope, value, 0);
        let mut path: Option<Vec<Piece>> = None;
        let mut behind_scheme = false;
        let mut host = false;
        for mut piece in pieces {
            if let Some(path) = &mut path {
                path.push(piece);
                continue;
            }
            let mut rest = piece.text.as_deref();
            if !behind_scheme && let Some(text) = rest {
                let at = memchr::memmem::find(text, b"://");
                behind_scheme = at.is_some();
                rest = at.map(|at| &text[at + 3..]);
            }
            if !behind_scheme {
                continue;
            }
            let slash = match rest {
                // The path of a unix socket ends at a colon.
                Some(text) => match text.strip_prefix(b"unix:") {
                    Some(socket) => memchr::memchr(b':', socket).is_some(),
                    None => memchr::memchr2(b'/', b'?', text).is_some(),
                },
                None => host && piece.slash,
            };
            host |= rest.is_none_or(|text| !text.is_empty());
            if slash {
                if rest.is_some() {
                    piece.forms = Forms::default();
                }
                path = Some(vec![piece]);
            }
        }
        Sent {
            path,
            variable: expression::has_variables(value),
        }
    }

    fn pieces(
        &self,
        model: &Model<'m>,
        places: &Places<'_, 'm>,
        scope: ScopeId,
        value: &[u8],
        depth: usize,
    ) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for part in expression::parse(value).unwrap_or_default() {
            match part {
                Part::Text(range) => pieces.push(Piece {
                    slash: value[range.start] == b'/',
                    text: Some(value[range.clone()].to_vec()),
                    whole: range,
                    forms: Forms::default(),
                }),
                Part::Capture {
                    group: number,
                    whole,
                } => {
                    let groups = self.groups.as_ref();
                    let text = groups.and_then(|(pattern, _)| group(pattern, number));
                    // `set` encodes groups again.
                    let forms = groups
                        .filter(|_| depth == 0)
                        .map(|(pattern, forms)| of_group(pattern, number, *forms));
                    pieces.push(Piece {
                        whole,
                        forms: forms.unwrap_or_default(),
                        text: None,
                        slash: text.is_some_and(|text| text.starts_with(b"/")),
                    });
                }
                Part::Variable { name, whole } => {
                    let name = value[name].to_ascii_lowercase();
                    let forms = self.of_name(&[b"$", name.as_slice()].concat());
                    let set = if forms.is_any() {
                        None
                    } else {
                        set(model, scope, &name)
                    };
                    if let Some(inner) = set.filter(|_| depth < 4) {
                        let inner = self.pieces(model, places, scope, &inner, depth + 1);
                        pieces.extend(inner.into_iter().map(|piece| Piece {
                            whole: whole.clone(),
                            ..piece
                        }));
                        continue;
                    }
                    let (forms, slash) = match forms.is_any() {
                        true => (forms, true),
                        false => self.of_other(places, &name),
                    };
                    pieces.push(Piece {
                        whole,
                        forms,
                        text: None,
                        slash,
                    });
                }
            }
        }
        pieces
    }

    /// A variable of a `map` or of a named group, and whether it begins with a slash.
    fn of_other(&self, places: &Places<'_, 'm>, name: &[u8]) -> (Forms, bool) {
        let patterns = [
            self.pattern.as_ref().map(|pattern| {
                let decoded = Forms {
                    decoded: true,
                    raw: false,
                };
                (pattern.clone(), decoded)
            }),
            self.groups.clone(),
        ];
        for (pattern, forms) in patterns.into_iter().flatten() {
            if let Some(text) = named_group(&pattern, name) {
                let forms = if is_wide(text) {
                    forms
                } else {
                    Forms::default()
                };
                return (forms, text.starts_with(b"/"));
            }
        }
        let Some(map) = places.map(name) else {
            return Default::default();
        };
        let source = map.arg(0).map(|word| self.of_name(&word.value()));
        let Some(source) = source.filter(|source| source.is_any()) else {
            return Default::default();
        };
        let rows = map.directive.block().into_iter();
        for row in rows.flat_map(|block| block.directives()) {
            let key = row.name().value();
            let Some(pattern) = key.strip_prefix(b"~") else {
                continue;
            };
            let value = row.args().next().map(|word| word.value().into_owned());
            let value = value.unwrap_or_default();
            for part in expression::parse(&value).unwrap_or_default() {
                let text = match part {
                    Part::Capture { group: number, .. } => group(pattern, number),
                    Part::Variable { name, .. } => named_group(pattern, &value[name]),
                    Part::Text(_) => None,
                };
                if let Some(text) = text.filter(|text| is_wide(text)) {
                    let slash = value.starts_with(b"/") || text.starts_with(b"/");
                    return (source, slash);
                }
            }
        }
        Default::default()
    }
}

/// What the nearest `set` round a block gives a variable.
fn set(model: &Model<'_>, scope: ScopeId, name: &[u8]) -> Option<Vec<u8>> {
    model.outwards(scope).find_map(|id| {
        let sets = model.scope(id).named("set");
        let mut sets = sets.filter(|set| {
            let target = set.arg(0).map(|word| word.value().to_ascii_lowercase());
            target.is_some_and(|target| target.get(1..) == Some(name))
        });
        Some(sets.next_back()?.arg(1)?.value().into_owned())
    })
}

fn of_group(pattern: &[u8], number: u8, forms: Forms) -> Forms {
    match group(pattern, number) {
        Some(text) if is_wide(text) => forms,
        _ => Forms::default(),
    }
}

/// The text of a group with a name, behind the name.
fn named_group<'p>(pattern: &'p [u8], name: &[u8]) -> Option<&'p [u8]> {
    (1..=u8::MAX)
        .map_while(|number| group(pattern, number))
        .find_map(|text| {
            let text = text.strip_prefix(b"?P").or(text.strip_prefix(b"?"))?;
            let text = text.strip_prefix(b"<")?.strip_prefix(name)?;
            text.strip_prefix(b">")
        })
}

/// Whether a group can match a byte that means something in a URI.
fn is_wide(group: &[u8]) -> bool {
    let mut bytes = group.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                let next = bytes.next();
                if matches!(next, Some(b'S' | b'W' | b'D' | b's')) {
                    return true;
                }
            }
            b'[' => {
                if bytes.as_slice().first() == Some(&b'^') {
                    return true;
                }
                for inner in bytes.by_ref() {
                    if *inner == b']' {
                        break;
                    }
                }
            }
            b'.' => return true,
            _ => {}
        }
    }
    false
}
