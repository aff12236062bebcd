//! Where a value was written: in the thing itself, or in `defaults`.

use crate::source::Span;
use crate::topology::document::{Document, Step};

/// Mappings that `defaults` complete key by key; everything else is taken as a whole.
const MERGED: &[&str] = &["failover", "headers", "timeouts", "tls"];

/// A pool, site, route or stream, or `defaults`, in the document.
pub(super) struct Scope<'a> {
    document: &'a Document,
    way: Vec<Step<'a>>,
    shares: bool,
}

impl<'a> Scope<'a> {
    /// A thing that says everything itself.
    pub(super) fn new(document: &'a Document, way: &[Step<'a>]) -> Self {
        Self {
            document,
            way: way.to_vec(),
            shares: false,
        }
    }

    /// A thing that takes from `defaults` what it does not say itself.
    pub(super) fn sharing(document: &'a Document, way: &[Step<'a>]) -> Self {
        Self {
            document,
            way: way.to_vec(),
            shares: true,
        }
    }

    /// The place of a value below it.
    pub(super) fn at<'s>(&'s self, keys: &'s [Step<'s>]) -> Place<'s> {
        Place { scope: self, keys }
    }

    /// The place of its own name.
    pub(super) fn name(&self) -> Span {
        self.document.key_at(&self.way)
    }

    /// Whether a value is written in the thing itself.
    pub(super) fn says(&self, keys: &[Step<'_>]) -> bool {
        self.document.has(&self.own(keys))
    }

    /// Where the protocol of a pool is decided: by `protocol`, by `server`, or by neither.
    pub(super) fn protocol(&self) -> Span {
        let decided = [Step::Key("protocol"), Step::Key("server")]
            .into_iter()
            .find(|&key| self.document.has(&self.resolve(&[key])));
        match decided {
            Some(key) => self.at(&[key]).span(),
            None => self.name(),
        }
    }

    fn own<'s>(&'s self, keys: &[Step<'s>]) -> Vec<Step<'s>> {
        [&self.way[..], keys].concat()
    }

    /// The way to a value: the own one, unless it came from `defaults`.
    fn resolve<'s>(&'s self, keys: &[Step<'s>]) -> Vec<Step<'s>> {
        let own = self.own(keys);
        let Some(Step::Key(first)) = keys.first().filter(|_| self.shares) else {
            return own;
        };
        if self.document.has(&own) {
            return own;
        }
        let shared = [&[Step::Key("defaults")], keys].concat();
        let comes_from_defaults = if self.says(&keys[..1]) {
            MERGED.contains(first) && self.document.has(&shared)
        } else {
            self.document.has(&shared[..2])
        };
        if comes_from_defaults { shared } else { own }
    }
}

/// The place of one value; looked up only when something is to be said about it.
#[derive(Clone, Copy)]
pub(super) struct Place<'s> {
    scope: &'s Scope<'s>,
    keys: &'s [Step<'s>],
}

impl Place<'_> {
    /// The value.
    ///
    /// Without keys it is the name of the thing itself, which is a key of the mapping around.
    pub(super) fn span(&self) -> Span {
        if self.keys.is_empty() {
            return self.scope.name();
        }
        self.scope.document.at(&self.scope.resolve(self.keys))
    }

    /// Its key.
    pub(super) fn key(&self) -> Span {
        self.scope.document.key_at(&self.scope.resolve(self.keys))
    }

    /// Its name for a message: the last key on the way.
    pub(super) fn name(&self) -> &str {
        let is_key = |step: &Step<'_>| matches!(step, Step::Key(_));
        match self
            .keys
            .iter()
            .rev()
            .chain(self.scope.way.iter().rev())
            .find(|step| is_key(step))
        {
            Some(Step::Key(key)) => key,
            _ => "value",
        }
    }
}
