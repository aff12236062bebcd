//! The pairs of `fixtures/lint/catalogue.txt`.

use std::path::Path;

const PROXY: &str = "proxy_set_header Host $host;
proxy_set_header X-Forwarded-For $remote_addr;
proxy_set_header X-Forwarded-Proto $scheme;
";

const SERVER: &str = "listen 80;
server_name example.com;
";

const LOCATION: &str = "location / {
proxy_pass http://127.0.0.1:8000;
<proxy>
}
";

/// What stands round a case: `<1>` and `<2>` are its parts.
const PLACES: [(&str, &str); 7] = [
    ("file", "<1>"),
    ("http", "<http>\n<1>\n}\n"),
    ("site", "<http>\nserver {\n<server>\n<1>\n}\n}\n"),
    (
        "server",
        "<http>\nserver {\n<server>\n<location>\n<1>\n}\n}\n",
    ),
    (
        "location",
        "<http>\nserver {\n<server>\nlocation / {\n<1>\n}\n}\n}\n",
    ),
    (
        "upstream",
        "<http>\nupstream app {\n<1>\n}\nserver {\n<server>\nlocation / {\nproxy_pass http://app;\nproxy_next_upstream_tries 2;\n<proxy>\n}\n}\n}\n",
    ),
    (
        "upstream+location",
        "<http>\nupstream app {\n<1>\n}\nserver {\n<server>\nlocation / {\nproxy_pass http://app;\nproxy_next_upstream_tries 2;\n<proxy>\n<2>\n}\n}\n}\n",
    ),
];

/// Everything up to the part that a case gives, which follows good advice.
const HTTP: &str = "events {
}
http {
server_tokens off;
client_max_body_size 10m;
map $http_upgrade $connection_upgrade {
default upgrade;
'' '';
}
server {
listen 80 default_server;
return 444;
}
";

/// A broken configuration and its corrected twin.
pub(crate) struct Pair {
    /// The table of the catalogue.
    pub(crate) table: String,
    pub(crate) name: String,
    /// What reports the broken one.
    pub(crate) rule: String,
    /// In which line.
    pub(crate) line: usize,
    /// The release that both are for.
    pub(crate) nginx: Option<String>,
    pub(crate) bad: String,
    pub(crate) good: String,
}

/// All of them.
pub(crate) fn pairs() -> Vec<Pair> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lint/catalogue.txt");
    let text = std::fs::read_to_string(path).unwrap();
    text.split("\n=== ").skip(1).map(pair).collect()
}

fn pair(text: &str) -> Pair {
    let (head, body) = text.split_once('\n').unwrap();
    let mut fields = head.split(" | ");
    let mut field = || fields.next().map(str::to_owned);
    let (name, rule, place) = (field().unwrap(), field().unwrap(), field().unwrap());
    let (table, name) = name.split_once(' ').unwrap();
    let place = PLACES.iter().find(|(known, _)| *known == place);
    let (_, template) = place.unwrap_or_else(|| panic!("{name}: no such place"));
    let template = template
        .replace("<http>\n", HTTP)
        .replace("<location>\n", LOCATION)
        .replace("<server>\n", SERVER)
        .replace("<proxy>\n", PROXY);
    let mut parts = body.split("====\n");
    let mut part = || parts.next().unwrap_or_default();
    let marked = template
        .lines()
        .map(|line| match line {
            "<1>" => part().to_owned(),
            "<2>" => part().to_owned(),
            line => format!(" {line}\n"),
        })
        .collect::<String>();
    let (mut bad, mut good, mut line) = (String::new(), String::new(), None);
    for marked in marked.lines().filter(|line| !line.is_empty()) {
        let (mark, text) = marked.split_at(1);
        if mark != "+" {
            bad.extend([text, "\n"]);
        }
        if !matches!(mark, "-" | "!") {
            good.extend([text, "\n"]);
        }
        match mark {
            "!" | "*" => assert_eq!(line.replace(bad.lines().count()), None, "{name}"),
            " " | "-" | "+" => {}
            _ => panic!("{name}: no such mark: {marked}"),
        }
    }
    Pair {
        table: table.to_owned(),
        name: name.to_owned(),
        rule,
        line: line.unwrap_or_else(|| panic!("{name}: no line is reported")),
        nginx: field(),
        bad,
        good,
    }
}
