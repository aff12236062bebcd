//! Whole runs of `djanginx lint` on texts that were made to hurt, beside a floor: a process
//! that reads the same file and takes it apart by hand, and does nothing else (goal P8).
//! `cargo bench --bench hostile`.
//!
//! The floor is this program again, called with `floor` and a path.

#[path = "support/children.rs"]
mod children;

use children::{cpu, median, print};
use std::path::Path;
use std::process::Command;

const RUNS: usize = 21;

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == "floor") {
        let path = arguments.next().expect("a path");
        std::process::exit(floor::run(Path::new(&path)));
    }
    // `cargo test --benches` only wants to know that this builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    print("                                      bytes      floor       lint   ratio");
    for (name, text) in texts() {
        let path = folder.path().join("nginx.conf");
        std::fs::write(&path, &text).expect("the text is written");
        let (mut floor, mut lint) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            // Interleaved, so that both meet the same weather.
            let own = std::env::current_exe().expect("this program");
            floor.push(cpu(Command::new(own).arg("floor").arg(&path)));
            let program = env!("CARGO_BIN_EXE_djanginx");
            lint.push(cpu(Command::new(program).arg("lint").arg(&path)));
        }
        // Of each pair, as the machine itself is now fast and now slow.
        let pairs = lint.iter().zip(&floor);
        let ratio = pairs.map(|(lint, floor)| lint.as_nanos() * 100 / floor.as_nanos());
        let ratio = median(&mut ratio.collect::<Vec<_>>());
        let (floor, lint) = (median(&mut floor), median(&mut lint));
        print(&format!(
            "{name:<32} {:>11}   {:>5.1} ms   {:>5.1} ms   {:>5.2}",
            text.len(),
            floor.as_secs_f64() * 1e3,
            lint.as_secs_f64() * 1e3,
            ratio as f64 / 100.0,
        ));
    }
}

fn texts() -> Vec<(&'static str, String)> {
    let nested = |head: &str| head.repeat(100_000) + &"}\n".repeat(100_000);
    let lines = "a 'b';\n".repeat(1_200_000);
    vec![
        ("100,000 nested blocks", nested("a {\n")),
        (
            "100,000 nested locations",
            format!(
                "events {{}}\nhttp {{ server {{\n{}}} }}\n",
                nested("location / {\n")
            ),
        ),
        ("one token of 100 MB", "a".repeat(100_000_000)),
        ("the same with its `;`", "a".repeat(100_000_000) + ";\n"),
        ("the same, not ASCII", "ä".repeat(50_000_000)),
        ("unclosed quote before 8 MB", format!("\"{lines}")),
        ("unclosed quote behind a name", format!("user \"{lines}")),
        ("nothing but `;`", ";".repeat(10_000_000)),
        ("nothing but `a;`", "a;".repeat(5_000_000)),
        ("nothing but `{`", "{".repeat(10_000_000)),
    ]
}

/// The least that taking a configuration apart can be: one loop over the bytes, and a flat
/// tree with spans and lines.
mod floor {
    use std::path::Path;

    struct Node {
        parent: u32,
        first_word: u32,
        line: u32,
    }

    #[derive(Default)]
    struct Tree {
        words: Vec<(u32, u32)>,
        nodes: Vec<Node>,
    }

    pub(crate) fn run(path: &Path) -> i32 {
        let text = std::fs::read(path).expect("the text can be read");
        let tree = parse(&text);
        let sum = tree.nodes.iter().map(|node| node.line ^ node.parent).max();
        // So that nothing is left out.
        i32::from(sum == Some(tree.words.len() as u32) && tree.nodes[0].first_word == 1)
    }

    fn parse(text: &[u8]) -> Tree {
        let mut tree = Tree::default();
        let (mut at, mut line, mut inside, mut first_word) = (0, 1, u32::MAX, 0);
        while let Some(&byte) = text.get(at) {
            match byte {
                b'\n' => {
                    line += 1;
                    at += 1;
                }
                b' ' | b'\t' | b'\r' => at += 1,
                b'#' => {
                    let end = text[at..].iter().position(|&byte| byte == b'\n');
                    at = end.map_or(text.len(), |end| at + end);
                }
                b';' | b'{' => {
                    tree.nodes.push(Node {
                        parent: inside,
                        first_word,
                        line,
                    });
                    first_word = tree.words.len() as u32;
                    if byte == b'{' {
                        inside = tree.nodes.len() as u32 - 1;
                    }
                    at += 1;
                }
                b'}' => {
                    inside = tree
                        .nodes
                        .get(inside as usize)
                        .map_or(u32::MAX, |node| node.parent);
                    at += 1;
                }
                b'"' | b'\'' => {
                    let start = at;
                    at += 1;
                    while let Some(&inner) = text.get(at) {
                        at += 1;
                        match inner {
                            b'\\' => at += 1,
                            b'\n' => line += 1,
                            _ if inner == byte => break,
                            _ => {}
                        }
                    }
                    tree.words.push((start as u32, at as u32));
                }
                _ => {
                    let start = at;
                    while let Some(&inner) = text.get(at) {
                        match inner {
                            b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{' => break,
                            b'\\' => at += 2,
                            _ => at += 1,
                        }
                    }
                    tree.words.push((start as u32, at as u32));
                }
            }
        }
        tree
    }
}
