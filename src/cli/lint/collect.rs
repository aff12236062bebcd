//! What is linted, and what is found: files are opened first, in their order, and judged
//! then, each configuration for itself and all at once.

use super::{Args, MAIN_FILE, templates};
use crate::Error;
use crate::finding::{Finding, Severity};
use crate::model::files::{Disk, Files, ReadError};
use crate::model::{Config, Model, Prefix, Refusal, Texts};
use crate::rules::{self, Settings};
use crate::source::{FileId, Span};
use crate::verdict::{self, Declared, Start};
use crate::version::LINT_DEFAULT;
use foldhash::{HashMap, HashSet};
use rayon::prelude::*;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What was found, and in which files.
#[derive(Default)]
pub(in crate::cli) struct Collected {
    pub(in crate::cli) findings: Vec<Finding>,
    pub(in crate::cli) files: BTreeSet<FileId>,
    /// Those of them that were judged only as parts of a configuration, of which the rest may
    /// give rules more to say.
    pub(in crate::cli) parts: BTreeSet<FileId>,
    /// How many findings are not among them, because there were enough.
    pub(in crate::cli) left_out: usize,
}

/// Keeps so many findings, the gravest and of those the first; tells how many others there are,
/// with those that were left out before.
pub(super) fn limit(findings: &mut Vec<Finding>, mut left_out: usize, most: usize) {
    let last = findings.last().map(|finding| finding.primary.span);
    if findings.len() > most {
        left_out += findings.len() - most;
        let mut room = most;
        let mut least = Severity::Error;
        for severity in [Severity::Error, Severity::Warning, Severity::Info] {
            least = severity;
            let alike = { findings.iter() }.filter(|finding| finding.severity == severity);
            match room.checked_sub(alike.count()) {
                Some(left) => room = left,
                None => break,
            }
        }
        findings.retain(|finding| match finding.severity.cmp(&least) {
            Ordering::Greater => true,
            Ordering::Equal if room > 0 => {
                room -= 1;
                true
            }
            _ => false,
        });
    }
    if left_out > 0
        && let Some(last) = last
    {
        let are = match left_out {
            1 => "finding is",
            _ => "findings are",
        };
        let message = format!("{left_out} {are} left out behind the limit of {most}");
        let summary = Finding::new("input-limit", Severity::Info, last, message)
            .help("Repair the first ones and look again");
        findings.push(summary);
    }
}

/// What was opened, in the order in which it is told.
enum Step {
    /// A configuration.
    Judge {
        config: Config,
        /// Whether it is known to be a part of one.
        part: bool,
    },
    /// What kept something from being opened.
    Tell(Box<Finding>),
}

/// Opens all that is named on the command line.
pub(super) struct Lint<'a, 'f> {
    args: &'a Args,
    settings: &'a Settings,
    texts: &'a mut Texts<'f>,
    steps: Vec<Step>,
}

impl<'a, 'f> Lint<'a, 'f> {
    pub(super) fn new(args: &'a Args, settings: &'a Settings, texts: &'a mut Texts<'f>) -> Self {
        Self {
            args,
            settings,
            texts,
            steps: Vec::new(),
        }
    }

    fn prefix(&self, main: &Path) -> Prefix {
        match &self.args.prefix {
            Some(folder) => Prefix::of_folder(folder),
            None => Prefix::of_main_file(main),
        }
    }

    pub(super) fn standard_input(&mut self, text: Vec<u8>) {
        if text.len() as u64 > self.texts.limits().file_bytes {
            self.too_large("<stdin>");
            return;
        }
        let root = match self.texts.add("<stdin>", text) {
            Err(Refusal::TooManyStatements(place)) => {
                self.too_dense(place);
                return;
            }
            added => added.expect("internal: a text has no other limit"),
        };
        self.plan(root, self.prefix(Path::new("-")), false);
    }

    /// A file that was named: it is taken for a main file unless it is plainly a part.
    pub(super) fn main_file(&mut self, path: &Path) -> Result<(), Error> {
        if let Some(root) = self.open(path)? {
            self.plan(root, self.prefix(path), false);
        }
        Ok(())
    }

    /// A folder: its main file, and what that does not include as parts.
    pub(super) fn folder(&mut self, folder: &Path) -> Result<(), Error> {
        let main = folder.join(MAIN_FILE);
        let mut included = BTreeSet::new();
        if main.is_file()
            && let Some(root) = self.open(&main)?
        {
            let config = self.texts.follow(root, self.prefix(&main));
            included.extend(config.files());
            self.steps.push(Step::Judge {
                config,
                part: false,
            });
        }
        let paths = configurations(folder);
        self.texts.open_all(paths.iter().map(PathBuf::as_path));
        let mut parts = Vec::new();
        for path in paths {
            if let Some(file) = self.open(&path)?
                && !included.contains(&file)
            {
                let prefix = self.args.prefix.as_deref().unwrap_or(folder);
                parts.push(self.texts.follow(file, Prefix::of_folder(prefix)));
            }
        }
        let mut above: HashMap<FileId, Vec<usize>> = HashMap::default();
        for (index, part) in parts.iter().enumerate() {
            for file in part.files().filter(|file| *file != part.root) {
                above.entry(file).or_default().push(index);
            }
        }
        let mut judged = included;
        let mut planned = Vec::new();
        for part in &parts {
            // A part of another part is judged there.
            let others = above.get(&part.root).into_iter().flatten();
            let mut others = others.map(|other| &parts[*other]);
            let below = others.any(|other| !part.has(other.root));
            planned.push(!below && !judged.contains(&part.root));
            if planned.last() == Some(&true) {
                judged.extend(part.files());
            }
        }
        let planned = parts.into_iter().zip(planned).filter(|(_, plan)| *plan);
        self.steps
            .extend(planned.map(|(config, _)| Step::Judge { config, part: true }));
        Ok(())
    }

    fn plan(&mut self, root: FileId, prefix: Prefix, part: bool) {
        let config = self.texts.follow(root, prefix);
        self.steps.push(Step::Judge { config, part });
    }

    /// Opens a file that the user named; `None` where a finding says why not.
    fn open(&mut self, path: &Path) -> Result<Option<FileId>, Error> {
        let unreadable = |source: std::io::Error| Error::Read {
            path: path.to_owned(),
            source,
        };
        match self.texts.open(path) {
            Ok(file) => Ok(Some(file)),
            Err(Refusal::TooLarge | Refusal::TooManyBytes | Refusal::TooManyFiles) => {
                self.too_large(&path.display().to_string());
                Ok(None)
            }
            Err(Refusal::TooManyStatements(place)) => {
                self.too_dense(place);
                Ok(None)
            }
            Err(Refusal::Special) => Err(Error::Usage(format!(
                "{} is a pipe, a socket or a device, and is not opened; write `-` to read standard \
                 input",
                path.display()
            ))),
            Err(_) => {
                let error = match Disk.read(path, 0) {
                    Err(ReadError::Io(error)) => error,
                    Err(ReadError::Folder) => std::io::ErrorKind::IsADirectory.into(),
                    _ => std::io::ErrorKind::NotFound.into(),
                };
                Err(unreadable(error))
            }
        }
    }

    fn too_large(&mut self, name: &str) {
        let limits = self.texts.limits();
        let added = self.texts.add(name, Vec::new());
        let file = added.expect("internal: an empty text has no statements");
        let message = format!(
            "`{name}` is over a limit: {} bytes for one file, {} bytes and {} files in all",
            limits.file_bytes, limits.total_bytes, limits.files
        );
        let finding = Finding::error("input-limit", Span::new(file, 0, 0), message)
            .help("Split it, or raise the limit with `--max-file-bytes` and its like");
        self.steps.push(Step::Tell(Box::new(finding)));
    }

    /// `place` is the end of the first statement that is too many.
    fn too_dense(&mut self, place: Span) {
        let most = self.texts.limits().statements;
        let message = format!("there are more statements than the limit of {most} in all");
        let finding = Finding::error("input-limit", place, message)
            .label("the first one too many")
            .help("Split the file, or raise the limit with `--max-statements`");
        self.steps.push(Step::Tell(Box::new(finding)));
    }

    /// Judges all that was opened; the order is that of opening, whatever ends first.
    pub(super) fn judge(self) -> Collected {
        let judge = Judge {
            args: self.args,
            settings: self.settings,
            texts: self.texts,
            ends: self.steps.len() == 1 && !self.args.repairs(),
        };
        let one = |step: Step| judge.step(step);
        let judged: Vec<_> = match self.steps.len() {
            // No threads are started for a single one.
            0 | 1 => self.steps.into_iter().map(one).collect(),
            _ => self.steps.into_par_iter().map(one).collect(),
        };
        let mut collected = Collected::default();
        let mut known = HashSet::default();
        let mut whole: BTreeSet<FileId> = BTreeSet::new();
        for step in judged {
            let Collected {
                mut findings,
                files,
                parts,
                left_out,
            } = step;
            collected.left_out += left_out;
            findings.retain(|finding| known.insert((finding.rule, finding.primary.span)));
            if collected.findings.is_empty() {
                collected.findings = findings;
            } else {
                collected.findings.append(&mut findings);
            }
            whole.extend(files.difference(&parts));
            collected.files.extend(files);
            collected.parts.extend(parts);
        }
        collected.parts.retain(|file| !whole.contains(file));
        collected
    }
}

/// Judges configurations.
struct Judge<'a, 'f> {
    args: &'a Args,
    settings: &'a Settings,
    texts: &'a Texts<'f>,
    /// Whether this is the last thing that the process does.
    ends: bool,
}

impl Judge<'_, '_> {
    fn step(&self, step: Step) -> Collected {
        match step {
            Step::Judge { config, part } => self.collected(&config, part),
            Step::Tell(finding) => Collected {
                findings: vec![*finding],
                ..Collected::default()
            },
        }
    }

    fn collected(&self, config: &Config, part: bool) -> Collected {
        let tree = &self.texts.parse(config.root).tree;
        let declared = Declared::read(tree);
        let stated = self.args.nginx_version.or(declared.target);
        let target = { stated.or(self.settings.nginx_version) }
            .unwrap_or_else(|| LINT_DEFAULT.parse().expect("internal: a known release"));
        let modules = { self.args.modules.as_ref() }.or(self.settings.modules.as_ref());
        let modules = modules.cloned().unwrap_or_default();
        let start = self
            .args
            .context
            .or(declared.start)
            .unwrap_or_else(|| Start::infer(tree, target, part));
        let options = verdict::Options {
            target,
            modules,
            live: self.args.live,
            start,
        };
        let reading = verdict::read(self.texts, config, &options);
        let (model, collected) = judged(self.texts, config, reading, declared, self.settings);
        if self.ends {
            // The process ends soon: to take a large model apart is a tenth of the work.
            std::mem::forget(model);
        }
        collected
    }
}

/// What is to be said about a configuration that was read: what nginx would say, what is wrong
/// with comments, and what the rules find.
pub(in crate::cli) fn judged<'m>(
    texts: &'m Texts<'m>,
    config: &Config,
    reading: verdict::Reading<'m>,
    declared: Declared,
    settings: &Settings,
) -> (Model<'m>, Collected) {
    let selection = &settings.selection;
    let is_on = |rule, of_nginx| {
        rules::find(rule).is_none_or(|meta| match of_nginx {
            true => selection.has_verdict(meta),
            false => selection.has(meta),
        })
    };
    let verdict::Reading {
        model,
        mut findings,
        left_out,
    } = reading;
    findings.extend(declared.errors.into_iter().map(|(span, message)| {
        Finding::warning("invalid-comment", span, message).help("Correct the comment, or remove it")
    }));
    findings.retain(|finding| is_on(finding.rule, finding.nginx.is_some()));
    templates::advise(texts, &mut findings);
    findings.extend(rules::run(&model, texts, settings, selection));
    // What nginx refuses comes first, in its order; the rest as the files are read.
    findings.sort_by_key(|finding| {
        let place = finding.primary.span;
        (!finding.is_refusal()).then_some((place.file, place.start))
    });
    templates::forget_behind_tags(texts, config, &mut findings);
    let left_out = left_out.iter().filter(|(rule, _)| is_on(rule, true));
    let files: BTreeSet<_> = config.files().collect();
    let collected = Collected {
        findings,
        parts: if model.whole {
            BTreeSet::new()
        } else {
            files.clone()
        },
        files,
        left_out: left_out.map(|(_, count)| count).sum(),
    };
    (model, collected)
}

/// The files `*.conf` below a folder, sorted; links to folders are not followed.
fn configurations(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for name in Disk.list(&folder) {
            let path = folder.join(name);
            let Ok(metadata) = path.symlink_metadata() else {
                continue;
            };
            if metadata.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "conf")
                && path.is_file()
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
