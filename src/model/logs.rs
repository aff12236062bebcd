//! Log formats.

use super::scope::Statement;
use crate::source::Span;
use crate::syntax::Word;
use crate::values::small;
use foldhash::HashMap;

/// The formats of `http` or of `stream`, in reading order, without the built-in one.
#[derive(Debug, Clone, Default)]
pub struct LogFormats<'m> {
    /// All of them.
    pub all: Vec<LogFormat<'m>>,
    /// Each by its name in small letters, the first one where there are several.
    pub by_name: HashMap<Vec<u8>, usize>,
}

/// A `log_format`.
#[derive(Debug, Clone)]
pub struct LogFormat<'m> {
    /// Its name.
    pub name: Vec<u8>,
    /// How characters are written.
    pub escape: Escape,
    /// The texts that it is made of.
    pub texts: Vec<Word<'m>>,
    /// The directive.
    pub statement: Statement<'m>,
    /// Where its name is.
    pub span: Span,
}

/// How a log writes characters that could do harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Escape {
    /// `\x22` and the like.
    #[default]
    Default,
    /// As in JSON strings.
    Json,
    /// As they are.
    None,
}

impl<'m> LogFormats<'m> {
    /// A format by its name, in any letters.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<&LogFormat<'m>> {
        self.by_name
            .get(&*small(name))
            .map(|index| &self.all[*index])
    }
}
