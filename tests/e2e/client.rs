//! A plain HTTP/1.1 client: it sends exactly what a test says, forged headers and odd paths
//! included, from whichever loopback address the test wants to be.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use socket2::{Domain, Socket, Type};

use crate::process::PATIENCE;

/// Where requests go, and as whom.
#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    source: IpAddr,
    host: String,
    tls: Option<(Arc<ClientConfig>, String)>,
}

impl Client {
    /// Asks the loopback port for `host`.
    pub(crate) fn new(port: u16, host: &str) -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            source: Ipv4Addr::LOCALHOST.into(),
            host: host.to_owned(),
            tls: None,
        }
    }

    /// The same over TLS, with the host as the server's name.
    pub(crate) fn tls(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls = Some((config, self.host.clone()));
        self
    }

    /// The same with another `Host`; the server's name in TLS stays.
    pub(crate) fn host(mut self, host: &str) -> Self {
        self.host = host.to_owned();
        self
    }

    /// The same from another loopback address.
    pub(crate) fn from(mut self, source: [u8; 4]) -> Self {
        self.source = Ipv4Addr::from(source).into();
        self
    }

    /// The same at another address.
    pub(crate) fn to(mut self, address: Ipv4Addr) -> Self {
        self.address.set_ip(address.into());
        self
    }

    pub(crate) fn get(&self, target: &str) -> Request<'_> {
        self.request("GET", target)
    }

    pub(crate) fn post(&self, target: &str, body: impl Into<Vec<u8>>) -> Request<'_> {
        let mut request = self.request("POST", target);
        request.body = Some(body.into());
        request
    }

    pub(crate) fn request(&self, method: &str, target: &str) -> Request<'_> {
        let start = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", self.host);
        Request {
            client: self,
            head: start,
            body: None,
        }
    }

    /// A connection of its own, after TLS if there is any.
    pub(crate) fn connect(&self) -> io::Result<Connection> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::new(self.source, 0).into())?;
        socket.connect_timeout(&self.address.into(), PATIENCE)?;
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let Some((config, name)) = &self.tls else {
            return Ok(Connection::Plain(stream));
        };
        let name = ServerName::try_from(name.clone()).map_err(io::Error::other)?;
        let session = ClientConnection::new(config.clone(), name).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(session, stream);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Connection::Tls(Box::new(stream)))
    }
}

/// A socket, or one below TLS.
pub(crate) enum Connection {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// A request that has not been sent yet.
pub(crate) struct Request<'a> {
    client: &'a Client,
    head: String,
    body: Option<Vec<u8>>,
}

impl Request<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head += &format!("{name}: {value}\r\n");
        self
    }

    /// Sends it; anything but a whole response fails the test.
    pub(crate) fn send(self) -> Response {
        let head = self.head.lines().next().unwrap_or_default().to_owned();
        self.try_send()
            .unwrap_or_else(|error| panic!("no response to `{head}`: {error}"))
    }

    /// Sends it; an error where the connection ends without a whole response.
    pub(crate) fn try_send(self) -> io::Result<Response> {
        let mut open = self.try_open()?;
        let mut body = Vec::new();
        open.body.read_to_end(&mut body)?;
        Ok(Response {
            status: open.status,
            headers: open.headers,
            body,
        })
    }

    /// Sends it and reads no more than the header of the response.
    pub(crate) fn open(self) -> OpenResponse {
        self.try_open().expect("a response")
    }

    fn try_open(mut self) -> io::Result<OpenResponse> {
        let mut connection = self.client.connect()?;
        if let Some(body) = &self.body {
            self.head += &format!("Content-Length: {}\r\n", body.len());
        }
        let head = self.head + "Connection: close\r\n\r\n";
        // A server that refuses a body early may close before it has read all of it; what
        // counts is its answer.
        let sent = connection
            .write_all(head.as_bytes())
            .and_then(|()| connection.write_all(self.body.as_deref().unwrap_or_default()))
            .and_then(|()| connection.flush());
        let read = read_response(BufReader::new(connection));
        match (read, sent) {
            (Err(error), Err(_)) | (Err(error), Ok(())) => Err(error),
            (Ok(response), _) => Ok(response),
        }
    }
}

/// A response whose body is still on its way.
pub(crate) struct OpenResponse {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    body: Box<dyn BufRead>,
}

impl OpenResponse {
    /// The next line of the body; empty at its end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.body
            .read_line(&mut line)
            .expect("the next line of the body");
        line
    }
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The only header of that name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let all = self.headers(name);
        assert!(all.len() < 2, "`{name}` is there more than once: {all:?}");
        all.first().copied()
    }

    /// All headers of that name.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let same = |(known, _): &&(String, String)| known.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .filter(same)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; the response must be a 200.
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.status, 200, "{}", self.text());
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    /// The node that answered.
    pub(crate) fn node(&self) -> String {
        self.json()["node"]
            .as_str()
            .expect("views tell their node")
            .to_owned()
    }
}

fn read_response(mut reader: BufReader<Connection>) -> io::Result<OpenResponse> {
    let status_line = header_line(&mut reader)?;
    let status = status_line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("no status: {status_line:?}")))?;
    let mut headers = Vec::new();
    loop {
        let line = header_line(&mut reader)?;
        match line.split_once(':') {
            Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
            None => break,
        }
    }
    let value = |wanted: &str| {
        headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value)
    };
    let body: Box<dyn BufRead> = if value("Transfer-Encoding").is_some() {
        Box::new(BufReader::with_capacity(
            1,
            Chunked {
                reader,
                left: 0,
                ended: false,
            },
        ))
    } else if let Some(length) = value("Content-Length") {
        let left = length.parse().map_err(io::Error::other)?;
        Box::new(BufReader::new(Exactly { reader, left }))
    } else {
        Box::new(reader)
    };
    Ok(OpenResponse {
        status,
        headers,
        body,
    })
}

/// A line without its end; an error where the connection ends instead.
fn header_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "closed without a response",
        ));
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// What an error says of a response whose header came, and not all of its body.
pub(crate) const CUT_SHORT: &str = "the body is cut short";

/// A body with a length; it must all come.
struct Exactly<R> {
    reader: R,
    left: u64,
}

impl<R: Read> Read for Exactly<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = (&mut self.reader).take(self.left).read(buffer)?;
        if read == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, CUT_SHORT));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

/// A body in chunks; the last one must come.
struct Chunked<R> {
    reader: R,
    left: u64,
    ended: bool,
}

impl<R: BufRead> Read for Chunked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended {
            return Ok(0);
        }
        if self.left == 0 {
            let mut size = header_line(&mut self.reader)?;
            if size.is_empty() {
                // The end of the chunk before.
                size = header_line(&mut self.reader)?;
            }
            self.left = u64::from_str_radix(&size, 16).map_err(io::Error::other)?;
            if self.left == 0 {
                self.ended = true;
                return Ok(0);
            }
        }
        let read = (&mut self.reader).take(self.left).read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "a chunk is cut short",
            ));
        }
        self.left -= read as u64;
        Ok(read)
    }
}
