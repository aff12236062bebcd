//! Collects findings: each once, in order, and not without end.

use crate::finding::{Finding, NginxLevel, NginxVerdict, Severity};
use crate::source::{Span, readable};
use foldhash::HashSet;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// nginx cuts the text of a message here (`NGX_MAX_CONF_ERRSTR`).
const MAX_MESSAGE: usize = 1024;

#[derive(Debug)]
pub(super) struct Sink {
    most: usize,
    findings: Vec<Finding>,
    /// How many of them there are of each severity: grave ones find room behind any number of
    /// others.
    taken: [usize; 3],
    known: HashSet<(&'static str, Span)>,
    left_out: BTreeMap<&'static str, usize>,
}

impl Sink {
    /// An empty one that takes `most` findings of each severity.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            findings: Vec::new(),
            taken: [0; 3],
            known: HashSet::default(),
            left_out: BTreeMap::new(),
        }
    }

    /// Takes a finding, unless the same place was found to be so already: a file may be
    /// included in many places.
    pub(super) fn push(&mut self, finding: Finding) {
        let (rule, place) = (finding.rule, finding.primary.span);
        let taken = &mut self.taken[finding.severity as usize];
        if *taken >= self.most {
            self.leave_out(rule, place);
        } else if self.known.insert((rule, place)) {
            *taken += 1;
            self.findings.push(finding);
        }
    }

    /// Takes the error that `finding` makes of a place, or only counts it once there are
    /// enough. Making one can be dear: it looks for similar names.
    pub(super) fn push_with(
        &mut self,
        rule: &'static str,
        place: Span,
        finding: impl FnOnce() -> Finding,
    ) {
        if self.taken[Severity::Error as usize] < self.most {
            self.push(finding());
        } else {
            self.leave_out(rule, place);
        }
    }

    fn leave_out(&mut self, rule: &'static str, place: Span) {
        // What is left out is not remembered, so that it needs no memory either.
        if !self.known.contains(&(rule, place)) {
            *self.left_out.entry(rule).or_default() += 1;
        }
    }

    /// The findings, and how many more there are of each rule.
    pub(super) fn finish(self) -> (Vec<Finding>, BTreeMap<&'static str, usize>) {
        (self.findings, self.left_out)
    }
}

/// What nginx says at level `emerg`.
pub(super) fn emerg(message: impl Into<String>, at: Option<Span>) -> Option<Box<NginxVerdict>> {
    said(NginxLevel::Emerg, message.into(), at)
}

/// What nginx says at level `warn`.
pub(super) fn warn(message: impl Into<String>, at: Option<Span>) -> Option<Box<NginxVerdict>> {
    said(NginxLevel::Warn, message.into(), at)
}

fn said(level: NginxLevel, mut message: String, at: Option<Span>) -> Option<Box<NginxVerdict>> {
    if message.len() > MAX_MESSAGE {
        message.truncate(message.floor_char_boundary(MAX_MESSAGE));
    }
    Some(Box::new(NginxVerdict { level, message, at }))
}

/// A value as nginx prints it: up to a zero byte.
pub(super) fn printed(value: &[u8]) -> Cow<'_, str> {
    let end = memchr::memchr(0, value).unwrap_or(value.len());
    readable(&value[..end])
}
