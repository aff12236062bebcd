//! Comments that keep findings back: `# djanginx: ignore RULE[, RULE] reason` on the line or
//! the one before, `# djanginx: ignore-file RULE[, RULE] reason` anywhere in a file.

use super::{find, nearest};
use crate::finding::{Finding, Severity};
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::Tree;
use foldhash::HashMap;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is told.
    Told,
    /// A comment keeps it back.
    Suppressed,
}

/// A rule that a comment names.
#[derive(Debug, Clone)]
struct Named {
    rule: &'static str,
    span: Span,
    used: bool,
}

/// The comments of files.
#[derive(Debug, Clone, Default)]
pub struct Suppressions {
    /// By file and line.
    lines: HashMap<(FileId, u32), Vec<Named>>,
    files: HashMap<FileId, Vec<Named>>,
    wrong: Vec<Finding>,
}

/// What every comment for us has; made once, as there may be many small files.
static MARK: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("djanginx:"));

impl Suppressions {
    /// Reads the comments of a file.
    pub fn read(&mut self, tree: &Tree, sources: &SourceMap) {
        if MARK.find(tree.text()).is_none() {
            return;
        }
        let text = tree.text();
        for comment in tree.comments() {
            let span = comment.span();
            let Ok(said) = std::str::from_utf8(comment.text()) else {
                continue;
            };
            let Some((before, said)) = said.split_once("djanginx:") else {
                continue;
            };
            if !before.trim().is_empty() {
                continue;
            }
            let offset = span.start as usize + 1 + before.len() + "djanginx:".len();
            let trimmed = said.trim_start();
            let offset = offset + said.len() - trimmed.len();
            let Some((word, rest)) = trimmed.split_once(char::is_whitespace) else {
                if matches!(trimmed, "ignore" | "ignore-file") {
                    self.wrong.push(no_rule(span));
                }
                continue;
            };
            let whole_file = match word {
                "ignore" => false,
                "ignore-file" => true,
                _ => continue,
            };
            let names = self.names(rest, span.file, offset + word.len() + 1);
            if whole_file {
                self.files.entry(span.file).or_default().extend(names);
                continue;
            }
            let line = sources.start(span).line;
            let begins = text[..span.start as usize]
                .iter()
                .rev()
                .take_while(|byte| **byte != b'\n')
                .all(|byte| byte.is_ascii_whitespace());
            let line = line + u32::from(begins);
            let place = self.lines.entry((span.file, line)).or_default();
            place.extend(names);
        }
    }

    /// The rules that begin a comment; the first word that is not followed by a comma ends
    /// them, and the rest is the reason.
    fn names(&mut self, rest: &str, file: FileId, offset: usize) -> Vec<Named> {
        let mut names = Vec::new();
        let mut at = 0;
        loop {
            let begin = at + rest[at..].len() - rest[at..].trim_start().len();
            let end = rest[begin..]
                .find(|c: char| c == ',' || c.is_whitespace())
                .map_or(rest.len(), |end| begin + end);
            let word = &rest[begin..end];
            let start = (offset + begin) as u32;
            let span = Span::new(file, start, start + word.len() as u32);
            match find(word) {
                Some(meta) => names.push(Named {
                    rule: meta.id,
                    span,
                    used: false,
                }),
                None if word.is_empty() => self.wrong.push(no_rule(span)),
                None => {
                    let finding =
                        Finding::error("unknown-rule", span, format!("there is no rule `{word}`"));
                    self.wrong.push(finding.help(match nearest(word) {
                        Some(known) => format!("Write `{known}`"),
                        None => "`djanginx rules` lists the rules".to_owned(),
                    }));
                }
            }
            let behind = rest[end..].trim_start();
            match behind.strip_prefix(',') {
                Some(more) => at = rest.len() - more.len(),
                None => return names,
            }
        }
    }

    /// Whether a comment keeps a finding back.
    pub fn judge(&mut self, finding: &Finding, sources: &SourceMap) -> Verdict {
        let span = finding.primary.span;
        let line = || sources.start(span).line;
        let named = match (self.lines.is_empty(), self.files.get_mut(&span.file)) {
            (true, None) => return Verdict::Told,
            (_, Some(names)) if names.iter().any(|named| named.rule == finding.rule) => Some(names),
            _ => self.lines.get_mut(&(span.file, line())),
        };
        let mut verdict = Verdict::Told;
        for named in named.into_iter().flatten() {
            if named.rule == finding.rule {
                named.used = true;
                verdict = Verdict::Suppressed;
            }
        }
        verdict
    }

    /// What is wrong with the comments: names that are no rules, and comments that kept
    /// nothing back although their rule could say all that it has to say about the file.
    #[must_use]
    pub fn finish(self, speaks: impl Fn(&str, FileId) -> bool) -> Vec<Finding> {
        let mut findings = self.wrong;
        let all = self.lines.into_values().chain(self.files.into_values());
        let unused = |named: &Named| !named.used && speaks(named.rule, named.span.file);
        for named in all.flatten().filter(unused) {
            let message = format!(
                "`{}` is not found here: the comment keeps nothing back",
                named.rule
            );
            findings.push(
                Finding::new("unused-suppression", Severity::Warning, named.span, message)
                    .help("Remove the rule from the comment"),
            );
        }
        findings.sort_by_key(|finding| {
            let span = finding.primary.span;
            (span.file.0, span.start)
        });
        findings
    }
}

fn no_rule(span: Span) -> Finding {
    Finding::error("unknown-rule", span, "the comment names no rule")
        .help("Write the rule behind `ignore`, as in `# djanginx: ignore server-tokens our reason`")
}
