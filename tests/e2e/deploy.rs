//! The recipes of `docs/ci.md`: YAML that parses, commands that work, and a deployment that
//! keeps the last good configuration whatever happens.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_yaml::Value;

use crate::client::Client;
use crate::engines::{Engine, engines};
use crate::home::{Home, Port};
use crate::nginx::{Nginx, for_each_engine};

const HOST: &str = "shop.example.com";

/// The blocks of a language in the page.
fn blocks(language: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let begin = format!("```{language}\n");
    let parts = page.split(&begin).skip(1);
    let ended = parts.map(|part| part.split_once("```").expect("an end").0.to_owned());
    ended.collect()
}

/// The script that calls itself by a name.
fn script(name: &str) -> String {
    let calls = format!("\n# {name} ");
    let found = blocks("sh").into_iter().find(|text| text.contains(&calls));
    found.unwrap_or_else(|| panic!("the page has no {name}"))
}

/// A node that answers everything with 200, until the test process ends.
fn node() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.read(&mut [0; 4096]);
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

/// The page's commands find `djanginx` in this folder.
fn programs() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_djanginx"));
    binary.parent().expect("a folder").to_owned()
}

fn path_with_djanginx() -> String {
    let path = std::env::var("PATH").expect("a PATH");
    format!("{}:{path}", programs().display())
}

/// One machine: nginx with a first release, and the script.
struct Machine {
    home: Home,
    port: Port,
    node: SocketAddr,
    version: String,
    nginx: String,
    root: PathBuf,
}

impl Machine {
    fn new(engine: &Engine) -> Self {
        let home = Home::new();
        let root = home.writable("run");
        home.writable("run/temp");
        home.write("deploy.sh", script("deploy.sh"));
        home.write("first.sh", script("first.sh"));
        let mut nginx = engine.binary.display().to_string();
        if engine.is_at_least(&[1, 19, 5]) {
            nginx += " -e stderr";
        }
        Self {
            home,
            port: Port::lease(),
            node: node(),
            version: engine.version.clone(),
            nginx,
            root,
        }
    }

    /// A topology whose answers say which release it is; `more` are lines of its site.
    fn topology(&self, release: &str, more: &str) -> String {
        let (root, port, node) = (self.root.display(), &self.port, self.node);
        format!(
            "nginx:\n  version: \"{}\"\n  pid: {root}/nginx.pid\n  error_log: {root}/error.log\n  \
             temp_dir: {root}/temp\n  log: \"off\"\n  workers: {{processes: 1, connections: 512}}\n\
             pools:\n  web: {{nodes: [\"{node}\"]}}\nsites:\n  shop:\n    domains: [{HOST}]\n    \
             listen: [\"127.0.0.1:{port}\"]\n    routes: {{/: web}}\n    headers: {{response: \
             {{X-Release: {release}}}}}\n{more}",
            self.version
        )
    }

    fn run(&self, script: &str, topology: &str) -> Output {
        self.home.write("topology.yaml", topology);
        let smoke = format!(
            "curl -fsS -o /dev/null --max-time 5 -H Host:{HOST} http://127.0.0.1:{}/",
            self.port
        );
        Command::new("sh")
            .arg(self.home.path(script))
            .arg(self.home.path("topology.yaml"))
            .env("PATH", path_with_djanginx())
            .env("DEPLOY_ROOT", &self.root)
            .env("DEPLOY_PID", self.root.join("nginx.pid"))
            .env("DEPLOY_NGINX", &self.nginx)
            .env("DEPLOY_PATIENCE", "40")
            .env("DEPLOY_SMOKE", smoke)
            .output()
            .expect("a shell")
    }

    /// That this release answers.
    fn serves(&self, release: &str) {
        let client = Client::new(self.port.number(), HOST);
        let response = client.get("/").send();
        assert_eq!(response.header("X-Release"), Some(release));
    }

    fn current(&self) -> PathBuf {
        std::fs::read_link(self.root.join("current")).expect("a link")
    }

    fn releases(&self) -> usize {
        let releases = std::fs::read_dir(self.root.join("releases"));
        releases.expect("a folder").count()
    }
}

fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    format!("{}\n{}", output.status, String::from_utf8_lossy(&text))
}

#[test]
fn the_last_good_configuration_keeps_serving() {
    for_each_engine(|engine| {
        let machine = Machine::new(engine);
        let output = machine.run("first.sh", &machine.topology("one", ""));
        assert!(output.status.success(), "{}", said(&output));
        let config = machine.root.join("current/nginx.conf");
        let port = machine.port.number();
        let nginx = Nginx::start_with(&machine.home, engine, &machine.root, &config, port);
        machine.serves("one");

        let output = machine.run("deploy.sh", &machine.topology("two", ""));
        assert!(output.status.success(), "{}", said(&output));
        machine.serves("two");
        let good = machine.current();

        let held = TcpListener::bind("127.0.0.1:0").expect("a port");
        let taken = held.local_addr().expect("bound").port();
        let tls = "    tls: {certificate: /none/a.pem, key: /none/a.key, listen: 127.0.0.1:1}\n";
        let dead = "127.0.0.1:1";
        let bad = |release| machine.topology(release, "");
        let mut cases = vec![
            (
                "a mistake in the topology",
                machine.topology("three", "    bodylimit: 1m\n"),
                "topology-unknown-key",
            ),
            (
                "a dead node",
                bad("four").replace(&machine.node.to_string(), dead),
                "probe-refused",
            ),
            (
                "a certificate that is missing",
                machine.topology("five", tls),
                "cannot load certificate",
            ),
            (
                "a site that nobody asks for",
                bad("six").replace(HOST, "other.example.com"),
                "rolling back",
            ),
        ];
        // nginx tries for seconds to get the port: one of them has to be enough.
        if engines()
            .nginx()
            .last()
            .is_some_and(|last| last.name == engine.name)
        {
            let listen = format!("listen: [\"127.0.0.1:{taken}\", ");
            cases.push((
                "a port that another program has",
                bad("seven").replace("listen: [", &listen),
                "rolling back",
            ));
        }
        for (what, topology, words) in cases {
            let output = machine.run("deploy.sh", &topology);
            let said = said(&output);
            assert_eq!(output.status.code(), Some(1), "{what}: {said}");
            assert!(said.contains(words), "{what}: {said}");
            assert_eq!(machine.current(), good, "{what}: {said}");
            assert_eq!(machine.releases(), 2, "{what}: {said}");
            machine.serves("two");
        }
        drop(held);
        nginx.stop();
    });
}

/// The values of a key, at whatever depth.
fn values<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Mapping(entries) => {
            for (name, value) in entries {
                if name.as_str() == Some(key) {
                    found.push(value);
                }
                values(value, key, found);
            }
        }
        Value::Sequence(items) => items.iter().for_each(|item| values(item, key, found)),
        _ => {}
    }
}

/// The commands of the pipelines, in a repository as they expect it.
#[test]
fn the_commands_of_the_pipelines_work() {
    let mut commands = Vec::new();
    for block in blocks("yaml") {
        let value: Value = serde_yaml::from_str(&block).expect("YAML");
        let mut found = Vec::new();
        for key in ["run", "script", "entry"] {
            values(&value, key, &mut found);
        }
        assert!(!found.is_empty(), "no command: {block}");
        for value in found {
            match value {
                Value::Sequence(lines) => {
                    commands.extend(lines.iter().filter_map(|l| l.as_str().map(str::to_owned)));
                }
                value => commands.extend(value.as_str().map(str::to_owned)),
            }
        }
    }
    commands.retain(|command| !command.starts_with("cargo install "));
    assert_eq!(commands.len(), 5, "{commands:?}");
    let home = Home::new();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/topologies/smallest.yaml");
    std::fs::copy(fixture, home.path("topology.yaml")).expect("a copy");
    let summary = home.path("summary.md");
    let run = |command: &str| {
        let output = Command::new("sh")
            .args(["-c", command])
            .current_dir(home.path("."))
            .env("PATH", path_with_djanginx())
            .env("GITHUB_STEP_SUMMARY", &summary)
            .output();
        output.expect("a shell")
    };
    let made = run("djanginx generate topology.yaml -o build/");
    assert!(made.status.success(), "{}", said(&made));
    for command in &commands {
        let output = run(command);
        assert!(output.status.success(), "{command}: {}", said(&output));
    }
    for file in [
        "djanginx.sarif",
        "code-quality.json",
        "djanginx.xml",
        "summary.md",
    ] {
        assert!(home.path(file).is_file(), "nobody has written {file}");
    }
    // And each fails when the topology or what is committed is wrong.
    home.write("build/nginx.conf", "# Generated by djanginx\n");
    home.write("topology.yaml", "sites: {}\nnonsense: 1\n");
    for command in &commands {
        let output = run(command);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{command}: {}",
            said(&output)
        );
    }
    let annotations = run(&commands[0]);
    let annotations = said(&annotations);
    assert!(annotations.contains("::error title="), "{annotations}");
}
