//! Connections of our own: plain HTTP, uwsgi's protocol, PostgreSQL, Redis, plain TCP, requests
//! inside TLS that reqwest does not send as they are, and a look at what answers when it is not
//! what was expected.

use super::answer::Reader;
use super::clock::{Clock, Marks};
use super::diagnose::spoken;
use super::result::TlsFailure;
use super::result::{Failure, Phase, Reply};
use super::run::Limits;
use super::target::{Header, HttpRequest, Tls, UwsgiRequest};
use super::tls;
use rustls::pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

/// The longest path of a unix socket (`sun_path` without its zero).
const LONGEST_PATH: usize = 107;

/// Bytes that are read at a time, at least.
const READ: usize = 4096;

/// How long a second look may take.
const LOOK: Duration = Duration::from_secs(1);

/// Who is asked: one address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Peer {
    Ip(SocketAddr),
    Unix(PathBuf),
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// What connecting to a socket would not tell apart: a path that is too long, one that is
/// not there, and one that is no socket.
pub(super) fn look_at_socket(path: &Path) -> Result<(), Failure> {
    if path.as_os_str().as_bytes().len() > LONGEST_PATH {
        return Err(Failure::LongPath);
    }
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.file_type().is_socket() => Ok(()),
        Ok(_) => Err(Failure::NotASocket),
        Err(error) => Err(io_failure(&error, Phase::Connect)),
    }
}

fn io_failure(error: &io::Error, phase: Phase) -> Failure {
    match error.kind() {
        io::ErrorKind::TimedOut => Failure::Timeout(phase),
        kind => Failure::Io(phase, kind, error.raw_os_error()),
    }
}

/// What an error of a stream is, which may have TLS.
fn read_failure(error: &io::Error, phase: Phase) -> Failure {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    inner.map_or_else(
        || io_failure(error, phase),
        |error| Failure::Tls(tls::failure(error)),
    )
}

async fn connect(
    peer: &Peer,
    tls: Option<&Tls>,
    limits: &Limits,
    clock: &Arc<Clock>,
) -> Result<Box<dyn Stream>, Failure> {
    let until = clock.start + limits.connect;
    let connecting = async {
        Ok::<Box<dyn Stream>, io::Error>(match peer {
            Peer::Ip(address) => Box::new(TcpStream::connect(address).await?),
            Peer::Unix(path) => Box::new(UnixStream::connect(path).await?),
        })
    };
    let stream = match timeout_at(until, connecting).await {
        Err(_) => return Err(Failure::Timeout(Phase::Connect)),
        Ok(Err(error)) => return Err(io_failure(&error, Phase::Connect)),
        Ok(Ok(stream)) => stream,
    };
    clock.marks().connected = Some(Instant::now());
    match tls {
        None => Ok(stream),
        Some(tls) => secure(stream, tls, until, clock).await,
    }
}

async fn secure(
    stream: Box<dyn Stream>,
    tls: &Tls,
    until: Instant,
    clock: &Arc<Clock>,
) -> Result<Box<dyn Stream>, Failure> {
    let config = tls::config(tls).map_err(Failure::Tls)?;
    let name = ServerName::try_from(tls.name.clone());
    let name = name.map_err(|_| Failure::Tls(TlsFailure::Name))?;
    let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream);
    match timeout_at(until, clock.scope(handshake)).await {
        Err(_) => Err(Failure::Timeout(Phase::Tls)),
        Ok(Ok(stream)) => {
            clock.marks().secured = Some(Instant::now());
            Ok(Box::new(stream))
        }
        Ok(Err(error)) => {
            let ended = error.kind() == io::ErrorKind::UnexpectedEof;
            Err(match ended {
                true => Failure::Tls(TlsFailure::Other),
                false => read_failure(&error, Phase::Tls),
            })
        }
    }
}

/// Says something and reads what comes back, until it is enough or the end.
async fn exchange(
    peer: &Peer,
    tls: Option<&Tls>,
    question: &[u8],
    limits: &Limits,
    clock: &Arc<Clock>,
    mut enough: impl FnMut(&[u8]) -> bool,
) -> Result<Vec<u8>, Failure> {
    let mut stream = connect(peer, tls, limits, clock).await?;
    let connected = Instant::now();
    let last = clock.start + limits.total;
    let first = (connected + limits.first_byte).min(last);
    let mut answer = Vec::new();
    let mut phase = Phase::FirstByte;
    if question.is_empty() {
        return Ok(answer);
    }
    match timeout_at(first, stream.write_all(question)).await {
        Err(_) => return Err(Failure::Timeout(phase)),
        // It may have answered before it stopped listening.
        Ok(Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(io_failure(&error, phase));
        }
        Ok(_) => {}
    }
    while answer.len() < limits.body && (answer.is_empty() || !enough(&answer)) {
        let until = if answer.is_empty() { first } else { last };
        let before = answer.len();
        answer.reserve(READ);
        match timeout_at(until, stream.read_buf(&mut answer)).await {
            Err(_) => return Err(Failure::Timeout(phase)),
            // The end of a connection without the end of its TLS.
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                match answer.is_empty() {
                    true => return Err(Failure::Closed),
                    false => break,
                }
            }
            Ok(Err(error)) => return Err(read_failure(&error, phase)),
            Ok(Ok(0)) if answer.is_empty() => return Err(Failure::Closed),
            Ok(Ok(0)) => break,
            Ok(Ok(_)) if before == 0 => {
                clock.marks().answered = Some(Instant::now());
                phase = Phase::Transfer;
            }
            Ok(Ok(_)) => {}
        }
    }
    Ok(answer)
}

/// That a connection is accepted.
pub(super) async fn accepts(
    peer: &Peer,
    limits: &Limits,
    clock: &Arc<Clock>,
) -> Result<Reply, Failure> {
    let body = exchange(peer, None, b"", limits, clock, |_| true).await?;
    Ok(Reply {
        body,
        ..Reply::default()
    })
}

/// `SSLRequest` (PostgreSQL, "Message Formats"); a server answers with one letter.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f];

/// Asks PostgreSQL whether it speaks TLS.
pub(super) async fn postgres(
    peer: &Peer,
    limits: &Limits,
    clock: &Arc<Clock>,
) -> Result<Reply, Failure> {
    let body = exchange(peer, None, &SSL_REQUEST, limits, clock, |said| {
        !said.is_empty()
    })
    .await?;
    Ok(Reply {
        body,
        ..Reply::default()
    })
}

/// What Redis answers `PONG` to, or that it wants a password.
const PING: &[u8] = b"PING\r\n";

/// Asks Redis for `PONG`.
pub(super) async fn redis(
    peer: &Peer,
    limits: &Limits,
    clock: &Arc<Clock>,
) -> Result<Reply, Failure> {
    let enough = |said: &[u8]| said.contains(&b'\n');
    let body = exchange(peer, None, PING, limits, clock, enough).await?;
    Ok(Reply {
        body,
        ..Reply::default()
    })
}

/// Asks for a page over uwsgi's protocol, whose answer is one of HTTP.
pub(super) async fn uwsgi(
    peer: &Peer,
    request: &UwsgiRequest,
    limits: &Limits,
    clock: &Arc<Clock>,
) -> Result<Reply, Failure> {
    let Some(packet) = packet(request.modifiers, &request.params) else {
        let words = "the parameters are larger than 64 KiB".to_owned();
        return Err(Failure::Other(Phase::FirstByte, words));
    };
    let tls = request.tls.as_ref();
    let mut reader = Reader::new(limits, false);
    let enough = |said: &[u8]| reader.is_enough(said);
    let answer = exchange(peer, tls, &packet, limits, clock, enough).await?;
    reader.reply(&answer)
}

/// Asks for a page over HTTP, in exactly these words.
pub(super) async fn http(
    peer: &Peer,
    request: &HttpRequest,
    limits: &Limits,
    clock: &Arc<Clock>,
) -> Result<Reply, Failure> {
    let method = if request.head { "HEAD" } else { "GET" };
    let version = if request.http10 { "1.0" } else { "1.1" };
    let mut head = format!("{method} {} HTTP/{version}\r\n", request.uri);
    for header in &request.headers {
        for text in [&header.name, ": ", &header.value, "\r\n"] {
            head.push_str(text);
        }
    }
    head.push_str("\r\n");
    let tls = request.tls.as_ref();
    let mut reader = Reader::new(limits, request.head);
    let enough = |said: &[u8]| reader.is_enough(said);
    let answer = exchange(peer, tls, head.as_bytes(), limits, clock, enough).await?;
    reader.reply(&answer)
}

/// A request of uwsgi's protocol: four bytes of head (modifier, length of the rest in little
/// endian, modifier), then keys and values, each with its length.
fn packet(modifiers: (u8, u8), params: &[Header]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    for param in params {
        for text in [&param.name, &param.value] {
            body.extend(u16::try_from(text.len()).ok()?.to_le_bytes());
            body.extend(text.as_bytes());
        }
    }
    let size = u16::try_from(body.len()).ok()?.to_le_bytes();
    let mut packet = vec![modifiers.0, size[0], size[1], modifiers.1];
    packet.append(&mut body);
    Some(packet)
}

/// Asks for a page over HTTP once more, to see the bytes that come back.
pub(super) async fn look_http(peer: &Peer, host: &str, uri: &str, limits: &Limits) -> Vec<u8> {
    let question = format!("GET {uri} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    look(peer, question.as_bytes(), 16, limits).await
}

/// Asks for a page over uwsgi's protocol instead of HTTP.
pub(super) async fn look_uwsgi(peer: &Peer, host: &str, uri: &str, limits: &Limits) -> Vec<u8> {
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let params = [
        ("QUERY_STRING", query),
        ("REQUEST_METHOD", "GET"),
        ("CONTENT_TYPE", ""),
        ("CONTENT_LENGTH", ""),
        ("REQUEST_URI", uri),
        ("PATH_INFO", path),
        ("SERVER_PROTOCOL", "HTTP/1.1"),
        ("REMOTE_ADDR", "127.0.0.1"),
        ("SERVER_PORT", "80"),
        ("SERVER_NAME", host),
        ("HTTP_HOST", host),
    ];
    let params = params.map(|(name, value)| Header {
        name: name.to_owned(),
        value: value.to_owned(),
        shown: None,
    });
    match packet((0, 0), &params) {
        Some(packet) => look(peer, &packet, 16, limits).await,
        None => Vec::new(),
    }
}

/// Asks one who will not answer what was meant for it in the languages of others, and says
/// which one it is that answers.
pub(super) async fn look_for_others(peer: &Peer, limits: &Limits) -> Option<&'static str> {
    let hello = tls::hello().unwrap_or_default();
    for question in [&hello[..], PING, &SSL_REQUEST] {
        let least = if question == SSL_REQUEST { 1 } else { 5 };
        let said = look(peer, question, least, limits).await;
        match (&said[..], spoken(&said)) {
            (_, Some("HTTP")) => return None,
            (_, Some(protocol)) => return Some(protocol),
            (b"S" | b"N", None) if question == SSL_REQUEST => return Some("PostgreSQL"),
            _ => {}
        }
    }
    None
}

/// The first bytes, at least so many, that one question more is answered with.
async fn look(peer: &Peer, question: &[u8], least: usize, limits: &Limits) -> Vec<u8> {
    let quick = Limits {
        connect: limits.connect.min(LOOK),
        first_byte: limits.first_byte.min(LOOK),
        total: limits.total.min(LOOK),
        body: 64,
        ..limits.clone()
    };
    let clock = Clock::new(None);
    let answer = exchange(peer, None, question, &quick, &clock, |said| {
        said.len() >= least
    })
    .await;
    answer.unwrap_or_default()
}

/// What timings the marks of a clock come to.
pub(super) fn timings(clock: &Clock) -> super::result::Timings {
    let marks: Marks = clock.marks().clone();
    let now = Instant::now();
    let since = |from: Option<Instant>, to: Option<Instant>| Some(to? - from?);
    let ready = marks.secured.or(marks.connected);
    super::result::Timings {
        resolve: None,
        connect: since(Some(clock.start), marks.connected),
        tls: since(marks.connected, marks.secured),
        first_byte: since(ready, marks.answered),
        transfer: since(marks.answered, Some(now)),
        total: now - clock.start,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_as_uwsgi_reads_them() {
        let params = [Header {
            name: "A".to_owned(),
            value: "bc".to_owned(),
            shown: None,
        }];
        let want = [0, 7, 0, 0, 1, 0, b'A', 2, 0, b'b', b'c'];
        assert_eq!(packet((0, 0), &params).unwrap(), want);
    }
}
