//! nginx at work: a topology of `fixtures/e2e`, generated for an engine and started.

use std::fmt::Display;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;

use crate::engines::{Engine, engines, is_root};
use crate::home::Home;
use crate::process::{Process, supervised, without_privileges};

/// Runs a test once for each engine there is.
pub(crate) fn for_each_engine(mut test: impl FnMut(&Engine)) {
    for engine in engines().nginx() {
        let _named = Named(engine);
        test(engine);
    }
}

/// Says which engine failed.
struct Named<'a>(&'a Engine);

impl Drop for Named<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("── this was with {} ──", self.0.name);
        }
    }
}

/// A topology of `fixtures/e2e` with its placeholders filled in.
///
/// `@NAME@` stands for what a test only knows when it runs: ports, folders, addresses of
/// nodes. `@NGINX@` is the mapping for an nginx that owns nothing but a temporary folder.
pub(crate) struct Topology {
    text: String,
}

impl Topology {
    pub(crate) fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures/e2e")
            .join(name);
        let text = std::fs::read_to_string(&path);
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { text }
    }

    /// What something else makes of its text.
    pub(crate) fn filled(self, fill: impl FnOnce(&str) -> String) -> Self {
        Self {
            text: fill(&self.text),
        }
    }

    pub(crate) fn with(self, placeholder: &str, value: impl Display) -> Self {
        let placeholder = format!("@{placeholder}@");
        assert!(
            self.text.contains(&placeholder),
            "there is no {placeholder} in the topology"
        );
        Self {
            text: self.text.replace(&placeholder, &value.to_string()),
        }
    }
}

/// A running nginx; stopped when dropped.
pub(crate) struct Nginx {
    process: Process,
    run: PathBuf,
}

impl Nginx {
    /// Generates the configuration with djanginx, starts the engine with it, and waits until
    /// it listens on `port`.
    pub(crate) fn start(home: &Home, engine: &Engine, topology: &Topology, port: u16) -> Self {
        let run = home.writable(&format!("run-{}", engine.name));
        home.writable(&format!("run-{}/temp", engine.name));
        let config = run.join("nginx.conf");
        generate(home, engine, &run, &topology.text, &config);
        Self::start_with(home, engine, &run, &config, port)
    }

    /// The same with a configuration that is there already.
    pub(crate) fn start_with(
        home: &Home,
        engine: &Engine,
        run: &Path,
        config: &Path,
        port: u16,
    ) -> Self {
        let nginx = Self::start_noisy(home, engine, run, config, port);
        let said = nginx.process.output();
        assert!(
            said.is_empty(),
            "nginx {} is not silent: {said}",
            engine.version
        );
        nginx
    }

    /// The same of a configuration that nginx may warn of.
    pub(crate) fn start_noisy(
        home: &Home,
        engine: &Engine,
        run: &Path,
        config: &Path,
        port: u16,
    ) -> Self {
        let binary = reachable(home, engine);
        let mut command = supervised(&binary, "TERM");
        command
            .args(engine.arguments(run, config))
            .args(["-g", "daemon off;"]);
        without_privileges(&mut command);
        let log = home.path(&format!("nginx-{}.log", engine.name));
        let _ = std::fs::remove_file(&log);
        let mut process = Process::start(&format!("nginx {}", engine.name), &mut command, &log);
        process.wait_until_ready(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self {
            process,
            run: run.to_owned(),
        }
    }

    /// What nginx wrote to its error log.
    pub(crate) fn errors(&self) -> String {
        std::fs::read_to_string(self.run.join("error.log")).unwrap_or_default()
    }

    /// What nginx wrote to its access log.
    pub(crate) fn access_log(&self) -> String {
        std::fs::read_to_string(self.run.join("access.log")).unwrap_or_default()
    }

    /// Stops it as an operator would.
    pub(crate) fn stop(mut self) {
        let status = self.process.end_with(Signal::TERM);
        assert!(status.success(), "{status}");
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("── nginx's error log ──\n{}", self.errors());
        }
    }
}

fn generate(home: &Home, engine: &Engine, run: &Path, topology: &str, config: &Path) {
    let text = topology.replace("@NGINX@", &nginx_mapping(engine, run));
    let rest = text.split('@').skip(1).step_by(2).next();
    assert!(
        !text.contains('@'),
        "the topology still has a placeholder: @{}@",
        rest.unwrap_or("")
    );
    let path = home.write(&format!("topology-{}.yaml", engine.name), &text);
    let mut command = Command::new(env!("CARGO_BIN_EXE_djanginx"));
    command.arg("generate").arg(&path).arg("-o").arg(config);
    let output = command
        .env("NO_COLOR", "1")
        .output()
        .expect("djanginx can be run");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(
        output.status.success(),
        "djanginx generate failed:\n{said}\n{text}"
    );
}

fn nginx_mapping(engine: &Engine, run: &Path) -> String {
    let modules: Vec<String> = engine
        .dynamic_modules
        .iter()
        .map(|module| format!("{}: {}", module.name, module.file.display()))
        .collect();
    let modules = if modules.is_empty() {
        "[stream]".to_owned()
    } else {
        format!("{{{}}}", modules.join(", "))
    };
    let run = run.display();
    format!(
        "{{version: \"{}\", modules: {modules}, pid: {run}/nginx.pid, \
         error_log: {run}/error.log, temp_dir: {run}/temp, log: {{path: {run}/access.log}}, \
         workers: {{processes: 1, connections: 512}}}}",
        engine.version
    )
}

/// The engine's program where a process without privileges can run it: a checkout of root's
/// may be closed to others.
fn reachable(home: &Home, engine: &Engine) -> PathBuf {
    if !is_root() {
        return engine.binary.clone();
    }
    let copy = home.path(&format!("nginx-{}", engine.name));
    if !copy.exists() {
        std::fs::copy(&engine.binary, &copy).expect("a copy of nginx");
    }
    copy
}
