//! Symbolic links, pipes and devices.

use crate::support::*;
use djanginx::write::{Options, WriteError, apply, compare};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

#[test]
fn the_target_is_replaced_and_the_link_stays() {
    let dir = Dir::new();
    dir.write("available/shop.conf", ours("old"));
    fs::create_dir(dir.join("enabled")).unwrap();
    symlink("second", dir.join("enabled/shop.conf")).unwrap();
    symlink("../available/shop.conf", dir.join("enabled/second")).unwrap();
    let plan = tree(dir.path(), &[("enabled/shop.conf", "new")]);
    let plan = plan.also_search(["available"]).unwrap();
    assert_eq!(compare(&plan).unwrap().len(), 1);
    apply(&plan, &Options::default(), &mut ()).unwrap();
    assert_eq!(dir.read("available/shop.conf"), ours("new"));
    let link = |path: &str| fs::read_link(dir.join(path)).unwrap();
    assert_eq!(link("enabled/shop.conf"), Path::new("second"));
    assert_eq!(link("enabled/second"), Path::new("../available/shop.conf"));
    assert_eq!(
        dir.names(),
        [
            "available/",
            "available/shop.conf",
            "enabled/",
            "enabled/second",
            "enabled/shop.conf"
        ]
    );
}

#[test]
fn files_are_staged_where_the_link_leads() {
    let dir = Dir::new();
    dir.write("far/away/nginx.conf", ours("old"));
    symlink("far/away/nginx.conf", dir.join("nginx.conf")).unwrap();
    let mut places = Vec::new();
    let mut checker = Checker(|staged: &[djanginx::write::Staged<'_>]| {
        places.extend(staged.iter().map(|s| s.staged.parent().unwrap().to_owned()));
        Ok(())
    });
    let plan = single(dir.join("nginx.conf"), "new");
    apply(&plan, &Options::default(), &mut checker).unwrap();
    assert_eq!(places, [dir.join("far/away")]);
    assert_eq!(dir.read("far/away/nginx.conf"), ours("new"));
}

#[test]
fn directories_may_be_links() {
    let dir = Dir::new();
    fs::create_dir(dir.join("real")).unwrap();
    symlink("real", dir.join("etc")).unwrap();
    let plan = tree(&dir.join("etc"), &[("conf.d/a.conf", "a")]);
    apply(&plan, &Options::default(), &mut ()).unwrap();
    assert_eq!(
        dir.names(),
        ["etc", "real/", "real/conf.d/", "real/conf.d/a.conf"]
    );
}

#[track_caller]
fn refused(dir: &Dir, plan: &djanginx::write::Plan) -> String {
    let before = dir.state();
    let force = Options {
        force: true,
        ..Options::default()
    };
    let error = apply(plan, &force, &mut ()).unwrap_err();
    let compared = compare(plan).unwrap_err();
    assert_eq!(error.to_string(), compared.to_string());
    assert_eq!(dir.state(), before);
    dir.scrub(&format!("{error}\nhelp: {}", error.help().unwrap()))
}

#[test]
fn links_that_lead_nowhere() {
    let dir = Dir::new();
    symlink("b", dir.join("a")).unwrap();
    symlink("a", dir.join("b")).unwrap();
    insta::assert_snapshot!(refused(&dir, &single(dir.join("a"), "x")), @r"
    the symbolic link `[DIR]/a` leads to no file, only to more links
    help: remove the link
    ");

    symlink("gone/nginx.conf", dir.join("c")).unwrap();
    symlink("c", dir.join("d")).unwrap();
    insta::assert_snapshot!(refused(&dir, &single(dir.join("d"), "x")), @r"
    the symbolic link `[DIR]/d` leads to `[DIR]/gone/nginx.conf`, which does not exist
    help: make the file that it leads to, or remove the link
    ");

    symlink("gone", dir.join("e")).unwrap();
    insta::assert_snapshot!(refused(&dir, &tree(&dir.join("e"), &[("x", "x")])), @r"
    the symbolic link `[DIR]/e` leads to `[DIR]/gone`, which does not exist
    help: make the file that it leads to, or remove the link
    ");
}

#[test]
fn links_that_make_two_files_one() {
    let dir = Dir::new();
    dir.write("a.conf", ours("a"));
    symlink("a.conf", dir.join("b.conf")).unwrap();
    let plan = tree(dir.path(), &[("a.conf", "a"), ("b.conf", "b")]);
    insta::assert_snapshot!(refused(&dir, &plan), @r"
    `a.conf` and `b.conf` are the same file through a symbolic link
    help: remove the link
    ");
}

#[test]
fn orphaned_links_go_and_what_they_lead_to_outside_stays() {
    let dir = Dir::new();
    dir.write("outside/x.conf", ours("outside"));
    dir.write("etc/available/y.conf", ours("y"));
    dir.write("etc/available/kept.conf", ours("kept"));
    fs::create_dir(dir.join("etc/enabled")).unwrap();
    for (name, target) in [
        ("x.conf", "../../outside/x.conf"),
        ("y.conf", "../available/y.conf"),
        ("by-hand.conf", "../available/kept.conf"),
        ("dangling.conf", "../available/none.conf"),
    ] {
        symlink(target, dir.join("etc/enabled").join(name)).unwrap();
    }
    let root = dir.join("etc");
    let plan = tree(&root, &[("available/kept.conf", "kept")]);
    let plan = plan.also_search(["enabled"]).unwrap();
    let mut recorder = Recorder::new(dir.path());
    apply(&plan, &Options::default(), &mut recorder).unwrap();
    assert_eq!(
        dir.names(),
        [
            "etc/",
            "etc/available/",
            "etc/available/kept.conf",
            "etc/enabled/",
            "etc/enabled/by-hand.conf",
            "etc/enabled/dangling.conf",
            "outside/",
            "outside/x.conf"
        ]
    );
    // A link goes before what it leads to.
    recorder.steps.retain(|s| s.starts_with("Remove"));
    assert_eq!(
        recorder.steps,
        [
            "Remove(\"enabled/x.conf\")",
            "Remove(\"enabled/y.conf\")",
            "Remove(\"available/y.conf\")"
        ]
    );
}

fn make_pipe(path: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

#[test]
fn a_pipe_is_written_to() {
    let dir = Dir::new();
    let pipe = dir.join("pipe");
    make_pipe(&pipe);
    let plan = single(&pipe, "through");
    let reader = std::thread::spawn(move || fs::read_to_string(pipe).unwrap());
    let report = apply(&plan, &Options::default(), &mut ()).unwrap();
    assert!(report.changes.is_empty());
    assert_eq!(reader.join().unwrap(), ours("through"));
    assert_eq!(dir.names(), ["pipe"]);
    insta::assert_snapshot!(dir.scrub(&explain(&compare(&plan).unwrap_err())), @r"
    `[DIR]/pipe` is a pipe or a device, which has nothing to compare with
    help: leave `--check` out, or name a file
    ");
}

#[test]
fn devices_are_written_to() {
    apply(&single("/dev/null", "x"), &Options::default(), &mut ()).unwrap();
    let full = single("/dev/full", "x");
    let error = apply(&full, &Options::default(), &mut ()).unwrap_err();
    insta::assert_snapshot!(explain(&error), @r"
    no space left in the file system of `/dev/full`
    help: free some space, or choose another path
    ");
}

#[test]
fn standard_output_by_name() {
    const TEST: &str = "links::standard_output_by_name";
    if role("stdout").is_some() {
        apply(&single("/dev/stdout", "said"), &Options::default(), &mut ()).unwrap();
        return;
    }
    let output = child(&[], TEST, "stdout", Path::new("")).output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(&ours("said")), "{text}");
}

#[test]
fn in_a_tree_only_files_are_replaced() {
    let dir = Dir::new();
    make_pipe(&dir.join("pipe.conf"));
    let _socket = std::os::unix::net::UnixListener::bind(dir.join("socket.conf")).unwrap();
    fs::create_dir(dir.join("directory.conf")).unwrap();
    let refused = |name: &str| refused(&dir, &tree(dir.path(), &[(name, "x")]));
    insta::assert_snapshot!(refused("pipe.conf"), @r"
    `[DIR]/pipe.conf` is a named pipe, not a file
    help: choose another path, or move it away
    ");
    insta::assert_snapshot!(refused("socket.conf"), @r"
    `[DIR]/socket.conf` is a socket, not a file
    help: choose another path, or move it away
    ");
    insta::assert_snapshot!(refused("directory.conf"), @r"
    `[DIR]/directory.conf` is a directory, not a file
    help: name a file in it, or move it away
    ");
    // Nor are they mistaken for orphans, nor waited for.
    let plan = tree(dir.path(), &[("a.conf", "a")]);
    assert_eq!(compare(&plan).unwrap().len(), 1);
}

fn explain(error: &WriteError) -> String {
    format!("{error}\nhelp: {}", error.help().unwrap())
}

#[test]
fn a_link_to_the_directory_is_searched_once() {
    let dir = Dir::new();
    dir.write("available/gone.conf", ours("gone"));
    symlink("available", dir.join("enabled")).unwrap();
    let plan = tree(dir.path(), &[("nginx.conf", "root")]);
    let plan = plan.also_search(["available", "enabled"]).unwrap();
    let report = apply(&plan, &Options::default(), &mut ()).unwrap();
    let paths: Vec<PathBuf> = report.changes.into_iter().map(|c| c.path).collect();
    assert_eq!(
        paths,
        [PathBuf::from("nginx.conf"), "available/gone.conf".into()]
    );
}
