//! The command by which a person asks the same; without secrets.

use super::result::Probe;
use super::target::{Address, Ask, HttpRequest};

/// Headers that do not change the answer.
const LEFT_OUT: [&str; 8] = [
    "user-agent",
    "accept",
    "connection",
    "x-request-id",
    "x-real-ip",
    "x-forwarded-for",
    "content-length",
    "te",
];

/// The command; `None` where there is no usual one.
pub(super) fn command(probe: &Probe) -> Option<String> {
    let address = &probe.target.address;
    let pair = match (address, probe.peer) {
        (_, Some(peer)) => Some((peer.ip().to_string(), peer.port())),
        (Address::Ip(peer), None) => Some((peer.ip().to_string(), peer.port())),
        (Address::Name(name, port), None) => Some((name.clone(), *port)),
        (Address::Unix(_), None) => None,
    };
    match &*probe.target.ask {
        Ask::Http(request) => Some(curl(probe, request, pair.as_ref())),
        Ask::Uwsgi(_) => None,
        Ask::Postgres => {
            let (host, port) = pair?;
            Some(format!("pg_isready -h {} -p {port}", quoted(&host)))
        }
        Ask::Redis => {
            let (host, port) = pair?;
            Some(format!("redis-cli -h {} -p {port} ping", quoted(&host)))
        }
        Ask::Connect => {
            let (host, port) = pair?;
            Some(format!("nc -vz {} {port}", quoted(&host)))
        }
    }
}

fn curl(probe: &Probe, request: &HttpRequest, pair: Option<&(String, u16)>) -> String {
    let mut words = vec!["curl -i --max-time 8".to_owned()];
    if request.http10 {
        words.push("--http1.0".to_owned());
    }
    if request.websocket {
        words.push("--http1.1".to_owned());
    }
    if let Address::Unix(path) = &probe.target.address {
        words.push("--unix-socket".to_owned());
        words.push(quoted(&path.display().to_string()));
    }
    for header in &request.headers {
        let small = header.name.to_ascii_lowercase();
        let needed = request.websocket && small == "connection";
        if !needed && LEFT_OUT.contains(&small.as_str()) {
            continue;
        }
        words.push("-H".to_owned());
        let text = format!("{}: {}", header.name, header.shown());
        // The shell puts the secret in.
        words.push(match &header.shown {
            Some(_) => format!("\"{}\"", text.replace(['"', '`', '\\'], "")),
            None => quoted(&text),
        });
    }
    let host = match pair {
        None => "localhost".to_owned(),
        Some((host, port)) if host.contains(':') => format!("[{host}]:{port}"),
        Some((host, port)) => format!("{host}:{port}"),
    };
    let url = match (&request.tls, pair) {
        (None, _) => format!("http://{host}{}", request.uri),
        (Some(tls), pair) => {
            match (&tls.trusted, tls.verify) {
                (Some(file), true) => {
                    words.push("--cacert".to_owned());
                    words.push(quoted(&file.display().to_string()));
                }
                _ => words.push("-k".to_owned()),
            }
            let port = pair.map_or(443, |(_, port)| *port);
            words.push("--connect-to".to_owned());
            words.push(quoted(&format!("{}:{port}:{host}", tls.name)));
            format!("https://{}:{port}{}", tls.name, request.uri)
        }
    };
    words.push(quoted(&url));
    words.join(" ")
}

/// A word for the shell.
fn quoted(text: &str) -> String {
    let text: String = text
        .chars()
        .filter(|c| !crate::text::is_hidden(*c))
        .collect();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:=@%+,-[]".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}
