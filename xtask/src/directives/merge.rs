//! Puts what was read into the data.

use super::commands::{self, Command};
use super::data::{Data, ModuleData, Origin, Repeat, Row};
use super::history::{History, Ranged};
use super::review::Review;
use super::variables::{self, Variable};
use super::version::Version;
use super::{build, c, docs, flags, tree};
use anyhow::{Context as _, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What one release of nginx has.
pub(super) struct Release {
    pub(super) version: Version,
    pub(super) commands: Vec<Command>,
    pub(super) variables: Vec<Variable>,
    built: build::Built,
}

/// Reads a source tree of nginx.
pub(super) fn read_release(
    version: Version,
    root: &Path,
    review: &Review,
) -> anyhow::Result<Release> {
    let name = || root.display().to_string();
    let texts = tree::Texts::read(&root.join("src")).with_context(name)?;
    let environment = c::Environment {
        nginx_version: version.as_number(),
    };
    let tree = tree::Tree::new(&texts, environment);
    ensure!(
        tree.release() == Some(version),
        "{}: is not nginx {version}",
        name()
    );
    flags::check(&tree).with_context(name)?;
    let mut commands = commands::read(&tree).with_context(name)?;
    for command in &mut commands {
        review.apply(&mut command.row);
    }
    Ok(Release {
        version,
        variables: variables::read(&tree, &commands).with_context(name)?,
        commands,
        built: build::read(root).with_context(name)?,
    })
}

/// Histories by module and name.
type Histories<R> = BTreeMap<(String, String), History<R>>;

/// Puts releases in the place of what the data has of them. Setters that nobody has
/// judged yet are added to `unread`.
pub(super) fn releases(data: &mut Data, sources: Vec<Release>, unread: &mut BTreeSet<String>) {
    let mut directives = histories(data, |module| &module.directives);
    let mut variables = histories(data, |module| &module.variables);
    let mut releases: BTreeSet<Version> = data.releases.iter().copied().collect();
    for source in sources {
        let version = source.version;
        releases.insert(version);
        for history in directives.values_mut() {
            history.remove(version);
        }
        for history in variables.values_mut() {
            history.remove(version);
        }
        for command in source.commands {
            if command.row.repeat == Repeat::Unread {
                unread.extend(command.row.setter.clone());
            }
            update_module(data, &command.module, &source.built);
            let key = (command.module.name, command.name);
            directives.entry(key).or_default().add(version, command.row);
        }
        for variable in source.variables {
            update_module(data, &variable.module, &source.built);
            let key = (variable.module.name, variable.name);
            variables.entry(key).or_default().add(version, variable.row);
        }
    }
    data.releases = releases.into_iter().collect();
    join(data, directives, |module| &mut module.directives);
    join(data, variables, |module| &mut module.variables);
}

fn histories<R: Ranged>(
    data: &Data,
    rows: impl Fn(&ModuleData) -> &BTreeMap<String, Vec<R>>,
) -> Histories<R> {
    let mut histories = Histories::new();
    for ((origin, module), found) in &data.modules {
        if *origin == Origin::Nginx {
            for (name, rows) in rows(found) {
                let history = History::spread(rows, &data.releases);
                histories.insert((module.clone(), name.clone()), history);
            }
        }
    }
    histories
}

fn join<R: Ranged>(
    data: &mut Data,
    histories: Histories<R>,
    rows: impl Fn(&mut ModuleData) -> &mut BTreeMap<String, Vec<R>>,
) {
    for ((module, name), history) in histories {
        let joined = history.join(&data.releases);
        let module = data.modules.get_mut(&(Origin::Nginx, module));
        let rows = rows(module.expect("internal: there since its first row"));
        if joined.is_empty() {
            rows.remove(&name);
        } else {
            rows.insert(name, joined);
        }
    }
}

/// Takes over what a release says of a module.
fn update_module(data: &mut Data, module: &commands::Module, built: &build::Built) {
    let key = (Origin::Nginx, module.name.clone());
    let found = data.modules.entry(key).or_insert_with(|| ModuleData {
        module: module.name.clone(),
        ..ModuleData::default()
    });
    found.family = module.family.name().to_owned();
    found.platform = build::platform(&module.name).map(str::to_owned);
    // Modules that are gone keep what the last release said of them.
    if let Some(built) = built.get(&module.name) {
        found.built.clone_from(built);
    }
}

/// Puts a third-party project in the place of what the data has of it.
pub(super) fn project(
    data: &mut Data,
    project: &str,
    root: &Path,
    review: &Review,
) -> anyhow::Result<()> {
    let name = || root.display().to_string();
    let texts = tree::Texts::read(root).with_context(name)?;
    let newest = data.releases.last().copied();
    let environment = c::Environment {
        nginx_version: newest.map_or(i64::MAX, Version::as_number),
    };
    let tree = tree::Tree::new(&texts, environment);
    let commands = commands::read(&tree).with_context(name)?;
    ensure!(!commands.is_empty(), "{}: no directives", name());
    let variables = variables::read(&tree, &commands).with_context(name)?;

    let origin = Origin::ThirdParty(project.to_owned());
    data.modules
        .retain(|(of, _), module| *of != origin || module.by_hand);
    for mut command in commands {
        review.apply(&mut command.row);
        if command.row.repeat == Repeat::Unread {
            command.row.repeat = Repeat::Unknown;
        }
        let module = module_of(data, &origin, review, &command.module);
        add(&mut module.directives, command.name, command.row);
    }
    for variable in variables {
        let module = module_of(data, &origin, review, &variable.module);
        add(&mut module.variables, variable.name, variable.row);
    }
    for (name, directives) in &review.former {
        if let Some(module) = data.modules.get_mut(&(origin.clone(), name.clone())) {
            module.directives.extend(directives.clone());
        }
    }
    Ok(())
}

fn module_of<'d>(
    data: &'d mut Data,
    origin: &Origin,
    review: &Review,
    module: &commands::Module,
) -> &'d mut ModuleData {
    let name = review.module_name(&module.name).to_owned();
    let key = (origin.clone(), name.clone());
    data.modules.entry(key).or_insert_with(|| ModuleData {
        module: name,
        family: module.family.name().to_owned(),
        built: "third-party".to_owned(),
        ..ModuleData::default()
    })
}

fn add<R: Ord>(named: &mut BTreeMap<String, Vec<R>>, name: String, row: R) {
    let rows = named.entry(name).or_default();
    rows.push(row);
    rows.sort();
    rows.dedup();
}

/// Takes over what only nginx Plus has, and where each directive is documented.
pub(super) fn documentation(data: &mut Data, pages: &[docs::Page], review: &Review) {
    for module in data.modules.values_mut() {
        module.plus.clear();
        module.plus_variables.clear();
    }
    plus(data, pages, review);
    plus_values(data, pages);
    let index = docs::Index::new(pages);
    for ((origin, name), module) in data.modules.iter_mut().filter(|(_, m)| !m.by_hand) {
        locate(module, *origin == Origin::Nginx, name, &index);
    }
    data.modules.retain(|_, module| {
        !(module.directives.is_empty()
            && module.plus.is_empty()
            && module.variables.is_empty()
            && module.plus_variables.is_empty())
    });
}

/// Adds what only nginx Plus has.
fn plus(data: &mut Data, pages: &[docs::Page], review: &Review) {
    let first = data.releases.first().copied();
    let current = |until: Option<Version>| until.is_none() || until > first;
    for page in pages {
        let key = (Origin::Nginx, page.module.clone());
        let directives: BTreeMap<_, _> = page
            .directives
            .iter()
            .filter_map(|d| Some((d.name.clone(), d.plus.clone()?)))
            .filter(|(_, row)| current(row.until))
            .map(|(name, mut row)| {
                review.correct(&name, &mut row);
                (name, vec![row])
            })
            .collect();
        let variables: BTreeMap<_, _> = page
            .plus_variables
            .iter()
            .filter(|(_, row)| current(row.until))
            .map(|(name, row)| (name.clone(), vec![row.clone()]))
            .collect();
        if directives.is_empty() && variables.is_empty() {
            continue;
        }
        let module = data.modules.entry(key).or_insert_with(|| ModuleData {
            module: page.module.clone(),
            family: page.path.split_once('/').map_or("core", |p| p.0).to_owned(),
            built: "plus".to_owned(),
            ..ModuleData::default()
        });
        module.plus = directives;
        module.plus_variables = variables;
    }
}

/// Adds rows for directives that nginx Plus takes more values for.
fn plus_values(data: &mut Data, pages: &[docs::Page]) {
    for page in pages {
        for documented in &page.directives {
            let key = (Origin::Nginx, page.module.clone());
            let Some(module) = data.modules.get_mut(&key) else {
                continue;
            };
            let rows = module.directives.get(&documented.name);
            let Some(newest) = rows.and_then(|r| r.iter().find(|r| r.until.is_none())) else {
                continue;
            };
            let mut row = newest.clone();
            for (value, since) in &documented.plus_values {
                if !row.values.is_empty() && !row.values.contains(value) {
                    row.values.push(value.clone());
                    row.since = row.since.max(*since);
                }
            }
            if row.values.len() > newest.values.len() {
                module.plus.insert(documented.name.clone(), vec![row]);
            }
        }
    }
}

/// Notes which page tells about each directive of a module: the one that most are on, and
/// the exceptions.
fn locate(module: &mut ModuleData, is_nginx: bool, name: &str, index: &docs::Index<'_>) {
    let mut found: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for (directive, rows) in module.directives.iter().chain(&module.plus) {
        let contexts: Vec<_> = rows.iter().flat_map(|r: &Row| r.contexts.clone()).collect();
        // The pages of nginx tell about a third party's directives in their own place.
        let shared = || is_nginx.then(|| index.page_with(directive, &contexts))?;
        found.insert(directive, index.page_of(name, directive).or_else(shared));
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for page in found.values().flatten() {
        *counts.entry(page).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, n)| *n);
    let most = most.map(|(page, _)| page);
    let elsewhere = found
        .iter()
        .filter_map(|(name, page)| Some((*name, (*page)?)))
        .filter(|(_, page)| Some(*page) != most)
        .map(|(name, page)| (name.to_owned(), page.to_owned()))
        .collect();
    let undocumented = found
        .iter()
        .filter(|(_, page)| most.is_some() && page.is_none())
        .map(|(name, _)| (*name).to_owned())
        .collect();
    module.documentation = most.map(str::to_owned);
    module.documented_elsewhere = elsewhere;
    module.undocumented = undocumented;
}
