//! What a run does when all goes well.

use crate::support::*;
use djanginx::write::{ChangeKind, Options, apply, compare};
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

fn kinds(changes: &[djanginx::write::Change<'_>]) -> Vec<String> {
    let lines = changes.iter().map(|c| {
        let kind = match c.kind {
            ChangeKind::Unchanged => "unchanged",
            ChangeKind::Changed { .. } => "changed",
            ChangeKind::Missing { .. } => "missing",
            ChangeKind::Orphaned { .. } => "orphaned",
        };
        format!("{kind} {}", c.path.display())
    });
    lines.collect()
}

#[test]
fn a_new_tree() {
    let dir = Dir::new();
    let root = dir.join("srv/build");
    let plan = tree(&root, &[("conf.d/a.conf", "a"), ("nginx.conf", "root")]);
    let mut recorder = Recorder::new(dir.path());
    let report = apply(&plan, &Options::default(), &mut recorder).unwrap();
    assert_eq!(
        kinds(&report.changes),
        ["missing conf.d/a.conf", "missing nginx.conf"]
    );
    assert_eq!(
        dir.names(),
        [
            "srv/",
            "srv/build/",
            "srv/build/conf.d/",
            "srv/build/conf.d/a.conf",
            "srv/build/nginx.conf"
        ]
    );
    assert_eq!(dir.read("srv/build/conf.d/a.conf"), ours("a"));
    assert_eq!(dir.read("srv/build/nginx.conf"), ours("root"));
    insta::assert_snapshot!(recorder.steps.join("\n"), @r#"
    MakeDirectory("[DIR]/srv")
    MakeDirectory("[DIR]/srv/build")
    MakeDirectory("[DIR]/srv/build/conf.d")
    Stage("conf.d/a.conf")
    Stage("nginx.conf")
    Check
    Replace("conf.d/a.conf")
    Sync("[DIR]/srv/build/conf.d")
    Replace("nginx.conf")
    Sync("[DIR]/srv/build")
    "#);
}

#[test]
fn an_old_tree_with_orphans() {
    let dir = Dir::new();
    dir.write("conf.d/a.conf", ours("old a"));
    dir.write("conf.d/same.conf", ours("same"));
    dir.write("conf.d/gone.conf", ours("gone"));
    dir.write("conf.d/mine.conf", "# by hand\n");
    dir.write(
        "other/gone.conf",
        ours("in a directory that is not searched"),
    );
    dir.write("nginx.conf", ours("old root"));
    dir.write("gone.conf", ours("gone"));
    let plan = tree(
        dir.path(),
        &[
            ("conf.d/a.conf", "a"),
            ("conf.d/new.conf", "new"),
            ("conf.d/same.conf", "same"),
            ("nginx.conf", "root"),
        ],
    );
    let mut recorder = Recorder::new(dir.path());
    let report = apply(&plan, &Options::default(), &mut recorder).unwrap();
    assert_eq!(
        kinds(&report.changes),
        [
            "changed conf.d/a.conf",
            "missing conf.d/new.conf",
            "unchanged conf.d/same.conf",
            "changed nginx.conf",
            "orphaned gone.conf",
            "orphaned conf.d/gone.conf",
        ]
    );
    assert_eq!(
        dir.names(),
        [
            "conf.d/",
            "conf.d/a.conf",
            "conf.d/mine.conf",
            "conf.d/new.conf",
            "conf.d/same.conf",
            "nginx.conf",
            "other/",
            "other/gone.conf"
        ]
    );
    assert_eq!(dir.read("conf.d/a.conf"), ours("a"));
    assert_eq!(dir.read("nginx.conf"), ours("root"));
    insta::assert_snapshot!(recorder.steps.join("\n"), @r#"
    Stage("conf.d/a.conf")
    Stage("conf.d/new.conf")
    Stage("nginx.conf")
    Keep("conf.d/a.conf")
    Keep("nginx.conf")
    Keep("gone.conf")
    Keep("conf.d/gone.conf")
    Check
    Replace("conf.d/a.conf")
    Replace("conf.d/new.conf")
    Sync("[DIR]/conf.d")
    Replace("nginx.conf")
    Remove("gone.conf")
    Sync("[DIR]")
    Remove("conf.d/gone.conf")
    Sync("[DIR]/conf.d")
    Discard("conf.d/a.conf")
    Discard("nginx.conf")
    Discard("gone.conf")
    Discard("conf.d/gone.conf")
    "#);
}

#[test]
fn directories_of_other_layouts_are_searched_when_asked() {
    let dir = Dir::new();
    dir.write("conf.d/a.conf", ours("a"));
    dir.write("nginx.conf", ours("root"));
    let plan = tree(dir.path(), &[("nginx.conf", "all")]);
    assert_eq!(kinds(&compare(&plan).unwrap()), ["changed nginx.conf"]);
    let plan = plan.also_search(["conf.d", "sites"]).unwrap();
    apply(&plan, &Options::default(), &mut ()).unwrap();
    assert_eq!(dir.names(), ["conf.d/", "nginx.conf"]);
}

#[test]
fn what_is_right_is_not_touched() {
    let dir = Dir::new();
    let plan = tree(
        dir.path(),
        &[("conf.d/a.conf", "a"), ("nginx.conf", "root")],
    );
    apply(&plan, &Options::default(), &mut ()).unwrap();
    let times = |path: &Path| {
        let metadata = fs::metadata(path).unwrap();
        (metadata.ctime(), metadata.ctime_nsec(), metadata.ino())
    };
    let paths = ["", "conf.d", "conf.d/a.conf", "nginx.conf"].map(|p| dir.join(p));
    let before = paths.each_ref().map(|p| times(p));
    let mut recorder = Recorder::new(dir.path());
    let report = apply(&plan, &Options::default(), &mut recorder).unwrap();
    assert!(report.changes.iter().all(|c| !c.is_drift()));
    assert_eq!(paths.each_ref().map(|p| times(p)), before);
    assert_eq!(recorder.steps, Vec::<String>::new());
}

#[test]
fn comparing_writes_nothing() {
    let dir = Dir::new();
    dir.write("etc/conf.d/gone.conf", ours("gone"));
    dir.write("etc/conf.d/.djanginx-aaaaaaaaaaaa.new", ours("left"));
    dir.write("etc/nginx.conf", "# by hand\n");
    let root = dir.join("etc");
    let paths = ["etc", "etc/conf.d", "etc/nginx.conf"].map(|p| dir.join(p));
    let changed = || {
        paths
            .each_ref()
            .map(|p| fs::metadata(p).unwrap().ctime_nsec())
    };
    let (before, times) = (dir.state(), changed());
    let plan = tree(
        &root,
        &[
            ("conf.d/a.conf", "a"),
            ("new/b.conf", "b"),
            ("nginx.conf", ""),
        ],
    );
    assert_eq!(
        kinds(&compare(&plan).unwrap()),
        [
            "missing conf.d/a.conf",
            "missing new/b.conf",
            "changed nginx.conf",
            "orphaned conf.d/gone.conf"
        ]
    );
    assert_eq!(dir.state(), before);
    assert_eq!(changed(), times);
}

#[test]
fn one_file_and_nothing_beside_it() {
    let dir = Dir::new();
    dir.write("gone.conf", ours("not looked at"));
    let plan = single(dir.join("nginx.conf"), "all");
    let report = apply(&plan, &Options::default(), &mut ()).unwrap();
    assert_eq!(report.changes.len(), 1);
    assert_eq!(dir.names(), ["gone.conf", "nginx.conf"]);
    assert_eq!(dir.read("nginx.conf"), ours("all"));
}

#[test]
fn a_bare_name_is_in_the_current_directory() {
    const TEST: &str = "apply::a_bare_name_is_in_the_current_directory";
    if let Some(path) = role("bare") {
        std::env::set_current_dir(path).unwrap();
        for body in ["one", "two"] {
            let plan = tree(Path::new(""), &[("a.conf", body)]);
            apply(&plan, &Options::default(), &mut ()).unwrap();
            apply(&single("nginx.conf", body), &Options::default(), &mut ()).unwrap();
        }
        return;
    }
    let dir = Dir::new();
    run(child(&[], TEST, "bare", dir.path()));
    assert_eq!(dir.names(), ["a.conf", "nginx.conf"]);
    assert_eq!(dir.read("nginx.conf"), ours("two"));
}

#[test]
fn modes_are_kept() {
    let dir = Dir::new();
    for (n, bits) in [0o600, 0o640, 0o444, 0o755, 0o664].into_iter().enumerate() {
        let path = dir.write(&format!("{n}.conf"), ours("old"));
        set_mode(&path, bits);
        apply(&single(&path, "new"), &Options::default(), &mut ()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), ours("new"));
        assert_eq!(mode(&path), bits, "{bits:o}");
    }
}

#[test]
fn new_files_obey_the_umask() {
    const TEST: &str = "apply::new_files_obey_the_umask";
    if let Some(path) = role("umask") {
        let plan = tree(&path, &[("conf.d/a.conf", "a")]);
        apply(&plan, &Options::default(), &mut ()).unwrap();
        return;
    }
    for (umask, file, directory) in [("022", 0o644, 0o755), ("027", 0o640, 0o750)] {
        let dir = Dir::new();
        let script = format!("umask {umask}; exec \"$0\" \"$@\"");
        run(child(&["sh", "-c", &script], TEST, "umask", dir.path()));
        assert_eq!(mode(&dir.join("conf.d/a.conf")), file);
        assert_eq!(mode(&dir.join("conf.d")), directory);
    }
}

#[test]
fn owners_are_kept() {
    let dir = Dir::new();
    let path = dir.write("nginx.conf", ours("old"));
    set_mode(&path, 0o4750);
    if is_root() {
        chown(&path, Some(12345), Some(54321)).unwrap();
        // The change of owner has cleared it.
        set_mode(&path, 0o4750);
    }
    let before = fs::metadata(&path).unwrap();
    apply(&single(&path, "new"), &Options::default(), &mut ()).unwrap();
    let after = fs::metadata(&path).unwrap();
    assert_ne!(after.ino(), before.ino());
    assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
    assert_eq!(after.mode(), before.mode());
}

#[test]
fn extended_attributes_are_kept() {
    use rustix::fs::{XattrFlags, getxattr, setxattr};
    let dir = Dir::new();
    let path = dir.write("nginx.conf", ours("old"));
    setxattr(&path, "user.note", b"keep me", XattrFlags::empty())
        .expect("the target directory is on a file system with extended attributes");
    apply(&single(&path, "new"), &Options::default(), &mut ()).unwrap();
    let mut value = [0; 16];
    let length = getxattr(&path, "user.note", &mut value).unwrap();
    assert_eq!(&value[..length], b"keep me");
}

#[test]
fn empty_files_have_nothing_to_lose() {
    let dir = Dir::new();
    let path = dir.write("nginx.conf", "");
    apply(&single(path, "new"), &Options::default(), &mut ()).unwrap();
    assert_eq!(dir.read("nginx.conf"), ours("new"));
}

#[test]
fn paths_need_not_be_utf8() {
    use std::os::unix::ffi::OsStrExt;
    let dir = Dir::new();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.conf");
    let path = dir.path().join(name);
    for body in ["old", "new"] {
        apply(&single(&path, body), &Options::default(), &mut ()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), ours(body));
    }
}

#[test]
fn leftovers_are_swept_and_nothing_else() {
    let dir = Dir::new();
    let left = [
        "conf.d/.djanginx-aaaaaaaaaaaa.new",
        ".djanginx-0123456789ab.old",
    ];
    for path in left {
        dir.write(path, ours("left"));
    }
    dir.write(".djanginx.toml", "[lint]\n");
    dir.write(".djanginx-mine.new", "x");
    let plan = tree(dir.path(), &[("conf.d/a.conf", "a")]);
    let report = apply(&plan, &Options::default(), &mut ()).unwrap();
    let swept: Vec<PathBuf> = [left[1], left[0]].map(|p| dir.join(p)).into();
    assert_eq!(report.swept, swept);
    assert_eq!(
        dir.names(),
        [
            ".djanginx-mine.new",
            ".djanginx.toml",
            "conf.d/",
            "conf.d/a.conf"
        ]
    );
}

#[test]
fn staged_files_are_checked_before_anything_is_replaced() {
    let dir = Dir::new();
    dir.write("nginx.conf", ours("old"));
    let plan = tree(
        dir.path(),
        &[("conf.d/a.conf", "a"), ("nginx.conf", "root")],
    );
    let before = dir.state();
    let mut seen = Vec::new();
    let mut checker = Checker(|staged: &[djanginx::write::Staged<'_>]| {
        for file in staged {
            let text = fs::read_to_string(file.staged).unwrap();
            assert_eq!(file.staged.parent(), dir.path().join(file.path).parent());
            seen.push((file.path.to_owned(), text));
        }
        assert_eq!(dir.read("nginx.conf"), ours("old"));
        Err("line 3 is wrong".to_owned())
    });
    let error = apply(&plan, &Options::default(), &mut checker).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the staged files did not pass their check"
    );
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "line 3 is wrong");
    assert_eq!(
        seen,
        [
            ("conf.d/a.conf".into(), ours("a")),
            ("nginx.conf".into(), ours("root"))
        ]
    );
    assert_eq!(dir.state(), before);
}
