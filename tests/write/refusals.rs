//! What a run refuses, in which words, and that it leaves everything as it was.

use crate::support::*;
use djanginx::write::{Options, OutputFile, Plan, WriteError, apply, compare};
use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

/// The words of the refusal. Nothing may have changed.
#[track_caller]
fn refused(dir: &Dir, plan: &Plan) -> String {
    let before = dir.state();
    let error = apply(plan, &Options::default(), &mut ()).unwrap_err();
    assert_eq!(dir.state(), before);
    dir.scrub(&format!("{error}\nhelp: {}", error.help().unwrap()))
}

#[test]
fn a_file_made_by_hand() {
    let dir = Dir::new();
    let path = dir.write("nginx.conf", "events {}\n");
    let plan = single(&path, "ours");
    insta::assert_snapshot!(refused(&dir, &plan), @r"
    `[DIR]/nginx.conf` is not made by djanginx
    help: move it away, or overwrite it with `--force`
    ");
    // It is drift like any other.
    assert!(compare(&plan).unwrap()[0].is_drift());
    let force = Options {
        force: true,
        ..Options::default()
    };
    apply(&plan, &force, &mut ()).unwrap();
    assert_eq!(dir.read("nginx.conf"), ours("ours"));
}

#[test]
fn many_files_made_by_hand() {
    let dir = Dir::new();
    let names: Vec<_> = (10..22).map(|n| format!("{n}.conf")).collect();
    for name in &names {
        dir.write(name, "# by hand\n");
    }
    dir.write("99.conf", ours("old"));
    let mut files: Vec<_> = names.iter().map(|n| (n.as_str(), "x")).collect();
    files.push(("99.conf", "x"));
    insta::assert_snapshot!(refused(&dir, &tree(dir.path(), &files[10..])), @r"
    `20.conf`, `21.conf` are not made by djanginx
    help: move them away, or overwrite them with `--force`
    ");
    insta::assert_snapshot!(refused(&dir, &tree(dir.path(), &files)), @r"
    `10.conf`, `11.conf`, `12.conf`, `13.conf`, `14.conf`, `15.conf`, `16.conf`, `17.conf`, `18.conf`, `19.conf` and 2 more are not made by djanginx
    help: move them away, or overwrite them with `--force`
    ");
}

#[test]
fn force_never_removes_what_is_not_ours() {
    let dir = Dir::new();
    dir.write("mine.conf", "# by hand\n");
    let force = Options {
        force: true,
        ..Options::default()
    };
    apply(&tree(dir.path(), &[("a.conf", "a")]), &force, &mut ()).unwrap();
    assert_eq!(dir.names(), ["a.conf", "mine.conf"]);
}

#[test]
fn the_directory_of_a_single_file_must_be_there() {
    let dir = Dir::new();
    let plan = single(dir.join("build/nginx.conf"), "x");
    insta::assert_snapshot!(refused(&dir, &plan), @r"
    the directory `[DIR]/build` does not exist
    help: make it with `mkdir -p [DIR]/build`
    ");
}

#[test]
fn a_file_where_a_directory_is_needed() {
    let dir = Dir::new();
    dir.write("build", "a file\n");
    let roots = ["build", "build/deep/er"].map(|r| dir.join(r));
    for root in &roots {
        let words = refused(&dir, &tree(root, &[("conf.d/a.conf", "a")]));
        insta::allow_duplicates! { insta::assert_snapshot!(words, @r"
        `[DIR]/build` is not a directory
        help: move the file away, or choose another directory
        ") }
    }
    dir.write("etc/conf.d", "a file\n");
    let plan = tree(&dir.join("etc"), &[("conf.d/a.conf", "a")]);
    insta::assert_snapshot!(refused(&dir, &plan), @r"
    `[DIR]/etc/conf.d` is not a directory
    help: move the file away, or choose another directory
    ");
}

#[test]
fn a_directory_where_a_file_is_needed() {
    let dir = Dir::new();
    fs::create_dir(dir.join("build")).unwrap();
    insta::assert_snapshot!(refused(&dir, &single(dir.join("build"), "x")), @r"
    `[DIR]/build` is a directory, not a file
    help: name a file in it, or move it away
    ");
}

#[test]
fn names_that_are_too_long() {
    let dir = Dir::new();
    let name = "x".repeat(300);
    let words = refused(&dir, &single(dir.join(&name), "x"));
    insta::assert_snapshot!(words.replace(&name, "[LONG]"), @r"
    the path `[DIR]/[LONG]` is too long for its file system
    help: choose a shorter path
    ");
    let words = refused(&dir, &tree(&dir.join(&name), &[("a.conf", "a")]));
    insta::assert_snapshot!(words.replace(&name, "[LONG]"), @r"
    the path `[DIR]/[LONG]/a.conf` is too long for its file system
    help: choose a shorter path
    ");
    // The longest that is allowed leaves room for what is staged beside it.
    let name = "x".repeat(255);
    apply(&single(dir.join(&name), "x"), &Options::default(), &mut ()).unwrap();
}

/// Runs a test once more as a user without rights, in a directory that `prepare` fills.
fn as_nobody(test: &str, role: &str, prepare: fn(&Dir)) -> String {
    if !is_root() {
        let dir = Dir::new();
        prepare(&dir);
        return run(child(&[], test, role, dir.path()));
    }
    // Root's home may be closed to others, so both program and directory move out.
    let open = tempfile::tempdir().unwrap();
    set_mode(open.path(), 0o755);
    let program = open.path().join("tests");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let work = open.path().join("work");
    fs::create_dir(&work).unwrap();
    chown(&work, Some(65534), Some(65534)).unwrap();
    prepare(&Dir::at(&work));
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(&program)
        .args(["--exact", test, "--nocapture"])
        .env(ROLE, format!("{role}:{}", work.display()));
    run(command)
}

#[test]
fn no_permission() {
    const TEST: &str = "refusals::no_permission";
    if let Some(work) = role("permission") {
        return without_permission(&Dir::at(&work));
    }
    let said = as_nobody(TEST, "permission", |_| ());
    insta::assert_snapshot!(said, @r"
    no permission to write files in `[DIR]/closed`
    help: run as a user who may, or choose another path
    no permission to make the directory `[DIR]/closed/sub`
    help: run as a user who may, or choose another path
    no permission to read `[DIR]/secret.conf`
    help: run as a user who may, or choose another path
    no permission to read `[DIR]/hidden/nginx.conf`
    help: run as a user who may, or choose another path
    no permission to read `[DIR]/blind`
    help: run as a user who may, or choose another path
    ");
}

fn without_permission(dir: &Dir) {
    let say_refusal = |plan: &Plan| {
        let error = apply(plan, &Options::default(), &mut ()).unwrap_err();
        say(&dir.scrub(&format!("{error}\nhelp: {}", error.help().unwrap())));
    };
    dir.write("closed/nginx.conf", ours("old"));
    set_mode(&dir.join("closed"), 0o555);
    say_refusal(&single(dir.join("closed/nginx.conf"), "new"));
    say_refusal(&tree(&dir.join("closed/sub"), &[("a", "a")]));
    assert_eq!(dir.read("closed/nginx.conf"), ours("old"));
    // There is nothing to do, and so nothing that is not permitted.
    let current = single(dir.join("closed/nginx.conf"), "old");
    apply(&current, &Options::default(), &mut ()).unwrap();

    set_mode(&dir.write("secret.conf", ours("old")), 0o000);
    say_refusal(&single(dir.join("secret.conf"), "new"));

    fs::create_dir(dir.join("hidden")).unwrap();
    set_mode(&dir.join("hidden"), 0o000);
    say_refusal(&single(dir.join("hidden/nginx.conf"), "new"));

    // A directory that cannot be listed, and so neither locked nor synced, will do for a
    // single file, but not for a tree, whose orphans would stay unseen.
    dir.write("blind/nginx.conf", ours("old"));
    set_mode(&dir.join("blind"), 0o300);
    let plan = single(dir.join("blind/nginx.conf"), "new");
    apply(&plan, &Options::default(), &mut ()).unwrap();
    assert_eq!(dir.read("blind/nginx.conf"), ours("new"));
    say_refusal(&tree(&dir.join("blind"), &[("a", "a")]));

    for name in ["closed", "hidden", "blind"] {
        set_mode(&dir.join(name), 0o755);
    }
}

#[test]
fn owners_that_cannot_be_kept() {
    const TEST: &str = "refusals::owners_that_cannot_be_kept";
    if let Some(work) = role("owner") {
        let before = state(&work);
        let plan = single(work.join("nginx.conf"), "new");
        let words = match apply(&plan, &Options::default(), &mut ()) {
            Ok(_) => "kept".to_owned(),
            Err(e) => format!("{e}\nhelp: {}", e.help().unwrap()),
        };
        if words != "kept" {
            assert_eq!(state(&work), before);
        }
        say(&words.replace(work.to_str().unwrap(), "[DIR]"));
        return;
    }
    // Who is not root has no file of another's, and keeps the owner of any other.
    let said = as_nobody(TEST, "owner", |dir| {
        dir.write("nginx.conf", ours("old"));
    });
    if is_root() {
        insta::assert_snapshot!(said, @r"
        no permission to keep the owner 0:0 of `[DIR]/nginx.conf`
        help: run as that user or as root
        ");
    } else {
        assert_eq!(said, "kept");
    }
}

/// Whether this machine lets us mount in a namespace of our own.
fn mounting(dir: &Dir) -> Option<Vec<&'static str>> {
    let unshare = if is_root() {
        vec!["unshare", "-m"]
    } else {
        vec!["unshare", "-rm"]
    };
    let status = Command::new(unshare[0])
        .args(&unshare[1..])
        .args(["mount", "-t", "tmpfs", "tmpfs"])
        .arg(dir.path())
        .output()
        .expect("unshare is there: apt-get install util-linux")
        .status;
    status.success().then_some(unshare)
}

#[test]
fn mounted_things() {
    const TEST: &str = "refusals::mounted_things";
    if let Some(work) = role("mount") {
        return in_a_small_file_system(&Dir::at(&work));
    }
    let dir = Dir::new();
    match mounting(&dir) {
        Some(mut wrapper) => {
            let script = format!(
                "mount -t tmpfs -o size=256k tmpfs {} && exec \"$0\" \"$@\"",
                dir.path().display()
            );
            wrapper.extend(["sh", "-c", &script]);
            let said = run(child(&wrapper, TEST, "mount", dir.path()));
            insta::assert_snapshot!(said, @r"
            no space left in the file system of `[DIR]`
            help: free some space, or choose another path
            `[DIR]/nginx.conf` is a mount point, which cannot be replaced
            help: mount its directory in place of the file
            the file system of `[DIR]` is read-only
            help: mount it writable, or choose another path
            ");
        }
        // Nothing may be mounted here. /dev/full at least is full everywhere.
        None => {
            let plan = single("/dev/full", "x");
            let error = apply(&plan, &Options::default(), &mut ()).unwrap_err();
            assert!(matches!(error, WriteError::NoSpace { .. }));
        }
    }
}

fn in_a_small_file_system(dir: &Dir) {
    dir.write("a.conf", ours("a"));
    dir.write("nginx.conf", ours("old"));
    let text = [ours("big").into_bytes(), vec![b'#'; 1 << 20]].concat();
    let big = OutputFile {
        path: "nginx.conf".into(),
        text,
    };
    let small = OutputFile {
        path: "a.conf".into(),
        text: ours("new").into_bytes(),
    };
    let plan = Plan::tree(dir.path(), vec![small, big], MARK).unwrap();
    say(&refused(dir, &plan));

    // A single file mounted into a container: it can be neither linked nor replaced.
    mount(&["--bind", "nginx.conf", "nginx.conf"], dir.path());
    let plan = tree(dir.path(), &[("a.conf", "new"), ("nginx.conf", "new")]);
    say(&refused(dir, &plan));

    mount(&["-o", "remount,ro", "."], dir.path());
    say(&refused(dir, &tree(dir.path(), &[("a.conf", "new")])));
    // There is nothing to do, and so nothing to write.
    let plan = tree(dir.path(), &[("a.conf", "a"), ("nginx.conf", "old")]);
    apply(&plan, &Options::default(), &mut ()).unwrap();
}

fn mount(args: &[&str], directory: &Path) {
    let status = Command::new("mount")
        .args(args)
        .current_dir(directory)
        .status()
        .unwrap();
    assert!(status.success(), "mount {args:?}");
}
