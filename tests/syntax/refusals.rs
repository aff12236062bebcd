//! What nginx refuses: its words, and the line that it prints.

use crate::outline::read;

#[track_caller]
fn refused(text: impl AsRef<[u8]>, verdict: &str) {
    assert_eq!(read(text).verdict().as_deref(), Some(verdict));
}

#[track_caller]
fn accepted(text: impl AsRef<[u8]>) {
    assert_eq!(read(text).verdict(), None);
}

#[test]
fn nothing_may_be_missing_before_a_terminator() {
    refused("a;\n;", r#"unexpected ";" in :2"#);
    refused("a {\n{ b; } }", r#"unexpected "{" in :2"#);
    refused("a;\n}", r#"unexpected "}" in :2"#);
    refused("a { b\nc }\n", r#"unexpected "}" in :2"#);
    refused("a { b \"c\"}\n", r#"unexpected "}" in :1"#);
}

#[test]
fn the_file_may_not_end_early() {
    let statement = r#"unexpected end of file, expecting ";" or "}""#;
    refused("a;\nb", &format!("{statement} in :2"));
    refused("a {\n b\n\n", &format!("{statement} in :4"));
    refused("a \"b;\n}\n", &format!("{statement} in :3"));
    refused("a # b;", &format!("{statement} in :1"));
    refused("a\\", &format!("{statement} in :1"));
    refused("a \"", &format!("{statement} in :1"));
    let block = r#"unexpected end of file, expecting "}""#;
    refused("a {\n b;\n", &format!("{block} in :3"));
    refused("a { b { c; }\n# d", &format!("{block} in :2"));
}

#[test]
fn nothing_may_be_glued_to_a_closing_quote() {
    refused("a \"b\"c;", r#"unexpected "c" in :1"#);
    refused("a 'b''c';", r#"unexpected "'" in :1"#);
    refused("a \"b\"#c\n;", r##"unexpected "#" in :1"##);
    refused("a \"b\"\0;", "unexpected \"\0\" in :1");
    refused("a \"b\"”;", r#"unexpected "\xe2" in :1"#);
    refused("a \"b\nc\n\"d\";", r#"unexpected "d" in :3"#);
}

#[test]
fn a_word_must_fit_the_buffer() {
    let word = |length| "a".repeat(length);
    // A word and the blank behind it, or the word alone before a terminator.
    accepted(format!("x {} {};", word(4094), word(4095)));
    accepted(format!("x {}{{}}\n", word(4095)));
    let too_long = r#"too long parameter "aaaaaaaaaa..." started"#;
    refused(
        format!("x\n{} y;\n", word(4095)),
        &format!("{too_long} in :2"),
    );
    refused(format!("x {};", word(4096)), &format!("{too_long} in :1"));
    // The end of the file is noticed first.
    let end = r#"unexpected end of file, expecting ";" or "}" in :1"#;
    refused(format!("x {}", word(4096)), end);
    refused(format!("x {}", word(4097)), &format!("{too_long} in :1"));
    // It does not matter where in the file it stands.
    for before in [0, 1, 2000, 4095, 4096, 4097, 9000] {
        let blanks = " ".repeat(before);
        accepted(format!("{blanks}x {};", word(4095)));
        refused(
            format!("{blanks}x {};", word(4096)),
            &format!("{too_long} in :1"),
        );
    }
}

#[test]
fn a_quoted_word_must_fit_the_buffer_with_its_closing_quote() {
    let quoted = |length| format!("\"{}\"", "a".repeat(length));
    accepted(format!("x {} {};", quoted(4093), quoted(4094)));
    let too_long = r#"too long parameter "aaaaaaaaaa..." started in :1"#;
    refused(format!("x {} y;\n", quoted(4094)), too_long);
    refused(format!("x {};", quoted(4095)), too_long);
    let missing = r#"too long parameter, probably missing terminating """ character in :1"#;
    refused(format!("x {};", quoted(4096)), missing);
    refused(
        format!("x '{}';", "\n".repeat(5000)),
        &missing.replace("\"\"\"", "\"'\""),
    );
    refused(format!("x \"{}", "\n".repeat(5000)), missing);
    refused(
        format!("x \"{}", "\n".repeat(4096)),
        r#"unexpected end of file, expecting ";" or "}" in :4097"#,
    );
    refused(format!("x \"{}\"y;", "a".repeat(4095)), too_long);
}

#[test]
fn a_comment_must_fit_the_buffer() {
    let comment = |length: usize| format!("#{}", "c".repeat(length - 1));
    accepted(format!("{}\n{}\na;", comment(4095), comment(4095)));
    accepted(comment(4096));
    let too_long = r##"too long parameter "#ccccccccc..." started"##;
    refused(
        format!("a;\n{}\n", comment(4096)),
        &format!("{too_long} in :2"),
    );
    refused(
        format!("a\n{}\nb;", comment(9000)),
        &format!("{too_long} in :2"),
    );
    accepted(" ".repeat(100_000));
}

#[test]
fn a_byte_order_mark_is_a_part_of_the_first_name() {
    let at = |text: &str| read(format!("\u{feff}{text}")).verdict().expect("refused");
    assert_eq!(at("user a\n;"), "unknown directive \"\u{feff}user\" in :2");
    assert_eq!(
        at("# one\nuser a;"),
        "unknown directive \"\u{feff}#\" in :2"
    );
    assert_eq!(at("\nuser a;"), "unknown directive \"\u{feff}\" in :2");
    assert_eq!(
        at("a\\tb\0c {}"),
        "unknown directive \"\u{feff}a\tb\" in :1"
    );
    assert_eq!(
        at(""),
        r#"unexpected end of file, expecting ";" or "}" in :1"#
    );
    let long = at(&format!("{};", "a".repeat(2000)));
    assert_eq!(
        long,
        format!("unknown directive \"\u{feff}{} in :1", "a".repeat(1002))
    );
    accepted("a \u{feff}b;\n\u{feff}c;");
}

#[test]
fn a_lua_body_must_end() {
    let lua = |body: &str| read(format!("\ncontent_by_lua_block {{{body}")).verdict();
    let end = "unexpected end of file, expecting terminating characters for lua code block";
    assert_eq!(lua("x\n").as_deref(), Some(&*format!("{end} in :2")));
    assert_eq!(lua("{\n{\n}}\n").as_deref(), Some(&*format!("{end} in :3")));
    let bracket = r#"Lua code block missing the closing long bracket "]==]", the inlined Lua code may be too long"#;
    assert_eq!(
        lua("\n--[==[ ]] }").as_deref(),
        Some(&*format!("{bracket} in :3"))
    );
    let long = "too long lua code block, probably missing terminating characters";
    let stretch = "x = 1\n".repeat(700);
    assert_eq!(
        lua(&format!("{stretch}}}{}", " ".repeat(4096))).as_deref(),
        Some(&*format!("{long} in :2"))
    );
}

/// The lua module sees what nginx has in its buffer, and that depends on what the buffer's
/// end fell on before.
#[test]
fn what_a_lua_body_may_hold_depends_on_where_the_buffer_ended() {
    let pad = |length: usize| " ".repeat(length);
    let word = |length: usize| "a".repeat(length);
    for (before, buffered) in [
        (pad(5000), 4095 + 4096),
        (format!("{}{};", pad(4000), word(200)), 4000 + 4096),
        (format!("{}\"{}\";", pad(4000), word(200)), 4001 + 4096),
        (format!("{}#{}\n", pad(4000), word(200)), 4000 + 4096),
        (format!("{}{} b;", pad(4000), word(95)), 4000 + 4096),
        (format!("{}{};", pad(4000), word(95)), 4096 + 4096),
        (format!("{}#{}\n", pad(4000), word(95)), 4000 + 4096),
        (format!("{}#{}\n", pad(4000), word(94)), 4095 + 4096),
        (format!("{}a{{}}", pad(4093)), 4096 + 4096),
    ] {
        let start = format!(
            "{before}{}x_by_lua_block{{[[",
            pad(5000 - before.len().min(5000))
        );
        let ending_at = |end: usize| {
            let body = word(end - start.len() - 2);
            read(format!("{start}{body}]]}}{}", pad(4096))).verdict()
        };
        assert_eq!(ending_at(buffered), None, "{before:?}");
        let refused = ending_at(buffered + 1).expect("refused");
        assert!(
            refused.starts_with("Lua code block missing"),
            "{before:?}: {refused}"
        );
    }
}
