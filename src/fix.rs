//! Repairs: which of the offered edits are made, and the texts that come out.

use crate::finding::{Edit, Finding, Fix, Safety};
use crate::source::{FileId, SourceMap};
use std::collections::{BTreeMap, BTreeSet};

/// A repair that was found, by which it is known in later rounds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    rule: &'static str,
    file: String,
    line: Vec<u8>,
    title: String,
}

/// Edits to be made together.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    edits: BTreeMap<FileId, Vec<Edit>>,
    /// The repairs that they belong to.
    pub marks: Vec<Mark>,
}

/// Chooses repairs: those that are allowed, not refused before, and do not overlap an earlier
/// one; at most `most` of them.
#[must_use]
pub fn choose(
    findings: &[Finding],
    sources: &SourceMap,
    most_daring: Safety,
    refused: &BTreeSet<Mark>,
    most: usize,
) -> Choice {
    let mut choice = Choice::default();
    for finding in findings {
        let Some(fix) = &finding.fix else {
            continue;
        };
        let allowed = fix.safety == Safety::Safe || most_daring == Safety::Unsafe;
        if !allowed || fix.edits.is_empty() || choice.marks.len() >= most {
            continue;
        }
        let mark = mark(finding, fix, sources);
        if refused.contains(&mark) || overlaps(&choice.edits, fix) {
            continue;
        }
        for edit in &fix.edits {
            choice
                .edits
                .entry(edit.span.file)
                .or_default()
                .push(edit.clone());
        }
        choice.marks.push(mark);
    }
    choice
}

/// Two edits touch when they share a byte, or begin at the same place.
fn overlaps(chosen: &BTreeMap<FileId, Vec<Edit>>, fix: &Fix) -> bool {
    fix.edits.iter().any(|edit| {
        chosen.get(&edit.span.file).is_some_and(|others| {
            others.iter().any(|other| {
                let (a, b) = (edit.span, other.span);
                a.start == b.start || (a.start < b.end && b.start < a.end)
            })
        })
    })
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

impl Choice {
    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// The new texts of the files that change.
    #[must_use]
    pub fn apply(&self, sources: &SourceMap) -> Vec<(FileId, Vec<u8>)> {
        self.edits
            .iter()
            .map(|(file, edits)| (*file, apply(sources.file(*file).text(), edits)))
            .collect()
    }
}

/// A text with edits made, which do not overlap.
#[must_use]
pub fn apply(text: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut edits: Vec<_> = edits.iter().collect();
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
        finding.fix = Some(Fix {
            safety,
            title: format!("{start}-{end}"),
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
            let choice = choose(&findings, &sources, safety, &none, usize::MAX);
            String::from_utf8(choice.apply(&sources)[0].1.clone()).unwrap()
        };
        assert_eq!(text(Safety::Safe), "01x+45678");
        assert_eq!(text(Safety::Unsafe), "01x+45z78");
    }
}
