//! What an nginx of this machine says, as findings about the topology.

use super::nginx::Nginx;
use super::origin::Origins;
use super::trial::{About, Said, Trial};
use super::words::quoted;
use crate::finding::{Finding, NginxLevel, NginxVerdict, Severity};
use crate::rules;
use crate::version::Target;

/// The id of a refusal of the text.
const REFUSES: &str = "nginx-refuses";
/// The id of a warning about the text.
const WARNS: &str = "nginx-warns";
/// The id of something that the machine lacks.
const MACHINE: &str = "not-on-this-machine";
/// The id of a difference between releases.
const OTHER: &str = "other-nginx";

/// Whether a finding is about this machine or its nginx, and not about the text.
#[must_use]
pub fn is_circumstance(finding: &Finding) -> bool {
    matches!(finding.rule, MACHINE | OTHER)
}

/// What a trial adds to what is `known` already. Places are in the topology; `shift` is how
/// many files come before those of the generated text.
#[must_use]
pub fn findings(
    trial: &Trial,
    nginx: &Nginx,
    origins: &Origins<'_, '_>,
    target: Target,
    known: &[Finding],
    shift: u32,
) -> Vec<Finding> {
    let name = nginx.shown();
    let is_known = |said: &Said| {
        let same = |finding: &Finding| {
            let nginx = finding.nginx.as_ref();
            nginx.is_some_and(|nginx| nginx.level == said.level && nginx.message == said.message)
        };
        said.about == About::Text && known.iter().any(same)
    };
    let said = trial.said.iter().filter(|said| !is_known(said));
    let findings = said.map(|said| {
        let (refuses, warns) = (said.level == NginxLevel::Emerg, &said.message);
        let message = |verb: &str| format!("{name} {verb}: {warns}");
        let (rule, severity, message, help) = match said.about {
            About::Text if refuses => (
                REFUSES,
                Severity::Error,
                message("refuses the configuration"),
                "Correct what the topology or your template says here",
            ),
            About::Text => (
                WARNS,
                Severity::Warning,
                message("warns of the configuration"),
                "Correct what the topology or your template says here",
            ),
            About::Machine => (
                MACHINE,
                Severity::Warning,
                message(if refuses {
                    "would not start on this machine"
                } else {
                    "warns of this machine"
                }),
                "Do nothing when the configuration is for another machine; otherwise put it there \
                 before you deploy",
            ),
            About::Release => (
                OTHER,
                Severity::Warning,
                format!(
                    "{name} of this machine {} what is written for nginx {target}: {warns}",
                    if refuses { "refuses" } else { "warns of" }
                ),
                "Deploy to the nginx that the topology is for, or write the one that you have \
                 into `nginx: {version: …}`",
            ),
        };
        debug_assert!(rules::find(rule).is_some(), "internal: no manual of {rule}");
        let place = said.place;
        let named = || quoted(&said.message).find_map(|text| origins.named(text));
        let origin = place.map(|place| origins.of(place)).or_else(named);
        let origin = origin.unwrap_or_else(|| origins.nowhere());
        let mut finding = Finding::new(rule, severity, origin, message)
            .label(if said.about == About::Machine {
                "needed here"
            } else {
                "written because of this"
            })
            .help(help);
        let at = place.map(|place| super::origin::shifted(place, shift));
        if said.about == About::Text {
            finding.nginx = Some(Box::new(NginxVerdict {
                level: said.level,
                message: said.message.clone(),
                at,
            }));
        }
        if let Some(at) = at.filter(|_| said.about != About::Machine) {
            finding = finding.related(at, "in the generated text");
        }
        finding
    });
    findings.collect()
}
