//! Marks that stay with a finding when lines above it come or go.

use crate::finding::Finding;
use crate::report::paths::Paths;
use crate::source::SourceMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

/// Gives each finding of a report its mark: a hash of the rule, the file and the line's
/// text, and which one of its kind it is.
#[derive(Debug, Default)]
pub struct Fingerprints {
    seen: HashMap<String, usize>,
}

impl Fingerprints {
    /// The mark of the next finding.
    pub fn of(&mut self, finding: &Finding, sources: &SourceMap, path: &str) -> String {
        let span = finding.primary.span;
        let text = sources.file(span.file).text();
        let at = (span.start as usize).min(text.len());
        let begin = memchr::memrchr(b'\n', &text[..at]).map_or(0, |end| end + 1);
        let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end);
        let mut hash = Sha256::new();
        hash.update(finding.rule.as_bytes());
        hash.update([0]);
        hash.update(path.as_bytes());
        for word in text[begin..end].split(u8::is_ascii_whitespace) {
            if !word.is_empty() {
                hash.update([0]);
                hash.update(word);
            }
        }
        let mut mark = String::new();
        for byte in &hash.finalize()[..8] {
            let _ = write!(mark, "{byte:02x}");
        }
        let count = self.seen.entry(mark.clone()).or_default();
        *count += 1;
        format!("{mark}:{count}")
    }
}

/// Findings that were there when a project began to use djanginx: they are left out, newer
/// ones are not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    known: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    file: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    findings: BTreeMap<String, Entry>,
}

impl Baseline {
    /// The baseline that leaves out just these findings.
    #[must_use]
    pub fn of(findings: &[Finding], sources: &SourceMap, paths: &Paths) -> Self {
        let mut marks = Fingerprints::default();
        let known = findings.iter().map(|finding| {
            let file = paths.relative(sources.file(finding.primary.span.file).name());
            let rule = finding.rule.to_owned();
            (marks.of(finding, sources, &file), Entry { rule, file })
        });
        Self {
            known: known.collect(),
        }
    }

    /// Reads the text of a baseline.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let file: File = serde_json::from_str(text)?;
        if file.version != 1 {
            return Err(serde::de::Error::custom(format!(
                "version {} is not known",
                file.version
            )));
        }
        Ok(Self {
            known: file.findings,
        })
    }

    /// Its text.
    ///
    /// # Errors
    /// Never; the type of the writer wants it.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        let file = File {
            version: 1,
            findings: self.known.clone(),
        };
        Ok(serde_json::to_string_pretty(&file)? + "\n")
    }

    /// The findings that it does not list.
    #[must_use]
    pub fn filter(
        &self,
        findings: Vec<Finding>,
        sources: &SourceMap,
        paths: &Paths,
    ) -> Vec<Finding> {
        let mut marks = Fingerprints::default();
        let mut new = findings;
        new.retain(|finding| {
            let file = paths.relative(sources.file(finding.primary.span.file).name());
            !self.known.contains_key(&marks.of(finding, sources, &file))
        });
        new
    }
}
