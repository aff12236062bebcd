//! Wrong uses, help, and readers that go away.

use crate::Run;
use insta::assert_snapshot;
use std::fs::OpenOptions;

#[test]
fn help_is_asked_for_and_given() {
    assert_snapshot!(Run::new(["--help"]).run());
    assert_snapshot!(Run::new(["validate", "-h"]).run());
    assert_snapshot!(Run::new(["--version"]).run(), @r"
    status: 0
    --- stdout
    djanginx 0.1.0
    ");
}

#[test]
fn wrong_uses_have_status_2() {
    let none: [&str; 0] = [];
    let output = Run::new(none).run();
    assert_eq!((output.status, &*output.stdout), (Some(2), ""));
    assert!(output.stderr.contains("Usage: djanginx"));
    assert_snapshot!(Run::new(["dance"]).run(), @r"
    status: 2
    --- stderr
    error: unrecognized subcommand 'dance'

    Usage: djanginx [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    assert_snapshot!(Run::new(["validate"]).run(), @r"
    status: 2
    --- stderr
    error: the following required arguments were not provided:
      <TOPOLOGY>

    Usage: djanginx validate <TOPOLOGY>

    For more information, try '--help'.
    ");
    assert_snapshot!(Run::new(["validate", "a.yaml", "-q", "-v"]).run(), @r"
    status: 2
    --- stderr
    error: the argument '--quiet' cannot be used with '--verbose'

    Usage: djanginx validate --quiet <TOPOLOGY>

    For more information, try '--help'.
    ");
    assert_snapshot!(Run::new(["validate", "a.yaml", "--nginx-version", "1.99"]).run(), @r"
    status: 2
    --- stderr
    error: invalid value '1.99' for '--nginx-version <VERSION>': `1.99` is not an nginx version that is known here: write `1.28`, `1.28.3`, `stable`, `mainline` or `plus-r35`, from 1.18.0 to 1.31.5

    For more information, try '--help'.
    ");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let wrong: String = (0..3_000).map(|i| format!("key_{i}: 1\n")).collect();
    for args in [
        vec!["validate", "topology.yaml"],
        vec!["schema"],
        vec!["completions", "zsh"],
    ] {
        let run = Run::new(args).file("topology.yaml", &wrong);
        let mut child = run.command().spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    }
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let run = Run::new(["schema"]);
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = run.command().stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_snapshot!(String::from_utf8(output.stderr).unwrap(), @r"error: cannot write the output: No space left on device (os error 28)");
}
