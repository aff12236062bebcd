//! Files that make a configuration and are none: what nginx refuses in them says so.

use crate::finding::Finding;
use crate::model::{Config, Texts};
use crate::source::Span;
use crate::syntax::SyntaxErrorKind;

/// Says what to do where nginx refuses what something else fills in.
pub(super) fn advise(texts: &Texts<'_>, findings: &mut [Finding]) {
    for finding in findings.iter_mut().filter(|finding| finding.is_refusal()) {
        let place = finding.primary.span;
        if let Some(help) = help(texts.parse(place.file).tree.text(), place) {
            finding.help = Some(help.into());
        }
    }
}

/// Leaves out what is found behind the first tag of a template.
pub(super) fn forget_behind_tags(texts: &Texts<'_>, config: &Config, findings: &mut Vec<Finding>) {
    for file in config.files() {
        let parse = texts.parse(file);
        let mut errors = parse.errors.iter();
        if let Some(tag) = errors.find(|error| error.kind == SyntaxErrorKind::TemplateTag) {
            forget_behind(tag.span, parse.tree.text(), findings);
        }
    }
}

/// Of a file that makes a configuration and is none, keeps what nginx would refuse in the lines
/// before the first tag, and the tag, at which nginx stops with its first words about that line.
fn forget_behind(tag: Span, text: &[u8], findings: &mut Vec<Finding>) {
    let tells = |finding: &Finding| finding.primary.span == tag && finding.is_refusal();
    if !findings.iter().any(tells) {
        // Nobody wants to know, and what was found without the tag is all there is.
        return;
    }
    let before = &text[..tag.start as usize];
    let line = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    let mut stops = None;
    let mut seen = false;
    findings.retain(|finding| {
        let place = finding.primary.span;
        if place.file != tag.file {
            return true;
        }
        if finding.is_refusal() && !seen && (place.end as usize) < line {
            return true;
        }
        if finding.is_refusal() && stops.is_none() {
            stops.clone_from(&finding.nginx);
        }
        seen |= tells(finding);
        tells(finding)
    });
    if let Some(told) = findings.iter_mut().find(|finding| tells(finding)) {
        told.nginx = stops;
    }
}

/// How many bytes round a finding are looked at.
const NEAR: usize = 512;

/// What to do where something else fills in what nginx refuses.
fn help(text: &[u8], place: Span) -> Option<String> {
    let (start, end) = (place.start as usize, place.end as usize);
    if let Some(name) = placeholder(&text[start..end.min(start + NEAR)]) {
        return Some(format!(
            "Where something fills in `{name}`, lint what comes out: `envsubst < FILE | djanginx \
             lint -`"
        ));
    }
    // Of its line, as much as can be one statement.
    let (before, behind) = text.split_at(start);
    let before = &before[before.len().saturating_sub(NEAR)..];
    let before = &before[memchr::memrchr(b'\n', before).map_or(0, |end| end + 1)..];
    let behind = &behind[..behind.len().min(NEAR)];
    let behind = &behind[..memchr::memchr(b'\n', behind).unwrap_or(behind.len())];
    let has_tag = |part| memchr::memmem::find(part, b"<%").is_some();
    let tag = has_tag(before) || has_tag(behind);
    tag.then(|| "Let the template make the configuration, and lint that".to_owned())
}

/// A `${NAME}` in capitals: nginx's variables are not written so, those of an environment are.
fn placeholder(text: &[u8]) -> Option<&str> {
    let start = memchr::memmem::find(text, b"${")?;
    let end = start + memchr::memchr(b'}', &text[start..])? + 1;
    let found = std::str::from_utf8(&text[start..end]).ok()?;
    let name = &found.as_bytes()[2..found.len() - 1];
    let is_capital = |byte: &u8| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_');
    (!name.is_empty() && name.len() <= 40 && name.iter().all(is_capital)).then_some(found)
}
