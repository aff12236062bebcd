//! What people decided after reading the sources.

use super::data::{Repeat, Row, read};
use super::version::Version;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// `schemas/directives/review.yaml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Review {
    /// What each setter of a module's own does on a second occurrence.
    #[serde(default)]
    setters: BTreeMap<String, Repeat>,
    /// The names of modules, where the C variable is called otherwise.
    #[serde(default)]
    modules: BTreeMap<String, String>,
    /// Directives of nginx Plus whose documentation says too little.
    #[serde(default)]
    plus: BTreeMap<String, Correction>,
    /// Directives of third-party modules that their newest source does not have any
    /// more, by module.
    #[serde(default)]
    pub(super) former: BTreeMap<String, BTreeMap<String, Vec<Row>>>,
}

/// What takes the place of what the documentation says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Correction {
    #[serde(rename = "in")]
    contexts: Option<Vec<String>>,
    #[serde(rename = "args")]
    arguments: Option<String>,
    since: Option<Version>,
}

impl Review {
    /// Reads it from the folder of the data.
    pub(super) fn load(folder: &Path) -> anyhow::Result<Self> {
        read(&folder.join("review.yaml"))
    }

    /// The setters that were decided about.
    #[cfg(test)]
    pub(super) fn setters(&self) -> impl Iterator<Item = &str> {
        self.setters.keys().map(String::as_str)
    }

    /// Puts the decision about a setter into its row.
    pub(super) fn apply(&self, row: &mut Row) {
        let decision = row.setter.as_ref().and_then(|s| self.setters.get(s));
        if let Some(decision) = decision {
            row.repeat = *decision;
        }
    }

    /// Corrects what the documentation says about a directive of nginx Plus.
    pub(super) fn correct(&self, name: &str, row: &mut Row) {
        let Some(correction) = self.plus.get(name) else {
            return;
        };
        if let Some(contexts) = &correction.contexts {
            row.contexts.clone_from(contexts);
        }
        if let Some(arguments) = &correction.arguments {
            row.arguments.clone_from(arguments);
        }
        row.since = correction.since.or(row.since);
    }

    /// The name of the module whose C variable is called `variable`.
    pub(super) fn module_name<'a>(&'a self, variable: &'a str) -> &'a str {
        self.modules.get(variable).map_or(variable, String::as_str)
    }
}
