//! What a real nginx says about a configuration, and what djanginx says.

#![allow(dead_code, reason = "each test target uses its own part")]

use crate::engines::Engine;
use djanginx::directives::Modules;
use djanginx::finding::{Finding, NginxLevel};
use djanginx::model::files::Memory;
use djanginx::model::{Limits, Prefix, Texts};
use djanginx::verdict::{Options, Start, read};
use djanginx::version::Target;
use std::fmt;
use std::path::Path;

/// One message about a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) level: NginxLevel,
    pub(crate) message: String,
    /// The line that nginx names, if it names one.
    pub(crate) line: Option<u32>,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            NginxLevel::Emerg => "emerg",
            NginxLevel::Warn => "warn",
        };
        write!(f, "[{level}] {}", self.message)?;
        match self.line {
            Some(line) => write!(f, " (line {line})"),
            None => Ok(()),
        }
    }
}

/// The refusal among what is said; `None` where nginx loads.
pub(crate) fn refusal(said: &[Said]) -> Option<&Said> {
    said.iter().find(|said| said.level == NginxLevel::Emerg)
}

/// What `nginx -t` says: warnings up to the first refusal, and that.
///
/// `folder` is where relative paths begin, and holds `nginx.conf` afterwards.
pub(crate) fn asked(engine: &Engine, folder: &Path, text: &[u8]) -> Vec<Said> {
    let path = folder.join("nginx.conf");
    std::fs::write(&path, text).expect("written");
    // The fixtures log below the prefix.
    std::fs::create_dir_all(folder.join("logs")).expect("a folder");
    let verdict = engine.check(folder, &path);
    let mut all = Vec::new();
    for line in verdict.text.lines() {
        let levels = [
            ("[emerg] ", NginxLevel::Emerg),
            ("[crit] ", NginxLevel::Emerg),
            ("[alert] ", NginxLevel::Emerg),
            ("[warn] ", NginxLevel::Warn),
        ];
        let found = levels.iter().find_map(|(mark, level)| {
            let (_, message) = line.split_once(mark)?;
            Some((*level, message))
        });
        if let Some((level, message)) = found {
            let said = said(level, message, &path);
            let ends = level == NginxLevel::Emerg;
            all.push(said);
            if ends {
                break;
            }
        }
    }
    assert_eq!(
        verdict.accepted,
        refusal(&all).is_none(),
        "{}",
        verdict.text
    );
    all
}

fn said(level: NginxLevel, message: &str, path: &Path) -> Said {
    // Before it has read anything, nginx puts its process in front.
    let message = match message.split_once(": ") {
        Some((process, message)) if process.bytes().all(|b| b == b'#' || b.is_ascii_digit()) => {
            message
        }
        _ => message,
    };
    let place = format!(" in {}:", path.display());
    let placed = message
        .rsplit_once(place.as_str())
        .and_then(|(message, line)| Some((message, line.parse().ok()?)));
    match placed {
        Some((message, line)) => Said {
            level,
            message: message.to_owned(),
            line: Some(line),
        },
        None => Said {
            level,
            message: message.to_owned(),
            line: None,
        },
    }
}

/// What djanginx says in nginx's words: warnings up to the first refusal, and that.
pub(crate) fn ours(target: Target, folder: &Path, text: &[u8]) -> Vec<Said> {
    let path = folder.join("nginx.conf");
    let mut files = Memory::new();
    files.insert(&path, text);
    let mut texts = Texts::new(&files, Limits::default());
    let root = texts.open(&path).expect("in memory");
    let config = texts.follow(root, Prefix::of_folder(folder));
    let options = Options {
        target,
        modules: Modules::All,
        live: false,
        start: Start::Whole,
    };
    let said = |finding: &Finding| {
        let nginx = finding.nginx.clone()?;
        Some(Said {
            level: nginx.level,
            message: nginx.message,
            line: nginx.at.map(|at| texts.sources().end(at).line),
        })
    };
    let findings = read(&texts, &config, &options).findings;
    for finding in &findings {
        assert!(
            djanginx::rules::find(finding.rule).is_some(),
            "`{}` has no manual: write one in src/rules/said.rs",
            finding.rule
        );
    }
    let mut all: Vec<Said> = findings.iter().filter_map(said).collect();
    let end = all.iter().position(|said| said.level == NginxLevel::Emerg);
    all.truncate(end.map_or(all.len(), |end| end + 1));
    all
}
