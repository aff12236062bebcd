//! What the manuals of rules say that nginx does, tried with every engine.

use crate::client::Client;
use crate::engines::Engine;
use crate::home::{Home, Port, give_away};
use crate::nginx::{Nginx, for_each_engine};

/// A request to `host` and what it is answered: the status, then the body or a header.
const ANSWERS: &[(&str, &str, &str)] = &[
    // Of two blocks that are both true only the last counts.
    ("a.org", "/two/f?a=1&b=1", "200 X-A=- X-B=b"),
    ("a.org", "/two/f?a=1", "200 X-A=a X-B=-"),
    // `try_files` is not run when an `if` is true.
    ("a.org", "/found/x", "200 file"),
    ("a.org", "/found/x?a=1", "404"),
    // A single `if` keeps the path of `proxy_pass`, and `alias` above.
    ("a.org", "/app/x?a=1", "200 /v1/x?a=1"),
    // With a URL `rewrite` answers, whatever its flag is.
    ("a.org", "/leave/?a=1", "302 http://example.com/?a=1"),
    // `$host` is what the request line names, without the port.
    ("a.org:81", "/host", "200 a.org a.org:81"),
    ("a.org:81", "http://b.org/host", "200 b.org a.org:81"),
    // What no row of a map matches is empty.
    ("a.org", "/map", "200 []"),
    ("a.org", "/nowhere", "500"),
    // The rest of the path is put behind the path of `proxy_pass`.
    ("a.org", "/api/x", "200 /v1//x"),
    ("a.org", "/api../x", "200 /v1/../x"),
    ("a.org", "/slash/x", "200 /v1x"),
    ("a.org", "/prefix/x", "200 /v1/x"),
    // `$uri` is decoded, unless it was made from `$request_uri`.
    ("a.org", "/decoded/a%3Fb", "200 /decoded/a?b"),
    ("a.org", "/raw/a%3Fb", "200 /a%3Fb"),
    ("a.org", "/twice/a%3Fb", "200 /a%253Fb"),
    ("a.org", "/cycle/a", "500"),
    ("a.org", "/number/a%3Fb", "200 /a%3Fb"),
    ("a.org", "/named/a%3Fb", "200 /a?b"),
    // Groups that are not there are empty, and `!~` sets none.
    ("a.org", "/group/", "200 []"),
    ("a.org", "/not/", "200 []"),
    // `return` answers before `deny` is asked; the first line that matches counts.
    ("a.org", "/return/", "200 answered"),
    ("a.org", "/dead/", "403"),
    ("a.org", "/realm/", "200 file"),
    // A page that the same backend is asked for is not seen.
    ("a.org", "/gone/x", "502"),
    ("a.org", "/kept/x", "200 file"),
    // The last code is the page.
    ("a.org", "/codes/", "302 502"),
    // A comma and a port are part of the name.
    ("a.test", "/host", "200 a.test a.test"),
    ("b.test:81", "/host", "200 b.test b.test:81"),
    ("c.test", "/host", "200 named"),
];

#[test]
fn nginx_does_what_the_manuals_say() {
    for_each_engine(|engine| {
        let (home, front, back) = (Home::new(), Port::lease(), Port::lease());
        let _nginx = start(&home, engine, &front, &back);
        for (host, target, wanted) in ANSWERS {
            let client = Client::new(front.number(), host);
            let answer = client.get(target).send();
            let header = |name: &str| answer.header(name).unwrap_or("-").to_owned();
            let rest = match answer.status {
                200 if target.starts_with("/two/") => {
                    format!(" X-A={} X-B={}", header("X-A"), header("X-B"))
                }
                200 => format!(" {}", answer.text()),
                302 => format!(" {}", header("Location")),
                _ => String::new(),
            };
            let found = format!("{}{rest}", answer.status);
            assert_eq!(&found, wanted, "{host} {target}");
        }
        let client = Client::new(front.number(), "a.org");
        let server = |target: &str| {
            let answer = client.get(target).send();
            answer.header("Server").map(str::to_owned)
        };
        assert_eq!(server("/off").as_deref(), Some("nginx"));
        let built = server("/build").expect("a header");
        let version = format!("nginx/{}", engine.version);
        assert!(built.starts_with(&version), "{built}");
    });
}

fn start(home: &Home, engine: &Engine, front: &Port, back: &Port) -> Nginx {
    let run = home.writable(&format!("run-{}", engine.name));
    home.writable(&format!("run-{}/temp", engine.name));
    home.writable(&format!("run-{}/files", engine.name));
    give_away(&home.write(&format!("run-{}/files/f", engine.name), "file"));
    let text = include_str!("../../fixtures/e2e/manuals.conf")
        .replace("@RUN@", &run.display().to_string())
        .replace("@FRONT@", &front.to_string())
        .replace("@BACK@", &back.to_string());
    let config = run.join("nginx.conf");
    std::fs::write(&config, text).expect("written");
    Nginx::start_with(home, engine, &run, &config, front.number())
}
