//! Random words against real nginx: the same value, the same refusal, the same line.
//!
//! `worker_connections` says the value of a word that is no number.

#[path = "../support/engines.rs"]
mod support;

use crate::outline::{Read, read};
use djanginx::source::readable;
use djanginx::syntax::{Terminator, WalkEvent};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

#[test]
fn every_engine_reads_the_same_word() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("nginx.conf");
    for engine in support::engines().nginx() {
        let mut runner = TestRunner::new(ProptestConfig {
            cases: 150,
            failure_persistence: None,
            ..ProptestConfig::default()
        });
        let result = runner.run(&words(), |words| {
            let text = [b"events {\nworker_connections ", &words[..], b"\n;\n}\n"].concat();
            std::fs::write(&config, &text).expect("written");
            let verdict = engine.check(folder.path(), &config);
            let told = verdict
                .text
                .split_once("[emerg] ")
                .map(|(_, behind)| behind);
            let place = format!(" in {}:", config.display());
            let told = told.unwrap_or_default().replacen(&place, " in :", 1);
            // Where nginx already has its log, its process stands before.
            let told = told.trim_start_matches(|c: char| c.is_ascii_digit() || c == '#');
            let told = told.trim_start_matches(": ");
            let told = told.split("\nnginx: ").next().unwrap_or_default();
            prop_assert_eq!(told.trim_end_matches('\n'), expected(&read(&text)));
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{}: {error}", engine.name));
    }
}

/// What nginx says first: the first statement in `events` is never right.
fn expected(read: &Read) -> String {
    let mut statements = read.parse.tree.walk().filter_map(|event| match event {
        WalkEvent::Enter(directive) => Some(directive),
        WalkEvent::Leave(_) => None,
    });
    let statement = statements.nth(1).expect("a statement");
    if let Some(error) = read
        .parse
        .errors
        .first()
        .filter(|error| error.from <= statement.span().start)
    {
        return read.nginx(error);
    }
    let line = read.map.end(statement.end()).line;
    let words = match (statement.terminator(), statement.args().len()) {
        (Terminator::Block, _) => {
            r#"directive "worker_connections" is not terminated by ";""#.to_owned()
        }
        (_, 1) => format!(
            "invalid number \"{}\"",
            readable(&statement.arg(0).expect("one").value())
        ),
        _ => r#"invalid number of arguments in "worker_connections" directive"#.to_owned(),
    };
    // nginx cuts its messages at 1,024 bytes; all of this is ASCII.
    format!("{} in :{line}", &words[..words.len().min(1024)])
}

fn words() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        9 => prop::sample::select(vec![
            " ", "\n", "\r\n", ";", "{", "}", "\"", "'", "\\", "$", "#", ")", "a", "${b", "\"c d\"", "'e'",
            "\0", "\\t\\n", "\\\"",
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
        1 => (4088..4100usize, prop::sample::select(b"a \n".to_vec()))
            .prop_map(|(count, byte)| vec![byte; count]),
    ];
    prop::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat())
}
