//! Findings to bytes: one file per format, each a leaf that nothing else knows.

pub mod checkstyle;
pub mod concise;
pub mod explanation;
pub mod fingerprint;
pub mod full;
pub mod github;
pub mod gitlab;
pub mod grouped;
pub mod json;
pub mod junit;
pub mod paths;
pub mod rdjson;
pub mod sarif;

use crate::finding::{Finding, Severity};
use crate::source::FileId;
use std::collections::HashMap;

/// The findings of each file, files in the order of their first finding.
fn by_file(findings: &[Finding]) -> Vec<(FileId, Vec<&Finding>)> {
    let mut places = HashMap::new();
    let mut files: Vec<(FileId, Vec<&Finding>)> = Vec::new();
    for finding in findings {
        let file = finding.primary.span.file;
        let place = *places.entry(file).or_insert(files.len());
        if place == files.len() {
            files.push((file, Vec::new()));
        }
        files[place].1.push(finding);
    }
    files
}

/// How many findings there are of each severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, schemars::JsonSchema)]
pub struct Summary {
    /// Errors.
    pub error: usize,
    /// Warnings.
    pub warning: usize,
    /// The rest.
    pub info: usize,
}

impl Summary {
    /// Counts findings.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        let mut summary = Self::default();
        for finding in findings {
            match finding.severity {
                Severity::Error => summary.error += 1,
                Severity::Warning => summary.warning += 1,
                Severity::Info => summary.info += 1,
            }
        }
        summary
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts = Vec::new();
        for (count, one, many) in [
            (self.error, "error", "errors"),
            (self.warning, "warning", "warnings"),
            (self.info, "note", "notes"),
        ] {
            match count {
                0 => {}
                1 => parts.push(format!("1 {one}")),
                _ => parts.push(format!("{count} {many}")),
            }
        }
        if parts.is_empty() {
            f.write_str("no problems")
        } else {
            f.write_str(&parts.join(", "))
        }
    }
}
