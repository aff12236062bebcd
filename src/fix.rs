//! Repairs: which of the offered edits are made, and the texts that come out.

use crate::finding::{Edit, Finding, Fix, Safety, Wording};
use crate::source::{FileId, SourceMap};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

/// A repair that was found, by which it is known in later rounds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    rule: &'static str,
    file: String,
    line: Vec<u8>,
    title: Wording,
}

/// A repair that is to be made.
#[derive(Debug, Clone)]
pub struct Repair<'f> {
    /// By what it is known.
    pub mark: Mark,
    fix: &'f Fix,
}

/// Chooses repairs: those that are allowed, not refused before, and do not overlap an earlier
/// one. A file that has several names is repaired under the first of them: `same` gives a
/// file one name.
#[must_use]
pub fn choose<'f>(
    findings: &'f [Finding],
    sources: &SourceMap,
    most_daring: Safety,
    refused: &BTreeSet<Mark>,
    same: impl Fn(FileId) -> PathBuf,
) -> Vec<Repair<'f>> {
    let mut chosen = Chosen::default();
    let mut claimed: HashMap<PathBuf, FileId> = HashMap::new();
    let mut repairs = Vec::new();
    for finding in findings {
        let Some(fix) = &finding.fix else {
            continue;
        };
        let allowed = fix.safety == Safety::Safe || most_daring == Safety::Unsafe;
        if !allowed || fix.edits.is_empty() {
            continue;
        }
        let mark = mark(finding, fix, sources);
        if refused.contains(&mark) || chosen.overlaps(fix) {
            continue;
        }
        let mut claim = |edit: &Edit| {
            let file = edit.span.file;
            *claimed.entry(same(file)).or_insert(file) == file
        };
        if fix.edits.iter().all(&mut claim) {
            chosen.add(fix);
            repairs.push(Repair { mark, fix });
        }
    }
    repairs
}

/// Where edits were chosen, by their starts: the end of each.
#[derive(Default)]
struct Chosen {
    files: HashMap<FileId, BTreeMap<u32, u32>>,
}

impl Chosen {
    fn add(&mut self, fix: &Fix) {
        for edit in &fix.edits {
            let edits = self.files.entry(edit.span.file).or_default();
            edits.insert(edit.span.start, edit.span.end);
        }
    }

    /// Two edits touch when they share a byte, or begin at the same place.
    fn overlaps(&self, fix: &Fix) -> bool {
        fix.edits.iter().any(|edit| {
            let span = edit.span;
            self.files.get(&span.file).is_some_and(|edits| {
                let before = edits.range(..=span.start).next_back();
                let reaches =
                    |(start, end): (&u32, &u32)| *start == span.start || *end > span.start;
                before.is_some_and(reaches) || edits.range(span.start..span.end).next().is_some()
            })
        })
    }
}

fn mark(finding: &Finding, fix: &Fix, sources: &SourceMap) -> Mark {
    let span = finding.primary.span;
    let file = sources.file(span.file);
    let text = file.text();
    let at = (span.start as usize).min(text.len());
    let begin = memchr::memrchr(b'\n', &text[..at]).map_or(0, |end| end + 1);
    let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end);
    Mark {
        rule: finding.rule,
        file: file.name().to_owned(),
        line: text[begin..end].to_vec(),
        title: fix.title.clone(),
    }
}

impl Mark {
    /// The rule that offered it.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        self.rule
    }
}

/// The new texts of the files that repairs change.
#[must_use]
pub fn texts(repairs: &[Repair<'_>], sources: &SourceMap) -> Vec<(FileId, Vec<u8>)> {
    let mut files: BTreeMap<FileId, Vec<&Edit>> = BTreeMap::new();
    for edit in repairs.iter().flat_map(|repair| &repair.fix.edits) {
        files.entry(edit.span.file).or_default().push(edit);
    }
    { files.into_iter() }
        .map(|(file, edits)| (file, apply(sources.file(file).text(), edits)))
        .collect()
}

/// A text with edits made, which do not overlap.
fn apply(text: &[u8], mut edits: Vec<&Edit>) -> Vec<u8> {
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut new = Vec::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        let start = (edit.span.start as usize).clamp(at, text.len());
        let end = (edit.span.end as usize).clamp(start, text.len());
        new.extend_from_slice(&text[at..start]);
        new.extend_from_slice(&edit.text);
        at = end;
    }
    new.extend_from_slice(&text[at..]);
    new
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn finding(start: u32, end: u32, text: &str, safety: Safety) -> Finding {
        let span = Span::new(FileId(0), start, end);
        let mut finding = Finding::error("some-rule", span, "x");
        finding = finding.fix(Fix {
            safety,
            title: format!("{start}-{end}").into(),
            edits: vec![Edit {
                span,
                text: text.as_bytes().to_vec(),
            }],
        });
        finding
    }

    #[test]
    fn edits_that_overlap_wait_for_the_next_round() {
        let mut sources = SourceMap::new();
        sources.add("a", "0123456789".as_bytes());
        let findings = [
            finding(2, 4, "x", Safety::Safe),
            finding(3, 5, "y", Safety::Safe),
            finding(4, 4, "+", Safety::Safe),
            finding(6, 7, "z", Safety::Unsafe),
            finding(9, 10, "", Safety::Safe),
        ];
        let none = BTreeSet::new();
        let text = |safety| {
            let repairs = choose(&findings, &sources, safety, &none, |_| PathBuf::new());
            String::from_utf8(texts(&repairs, &sources)[0].1.clone()).unwrap()
        };
        assert_eq!(text(Safety::Safe), "01x+45678");
        assert_eq!(text(Safety::Unsafe), "01x+45z78");
    }
}
