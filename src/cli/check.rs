//! `djanginx check`: whether a topology can be deployed. All stages in a row, one report.

mod output;

use super::findings::Format;
use super::input::{Reading, TopologyArgs};
use super::lint::{judged, suppress};
use super::output::Output;
use super::probe;
use super::probe::args::AskingArgs;
use super::rule_args::RuleArgs;
use super::{FINDINGS, SUCCESS, Streams, Verbosity};
use crate::Error;
use crate::check::{self, Nginx, Origins, Outcome, Trial};
use crate::directives::Modules;
use crate::finding::{Finding, Severity};
use crate::model::{Limits, Prefix, Texts};
use crate::probe::diagnose::Diagnosed;
use crate::probe::{Targets, of_topology};
use crate::render;
use crate::report::full::Style;
use crate::source::SourceMap;
use crate::topology::Valid;
use crate::verdict::{self, Declared, Start};
use crate::version::Target;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub(super) use output::schema;

const TRYING: &str = "What nginx says";

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    topology: TopologyArgs,

    /// Replace embedded templates by files of the same name in this folder.
    #[arg(long, value_name = "DIR")]
    template_dir: Option<PathBuf>,

    /// How the report is printed.
    #[arg(long, value_enum, default_value_t = Format::Full)]
    format: Format,

    /// Write the report in another format to a file as well; may be given several times.
    #[arg(long, value_name = "FORMAT=PATH")]
    output: Vec<Output<Format>>,

    #[command(flatten)]
    rules: RuleArgs,

    /// The nginx that tries the configuration; without it the one of this machine, if there is
    /// one.
    #[arg(long, value_name = "PROGRAM", help_heading = TRYING)]
    nginx: Option<PathBuf>,

    /// Ask no nginx.
    #[arg(long, conflicts_with = "nginx", help_heading = TRYING)]
    no_nginx: bool,

    /// Ask no nodes.
    #[arg(long, help_heading = probe::args::ASKING)]
    no_probe: bool,

    #[command(flatten)]
    asking: AskingArgs,
}

/// What all stages came to.
struct Report {
    /// The name of the topology.
    name: String,
    /// The topology first, then the files that it becomes.
    sources: SourceMap,
    /// About the topology itself.
    topology: Vec<Finding>,
    /// About what it becomes; `None` where it cannot be rendered.
    text: Option<Text>,
    /// What the nodes say; `None` where they are not asked.
    nodes: Option<Nodes>,
    /// The least severity that fails; `None` for what each stage has by itself.
    limit: Option<Severity>,
}

/// The configuration that a topology becomes.
struct Text {
    target: Target,
    /// What lint finds, at places in the topology.
    findings: Vec<Finding>,
    /// How many findings comments and settings keep back.
    suppressed: usize,
    nginx: Judgement,
    /// What nginx adds.
    said: Vec<Finding>,
}

/// What nginx says of it.
enum Judgement {
    /// Nobody was asked.
    NotAsked(String),
    /// It was.
    Given(Nginx, Trial),
}

/// What was asked, and what came of it.
struct Nodes {
    targets: Targets,
    probes: Vec<Diagnosed>,
}

impl Report {
    /// Everything, in the order of the stages.
    fn findings(&self) -> Vec<Finding> {
        let text = self.text.iter();
        let text = text.flat_map(|text| text.findings.iter().chain(&text.said));
        let nodes = self.probes().into_iter();
        let nodes = nodes.flat_map(|nodes| probe::output::findings(&nodes));
        self.topology
            .iter()
            .chain(text)
            .cloned()
            .chain(nodes)
            .collect()
    }

    fn probes(&self) -> Option<probe::Report<'_>> {
        let nodes = self.nodes.as_ref()?;
        Some(probe::Report {
            targets: &nodes.targets,
            probes: &nodes.probes,
            sources: &self.sources,
        })
    }

    fn has_failed(&self) -> bool {
        let text = self.text.as_ref();
        self.topology_fails()
            || text.is_some_and(|text| self.lint_fails(text) || self.nginx_fails(text))
            || self.nodes_fail()
    }

    fn topology_fails(&self) -> bool {
        self.text.is_none() || self.topology.iter().any(|f| self.fails_topology(f))
    }

    fn fails_topology(&self, finding: &Finding) -> bool {
        finding.severity >= self.limit.unwrap_or(Severity::Error)
    }

    fn lint_fails(&self, text: &Text) -> bool {
        text.findings.iter().any(|finding| self.fails_text(finding))
    }

    fn nginx_fails(&self, text: &Text) -> bool {
        text.nginx.has_refused() || text.said.iter().any(|finding| self.fails_text(finding))
    }

    /// What the machine lacks, or another nginx says, is no fault of the text.
    fn fails_text(&self, finding: &Finding) -> bool {
        !check::is_circumstance(finding)
            && finding.severity >= self.limit.unwrap_or(Severity::Warning)
    }

    fn nodes_fail(&self) -> bool {
        let failed = |nodes: probe::Report<'_>| nodes.count(crate::probe::Outcome::Failed) > 0;
        self.probes().is_some_and(failed)
    }

    /// Whether something was left out that could have found more.
    fn is_partial(&self) -> bool {
        let asked = |text: &Text| match &text.nginx {
            Judgement::NotAsked(_) => false,
            Judgement::Given(_, trial) => trial.outcome != Outcome::Unsure,
        };
        self.nodes.is_none() || !self.text.as_ref().is_some_and(asked)
    }
}

impl Judgement {
    fn has_refused(&self) -> bool {
        matches!(self, Self::Given(_, trial) if trial.outcome == Outcome::Refused)
    }
}

impl Args {
    /// Runs the command.
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<ExitCode, Error> {
        let settings = self.rules.settings(self.topology.path())?;
        let Reading { sources, result } = self.topology.read()?;
        let name = sources.file(crate::source::FileId(0)).name().to_owned();
        let mut report = Report {
            name,
            sources,
            topology: Vec::new(),
            text: None,
            nodes: None,
            limit: self.rules.fail_on(&settings),
        };
        let mut signal = None;
        match result {
            Err(findings) => report.topology = findings,
            Ok(valid) => {
                report.topology.clone_from(&valid.remarks);
                let target = valid.loaded.topology.target();
                let target = target.map_err(|error| Error::Usage(error.to_string()))?;
                let text = self.text(&valid, target, &settings, &mut report.sources)?;
                report.text = Some(text);
                if !self.no_probe {
                    let source = report.sources.file(valid.loaded.file).text();
                    let targets = of_topology(
                        &valid.loaded,
                        target,
                        source,
                        self.template_dir.as_deref(),
                        &self.asking.wishes(),
                    )?;
                    let asked = self.asking.ask(&targets, streams)?;
                    signal = asked.signal;
                    report.nodes = Some(Nodes {
                        targets,
                        probes: asked.probes,
                    });
                }
            }
        }
        for output in &self.output {
            output.write(|format, out| output::write(format, out, &report, Style::default()))?;
        }
        output::write(self.format, streams.out, &report, streams.out_style)?;
        let verbosity = streams.verbosity;
        if self.format == Format::Full {
            output::stages(streams.out, &report, verbosity)?;
        } else if verbosity > Verbosity::Quiet {
            output::stages(streams.err, &report, verbosity)?;
        }
        if let Some(signal) = signal {
            streams.out.flush()?;
            // The process ends as it would have ended without us.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
        let failed = report.has_failed();
        Ok(ExitCode::from(if failed { FINDINGS } else { SUCCESS }))
    }

    /// Renders the topology in memory, lints that, and lets nginx judge it.
    fn text(
        &self,
        valid: &Valid,
        target: Target,
        settings: &crate::rules::Settings,
        sources: &mut SourceMap,
    ) -> Result<Text, Error> {
        let topology = &valid.loaded.topology;
        let source = sources.file(valid.loaded.file).text();
        let templates = self.template_dir.as_deref();
        let files = render::render(topology, target, source, templates)?;
        let (memory, main) = render::in_memory(files);
        // It is our own text: its size follows from the topology's, which has limits.
        let limits = Limits {
            statements: usize::MAX,
            ..Limits::default()
        };
        let mut texts = Texts::new(&memory, limits);
        let over = |_| Error::Usage("the configuration is over a limit".to_owned());
        let root = texts.open(&main).map_err(over)?;
        let config = texts.follow(root, Prefix::of_folder(Path::new("")));
        let options = verdict::Options {
            target,
            modules: Modules::All,
            live: false,
            start: Start::Whole,
        };
        let reading = verdict::read(&texts, &config, &options);
        let declared = Declared::read(&texts.parse(root).tree);
        let (model, collected) = judged(&texts, &config, reading, declared, settings);
        let (findings, suppressed) = suppress(collected, &texts, settings);

        let shift = sources.len() as u32;
        let origins = Origins::new(&valid.loaded, &model);
        let findings: Vec<Finding> = findings
            .into_iter()
            .map(|finding| origins.lift(finding, shift))
            .collect();
        let nginx = self.judgement(|nginx| {
            let openssl = topology.openssl();
            let openssl = openssl.map(|(major, minor, _)| format!("{major}.{minor}"));
            Trial::run(nginx, &texts, &config, &model, openssl.as_deref())
        })?;
        let said = match &nginx {
            Judgement::Given(nginx, trial) => {
                check::findings(trial, nginx, &origins, target, &findings, shift)
            }
            Judgement::NotAsked(_) => Vec::new(),
        };
        for index in 0..texts.sources().len() as u32 {
            let file = texts.sources().file(crate::source::FileId(index));
            sources.add(format!("<generated>/{}", file.name()), file.text().clone());
        }
        Ok(Text {
            target,
            findings,
            suppressed,
            nginx,
            said,
        })
    }

    /// Asks the nginx that is named, or the one that is there.
    fn judgement(
        &self,
        ask: impl FnOnce(&Nginx) -> std::io::Result<Trial>,
    ) -> Result<Judgement, Error> {
        if self.no_nginx {
            return Ok(Judgement::NotAsked("--no-nginx".to_owned()));
        }
        let path = std::env::var_os("PATH");
        let found = || Nginx::find(path.as_deref());
        let Some(program) = self.nginx.clone().or_else(found) else {
            return Ok(Judgement::NotAsked(
                "no nginx was found here; `--nginx PROGRAM` names one".to_owned(),
            ));
        };
        let nginx = match Nginx::ask(&program) {
            Ok(nginx) => nginx,
            Err(error) if self.nginx.is_some() => return Err(error.into()),
            Err(error) => return Ok(Judgement::NotAsked(error.to_string())),
        };
        match ask(&nginx) {
            Ok(trial) => Ok(Judgement::Given(nginx, trial)),
            Err(error) => Ok(Judgement::NotAsked(format!(
                "{} could not judge: {error}",
                program.display()
            ))),
        }
    }
}
