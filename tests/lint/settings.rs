//! Which rules speak, about what, and from when on that counts: arguments, settings,
//! comments, the baseline.

use super::Run;

/// Two findings of rules that are on, in two files; one of each severity at least.
fn two() -> Run {
    Run::new()
        .file(".git/HEAD", "")
        .file(
            "conf/nginx.conf",
            "events {}\nhttp {\n    ssl_protocols TLSv1;\n    include sites/*.conf;\n}\n",
        )
        .file(
            "conf/sites/a.conf",
            "server {\n    server_name a.example, b.example;\n    location ~ \\.php { return 204; }\n}\n",
        )
}

impl Run {
    /// The rules that are found, each with the severity, and the status.
    fn rules(&self, arguments: &[&str]) -> String {
        let all = [&["conf/nginx.conf", "--format", "json"], arguments].concat();
        let (status, out, err) = self.raw(&all);
        if status == 2 {
            return err;
        }
        let report: serde_json::Value = serde_json::from_str(&out).unwrap();
        let found = report["diagnostics"].as_array().unwrap().iter();
        let found = found.map(|one| format!("{} ", one["rule"].as_str().unwrap()));
        let suppressed = &report["summary"]["suppressed"];
        format!("{}/ {suppressed} / {status}", found.collect::<String>())
    }
}

#[test]
fn the_group_nginx_has_every_verdict() {
    // Of the groups `upstream` and `tls`; nginx refuses both.
    let run = Run::new().file(
        "conf/nginx.conf",
        "events {}\nhttp {\n    upstream u { }\n    server { listen 443 ssl; }\n}\n",
    );
    let rules = |arguments: &[&str]| run.rules(arguments);
    insta::assert_snapshot!(rules(&["--select", "nginx"]), @"upstream-empty missing-certificate / 0 / 1");
    insta::assert_snapshot!(rules(&["--select", "nginx", "--ignore", "upstream"]), @"missing-certificate / 0 / 1");
    insta::assert_snapshot!(rules(&["--select", "upstream"]), @"upstream-empty unused-upstream / 0 / 1");
    insta::assert_snapshot!(rules(&["--select", "upstream", "--ignore", "nginx"]), @"unused-upstream / 0 / 0");
}

#[test]
fn arguments_select_rules_and_groups() {
    let run = two();
    let rules = |arguments: &[&str]| run.rules(arguments);
    insta::assert_snapshot!(rules(&[]), @"deprecated-tls-protocol server-name-comma unanchored-extension-regex / 0 / 1");
    insta::assert_snapshot!(rules(&["--select", "tls"]), @"deprecated-tls-protocol / 0 / 1");
    insta::assert_snapshot!(rules(&["--select", "tls,server-name-comma"]), @"deprecated-tls-protocol server-name-comma / 0 / 1");
    insta::assert_snapshot!(rules(&["--ignore", "nginx"]), @"deprecated-tls-protocol / 0 / 1");
    insta::assert_snapshot!(rules(&["--select", "server-name-comma", "--ignore", "nginx"]), @"server-name-comma / 0 / 1");
    insta::assert_snapshot!(rules(&["--select", "nginx", "--ignore", "server-name-comma"]), @"unanchored-extension-regex / 0 / 1");
    insta::assert_snapshot!(rules(&["--extend-select", "style", "--select", "tls"]), @"deprecated-tls-protocol / 0 / 1");
    insta::assert_snapshot!(rules(&["--select", "static"]), @"/ 0 / 0");
    insta::assert_snapshot!(rules(&["--select", "tsl"]), @"
    error: invalid value 'tsl' for '--select <RULE|GROUP,...>': there is no rule or group `tsl`: did you mean `tls`?

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(rules(&["--ignore", "server-name-coma"]), @"
    error: invalid value 'server-name-coma' for '--ignore <RULE|GROUP,...>': there is no rule or group `server-name-coma`: did you mean `server-name-comma`?

    For more information, try '--help'.
    ");
}

#[test]
fn settings_do_what_arguments_do() {
    let with = |text: &str| two().file("djanginx.toml", text);
    insta::assert_snapshot!(with("select = ['tls']").rules(&[]), @"deprecated-tls-protocol / 0 / 1");
    insta::assert_snapshot!(with("select = ['tls']").rules(&["--isolated"]), @"deprecated-tls-protocol server-name-comma unanchored-extension-regex / 0 / 1");
    insta::assert_snapshot!(with("select = ['tls']").rules(&["--select", "server-name-comma"]), @"server-name-comma / 0 / 1");
    insta::assert_snapshot!(with("select = ['tls']").rules(&["--extend-select", "server-name-comma"]), @"deprecated-tls-protocol server-name-comma / 0 / 1");
    insta::assert_snapshot!(with("ignore = ['nginx']").rules(&[]), @"deprecated-tls-protocol / 0 / 1");
    insta::assert_snapshot!(with("select = ['tls']\nextend-select = ['server-name-comma']").rules(&["--ignore", "tls"]), @"server-name-comma / 0 / 1");
    insta::assert_snapshot!(with("[per-file-ignores]\n'conf/sites/*.conf' = ['nginx']\n'*.conf' = ['static']").rules(&[]), @"deprecated-tls-protocol / 2 / 1");
    insta::assert_snapshot!(with("[per-file-ignores]\n'conf/sites/*.conf' = ['nginx']").rules(&["--config", "djanginx.toml"]), @"deprecated-tls-protocol / 2 / 1");
    let low = with("select = ['unanchored-extension-regex']\nfail-on = 'error'");
    insta::assert_snapshot!(low.rules(&[]), @"unanchored-extension-regex / 0 / 0");
    insta::assert_snapshot!(low.rules(&["--fail-on", "info"]), @"unanchored-extension-regex / 0 / 1");
}

#[test]
fn the_nearest_settings_count_up_to_the_repository() {
    let tls = "select = ['tls']";
    let only = |rules: String| rules.starts_with("deprecated-tls-protocol /");
    assert!(only(two().file(".djanginx.toml", tls).rules(&[])));
    assert!(only(
        two()
            .file("pyproject.toml", "[tool.djanginx]\nselect = ['tls']")
            .rules(&[])
    ));
    assert!(!only(
        two()
            .file("pyproject.toml", "[tool.black]\nselect = ['tls']")
            .rules(&[])
    ));
    let nearer = two().file("djanginx.toml", "select = ['static']");
    assert!(only(nearer.file("conf/djanginx.toml", tls).rules(&[])));
    // What is above the repository belongs to somebody else.
    let outside = two().file("conf/.git/HEAD", "").file("djanginx.toml", tls);
    assert!(!only(outside.rules(&[])));
    let named = two().file("other/mine.toml", tls);
    assert!(only(named.rules(&["--config", "other/mine.toml"])));
}

#[test]
fn every_problem_of_settings_has_its_place() {
    let run = two().file(
        "djanginx.toml",
        "nginx-version = '1.1'\nmodules = ['http_ssl', 'htp_ssl']\nselct = ['tls']\nselect = \
         ['tls', 'tsl', 3]\nignore = ['servr-tokens', 'nope-nope-nope']\nfail-on = 'always'\n\n[per-file-ignores]\n'a[' \
         = ['all']\n'b' = ['stile']\n\n[django]\npublic = 'yes'\nstatic-ur = '/s/'\napp-server = \
         'gunicron'\n",
    );
    insta::assert_snapshot!(run.rules(&[]));
    let run = two().file("djanginx.toml", "select = [tls]\nignore = 'x\n");
    insta::assert_snapshot!(run.rules(&[]));
    let run = two().file(
        "pyproject.toml",
        "[tool.djanginx]\nselct = 1\n[tool.other]\nx = 1\n",
    );
    insta::assert_snapshot!(run.rules(&[]), @"error: [DIR]/pyproject.toml:2:1: there is no setting `selct`: did you mean `select`?");
}

#[test]
fn the_target_is_the_flag_the_comment_the_settings_or_the_default() {
    let text = |comment: &str| format!("{comment}events {{}}\nhttp {{ http2 on; }}\n");
    let run = |comment: &str, settings: &str| {
        let run = two().file("conf/nginx.conf", text(comment));
        run.file("djanginx.toml", settings)
    };
    let knows = |rules: String| rules.ends_with("/ 0 / 0");
    let (old, new) = ("nginx-version = '1.24'", "nginx-version = 'mainline'");
    assert!(knows(run("", "").rules(&[])));
    assert!(!knows(run("", old).rules(&[])));
    assert!(knows(run("# djanginx: nginx 1.28\n", old).rules(&[])));
    assert!(!knows(run("# djanginx: nginx 1.24\n", new).rules(&[])));
    assert!(knows(
        run("# djanginx: nginx 1.24\n", old).rules(&["--nginx-version", "1.28"])
    ));
    assert!(!knows(run("", "modules = ['stream']").rules(&[])));
    assert!(knows(
        run("", "modules = ['stream']").rules(&["--modules", "http_v2_module,http"])
    ));
}

/// What Django is like cannot be seen in a configuration of nginx.
#[test]
fn settings_say_what_django_is_like() {
    let conf = "events {}\nhttp {\n    server {\n        listen 80;\n        server_name \
                a.example;\n        location / {\n            proxy_pass http://10.0.0.1:9;\n        }\n    }\n}\n";
    let with = |settings: &str| {
        two()
            .file("conf/nginx.conf", conf)
            .file("djanginx.toml", settings)
            .rules(&["--select", "django"])
    };
    let silent = with("");
    insta::assert_snapshot!(silent, @"/ 0 / 0");
    let stated = with("[django]\nupstreams = ['10.0.0.1']\n");
    assert!(stated.contains("django-host-not-forwarded"), "{stated}");
}

#[test]
fn comments_keep_findings_back_and_say_when_they_do_not() {
    let run = |http: &str| two().file("conf/nginx.conf", format!("events {{}}\n{http}"));
    let rules = |http: &str| run(http).rules(&[]);
    insta::assert_snapshot!(rules("http {\n  # djanginx: ignore deprecated-tls-protocol old phones\n  ssl_protocols TLSv1;\n}\n"), @"/ 1 / 0");
    insta::assert_snapshot!(rules("http {\n  ssl_protocols TLSv1; # djanginx: ignore deprecated-tls-protocol, unknown-directive x\n}\n"), @"unused-suppression / 1 / 1");
    insta::assert_snapshot!(rules("http {\n  # djanginx: ignore deprecated-tls-protocol x\n\n  ssl_protocols TLSv1;\n}\n"), @"deprecated-tls-protocol unused-suppression / 0 / 1");
    insta::assert_snapshot!(rules("http {\n  ssl_protocols TLSv1;\n}\n# djanginx: ignore-file deprecated-tls-protocol x\n"), @"/ 1 / 0");
    insta::assert_snapshot!(rules("# djanginx: ignore-file server-name-comma x\n"), @"unused-suppression / 0 / 1");
    // A rule that does not speak at all has nothing that could be kept back.
    let idle = "http {\n  ssl_protocols TLSv1.2; # djanginx: ignore deprecated-tls-protocol, location-order x\n}\n";
    insta::assert_snapshot!(rules(idle), @"unused-suppression / 0 / 1");
    insta::assert_snapshot!(run(idle).rules(&["--ignore", "deprecated-tls-protocol"]), @"/ 0 / 0");
    let elsewhere = "[per-file-ignores]\n'conf/*' = ['deprecated-tls-protocol']\n";
    insta::assert_snapshot!(run(idle).file("djanginx.toml", elsewhere).rules(&[]), @"/ 0 / 0");
    let wrong = run("# djanginx: ignore deprecated-tls-protocl x\n# djanginx: ignore\nhttp { }\n");
    insta::assert_snapshot!(wrong.concise(&["conf/nginx.conf"]));
    // A comment in an included file is about that file.
    let run = two().file(
        "conf/sites/b.conf",
        "# djanginx: ignore-file deprecated-tls-protocol x\n",
    );
    insta::assert_snapshot!(run.rules(&[]), @"deprecated-tls-protocol server-name-comma unanchored-extension-regex unused-suppression / 0 / 1");
}

#[test]
fn a_baseline_leaves_out_what_was_there() {
    let run = two();
    let baseline =
        |run: &Run, more: &[&str]| run.rules(&[&["--baseline", "known.json"], more].concat());
    let (status, out, err) = run.raw(&[
        "conf/nginx.conf",
        "--baseline",
        "known.json",
        "--update-baseline",
    ]);
    assert_eq!((status, out.as_str()), (0, ""), "{err}");
    insta::assert_snapshot!(baseline(&run, &[]), @"/ 3 / 0");
    // It is replaced as a whole: who has the old file open, or another name of it, keeps that.
    let (path, other) = (
        run.folder.path().join("known.json"),
        run.folder.path().join("other"),
    );
    std::fs::write(&path, "old").unwrap();
    std::fs::hard_link(&path, &other).unwrap();
    let update = ["--baseline", "known.json", "--update-baseline"];
    let (status, _, err) = run.raw(&[&["conf/nginx.conf"][..], &update].concat());
    assert_eq!(status, 0, "{err}");
    assert_eq!(std::fs::read_to_string(other).unwrap(), "old");
    insta::assert_snapshot!(baseline(&run, &[]), @"/ 3 / 0");
    // Lines may come and go; another finding of the same kind is new.
    let run = run.file(
        "conf/sites/a.conf",
        "# new\n\nserver {\n      server_name   a.example, b.example;\n    location ~ \\.php { return 204; }\n}\n\
         server {\n    listen 81;\n    server_name a.example, b.example;\n}\n",
    );
    insta::assert_snapshot!(baseline(&run, &[]), @"server-name-comma / 3 / 1");
    insta::assert_snapshot!(run.file("known.json", "{}").rules(&["--baseline", "known.json"]), @"error: known.json: missing field `version` at line 1 column 2");
    insta::assert_snapshot!(two().rules(&["--baseline", "none.json"]), @"error: cannot read none.json: No such file or directory (os error 2)");
}
