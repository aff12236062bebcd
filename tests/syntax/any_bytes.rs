//! What holds for any bytes: nothing is lost, every place is inside, children are inside
//! their parents.

use crate::outline::{Read, read};
use djanginx::source::Span;
use djanginx::syntax::{Item, MAX_ERRORS, Terminator, TokenKind, WalkEvent};
use proptest::prelude::*;

/// Reads a text and checks all that holds for every one.
#[track_caller]
pub(crate) fn check(text: &[u8]) -> Read {
    let read = read(text);
    check_tokens(&read, text);
    check_errors(&read);
    check_walk(&read);
    check_items(&read);
    read
}

fn check_tokens(read: &Read, text: &[u8]) {
    let mut joined = Vec::with_capacity(text.len());
    for token in read.parse.tree.tokens() {
        assert_eq!(token.span.start as usize, joined.len());
        let bytes = read.map.slice(token.span);
        assert!(!bytes.is_empty());
        joined.extend_from_slice(bytes);
        let fits = match token.kind {
            TokenKind::Blank => bytes.iter().all(|byte| b" \t\r\n".contains(byte)),
            TokenKind::Comment => bytes[0] == b'#' && !bytes.contains(&b'\n'),
            TokenKind::Word => !b" \t\r\n;{#".contains(&bytes[0]),
            TokenKind::Semicolon => bytes == b";",
            TokenKind::Open => bytes == b"{",
            TokenKind::Close => bytes == b"}",
            TokenKind::Raw => true,
            TokenKind::ByteOrderMark => token.span.start == 0 && bytes == b"\xef\xbb\xbf",
        };
        assert!(fits, "{token:?}");
    }
    assert_eq!(joined, text);
}

fn check_errors(read: &Read) {
    let errors = &read.parse.errors;
    let text = read.parse.tree.text();
    assert!(errors.len() <= MAX_ERRORS);
    assert!(errors.is_sorted_by_key(|error| error.from));
    for error in errors {
        for span in [error.span, error.at].into_iter().chain(error.related) {
            assert!(span.end as usize <= text.len(), "{error:?}");
        }
        assert!(!error.message(text).is_empty() && !read.nginx(error).is_empty());
    }
}

fn check_walk(read: &Read) {
    let mut open: Vec<Span> = Vec::new();
    let mut behind = 0;
    for event in read.parse.tree.walk() {
        match event {
            WalkEvent::Enter(directive) => {
                let span = directive.span();
                assert!(span.start >= behind, "{directive:?}");
                assert_eq!(
                    directive.parent().map(|parent| parent.span()),
                    open.last().copied()
                );
                let mut at = span.start;
                for word in directive.words() {
                    assert!(word.span().start >= at && word.span().end <= span.end);
                    assert!(!word.span().is_empty());
                    assert_eq!(word.part(0..word.value().len()), word.content_span());
                    at = word.span().end;
                }
                assert!(at == directive.head().end && at <= directive.end().start);
                if directive.terminator() == Terminator::Missing {
                    let mut errors = read.parse.errors.iter();
                    let told = errors.any(|error| error.from == span.start);
                    assert!(
                        told || read.parse.errors.len() == MAX_ERRORS,
                        "{directive:?}"
                    );
                }
                behind = span.start + 1;
                open.push(span);
            }
            WalkEvent::Leave(directive) => {
                assert_eq!(open.pop(), Some(directive.span()));
                behind = directive.span().end;
            }
        }
    }
    assert!(open.is_empty());
}

fn check_items(read: &Read) {
    let mut comments = 0;
    let mut blocks = vec![read.parse.tree.root()];
    while let Some(block) = blocks.pop() {
        let mut behind = block.span().start;
        for item in block.items() {
            let span = match item {
                Item::Directive(directive) => {
                    blocks.extend(directive.block());
                    comments += directive.comments().len();
                    directive.span()
                }
                Item::Comment(comment) => {
                    comments += 1;
                    comment.span()
                }
                Item::Nameless(block) => {
                    blocks.push(block);
                    block.span()
                }
            };
            assert!(span.start >= behind, "{item:?}");
            behind = span.end;
        }
        assert!(behind <= block.span().end);
    }
    assert_eq!(comments, read.parse.tree.comments().len());
}

/// Pieces that make most of what can happen likely.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => prop::sample::select(vec![
            " ", "\n", "\r\n", ";", "{", "}", "\"", "'", "\\", "$", "#", ")", "a", "b c;", "${x}",
            "server {\n", "}\n", "\"q r\"", "'s'", "# it's\n", "\u{feff}", "ä", "\0", "\\\"",
            "x_by_lua_block {", "[[", "]]", "--", "--[=[",
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
        2 => prop::collection::vec(any::<u8>(), 0..6),
        1 => (4080..4110usize, prop::sample::select(b"a \n\"".to_vec()))
            .prop_map(|(count, byte)| vec![byte; count]),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_text_comes_back_whole(text in pieces()) {
        check(&text);
    }

    #[test]
    fn a_value_in_quotes_reads_back(value in "[^\0]{0,40}") {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
        let text = format!("a \"{escaped}\";");
        let read = read(&text);
        prop_assert_eq!(read.verdict(), None);
        let a = read.parse.tree.root().directives().next().expect("a");
        prop_assert_eq!(&*a.arg(0).expect("an argument").value(), value.as_bytes());
    }
}

#[test]
fn every_prefix_of_every_fixture_comes_back_whole() {
    let fixtures = std::fs::read_dir("fixtures/syntax").expect("fixtures");
    let mut count = 0;
    for fixture in fixtures {
        let text = std::fs::read(fixture.expect("a fixture").path()).expect("a fixture");
        for end in 0..=text.len() {
            check(&text[..end]);
        }
        count += 1;
    }
    assert!(count >= 5);
}

#[test]
fn every_changed_byte_of_every_fixture_comes_back_whole() {
    for fixture in std::fs::read_dir("fixtures/syntax").expect("fixtures") {
        let text = std::fs::read(fixture.expect("a fixture").path()).expect("a fixture");
        for at in 0..text.len() {
            for byte in *b"\"{}\\" {
                let mut text = text.clone();
                text[at] = byte;
                check(&text);
            }
        }
    }
}
