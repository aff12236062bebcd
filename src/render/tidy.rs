//! Indentation and blank lines, so that templates need not know where they are used.

use crate::source::FileId;
use crate::syntax::{self, TokenKind};
use std::sync::Arc;

/// Indents each line by the blocks around it, and statements that go on by one more; leaves
/// at most one blank line, and none next to a brace that opens or closes a block.
///
/// Only blanks between tokens change, never a token.
pub(super) fn tidy(text: &str) -> String {
    let parse = syntax::parse(FileId(0), Arc::from(text.as_bytes()));
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut state = Lines {
        depth: 0,
        open: false,
        at_start: true,
        blank: false,
        opened: true,
    };
    for token in parse.tree.tokens() {
        let span = token.span;
        let token_text = &text[span.start as usize..span.end as usize];
        match token.kind {
            TokenKind::Blank => state.blank_run(token_text, &mut out),
            TokenKind::Close => {
                state.depth = state.depth.saturating_sub(1);
                state.blank = false;
                state.begin(&mut out);
                out.push_str(token_text);
                state.open = false;
            }
            kind => {
                state.begin(&mut out);
                out.push_str(token_text);
                state.opened = kind == TokenKind::Open;
                match kind {
                    TokenKind::Open => {
                        state.depth += 1;
                        state.open = false;
                    }
                    TokenKind::Semicolon => state.open = false,
                    TokenKind::Comment => {}
                    _ => state.open = true,
                }
            }
        }
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// Where in a line, a statement and a block the output is.
struct Lines {
    /// Blocks around the place.
    depth: usize,
    /// Whether a statement has begun and not ended.
    open: bool,
    /// Whether nothing stands on the line yet.
    at_start: bool,
    /// Whether a blank line is due.
    blank: bool,
    /// Whether the last token opened a block.
    opened: bool,
}

impl Lines {
    fn blank_run(&mut self, blanks: &str, out: &mut String) {
        match blanks.bytes().filter(|&byte| byte == b'\n').count() {
            0 if !self.at_start => out.push(' '),
            0 => {}
            newlines => {
                self.blank |= newlines > 1 && !self.opened;
                if !self.at_start {
                    out.push('\n');
                    self.at_start = true;
                }
            }
        }
    }

    fn begin(&mut self, out: &mut String) {
        if !self.at_start {
            return;
        }
        if std::mem::take(&mut self.blank) {
            out.push('\n');
        }
        for _ in 0..self.depth + usize::from(self.open) {
            out.push_str("    ");
        }
        self.at_start = false;
        self.opened = false;
    }
}

#[cfg(test)]
mod tests {
    use super::tidy;

    #[test]
    fn lines_are_indented_by_their_blocks() {
        let text = "\n\na;\n\n\n\nb {\n\nc \"{\" # {\n'x'\ny;\n\n\n}\n# end\n";
        let want = "a;\n\nb {\n    c \"{\" # {\n        'x'\n        y;\n}\n# end\n";
        assert_eq!(tidy(text), want);
        assert_eq!(tidy(want), want);
    }
}
