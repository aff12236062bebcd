//! The pass over a configuration.

use super::directive::{self, Seen};
use super::entries::{self, Reader};
use super::lookup::Lookup;
use super::sink::{Sink, emerg};
use super::{Options, Start, include, syntax};
use crate::directives::{Body, Context, DirectiveInfo};
use crate::finding::Finding;
use crate::model::{Config, Texts, Walk, WalkEvent};
use crate::source::{FileId, Span};
use crate::syntax::{Directive, SyntaxError, Terminator};

/// What the statements of a block are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Directives(Context),
    Entries(Reader),
    /// Not known, because the block's own directive is not.
    Nothing,
}

/// A block that is being read.
struct Scope {
    inside: Inside,
    /// Where its directives begin among those seen.
    base: usize,
}

/// A file that is being read, with the errors that are still to come.
struct Open<'m> {
    errors: &'m [SyntaxError],
}

pub(super) struct Pass<'m> {
    texts: &'m Texts<'m>,
    config: &'m Config,
    options: &'m Options,
    lookup: Lookup<'m>,
    scopes: Vec<Scope>,
    files: Vec<Open<'m>>,
    seen: Seen,
    /// Whether a block has made nginx set up its modules.
    modules_used: bool,
    has_events: bool,
    sink: Sink,
}

impl<'m> Pass<'m> {
    pub(super) fn new(texts: &'m Texts<'m>, config: &'m Config, options: &'m Options) -> Self {
        let inside = match options.start {
            Start::Whole => Inside::Directives(Context::Main),
            Start::Inside(context) => Inside::Directives(context),
            Start::Entries => Inside::Entries(Reader::Other),
        };
        Self {
            texts,
            config,
            options,
            lookup: Lookup::new(options.target, &options.modules),
            scopes: vec![Scope { inside, base: 0 }],
            files: Vec::new(),
            seen: Vec::new(),
            modules_used: false,
            has_events: false,
            sink: Sink::new(texts.limits().findings),
        }
    }

    pub(super) fn run(mut self) -> Vec<Finding> {
        for event in Walk::new(self.texts, self.config) {
            match event {
                WalkEvent::Open(file) => self.files.push(Open {
                    errors: &self.texts.parse(file).errors,
                }),
                WalkEvent::Close(_) => {
                    self.errors_before(u32::MAX);
                    self.files.pop();
                }
                WalkEvent::Enter(directive) => self.enter(directive),
                WalkEvent::Leave(directive) => self.leave(directive),
                WalkEvent::Stop(directive, path, stop) => {
                    let (live, limits) = (self.options.live, self.texts.limits());
                    let finding = include::finding(directive, path, stop, live, limits);
                    if let Some(finding) = finding {
                        self.sink.push(finding);
                    }
                }
            }
        }
        if self.options.start == Start::Whole && !self.has_events {
            self.sink.push(no_events(self.config.root));
        }
        self.sink.finish()
    }

    /// Takes over the errors of the file at which nginx stops before it comes to an
    /// offset.
    fn errors_before(&mut self, offset: u32) {
        let Some(open) = self.files.last_mut() else {
            return;
        };
        while let Some((error, rest)) = open.errors.split_first()
            && error.from <= offset
        {
            open.errors = rest;
            let inside = self.scopes.last().map(|scope| scope.inside);
            let harmless = matches!(inside, Some(Inside::Entries(_)));
            let finding = syntax::finding(error, self.texts.sources(), harmless);
            self.sink.push(finding);
        }
    }

    fn enter(&mut self, directive: Directive<'m>) {
        if self
            .files
            .last()
            .is_some_and(|open| !open.errors.is_empty())
        {
            self.errors_before(directive.name().span().start);
        }
        let Some(&Scope { inside, base }) = self.scopes.last() else {
            return;
        };
        let mut within = Inside::Nothing;
        match inside {
            Inside::Nothing => {}
            Inside::Entries(reader) => {
                if let Some(finding) = entries::check(reader, directive, self.options.target) {
                    self.sink.push(finding);
                }
            }
            // nginx never acts on what is not ended.
            Inside::Directives(_) if directive.terminator() == Terminator::Missing => {}
            Inside::Directives(context) => {
                let row = directive::check(
                    directive,
                    context,
                    &mut self.lookup,
                    &self.options.modules,
                    &mut self.seen,
                    base,
                    &mut self.sink,
                );
                if let Some(row) = row {
                    if context == Context::Main {
                        self.main(directive, row);
                    }
                    within = opened(row, context);
                }
            }
        }
        if directive.terminator() == Terminator::Block {
            self.open(directive, within);
        }
    }

    fn open(&mut self, directive: Directive<'m>, inside: Inside) {
        let mut inside = inside;
        let most = self.texts.limits().block_depth;
        // What holds the main file's directives is no block.
        if self.scopes.len() == most + 1 && inside != Inside::Nothing {
            inside = Inside::Nothing;
            self.sink.push(
                Finding::error(
                    "input-limit",
                    directive.head(),
                    format!("blocks deeper than the limit of {most} are not looked into"),
                )
                .help("Use fewer blocks inside each other"),
            );
        }
        self.scopes.push(Scope {
            inside,
            base: self.seen.len(),
        });
    }

    fn leave(&mut self, directive: Directive<'m>) {
        if directive.terminator() != Terminator::Block {
            return;
        }
        if self
            .files
            .last()
            .is_some_and(|open| !open.errors.is_empty())
        {
            self.errors_before(directive.span().end.saturating_sub(1));
        }
        if let Some(scope) = self.scopes.pop() {
            self.seen.truncate(scope.base);
        }
    }

    /// What only the outermost level has.
    fn main(&mut self, directive: Directive<'m>, row: &DirectiveInfo) {
        match row.name {
            "events" => {
                self.has_events = true;
                self.modules_used = true;
            }
            "http" | "mail" | "stream" => self.modules_used = true,
            "load_module" if self.modules_used => {
                let mut finding = Finding::error(
                    "load-module-too-late",
                    directive.head(),
                    "`load_module` comes behind a block",
                )
                .help("Move it to the beginning of the main file");
                finding.nginx = emerg(
                    "\"load_module\" directive is specified too late",
                    Some(directive.end()),
                );
                self.sink.push(finding);
            }
            _ => {}
        }
    }
}

fn opened(row: &DirectiveInfo, outer: Context) -> Inside {
    match row.body {
        Body::Directives(_) => row
            .body
            .context_in(outer)
            .map_or(Inside::Nothing, Inside::Directives),
        Body::Entries => Inside::Entries(Reader::of(row)),
        Body::Lua | Body::Semicolon => Inside::Nothing,
    }
}

/// nginx says this when all text is read, and names no place.
fn no_events(root: FileId) -> Finding {
    let mut finding = Finding::error(
        "missing-events",
        Span::new(root, 0, 0),
        "the configuration has no block `events`",
    )
    .help("Write `events {}` on the outermost level");
    finding.nginx = emerg("no \"events\" section in configuration", None);
    finding
}
