//! Blocks, and what is set in them.

use crate::directives::{Context, DirectiveInfo, RowId};
use crate::source::Span;
use crate::syntax::{Directive, DirectiveId, Tree, Word};

/// Names a block of one [`super::Model`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeId(pub(crate) u32);

impl ScopeId {
    /// The outermost level.
    pub const MAIN: Self = Self(0);

    /// Its place among the blocks, which come in reading order.
    #[must_use]
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A directive where it stands, with what it is.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'m> {
    /// What is known about it.
    pub row: &'static DirectiveInfo,
    /// Where it is written.
    pub directive: Directive<'m>,
    /// The block that it stands in.
    pub scope: ScopeId,
}

impl<'m> Statement<'m> {
    /// Its name.
    #[must_use]
    #[inline]
    pub fn name(&self) -> &'static str {
        self.row.name
    }

    /// An argument, counted from 0.
    #[must_use]
    #[inline]
    pub fn arg(&self, index: usize) -> Option<Word<'m>> {
        self.directive.arg(index)
    }

    /// Its arguments.
    #[must_use]
    #[inline]
    pub fn args(&self) -> crate::syntax::Words<'m> {
        self.directive.args()
    }

    /// From its name to its last argument.
    #[must_use]
    #[inline]
    pub fn head(&self) -> Span {
        self.directive.head()
    }

    /// Its `;` or `{`, whose line nginx prints.
    #[must_use]
    #[inline]
    pub fn end(&self) -> Span {
        self.directive.end()
    }
}

/// A [`Statement`] in half the bytes; its block is known.
#[derive(Debug, Clone, Copy)]
struct Entry<'m> {
    tree: &'m Tree,
    directive: DirectiveId,
    row: RowId,
}

/// A block of directives.
#[derive(Debug, Clone)]
pub struct Scope<'m> {
    /// Its place in the model.
    pub id: ScopeId,
    /// What kind of block it is.
    pub context: Context,
    /// The block around it; `None` for the outermost level.
    pub parent: Option<ScopeId>,
    /// The directive that opens it; `None` for the outermost level.
    pub opener: Option<Statement<'m>>,
    /// The blocks directly in it, each with how many of [`Self::statements`] come before it.
    pub blocks: Vec<(u32, ScopeId)>,
    entries: Vec<Entry<'m>>,
    /// Indexes into `entries`, ordered by name; filled when a block ends that has more than
    /// [`FEW`].
    by_name: Box<[u32]>,
    /// The [`Mark`]s of its names. Most questions are about what a block has not.
    marks: u128,
    /// Whether the block has ended.
    sealed: bool,
}

/// Most blocks have fewer directives.
const USUAL: usize = 8;

/// As many directives are looked through one by one.
const FEW: usize = 12;

/// One bit for a name; several names share it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark(u128);

impl Mark {
    #[inline]
    pub(super) fn of(name: &str) -> Self {
        let name = name.as_bytes();
        let (first, last) = (name.first(), name.last());
        let letters = first.zip(last).map_or(0, |(first, last)| {
            usize::from(*first) * 7 + usize::from(*last) * 3
        });
        Self(1 << ((letters + name.len() * 5) % 128))
    }
}

impl<'m> Scope<'m> {
    pub(crate) fn new(
        id: ScopeId,
        context: Context,
        parent: Option<ScopeId>,
        opener: Option<Statement<'m>>,
    ) -> Self {
        Self {
            id,
            context,
            parent,
            opener,
            blocks: Vec::new(),
            entries: Vec::new(),
            by_name: Box::default(),
            marks: 0,
            sealed: false,
        }
    }

    pub(crate) fn add(&mut self, statement: Statement<'m>) {
        self.marks |= Mark::of(statement.row.name).0;
        if self.entries.is_empty() {
            self.entries.reserve_exact(USUAL);
        }
        self.entries.push(Entry {
            tree: statement.directive.tree(),
            directive: statement.directive.id(),
            row: RowId::of(statement.row),
        });
    }

    /// Ends the block: from now on its directives are found by name.
    pub(crate) fn seal(&mut self) {
        self.entries.shrink_to_fit();
        self.blocks.shrink_to_fit();
        self.sealed = true;
        let entries = &self.entries;
        if entries.len() > FEW {
            self.by_name = (0..entries.len() as u32).collect();
            // Rows are sorted by name, and one name may have several in a block.
            self.by_name
                .sort_by_key(|index| entries[*index as usize].row);
        }
    }

    #[inline]
    fn statement(&self, entry: &Entry<'m>) -> Statement<'m> {
        Statement {
            row: entry.row.row(),
            directive: entry.tree.directive(entry.directive),
            scope: self.id,
        }
    }

    /// The rows of its [`Self::statements`].
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = RowId> {
        self.entries.iter().map(|entry| entry.row)
    }

    /// One of its [`Self::statements`].
    pub(crate) fn at(&self, index: u32) -> Statement<'m> {
        self.statement(&self.entries[index as usize])
    }

    /// Its directives in reading order, those without a block only. Included files count as
    /// written here.
    pub fn statements(
        &self,
    ) -> impl ExactSizeIterator<Item = Statement<'m>> + DoubleEndedIterator + Clone {
        self.entries.iter().map(|entry| self.statement(entry))
    }

    /// Whether it may have directives of a name; where it may not, the answer comes at once.
    /// Only a block that is read to its end has any.
    #[inline]
    pub(super) fn may_have(&self, name: Mark) -> bool {
        self.marks & name.0 != 0 && self.sealed
    }

    /// The directives of a name, in reading order. Only a block that is read to its end has
    /// any.
    #[inline]
    pub fn named<'s>(
        &'s self,
        name: &'s str,
    ) -> impl DoubleEndedIterator<Item = Statement<'m>> + 's {
        let found = self.may_have(Mark::of(name)).then(|| self.look_up(name));
        found.into_iter().flatten()
    }

    fn look_up<'s>(&'s self, name: &'s str) -> impl DoubleEndedIterator<Item = Statement<'m>> + 's {
        let name_of = |index: &u32| self.entries[*index as usize].row.row().name;
        let (all, sorted): (&[Entry<'m>], &[u32]) = if self.by_name.is_empty() {
            (&self.entries, &[])
        } else {
            let start = self.by_name.partition_point(|index| name_of(index) < name);
            let behind = &self.by_name[start..];
            let count = { behind.iter() }.take_while(|index| name_of(index) == name);
            (&[], &behind[..count.count()])
        };
        let all = all.iter().filter(move |entry| entry.row.row().name == name);
        let sorted = sorted.iter().map(|index| &self.entries[*index as usize]);
        all.chain(sorted).map(|entry| self.statement(entry))
    }

    /// The first directive of a name.
    #[must_use]
    #[inline]
    pub fn first(&self, name: &str) -> Option<Statement<'m>> {
        if self.may_have(Mark::of(name)) {
            self.first_of(name)
        } else {
            None
        }
    }

    /// The last directive of a name.
    #[must_use]
    #[inline]
    pub fn last(&self, name: &str) -> Option<Statement<'m>> {
        if self.may_have(Mark::of(name)) {
            self.last_of(name)
        } else {
            None
        }
    }

    // Behind the test, so that only the test is repeated wherever somebody asks.
    #[inline(never)]
    pub(super) fn first_of(&self, name: &str) -> Option<Statement<'m>> {
        self.look_up(name).next()
    }

    #[inline(never)]
    fn last_of(&self, name: &str) -> Option<Statement<'m>> {
        self.look_up(name).next_back()
    }
}
