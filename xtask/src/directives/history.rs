//! From facts about single releases to ranges of releases, and back.

use super::data::Row;
use super::version::Version;
use std::collections::{BTreeMap, BTreeSet};

/// The rows of one directive of one module, by release; the rows carry no releases.
pub(super) type History = BTreeMap<Version, BTreeSet<Row>>;

/// Spreads rows over the releases that they hold in.
pub(super) fn spread(rows: &[Row], releases: &[Version]) -> History {
    let mut history = History::new();
    for row in rows {
        for &release in releases {
            let begun = row.since.is_none_or(|since| since <= release);
            let over = row.until.is_some_and(|until| until <= release);
            if begun && !over {
                let plain = Row {
                    since: None,
                    until: None,
                    ..row.clone()
                };
                history.entry(release).or_default().insert(plain);
            }
        }
    }
    history
}

/// Joins what is the same in neighbouring releases; `releases` is every release that
/// was read, in order.
pub(super) fn join(history: &History, releases: &[Version]) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut open: BTreeMap<&Row, Option<Version>> = BTreeMap::new();
    let nothing = BTreeSet::new();
    for (i, &release) in releases.iter().enumerate() {
        let here = history.get(&release).unwrap_or(&nothing);
        let ended: Vec<_> = open
            .keys()
            .filter(|r| !here.contains(*r))
            .copied()
            .collect();
        for row in ended {
            rows.push(Row {
                since: open.remove(row).flatten(),
                until: Some(release),
                ..row.clone()
            });
        }
        for row in here {
            open.entry(row).or_insert((i > 0).then_some(release));
        }
    }
    rows.extend(open.into_iter().map(|(row, since)| Row {
        since,
        ..row.clone()
    }));
    rows.sort_by(|a, b| (a.since, &a.until, a).cmp(&(b.since, &b.until, b)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(arguments: &str) -> Row {
        Row {
            arguments: arguments.to_owned(),
            ..Row::default()
        }
    }

    #[test]
    fn what_is_spread_joins_again() {
        let releases: Vec<_> = (0..5).map(|n| Version(1, 18 + n, 0)).collect();
        let rows = vec![
            Row {
                until: Some(releases[2]),
                ..row("1")
            },
            Row {
                since: Some(releases[2]),
                until: Some(releases[3]),
                ..row("1-2")
            },
            Row {
                since: Some(releases[4]),
                ..row("1-2")
            },
        ];
        assert_eq!(join(&spread(&rows, &releases), &releases), rows);
    }

    #[test]
    fn a_row_of_all_releases_has_no_bounds() {
        let releases = [Version(1, 18, 0), Version(1, 20, 0)];
        let rows = vec![row("1")];
        assert_eq!(join(&spread(&rows, &releases), &releases), rows);
    }
}
