//! `djanginx init`, `schema`, `completions` and `man`.

use crate::Run;
use crate::run::Output;
use insta::assert_snapshot;
use std::process::Command;

#[test]
fn a_starter_is_written_once() {
    let run = Run::new(["init", "new/folder"]);
    assert_snapshot!(run.run(), @r"
    status: 0
    --- stderr
    created new/folder/topology.yaml
    created new/folder/topology.schema.json
    edit new/folder/topology.yaml, then run: djanginx generate new/folder/topology.yaml
    ");
    assert_snapshot!(run.run(), @r"
    status: 2
    --- stderr
    error: new/folder/topology.yaml exists already
      help: remove it, or name another folder
    ");
    let again = Run::new(["init"]).file("topology.schema.json", "mine");
    assert_snapshot!(again.run(), @r"
    status: 2
    --- stderr
    error: ./topology.schema.json exists already
      help: remove it, or name another folder
    ");
    assert!(!again.folder().join("topology.yaml").exists());
    let kept = std::fs::read(again.folder().join("topology.schema.json")).unwrap();
    assert_eq!(kept, b"mine");
}

#[test]
fn the_starter_is_valid_and_can_be_generated() {
    let run = Run::new(["init", "-q"]);
    assert_eq!(run.run().to_string(), "status: 0\n");
    let then = |args: &[&str]| -> Output {
        let command = run.command();
        let output = Command::new(command.get_program())
            .args(args)
            .current_dir(run.folder())
            .env_clear()
            .output()
            .unwrap();
        Output {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    };
    let validated = then(&["validate", "topology.yaml", "-q"]);
    assert_eq!(validated.to_string(), "status: 0\n");
    let generated = then(&["generate", "topology.yaml"]);
    assert_eq!((generated.status, &*generated.stderr), (Some(0), ""));
    assert!(generated.stdout.contains("upstream web {"));
    // Editors find the schema where the topology says that it is.
    let topology = std::fs::read_to_string(run.folder().join("topology.yaml")).unwrap();
    let modeline = topology.lines().next().unwrap();
    let schema = modeline
        .strip_prefix("# yaml-language-server: $schema=")
        .unwrap();
    let schema = std::fs::read_to_string(run.folder().join(schema)).unwrap();
    assert_eq!(schema, then(&["schema"]).stdout);
}

#[test]
fn a_folder_that_cannot_be_made() {
    let run = Run::new(["init", "file/folder"]).file("file", "");
    assert_snapshot!(run.run(), @r"
    status: 2
    --- stderr
    error: cannot create file/folder: Not a directory (os error 20)
    ");
}

#[test]
fn shells_are_told_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = Run::new(["completions", shell]).run();
        assert_eq!((output.status, &*output.stderr), (Some(0), ""), "{shell}");
        for word in ["validate", "generate", "nginx-version"] {
            assert!(output.stdout.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn manual_pages() {
    let output = Run::new(["man"]).run();
    assert_eq!((output.status, &*output.stderr), (Some(0), ""));
    assert!(output.stdout.contains(".TH djanginx 1"));
    let output = Run::new(["man", "validate"]).run();
    assert_eq!((output.status, &*output.stderr), (Some(0), ""));
    assert!(output.stdout.contains(".TH djanginx-validate 1"));
    assert_snapshot!(Run::new(["man", "dance"]).run(), @r"
    status: 2
    --- stderr
    error: there is no command `dance`
    ");
}
