//! Where the directives of a name stand, in whatever block.

use super::configuration::Model;
use super::scope::{ScopeId, Statement};
use crate::directives::{self, DirectiveInfo, RowId};

/// Of every row of the table of directives the places where one stands, in reading order of the
/// blocks.
#[derive(Debug, Clone)]
pub(super) struct Everywhere {
    /// For each row where its places begin, and behind the last row where they end.
    starts: Vec<u32>,
    /// The block, and the place in it.
    places: Vec<(ScopeId, u32)>,
}

impl Everywhere {
    fn of(model: &Model<'_>) -> Self {
        let mut starts = vec![0; directives::all().len() + 1];
        let rows = || model.scopes.iter().flat_map(|scope| scope.rows());
        for row in rows() {
            starts[row.index() + 1] += 1;
        }
        for row in 1..starts.len() {
            starts[row] += starts[row - 1];
        }
        let mut next = starts.clone();
        let count = starts.last().copied().unwrap_or_default();
        let mut places = vec![(ScopeId::MAIN, 0); count as usize];
        for scope in &model.scopes {
            for (index, row) in (0..).zip(scope.rows()) {
                let next = &mut next[row.index()];
                places[*next as usize] = (scope.id, index);
                *next += 1;
            }
        }
        Self { starts, places }
    }

    fn places(&self, row: &'static DirectiveInfo) -> &[(ScopeId, u32)] {
        let row = RowId::of(row).index();
        &self.places[self.starts[row] as usize..self.starts[row + 1] as usize]
    }
}

impl<'m> Model<'m> {
    fn places_of(&self, names: &[&str]) -> impl Iterator<Item = &[(ScopeId, u32)]> {
        let everywhere = self.everywhere.get_or_init(|| Everywhere::of(self));
        let rows = { names.iter() }.flat_map(|name| directives::lookup(name.as_bytes()));
        rows.map(|row| everywhere.places(row))
    }

    /// The directives without a block of some names, in all blocks; each block at once, in
    /// reading order. Only of a configuration that is read to its end.
    pub fn everywhere(
        &self,
        names: &[&str],
    ) -> impl ExactSizeIterator<Item = Statement<'m>> + use<'_, 'm> {
        let mut places: Vec<_> = self.places_of(names).flatten().copied().collect();
        places.sort();
        let found = places.into_iter();
        found.map(|(scope, index)| self.scope(scope).at(index))
    }

    /// Whether a directive without a block has one of these names, in any block. Only of a
    /// configuration that is read to its end.
    #[must_use]
    pub fn has_any(&self, names: &[&str]) -> bool {
        self.places_of(names).any(|places| !places.is_empty())
    }
}
