//! What `cargo xtask test` has prepared: nginx binaries, Python, PostgreSQL.
//!
//! Shared by the test targets through `#[path]`; a part that is missing fails the test with
//! the command that brings it.

#![allow(dead_code, reason = "each test target uses its own part")]

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde::Deserialize;

/// The page written by `cargo xtask test`.
#[derive(Deserialize)]
pub(crate) struct Engines {
    engines: Vec<Engine>,
    python: PathBuf,
    postgresql: PathBuf,
    #[serde(skip)]
    folder: PathBuf,
}

/// One nginx.
#[derive(Deserialize)]
pub(crate) struct Engine {
    /// What the tests call it.
    pub(crate) name: String,
    /// As in `nginx -v`: three numbers.
    pub(crate) version: String,
    /// The program.
    pub(crate) binary: PathBuf,
    /// What has to be loaded before it can be used.
    pub(crate) dynamic_modules: Vec<DynamicModule>,
}

/// A module that is a file of its own.
#[derive(Deserialize)]
pub(crate) struct DynamicModule {
    /// `stream`, for instance.
    pub(crate) name: String,
    /// What `load_module` gets.
    pub(crate) file: PathBuf,
}

/// What `nginx -t` said.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Whether nginx would start.
    pub(crate) accepted: bool,
    /// Everything it printed.
    pub(crate) text: String,
}

/// Everything there is; panics with the remedy where it is not.
pub(crate) fn engines() -> &'static Engines {
    static ENGINES: OnceLock<Engines> = OnceLock::new();
    ENGINES.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".engines");
        let text = fs::read_to_string(folder.join("engines.json"));
        let text = text.unwrap_or_else(|error| missing("the list of engines", &error.to_string()));
        let mut engines: Engines = serde_json::from_str(&text)
            .unwrap_or_else(|error| missing("the list of engines", &error.to_string()));
        for engine in &mut engines.engines {
            engine.binary = present(&folder, &engine.binary);
        }
        engines.python = present(&folder, &engines.python);
        engines.postgresql = present(&folder, &engines.postgresql);
        engines.folder = folder;
        engines
    })
}

fn present(folder: &Path, path: &Path) -> PathBuf {
    let path = folder.join(path);
    if path.exists() {
        path
    } else {
        missing(&path.display().to_string(), "no such file")
    }
}

fn missing(what: &str, reason: &str) -> ! {
    panic!("{what} is missing ({reason}); run `cargo xtask test`")
}

impl Engines {
    /// Each nginx; never empty.
    pub(crate) fn nginx(&self) -> &[Engine] {
        assert!(
            !self.engines.is_empty(),
            "no nginx is registered; run `cargo xtask test`"
        );
        &self.engines
    }

    /// The interpreter that has Django and the application servers.
    pub(crate) fn python(&self) -> &Path {
        &self.python
    }

    /// A program of PostgreSQL.
    pub(crate) fn postgresql(&self, program: &str) -> PathBuf {
        present(&self.postgresql, Path::new(program))
    }
}

impl Engine {
    /// The modules that a configuration uses without loading them: it was written for an
    /// nginx that has them built in.
    pub(crate) fn used_modules<'e>(
        &'e self,
        config: &'e str,
    ) -> impl Iterator<Item = &'e DynamicModule> {
        let loads = config.contains("load_module ");
        let uses = move |module: &&DynamicModule| {
            let block = format!("{} {{", module.name);
            !loads && config.lines().any(|line| line.starts_with(&block))
        };
        self.dynamic_modules.iter().filter(uses)
    }

    /// The `-g` arguments that load them.
    pub(crate) fn load_modules(&self, config: &str) -> Vec<String> {
        let load = |module: &DynamicModule| {
            let load = format!("load_module {};", module.file.display());
            ["-g".to_owned(), load]
        };
        self.used_modules(config).flat_map(load).collect()
    }

    /// The arguments for a main configuration file whose relative paths start at `prefix`.
    pub(crate) fn arguments(&self, prefix: &Path, config: &Path) -> Vec<OsString> {
        let mut arguments: Vec<OsString> =
            vec!["-p".into(), prefix.into(), "-c".into(), config.into()];
        // Before it has read the configuration, nginx logs to a compiled-in place, which an
        // ordinary user may not write to; 1.19.5 brought the option.
        if self.is_at_least(&[1, 19, 5]) {
            arguments.extend(["-e".into(), "stderr".into()]);
        } else {
            let logs = prefix.join("logs");
            fs::create_dir_all(&logs).expect("the prefix is writable");
            fs::set_permissions(&logs, Permissions::from_mode(0o777)).expect("permitted");
        }
        arguments
    }

    /// Whether it is that release or a later one.
    pub(crate) fn is_at_least(&self, release: &[u32]) -> bool {
        let own: Vec<u32> = self.version.split('.').flat_map(str::parse).collect();
        own.as_slice() >= release
    }

    /// The OpenSSL that it runs with: `3.0`, for instance.
    pub(crate) fn openssl(&self) -> String {
        let output = Command::new(&self.binary)
            .arg("-V")
            .output()
            .expect("nginx can be run");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        // Where the library was replaced since, nginx tells that one last.
        let version = text
            .rsplit("with OpenSSL ")
            .next()
            .expect("a built-in OpenSSL");
        let numbers: Vec<&str> = version.split(['.', ' ']).take(2).collect();
        numbers.join(".")
    }

    /// Asks `nginx -t` about generated files, which may name log files and leave the places
    /// of others to nginx: those come to lie in `folder`, whoever runs the test.
    pub(crate) fn check_relocated(&self, folder: &Path, config: &Path) -> Verdict {
        let mut pending = vec![config.parent().expect("a file lies in a folder").to_owned()];
        while let Some(path) = pending.pop() {
            for entry in fs::read_dir(path).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    pending.push(path);
                } else if path
                    .extension()
                    .is_some_and(|extension| extension == "conf")
                {
                    let text = fs::read_to_string(&path).expect("UTF-8");
                    let text = if path == config {
                        relocated(&text, folder)
                    } else {
                        text.replace("/var/log/nginx/", &format!("{}/", folder.display()))
                    };
                    fs::write(&path, text).expect("written");
                }
            }
        }
        self.check(folder, config)
    }

    /// Asks `nginx -t` about a main configuration file. Relative paths in it start at
    /// `prefix`, and any address may be listened on.
    pub(crate) fn check(&self, prefix: &Path, config: &Path) -> Verdict {
        let text = fs::read(config).expect("the configuration can be read");
        let mut command = in_own_network(&self.binary);
        command.arg("-t").args(self.arguments(prefix, config));
        command.args(self.load_modules(&String::from_utf8_lossy(&text)));
        let output = command
            .stdin(Stdio::null())
            .output()
            .expect("nginx can be run");
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        Verdict {
            accepted: output.status.success(),
            text,
        }
    }
}

/// A main configuration with what it leaves to compiled-in places, and its log files, moved
/// below `folder`.
fn relocated(config: &str, folder: &Path) -> String {
    let folder = folder.display();
    let mut text = config.replace("/var/log/nginx/", &format!("{folder}/"));
    if !text.lines().any(|line| line.starts_with("pid ")) {
        text.insert_str(0, &format!("pid {folder}/nginx.pid;\n"));
    }
    text = text.replace("/run/nginx.pid", &format!("{folder}/nginx.pid"));
    if !text.contains("client_body_temp_path") {
        let line = |kind| format!("{kind}_temp_path {folder}/{kind};\n");
        let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let paths: String = kinds.map(line).concat();
        text = text.replacen("\nhttp {\n", &format!("\nhttp {{\n{paths}"), 1);
    }
    text
}

impl Verdict {
    /// Whether nginx would start and has nothing to say.
    pub(crate) fn is_silent(&self) -> bool {
        self.accepted && self.complaints().is_empty()
    }

    /// What it said beyond its two lines of success, which have no level in brackets.
    pub(crate) fn complaints(&self) -> Vec<&str> {
        // An ordinary user cannot become another one, and nginx tells so.
        let is_privilege =
            |line: &str| !is_root() && line.contains("the \"user\" directive makes sense only if");
        let has_level = |line: &&str| line.contains(" [") && !is_privilege(line);
        self.text.lines().filter(has_level).collect()
    }
}

/// A command in a network namespace of its own, where this system gives one: `nginx -t` opens
/// its sockets, and so needs neither root for port 80 nor addresses that this machine has.
fn in_own_network(program: &Path) -> Command {
    const SCRIPT: &str = "for v in 4 6; do echo 1 >/proc/sys/net/ipv$v/ip_nonlocal_bind; done \
                          2>/dev/null; exec \"$@\"";
    static POSSIBLE: OnceLock<bool> = OnceLock::new();
    let unshare = || {
        let mut command = Command::new("unshare");
        if !is_root() {
            command.args(["--user", "--map-current-user", "--keep-caps"]);
        }
        command.args(["--net", "sh", "-c", SCRIPT, "sh"]);
        command
    };
    let possible = POSSIBLE.get_or_init(|| {
        unshare()
            .arg("true")
            .output()
            .is_ok_and(|output| output.status.success())
    });
    if *possible {
        let mut command = unshare();
        command.arg(program);
        command
    } else {
        Command::new(program)
    }
}

/// Whether this process may do anything.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    // The owner of a process's folder is its effective user.
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}
