//! The look-up of directives, remembered: a configuration has few names and many lines.

use super::reading::Setter;
use super::setters;
use crate::directives::{self, Context, DirectiveInfo, Found, Modules, RowId};
use crate::version::Target;

const SLOTS: usize = 1024;

/// What a directive does.
#[derive(Clone, Copy)]
pub(super) struct Functions {
    /// When it is read; for one with a block, when that has been opened.
    pub(super) setter: Option<Setter>,
    /// When its block ends.
    pub(super) closer: Option<Setter>,
}

pub(super) struct Lookup<'o> {
    target: Target,
    modules: &'o Modules,
    remembered: Vec<Option<(Context, &'static DirectiveInfo)>>,
    /// By the place of the row; `None` where none was asked for.
    functions: Vec<Option<Functions>>,
}

impl<'o> Lookup<'o> {
    pub(super) fn new(target: Target, modules: &'o Modules) -> Self {
        Self {
            target,
            modules,
            remembered: vec![None; SLOTS],
            functions: vec![None; directives::all().len()],
        }
    }

    /// As [`directives::find`].
    pub(super) fn find(&mut self, name: &[u8], context: Context) -> Found {
        let slot = &mut self.remembered[slot(name, context)];
        if let Some((known, row)) = slot
            && *known == context
            && row.name.as_bytes() == name
        {
            return Found::Here(row);
        }
        let found = directives::find(name, context, self.target, self.modules);
        if let Found::Here(row) = found {
            *slot = Some((context, row));
        }
        found
    }

    /// What reads a directive, and what ends its block.
    pub(super) fn functions(&mut self, row: &'static DirectiveInfo) -> Functions {
        *self.functions[RowId::of(row).index()].get_or_insert_with(|| Functions {
            setter: setters::setter(row),
            closer: setters::closer(row),
        })
    }

    /// The variants of a directive that the target has, wherever they may stand.
    pub(super) fn variants(&self, name: &[u8]) -> impl Iterator<Item = &'static DirectiveInfo> {
        directives::for_target(name, self.target).filter(|row| self.modules.have(row))
    }

    pub(super) fn has(&self, row: &DirectiveInfo) -> bool {
        row.holds_in(self.target) && self.modules.have(row)
    }

    pub(super) fn target(&self) -> Target {
        self.target
    }
}

/// Where a name is remembered. Names differ in their first and last bytes and their length.
fn slot(name: &[u8], context: Context) -> usize {
    let start = name
        .first_chunk()
        .map_or(0, |start| u32::from_le_bytes(*start));
    let end = name.last_chunk().map_or(0, |end| u64::from_le_bytes(*end));
    let first = name.first().copied().map_or(0, usize::from);
    let last = name.last().copied().map_or(0, usize::from);
    let short = first << 16 | last << 8 | name.len();
    let mixed = (end ^ u64::from(start).rotate_left(17) ^ short as u64)
        .wrapping_add(context as u64)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 40) as usize % SLOTS
}
