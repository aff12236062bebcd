//! Runs that are killed before each of their steps, by SIGKILL in a process of their own.

use crate::support::*;
use djanginx::write::{Observer, Options, Plan, Step, apply};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

/// Where the child comes in.
const TEST: &str = "killed::absent";

/// The output: the root refers to both files by name, and one of them to a third.
fn plan(root: &Path) -> Plan {
    let plan = tree(
        root,
        &[
            ("snippets/headers.conf", "new"),
            ("conf.d/10-pools.conf", "new"),
            ("conf.d/20-shop.conf", "new\ninclude snippets/headers.conf;"),
            (
                "nginx.conf",
                "new\ninclude conf.d/10-pools.conf;\ninclude conf.d/20-shop.conf;",
            ),
        ],
    );
    plan.also_search(["sites"]).unwrap()
}

/// An older output, with a file fewer and two more, one of them included by another.
fn old_tree(dir: &Dir) {
    dir.write("etc/conf.d/10-pools.conf", ours("old"));
    dir.write(
        "etc/conf.d/90-gone.conf",
        ours("old\ninclude sites/gone.conf;"),
    );
    dir.write("etc/sites/gone.conf", ours("old"));
    dir.write(
        "etc/nginx.conf",
        ours("old\ninclude conf.d/10-pools.conf;\ninclude conf.d/90-gone.conf;"),
    );
}

/// Says each step and waits for leave.
struct Asking;

impl Observer for Asking {
    fn before(&mut self, step: &Step<'_>) -> ControlFlow<()> {
        println!("\n@step {step:?}");
        std::io::stdout().flush().unwrap();
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).unwrap();
        ControlFlow::Continue(())
    }
}

/// A run in another process, stopped before a step.
struct Stopped {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Stopped {
    fn start(dir: &Dir) -> Self {
        let mut child = child(&[], TEST, "killed", &dir.join("etc"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The step before which the run waits; `None` when it has ended well.
    fn step(&mut self) -> Option<String> {
        for line in self.lines.by_ref() {
            if let Some(step) = line.unwrap().strip_prefix("@step ") {
                return Some(step.to_owned());
            }
        }
        assert!(self.child.wait().unwrap().success());
        None
    }

    fn go_on(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn absent() {
    if let Some(root) = role("killed") {
        apply(&plan(&root), &Options::default(), &mut Asking).unwrap();
        return;
    }
    kill_before_each_step(15, |_| ());
}

#[test]
fn old() {
    kill_before_each_step(25, old_tree);
}

#[test]
fn current() {
    kill_before_each_step(0, current_tree);
}

#[test]
fn partly_current() {
    kill_before_each_step(9, |dir| {
        current_tree(dir);
        dir.write("etc/conf.d/20-shop.conf", ours("old"));
        dir.write("etc/conf.d/90-gone.conf", ours("old"));
    });
}

#[test]
fn old_behind_links() {
    kill_before_each_step(25, |dir| {
        old_tree(dir);
        fs::create_dir(dir.join("far")).unwrap();
        fs::rename(dir.join("etc/nginx.conf"), dir.join("far/root")).unwrap();
        symlink("../far/root", dir.join("etc/nginx.conf")).unwrap();
        fs::rename(dir.join("etc/conf.d"), dir.join("far/conf.d")).unwrap();
        symlink("../far/conf.d", dir.join("etc/conf.d")).unwrap();
    });
}

#[test]
fn old_and_killed_before() {
    kill_before_each_step(25, |dir| {
        old_tree(dir);
        dir.write("etc/.djanginx-aaaaaaaaaaaa.new", ours("half a fi"));
        dir.write("etc/conf.d/.djanginx-bbbbbbbbbbbb.old", ours("old"));
    });
}

/// Every file is old or new whenever the run dies, what is included is there, and the
/// next run finishes the work and cleans up.
fn kill_before_each_step(expected: usize, prepare: fn(&Dir)) {
    for stop in 0.. {
        let dir = Dir::new();
        prepare(&dir);
        let before = contents(&dir);
        let mut run = Stopped::start(&dir);
        let mut step = run.step();
        for _ in 0..stop {
            run.go_on();
            step = run.step();
        }
        let Some(step) = step else {
            assert_eq!(stop, expected, "as many deaths as steps");
            return;
        };
        run.kill();
        let place = format!("before {step}");
        check_whole(&dir, &before, &place);
        check_references(&dir, &place);
        apply(&plan(&dir.join("etc")), &Options::default(), &mut ()).unwrap();
        check_finished(&dir, &place);
    }
}

fn current_tree(dir: &Dir) {
    apply(&plan(&dir.join("etc")), &Options::default(), &mut ()).unwrap();
}

/// The files of the tree without the temporary ones, by path.
fn contents(dir: &Dir) -> Vec<(PathBuf, What)> {
    let entries = dir.state().0.into_iter().map(|(p, e)| (p, e.what));
    entries
        .filter(|(path, what)| *what != What::Directory && !is_temporary(path))
        .collect()
}

fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    name.starts_with(".djanginx-")
}

fn check_whole(dir: &Dir, before: &[(PathBuf, What)], place: &str) {
    let new = Dir::new();
    apply(&plan(&new.join("etc")), &Options::default(), &mut ()).unwrap();
    let new: Vec<_> = contents(&new).into_iter().map(|(_, what)| what).collect();
    for (path, what) in contents(dir) {
        let was = before.iter().any(|(p, w)| *p == path && *w == what);
        assert!(was || new.contains(&what), "{place}: {path:?} is {what:?}");
    }
    // What is gone was an orphan.
    for (path, _) in before {
        let gone = fs::symlink_metadata(dir.path().join(path)).is_err();
        assert!(!gone || path.ends_with("90-gone.conf") || path.ends_with("gone.conf"));
    }
}

/// What the root includes is there, and what that includes.
fn check_references(dir: &Dir, place: &str) {
    let mut waiting = vec![PathBuf::from("nginx.conf")];
    if !dir.join("etc/nginx.conf").exists() {
        return;
    }
    while let Some(path) = waiting.pop() {
        let text = fs::read_to_string(dir.join("etc").join(&path))
            .unwrap_or_else(|e| panic!("{place}: {path:?} is included: {e}"));
        for line in text.lines() {
            let include = line.strip_prefix("include ");
            waiting.extend(include.map(|i| PathBuf::from(i.strip_suffix(';').unwrap())));
        }
    }
}

fn check_finished(dir: &Dir, place: &str) {
    let root = dir.join("etc");
    for file in plan(&root).files() {
        let text = fs::read(root.join(&file.path)).unwrap();
        assert_eq!(text, file.text, "{place}");
    }
    let left: Vec<_> = dir
        .state()
        .0
        .into_keys()
        .filter(|path| is_temporary(path) || path.to_str().unwrap().contains("gone"))
        .collect();
    assert_eq!(left, Vec::<PathBuf>::new(), "{place}");
}
