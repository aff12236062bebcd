//! The pass over a configuration.

use super::directive::{self, Checked, Seen, State};
use super::entries::{self, Entries};
use super::lookup::{Functions, Lookup};
use super::reading::{Reading, Setter};
use super::sink::emerg;
use super::{Options, Start, end, include, syntax};
use crate::directives::{Body, Context, DirectiveInfo};
use crate::finding::Finding;
use crate::model::{Config, Model, ScopeId, Statement, Texts, Walk, WalkEvent};

use crate::syntax::{Directive, SyntaxError, Terminator};

/// What the statements of a block are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Directives(Context),
    Entries,
    /// Not known, because the block's own directive is not.
    Nothing,
}

/// A block that is being read.
struct Block<'m> {
    inside: Inside,
    /// Where its directives begin among those seen.
    base: usize,
    /// Its place in the model, and what is done at its end.
    scope: Option<ScopeId>,
    closing: Option<(Setter, Statement<'m>)>,
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
    blocks: Vec<Block<'m>>,
    files: Vec<Open<'m>>,
    seen: Seen,
    /// Whether a block has made nginx set up its modules.
    modules_used: bool,
    reading: Reading<'m>,
}

impl<'m> Pass<'m> {
    pub(super) fn new(texts: &'m Texts<'m>, config: &'m Config, options: &'m Options) -> Self {
        let (inside, context) = match options.start {
            Start::Whole => (Inside::Directives(Context::Main), Context::Main),
            Start::Inside(context) => (Inside::Directives(context), context),
            Start::Entries => (Inside::Entries, Context::Main),
        };
        let model = Model::new(options.target, options.start == Start::Whole, context);
        Self {
            texts,
            config,
            options,
            lookup: Lookup::new(options.target, &options.modules),
            blocks: vec![Block {
                inside,
                base: 0,
                scope: Some(ScopeId::MAIN),
                closing: None,
            }],
            files: Vec::new(),
            seen: Vec::new(),
            modules_used: false,
            reading: Reading::new(texts, config, options, model),
        }
    }

    pub(super) fn run(mut self) -> super::Reading<'m> {
        let mut walk = Walk::new(self.texts, self.config);
        while let Some(event) = walk.next() {
            match event {
                WalkEvent::Open(file) => self.files.push(Open {
                    errors: &self.texts.parse(file).errors,
                }),
                WalkEvent::Close(_) => {
                    self.errors_before(u32::MAX);
                    self.files.pop();
                }
                WalkEvent::Enter(directive) => {
                    self.enter(directive);
                    let inside = self.blocks.last().map(|block| block.inside);
                    if inside == Some(Inside::Nothing) {
                        walk.pass_over(directive);
                    }
                }
                WalkEvent::Leave(directive) => self.leave(directive),
                WalkEvent::Stop(directive, path, stop) => {
                    self.misses(directive);
                    let (live, limits) = (self.options.live, self.texts.limits());
                    let finding = include::finding(directive, path, stop, live, limits);
                    if let Some(finding) = finding {
                        self.reading.say(finding);
                    }
                }
            }
        }
        for file in self.config.files() {
            self.reading.model.files.push(file);
            let tree = &self.texts.parse(file).tree;
            let includes = self.config.includes(file).iter();
            let empty = includes.filter(|(_, files)| files.is_empty());
            let empty = empty.map(|(id, _)| tree.directive(*id).head());
            self.reading.model.empty_includes.extend(empty);
        }
        self.reading.model.seal(ScopeId::MAIN);
        end::end(&mut self.reading);
        self.reading.finish()
    }

    /// Remembers that an included file is not at hand.
    fn misses(&mut self, include: Directive<'m>) {
        let inside = self.blocks.last().map(|block| block.inside);
        let harmless = matches!(inside, Some(Inside::Entries))
            || include
                .arg(0)
                .is_some_and(|word| include::is_harmless(&word.value()));
        self.reading.model.missing.push(include.head());
        if !harmless {
            let scope = self.blocks.iter().rev().find_map(|block| block.scope);
            let model = &mut self.reading.model;
            model.complete = false;
            model.incomplete.extend(scope);
        }
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
            let inside = self.blocks.last().map(|block| block.inside);
            let harmless = matches!(inside, Some(Inside::Entries));
            let finding = syntax::finding(error, self.texts.sources(), harmless);
            self.reading.say(finding);
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
        let Some(&Block {
            inside,
            base,
            scope,
            ..
        }) = self.blocks.last()
        else {
            return;
        };
        let mut within = Inside::Nothing;
        let mut known = None;
        match inside {
            Inside::Nothing => {}
            // What nginx cannot read is a finding already.
            _ if directive.has_long_word() => {}
            Inside::Entries => entries::read(&mut self.reading, directive),
            // nginx never acts on what is not ended.
            Inside::Directives(_) if directive.terminator() == Terminator::Missing => {}
            Inside::Directives(context) => {
                let checked = directive::check(
                    directive,
                    context,
                    &mut self.lookup,
                    &self.options.modules,
                    &mut self.seen,
                    base,
                    self.reading.sink(),
                );
                if checked.is_none() {
                    self.reading.state.has_unknown_directives = true;
                }
                if let Some(Checked { row, state }) = checked {
                    let scope = scope.unwrap_or(ScopeId::MAIN);
                    let statement = Statement {
                        row,
                        directive,
                        scope,
                    };
                    if context == Context::Main {
                        self.main(statement);
                    }
                    within = opened(row, context);
                    known = Some((statement, state == State::Sound));
                    let block = directive.terminator() == Terminator::Block;
                    if state != State::Refused && !block {
                        self.reading.model.add(statement);
                    }
                    if state == State::Sound
                        && !block
                        && let Some(setter) = self.lookup.functions(row).setter
                    {
                        setter(&mut self.reading, statement);
                    }
                }
            }
        }
        if directive.terminator() == Terminator::Block {
            self.open(directive, within, known);
        }
    }

    /// Goes into a block. Its own directive is read inside: the functions of nginx that
    /// read it make the new configuration first.
    fn open(
        &mut self,
        directive: Directive<'m>,
        inside: Inside,
        known: Option<(Statement<'m>, bool)>,
    ) {
        let mut inside = inside;
        let most = self.texts.limits().block_depth;
        // What holds the main file's directives is no block.
        if self.blocks.len() == most + 1 && inside != Inside::Nothing {
            inside = Inside::Nothing;
            self.reading.say(
                Finding::error(
                    "input-limit",
                    directive.head(),
                    format!("blocks deeper than the limit of {most} are not looked into"),
                )
                .help("Use fewer blocks inside each other"),
            );
        }
        let mut scope = None;
        let mut closing = None;
        if let Some((statement, sound)) = known
            && inside != Inside::Nothing
        {
            if let Inside::Directives(context) = inside {
                let id = self.reading.model.open(context, statement);
                self.reading.opened = id;
                scope = Some(id);
            } else {
                self.reading.model.tables.push(statement);
            }
            if inside == Inside::Entries {
                self.reading.state.entries = Entries::of(statement);
            }
            let Functions { setter, closer } = self.lookup.functions(statement.row);
            if sound && let Some(setter) = setter {
                setter(&mut self.reading, statement);
            }
            closing = closer.map(|closer| (closer, statement));
        }
        self.blocks.push(Block {
            inside,
            base: self.seen.len(),
            scope,
            closing,
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
            // Where `}` is missing, nginx never comes to the end of the block.
            let close = directive.block().and_then(|block| block.close());
            self.errors_before(close.map_or(u32::MAX, |close| close.start));
        }
        if let Some(block) = self.blocks.pop() {
            self.seen.truncate(block.base);
            if let Some(scope) = block.scope {
                self.reading.model.seal(scope);
            }
            if let Some((closer, statement)) = block.closing {
                closer(&mut self.reading, statement);
            }
        }
    }

    /// What only the outermost level has.
    fn main(&mut self, statement: Statement<'m>) {
        let directive = statement.directive;
        match statement.name() {
            "events" => {
                self.reading.state.events.block.get_or_insert(statement);
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
                self.reading.say(finding);
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
        Body::Entries => Inside::Entries,
        Body::Lua | Body::Semicolon => Inside::Nothing,
    }
}
