//! Directives that come in lists, of which a block inherits all or none.

use crate::model::{Model, ScopeId, Statement};

/// What a block no longer has because it has a list of its own.
#[derive(Debug, Clone)]
pub struct Dropped<'m> {
    /// The first directive of the list in the block.
    pub first: Statement<'m>,
    /// Those of the block around it that are lost.
    pub lost: Vec<Statement<'m>>,
}

/// The first argument of a directive in small letters: the name of a header.
#[must_use]
pub fn key(statement: &Statement<'_>) -> Vec<u8> {
    statement
        .arg(0)
        .map(|word| word.value().to_ascii_lowercase())
        .unwrap_or_default()
}

/// The directive that sets a header, of those that count in a block.
#[must_use]
pub fn sets_header<'m>(
    model: &Model<'m>,
    scope: ScopeId,
    directive: &str,
    header: &str,
) -> Option<Statement<'m>> {
    let mut all = model.effective(scope, directive).into_iter();
    all.find(|statement| key(statement) == header.as_bytes())
}

/// What a block loses of a list by its own; only what has no successor there counts.
#[must_use]
pub fn dropped<'m>(
    model: &Model<'m>,
    scope: ScopeId,
    name: &str,
    key: impl Fn(&Statement<'m>) -> Vec<u8>,
) -> Option<Dropped<'m>> {
    let own = model.scope(scope);
    let first = own.first(name)?;
    let mut lost = model.effective(own.parent?, name);
    if lost.is_empty() {
        return None;
    }
    let own: Vec<_> = own.named(name).map(|inner| key(&inner)).collect();
    lost.retain(|outer| !own.contains(&key(outer)));
    (!lost.is_empty()).then_some(Dropped { first, lost })
}

/// The names of what is lost, for a message: up to three of them.
#[must_use]
pub fn listed(lost: &[Statement<'_>]) -> String {
    let name = |statement: &Statement<'_>| {
        let word = statement.arg(0);
        word.map_or_else(String::new, |word| format!("`{}`", word.to_str()))
    };
    let names: Vec<_> = lost.iter().take(3).map(name).collect();
    match (names.as_slice(), lost.len()) {
        ([one], _) => one.clone(),
        ([one, two], _) => format!("{one} and {two}"),
        ([one, two, three], 3) => format!("{one}, {two} and {three}"),
        ([one, two, ..], more) => format!("{one}, {two} and {} more", more - 2),
        ([], _) => String::new(),
    }
}
