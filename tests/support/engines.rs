//! What `cargo xtask test` has prepared: nginx binaries, Python, PostgreSQL.
//!
//! Shared by the test targets through `#[path]`; a part that is missing fails the test with
//! the command that brings it.

use std::fs;
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
    /// The `-g` argument that loads the modules which a configuration uses without loading
    /// them: it was written for an nginx that has them built in.
    pub(crate) fn load_modules(&self, config: &str) -> Vec<String> {
        let uses = |module: &DynamicModule| {
            config
                .lines()
                .any(|line| line.starts_with(&format!("{} {{", module.name)))
        };
        if config.contains("load_module ") {
            return Vec::new();
        }
        self.dynamic_modules
            .iter()
            .filter(|module| uses(module))
            .flat_map(|module| {
                [
                    "-g".to_owned(),
                    format!("load_module {};", module.file.display()),
                ]
            })
            .collect()
    }

    /// Asks `nginx -t` about a main configuration file. Relative paths in it start at
    /// `prefix`, and any address may be listened on.
    pub(crate) fn check(&self, prefix: &Path, config: &Path) -> Verdict {
        let text = fs::read(config).expect("the configuration can be read");
        let mut command = in_own_network(&self.binary);
        // Before it has read the configuration, nginx logs below its prefix.
        fs::create_dir_all(prefix.join("logs")).expect("the prefix is writable");
        command.args(["-t", "-p"]).arg(prefix).arg("-c").arg(config);
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

impl Verdict {
    /// Whether nginx would start and has nothing to say.
    pub(crate) fn is_silent(&self) -> bool {
        // Its two lines of success are the only ones without a level in brackets.
        self.accepted && !self.text.contains(": [")
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
