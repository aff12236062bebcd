//! Where a text stands: a whole configuration, or a part of one.

use crate::directives::{self, Context, DirectiveInfo};
use crate::syntax::{Directive, Terminator, Tree};
use crate::version::{ParseTargetError, Target};

/// Where the directives of a text stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Nowhere: the text is a whole configuration.
    Whole,
    /// In a block of this kind of a configuration that is not at hand.
    Inside(Context),
    /// In a block whose lines are no directives, such as `types`.
    Entries,
}

/// A text that names no block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the way to a block: write the names of the blocks from outside to inside, as in \
     `http,server` or `stream,upstream`"
)]
pub struct ContextError(String);

impl std::str::FromStr for Start {
    type Err = ContextError;

    /// Reads the names of the blocks round a text, from outside to inside; outer ones
    /// may be left out where they are those of HTTP.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ContextError(text.to_owned());
        let mut context: Option<Context> = None;
        let mut names = text.split(',').map(str::trim).peekable();
        while let Some(name) = names.next() {
            let outer = context;
            let next = match (outer, name) {
                (None | Some(Context::Main), "main") => Context::Main,
                (Some(Context::Mail), "server") => Context::MailServer,
                (Some(Context::Stream), "server") => Context::StreamServer,
                (Some(Context::Stream), "upstream") => Context::StreamUpstream,
                (Some(Context::Server), "if") => Context::IfInServer,
                (_, "if") => Context::IfInLocation,
                (_, "types" | "map" | "geo" | "split_clients" | "charset_map")
                    if names.peek().is_none() =>
                {
                    return Ok(Self::Entries);
                }
                (_, name) => name.parse().map_err(|_| error())?,
            };
            context = Some(next);
        }
        context.map(Self::Inside).ok_or_else(error)
    }
}

/// What a text says about itself in comments.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// `# djanginx: nginx 1.26`
    pub target: Option<Target>,
    /// `# djanginx: context http,server`
    pub start: Option<Start>,
    /// What was not understood, with its place.
    pub errors: Vec<(crate::source::Span, String)>,
}

impl Declared {
    /// Reads the comments of a text.
    #[must_use]
    pub fn read(tree: &Tree) -> Self {
        let mut declared = Self::default();
        for comment in tree.comments() {
            let text = comment.text().trim_ascii();
            let Some(said) = text.strip_prefix(b"djanginx:") else {
                continue;
            };
            let Ok(said) = std::str::from_utf8(said) else {
                continue;
            };
            let mut words = said.split_ascii_whitespace();
            let error = match (words.next(), words.next()) {
                (Some("nginx"), Some(version)) => version
                    .parse()
                    .map(|target| declared.target = Some(target))
                    .map_err(|error: ParseTargetError| error.to_string()),
                (Some("context"), Some(context)) => context
                    .parse()
                    .map(|start| declared.start = Some(start))
                    .map_err(|error: ContextError| error.to_string()),
                _ => Ok(()),
            };
            if let Err(error) = error {
                declared.errors.push((comment.span(), error));
            }
        }
        declared
    }
}

/// Where directives of a part may stand, the likeliest first where several fit.
const PLACES: [Context; 13] = [
    Context::Http,
    Context::Server,
    Context::Location,
    Context::Upstream,
    Context::Stream,
    Context::StreamServer,
    Context::StreamUpstream,
    Context::Mail,
    Context::MailServer,
    Context::Events,
    Context::LimitExcept,
    Context::IfInLocation,
    Context::Main,
];

impl Start {
    /// Guesses from the directives of a text where it stands.
    ///
    /// `part` says that the text is known to be no main file.
    #[must_use]
    pub fn infer(tree: &Tree, target: Target, part: bool) -> Self {
        let directives = || {
            // What nginx cannot read says nothing.
            let directives = tree.root().directives().take(ENOUGH);
            directives.filter(|directive| !directive.has_long_word())
        };
        let outermost = |directive: Directive<'_>| {
            directive.terminator() == Terminator::Block
                && ["events", "http", "stream", "mail"]
                    .iter()
                    .any(|name| directive.is(name))
        };
        if !part && directives().any(outermost) {
            return Self::Whole;
        }
        let mut known = 0;
        let mut fits = [0usize; PLACES.len()];
        let mut all = 0;
        for directive in directives().filter(|directive| !directive.is("include")) {
            all += 1;
            let rows = rows_like(directive, target);
            known += usize::from(!rows.is_empty());
            for (fit, place) in fits.iter_mut().zip(PLACES) {
                let row = rows.iter().find(|row| row.contexts.contains(place));
                *fit += row.map_or(0, |row| {
                    1 + children_that_fit(directive, row, place, target)
                });
            }
        }
        if all == 0 {
            return if part {
                Self::Inside(Context::Http)
            } else {
                Self::Whole
            };
        }
        if known == 0 {
            // Where no directive is written as nginx wants it, the names tell.
            let named = directives().filter_map(|directive| place_of_name(directive, target));
            let named: Vec<Context> = named.collect();
            if let Some(place) = named.first().filter(|_| named.len() * 2 > all) {
                return Self::Inside(*place);
            }
            let near = |directive: Directive<'_>| {
                directives::nearest(&directive.name().to_str(), |_| true).is_some()
            };
            return match directives().take(20).any(near) {
                true => Self::Inside(Context::Http),
                false => Self::Entries,
            };
        }
        let best = fits.iter().copied().max().unwrap_or_default();
        let place = PLACES.iter().zip(fits).find(|(_, fit)| *fit == best);
        Self::Inside(place.map_or(Context::Http, |(place, _)| *place))
    }
}

/// How many directives of a block are looked at; more would not change the guess.
const ENOUGH: usize = 200;

/// The first place that has a directive of this name, however it is written.
fn place_of_name(directive: Directive<'_>, target: Target) -> Option<Context> {
    let name = directive.name().value();
    let places = PLACES.iter().copied();
    let mut places = places.filter(|place| {
        directives::for_target(&name, target).any(|row| row.contexts.contains(*place))
    });
    places.next()
}

/// The variants of a directive that are written as this one is, so that `server` with a
/// block is not taken for the `server` of an upstream.
fn rows_like(directive: Directive<'_>, target: Target) -> Vec<&'static DirectiveInfo> {
    let block = directive.terminator() == Terminator::Block;
    let count = directive.args().len();
    directives::for_target(&directive.name().value(), target)
        .filter(|row| row.body.is_block() == block && row.arguments.accepts(count))
        .collect()
}

/// How many directives of its block fit when a directive stands in `place`: that tells a
/// `server` of `stream` from one of `http`.
fn children_that_fit(
    directive: Directive<'_>,
    row: &DirectiveInfo,
    place: Context,
    target: Target,
) -> usize {
    let (Some(inner), Some(block)) = (row.body.context_in(place), directive.block()) else {
        return 0;
    };
    let children = block.directives().take(ENOUGH / 4);
    children
        .filter(|child| {
            rows_like(*child, target)
                .iter()
                .any(|row| row.contexts.contains(inner))
        })
        .count()
}
