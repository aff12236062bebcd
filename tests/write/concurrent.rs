//! Runs in the same place at the same time.

use crate::support::*;
use djanginx::write::{Options, Step, WriteError, apply};
use std::ops::ControlFlow::{Break, Continue};
use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

#[test]
fn the_tree_is_that_of_one_of_them() {
    for _ in 0..10 {
        let dir = Dir::new();
        let root = dir.join("srv/etc");
        thread::scope(|scope| {
            for run in 0..6 {
                let root = &root;
                scope.spawn(move || {
                    let body = format!("run {run}");
                    let extra = format!("conf.d/{run}.conf");
                    let files = [
                        ("conf.d/a.conf", &*body),
                        (&extra, &body),
                        ("nginx.conf", &body),
                    ];
                    let plan = tree(root, &files);
                    apply(&plan, &Options::default(), &mut ()).unwrap();
                });
            }
        });
        let last = dir.read("srv/etc/nginx.conf");
        let run = last.trim_end().rsplit(' ').next().unwrap();
        let names = [
            "srv/".to_owned(),
            "srv/etc/".to_owned(),
            "srv/etc/conf.d/".to_owned(),
            format!("srv/etc/conf.d/{run}.conf"),
            "srv/etc/conf.d/a.conf".to_owned(),
            "srv/etc/nginx.conf".to_owned(),
        ];
        assert_eq!(dir.names(), names);
        assert_eq!(dir.read("srv/etc/conf.d/a.conf"), last);
    }
}

#[test]
fn the_second_waits_for_the_first() {
    let dir = Dir::new();
    dir.write("nginx.conf", ours("old"));
    thread::scope(|scope| {
        // In here, so that a failure of this thread lets the other one go.
        let (arrived, wait_for_arrival) = channel();
        let (leave, wait_for_leave) = channel();
        let root = dir.path();
        scope.spawn(move || {
            let mut first = Recorder::acting(root, |_, step| {
                if *step == Step::Check {
                    arrived.send(()).unwrap();
                    let _ = wait_for_leave.recv();
                }
                Continue(())
            });
            let plan = tree(root, &[("nginx.conf", "first")]);
            apply(&plan, &Options::default(), &mut first).unwrap();
        });
        wait_for_arrival.recv().unwrap();
        let before = dir.state();
        assert_eq!(before.0.len(), 3, "the file, the new one and the old one");

        // Without patience it gives up; the staged files of the first are left alone.
        let second = tree(root, &[("nginx.conf", "second")]);
        let hasty = Options {
            patience: Duration::ZERO,
            ..Options::default()
        };
        let error = apply(&second, &hasty, &mut ()).unwrap_err();
        let words = format!("{error}\nhelp: {}", error.help().unwrap());
        insta::assert_snapshot!(dir.scrub(&words), @r"
        another djanginx is writing in `[DIR]`
        help: wait until it has ended, then run this again
        ");
        // Also when it is only one of the files.
        let single = single(dir.join("nginx.conf"), "second");
        let error = apply(&single, &hasty, &mut ()).unwrap_err();
        assert!(matches!(error, WriteError::Busy { .. }));
        // Waiting can be interrupted.
        let mut impatient = Recorder::acting(root, |_, _| Break(()));
        let error = apply(&second, &Options::default(), &mut impatient).unwrap_err();
        assert!(matches!(error, WriteError::Interrupted));
        assert_eq!(impatient.steps, ["Wait(\"[DIR]\")"]);
        assert_eq!(dir.state(), before);

        let mut patient = Recorder::acting(root, |_, step| {
            if matches!(step, Step::Wait(_)) {
                // Only the first answer is waited for.
                let _ = leave.send(());
            }
            Continue(())
        });
        apply(&second, &Options::default(), &mut patient).unwrap();
        assert_eq!(patient.steps[0], "Wait(\"[DIR]\")");
    });
    assert_eq!(dir.read("nginx.conf"), ours("second"));
    assert_eq!(dir.names(), ["nginx.conf"]);
}

#[test]
fn neighbours_do_not_wait() {
    let dir = Dir::new();
    let (a, b) = (dir.join("a"), dir.join("b"));
    for path in [&a, &b] {
        std::fs::create_dir(path).unwrap();
    }
    let mut inner = Recorder::acting(dir.path(), |_, step| {
        if *step == Step::Check {
            let hasty = Options {
                patience: Duration::ZERO,
                ..Options::default()
            };
            apply(&tree(&b, &[("x", "x")]), &hasty, &mut ()).unwrap();
        }
        Continue(())
    });
    apply(&tree(&a, &[("x", "x")]), &Options::default(), &mut inner).unwrap();
    assert_eq!(dir.names(), ["a/", "a/x", "b/", "b/x"]);
    assert!(Path::new(&a).is_dir());
}
