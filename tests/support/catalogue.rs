//! The pairs of `fixtures/lint/catalogue.txt` and `fixtures/lint/rows.txt`.

use std::path::Path;

const PROXY: &str = "proxy_set_header Host $host;
proxy_set_header X-Forwarded-For $remote_addr;
proxy_set_header X-Forwarded-Proto $scheme;
";

const SERVER: &str = "listen 80;
server_name example.com;
";

const UWSGI: &str = "uwsgi_param QUERY_STRING $query_string;
uwsgi_param REQUEST_METHOD $request_method;
uwsgi_param CONTENT_TYPE $content_type;
uwsgi_param CONTENT_LENGTH $content_length;
uwsgi_param REQUEST_URI $request_uri;
uwsgi_param PATH_INFO $document_uri;
uwsgi_param SERVER_PROTOCOL $server_protocol;
uwsgi_param REQUEST_SCHEME $scheme;
uwsgi_param HTTPS $https if_not_empty;
uwsgi_param REMOTE_ADDR $remote_addr;
uwsgi_param SERVER_PORT $server_port;
uwsgi_param SERVER_NAME $server_name;
uwsgi_param HTTP_X_FORWARDED_PROTO $scheme;
";

const TLS: &str = "listen 443 ssl default_server;
server_name example.com;
ssl_certificate cert.pem;
ssl_certificate_key key.pem;
add_header Strict-Transport-Security max-age=63072000 always;
";

const LOCATION: &str = "location / {
proxy_pass http://127.0.0.1:8000;
<proxy>
}
";

/// What a case need not repeat.
const PARTS: [(&str, &str); 6] = [
    ("<http>", HTTP),
    ("<location>", LOCATION),
    ("<server>", SERVER),
    ("<tls>", TLS),
    ("<proxy>", PROXY),
    ("<uwsgi>", UWSGI),
];

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
    /// The table of the catalogue, or the row.
    pub(crate) table: String,
    pub(crate) name: String,
    /// What reports the broken one.
    pub(crate) rule: String,
    /// In which line.
    pub(crate) line: usize,
    /// The release that both are for.
    pub(crate) nginx: Option<String>,
    /// Settings that both are read with, as lines of TOML.
    pub(crate) settings: String,
    pub(crate) bad: String,
    pub(crate) good: String,
}

/// All of them.
pub(crate) fn pairs() -> Vec<Pair> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lint");
    let files = ["catalogue.txt", "rows.txt"];
    let texts = files.map(|name| std::fs::read_to_string(folder.join(name)).unwrap());
    let all = texts.iter().flat_map(|text| text.split("\n=== ").skip(1));
    all.map(pair).collect()
}

fn pair(text: &str) -> Pair {
    let (head, body) = text.split_once('\n').unwrap();
    let mut fields = head.split(" | ");
    let mut field = || fields.next().map(str::to_owned);
    let (name, rule, place) = (field().unwrap(), field().unwrap(), field().unwrap());
    let (table, name) = name.split_once(' ').unwrap();
    let place = PLACES.iter().find(|(known, _)| *known == place);
    let (_, template) = place.unwrap_or_else(|| panic!("{name}: no such place"));
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
    let marked: String = marked.lines().map(whole).collect();
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
        nginx: field().filter(|release| release != "-"),
        settings: field().unwrap_or_default().replace("; ", "\n"),
        bad,
        good,
    }
}

/// A marked line; the lines of a part where it names one, each with its mark.
fn whole(line: &str) -> String {
    let (mark, text) = line.split_at(line.len().min(1));
    let part = PARTS.iter().find(|(name, _)| *name == text.trim());
    match part {
        Some((_, part)) => { part.lines() }
            .map(|line| whole(&format!("{mark}{line}")))
            .collect(),
        None => format!("{line}\n"),
    }
}
