//! Behind a mistake the rest is read as it was meant: one mistake, one error.

use crate::outline::read;

/// The rules that a text breaks, each with the line that it is pointed at.
#[track_caller]
fn mistakes(text: &str) -> Vec<String> {
    let read = read(text);
    let errors = read.parse.errors.iter();
    errors
        .map(|error| format!("{} {}", read.map.start(error.span).line, error.rule()))
        .collect()
}

#[test]
fn a_file_with_five_mistakes_gives_five_errors() {
    let text = std::fs::read_to_string("fixtures/syntax/five.conf").expect("the fixture");
    assert_eq!(
        mistakes(&text),
        [
            "3 stray-semicolon",
            "4 missing-semicolon",
            "7 unclosed-quote",
            "10 text-after-quote",
            "6 unmatched-brace",
        ]
    );
}

#[test]
fn an_unclosed_quote_ends_on_its_line() {
    for (line, value) in [
        ("a \"b;", "b"),
        ("a \"b; c; # d", "b; c"),
        ("a \"b {", "b"),
        ("a \"b", "b"),
        ("a \"b \t\r", "b"),
        ("a \"", ""),
    ] {
        let text = format!("x {{\n{line}\n}}\ny \"z\";\n");
        let read = read(&text);
        let quote = &read.parse.errors[0];
        assert_eq!(quote.rule(), "unclosed-quote", "{line}");
        let inner = read
            .parse
            .tree
            .root()
            .directives()
            .next()
            .expect("x")
            .block()
            .expect("a block");
        let a = inner.directives().next().expect("a");
        let word = a.arg(0).expect("an argument");
        assert_eq!(word.to_str(), value, "{line}");
        assert!(!word.is_closed());
        assert_eq!(
            read.parse.errors.len(),
            1 + usize::from(line.ends_with('{')),
            "{line}"
        );
    }
}

#[test]
fn a_missing_semicolon_is_one_error() {
    assert_eq!(mistakes("a {\n b c\n}\nd;"), ["2 missing-semicolon"]);
    assert_eq!(mistakes("a {\n b \"c\"}\nd;"), ["2 missing-semicolon"]);
    assert_eq!(mistakes("a b\n}\nd;"), ["1 missing-semicolon"]);
    assert_eq!(
        mistakes("a {\n b"),
        ["2 missing-semicolon", "1 unmatched-brace"]
    );
    assert_eq!(mistakes("a {\n b \"c\n}\n"), ["2 unclosed-quote"]);
}

#[test]
fn a_nameless_block_keeps_its_braces_to_itself() {
    assert_eq!(mistakes("a {\n { b; }\n c;\n}\nd;"), ["2 nameless-block"]);
}

#[test]
fn indentation_tells_which_brace_is_wrong() {
    let missing = "http {\n    server {\n        location / {\n            a;\n    }\n}\n";
    assert_eq!(mistakes(missing), ["3 unmatched-brace"]);
    let cut_off = "http {\n    server {\n        a;\n";
    assert_eq!(mistakes(cut_off), ["2 unmatched-brace"]);
    let too_many = "http {\n    server {\n        location / {\n        }\n        }\n    }\n}\n";
    let read = read(too_many);
    let [error] = &read.parse.errors[..] else {
        panic!("{:?}", read.parse.errors)
    };
    assert_eq!(read.map.start(error.span).line, 7);
    assert_eq!(read.map.start(error.related.expect("a guess")).line, 5);
}

#[test]
fn a_byte_order_mark_does_not_hide_the_first_directive() {
    let read = read("\u{feff}# one\nuser a;");
    assert_eq!(read.parse.errors.len(), 1);
    let first = read
        .parse
        .tree
        .root()
        .directives()
        .next()
        .expect("a directive");
    assert!(first.is("user"));
}

#[test]
fn errors_come_in_the_order_in_which_nginx_meets_them() {
    let read = read("a \"b\"c 'd'e;\n;\nf {\n g }\n}\nh");
    let froms: Vec<_> = read.parse.errors.iter().map(|error| error.from).collect();
    assert!(froms.is_sorted());
    assert_eq!(froms.len(), 6);
}
