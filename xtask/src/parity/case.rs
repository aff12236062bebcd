//! Configurations with what nginx said about them.

use anyhow::{Context, Result, bail};
use djanginx::version::{MAINLINE, Target, Version};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One configuration.
#[derive(Debug)]
pub(crate) struct Case {
    /// What it is called in the report.
    pub(crate) name: String,
    /// Its path in the project that it is from; empty where it is from none.
    pub(crate) source: String,
    /// The folder that it may read.
    pub(crate) folder: PathBuf,
    /// The main file.
    pub(crate) main: PathBuf,
    /// Whether it may read nothing but its main file.
    pub(crate) alone: bool,
    /// In which list it is counted.
    pub(crate) class: Class,
    /// What nginx said; `None` where it loads.
    pub(crate) refusal: Option<Refusal>,
}

/// In which list a case is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// The verdict is about the text.
    Counted,
    /// Names that a fragment does not define had to be supplied.
    Supplied,
    /// The verdict is about something else, such as the machine.
    Other(String),
}

/// The first error of nginx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) message: String,
    /// Relative to the folder; `None` for the main file, and where nginx names none.
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
}

#[derive(Deserialize)]
struct Label {
    path: String,
    kind: String,
    entry: Option<String>,
    #[serde(default)]
    source: String,
    #[serde(flatten)]
    mainline: Said,
    v122: Option<Said>,
}

#[derive(Deserialize)]
struct Said {
    ok: bool,
    class: String,
    message: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    #[serde(default)]
    env_fixes: Vec<String>,
}

/// Reads `labels.jsonl`.
pub(crate) fn labelled(folder: &Path, target: Target) -> Result<Vec<Case>> {
    let path = folder.join("labels.jsonl");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let mut cases = Vec::new();
    for line in text.lines() {
        let label: Label = serde_json::from_str(line)?;
        let said = match target.version {
            MAINLINE => label.mainline,
            version if version == Version::new(1, 22, 1) => {
                label.v122.context("a case without a verdict of 1.22")?
            }
            _ => bail!("labels are for mainline and 1.22.1; ask a program with --nginx"),
        };
        let place = folder.join(&label.path);
        let alone = label.kind == "file";
        let (folder, main) = match label.entry {
            Some(entry) => (place.clone(), place.join(entry)),
            None => (place.parent().unwrap_or(folder).to_owned(), place),
        };
        let class = match said.class.as_str() {
            "ok" | "config" if said.env_fixes.iter().any(|fix| fix.starts_with("define:")) => {
                Class::Supplied
            }
            "ok" | "config" => Class::Counted,
            other => Class::Other(other.to_owned()),
        };
        let refusal = (!said.ok).then(|| Refusal {
            message: said.message.unwrap_or_default(),
            file: said.file,
            line: said.line,
        });
        cases.push(Case {
            name: label.path,
            source: label.source,
            folder,
            main,
            alone,
            class,
            refusal,
        });
    }
    Ok(cases)
}

/// Asks a program about every `.conf` of a folder.
pub(crate) fn ask(folder: &Path, binary: &Path) -> Result<Vec<Case>> {
    // nginx names files in full.
    let folder = &std::path::absolute(folder)?;
    let scratch = std::env::temp_dir().join(format!("djanginx-parity-{}", std::process::id()));
    std::fs::create_dir_all(scratch.join("logs"))?;
    let mut cases = Vec::new();
    let mut names: Vec<_> = std::fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "conf")
        })
        .collect();
    names.sort();
    for path in names {
        let output = Command::new(binary)
            .args(["-t", "-q", "-e", "stderr", "-g"])
            .arg(format!("pid {};", scratch.join("pid").display()))
            .arg("-p")
            .arg(&scratch)
            .arg("-c")
            .arg(&path)
            .output()
            .with_context(|| format!("cannot run {}", binary.display()))?;
        let text = String::from_utf8_lossy(&output.stderr);
        let refusal = text
            .lines()
            .find_map(|line| Some(refusal(line.split_once("[emerg] ")?.1, folder)));
        if refusal.is_none() && !output.status.success() {
            bail!("{}: {text}", path.display());
        }
        cases.push(Case {
            name: path.display().to_string(),
            source: String::new(),
            folder: folder.to_owned(),
            main: path,
            alone: false,
            class: Class::Counted,
            refusal,
        });
    }
    std::fs::remove_dir_all(&scratch)?;
    Ok(cases)
}

/// Takes what is behind `[emerg]` apart.
fn refusal(text: &str, folder: &Path) -> Refusal {
    let text = text.split_once(": ").map_or(text, |(process, message)| {
        let numbers = |c: char| c.is_ascii_digit() || c == '#';
        if process.chars().all(numbers) {
            message
        } else {
            text
        }
    });
    let placed = text.rsplit_once(" in ").and_then(|(message, place)| {
        let (file, line) = place.rsplit_once(':')?;
        Some((message, file, line.parse().ok()?))
    });
    match placed {
        Some((message, file, line)) => Refusal {
            message: message.to_owned(),
            file: Path::new(file)
                .strip_prefix(folder)
                .ok()
                .map(|file| file.display().to_string()),
            line: Some(line),
        },
        None => Refusal {
            message: text.to_owned(),
            file: None,
            line: None,
        },
    }
}
