//! Proves that a file says what was meant, before it is written.
//!
//! The file is there twice: with the real values, and with placeholders in their places.
//! Both are parsed. They must be the same tree; each placeholder must be a whole word, and
//! the real word in its place must read back as the value that was intended. So no value can
//! end a statement, open a block, start a comment or glue itself to its neighbour, whatever
//! it holds and whatever the template does.

use super::arg::Arg;
use super::engine::{PLACEHOLDER, PLACEHOLDER_END};
use super::error::RenderError;
use crate::source::{FileId, Span};
use crate::syntax::{self, Parse, Token, TokenKind};
use std::sync::Arc;

/// Compares the two texts of a file; `values` are what the placeholders stand for.
///
/// # Errors
/// At the first place where they are not the same tree.
pub(super) fn verify(
    file: &str,
    real: &str,
    placeholders: &str,
    values: &[Arg],
) -> Result<(), RenderError> {
    let real_parse = parse(file, real)?;
    let other_parse = parse(file, placeholders)?;
    let fail = |span: Span, message: String| Err(mismatch(file, real, span, message));
    let significant = |token: &Token| token.kind != TokenKind::Blank;
    let mut others = other_parse.tree.tokens().filter(significant);
    let mut last = Span::new(FileId(0), 0, 0);
    let mut words = real_parse.tree.words();
    for token in real_parse.tree.tokens().filter(significant) {
        last = token.span;
        let shown = text_of(real, token.span);
        let Some(other) = others.next().filter(|other| other.kind == token.kind) else {
            return fail(
                last,
                format!("`{shown}` is not what the template wrote here"),
            );
        };
        let template = text_of(placeholders, other.span);
        match token.kind {
            TokenKind::Word => {
                let word = words.next();
                match placeholder(template) {
                    Mark::Whole(index) => {
                        let intended = values.get(index).map(Arg::text);
                        let read = word.map(|word| word.value());
                        if read.as_deref() != intended.map(str::as_bytes) {
                            return fail(
                                last,
                                format!("`{shown}` does not read back as the value"),
                            );
                        }
                    }
                    Mark::Part => {
                        return fail(
                            last,
                            format!("a value is only a part of the word `{shown}`"),
                        );
                    }
                    Mark::None if template != shown => {
                        return fail(last, format!("`{shown}` is not what the template wrote"));
                    }
                    Mark::None => {}
                }
            }
            TokenKind::Comment if fill(template, values).as_deref() != Some(shown) => {
                return fail(last, "a comment is not what the template wrote".to_owned());
            }
            TokenKind::Comment => {}
            _ if template != shown => {
                return fail(last, format!("`{shown}` is not what the template wrote"));
            }
            _ => {}
        }
    }
    match others.next() {
        Some(_) => fail(last, "the rest of the file is missing".to_owned()),
        None => Ok(()),
    }
}

fn parse(file: &str, text: &str) -> Result<Parse, RenderError> {
    let parse = syntax::parse(FileId(0), Arc::from(text.as_bytes()));
    match parse.errors.first() {
        None => Ok(parse),
        Some(error) => Err(mismatch(
            file,
            text,
            error.span,
            error.nginx.message(text.as_bytes()),
        )),
    }
}

fn text_of(text: &str, span: Span) -> &str {
    &text[span.start as usize..span.end as usize]
}

fn mismatch(file: &str, text: &str, span: Span, message: String) -> RenderError {
    let before = &text.as_bytes()[..span.start as usize];
    let line = memchr::memchr_iter(b'\n', before).count() as u32 + 1;
    RenderError::Mismatch {
        file: file.to_owned(),
        line,
        message,
    }
}

/// What a word of the text with placeholders is.
enum Mark {
    /// The placeholder of a value, and nothing else.
    Whole(usize),
    /// A placeholder with something around it.
    Part,
    /// No placeholder.
    None,
}

fn placeholder(word: &str) -> Mark {
    let number = word
        .strip_prefix(PLACEHOLDER)
        .and_then(|rest| rest.strip_suffix(PLACEHOLDER_END))
        .and_then(|number| number.parse().ok());
    match number {
        Some(index) => Mark::Whole(index),
        None if word.contains(PLACEHOLDER) => Mark::Part,
        None => Mark::None,
    }
}

/// A comment with its placeholders replaced by the values as they are quoted.
fn fill(comment: &str, values: &[Arg]) -> Option<String> {
    let mut filled = String::with_capacity(comment.len());
    let mut rest = comment;
    while let Some((before, after)) = rest.split_once(PLACEHOLDER) {
        let (number, behind) = after.split_once(PLACEHOLDER_END)?;
        filled.push_str(before);
        values
            .get(number.parse::<usize>().ok()?)?
            .quote(&mut filled)
            .ok()?;
        rest = behind;
    }
    filled.push_str(rest);
    Some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(real: &str, placeholders: &str, values: &[&str]) -> Result<(), String> {
        let values: Vec<Arg> = values.iter().map(|&value| Arg::literal(value)).collect();
        verify(
            "f",
            real,
            &placeholders.replace("@0", &mark(0)).replace("@1", &mark(1)),
            &values,
        )
        .map_err(|error| error.to_string())
    }

    fn mark(index: usize) -> String {
        format!("{PLACEHOLDER}{index}{PLACEHOLDER_END}")
    }

    #[test]
    fn the_same_tree_with_the_meant_values_passes() {
        check("a \"b c\" d;\n", "a @0 @1;\n", &["b c", "d"]).unwrap();
        check("# x y\na;", "# x @0\na;", &["y"]).unwrap();
    }

    #[test]
    fn whatever_else_fails() {
        for (real, placeholders, value) in [
            ("a b; c;", "a @0;", "b; c"),
            ("a b c;", "a @0;", "b c"),
            ("a xb;", "a x@0;", "b"),
            ("a \"x b\";", "a \"x @0\";", "b"),
            ("a # b\n;", "a @0\n;", "# b"),
            ("a b; }", "a @0; }", "b"),
            ("a c;", "a @0;", "b"),
            ("# x\nb\na;", "# x@0\na;", "\nb"),
        ] {
            assert!(check(real, placeholders, &[value]).is_err(), "{real}");
        }
    }
}
