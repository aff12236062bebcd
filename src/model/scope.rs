//! Blocks, and what is set in them.

use crate::directives::{Context, DirectiveInfo};
use crate::source::Span;
use crate::syntax::{Directive, Word};

/// Names a block of one [`super::Model`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeId(pub(crate) u32);

impl ScopeId {
    /// The outermost level.
    pub const MAIN: Self = Self(0);

    /// Its place among the blocks, which come in reading order.
    #[must_use]
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
    pub fn name(&self) -> &'static str {
        self.row.name
    }

    /// An argument, counted from 0.
    #[must_use]
    pub fn arg(&self, index: usize) -> Option<Word<'m>> {
        self.directive.arg(index)
    }

    /// Its arguments.
    #[must_use]
    pub fn args(&self) -> crate::syntax::Words<'m> {
        self.directive.args()
    }

    /// From its name to its last argument.
    #[must_use]
    pub fn head(&self) -> Span {
        self.directive.head()
    }

    /// Its `;` or `{`, whose line nginx prints.
    #[must_use]
    pub fn end(&self) -> Span {
        self.directive.end()
    }
}

/// A block of directives.
#[derive(Debug, Clone)]
pub struct Scope<'m> {
    /// What kind of block it is.
    pub context: Context,
    /// The block around it; `None` for the outermost level.
    pub parent: Option<ScopeId>,
    /// The directive that opens it; `None` for the outermost level.
    pub opener: Option<Statement<'m>>,
    /// Its directives in reading order, those without a block only. Included files count as
    /// written here.
    pub statements: Vec<Statement<'m>>,
    /// The blocks directly in it, each with how many of `statements` come before it.
    pub blocks: Vec<(u32, ScopeId)>,
    /// Indexes into `statements`, ordered by name; filled when the block ends.
    by_name: Vec<u32>,
    /// The [`mark`]s of its names. Most questions are about what a block has not.
    marks: u64,
}

/// One bit for a name; several names share it.
fn mark(name: &str) -> u64 {
    let name = name.as_bytes();
    let (first, last) = (name.first(), name.last());
    let letters = first.zip(last).map_or(0, |(first, last)| {
        usize::from(*first) * 7 + usize::from(*last) * 3
    });
    1 << ((letters + name.len() * 5) % 64)
}

impl<'m> Scope<'m> {
    pub(crate) fn new(
        context: Context,
        parent: Option<ScopeId>,
        opener: Option<Statement<'m>>,
    ) -> Self {
        Self {
            context,
            parent,
            opener,
            statements: Vec::new(),
            blocks: Vec::new(),
            by_name: Vec::new(),
            marks: 0,
        }
    }

    /// Ends the block: from now on its directives are found by name.
    pub(crate) fn seal(&mut self) {
        self.statements.shrink_to_fit();
        self.by_name = (0..self.statements.len() as u32).collect();
        let name = |index: &u32| self.statements[*index as usize].row.name;
        self.by_name.sort_by_key(name);
        self.marks = { self.by_name.iter() }.fold(0, |marks, index| marks | mark(name(index)));
    }

    /// The directives of a name, in reading order. Only a block that is read to its end has
    /// any.
    pub fn named<'s>(&'s self, name: &str) -> impl ExactSizeIterator<Item = Statement<'m>> + 's {
        let name_of = |index: &u32| self.statements[*index as usize].row.name;
        let of_name = if self.marks & mark(name) == 0 {
            &[]
        } else {
            let start = self.by_name.partition_point(|index| name_of(index) < name);
            let behind = &self.by_name[start..];
            let count = { behind.iter() }.take_while(|index| name_of(index) == name);
            &behind[..count.count()]
        };
        of_name.iter().map(|index| self.statements[*index as usize])
    }

    /// The first directive of a name.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<Statement<'m>> {
        self.named(name).next()
    }
}
