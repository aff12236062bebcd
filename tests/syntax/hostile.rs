//! Texts made to hurt. Each is long enough that reading any part of it again and again, or
//! calling oneself for each block, would not end.

use crate::outline::read;
use djanginx::syntax::{MAX_ERRORS, WalkEvent};

const BLOCKS: usize = 100_000;
const REPEATS: usize = 100_000;

#[test]
fn a_hundred_thousand_blocks_in_each_other() {
    let text = "location / {\n".repeat(BLOCKS) + "a;" + &"}".repeat(BLOCKS);
    let read = read(&text);
    assert_eq!(read.verdict(), None);
    let depths = read.parse.tree.walk().scan(0i64, |depth, event| {
        *depth += if matches!(event, WalkEvent::Enter(_)) {
            1
        } else {
            -1
        };
        Some(*depth)
    });
    assert_eq!(depths.max(), Some(BLOCKS as i64 + 1));
    assert_eq!(
        read.parse
            .tree
            .tokens()
            .map(|token| token.span.len() as usize)
            .sum::<usize>(),
        text.len()
    );
}

#[test]
fn a_hundred_thousand_blocks_that_never_end() {
    for text in ["a{", "{", "a{\n", "  a {\n"] {
        let read = read(text.repeat(BLOCKS));
        assert!(!read.parse.errors.is_empty() && read.parse.errors.len() <= MAX_ERRORS);
    }
}

#[test]
fn long_words_are_read_once() {
    for (start, rest) in [
        ("a", "a"),
        ("\"", "a"),
        ("'", "\n"),
        ("\"", "\\\""),
        ("#", "a"),
        ("$", "{"),
        ("", "\\"),
    ] {
        let text = format!("{start}{}", rest.repeat(50 * REPEATS));
        let read = read(&text);
        assert!(
            matches!(read.parse.errors.len(), 1 | 2),
            "{start:?} {rest:?}"
        );
        // A quote that nothing closes for so long has all in it.
        assert_eq!(read.parse.tree.tokens().count(), 1);
    }
}

#[test]
fn words_end_wherever_their_ends_are() {
    for length in (1..20).chain(240..420) {
        for stop in [" ", "\t", "\r", "\n", ";", "{"] {
            let word = "é".repeat(length / 2) + &"a".repeat(length % 2);
            let read = read(format!("{word}{stop}b;"));
            let first = read.parse.tree.words().next().unwrap();
            assert_eq!(first.raw(), word.as_bytes(), "{length} {stop:?}");
        }
        let word = "a".repeat(length) + "\\ ${x}";
        let read = read(format!("{word};"));
        let first = read.parse.tree.words().next().unwrap();
        assert_eq!(first.raw(), word.as_bytes(), "{length}");
    }
}

#[test]
fn what_never_ends_is_looked_for_once() {
    for text in [
        "\"",
        "'",
        "\"'",
        "\"'\n",
        "\"a;\n",
        "'a;\n\"b;\n",
        "\"a\nb",
        "\"\"a",
        "\"a\"'",
        "\\\"\n",
        "a \\\"",
        "\"\\\n",
        "# \"\n'",
        ";",
        "}",
        "{}",
        "a{}}",
        "{ }}",
        "a }",
        "\u{feff}",
        "\u{feff}\"",
        "x_by_lua_block{",
        "x_by_lua_block{[[}",
        "x_by_lua_block{\\\"}",
        "x_by_lua_block{--}\n",
        "x_by_lua_block{[=[}\n;",
        " \n",
        "a\n",
        "#\n",
    ] {
        let read = read(text.repeat(REPEATS));
        assert!(read.parse.errors.len() <= MAX_ERRORS);
        let length: usize = read
            .parse
            .tree
            .tokens()
            .map(|token| token.span.len() as usize)
            .sum();
        assert_eq!(length, text.len() * REPEATS, "{text:?}");
    }
}

#[test]
fn errors_are_counted_to_a_limit() {
    let read = read(";".repeat(MAX_ERRORS + 1));
    assert_eq!(read.parse.errors.len(), MAX_ERRORS);
}
