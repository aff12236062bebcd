//! A tree and its errors as text, for snapshots.

use djanginx::source::{SourceMap, Span, readable};
use djanginx::syntax::{Block, Directive, Item, Parse, SyntaxError, Terminator, parse};
use std::fmt::Write as _;

/// A text with what became of it.
pub(crate) struct Read {
    pub(crate) map: SourceMap,
    pub(crate) parse: Parse,
}

pub(crate) fn read(text: impl AsRef<[u8]>) -> Read {
    let mut map = SourceMap::new();
    let file = map.add("nginx.conf", text.as_ref());
    let parse = parse(file, map.file(file).text().clone());
    Read { map, parse }
}

impl Read {
    /// The tree, one item a line, and behind it the errors.
    pub(crate) fn outline(&self) -> String {
        let mut out = String::new();
        let mut blocks = vec![self.parse.tree.root().items()];
        while let Some(items) = blocks.last_mut() {
            let next = items.next();
            let depth = blocks.len() - 1;
            let indent = "    ".repeat(depth.saturating_sub(usize::from(next.is_none())));
            match next {
                Some(Item::Directive(directive)) => {
                    let _ = writeln!(out, "{indent}{}", self.statement(directive));
                    blocks.extend(directive.block().map(Block::items));
                }
                Some(Item::Comment(comment)) => {
                    let _ = writeln!(out, "{indent}#{}", readable(comment.text()).escape_debug());
                }
                Some(Item::Nameless(block)) => {
                    let _ = writeln!(out, "{indent}(nameless) {{");
                    blocks.push(block.items());
                }
                None => {
                    blocks.pop();
                    if !blocks.is_empty() {
                        let _ = writeln!(out, "{indent}}}");
                    }
                }
            }
        }
        self.parse
            .errors
            .iter()
            .for_each(|error| self.error(error, &mut out));
        out
    }

    fn statement(&self, directive: Directive<'_>) -> String {
        let words: Vec<_> = directive
            .words()
            .map(|word| format!("⟨{}⟩", word.to_str().escape_debug()))
            .collect();
        let end = match (directive.terminator(), directive.raw_body()) {
            (_, Some(body)) => format!("{{{}}}", readable(self.map.slice(body))),
            (Terminator::Semicolon, _) => ";".to_owned(),
            (Terminator::Block, _) => "{".to_owned(),
            (Terminator::Missing, _) => "(missing)".to_owned(),
        };
        format!("{} {end}", words.join(" "))
    }

    fn error(&self, error: &SyntaxError, out: &mut String) {
        let text = self.parse.tree.text();
        let _ = writeln!(
            out,
            "{} {}: {}\n  label: {}\n  help: {}",
            self.place(error.span),
            error.rule(),
            error.message(text),
            error.label(),
            error.help(),
        );
        if let Some(related) = error.related {
            let _ = writeln!(out, "  {}: {}", self.place(related), error.related_label());
        }
        let _ = writeln!(out, "  nginx: {}", self.nginx(error));
    }

    /// What nginx would print, without level and file.
    pub(crate) fn nginx(&self, error: &SyntaxError) -> String {
        let message = error.nginx.message(self.parse.tree.text());
        format!("{message} in :{}", self.map.end(error.at).line)
    }

    /// What nginx would print for the whole text; `None` where it has nothing to say.
    pub(crate) fn verdict(&self) -> Option<String> {
        Some(self.nginx(self.parse.errors.first()?))
    }

    fn place(&self, span: Span) -> String {
        let (start, end) = (self.map.start(span), self.map.end(span));
        format!(
            "{}:{}-{}:{}",
            start.line, start.column, end.line, end.column
        )
    }
}
