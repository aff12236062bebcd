//! Servers that behave as they are told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A connection to a server.
pub(crate) trait Connection: Read + Write + Send {
    /// Ends it with a reset instead of an end.
    fn reset(self: Box<Self>);
}

impl Connection for TcpStream {
    fn reset(self: Box<Self>) {
        let socket = socket2::Socket::from(*self);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    }
}

impl Connection for UnixStream {
    fn reset(self: Box<Self>) {}
}

/// A server on a port of loopback that lives as long as the test.
pub(crate) struct Server {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    last: Arc<Mutex<Vec<u8>>>,
}

/// What comes first: up to the end of a head of HTTP, or what fits into one read.
pub(crate) fn question(connection: &mut dyn Connection) -> Vec<u8> {
    let mut question = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match connection.read(&mut buffer) {
            Ok(0) | Err(_) => return question,
            Ok(count) => question.extend_from_slice(&buffer[..count]),
        }
        let http =
            question.first().is_some_and(u8::is_ascii_uppercase) && !question.starts_with(b"PING");
        if !http || question.ends_with(b"\r\n\r\n") {
            return question;
        }
    }
}

impl Server {
    /// A server that does this with each connection and its number, from 0, after it has read
    /// the question.
    pub(crate) fn new(
        act: impl Fn(usize, &[u8], Box<dyn Connection>) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
            last: Arc::default(),
        };
        let (asked, last) = (Arc::clone(&server.asked), Arc::clone(&server.last));
        let act = Arc::new(act);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection: Box<dyn Connection> = Box::new(connection.unwrap());
                let (asked, last) = (Arc::clone(&asked), Arc::clone(&last));
                let act = Arc::clone(&act);
                std::thread::spawn(move || {
                    let said = question(&mut *connection);
                    last.lock().unwrap().clone_from(&said);
                    act(asked.fetch_add(1, Ordering::SeqCst), &said, connection);
                });
            }
        });
        server
    }

    /// A server that says this and closes.
    pub(crate) fn says(text: impl Into<Vec<u8>>) -> Self {
        let text = text.into();
        Self::new(move |_, _, mut connection| connection.write_all(&text).unwrap())
    }

    /// A server that answers this over HTTP.
    pub(crate) fn answers(status: u16, headers: &str, body: &str) -> Self {
        Self::says(answer(status, headers, body))
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// The last question.
    pub(crate) fn last(&self) -> Vec<u8> {
        self.last.lock().unwrap().clone()
    }
}

/// A server on a unix socket that answers this over HTTP.
pub(crate) fn on_socket(path: &Path, text: Vec<u8>) {
    let listener = UnixListener::bind(path).unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            question(&mut connection);
            let _ = connection.write_all(&text);
        }
    });
}

/// An answer of HTTP; `headers` are whole lines.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} Text\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Headers that Django's middleware sets.
pub(crate) const DJANGO: &str = "X-Content-Type-Options: nosniff\r\nReferrer-Policy: \
                                 same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\n";

/// Says nothing until the other side ends the connection, and reads what else it says.
pub(crate) fn hold(mut connection: Box<dyn Connection>) {
    let _ = std::io::copy(&mut connection, &mut std::io::sink());
}
