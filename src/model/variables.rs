//! Variables: who defines them and where they are used.

use crate::source::Span;
use crate::values::small;
use foldhash::HashMap;

/// What defines a variable beside nginx's modules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provenance {
    /// `set`.
    Set,
    /// `map`.
    Map,
    /// `geo`.
    Geo,
    /// `split_clients`.
    SplitClients,
    /// A named group of a regular expression.
    Capture,
    /// Another directive whose argument names it, such as `auth_request_set`.
    Directive,
}

/// A place that defines a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition {
    /// What does.
    pub by: Provenance,
    /// Where its name is.
    pub span: Span,
}

/// A variable that a configuration names.
#[derive(Debug, Clone)]
pub struct Variable {
    /// Its name in small letters, without `$`.
    pub name: Vec<u8>,
    /// Where it is defined; empty for those of modules, and for unknown ones.
    pub definitions: Vec<Definition>,
    /// Where it is first used.
    pub used: Option<Span>,
}

/// The variables of `http` or of `stream`, in the order in which they are first named.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    all: Vec<Variable>,
    by_name: HashMap<Vec<u8>, usize>,
    /// Indexes of those used, in the order of first use (nginx's index of variables).
    used: Vec<usize>,
}

impl Variables {
    /// Every variable that is named.
    #[must_use]
    pub fn all(&self) -> &[Variable] {
        &self.all
    }

    /// A variable, by its name in any letters.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<&Variable> {
        let index = self.by_name.get(&*small(name))?;
        Some(&self.all[*index])
    }

    /// Those that are used, in the order of first use.
    pub fn used(&self) -> impl Iterator<Item = &Variable> {
        self.used.iter().map(|index| &self.all[*index])
    }

    fn entry(&mut self, name: &[u8]) -> usize {
        let small = small(name);
        if let Some(index) = self.by_name.get(&*small) {
            return *index;
        }
        let small = small.into_owned();
        let index = self.all.len();
        self.by_name.insert(small.clone(), index);
        self.all.push(Variable {
            name: small,
            definitions: Vec::new(),
            used: None,
        });
        index
    }

    pub(crate) fn add_use(&mut self, name: &[u8], span: Span) {
        let index = self.entry(name);
        let variable = &mut self.all[index];
        if variable.used.is_none() {
            variable.used = Some(span);
            self.used.push(index);
        }
    }

    pub(crate) fn define(&mut self, name: &[u8], by: Provenance, span: Span) {
        let index = self.entry(name);
        self.all[index].definitions.push(Definition { by, span });
    }
}
