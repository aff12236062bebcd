//! Which rules speak.

use super::meta::{Group, Meta};
use super::{find, nearest};
use std::fmt;
use std::str::FromStr;

/// A rule's id or the name of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selector {
    /// Every rule.
    All,
    /// All rules of a group.
    Group(Group),
    /// One rule.
    Rule(&'static Meta),
}

/// A name that is neither a rule nor a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRule(pub String);

impl fmt::Display for UnknownRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no rule or group `{}`", self.0)?;
        match nearest(&self.0) {
            Some(known) => write!(f, ": did you mean `{known}`?"),
            None => write!(f, ": `djanginx rules` lists them"),
        }
    }
}

impl std::error::Error for UnknownRule {}

impl FromStr for Selector {
    type Err = UnknownRule;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" {
            return Ok(Self::All);
        }
        if let Some(group) = Group::ALL.into_iter().find(|group| group.name() == text) {
            return Ok(Self::Group(group));
        }
        find(text)
            .map(Self::Rule)
            .ok_or_else(|| UnknownRule(text.to_owned()))
    }
}

impl Selector {
    /// Whether it stands for a rule, also where that only repeats what nginx says: all such
    /// findings are of the group `nginx` as well, whatever the group of their rule.
    #[must_use]
    pub fn takes(self, meta: &Meta, of_nginx: bool) -> bool {
        match self {
            Self::All => true,
            Self::Group(Group::Nginx) if of_nginx => true,
            Self::Group(group) => meta.group == group,
            Self::Rule(rule) => rule.id == meta.id,
        }
    }

    fn names(self, meta: &Meta) -> bool {
        matches!(self, Self::Rule(rule) if rule.id == meta.id)
    }
}

/// Which rules speak: without `select` all that are on by default, style excepted.
///
/// A rule named by its id goes before its group; then `ignore` goes before `select`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these; `None` for the default.
    pub select: Option<Vec<Selector>>,
    /// These in addition.
    pub extend: Vec<Selector>,
    /// Not these.
    pub ignore: Vec<Selector>,
}

impl Selection {
    /// Whether a rule speaks of what nginx accepts.
    #[must_use]
    pub fn has(&self, meta: &Meta) -> bool {
        self.chooses(meta, false)
    }

    /// Whether a rule repeats what nginx says.
    #[must_use]
    pub fn has_verdict(&self, meta: &Meta) -> bool {
        self.chooses(meta, true)
    }

    fn chooses(&self, meta: &Meta, of_nginx: bool) -> bool {
        let chosen = || self.select.iter().flatten().chain(&self.extend);
        if self.ignore.iter().any(|selector| selector.names(meta)) {
            return false;
        }
        if chosen().any(|selector| selector.names(meta)) {
            return true;
        }
        if self
            .ignore
            .iter()
            .any(|selector| selector.takes(meta, of_nginx))
        {
            return false;
        }
        let style = |selector: &Selector| matches!(selector, Selector::Group(Group::Style));
        let by_default = meta.default && meta.group != Group::Style;
        match &self.select {
            None => {
                by_default
                    || self
                        .extend
                        .iter()
                        .any(|selector| selector.takes(meta, of_nginx))
            }
            Some(_) => chosen().any(|selector| {
                selector.takes(meta, of_nginx)
                    && (meta.default || style(selector) || *selector == Selector::All)
            }),
        }
    }
}
