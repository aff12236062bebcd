//! Bytes to types, with every problem of text and structure at its place.

use super::document::{Document, Step};
use super::events::{self, Limits};
use super::model::Topology;
use super::settle::settle;
use super::shape::{Shapes, schema};
use super::structure::MOST_FINDINGS;
use super::validate::{self, validate};
use super::{rules, structure, typed};
use crate::finding::{Finding, Severity};
use crate::source::{FileId, SourceMap, Span};
use crate::version::Target;
use std::collections::HashSet;
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

/// How a topology is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// What the file may cost.
    pub limits: Limits,
    /// The nginx that counts, whatever the topology says.
    pub target: Option<Target>,
}

/// A topology without errors.
#[derive(Debug)]
pub struct Valid {
    /// The topology, with `defaults` folded in.
    pub loaded: Loaded,
    /// Warnings and notes, in the order of the text.
    pub remarks: Vec<Finding>,
}

/// Reads a topology: text, structure, types and meaning.
///
/// # Errors
/// Every problem at once, in the order of the text, when one of them is an error. Meaning is
/// checked in spite of mistakes in the structure; what would only follow from those is not
/// reported.
pub fn check(
    sources: &mut SourceMap,
    name: &str,
    bytes: impl Into<Arc<[u8]>>,
    options: &Options,
) -> Result<Valid, Vec<Finding>> {
    let (loaded, mut findings) = load_around(sources, name, bytes, &options.limits);
    let Some((mut loaded, repairs)) = loaded else {
        return Err(findings);
    };
    if let Some(target) = options.target {
        loaded.topology.nginx.version = Some(target.to_string());
    }
    settle(&mut loaded.topology);
    let meaning = validate(&loaded.topology, &loaded.document);
    findings.extend(without_consequences(meaning, &loaded.document, &repairs));
    in_order(&mut findings);
    if findings.iter().any(|f| f.severity == Severity::Error) {
        return Err(findings);
    }
    Ok(Valid {
        loaded,
        remarks: findings,
    })
}

/// What has a meaning in spite of the problems that were found before: nothing is said about
/// things that could not be read, or that are missed only because something is misspelt.
fn without_consequences(
    mut meaning: Vec<Finding>,
    document: &Document,
    repairs: &structure::Repairs,
) -> Vec<Finding> {
    if repairs.tainted.is_empty() {
        return meaning;
    }
    let places: HashSet<Span> = repairs
        .tainted
        .iter()
        .flat_map(|&node| [Some(document.place(node)), document.key_span(node)])
        .flatten()
        .collect();
    let tainted = || repairs.tainted.iter().map(|&node| document.extent(node));
    let around = |inner: Span, outer: Span| outer.start <= inner.start && inner.end <= outer.end;
    let pools = document.extent(document.find(&[Step::Key("pools")]));
    let unsure_pools = tainted().any(|place| around(place, pools) || around(pools, place));
    // What is missed may only be misspelt. A certificate would be so beside the place that
    // misses it, and a pool among the pools; of the rest nothing is said.
    let misspelt = |finding: &Finding| match finding.rule {
        "topology-tls-files" => tainted().any(|place| around(finding.primary.span, place)),
        "topology-unknown-pool" => unsure_pools,
        rule => validate::MISSED.contains(&rule),
    };
    let told = |finding: &Finding| {
        let mut labels = std::iter::once(&finding.primary).chain(&finding.related);
        labels.any(|label| places.contains(&label.span))
    };
    meaning.retain(|finding| !told(finding) && !misspelt(finding));
    meaning
}

/// Loads what can be loaded in spite of problems, which are all returned; so that meaning
/// can be checked in the same run.
pub(super) fn load_around(
    sources: &mut SourceMap,
    name: &str,
    bytes: impl Into<Arc<[u8]>>,
    limits: &Limits,
) -> (Option<(Loaded, structure::Repairs)>, Vec<Finding>) {
    let bytes = bytes.into();
    if bytes.len() > limits.bytes {
        // Nothing of such a file is kept.
        let file = sources.add(name, []);
        return (None, vec![events::too_large(file, limits)]);
    }
    let file = sources.add(name, Arc::clone(&bytes));
    let reading = events::read(file, &bytes, limits);
    let mut findings = reading.findings;
    let Some(mut document) = reading.document else {
        in_order(&mut findings);
        return (None, findings);
    };
    let (mut problems, repairs) = structure::check(&mut document, &SHAPES);
    findings.append(&mut problems);
    in_order(&mut findings);
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

/// Sorts findings by their places, and cuts them off where nobody reads on.
fn in_order(findings: &mut Vec<Finding>) {
    findings.sort_by_key(|finding| finding.primary.span.start);
    if findings.len() > MOST_FINDINGS {
        findings.truncate(MOST_FINDINGS);
        if let Some(last) = findings.last() {
            let span = last.primary.span;
            let message = format!("there are more than {MOST_FINDINGS} problems");
            findings.push(
                Finding::error(rules::LIMIT, span, message)
                    .label("the last one shown")
                    .help("Repair those that are shown first"),
            );
        }
    }
}
