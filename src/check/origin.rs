//! From a place in the generated text to the line of the topology that it comes from.
//!
//! A block of the text has the name of what it was made of: an `upstream` that of its pool, a
//! `server` the domains of its site, a `location` the path of its route. Below that, the value
//! that the text repeats is the place; where none is repeated it is the key.

use crate::directives::Context;
use crate::finding::{Finding, Label};
use crate::model::{Model, ScopeId, Statement};
use crate::source::{FileId, Span};
use crate::topology::Loaded;
use crate::topology::document::Step;

/// Finds places of one topology.
pub struct Origins<'a, 'm> {
    loaded: &'a Loaded,
    model: &'a Model<'m>,
    /// What stands where, with the block that it is or stands in, by the place.
    statements: Vec<(Span, ScopeId, Statement<'m>)>,
}

impl<'a, 'm> Origins<'a, 'm> {
    /// For a topology, and what its text is read as.
    #[must_use]
    pub fn new(loaded: &'a Loaded, model: &'a Model<'m>) -> Self {
        let mut statements = Vec::new();
        for scope in &model.scopes {
            for statement in scope.opener.into_iter().chain(scope.statements()) {
                statements.push((statement.directive.span(), scope.id, statement));
            }
        }
        let tables = model.tables.iter();
        statements.extend(tables.map(|table| (table.directive.span(), table.scope, *table)));
        statements.sort_by_key(|(span, ..)| *span);
        Self {
            loaded,
            model,
            statements,
        }
    }

    /// Where a place of the generated text comes from; the beginning of the topology, or its
    /// `nginx`, where nothing nearer is known.
    #[must_use]
    pub fn of(&self, place: Span) -> Span {
        let document = &self.loaded.document;
        let (scope, statement) = self.around(place);
        let way = self.way(scope);
        let mut words: Vec<(bool, String)> = Vec::new();
        if let Some(statement) = statement {
            words.extend(statement.args().map(|word| {
                let meant = within(word.span(), place) || within(place, word.span());
                (!meant, word.to_str().into_owned())
            }));
        }
        // The word that is meant goes before the others.
        words.sort_by_key(|(other, _)| *other);
        let values = words.iter().flat_map(|(_, word)| {
            let value = word.split_once('=').map(|(_, value)| value);
            std::iter::once(word.as_str()).chain(value)
        });
        let mut found = values.filter(|value| value.len() > 1);
        found
            .find_map(|value| document.find_text(&way, value))
            .unwrap_or_else(|| match way.as_slice() {
                [] => self.nowhere(),
                way => document.key_at(way),
            })
    }

    /// Where the topology has a text as a value or as a key.
    #[must_use]
    pub fn named(&self, text: &str) -> Option<Span> {
        (!text.is_empty())
            .then(|| self.loaded.document.find_text(&[], text))
            .flatten()
    }

    /// The place of what comes from no line: `nginx`, or the beginning.
    #[must_use]
    pub fn nowhere(&self) -> Span {
        self.loaded.document.key_at(&[Step::Key("nginx")])
    }

    /// A finding about the generated text as one about the topology. `shift` is how many files
    /// come before those of the text where both are shown.
    #[must_use]
    pub fn lift(&self, finding: Finding, shift: u32) -> Finding {
        let moved = |label: &Label| Label {
            span: shifted(label.span, shift),
            text: label.text.clone(),
        };
        let mut place = moved(&finding.primary);
        if place.text.is_empty() {
            place.text = "in the generated text".into();
        }
        let related = finding.related.iter().map(moved);
        Finding {
            primary: Label {
                span: self.of(finding.primary.span),
                text: "written because of this".into(),
            },
            related: std::iter::once(place).chain(related).collect(),
            nginx: finding.nginx.map(|mut nginx| {
                nginx.at = nginx.at.map(|at| shifted(at, shift));
                nginx
            }),
            // Nobody edits the text.
            fix: None,
            ..finding
        }
    }

    /// The innermost block round a place, and the statement there.
    fn around(&self, place: Span) -> (ScopeId, Option<Statement<'m>>) {
        let begins_before = |(span, ..): &(Span, ScopeId, Statement<'_>)| {
            (span.file, span.start) <= (place.file, place.start)
        };
        let before = self.statements.partition_point(begins_before);
        // Of those that hold the place the innermost begins last.
        let mut backwards = self.statements[..before].iter().rev();
        let innermost =
            backwards.find(|(span, ..)| span.file == place.file && within(place, *span));
        match innermost {
            Some((_, scope, statement)) => (*scope, Some(*statement)),
            None => (ScopeId::MAIN, None),
        }
    }

    /// The way to what a block is made of.
    fn way(&self, scope: ScopeId) -> Vec<Step<'a>> {
        let topology = &self.loaded.topology;
        let model = self.model;
        let pool = |name: &str| {
            let (name, _) = topology.pools.get_key_value(name)?;
            Some(vec![Step::Key("pools"), Step::Key(name)])
        };
        let stream = |name: &str| {
            let (name, _) = topology.streams.get_key_value(name)?;
            Some(vec![Step::Key("streams"), Step::Key(name)])
        };
        let mut route = None;
        for id in std::iter::once(scope).chain(model.outwards(scope)) {
            let block = model.scope(id);
            let opener = block.opener;
            match block.context {
                Context::Upstream => {
                    let name = opener.and_then(|opener| opener.arg(0));
                    return name
                        .and_then(|name| pool(&name.to_str()))
                        .unwrap_or_default();
                }
                Context::StreamUpstream => {
                    let name = opener.and_then(|opener| opener.arg(0));
                    return name
                        .and_then(|name| stream(&name.to_str()))
                        .unwrap_or_default();
                }
                Context::StreamServer => {
                    let pass = model.value(id, "proxy_pass").and_then(|pass| pass.arg(0));
                    return pass
                        .and_then(|name| stream(&name.to_str()))
                        .unwrap_or_default();
                }
                Context::Location if route.is_none() => {
                    let last = opener.and_then(|opener| opener.args().next_back());
                    route = last.map(|path| path.to_str().into_owned());
                }
                Context::Server => {
                    let names = block.named("server_name").flat_map(|names| names.args());
                    let names: Vec<String> = names.map(|n| n.to_str().into_owned()).collect();
                    let of_names = topology
                        .sites
                        .iter()
                        .find(|(_, site)| site.domains.iter().any(|domain| names.contains(domain)));
                    let Some((name, site)) = of_names else {
                        return vec![];
                    };
                    let mut way = vec![Step::Key("sites"), Step::Key(name)];
                    let route = route.and_then(|route| site.routes.get_key_value(&route));
                    if let Some((route, _)) = route {
                        way.extend([Step::Key("routes"), Step::Key(route)]);
                    }
                    return way;
                }
                _ => {}
            }
        }
        Vec::new()
    }
}

/// The same place where `shift` files come before.
pub(super) fn shifted(place: Span, shift: u32) -> Span {
    Span::new(FileId(place.file.0 + shift), place.start, place.end)
}

fn within(inner: Span, outer: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}
