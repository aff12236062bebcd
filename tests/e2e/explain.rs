//! `explain` against real nginx: random configurations, random requests, the same answer.
//!
//! Each configuration is a world of its own on a loopback address, so that one nginx has many
//! of them. `DJANGINX_SEED` repeats a run, `DJANGINX_WORLDS` and `DJANGINX_REQUESTS` make it
//! longer.

mod steps;

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;

use djanginx::directives::Modules;
use djanginx::explain::{End, Request, World, explain};
use djanginx::model::files::Memory;
use djanginx::model::{Limits, Prefix, Texts};
use djanginx::source::FileId;
use djanginx::verdict::{self, Options, Start};

use crate::engines::Engine;
use crate::home::{Home, Port};
use crate::nginx::{Nginx, for_each_engine};
use crate::random::{self, Random, setting};

const SEGMENTS: &[&str] = &["a", "b", "ab", "c.css", "d", "A"];
const NAMES: &[&str] = &[
    "a.test",
    "b.a.test",
    "*.a.test",
    ".b.test",
    "www.*",
    "a.*",
    "~^(?<sub>[a-z]+)\\.b\\.test$",
    "~test$",
    "c.test",
    "\"\"",
];
const HOSTS: &[&str] = &[
    "a.test",
    "b.a.test",
    "x.b.a.test",
    "b.test",
    "www.b.test",
    "www.c",
    "a.org",
    "c.test",
    "C.TEST.",
    "other",
    "x.b.test",
    "a.test:81",
];
/// Headers that requests may have, with their values.
const HEADERS: &[(&str, &[&str])] = &[
    ("X", &["1", "Bx", "a.test.", "/a/b"]),
    ("X-Real-IP", &["10.1.2.3", "192.0.2.7", "none"]),
    (
        "X-Forwarded-For",
        &["10.1.2.3", "192.0.2.7, 10.1.0.9", "192.0.2.7 , x, 10.1.0.9"],
    ),
    ("Cookie", &["c=1", "a=b; C=one", "c"]),
];
const PATTERNS: &[&str] = &[
    "\\.css$",
    "^/a",
    "b",
    "^/a/b",
    "/(a|b)/(.*)$",
    "^/(?<first>[^/]+)/b",
    "c",
    "d$",
    "^/d/",
];

fn path(random: &mut Random) -> String {
    let mut path = String::new();
    for _ in 0..=random.below(3) {
        path.push('/');
        path.push_str(random.pick(SEGMENTS));
    }
    if random.chance(40) {
        path.push('/');
    }
    path
}

/// Writes configurations; every answer has an id of its own.
struct Writer<'r> {
    random: &'r mut Random,
    text: String,
    id: usize,
    /// The number of the world, which its variables have in their names.
    world: usize,
    /// The folder with the files.
    www: String,
    /// The port of the nodes of upstreams.
    nodes: u16,
}

impl Writer<'_> {
    /// What a world has outside of its servers: variables that are computed.
    fn computed(&mut self) {
        let world = self.world;
        let source = self
            .random
            .pick(&["$http_x", "$uri", "$arg_x", "$host", "$cookie_c"]);
        let options = self.random.pick(&["", "hostnames;", "volatile;"]);
        let _ = writeln!(self.text, "map {source} $m{world} {{\n{options}");
        for line in [
            "default $request_method;",
            "~^/a(.*)$ r$1;",
            "1 one;",
            "~*B b$arg_x;",
            "a.test host;",
            "\"\" none;",
        ] {
            if self.random.chance(60) {
                let _ = writeln!(self.text, "{line}");
            }
        }
        self.text.push_str("}\n");
        let source = self.random.pick(&["", "$http_x_forwarded_for"]);
        let _ = writeln!(self.text, "geo {source} $g{world} {{");
        let ranges = self.random.chance(30);
        if ranges {
            self.text.push_str("ranges;\n");
        }
        for (network, range) in [
            ("default zero;", "default zero;"),
            ("10.0.0.0/8 ten;", "10.0.0.0-10.255.255.255 ten;"),
            ("10.1.0.0/16 deep;", "10.1.0.0-10.1.255.255 deep;"),
            ("192.0.2.7 one;", "192.0.2.7-192.0.2.7 one;"),
            ("127.0.0.0/8 own;", "127.0.0.0-127.255.255.255 own;"),
        ] {
            if self.random.chance(60) {
                let _ = writeln!(self.text, "{}", if ranges { range } else { network });
            }
        }
        self.text.push_str("}\n");
        let source = self.random.pick(&["$uri", "$http_x", "$arg_x$uri"]);
        let _ = writeln!(
            self.text,
            "split_clients {source} $s{world} {{\n20% twenty;\n0.5% half;\n33.33% third;"
        );
        if self.random.chance(70) {
            self.text.push_str("* rest;\n");
        }
        self.text.push_str("}\n");
        self.upstreams();
    }

    /// Upstreams whose node the request alone decides. Each node is a server that tells its
    /// port.
    fn upstreams(&mut self) {
        let world = self.world;
        let method = self.random.pick(&[
            "ip_hash;",
            "hash $uri;",
            "hash $arg_x$http_x;",
            "hash $uri consistent;",
        ]);
        let _ = writeln!(self.text, "upstream u{world} {{\n{method}");
        for node in 1..=2 + self.random.below(3) {
            let weight = 1 + self.random.below(3);
            let down = if node > 2 && self.random.chance(30) {
                " down"
            } else {
                ""
            };
            let _ = writeln!(
                self.text,
                "server 127.0.0.{node}:{} weight={weight}{down};",
                self.nodes
            );
        }
        self.text.push_str("}\n");
    }

    /// What decides who is let in.
    fn access(&mut self) {
        if self.random.chance(40) {
            let any = self.random.pick(&["satisfy any;", "satisfy all;"]);
            let _ = writeln!(self.text, "{any}");
        }
        for rule in [
            "allow 192.0.2.0/24;",
            "deny 10.1.0.0/16;",
            "allow 127.0.0.1;",
            "allow 10.0.0.0/8;",
            "deny all;",
        ] {
            if self.random.chance(40) {
                let _ = writeln!(self.text, "{rule}");
            }
        }
        if self.random.chance(30) {
            let _ = writeln!(
                self.text,
                "auth_basic closed;\nauth_basic_user_file {}/a;",
                self.www
            );
        }
    }

    /// Files, below folders that are set in all ways.
    fn files(&mut self, prefix: bool) {
        let www = self.www.clone();
        match self.random.below(if prefix { 5 } else { 3 }) {
            0 => {
                let _ = writeln!(self.text, "root {www}/b;");
            }
            1 => {
                let _ = writeln!(self.text, "root {www}/$arg_x;");
            }
            3 => {
                let _ = writeln!(self.text, "alias {www}/;");
            }
            4 => {
                let _ = writeln!(self.text, "alias {www}/b/;");
            }
            _ => {}
        }
        match self.random.below(4) {
            0 => self.text.push_str("index c.css index.html;\n"),
            1 => self.text.push_str("index no.html /a;\n"),
            2 => self.text.push_str("autoindex on;\n"),
            _ => {}
        }
    }

    fn answer(&mut self) {
        self.id += 1;
        let id = self.id;
        let _ = writeln!(self.text, "return 200 id{id};");
    }

    fn server(&mut self, address: &str, default: &str) {
        let _ = writeln!(self.text, "server {{\nlisten {address}{default};");
        for _ in 0..self.random.below(3) {
            let name = self.random.pick(NAMES);
            let _ = writeln!(self.text, "server_name {name};");
        }
        if self.random.chance(20) {
            self.rewrite();
        }
        if self.random.chance(15) {
            self.conditional();
        }
        if self.random.chance(25) {
            let target = ["/err", "@n0", "=404 /err", "=201 /a/", "= /err"];
            let target = self.random.pick(&target);
            let _ = writeln!(self.text, "error_page 404 403 {target};");
        }
        if self.random.chance(20) {
            self.text.push_str("recursive_error_pages on;\n");
        }
        if self.random.chance(10) {
            self.text.push_str("merge_slashes off;\n");
        }
        if self.random.chance(20) {
            let flag = self.random.pick(&[
                "absolute_redirect off;",
                "port_in_redirect off;",
                "server_name_in_redirect on;",
            ]);
            let _ = writeln!(self.text, "{flag}");
        }
        if self.random.chance(25) {
            let header = self.random.pick(&["", "real_ip_header X-Forwarded-For;"]);
            let recursive = self.random.pick(&["", "real_ip_recursive on;"]);
            let _ = writeln!(
                self.text,
                "set_real_ip_from 127.0.0.0/8;\nset_real_ip_from 10.1.0.0/16;\n{header}\n{recursive}"
            );
        }
        if self.random.chance(10) {
            self.access();
        }
        let mut taken = Vec::new();
        for _ in 0..self.random.below(7) {
            self.location(Some(""), 0, &mut taken);
        }
        for named in 0..2 {
            if self.random.chance(70) {
                let _ = writeln!(self.text, "location @n{named} {{");
                self.content(true);
                self.text.push_str("}\n");
            }
        }
        self.text.push_str("}\n");
    }

    /// A location; inside another one its path begins with that one's.
    fn location(&mut self, around: Option<&str>, depth: usize, taken: &mut Vec<String>) {
        let modifier = match around {
            // nginx wants the text of an expression in front of a prefix.
            None => self.random.pick(&["~", "~*"]),
            Some(_) => self.random.pick(&["", "", "", "=", "^~", "~", "~*"]),
        };
        let around = around.unwrap_or_default();
        let name = if modifier.starts_with('~') {
            (*self.random.pick(PATTERNS)).to_owned()
        } else if self.random.chance(10) && around.is_empty() {
            "/".to_owned()
        } else {
            let path = path(self.random);
            match around.strip_suffix('/') {
                Some(around) => format!("{around}{path}"),
                None => format!("{around}{path}"),
            }
        };
        // nginx takes `/a` and `^~ /a` for the same, but not `= /a`.
        let key = match modifier {
            "=" => format!("= {name}"),
            "^~" | "" => name.clone(),
            _ => format!("~ {} {name}", self.id),
        };
        if taken.contains(&key) {
            return;
        }
        taken.push(key);
        let _ = writeln!(self.text, "location {modifier} {name} {{");
        if self.random.chance(5) {
            self.text.push_str("internal;\n");
        }
        let regex = modifier.starts_with('~');
        self.content(regex);
        if depth < 2 && modifier != "=" && self.random.chance(35) {
            let around = (!regex).then_some(name.as_str());
            let mut taken = Vec::new();
            for _ in 0..=self.random.below(2) {
                self.location(around, depth + 1, &mut taken);
            }
        }
        self.text.push_str("}\n");
    }

    fn rewrite(&mut self) {
        let pattern = self.random.pick(PATTERNS);
        let to = self
            .random
            .pick(&["/b/$1", "/a/", "/c.css", "/d/$1?x=1", "/ab?", "/$arg_x/b"]);
        let flag = self
            .random
            .pick(&["", "last", "break", "redirect", "permanent", "last"]);
        let _ = writeln!(self.text, "rewrite {pattern} {to} {flag};");
    }

    fn conditional(&mut self) {
        let condition = self.random.pick(&[
            "$request_method = POST",
            "$arg_x",
            "$uri ~ b",
            "$arg_x !~ ^1",
            "$host ~* ^a",
            "$args = \"\"",
            "$m = one",
            "$m",
            "$g != own",
            "$s ~ ^t",
            "-f $request_filename",
            "!-d $document_root/b",
            "-e $document_root$uri",
        ]);
        let mut condition = condition.to_owned();
        for name in ["$m", "$g", "$s"] {
            let ends = condition.ends_with(name) || condition.starts_with(&format!("{name} "));
            if ends {
                condition = condition.replacen(name, &format!("{name}{}", self.world), 1);
            }
        }
        let _ = writeln!(self.text, "if ({condition}) {{");
        match self.random.below(4) {
            0 => self.answer(),
            1 => self.text.push_str("return 403;\n"),
            2 => self.rewrite(),
            _ => {
                self.id += 1;
                let _ = writeln!(self.text, "set $set x{};", self.id);
            }
        }
        self.text.push_str("}\n");
    }

    fn content(&mut self, no_uri: bool) {
        if self.random.chance(15) {
            self.conditional();
        }
        if self.random.chance(15) {
            self.rewrite();
        }
        if self.random.chance(5) {
            self.text.push_str("break;\n");
        }
        if self.random.chance(10) {
            self.access();
        }
        if self.random.chance(5) {
            let methods = self.random.pick(&["GET", "POST", "GET POST"]);
            let rule = self
                .random
                .pick(&["deny all;", "allow 127.0.0.1;\ndeny all;"]);
            let _ = writeln!(self.text, "limit_except {methods} {{\n{rule}\n}}");
        }
        let world = self.world;
        match self.random.below(16) {
            12 => {
                let _ = writeln!(self.text, "return 302 /$m{world}/$g{world}/$s{world}/$1;");
            }
            13 => self.files(!no_uri),
            14 => {
                let _ = writeln!(self.text, "proxy_pass http://u{world};");
            }
            15 => {
                self.files(!no_uri);
                self.text.push_str("try_files $uri $uri/ /a$arg_x =404;\n");
            }
            0 => self.text.push_str("return 404;\n"),
            1 => self.text.push_str("return 301 /b/;\n"),
            2 | 3 => {
                let first = self.random.pick(&["$uri", "$uri/", "/a/b", "$uri.css"]);
                let last = self
                    .random
                    .pick(&["@n0", "@n1", "=404", "/a/", "/b?$args", "=403"]);
                let _ = writeln!(self.text, "try_files {first} {last};");
            }
            4 => {
                let uri = if no_uri { "" } else { "/x/" };
                let _ = writeln!(self.text, "proxy_pass http://127.0.0.1:9{uri};");
            }
            5 => {
                let _ = writeln!(self.text, "deny 127.0.0.1;\nreturn 418;");
            }
            6 => self.text.push_str("deny 127.0.0.1;\n"),
            7 => {}
            8 if !no_uri => {
                let target = self.random.pick(&["/err", "@n1", "/b"]);
                let _ = writeln!(self.text, "error_page 404 {target};\nreturn 404;");
            }
            _ => self.answer(),
        }
    }
}

/// What a response or an answer comes to, in words that can be compared.
fn asked(stream: &mut Option<TcpStream>, address: SocketAddr, head: &str) -> String {
    for _ in 0..2 {
        if stream.is_none() {
            *stream = Some(TcpStream::connect(address).expect("nginx is there"));
        }
        let connection = stream.as_mut().expect("connected");
        if connection.write_all(head.as_bytes()).is_ok()
            && let Some(said) = response(connection)
        {
            if said.1 {
                *stream = None;
            }
            return said.0;
        }
        *stream = None;
    }
    panic!("nginx does not answer {head}")
}

/// The response that comes, and whether the connection ends with it.
fn response(stream: &mut TcpStream) -> Option<(String, bool)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let header = |name: &str| {
                head.lines().find_map(|line| {
                    let (key, value) = line.split_once(": ")?;
                    key.eq_ignore_ascii_case(name).then(|| value.to_owned())
                })
            };
            let length = header("content-length").map_or(0, |text| text.parse().unwrap_or(0));
            if body.len() >= length {
                let status = head.split(' ').nth(1)?.to_owned();
                let closes = header("connection").is_some_and(|value| value == "close");
                let said = if ["id", "file", "node"]
                    .iter()
                    .any(|kind| body.starts_with(kind))
                {
                    format!("{status} {}", body.trim())
                } else if let Some(location) = header("location") {
                    format!("{status} to {location}")
                } else {
                    status
                };
                return Some((said, closes));
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    }
}

/// What `explain` says, in the same words.
fn explained(world: &World<'_, '_>, request: &Request) -> String {
    let answers = explain(world, request);
    let [answer] = answers.as_slice() else {
        return format!("{} answers", answers.len());
    };
    match &answer.end {
        End::Response {
            status,
            location: Some(location),
        } => format!("{status} to {}", String::from_utf8_lossy(location)),
        End::Response { status, .. } => {
            let source = answer.span.map(|span| world.texts.sources().slice(span));
            let text = String::from_utf8_lossy(source.unwrap_or_default()).into_owned();
            match text.strip_prefix("return 200 ") {
                Some(id) if text.starts_with("return") => format!("{status} {id}"),
                _ => status.to_string(),
            }
        }
        End::File { path, status } => {
            let path = String::from_utf8_lossy(path).into_owned();
            let content = std::fs::read_to_string(path).unwrap_or_default();
            format!("{status} {content}")
        }
        End::Upstream {
            nodes,
            chosen: Some(chosen),
            status,
            ..
        } => {
            let address = nodes[*chosen].0.split(':').next().unwrap_or_default();
            format!("{} node {address}", status.unwrap_or(200))
        }
        // Nodes take turns.
        End::Upstream { nodes, status, .. } if !nodes.is_empty() => {
            format!("{} node", status.unwrap_or(200))
        }
        End::Upstream { .. } => "502".to_owned(),
        End::Listing { status, .. } => status.to_string(),
        other => format!("{other:?}"),
    }
}

/// Asks about a configuration.
fn with_model(text: &str, run: &Path, engine: &Engine, ask: impl FnOnce(&World<'_, '_>)) {
    let memory = Memory::new();
    let mut texts = Texts::new(&memory, Limits::default());
    let root: FileId = texts
        .add("nginx.conf", text.as_bytes().to_vec())
        .expect("within the limits");
    let parsed = texts.follow(root, Prefix::of_folder(run));
    let options = Options {
        target: engine.version.parse().expect("a release"),
        modules: Modules::All,
        live: false,
        start: Start::Whole,
    };
    let reading = verdict::read(&texts, &parsed, &options);
    ask(&World {
        model: &reading.model,
        texts: &texts,
        // What is not there is not elsewhere either.
        root: Some("/".into()),
        prefix: run.to_owned(),
    });
}

#[test]
fn answers_are_those_of_nginx() {
    let seed = random::seed();
    let worlds = setting("DJANGINX_WORLDS").unwrap_or(200) as usize;
    let requests = setting("DJANGINX_REQUESTS").unwrap_or(60) as usize;
    for_each_engine(|engine| {
        let mut random = Random::new(seed);
        let home = Home::new();
        let port = Port::lease();
        let run = home.writable("run");
        home.writable("run/temp");
        for file in ["a", "b/c.css", "d/index.html", "ab/d", "A", "c.css"] {
            home.write(&format!("www/{file}"), format!("file {file}"));
        }
        let www = home.path("www");
        let address =
            |world: usize| Ipv4Addr::new(127, 77, (world / 200) as u8, (world % 200) as u8 + 1);
        let mut text = format!(
            "pid {run}/nginx.pid;\nerror_log {run}/error.log crit;\nworker_processes 1;\n\
             events {{ worker_connections 4096; }}\nhttp {{\naccess_log off;\nroot {www};\n\
             default_type text/plain;\nserver_names_hash_bucket_size 64;\n\
             client_body_temp_path {run}/temp/a;\nproxy_temp_path {run}/temp/b;\n\
             fastcgi_temp_path {run}/temp/c;\nuwsgi_temp_path {run}/temp/d;\n\
             scgi_temp_path {run}/temp/e;\nserver {{ listen 127.0.0.1:{port}; return 204; }}\n",
            run = run.display(),
            www = www.display(),
            port = port.number(),
        );
        let nodes = Port::lease();
        for node in 1..=4 {
            let port = nodes.number();
            let _ = writeln!(
                text,
                "server {{ listen 127.0.0.{node}:{port}; return 200 \"node 127.0.0.{node}\"; }}"
            );
        }
        let mut writer = Writer {
            random: &mut random,
            text: String::new(),
            id: 0,
            world: 0,
            www: www.display().to_string(),
            nodes: nodes.number(),
        };
        for world in 0..worlds {
            writer.world = world;
            writer.computed();
            let address = format!("{}:{}", address(world), port.number());
            let servers = 1 + writer.random.below(4);
            let default = writer.random.below(servers * 2);
            for server in 0..servers {
                let default = if server == default {
                    " default_server"
                } else {
                    ""
                };
                writer.server(&address, default);
            }
        }
        text.push_str(&writer.text);
        text.push_str("}\n");
        let config = home.write("run/nginx.conf", &text);

        let nginx = Nginx::start_noisy(&home, engine, &run, &config, port.number());
        let mut differences = Vec::new();
        let mut asked_in_all = 0;
        with_model(&text, &run, engine, |world| {
            for number in 0..worlds {
                let address = address(number);
                let mut stream = None;
                for _ in 0..requests {
                    let mut target = path(&mut random);
                    match random.below(10) {
                        0 => target.insert(0, '/'),
                        1 => target.push_str("?x=1"),
                        2 => target.push_str("?x=2&y"),
                        3 => target = target.replacen('a', "%61", 1),
                        4 => target.push_str("/../b"),
                        5 => target = "/".to_owned(),
                        _ => {}
                    }
                    let host = random.pick(HOSTS);
                    let method = if random.chance(15) { "POST" } else { "GET" };
                    let mut headers = vec![("Content-Length", "0")];
                    for (name, values) in HEADERS {
                        if random.chance(25) {
                            headers.push((name, random.pick(values)));
                        }
                    }
                    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n");
                    for (name, value) in &headers {
                        let _ = write!(head, "{name}: {value}\r\n");
                    }
                    head.push_str("\r\n");
                    let nginx = asked(&mut stream, (address, port.number()).into(), &head);
                    let mut request =
                        Request::get(&format!("http://{host}{target}")).expect("a URL");
                    request.listen = Some(IpAddr::V4(address));
                    request.port = port.number();
                    request.client = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
                    request.method = method.to_owned();
                    request.whole = true;
                    for (name, value) in headers {
                        request.headers.push((name.to_owned(), value.to_owned()));
                    }
                    let ours = explained(world, &request);
                    asked_in_all += 1;
                    let any_node = ours.ends_with(" node") && nginx.starts_with(&ours);
                    if nginx != ours && !any_node {
                        differences.push(format!(
                            "{head:?} at {address}\n  nginx {nginx}\n  ours  {ours}"
                        ));
                    }
                }
            }
        });
        nginx.stop();
        println!("{}: {asked_in_all} requests", engine.name);
        if !differences.is_empty()
            && let Some(path) = std::env::var_os("DJANGINX_KEEP")
        {
            std::fs::write(path, &text).expect("written");
        }
        assert!(
            differences.is_empty(),
            "{} of {asked_in_all} differ; DJANGINX_SEED={seed} asks the same\n{}",
            differences.len(),
            differences
                .iter()
                .take(20)
                .cloned()
                .collect::<Vec<_>>()
                .join("\n")
        );
    });
}
