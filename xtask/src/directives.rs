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
mod merge;
mod review;
mod table;
mod tree;
mod variables;
mod version;

use anyhow::{Context as _, bail};
use data::Data;
use review::Review;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

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
            sources.push(merge::read_release(
                version.parse()?,
                Path::new(path),
                &review,
            )?);
        }
        merge::releases(&mut data, sources, &mut unread);
    }
    for project in &args.module {
        let (name, path) = pair(project)?;
        merge::project(&mut data, name, Path::new(path), &review)?;
    }
    if let Some(docs) = &args.docs {
        merge::documentation(&mut data, &docs::read(docs)?, &review);
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

#[cfg(test)]
mod tests {
    use super::data::{Origin, Row, VariableRow};
    use super::history::{History, Ranged};
    use super::version::Version;
    use super::*;
    use std::collections::BTreeMap;

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
        let release = merge::read_release(version, &source.path, &review).unwrap();
        let mut directives = Column::<Row>::new();
        for command in release.commands {
            let key = (command.module.name, command.name);
            directives.entry(key).or_default().insert(command.row);
        }
        assert!(
            directives.len() > 700,
            "only {} directives",
            directives.len()
        );
        assert_eq!(
            differences(&directives, &column(version, |m| m.directives)),
            [""; 0]
        );
        let mut variables = Column::<VariableRow>::new();
        for variable in release.variables {
            let key = (variable.module.name, variable.name);
            variables.entry(key).or_default().insert(variable.row);
        }
        assert!(variables.len() > 200, "only {} variables", variables.len());
        assert_eq!(
            differences(&variables, &column(version, |m| m.variables)),
            [""; 0]
        );
    }

    /// The rows of one release, by module and name.
    type Column<R> = BTreeMap<(String, String), BTreeSet<R>>;

    fn column<R: Ranged>(
        version: Version,
        rows: impl Fn(data::ModuleData) -> BTreeMap<String, Vec<R>>,
    ) -> Column<R> {
        let mut column = Column::new();
        for ((origin, module), found) in data().modules {
            for (name, rows) in rows(found) {
                let rows = History::spread(&rows, &[version]).remove(version);
                if let (Origin::Nginx, Some(rows)) = (&origin, rows) {
                    column.insert((module.clone(), name), rows);
                }
            }
        }
        column
    }

    fn differences<R: PartialEq + std::fmt::Debug>(
        read: &Column<R>,
        known: &Column<R>,
    ) -> Vec<String> {
        let keys: BTreeSet<_> = read.keys().chain(known.keys()).collect();
        keys.into_iter()
            .filter(|key| read.get(key) != known.get(key))
            .map(|key| format!("{key:?}: {:?}, not {:?}", read.get(key), known.get(key)))
            .collect()
    }
}
