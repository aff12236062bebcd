//! What djanginx says about a case.

use super::case::{Case, Refusal};
use anyhow::{Result, bail};
use djanginx::directives::Modules;
use djanginx::finding::{Finding, NginxLevel};
use djanginx::model::files::{Disk, Files, ReadError};
use djanginx::model::{Limits, Prefix, Texts};
use djanginx::rules::{self, Selection, Settings};
use djanginx::source::SourceMap;
use djanginx::verdict::{Options, Reading, Start, read};
use djanginx::version::Target;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

/// The files that a case may read.
struct Folder<'c>(&'c Case);

impl Folder<'_> {
    fn allows(&self, path: &Path) -> bool {
        path == self.0.main || (!self.0.alone && path.starts_with(&self.0.folder))
    }
}

impl Files for Folder<'_> {
    fn read(&self, path: &Path, most: u64) -> Result<Arc<[u8]>, ReadError> {
        if self.allows(path) {
            Disk.read(path, most)
        } else {
            Err(ReadError::Missing)
        }
    }

    fn list(&self, folder: &Path) -> Vec<OsString> {
        if !self.0.alone && folder.starts_with(&self.0.folder) {
            Disk.list(folder)
        } else {
            Vec::new()
        }
    }

    fn exists(&self, path: &Path) -> bool {
        self.allows(path) && Disk.exists(path)
    }
}

/// The first error of djanginx; `None` where it finds that nginx loads the case.
pub(crate) fn of(case: &Case, target: Target) -> Result<Option<Refusal>> {
    let first = judge(case, target, |reading, texts| {
        let findings = reading.findings.iter();
        let mut refusals = findings.filter_map(|finding| refusal(finding, texts.sources()));
        refusals.next()
    })?;
    Ok(first.map(|mut refusal| {
        let file = refusal.file.take();
        refusal.file = file.and_then(|file| {
            let file = Path::new(&file).strip_prefix(&case.folder).ok()?;
            (!case.alone).then(|| file.display().to_string())
        });
        refusal
    }))
}

/// The ids of all that djanginx finds with these rules.
pub(crate) fn ids(
    case: &Case,
    target: Target,
    selection: &Selection,
) -> Result<BTreeSet<&'static str>> {
    judge(case, target, |reading, texts| {
        let settings = Settings::default();
        let found = rules::run(&reading.model, texts, &settings, selection);
        let all = reading.findings.iter().chain(&found);
        all.map(|finding| finding.rule).collect()
    })
}

/// Reads a case and hands on what it means.
fn judge<T>(
    case: &Case,
    target: Target,
    ask: impl for<'m> FnOnce(&Reading<'m>, &'m Texts<'m>) -> T,
) -> Result<T> {
    let files = Folder(case);
    let mut texts = Texts::new(&files, Limits::default());
    let root = match texts.open(&case.main) {
        Ok(root) => root,
        Err(refusal) => bail!("{refusal:?}"),
    };
    let config = texts.follow(root, Prefix::of_main_file(&case.main));
    let options = Options {
        target,
        modules: Modules::All,
        live: false,
        start: Start::Whole,
    };
    Ok(ask(&read(&texts, &config, &options), &texts))
}

fn refusal(finding: &Finding, sources: &SourceMap) -> Option<Refusal> {
    let nginx = finding.nginx.as_ref()?;
    (nginx.level == NginxLevel::Emerg).then(|| Refusal {
        message: nginx.message.clone(),
        file: nginx.at.map(|at| sources.file(at.file).name().to_owned()),
        line: nginx.at.map(|at| sources.end(at).line),
    })
}
