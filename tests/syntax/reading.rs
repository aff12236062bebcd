//! What nginx takes for a word, a statement, a block and a comment.
//!
//! Every row was checked against `ngx_conf_read_token`.

use crate::outline::read;

/// The statements of a text, each as its values, `;` or `{`.
#[track_caller]
fn statements(text: &str) -> Vec<String> {
    let read = read(text);
    assert_eq!(read.verdict(), None, "{text:?}");
    let all = read.parse.tree.walk().filter_map(|event| match event {
        djanginx::syntax::WalkEvent::Enter(directive) => Some(directive),
        djanginx::syntax::WalkEvent::Leave(_) => None,
    });
    all.map(|directive| {
        let words: Vec<_> = directive
            .words()
            .map(|word| word.to_str().into_owned())
            .collect();
        let block = directive.block().is_some() || directive.raw_body().is_some();
        format!("{}{}", words.join("|"), if block { "{" } else { ";" })
    })
    .collect()
}

#[test]
fn blanks_are_four_characters() {
    assert_eq!(statements("a \t\r\n b;"), ["a|b;"]);
    for no_blank in ["\x0b", "\x0c", "\u{a0}", "\0"] {
        let word = format!("a{no_blank}b");
        assert_eq!(statements(&format!("{word};")), [format!("{word};")]);
    }
}

#[test]
fn bare_words_end_at_a_blank_a_semicolon_or_an_opening_brace_only() {
    for word in [
        "a#b", "a\"b", "a'b'", "a}b", "a}", "a)(b", "if($x)", ")", "ä", "=", "a\\",
    ] {
        let text = format!("x {word} y;");
        if word.ends_with('\\') {
            assert_eq!(
                statements(&text),
                ["x|a\\ y;"],
                "a backslash takes the blank with it"
            );
        } else {
            assert_eq!(statements(&text), [format!("x|{word}|y;")], "{word}");
        }
    }
    assert_eq!(statements("a;b{c;}d;"), ["a;", "b{", "c;", "d;"]);
}

#[test]
fn a_comment_begins_only_where_a_word_may() {
    assert_eq!(statements("a #b;\n c;"), ["a|c;"]);
    assert_eq!(statements("a b#c;"), ["a|b#c;"]);
    assert_eq!(statements("a; # ; { } \" ' \\\nb;"), ["a;", "b;"]);
    assert_eq!(
        statements("# \\\na;"),
        ["a;"],
        "a backslash does not continue it"
    );
    assert_eq!(
        statements("#a\rb;\nc;"),
        ["c;"],
        "a carriage return does not end it"
    );
    assert_eq!(statements("# at the end"), [""; 0]);
}

#[test]
fn quotes_hold_everything_but_themselves() {
    assert_eq!(statements("a \"b; {c} # 'd'\";"), ["a|b; {c} # 'd';"]);
    assert_eq!(statements("a 'b\n\"c\"';"), ["a|b\n\"c\";"]);
    assert_eq!(statements("a '' \"\";"), ["a||;"]);
    assert_eq!(
        statements("\"a\" 'b';"),
        ["a|b;"],
        "the name may be quoted as well"
    );
    assert_eq!(statements("'';"), [";"], "and be empty");
}

#[test]
fn behind_a_quote_comes_a_blank_a_terminator_or_a_parenthesis() {
    assert_eq!(statements("a \"b\"{}"), ["a|b{"]);
    assert_eq!(statements("if (a ~ \"b\") {}"), ["if|(a|~|b|){"]);
    assert_eq!(statements("if (a ~ \"b\"){}"), ["if|(a|~|b|){"]);
    assert_eq!(statements("a \"b\")c;"), ["a|b|)c;"]);
}

#[test]
fn escapes_are_undone_before_quotes_backslashes_and_three_letters() {
    assert_eq!(
        statements(r#"a \"b\' "\"\'\\" '\'\"\\';"#),
        [r#"a|"b'|"'\|'"\;"#]
    );
    assert_eq!(statements(r#"a \t\r\n "\t";"#), ["a|\t\r\n|\t;"]);
    assert_eq!(
        statements(r#"a \; \{ \} \$ \# \. \d "\;" b\ c;"#),
        [r"a|\;|\{|\}|\$|\#|\.|\d|\;|b\ c;"],
        "elsewhere the backslash stays"
    );
    assert_eq!(
        statements("a\\\nb;"),
        ["a\\\nb;"],
        "a line break can be escaped, and stays"
    );
}

#[test]
fn braces_right_behind_a_dollar_belong_to_the_word() {
    assert_eq!(statements("a ${b}c;"), ["a|${b}c;"]);
    assert_eq!(statements("a x${b}${c};"), ["a|x${b}${c};"]);
    assert_eq!(statements("a ${{{b;"), ["a|${{{b;"]);
    assert_eq!(statements("a $b{}"), ["a|$b{"]);
    assert_eq!(
        statements(r"a \${}"),
        [r"a|\${"],
        "not behind an escaped one"
    );
    assert_eq!(statements(r"a $\{};"), [r"a|$\{};"]);
    assert_eq!(statements("a \"$\" {}"), ["a|${"]);
}

#[test]
fn rows_and_directives_are_both_statements() {
    assert_eq!(
        statements("map $a $b { default 0; ~^x$ 1; '' 2; \"{\" 3; }"),
        ["map|$a|$b{", "default|0;", "~^x$|1;", "|2;", "{|3;"]
    );
}

#[test]
fn lua_bodies_are_raw_and_only_they() {
    let body = |text: &str| {
        let read = read(text);
        assert_eq!(read.verdict(), None, "{text}");
        let first = read
            .parse
            .tree
            .root()
            .directives()
            .next()
            .expect("a directive");
        assert!(first.block().is_none(), "{text}");
        let body = first.raw_body().expect("a raw body");
        String::from_utf8(read.map.slice(body).to_vec()).expect("text")
    };
    assert_eq!(body("content_by_lua_block { a = '}' }x;"), " a = '}' ");
    assert_eq!(body("set_by_lua_block $x{}"), "");
    assert_eq!(body("\"access_by_lua_block\" {;{}--}\n}"), ";{}--}\n");
    assert_eq!(statements("a_by_lua_block x;"), ["a_by_lua_block|x;"]);
    assert_eq!(statements("by_lua_block { x; }"), ["by_lua_block{", "x;"]);
    assert_eq!(
        statements("map a_by_lua_block { x; }"),
        ["map|a_by_lua_block{", "x;"]
    );
}

#[test]
fn fixtures_read_as_they_are_meant() {
    for name in ["site", "quirks", "crlf", "lua", "five"] {
        let text = std::fs::read(format!("fixtures/syntax/{name}.conf")).expect("a fixture");
        insta::assert_snapshot!(name, read(text).outline());
    }
}
