//! From facts about single releases to ranges of releases, and back.

use super::version::Version;
use std::collections::{BTreeMap, BTreeSet};

/// Something that holds from one release to another.
pub(super) trait Ranged: Clone + Ord {
    /// The first release that has it; none: the first that was read, or before.
    fn since(&self) -> Option<Version>;
    /// The first release that does not have it any more.
    fn until(&self) -> Option<Version>;
    /// The same with another range.
    fn within(&self, since: Option<Version>, until: Option<Version>) -> Self;
}

/// The rows of one thing by release; the rows carry no releases.
#[derive(Debug)]
pub(super) struct History<R>(BTreeMap<Version, BTreeSet<R>>);

impl<R> Default for History<R> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<R: Ranged> History<R> {
    /// Spreads rows over the releases that they hold in.
    pub(super) fn spread(rows: &[R], releases: &[Version]) -> Self {
        let mut history = Self::default();
        for row in rows {
            for &release in releases {
                let begun = row.since().is_none_or(|since| since <= release);
                let over = row.until().is_some_and(|until| until <= release);
                if begun && !over {
                    history.add(release, row.within(None, None));
                }
            }
        }
        history
    }

    /// Adds a row to a release.
    pub(super) fn add(&mut self, release: Version, row: R) {
        self.0.entry(release).or_default().insert(row);
    }

    /// Takes the rows of a release out.
    pub(super) fn remove(&mut self, release: Version) -> Option<BTreeSet<R>> {
        self.0.remove(&release)
    }

    /// Joins what is the same in neighbouring releases; `releases` is every release that
    /// was read, in order.
    pub(super) fn join(&self, releases: &[Version]) -> Vec<R> {
        let mut rows = Vec::new();
        let mut open: BTreeMap<&R, Option<Version>> = BTreeMap::new();
        let nothing = BTreeSet::new();
        for (i, &release) in releases.iter().enumerate() {
            let here = self.0.get(&release).unwrap_or(&nothing);
            let ended: Vec<_> = open
                .keys()
                .filter(|row| !here.contains(*row))
                .copied()
                .collect();
            for row in ended {
                let since = open.remove(row).flatten();
                rows.push(row.within(since, Some(release)));
            }
            for row in here {
                open.entry(row).or_insert((i > 0).then_some(release));
            }
        }
        rows.extend(open.into_iter().map(|(row, since)| row.within(since, None)));
        rows.sort_by(|a, b| (a.since(), a.until(), a).cmp(&(b.since(), b.until(), b)));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::super::data::Row;
    use super::*;

    fn row(arguments: &str, since: Option<Version>, until: Option<Version>) -> Row {
        Row {
            since,
            until,
            arguments: arguments.to_owned(),
            ..Row::default()
        }
    }

    #[test]
    fn what_is_spread_joins_again() {
        let releases: Vec<_> = (0..5).map(|n| Version(1, 18 + n, 0)).collect();
        let rows = vec![
            row("1", None, Some(releases[2])),
            row("1-2", Some(releases[2]), Some(releases[3])),
            row("1-2", Some(releases[4]), None),
        ];
        assert_eq!(History::spread(&rows, &releases).join(&releases), rows);
    }

    #[test]
    fn a_row_of_all_releases_has_no_bounds() {
        let releases = [Version(1, 18, 0), Version(1, 20, 0)];
        let rows = vec![row("1", None, None)];
        assert_eq!(History::spread(&rows, &releases).join(&releases), rows);
    }
}
