//! The model: what nginx holds in memory when it has read a configuration.

use super::everywhere::Everywhere;
use super::http::Http;
use super::mail::Mail;
use super::scope::{Mark, Scope, ScopeId, Statement};
use super::stream::Stream;
use super::zones::Zones;
use crate::directives::Context;
use crate::source::{FileId, Span};
use crate::version::Target;
use std::cell::OnceCell;

/// A configuration as nginx understands it, for one target.
///
/// Filled while the configuration is read (`crate::verdict`), and asked by every later
/// stage. What is wrong with the configuration does not stop it: a directive that nginx
/// refuses is there as far as it can be understood.
#[derive(Debug, Clone)]
pub struct Model<'m> {
    /// The nginx that reads.
    pub target: Target,
    /// Whether all of the configuration is at hand: it begins with the main file, and no
    /// included file is missing. Otherwise what seems not to be defined may be.
    pub complete: bool,
    /// Its files, each once.
    pub files: Vec<FileId>,
    /// The `include` directives of which a file is missing, from name to argument.
    pub missing: Vec<Span>,
    /// The `include` directives whose pattern no file matches, from name to argument.
    pub empty_includes: Vec<Span>,
    /// Whether it begins with the main file.
    pub whole: bool,
    /// The blocks in which an included file is not at hand, other than those of nginx's own
    /// files.
    pub incomplete: Vec<ScopeId>,
    /// Its blocks, in reading order; the first is the outermost level.
    pub scopes: Vec<Scope<'m>>,
    /// The directives whose blocks have entries instead of directives, such as `map`, in
    /// reading order.
    pub tables: Vec<Statement<'m>>,
    /// `http`.
    pub http: Http<'m>,
    /// `stream`.
    pub stream: Stream<'m>,
    /// `mail`.
    pub mail: Mail<'m>,
    /// Shared memory.
    pub zones: Zones<'m>,
    pub(super) everywhere: OnceCell<Everywhere>,
}

impl<'m> Model<'m> {
    /// One that is still empty, of a text that stands in a block of a kind.
    pub(crate) fn new(target: Target, whole: bool, context: Context) -> Self {
        let mut model = Self {
            target,
            complete: whole,
            files: Vec::new(),
            missing: Vec::new(),
            empty_includes: Vec::new(),
            whole,
            incomplete: Vec::new(),
            tables: Vec::new(),
            scopes: vec![Scope::new(ScopeId::MAIN, context, None, None)],
            http: Http::default(),
            stream: Stream::default(),
            mail: Mail::default(),
            zones: Zones::default(),
            everywhere: OnceCell::new(),
        };
        match context {
            Context::Main | Context::Events | Context::Mail | Context::MailServer => {}
            Context::Stream | Context::StreamServer | Context::StreamUpstream => {
                model.stream.scope = Some(ScopeId::MAIN);
            }
            _ => model.http.scope = Some(ScopeId::MAIN),
        }
        model
    }

    /// Adds a directive without a block to the one that it stands in.
    pub(crate) fn add(&mut self, statement: Statement<'m>) {
        self.scopes[statement.scope.index()].add(statement);
    }

    /// Opens a block.
    pub(crate) fn open(&mut self, context: Context, opener: Statement<'m>) -> ScopeId {
        let id = ScopeId(u32::try_from(self.scopes.len()).unwrap_or(u32::MAX));
        let around = &mut self.scopes[opener.scope.index()];
        let before = around.statements().len() as u32;
        around.blocks.push((before, id));
        self.scopes
            .push(Scope::new(id, context, Some(opener.scope), Some(opener)));
        id
    }

    /// Ends a block.
    pub(crate) fn seal(&mut self, id: ScopeId) {
        self.scopes[id.index()].seal();
    }

    /// Whether everything is at hand that stands in blocks of some kinds: what they do not
    /// define is not defined.
    #[must_use]
    pub fn has_all_of(&self, contexts: &[Context]) -> bool {
        let missing = |scope: &ScopeId| contexts.contains(&self.scope(*scope).context);
        self.whole && !self.incomplete.iter().any(missing)
    }

    /// Whether everything is at hand that stands in a block and those around it.
    #[must_use]
    pub fn has_all_around(&self, id: ScopeId) -> bool {
        self.whole && !self.outwards(id).any(|id| self.incomplete.contains(&id))
    }

    /// A block.
    ///
    /// # Panics
    /// If the id is of another model.
    #[must_use]
    #[inline]
    pub fn scope(&self, id: ScopeId) -> &Scope<'m> {
        &self.scopes[id.index()]
    }

    /// Every directive, openers of blocks included; each block at once, in reading order.
    pub fn statements(&self) -> impl Iterator<Item = Statement<'m>> {
        let blocks = self.scopes.iter();
        let directives =
            blocks.flat_map(|scope| scope.opener.into_iter().chain(scope.statements()));
        directives.chain(self.tables.iter().copied())
    }

    /// A block and those around it, from inside to outside.
    pub fn outwards(&self, id: ScopeId) -> impl Iterator<Item = ScopeId> {
        std::iter::successors(Some(id), |id| self.scope(*id).parent)
    }

    /// The last block that stands in a block, at whatever depth; the block itself where none does.
    #[must_use]
    pub fn last_within(&self, id: ScopeId) -> ScopeId {
        let last_in = |id: &ScopeId| self.scope(*id).blocks.last().map(|(_, last)| *last);
        std::iter::successors(Some(id), last_in)
            .last()
            .unwrap_or(id)
    }

    /// A block and all blocks in it, in reading order.
    pub fn within(&self, id: ScopeId) -> impl Iterator<Item = ScopeId> + use<> {
        (id.0..=self.last_within(id).0).map(ScopeId)
    }

    /// The directives of a name that count in a block: its own, else those of the nearest
    /// block around it that has any. That is how nginx inherits everything that it does not
    /// merge value by value (`add_header`, `proxy_set_header`, `access_log`, …).
    pub fn effective(&self, id: ScopeId, name: &str) -> Vec<Statement<'m>> {
        let found = self.nearest(id, name);
        found.map_or_else(Vec::new, |block| block.named(name).collect())
    }

    /// A block, or the nearest one around it, that has a directive of a name.
    fn nearest(&self, id: ScopeId, name: &str) -> Option<&Scope<'m>> {
        let mark = Mark::of(name);
        let mut at = Some(id);
        while let Some(id) = at {
            let block = self.scope(id);
            if block.may_have(mark) && block.first_of(name).is_some() {
                return Some(block);
            }
            at = block.parent;
        }
        None
    }

    /// The last directive of a name that counts in a block, for directives with one value.
    #[must_use]
    pub fn value(&self, id: ScopeId, name: &str) -> Option<Statement<'m>> {
        self.nearest(id, name)?.last(name)
    }
}
