//! Reading loses no byte and points nowhere outside, whatever it reads:
//! `cargo +nightly fuzz run parse fuzz/corpus/parse fixtures/syntax`.

#![no_main]

use djanginx::source::FileId;
use djanginx::syntax::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let parse = parse(FileId(0), text.into());
    let mut behind = 0;
    for token in parse.tree.tokens() {
        assert_eq!(token.span.start, behind);
        assert!(!token.span.is_empty());
        behind = token.span.end;
    }
    assert_eq!(behind as usize, text.len());
    for error in &parse.errors {
        assert!(error.span.end <= behind && error.at.end <= behind);
        let _ = (error.message(text), error.nginx.message(text));
    }
    for word in parse.tree.words() {
        assert!(word.value().len() <= word.raw().len());
    }
    assert_eq!(parse.tree.walk().count() % 2, 0);
});
