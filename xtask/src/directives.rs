//! `cargo xtask directives`: rebuilds the data about nginx's directives in
//! `schemas/directives` from source trees and documentation, and the Rust table in
//! `src/directives/table.rs` from the data.

mod build;
mod c;
mod commands;
mod data;
mod docs;
mod flags;
mod history;
mod review;
mod table;
mod tree;
mod version;

use anyhow::{Context as _, bail, ensure};
use commands::Command;
use data::{Data, ModuleData, Origin, Repeat, Row};
use history::History;
use review::Review;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use version::Version;

/// The data, and the table made from it.
const DATA: &str = "schemas/directives";
const TABLE: &str = "src/directives/table.rs";

/// Rebuilds the data about nginx's directives, and the table made from it
///
/// Without options only the table is made. A release is read from a source tree of
/// nginx (`git archive release-1.28.3 auto src`), and takes the place of what the data
/// has of it; the other releases stay.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A release of nginx and its source tree
    #[arg(long, value_name = "VERSION=PATH")]
    source: Vec<String>,
    /// The documentation: the XML sources of nginx.org
    #[arg(long, value_name = "PATH")]
    docs: Option<PathBuf>,
    /// A third-party project and its source tree
    #[arg(long, value_name = "NAME=PATH")]
    module: Vec<String>,
}

/// Runs the command in the workspace at `root`.
pub(crate) fn run(args: &Args, root: &Path) -> anyhow::Result<()> {
    let folder = root.join(DATA);
    let review = Review::load(&folder)?;
    let mut data = Data::load(&folder)?;
    let mut unread = BTreeSet::new();
    if !args.source.is_empty() {
        let mut sources = Vec::new();
        for source in &args.source {
            let (version, path) = pair(source)?;
            sources.push(read_nginx(version.parse()?, Path::new(path), &review)?);
        }
        merge_nginx(&mut data, sources, &mut unread);
    }
    for project in &args.module {
        let (name, path) = pair(project)?;
        merge_project(&mut data, name, Path::new(path), &review)?;
    }
    if let Some(docs) = &args.docs {
        merge_docs(&mut data, &docs::read(docs)?, &review);
    }
    data.store(&folder)
        .with_context(|| folder.display().to_string())?;
    let table = root.join(TABLE);
    fs::write(&table, table::text(&data)?).with_context(|| table.display().to_string())?;
    if !unread.is_empty() {
        bail!(
            "read these setters and add them to schemas/directives/review.yaml: {}",
            unread.into_iter().collect::<Vec<_>>().join(" ")
        );
    }
    Ok(())
}

fn pair(text: &str) -> anyhow::Result<(&str, &str)> {
    text.split_once('=')
        .with_context(|| format!("`{text}` has no `=`"))
}

/// What one release has.
struct Release {
    version: Version,
    commands: Vec<Command>,
    built: build::Built,
}

fn read_nginx(version: Version, root: &Path, review: &Review) -> anyhow::Result<Release> {
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
    let built = build::read(root).with_context(name)?;
    Ok(Release {
        version,
        commands,
        built,
    })
}

/// Puts releases in the place of what the data has of them.
fn merge_nginx(data: &mut Data, sources: Vec<Release>, unread: &mut BTreeSet<String>) {
    let known = data.releases.clone();
    let mut histories: BTreeMap<(String, String), History> = BTreeMap::new();
    for ((origin, module), found) in &data.modules {
        if *origin != Origin::Nginx {
            continue;
        }
        for (name, rows) in &found.directives {
            let history = history::spread(rows, &known);
            histories.insert((module.clone(), name.clone()), history);
        }
    }
    let mut releases: BTreeSet<Version> = known.into_iter().collect();
    for source in sources {
        releases.insert(source.version);
        for history in histories.values_mut() {
            history.remove(&source.version);
        }
        for Command {
            module, name, row, ..
        } in source.commands
        {
            if row.repeat == Repeat::Unread {
                unread.extend(row.setter.clone());
            }
            let key = (Origin::Nginx, module.name.clone());
            let of_module = data.modules.entry(key).or_insert_with(|| ModuleData {
                module: module.name.clone(),
                ..ModuleData::default()
            });
            of_module.family = module.family.name().to_owned();
            of_module.platform = build::platform(&module.name).map(str::to_owned);
            // Modules that are gone keep what the last release said of them.
            if let Some(built) = source.built.get(&module.name) {
                of_module.built.clone_from(built);
            }
            let history = histories.entry((module.name, name)).or_default();
            history.entry(source.version).or_default().insert(row);
        }
    }
    data.releases = releases.into_iter().collect();
    for ((module, name), history) in histories {
        let rows = history::join(&history, &data.releases);
        let directives = data.modules.get_mut(&(Origin::Nginx, module));
        let directives = &mut directives.expect("internal: inserted above").directives;
        if rows.is_empty() {
            directives.remove(&name);
        } else {
            directives.insert(name, rows);
        }
    }
}

/// Puts a third-party project in the place of what the data has of it.
fn merge_project(
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
    let origin = Origin::ThirdParty(project.to_owned());
    let old: Vec<_> = data
        .modules
        .keys()
        .filter(|k| k.0 == origin)
        .cloned()
        .collect();
    for key in old {
        if !data.modules[&key].by_hand {
            data.modules.remove(&key);
        }
    }
    for mut command in commands {
        review.apply(&mut command.row);
        if command.row.repeat == Repeat::Unread {
            command.row.repeat = Repeat::Unknown;
        }
        let name = review.module_name(&command.module.name);
        let of_module = data
            .modules
            .entry((origin.clone(), name.to_owned()))
            .or_insert_with(|| ModuleData {
                module: name.to_owned(),
                family: command.module.family.name().to_owned(),
                built: "third-party".to_owned(),
                ..ModuleData::default()
            });
        let rows = of_module.directives.entry(command.name).or_default();
        rows.push(command.row);
        rows.sort();
        rows.dedup();
    }
    for (name, directives) in &review.former {
        if let Some(module) = data.modules.get_mut(&(origin.clone(), name.clone())) {
            module.directives.extend(directives.clone());
        }
    }
    Ok(())
}

/// Adds rows for directives that nginx Plus takes more values for.
fn merge_plus_values(data: &mut Data, pages: &[docs::Page]) {
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

/// Takes over what only nginx Plus has, and where each directive is documented.
fn merge_docs(data: &mut Data, pages: &[docs::Page], review: &Review) {
    let first = data.releases.first().copied();
    for module in data.modules.values_mut() {
        module.plus.clear();
    }
    for page in pages {
        for documented in &page.directives {
            let Some(row) = &documented.plus else {
                continue;
            };
            if row.until.is_some() && row.until <= first {
                continue;
            }
            let key = (Origin::Nginx, page.module.clone());
            let module = data.modules.entry(key).or_insert_with(|| ModuleData {
                module: page.module.clone(),
                family: page.path.split_once('/').map_or("core", |p| p.0).to_owned(),
                built: "plus".to_owned(),
                ..ModuleData::default()
            });
            let mut row = row.clone();
            review.correct(&documented.name, &mut row);
            module.plus.insert(documented.name.clone(), vec![row]);
        }
    }
    merge_plus_values(data, pages);
    let index = docs::Index::new(pages);
    for ((origin, name), module) in &mut data.modules {
        let mut found: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        for (directive, rows) in module.directives.iter().chain(&module.plus) {
            let contexts: Vec<_> = rows.iter().flat_map(|r: &Row| r.contexts.clone()).collect();
            // The pages of nginx tell about a third party's directives in their own place.
            let shared =
                || (*origin == Origin::Nginx).then(|| index.page_with(directive, &contexts))?;
            let page = index.page_of(name, directive).or_else(shared);
            found.insert(directive, page);
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for page in found.values().flatten() {
            *counts.entry(page).or_default() += 1;
        }
        let most = counts
            .into_iter()
            .max_by_key(|(_, n)| *n)
            .map(|(page, _)| page);
        module.documentation = most.map(str::to_owned);
        module.documented_elsewhere = found
            .iter()
            .filter_map(|(name, page)| Some((*name, (*page)?)))
            .filter(|(_, page)| Some(*page) != most)
            .map(|(name, page)| (name.to_owned(), page.to_owned()))
            .collect();
        module.undocumented = found
            .iter()
            .filter(|(_, page)| most.is_some() && page.is_none())
            .map(|(name, _)| (*name).to_owned())
            .collect();
    }
    data.modules
        .retain(|_, m| !m.directives.is_empty() || !m.plus.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    fn data() -> Data {
        Data::load(&root().join(DATA)).unwrap()
    }

    #[test]
    fn the_table_is_made_from_the_data() {
        let table = fs::read_to_string(root().join(TABLE)).unwrap();
        let same = table == table::text(&data()).unwrap();
        assert!(
            same,
            "{TABLE} is not what {DATA} says: run `cargo xtask directives`"
        );
    }

    #[test]
    fn the_data_is_written_as_the_task_writes_it() {
        for ((origin, name), module) in data().modules.iter().filter(|(_, m)| !m.by_hand) {
            let path = data::path(&root().join(DATA), origin, name);
            let text = fs::read_to_string(&path).unwrap();
            let same = text == module.to_yaml();
            assert!(same, "{}: run `cargo xtask directives`", path.display());
        }
    }

    #[test]
    fn every_decision_is_about_a_setter_that_is_there() {
        let data = data();
        let setters: BTreeSet<_> = data
            .modules
            .values()
            .flat_map(|m| m.directives.values().flatten())
            .filter_map(|row| row.setter.as_deref())
            .collect();
        let review = Review::load(&root().join(DATA)).unwrap();
        let stale: Vec<_> = review.setters().filter(|s| !setters.contains(s)).collect();
        assert!(stale.is_empty(), "review.yaml: no directive has {stale:?}");
    }

    #[test]
    fn the_column_of_1_28_is_what_nginx_src_holds() {
        let workspace = crate::workspace::Workspace::find().unwrap();
        let source = crate::nginx::bundled_source(&workspace).unwrap();
        let version: Version = source.version.parse().unwrap();
        let review = Review::load(&root().join(DATA)).unwrap();
        let release = read_nginx(version, &source.path, &review).unwrap();
        let mut read: BTreeMap<(String, String), BTreeSet<Row>> = BTreeMap::new();
        for command in release.commands {
            let key = (command.module.name, command.name);
            read.entry(key).or_default().insert(command.row);
        }
        assert!(
            read.len() > 700,
            "only {} directives in nginx-src",
            read.len()
        );

        let mut column = BTreeMap::new();
        for ((origin, module), found) in data().modules {
            for (name, rows) in found.directives {
                let rows = history::spread(&rows, &[version]).remove(&version);
                if let (Origin::Nginx, Some(rows)) = (&origin, rows) {
                    column.insert((module.clone(), name), rows);
                }
            }
        }
        for key in read.keys().chain(column.keys()) {
            assert_eq!(read.get(key), column.get(key), "{key:?}");
        }
    }
}
