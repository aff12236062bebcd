//! What a topology means: every value and every combination that nginx refuses, or accepts
//! and gets wrong, at its place in the YAML.
//!
//! Structure (keys, types, words to choose from) is the loader's; here a topology is whole
//! and `defaults` are folded in. One file for each area, one small function for each check;
//! decisions that the renderer makes too are asked of [`super::settle`], not made again.
//!
//! nginx's own words, where it has some, are quoted in the help. They were checked against
//! `nginx -t` of 1.22.1, 1.28.3 and 1.31.4.

mod access;
mod balance;
mod cross;
mod domains;
mod expressions;
mod failover;
mod files;
mod groups;
mod headers;
mod keepalive;
mod limits;
mod nginx;
mod nodes;
mod place;
mod pools;
mod proxies;
mod quantities;
mod questions;
mod routes;
mod rules;
mod sites;
mod sockets;
mod sticky;
mod streams;
mod text;
mod tls;

pub use rules::RULES;

use super::document::{Document, Step};
use super::model::{self, Topology};
use crate::directives::Modules;
use crate::finding::{Finding, Wording};
use crate::source::Span;
use crate::version::{Target, Version};

/// Findings about something that is not there; after a mistake in the structure it may only
/// be misspelt.
pub(super) const MISSED: &[&str] = &[
    "topology-empty-allow",
    "topology-empty-site",
    "topology-missing-module",
    "topology-missing-resolver",
    "topology-no-domains",
    "topology-no-nodes",
    "topology-nothing-served",
    "topology-tls-files",
    "topology-unknown-pool",
    "topology-unused-pool",
];

/// Everything that is wrong with the meaning of a topology, in the order of the document.
///
/// `topology` is settled already (see [`super::settle::settle`]); `document` is the text
/// that it was read from.
#[must_use]
pub fn validate(topology: &Topology, document: &Document) -> Vec<Finding> {
    let mut cx = Checks::new(topology, document);
    nginx::check(&mut cx);
    proxies::check(&mut cx);
    pools::check(&mut cx);
    sites::check(&mut cx);
    streams::check(&mut cx);
    sockets::check(&mut cx);
    cx.finish()
}

/// What every check sees, and where its findings go.
struct Checks<'a> {
    topology: &'a Topology,
    document: &'a Document,
    target: Target,
    /// The modules that the topology declares.
    declared: Modules,
    /// Those, and what every package of nginx has.
    present: Modules,
    findings: Vec<Finding>,
}

/// Modules with variables that every package of nginx has, although nginx's own build leaves
/// them out.
const PACKAGED: &[&str] = &["http_ssl", "http_v2", "http_realip", "stream"];

impl<'a> Checks<'a> {
    fn new(topology: &'a Topology, document: &'a Document) -> Self {
        // An unknown version is one finding; it must not become one for each gate.
        let newest = Target::open_source(crate::version::MAINLINE);
        Self {
            topology,
            document,
            target: topology.target().unwrap_or(newest),
            declared: modules(topology, &[]),
            present: modules(topology, PACKAGED),
            findings: Vec::new(),
        }
    }

    /// Keeps a finding.
    fn report(&mut self, finding: Finding) {
        debug_assert!(
            RULES.iter().any(|(id, _)| *id == finding.rule),
            "internal: `{}` is not in the list of rules",
            finding.rule
        );
        self.findings.push(finding);
    }

    /// Reports something that the target is too old for. `what` begins the message, such as
    /// "`sticky`"; `instead` ends the help.
    fn report_gate(
        &mut self,
        rule: &'static str,
        span: Span,
        what: &str,
        gate: Gate,
        instead: impl Into<Wording>,
    ) {
        let target = self.target;
        let needs = match gate {
            Gate::OpenSource(version) => format!("nginx {version}"),
            Gate::OrPlus(version) => format!("nginx {version} or nginx Plus"),
        };
        let mut finding = Finding::error(
            rule,
            span,
            format!("{what} needs {needs}, and the target is {}", named(target)),
        )
        .label(format!("not in {}", named(target)))
        .help(instead);
        let version = [Step::Key("nginx"), Step::Key("version")];
        if self.document.has(&version) {
            finding = finding.related(self.document.at(&version), "the target");
        }
        self.report(finding);
    }

    /// The findings in the order of the document. A default that several things share is
    /// reported once.
    fn finish(mut self) -> Vec<Finding> {
        let place = |finding: &Finding| (finding.primary.span.start, finding.primary.span.end);
        self.findings.sort_by_key(place);
        let mut kept: Vec<Finding> = Vec::with_capacity(self.findings.len());
        let mut first_here = 0;
        for finding in self.findings {
            if kept
                .get(first_here)
                .is_none_or(|first| place(first) != place(&finding))
            {
                first_here = kept.len();
            }
            let told = kept[first_here..]
                .iter()
                .any(|other| other.rule == finding.rule && other.message == finding.message);
            if !told {
                kept.push(finding);
            }
        }
        kept
    }
}

/// The modules that a topology declares, as far as they are known, and `others`.
fn modules(topology: &Topology, others: &[&str]) -> Modules {
    let declared: Vec<&str> = match &topology.nginx.modules {
        None => Vec::new(),
        Some(model::Modules::Present(names)) => names.iter().map(String::as_str).collect(),
        Some(model::Modules::Load(files)) => files.keys().map(String::as_str).collect(),
    };
    let known = |name: &&str| *name != "all" && Modules::parse(name).is_ok();
    let declared = declared.into_iter().filter(known);
    let names: Vec<&str> = declared.chain(others.iter().copied()).collect();
    Modules::parse(&names.join(",")).unwrap_or_default()
}

/// From which release on something exists.
#[derive(Debug, Clone, Copy)]
enum Gate {
    /// In open-source nginx and in the Plus releases built on it.
    OpenSource(Version),
    /// In open-source nginx; Plus had it before.
    OrPlus(Version),
}

impl Gate {
    fn is_open(self, target: Target) -> bool {
        match self {
            Self::OpenSource(version) => target.version >= version,
            Self::OrPlus(version) => target.version >= version || target.is_plus(),
        }
    }
}

/// A target as people say it.
fn named(target: Target) -> String {
    match target.plus {
        Some(release) => format!("nginx Plus R{release}"),
        None => format!("nginx {}", target.version),
    }
}
