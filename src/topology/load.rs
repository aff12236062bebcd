//! Bytes to types, with every problem of text and structure at its place.

use super::document::Document;
use super::events::{self, Limits};
use super::model::Topology;
use super::shape::{Shapes, schema};
use super::{check, rules, typed};
use crate::finding::Finding;
use crate::source::{FileId, SourceMap};
use std::sync::{Arc, LazyLock};

/// A topology with the places of its parts.
#[derive(Debug)]
pub struct Loaded {
    /// What was declared.
    pub topology: Topology,
    /// Where it was declared.
    pub document: Document,
    /// The file.
    pub file: FileId,
}

static SHAPES: LazyLock<Shapes> = LazyLock::new(|| {
    Shapes::compile(&schema()).expect("internal: a test compiles the schema of the topology")
});

/// Loads a topology under the name that is shown to the user, within the usual limits.
///
/// # Errors
/// Every problem of the text and of its structure, in the order of the text.
pub fn load(
    sources: &mut SourceMap,
    name: &str,
    bytes: impl Into<Arc<[u8]>>,
) -> Result<Loaded, Vec<Finding>> {
    let (loaded, findings) = load_around(sources, name, bytes, &Limits::default());
    match loaded {
        Some((loaded, _)) if findings.is_empty() => Ok(loaded),
        _ => Err(findings),
    }
}

/// Loads what can be loaded in spite of problems, which are all returned; so that meaning
/// can be checked in the same run.
pub(super) fn load_around(
    sources: &mut SourceMap,
    name: &str,
    bytes: impl Into<Arc<[u8]>>,
    limits: &Limits,
) -> (Option<(Loaded, check::Repairs)>, Vec<Finding>) {
    let bytes = bytes.into();
    if bytes.len() > limits.bytes {
        // Nothing of such a file is kept.
        let file = sources.add(name, []);
        return (None, vec![events::too_large(file, bytes.len(), limits)]);
    }
    let file = sources.add(name, Arc::clone(&bytes));
    let reading = events::read(file, &bytes, limits);
    let mut findings = reading.findings;
    let Some(mut document) = reading.document else {
        return (None, findings);
    };
    let (mut problems, repairs) = check::check(&mut document, &SHAPES);
    findings.append(&mut problems);
    findings.sort_by_key(|finding| finding.primary.span.start);
    let loaded = match typed::load(&document.arena, &repairs) {
        Ok(topology) => Some((
            Loaded {
                topology,
                document,
                file,
            },
            repairs,
        )),
        Err((error, node)) => {
            // The types demand something that their schema does not say.
            if findings.is_empty() {
                let place = document.place(node);
                findings.push(
                    Finding::error(rules::INVALID_VALUE, place, error.to_string())
                        .label("not understood"),
                );
            }
            None
        }
    };
    (loaded, findings)
}
