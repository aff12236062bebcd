//! `lint --fix`: repairs until nothing changes, checked after every round.

use super::{Args, suppress};
use crate::Error;
use crate::cli::{FINDINGS, SUCCESS, Streams, Verbosity};
use crate::finding::{Finding, Safety, Severity};
use crate::fix::{self, Mark, Repair};
use crate::model::Texts;
use crate::model::files::{Disk, Files, Overlay};
use crate::rules::{self, Group, Settings};
use crate::write::{self, ChangeKind, Plan};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Repairs may uncover others; this many rounds are enough for all that end.
const ROUNDS: usize = 10;

impl Args {
    /// Repairs files, or shows how; then lints what came out.
    pub(super) fn repair(
        &self,
        paths: &[PathBuf],
        settings: &Settings,
        streams: &mut Streams<'_>,
    ) -> Result<ExitCode, Error> {
        let mut files = Overlay::new(&Disk);
        let mut refused = BTreeSet::new();
        let mut repaired: BTreeMap<&'static str, usize> = BTreeMap::new();
        for _ in 0..ROUNDS {
            let Some(done) = self.round(paths, settings, &mut files, &mut refused)? else {
                break;
            };
            for rule in done {
                *repaired.entry(rule).or_default() += 1;
            }
        }
        self.put(&files, streams)?;
        if streams.verbosity > Verbosity::Quiet {
            for (rule, count) in &repaired {
                let times = if *count == 1 { "place" } else { "places" };
                let verb = if self.diff {
                    "would repair"
                } else {
                    "repaired"
                };
                writeln!(streams.err, "{verb} {rule} in {count} {times}")?;
            }
        }
        if self.diff {
            let code = if repaired.is_empty() {
                SUCCESS
            } else {
                FINDINGS
            };
            return Ok(ExitCode::from(code));
        }
        let mut texts = Texts::new(&files, self.limits.limits());
        let collected = self.over_paths(paths, settings, &mut texts)?;
        self.report(collected, &texts, settings, streams)
    }

    /// Makes one batch of repairs; gives their rules, or `None` when there are none left.
    fn round(
        &self,
        paths: &[PathBuf],
        settings: &Settings,
        files: &mut Overlay<'_>,
        refused: &mut BTreeSet<Mark>,
    ) -> Result<Option<Vec<&'static str>>, Error> {
        let daring = if self.unsafe_fixes {
            Safety::Unsafe
        } else {
            Safety::Safe
        };
        let mut texts = Texts::new(&*files, self.limits.limits());
        let collected = self.over_paths(paths, settings, &mut texts)?;
        let before = Weight::of(&collected.findings);
        let (findings, _) = suppress(collected, &texts, settings);
        let sources = texts.sources();
        let same = |file| {
            texts
                .path(file)
                .map_or_else(PathBuf::new, |path| files.same(path))
        };
        let repairs = fix::choose(&findings, sources, daring, refused, same);
        let mut made: Vec<Repair<'_>> = Vec::new();
        let mut next = None;
        // When some of them do harm, they are tried by halves.
        let mut waiting = vec![repairs.as_slice()];
        while let Some(tried) = waiting.pop() {
            let Some(first) = tried.first() else {
                continue;
            };
            let together = [made.as_slice(), tried].concat();
            let mut changed = files.clone();
            for (file, text) in fix::texts(&together, sources) {
                if let Some(path) = texts.path(file) {
                    changed.set(path, text);
                }
            }
            let after = {
                let mut texts = Texts::new(&changed, self.limits.limits());
                Weight::of(&self.over_paths(paths, settings, &mut texts)?.findings)
            };
            if after.is_no_worse_than(&before) {
                made = together;
                next = Some(changed);
            } else if tried.len() == 1 {
                refused.insert(first.mark.clone());
            } else {
                let (one, other) = tried.split_at(tried.len() / 2);
                waiting.extend([other, one]);
            }
        }
        let rules = made.iter().map(|repair| repair.mark.rule()).collect();
        drop(texts);
        Ok(next.map(|next| {
            *files = next;
            rules
        }))
    }

    fn put(&self, files: &Overlay<'_>, streams: &mut Streams<'_>) -> Result<(), Error> {
        for (path, text) in files.changed() {
            let plan = Plan::of_users(path, &**text)?;
            if self.diff {
                write::unified_diff(&write::compare(&plan)?, streams.out)?;
                continue;
            }
            let report = write::apply(&plan, &write::Options::default(), &mut ())?;
            let changes = report.changes.iter();
            for change in changes.filter(|change| matches!(change.kind, ChangeKind::Changed { .. }))
            {
                if streams.verbosity > Verbosity::Quiet {
                    writeln!(streams.err, "changed {}", show(&change.path).display())?;
                }
            }
        }
        Ok(())
    }
}

fn show(path: &Path) -> &Path {
    path.strip_prefix("./").unwrap_or(path)
}

/// How many findings there are of each rule, errors apart; matters of style are none of harm.
struct Weight {
    rules: BTreeMap<(&'static str, bool), usize>,
}

impl Weight {
    fn of(findings: &[Finding]) -> Self {
        let mut rules = BTreeMap::new();
        let style = |finding: &&Finding| {
            rules::find(finding.rule).is_some_and(|meta| meta.group == Group::Style)
        };
        for finding in findings.iter().filter(|finding| !style(finding)) {
            let refused = finding.nginx.is_some() || finding.severity == Severity::Error;
            *rules.entry((finding.rule, refused)).or_default() += 1;
        }
        Self { rules }
    }

    fn is_no_worse_than(&self, before: &Self) -> bool {
        self.rules
            .iter()
            .all(|(rule, count)| before.rules.get(rule).is_some_and(|old| count <= old))
    }
}
