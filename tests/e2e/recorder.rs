//! Backends that write down what they are asked, and answer that all is well.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What a backend speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http,
    Uwsgi,
}

/// A backend that records.
pub(crate) struct Recorder {
    address: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    /// One on a port of loopback, with TLS where there is a certificate for it.
    pub(crate) fn on_port(protocol: Protocol, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("it is bound").to_string();
        Self::new(address, move |seen| {
            for stream in listener.incoming().map_while(Result::ok) {
                let _ = stream.set_read_timeout(Some(PATIENCE));
                record(stream, protocol, tls.as_ref(), seen);
            }
        })
    }

    /// One on a unix socket.
    pub(crate) fn on_socket(
        path: &Path,
        protocol: Protocol,
        tls: Option<Arc<ServerConfig>>,
    ) -> Self {
        let listener = UnixListener::bind(path).expect("a socket");
        crate::home::give_away(path);
        Self::new(format!("unix:{}", path.display()), move |seen| {
            for stream in listener.incoming().map_while(Result::ok) {
                let _ = stream.set_read_timeout(Some(PATIENCE));
                record(stream, protocol, tls.as_ref(), seen);
            }
        })
    }

    fn new(address: String, serve: impl FnOnce(&Mutex<Vec<String>>) + Send + 'static) -> Self {
        let seen = Arc::default();
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || serve(&shared));
        Self { address, seen }
    }

    /// As nginx has it behind the scheme.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What it was asked since the last time, in an order that does not depend on time.
    pub(crate) fn take(&self) -> Vec<String> {
        let mut seen = std::mem::take(&mut *self.seen.lock().expect("it does not panic"));
        seen.sort();
        seen
    }
}

const PATIENCE: Duration = Duration::from_secs(5);

fn record<S: Read + Write>(
    mut stream: S,
    protocol: Protocol,
    tls: Option<&Arc<ServerConfig>>,
    seen: &Mutex<Vec<String>>,
) {
    match tls {
        None => talk(&mut stream, protocol, seen, |_| None),
        Some(config) => {
            let session = ServerConnection::new(Arc::clone(config)).expect("a session");
            let mut stream = StreamOwned::new(session, stream);
            talk(&mut stream, protocol, seen, |stream| {
                let name = stream.conn.server_name().unwrap_or("none");
                Some(format!("SNI {name}"))
            });
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    }
}

fn talk<S: Read + Write>(
    stream: &mut S,
    protocol: Protocol,
    seen: &Mutex<Vec<String>>,
    more: impl FnOnce(&S) -> Option<String>,
) {
    let mut question = Vec::new();
    let mut buffer = [0; 4096];
    let question = loop {
        let whole = match protocol {
            Protocol::Http => http(&question),
            Protocol::Uwsgi => uwsgi(&question),
        };
        if let Some(lines) = whole {
            break lines;
        }
        match stream.read(&mut buffer) {
            Ok(count) if count > 0 => question.extend_from_slice(&buffer[..count]),
            _ if question.is_empty() => return,
            _ => break vec![format!("not whole: {}", question.escape_ascii())],
        }
    };
    let mut lines = question;
    lines.extend(more(stream));
    seen.lock()
        .expect("it does not panic")
        .push(lines.join("\n"));
    let _ =
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    let _ = stream.flush();
}

/// The request line and the headers, sorted, their names in small letters.
fn http(bytes: &[u8]) -> Option<Vec<String>> {
    let head = bytes.strip_suffix(b"\r\n\r\n")?;
    let text = String::from_utf8_lossy(head).into_owned();
    let mut lines = text.split("\r\n").map(str::to_owned);
    let first = lines.next()?;
    let mut headers: Vec<String> = lines
        .map(|line| match line.split_once(": ") {
            Some((name, value)) => format!("{}: {}", name.to_ascii_lowercase(), masked(value)),
            None => line,
        })
        .collect();
    headers.sort();
    headers.insert(0, first);
    Some(headers)
}

/// The modifiers and the parameters, sorted.
fn uwsgi(bytes: &[u8]) -> Option<Vec<String>> {
    let [first, low, high, second, rest @ ..] = bytes else {
        return None;
    };
    let length = usize::from(u16::from_le_bytes([*low, *high]));
    let mut rest = rest.get(..length)?;
    let mut words = Vec::new();
    while let [low, high, behind @ ..] = rest {
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let word = behind.get(..length)?;
        words.push(String::from_utf8_lossy(word).into_owned());
        rest = &behind[length..];
    }
    let mut params: Vec<String> = words
        .chunks(2)
        .map(|pair| match pair {
            [name, _] if name == "REMOTE_PORT" => format!("{name}=<port>"),
            [name, value] if name == "DOCUMENT_ROOT" && value.ends_with("/html") => {
                format!("{name}=<prefix>/html")
            }
            [name, value] => format!("{name}={}", masked(value)),
            _ => format!("without a value: {pair:?}"),
        })
        .collect();
    params.sort();
    params.insert(0, format!("uwsgi {first} {second}"));
    Some(params)
}

/// A value that is new for each request is only known by its shape.
fn masked(value: &str) -> &str {
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if value.len() == 32 && value.bytes().all(hex) {
        "<32 hexadecimal digits>"
    } else {
        value
    }
}
