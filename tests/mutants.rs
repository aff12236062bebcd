//! Single faults, made at random in good configurations: djanginx must say what each real
//! nginx says, and must not refuse what it loads.
//!
//! `DJANGINX_SEED` repeats a run, `DJANGINX_MUTANTS` sets how many there are.

#![allow(clippy::unwrap_used)] // a test may panic

#[path = "support/engines.rs"]
mod engines;
#[path = "support/verdict.rs"]
mod verdict;

use djanginx::directives::{self, Body, Built, Origin};
use djanginx::source::FileId;
use djanginx::syntax::{Directive, Terminator, WalkEvent, parse};
use djanginx::version::Target;
use engines::Engine;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use verdict::Said;

#[test]
fn single_faults_are_judged_as_nginx_does() {
    let seed = setting("DJANGINX_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        now.as_nanos() as u64
    });
    let count = setting("DJANGINX_MUTANTS").unwrap_or(500);
    println!("DJANGINX_SEED={seed}");
    let fixtures = fixtures();
    let mut random = Random(seed | 1);
    let mutants: Vec<_> = (0..count).map(|_| mutant(&fixtures, &mut random)).collect();
    let engines = engines::engines().nginx();
    let mut score = Score::default();
    for engine in engines {
        let halves = mutants.chunks(mutants.len().div_ceil(2));
        std::thread::scope(|scope| {
            let threads: Vec<_> = halves
                .map(|half| scope.spawn(|| judge(engine, half)))
                .collect();
            for thread in threads {
                score.add(thread.join().unwrap());
            }
        });
    }
    println!("{}", score.differences.join("\n"));
    println!("{}", score.summary());
    // What nginx loads is never refused; of what it refuses, a fault that is made at random
    // may hit what only its source tells.
    assert_eq!(score.wrong_refusals, 0, "{}", score.summary());
    let percent = |part: usize, of: usize| part as f64 * 100.0 / of.max(1) as f64;
    assert!(
        percent(score.same_verdict, score.all) >= 98.5
            && percent(score.same, score.refused) >= 97.0,
        "{}; DJANGINX_SEED={seed} makes the same mutants\n{}",
        score.summary(),
        score.differences.join("\n")
    );
}

/// How often djanginx agrees with nginx.
#[derive(Debug, Default)]
struct Score {
    all: usize,
    same_verdict: usize,
    /// nginx refuses, for a reason that is in the text.
    refused: usize,
    /// Of these, the same message at the same line.
    same: usize,
    wrong_refusals: usize,
    differences: Vec<String>,
}

impl Score {
    fn add(&mut self, other: Self) {
        self.all += other.all;
        self.same_verdict += other.same_verdict;
        self.refused += other.refused;
        self.same += other.same;
        self.wrong_refusals += other.wrong_refusals;
        self.differences.extend(other.differences);
    }

    fn summary(&self) -> String {
        format!(
            "{} judgements: {} verdicts agree, {} of {} refusals in message and line, {} wrong refusals",
            self.all, self.same_verdict, self.same, self.refused, self.wrong_refusals
        )
    }
}

#[test]
fn the_fixtures_load_as_they_are() {
    for engine in engines::engines().nginx() {
        for fixture in fixtures() {
            let text = String::from_utf8(fixture).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let [nginx, ours] = judged(engine, folder.path(), text.as_bytes());
            assert_eq!(nginx, None, "{text}");
            assert_eq!(ours, None, "{text}");
        }
    }
}

/// Faults that the mutants do not come to often enough.
#[test]
fn known_faults_are_judged_as_nginx_does() {
    let http = |text: &str| format!("events {{}}\nhttp {{\n{text}\n}}\n");
    let long = "x".repeat(4200);
    let texts = [
        String::new(),
        "http {}\n".to_owned(),
        "events {}\nevents {}\n".to_owned(),
        "events {}\nhttp {}\nhttp {}\n".to_owned(),
        "events {}\nload_module a.so;\n".to_owned(),
        "\u{feff}events {}\n".to_owned(),
        "events {}\nserver { listen 1; }\n".to_owned(),
        "worker_cpu_affinity auto 01 10;\nevents {}\n".to_owned(),
        http("map $a $b {\n default;\n}"),
        http("map $a $b {\n a { b; }\n}"),
        http("types {\n include a b;\n}"),
        http("types {\n text/html html\n}"),
        http("geo $a {\n ranges; 1.2.3.4;\n}"),
        http("geo $a {\n volatile;\n}"),
        http("charset_map koi8-r utf-8 {\n 80 E282AC;\n 81;\n}"),
        http("sendfile ON; gzip Yes;"),
        http("server { location / { limit_except GET { return 1; } } }"),
        http("server { if ($a) { proxy_pass http://127.0.0.1; } }"),
        http("server { if ($a) { if ($b) { } } }"),
        http("server { location / { if ($a) { if ($b) { } } } }"),
        http("upstream a { server 127.0.0.1; listen 80; }"),
        http("server { server { } }"),
        http("server { root a; location / { root b; } root c; }"),
        http("server { location / { alias a; alias b; } }"),
        http("client_max_body_size 1m; server { client_max_body_size 2m; }"),
        http("proxy_buffers 4 8k; proxy_buffers 4 8k;"),
        http("proxy_buffer_size 8k; proxy_buffer_size 8k;"),
        http("server { listen 127.0.0.1:18099; return 200 'a'b; }"),
        http(&format!("server {{ root {long}; }}")),
        http(&format!("server {{ root '{long}'; }}")),
        http(&format!("server {{ root \"{long} }}")),
        http("server { root a; } ;"),
        http("{ }"),
        http("server { root \"a\\\"b\"; foo; }"),
        http("http2 on; foo;"),
        http("\"send\\file\" on;"),
        http("\"sendfile\" 'maybe';"),
        http("server\n{\nlisten\n127.0.0.1:18099\n;\nroot\n\n}"),
        "events {\n".to_owned(),
        "events {}\nhttp\n".to_owned(),
        "events {}\nhttp 'a\n".to_owned(),
    ];
    let mut wrong = Vec::new();
    for engine in engines::engines().nginx() {
        let folder = tempfile::tempdir().unwrap();
        for text in &texts {
            let [nginx, ours] = judged(engine, folder.path(), text.as_bytes());
            if nginx != ours {
                let name = &engine.name;
                wrong.push(format!(
                    "{name}: nginx {nginx:?}\n  ours {ours:?}\n{text:.300}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn fixtures() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/nginx");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "conf")
        })
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

struct Mutant {
    text: Vec<u8>,
    /// The fault, for a person.
    fault: String,
}

impl Mutant {
    fn new(original: &[u8], text: Vec<u8>) -> Self {
        let pairs = original.iter().zip(&text);
        let start = pairs.take_while(|(a, b)| a == b).count();
        let pairs = original[start..]
            .iter()
            .rev()
            .zip(text[start..].iter().rev());
        let end = pairs.take_while(|(a, b)| a == b).count();
        let shown = |text: &[u8]| {
            let until = (text.len() - end + 20).min(text.len());
            let part = &text[start.saturating_sub(30)..until];
            String::from_utf8_lossy(part).into_owned()
        };
        let fault = format!("{:?}\n  for {:?}", shown(&text), shown(original));
        Self { text, fault }
    }
}

fn judge(engine: &Engine, mutants: &[Mutant]) -> Score {
    let folder = tempfile::tempdir().unwrap();
    let mut score = Score::default();
    for Mutant { text, fault } in mutants {
        let [nginx, ours] = judged(engine, folder.path(), text);
        // What depends on the machine is not in the text.
        if let Some(said) = &nginx
            && djanginx::check::is_of_the_machine(&said.message)
        {
            continue;
        }
        score.all += 1;
        score.same_verdict += usize::from(nginx.is_some() == ours.is_some());
        score.wrong_refusals += usize::from(nginx.is_none() && ours.is_some());
        score.refused += usize::from(nginx.is_some());
        score.same += usize::from(nginx.is_some() && nginx == ours);
        if nginx != ours {
            score.differences.push(format!(
                "{}: nginx {nginx:?}\n  ours {ours:?}\n  at {fault}",
                engine.name
            ));
        }
    }
    score
}

/// What nginx says and what we say about a text.
fn judged(engine: &Engine, folder: &Path, text: &[u8]) -> [Option<Said>; 2] {
    let [nginx, ours] = [
        verdict::asked(engine, folder, text),
        verdict::ours(engine.version.parse().unwrap(), folder, text),
    ];
    [nginx, ours].map(|said| verdict::refusal(&said).cloned())
}

/// xorshift64*.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}

fn mutant(fixtures: &[Vec<u8>], random: &mut Random) -> Mutant {
    loop {
        let text = &fixtures[random.below(fixtures.len())];
        if let Some(mutant) = mutate(text, random)
            && mutant != *text
        {
            return Mutant::new(text, mutant);
        }
    }
}

/// One fault; `None` where the one that was drawn does not fit the place that was drawn.
fn mutate(text: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    let tree = parse(FileId(0), text.into()).tree;
    let all: Vec<Directive<'_>> = tree
        .walk()
        .filter_map(|event| match event {
            WalkEvent::Enter(directive) => Some(directive),
            WalkEvent::Leave(_) => None,
        })
        .collect();
    let directive = random.pick(&all);
    // The tests load the module for a line that begins so.
    if directive.is("stream") {
        return None;
    }
    let put = |start: u32, end: u32, new: &[u8]| {
        Some([&text[..start as usize], new, &text[end as usize..]].concat())
    };
    let insert = |at: u32, new: &[u8]| put(at, at, new);
    let span = directive.span();
    let (name, end) = (directive.name().span(), directive.end());
    let simple = directive.terminator() == Terminator::Semicolon;
    let arguments: Vec<_> = directive.args().collect();
    let argument = (!arguments.is_empty()).then(|| arguments[random.below(arguments.len())].span());
    let whole = &text[span.start as usize..span.end as usize];
    match random.below(32) {
        0 => put(end.start, end.end, b" "),
        1 => put(span.end - 1, span.end, b""),
        2 => {
            let at = name.start + random.below(name.len() as usize) as u32;
            put(at, at + 1, b"z")
        }
        3 => insert(span.end, &[b"\n", whole].concat()),
        4 => put(
            arguments.last()?.span().start,
            arguments.last()?.span().end,
            b"",
        ),
        5 => insert(end.start, b" extra "),
        6 => put(argument?.start, argument?.end, b"maybe"),
        7 => put(argument?.start, argument?.end, b"\"on\""),
        8 => {
            // Somewhere else in the text.
            let other = random.pick(&all);
            let at = other.span().start;
            let moved = [whole, b"\n"].concat();
            (at < span.start || at > span.end).then_some(())?;
            let without =
                |text: &[u8]| [&text[..span.start as usize], &text[span.end as usize..]].concat();
            if at < span.start {
                let text = without(text);
                Some([&text[..at as usize], &moved, &text[at as usize..]].concat())
            } else {
                let text = [&text[..at as usize], &moved, &text[at as usize..]].concat();
                Some(without(&text))
            }
        }
        9 | 10 => insert(span.start, sample(random).as_bytes()),
        11 => insert(argument?.start, random.pick(&[&b"\""[..], b"'"])),
        12 => insert(
            argument?.end,
            random.pick(&[&b"\""[..], b"'", b"\"x", b"}"]),
        ),
        13 => insert(
            span.start,
            random.pick(&[&b"} "[..], b"; ", b"{ ", b"\xef\xbb\xbf", b"\xc2\xa0"]),
        ),
        14 if simple => put(end.start, end.end, b" { }"),
        15 if !simple => put(end.start, span.end, b";"),
        16 => insert(end.start, b" # "),
        17 => put(span.start, span.end, b""),
        18 => insert(name.end, random.pick(&[&b"="[..], b":", b"(", b" = "])),
        19 => insert(span.end, random.pick(&[&b" }"[..], b";", b"\nstray"])),
        20..=23 => put(
            argument?.start,
            argument?.end,
            random.pick(VALUES).as_bytes(),
        ),
        24 => insert(
            argument?.end,
            random
                .pick(&["x", "s", "k", "0", "/", ":80", "="])
                .as_bytes(),
        ),
        25 => put(argument?.end - 1, argument?.end, b""),
        26..=30 => insert(span.start, random.pick(STATEMENTS).as_bytes()),
        _ => None,
    }
}

/// Values of many kinds; each is wrong in most places.
const VALUES: &[&str] = &[
    "0",
    "1",
    "-1",
    "99999999999999999999",
    "1x",
    "10MB",
    "60sec",
    "1h1h",
    "$",
    "${",
    "${a",
    "$nosuch",
    "http://127.0.0.1",
    "http://127.0.0.1/a",
    "a=b",
    "weight=0",
    "=",
    "[",
    "(",
    "*",
    "*.a.*",
    "~(",
    "~a",
    "70000",
    "127.0.0.1",
    "127.0.0.1:0",
    "10.0.0.1/8",
    "10.0.0.0/33",
    "::1",
    "[::1]:80",
    "unix:",
    "unix:/x",
    "@x",
    "/",
    "~",
    "\\\\",
    "\"\"",
    "GET",
    "499",
    "1000",
    "zone=x",
    "zone=x:1k",
    "50%",
    "101%",
    "default",
    "all",
    "off",
    "ssl",
    "backup",
    "default_server",
    "last",
    "$1",
    "TLSv1.2",
];

/// Statements that fit somewhere; where one is put, it mostly does not.
const STATEMENTS: &[&str] = &[
    "listen 127.0.0.1:18099;\n",
    "listen 127.0.0.1:18099 default_server;\n",
    "listen 80 80;\n",
    "server_name a b;\n",
    "server_name ~(;\n",
    "server_name *;\n",
    "least_conn;\n",
    "ip_hash;\n",
    "hash $uri consistent;\n",
    "random two;\n",
    "keepalive 8;\n",
    "zone z 64k;\n",
    "zone z 1k;\n",
    "server 127.0.0.1:1 backup;\n",
    "server 127.0.0.1;\n",
    "server a:b;\n",
    "server 127.0.0.1:1 weight=x;\n",
    "proxy_pass http://127.0.0.1:1;\n",
    "proxy_pass http://127.0.0.1:1/;\n",
    "proxy_pass 127.0.0.1:1;\n",
    "uwsgi_pass unix:/x;\n",
    "return 200;\n",
    "return 200 $nosuch;\n",
    "return x;\n",
    "rewrite ^ /a last;\n",
    "rewrite ( /a;\n",
    "rewrite ^ /a nosuch;\n",
    "set $a b;\n",
    "set a b;\n",
    "set $host b;\n",
    "break;\n",
    "limit_req zone=nosuch;\n",
    "limit_conn nosuch 1;\n",
    "limit_req_zone $uri zone=y:64k rate=1r/s;\n",
    "limit_req_zone $uri zone=y:64k rate=1;\n",
    "error_page 404 /x;\n",
    "error_page 200 /x;\n",
    "error_page 404;\n",
    "try_files $uri;\n",
    "try_files $uri =x;\n",
    "map $uri $m { a b; a c; }\n",
    "map $uri m { a b; }\n",
    "map $uri $m { ~( b; }\n",
    "geo $g { 10.0.0.0/8 a; 300.0.0.0 b; }\n",
    "split_clients $uri $s { 50% a; 60% b; }\n",
    "location / { }\n",
    "location = / { }\n",
    "location ~ ( { }\n",
    "location ~^ /a { }\n",
    "location @a { }\n",
    "location /a { location /b { } }\n",
    "upstream u { }\n",
    "upstream u { server 127.0.0.1:1; }\n",
    "upstream u { server 127.0.0.1:1 down; }\n",
    "if ($uri) { }\n",
    "if ($uri ~ () { }\n",
    "if (x) { }\n",
    "if ($uri == a) { }\n",
    "log_format f $nosuch;\n",
    "log_format combined a;\n",
    "access_log logs/a nosuch;\n",
    "access_log logs/a combined buffer=x;\n",
    "error_log logs/e nosuch;\n",
    "allow 10.0.0.0/8;\n",
    "allow example.com;\n",
    "deny 10.0.0.1/8;\n",
    "expires 30days;\n",
    "expires max;\n",
    "add_header a;\n",
    "add_header a b c;\n",
    "gzip_types text/html;\n",
    "keepalive_timeout 1x;\n",
    "keepalive_timeout 10 20;\n",
    "client_max_body_size 10MB;\n",
    "proxy_buffer_size 128k;\n",
    "proxy_buffers 1 4k;\n",
    "proxy_busy_buffers_size 1k;\n",
    "proxy_cache nosuch;\n",
    "proxy_cache_valid x;\n",
    "proxy_next_upstream nosuch;\n",
    "proxy_http_version 1.2;\n",
    "proxy_redirect default;\n",
    "proxy_bind x;\n",
    "proxy_set_header a;\n",
    "root a;\n",
    "alias a;\n",
    "internal;\n",
    "types { a b; a c; }\n",
    "default_type a;\n",
    "resolver x=y;\n",
    "worker_processes x;\n",
    "worker_connections x;\n",
    "user a b c;\n",
    "pid a;\n",
    "sendfile yes;\n",
    "satisfy both;\n",
    "limit_except GET { deny all; }\n",
    "limit_except NOSUCH { }\n",
    "valid_referers;\n",
    "set_real_ip_from x y;\n",
    "real_ip_header;\n",
    "userid on;\n",
    "charset $nosuch;\n",
    "ssi on;\n",
    "large_client_header_buffers 0 1k;\n",
    "client_header_buffer_size 1x;\n",
    "open_file_cache x;\n",
    "directio x;\n",
    "aio nosuch;\n",
    "merge_slashes x;\n",
    "connection_pool_size 1;\n",
];

/// A directive of nginx with arguments that mean nothing, in whatever place it comes to.
fn sample(random: &mut Random) -> String {
    let rows: Vec<_> = directives::all()
        .iter()
        .filter(|row| {
            row.module.origin == Origin::Nginx
                && row.module.built == Built::Default
                && row.module.platform.is_none()
                && !row.plus
                && row.body == Body::Semicolon
                && row.holds_in(Target::open_source(djanginx::version::MAINLINE))
        })
        .map(|row| row.name)
        .collect();
    let arguments = random.pick(&["", " on", " 1", " 10 x", " off", " a b c d e f g h i"]);
    format!("{}{arguments};\n", random.pick(&rows))
}
