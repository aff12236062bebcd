//! Runs that stop half way, and how they leave the disk.

use crate::support::*;
use djanginx::write::{Options, Plan, Step, WriteError, apply};
use std::fs;
use std::ops::ControlFlow::{Break, Continue};
use std::path::Path;

/// A tree in which a run has every kind of step.
fn old_tree(dir: &Dir) -> Plan {
    dir.write("etc/conf.d/a.conf", ours("old a"));
    dir.write("etc/conf.d/gone.conf", ours("gone"));
    set_mode(&dir.write("etc/nginx.conf", ours("old root")), 0o640);
    tree(
        &dir.join("etc"),
        &[
            ("conf.d/a.conf", "a"),
            ("new/deep/b.conf", "b"),
            ("nginx.conf", "root"),
        ],
    )
}

fn steps_of(build: fn(&Dir) -> Plan) -> Vec<String> {
    let dir = Dir::new();
    let plan = build(&dir);
    let mut recorder = Recorder::new(dir.path());
    apply(&plan, &Options::default(), &mut recorder).unwrap();
    recorder.steps
}

fn new_tree(dir: &Dir) -> Plan {
    tree(
        &dir.join("srv/etc"),
        &[("conf.d/a.conf", "a"), ("nginx.conf", "root")],
    )
}

#[test]
fn an_interrupted_run_has_never_been() {
    for build in [old_tree, new_tree] {
        let steps = steps_of(build);
        let discards = steps.iter().filter(|s| s.starts_with("Discard")).count();
        let stops = steps.len() - discards;
        assert!(stops >= 10, "{steps:#?}");
        for stop in 0..stops {
            let dir = Dir::new();
            let plan = build(&dir);
            let before = dir.state();
            let mut recorder =
                Recorder::acting(
                    dir.path(),
                    |n, _| if n == stop { Break(()) } else { Continue(()) },
                );
            let error = apply(&plan, &Options::default(), &mut recorder).unwrap_err();
            assert!(matches!(error, WriteError::Interrupted), "{error}");
            assert_eq!(recorder.steps, steps[..=stop]);
            assert_eq!(dir.state(), before, "before {}", steps[stop]);
        }
    }
}

#[test]
fn what_is_in_place_is_not_interrupted_any_more() {
    let steps = steps_of(old_tree);
    let first = steps.iter().position(|s| s.starts_with("Discard")).unwrap();
    for stop in first..steps.len() {
        let dir = Dir::new();
        let plan = old_tree(&dir);
        let mut recorder =
            Recorder::acting(
                dir.path(),
                |n, _| if n == stop { Break(()) } else { Continue(()) },
            );
        apply(&plan, &Options::default(), &mut recorder).unwrap();
        assert_eq!(dir.read("etc/nginx.conf"), ours("root"));
        assert!(!dir.names().iter().any(|n| n.contains(".djanginx-")));
    }
}

/// Does something before each step that puts this file in place.
fn before_replacing<'a>(root: &Path, file: &'a str, act: impl Fn(usize) + 'a) -> Recorder<'a> {
    let mut times = 0;
    Recorder::acting(root, move |_, step| {
        if *step == Step::Replace(Path::new(file)) {
            times += 1;
            act(times);
        }
        Continue(())
    })
}

#[test]
fn a_file_changed_meanwhile_is_compared_anew() {
    let dir = Dir::new();
    let plan = old_tree(&dir);
    let root = dir.join("etc/nginx.conf");
    let mut recorder = before_replacing(dir.path(), "nginx.conf", |times| {
        if times == 1 {
            fs::write(&root, ours("by another run")).unwrap();
        }
    });
    apply(&plan, &Options::default(), &mut recorder).unwrap();
    assert_eq!(dir.read("etc/nginx.conf"), ours("root"));
    let replacements = recorder
        .steps
        .iter()
        .filter(|s| *s == "Replace(\"nginx.conf\")");
    assert_eq!(replacements.count(), 2);
}

#[test]
fn a_file_made_by_hand_meanwhile_is_refused() {
    for (path, plan_path) in [
        ("etc/nginx.conf", "nginx.conf"),
        // This one was not there when it was compared.
        ("etc/new/deep/b.conf", "new/deep/b.conf"),
    ] {
        let dir = Dir::new();
        let plan = old_tree(&dir);
        let target = dir.join(path);
        let mut recorder = before_replacing(dir.path(), plan_path, |_| {
            fs::write(&target, "# by hand\n").unwrap();
        });
        let error = apply(&plan, &Options::default(), &mut recorder).unwrap_err();
        assert!(matches!(error, WriteError::HandWritten { .. }), "{error}");
        assert_eq!(dir.read(path), "# by hand\n");
        assert_eq!(dir.read("etc/conf.d/a.conf"), ours("old a"));
        assert_eq!(dir.read("etc/conf.d/gone.conf"), ours("gone"));
    }
}

#[test]
fn a_file_that_never_rests_is_given_up() {
    let dir = Dir::new();
    let plan = old_tree(&dir);
    let root = dir.join("etc/nginx.conf");
    let before = dir.read("etc/conf.d/a.conf");
    let mut recorder = before_replacing(dir.path(), "nginx.conf", |times| {
        fs::write(&root, ours(&"x".repeat(times))).unwrap();
    });
    let error = apply(&plan, &Options::default(), &mut recorder).unwrap_err();
    let words = format!("{error}\nhelp: {}", error.help().unwrap());
    insta::assert_snapshot!(dir.scrub(&words), @r"
    `[DIR]/etc/nginx.conf` was changed by somebody else at the same time
    help: look at it, then run this again
    ");
    assert_eq!(dir.read("etc/conf.d/a.conf"), before);
    assert_eq!(
        dir.names(),
        [
            "etc/",
            "etc/conf.d/",
            "etc/conf.d/a.conf",
            "etc/conf.d/gone.conf",
            "etc/nginx.conf"
        ]
    );
}

#[test]
fn what_cannot_be_undone_is_said() {
    let dir = Dir::new();
    let plan = old_tree(&dir);
    let (a, root) = (dir.join("etc/conf.d/a.conf"), dir.join("etc/nginx.conf"));
    let mut recorder = before_replacing(dir.path(), "nginx.conf", |_| {
        // A directory can be replaced by no file, neither the new nor the old one.
        for path in [&a, &root] {
            fs::remove_file(path).unwrap();
            fs::create_dir_all(path.join("in the way")).unwrap();
        }
    });
    let error = apply(&plan, &Options::default(), &mut recorder).unwrap_err();
    let WriteError::NotUndone { stuck, .. } = &error else {
        panic!("{error}");
    };
    let kept = stuck[0].kept.clone().unwrap();
    assert_eq!(fs::read_to_string(&kept).unwrap(), ours("old a"));
    let words = format!("{error}\nhelp: {}", error.help().unwrap());
    let words = dir.scrub(&words.replace(kept.to_str().unwrap(), "[KEPT]"));
    insta::assert_snapshot!(words, @r"
    `[DIR]/etc/nginx.conf` was changed by somebody else at the same time; `conf.d/a.conf` could not be brought back
    help: mend the cause and run this again; each file is whole, old or new; until then `conf.d/a.conf` is in `[KEPT]`
    ");
    // The rest is as it was, and nothing else is left.
    assert_eq!(
        dir.names(),
        [
            "etc/".to_owned(),
            "etc/conf.d/".to_owned(),
            format!("etc/conf.d/{}", kept.file_name().unwrap().display()),
            "etc/conf.d/a.conf/".to_owned(),
            "etc/conf.d/a.conf/in the way/".to_owned(),
            "etc/conf.d/gone.conf".to_owned(),
            "etc/nginx.conf/".to_owned(),
            "etc/nginx.conf/in the way/".to_owned(),
        ]
    );
}
