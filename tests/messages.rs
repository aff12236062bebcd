//! Every message that nginx can print about the text of a configuration is either printed by
//! djanginx for some case of `fixtures/verdict/*.txt`, which real engines judge too, or is
//! listed with the reason why not.
//!
//! `fixtures/verdict/messages.yaml` has the messages by module, with `%V`, `%s`, `%i` and
//! their like for what varies, the directives that they are about, and, where djanginx does
//! not print one, the reason.

#![allow(clippy::unwrap_used)] // a test may panic

#[path = "support/cases.rs"]
mod cases;

use djanginx::directives::Modules;
use djanginx::finding::NginxLevel;
use djanginx::model::files::Memory;
use djanginx::model::{Limits, Prefix, Texts};
use djanginx::syntax::{Directive, WalkEvent};
use djanginx::values::regex::Regex;
use djanginx::verdict::{Options, Start, read};
use djanginx::version::Target;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// A message, as nginx's sources have it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    message: String,
    /// The directives that it is about; any where there are none.
    #[serde(default, rename = "for")]
    directives: Vec<String>,
    /// Why djanginx does not print it.
    unchecked: Option<String>,
}

/// What djanginx says about a case, in nginx's words.
struct Said {
    message: String,
    /// `http`, `stream`, `mail` or another outermost directive; the directive that it is
    /// about, and those around it.
    around: Vec<String>,
}

#[test]
fn every_message_is_checked_or_has_a_reason() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/verdict/messages.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let modules: BTreeMap<String, Vec<Message>> = serde_yaml::from_str(&text).unwrap();
    let said = all_said();
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut checked, mut wrong) = (0, Vec::new());
    for (module, messages) in &modules {
        for message in messages {
            let is_said = is_said(module, message, &said);
            let shown = format!("{module}: {} {:?}", message.message, message.directives);
            match (&message.unchecked, is_said) {
                (None, true) => checked += 1,
                (Some(reason), false) => *reasons.entry(reason).or_default() += 1,
                (None, false) => wrong.push(format!("no case: {shown}")),
                (Some(_), true) => wrong.push(format!("checked after all: {shown}")),
            }
        }
    }
    println!("{checked} messages are checked");
    for (reason, count) in &reasons {
        println!("{count} are not: {reason}");
    }
    assert!(
        wrong.is_empty(),
        "{} messages\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn is_said(module: &str, message: &Message, said: &[Said]) -> bool {
    let pattern = pattern(&message.message);
    let family = ["http", "stream", "mail"]
        .into_iter()
        .find(|family| module.starts_with(family));
    said.iter().any(|said| {
        let outermost = said.around.last().map(String::as_str);
        let in_family = family.is_none() || outermost == family;
        let about = message.directives.is_empty() || { message.directives.iter() }
            .any(|name| said.around.contains(name));
        in_family && about && pattern.is_match(said.message.as_bytes())
    })
}

/// An expression for a message of nginx's sources.
fn pattern(message: &str) -> Regex {
    let mut pattern = String::from("(?s)^");
    let mut rest = message;
    while let Some(at) = rest.find('%') {
        pattern.push_str(&format!("\\Q{}\\E", &rest[..at]));
        let letters = rest[at + 1..].chars();
        let length = letters
            .take_while(|letter| letter.is_ascii_alphabetic() || *letter == '*')
            .count();
        let (kind, behind) = rest[at + 1..].split_at(length);
        pattern.push_str(match kind {
            "i" | "d" | "ui" | "uz" | "ud" | "z" => "-?[0-9]+",
            "c" => ".",
            _ => ".*",
        });
        rest = behind;
    }
    pattern.push_str(&format!("\\Q{rest}\\E$"));
    Regex::new(pattern.as_bytes(), false).unwrap()
}

/// What djanginx says about all cases up to the first refusal, for several releases.
fn all_said() -> Vec<Said> {
    let releases = ["1.18.0", "1.22.1", "1.26.3", "1.28.3", "mainline"];
    let mut all = Vec::new();
    for release in releases {
        let target: Target = release.parse().unwrap();
        for case in cases::cases() {
            if case.is_for(target) {
                all.extend(said(target, &case.text));
            }
        }
    }
    all
}

fn said(target: Target, text: &str) -> Vec<Said> {
    let path = Path::new("/nginx/nginx.conf");
    let mut files = Memory::new();
    files.insert(path, text.as_bytes());
    let mut texts = Texts::new(&files, Limits::default());
    let root = texts.open(path).unwrap();
    let config = texts.follow(root, Prefix::of_folder(Path::new("/nginx")));
    let options = Options {
        target,
        modules: Modules::All,
        live: false,
        start: Start::Whole,
    };
    let tree = &texts.parse(root).tree;
    let directives: Vec<Directive<'_>> = tree
        .walk()
        .filter_map(|event| match event {
            WalkEvent::Enter(directive) => Some(directive),
            WalkEvent::Leave(_) => None,
        })
        .collect();
    let mut all = Vec::new();
    for finding in read(&texts, &config, &options).findings {
        let Some(nginx) = finding.nginx else { continue };
        let at = finding.primary.span.start;
        let innermost = { directives.iter().rev() }.find(|directive| {
            let span = directive.span();
            (span.start..=span.end).contains(&at)
        });
        let around = std::iter::successors(innermost.copied(), |it| it.parent());
        all.push(Said {
            message: nginx.message,
            around: around
                .map(|directive| directive.name().to_str().into_owned())
                .collect(),
        });
        if nginx.level == NginxLevel::Emerg {
            break;
        }
    }
    all
}
