//! The ways through the tree.

use crate::outline::read;
use djanginx::syntax::{Item, Quote, Terminator, TokenKind, WalkEvent};

const TEXT: &str =
    "# top\nuser a;\nhttp { # head\n  server # main\n  { listen 80; } # behind\n}\n# end\n";

#[test]
fn items_are_directives_and_the_comments_between_them() {
    let read = read(TEXT);
    let shown = |item| match item {
        Item::Directive(directive) => directive.name().to_str().into_owned(),
        Item::Comment(comment) => String::from_utf8_lossy(comment.text()).into_owned(),
        Item::Nameless(_) => "nameless".to_owned(),
    };
    let root = read.parse.tree.root();
    assert_eq!(
        root.items().map(shown).collect::<Vec<_>>(),
        [" top", "user", "http", " end"]
    );
    let http = root.directives().nth(1).expect("http");
    let inside = http.block().expect("a block");
    assert_eq!(
        inside.items().map(shown).collect::<Vec<_>>(),
        [" head", "server", " behind"]
    );
    let server = inside.directives().next().expect("server");
    let own: Vec<_> = server.comments().map(|comment| comment.text()).collect();
    assert_eq!(own, [b" main"]);
    assert_eq!(read.parse.tree.comments().len(), 5);
}

#[test]
fn places_are_those_that_nginx_and_people_mean() {
    let read = read(TEXT);
    let slice = |span| std::str::from_utf8(read.map.slice(span)).expect("text");
    let http = read.parse.tree.root().directives().nth(1).expect("http");
    let block = http.block().expect("a block");
    let server = block.directives().next().expect("server");
    assert_eq!(slice(server.span()), "server # main\n  { listen 80; }");
    assert_eq!(slice(server.head()), "server");
    assert_eq!(
        read.map.end(server.end()).line,
        5,
        "nginx prints the line of the brace"
    );
    assert_eq!(slice(block.open().expect("an opening brace")), "{");
    assert_eq!(slice(block.close().expect("a closing brace")), "}");
    assert_eq!(slice(block.span()).lines().count(), 4);
    assert_eq!(server.parent(), Some(http));
    assert_eq!(http.parent(), None);
    assert_eq!(server.scope().directive(), Some(http));
    assert_eq!(read.parse.tree.directive(server.id()), server);
    assert!(http.id() < server.id());
}

#[test]
fn a_walk_enters_and_leaves_each_directive() {
    let read = read("a; b { c; d {} } { e; } f");
    let steps = read.parse.tree.walk().map(|event| match event {
        WalkEvent::Enter(directive) => format!("+{}", directive.name().to_str()),
        WalkEvent::Leave(directive) => format!("-{}", directive.name().to_str()),
    });
    let steps = steps.collect::<Vec<_>>().join(" ");
    assert_eq!(
        steps, "+a -a +b +c -c +d -d -b +f -f",
        "nameless blocks are left out"
    );
}

#[test]
fn terminators_are_told_apart() {
    let read = read("a; b {} c");
    let ends: Vec<_> = read
        .parse
        .tree
        .root()
        .directives()
        .map(|d| d.terminator())
        .collect();
    assert_eq!(
        ends,
        [
            Terminator::Semicolon,
            Terminator::Block,
            Terminator::Missing
        ]
    );
    let last = read.parse.tree.root().directives().last().expect("c");
    assert!(last.end().is_empty() && last.end().start == 9);
}

#[test]
fn parts_of_a_value_are_found_where_they_are_written() {
    let read = read(r#"a "x\ty\"z" bare;"#);
    let a = read.parse.tree.root().directives().next().expect("a");
    let word = a.arg(0).expect("an argument");
    assert_eq!(word.quote(), Some(Quote::Double));
    assert_eq!(&*word.value(), b"x\ty\"z");
    let part = |range| read.map.slice(word.part(range));
    assert_eq!(part(0..1), b"x");
    assert_eq!(part(1..3), br"\ty");
    assert_eq!(part(3..4), br#"\""#);
    assert_eq!(part(4..9), b"z");
    assert_eq!(part(0..5), word.content());
    let bare = a.arg(1).expect("an argument");
    assert_eq!(read.map.slice(bare.part(1..3)), b"ar");
    assert_eq!(bare.quote(), None);
}

#[test]
fn tokens_tell_everything() {
    let read = read("\u{feff}a 'b'; # c\nx_by_lua_block { d }}");
    let kinds: Vec<_> = read.parse.tree.tokens().map(|token| token.kind).collect();
    use TokenKind::{Blank, ByteOrderMark, Close, Comment, Open, Raw, Semicolon, Word};
    assert_eq!(
        kinds,
        [
            ByteOrderMark,
            Word,
            Blank,
            Word,
            Semicolon,
            Blank,
            Comment,
            Blank,
            Word,
            Blank,
            Open,
            Raw,
            Close,
            Close
        ]
    );
}
