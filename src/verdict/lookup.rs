//! The look-up of directives, remembered: a configuration has few names and many lines.

use super::reading::Setter;
use super::setters;
use crate::directives::{self, Context, DirectiveInfo, Found, Modules};
use crate::version::Target;
use std::collections::HashMap;

const SLOTS: usize = 1024;

pub(super) struct Lookup<'o> {
    target: Target,
    modules: &'o Modules,
    remembered: Vec<Option<(Context, &'static DirectiveInfo)>>,
    setters: HashMap<*const DirectiveInfo, Option<Setter>>,
}

impl<'o> Lookup<'o> {
    pub(super) fn new(target: Target, modules: &'o Modules) -> Self {
        Self {
            target,
            modules,
            remembered: vec![None; SLOTS],
            setters: HashMap::new(),
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

    /// What reads a directive.
    pub(super) fn setter(&mut self, row: &'static DirectiveInfo) -> Option<Setter> {
        *self
            .setters
            .entry(std::ptr::from_ref(row))
            .or_insert_with(|| setters::setter(row))
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

/// FNV-1a, which is short and good enough for names.
fn slot(name: &[u8], context: Context) -> usize {
    let start = 0xcbf2_9ce4_8422_2325 ^ context as u64;
    let hash = name.iter().fold(start, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    ((hash >> 20) ^ hash) as usize % SLOTS
}
