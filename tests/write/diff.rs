//! Changes as a unified diff.

use crate::support::*;
use djanginx::write::{Change, ChangeKind, compare, unified_diff};
use proptest::prelude::*;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

fn diff(changes: &[Change<'_>]) -> String {
    let mut out = Vec::new();
    unified_diff(changes, &mut out).unwrap();
    out.escape_ascii()
        .to_string()
        .replace("\\n", "\n")
        .replace("\\'", "'")
        .replace("\\\"", "\"")
}

fn changed<'p>(path: impl Into<PathBuf>, old: &str, new: &'p str) -> Change<'p> {
    Change {
        path: path.into(),
        kind: ChangeKind::Changed {
            old: old.into(),
            new: new.as_bytes(),
        },
    }
}

#[test]
fn a_tree_in_the_order_of_the_plan() {
    let dir = Dir::new();
    dir.write("conf.d/gone.conf", ours("server gone;"));
    dir.write("conf.d/same.conf", ours("same"));
    let lines = |last: &str| {
        let lines: Vec<_> = (1..=12).map(|n| format!("line {n};")).collect();
        lines.join("\n") + last
    };
    dir.write("nginx.conf", ours(&lines("\nlast;")));
    let root = lines("\nlast changed;").replacen("line 2;", "line two;\nand more;", 1);
    let plan = tree(
        dir.path(),
        &[
            ("conf.d/same.conf", "same"),
            ("conf.d/new.conf", "server new;"),
            ("nginx.conf", &root),
        ],
    );
    insta::assert_snapshot!(diff(&compare(&plan).unwrap()), @r"
    --- /dev/null
    +++ b/conf.d/new.conf
    @@ -0,0 +1,2 @@
    +# Made by djanginx
    +server new;
    --- a/nginx.conf
    +++ b/nginx.conf
    @@ -1,6 +1,7 @@
     # Made by djanginx
     line 1;
    -line 2;
    +line two;
    +and more;
     line 3;
     line 4;
     line 5;
    @@ -11,4 +12,4 @@
     line 10;
     line 11;
     line 12;
    -last;
    +last changed;
    --- a/conf.d/gone.conf
    +++ /dev/null
    @@ -1,2 +0,0 @@
    -# Made by djanginx
    -server gone;
    ");
}

#[test]
fn no_newline_at_the_end() {
    insta::assert_snapshot!(diff(&[changed("a", "x\nold", "x\nnew\n")]), @r"
    --- a/a
    +++ b/a
    @@ -1,2 +1,2 @@
     x
    -old
    \\ No newline at end of file
    +new
    ");
    insta::assert_snapshot!(diff(&[changed("a", "x\n", "x")]), @r"
    --- a/a
    +++ b/a
    @@ -1 +1 @@
    -x
    +x
    \\ No newline at end of file
    ");
    insta::assert_snapshot!(diff(&[changed("a", "", "x\n")]), @r"
    --- a/a
    +++ b/a
    @@ -0,0 +1 @@
    +x
    ");
}

#[test]
fn bytes_go_through() {
    let mut change = changed("a", "", "caf\u{e9}\r\n\r");
    let ChangeKind::Changed { old, .. } = &mut change.kind else {
        unreachable!()
    };
    *old = b"caf\xe9\r\n\r".to_vec();
    insta::assert_snapshot!(diff(&[change]), @r"
    --- a/a
    +++ b/a
    @@ -1,2 +1,2 @@
    -caf\xe9\r
    +caf\xc3\xa9\r
     \r
    \\ No newline at end of file
    ");
}

#[test]
fn names_are_safe() {
    insta::assert_snapshot!(diff(&[changed("/etc/nginx.conf", "a\n", "b\n")]), @r"
    --- a/etc/nginx.conf
    +++ b/etc/nginx.conf
    @@ -1 +1 @@
    -a
    +b
    ");
    insta::assert_snapshot!(diff(&[changed("two words", "a\n", "b\n")]), @r"
    --- a/two words\t
    +++ b/two words\t
    @@ -1 +1 @@
    -a
    +b
    ");
    insta::assert_snapshot!(diff(&[changed("a\n+++ b/\"\\", "a\n", "b\n")]), @r#"
    --- "a/a\\012+++ b/\\"\\\\"
    +++ "b/a\\012+++ b/\\"\\\\"
    @@ -1 +1 @@
    -a
    +b
    "#);
    let name = std::ffi::OsString::from_vec(b"caf\xe9".to_vec());
    insta::assert_snapshot!(diff(&[changed(name, "a\n", "b\n")]), @r"
    --- a/caf\xe9
    +++ b/caf\xe9
    @@ -1 +1 @@
    -a
    +b
    ");
}

#[test]
fn nothing_for_no_difference() {
    let change = Change {
        path: "a".into(),
        kind: ChangeKind::Unchanged,
    };
    assert_eq!(diff(&[change]), "");
}

/// Applies a unified diff of one file, reading it as `patch` does.
fn patch(old: &[u8], diff: &[u8]) -> Vec<u8> {
    let old: Vec<&[u8]> = old.split_inclusive(|&b| b == b'\n').collect();
    let mut lines = diff.split_inclusive(|&b| b == b'\n').skip(2).peekable();
    let (mut new, mut at) = (Vec::new(), 0);
    while let Some(line) = lines.next() {
        let (sign, rest) = line.split_first().unwrap();
        let mut text = rest.to_vec();
        if lines.next_if(|l| l.starts_with(b"\\")).is_some() {
            text.pop();
        }
        match sign {
            b'@' => {
                let range = std::str::from_utf8(rest).unwrap();
                let range = range.split(['-', ' ']).nth(2).unwrap();
                let mut numbers = range.split(',').map(|n| n.parse::<usize>().unwrap());
                let (start, length) = (numbers.next().unwrap(), numbers.next().unwrap_or(1));
                // A range of no lines names the line before it.
                let start = if length == 0 { start } else { start - 1 };
                while at < start {
                    new.extend_from_slice(old[at]);
                    at += 1;
                }
            }
            b'+' => new.extend(text),
            b' ' | b'-' => {
                assert_eq!(text, old[at]);
                at += 1;
                if *sign == b' ' {
                    new.extend(text);
                }
            }
            _ => panic!("{}", line.escape_ascii()),
        }
    }
    old[at..]
        .iter()
        .for_each(|line| new.extend_from_slice(line));
    new
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just(b"a\n".to_vec()),
        Just(b"b\n".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\\ c\r\n".to_vec()),
        Just(b"--- \xff\n".to_vec()),
    ];
    let lines = prop::collection::vec(line, 0..30);
    let end = prop_oneof![Just(vec![]), Just(b"end".to_vec())];
    (lines, end).prop_map(|(lines, end)| [lines.concat(), end].concat())
}

proptest! {
    #[test]
    fn a_diff_turns_old_into_new(old in text(), new in text()) {
        prop_assume!(old != new);
        let change = Change {
            path: Path::new("a").into(),
            kind: ChangeKind::Changed { old: old.clone(), new: &new },
        };
        let mut out = Vec::new();
        unified_diff(&[change], &mut out).unwrap();
        prop_assert_eq!(patch(&old, &out), new);
    }
}

/// A shortest diff of these takes time and memory in the square of their size.
#[test]
fn big_files_that_differ_everywhere() {
    let lines = |side: &str| -> String { (0..50_000).map(|n| format!("{side} {n};\n")).collect() };
    let (old, new) = (lines("old"), lines("new"));
    let mut out = Vec::new();
    unified_diff(&[changed("a", &old, &new)], &mut out).unwrap();
    let lines = out.split(|&b| b == b'\n').skip(2);
    let (mut removed, mut added) = (0, 0);
    for line in lines {
        removed += usize::from(line.starts_with(b"-"));
        added += usize::from(line.starts_with(b"+"));
    }
    assert_eq!((removed, added), (50_000, 50_000));
    // The same lines in another order.
    let old: Vec<_> = old.split_inclusive('\n').take(20_000).collect();
    let new: String = old.iter().rev().copied().collect();
    let old = old.concat();
    let mut out = Vec::new();
    unified_diff(&[changed("a", &old, &new)], &mut out).unwrap();
    assert_eq!(patch(old.as_bytes(), &out), new.as_bytes());
}
