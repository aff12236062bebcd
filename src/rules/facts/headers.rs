//! Directives that come in lists, of which a block inherits all or none.

use super::Pass;
use crate::finding::{Finding, Severity};
use crate::model::{Model, ScopeId, Statement};
use crate::rules::places::inherited;
use std::collections::HashMap;

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

/// Places that hand requests on without a header, and that one line would give it to.
#[derive(Debug)]
pub struct Lack<'p, 'm> {
    /// The first of them.
    pub first: &'p Pass<'m>,
    others: Vec<&'p Pass<'m>>,
    /// Where to write the line, as in "in this block".
    pub place: String,
}

impl<'m> Lack<'_, 'm> {
    /// Shows the other places in a finding about the first.
    #[must_use]
    pub fn shown_in(&self, mut finding: Finding) -> Finding {
        for other in self.others.iter().take(4) {
            finding = finding.related(other.statement.head(), "lacks it as well");
        }
        finding
    }
}

/// Puts together places without a header whose headers stand in one block, or that have none and
/// are in one server. A line in another block would end what is set there.
#[must_use]
pub fn lacks<'p, 'm>(
    model: &Model<'m>,
    passes: impl IntoIterator<Item = &'p Pass<'m>>,
) -> Vec<Lack<'p, 'm>> {
    let mut found: Vec<Lack<'p, 'm>> = Vec::new();
    let mut by_home: HashMap<ScopeId, usize> = HashMap::new();
    for pass in passes {
        let scope = pass.statement.scope;
        let set = inherited(model, scope, "proxy_set_header").list;
        let block = set.last().map(|statement| statement.scope);
        let home = block.or(pass.server).unwrap_or(scope);
        let opener = model
            .scope(home)
            .opener
            .map_or("http", |opener| opener.name());
        if let Some(index) = by_home.get(&home) {
            found[*index].others.push(pass);
            if home != scope {
                found[*index].place = format!("in `{opener}`");
            }
            continue;
        }
        by_home.insert(home, found.len());
        let place = match block {
            Some(block) if block != scope => format!("beside the other headers in `{opener}`"),
            _ => "in this block".to_owned(),
        };
        found.push(Lack {
            first: pass,
            others: Vec::new(),
            place,
        });
    }
    found
}

/// As [`lacks`], each severity for itself and the gravest first: what is milder somewhere takes
/// nothing from what is not.
#[must_use]
pub fn lacks_by_severity<'p, 'm>(
    model: &Model<'m>,
    passes: impl IntoIterator<Item = (Severity, &'p Pass<'m>)>,
) -> Vec<(Severity, Lack<'p, 'm>)> {
    let mut without: [Vec<&Pass<'m>>; 3] = Default::default();
    for (severity, pass) in passes {
        without[severity as usize].push(pass);
    }
    let found = [Severity::Error, Severity::Warning, Severity::Info].map(|severity| {
        let alike = std::mem::take(&mut without[severity as usize]);
        let alike = lacks(model, alike).into_iter();
        alike.map(move |lack| (severity, lack))
    });
    found.into_iter().flatten().collect()
}
