//! An answer of HTTP, read as it comes.

use super::result::{self, Failure, Reply};
use super::run::Limits;

/// How much of an answer shows what it is where it is no HTTP.
const FIRST: usize = 64;

/// Reads one answer.
pub(super) struct Reader<'a> {
    limits: &'a Limits,
    /// Whether the head is all that comes (`HEAD`).
    head_only: bool,
    head: Option<Head>,
    broken: Option<Failure>,
}

struct Head {
    /// Where it ends.
    end: usize,
    reply: Reply,
    body: Body,
}

/// How the end of a body is known (RFC 9112, section 6.3).
enum Body {
    None,
    Length(usize),
    /// Where the next chunk begins, and whether the last has come.
    Chunks(usize, bool),
    UntilClosed,
}

impl<'a> Reader<'a> {
    pub(super) fn new(limits: &'a Limits, head_only: bool) -> Self {
        Self {
            limits,
            head_only,
            head: None,
            broken: None,
        }
    }

    /// Whether nothing more need be read after these bytes, which are all that came so far.
    pub(super) fn is_enough(&mut self, said: &[u8]) -> bool {
        if self.head.is_none() {
            match self.read_head(said) {
                Ok(head) => self.head = head,
                Err(failure) => self.broken = Some(failure),
            }
        }
        let Some(head) = &mut self.head else {
            return self.broken.is_some();
        };
        match &mut head.body {
            Body::None => true,
            Body::Length(length) => said.len() - head.end >= *length,
            Body::UntilClosed => false,
            Body::Chunks(next, last) => {
                match read_chunks(said, next, &mut head.reply.body) {
                    Ok(ended) => *last = ended,
                    Err(failure) => self.broken = Some(failure),
                }
                *last || self.broken.is_some()
            }
        }
    }

    /// The answer, when nothing more comes.
    pub(super) fn reply(mut self, said: &[u8]) -> Result<Reply, Failure> {
        self.is_enough(said);
        if let Some(failure) = self.broken {
            return Err(failure);
        }
        let full = said.len() >= self.limits.body;
        let Some(mut head) = self.head else {
            return Err(match said.starts_with(b"HTTP/") {
                true if full => Failure::LargeHead,
                true => Failure::Truncated,
                false => not_http(said),
            });
        };
        let rest = said.get(head.end..).unwrap_or_default();
        match head.body {
            Body::None => {}
            Body::Length(length) if rest.len() < length && !full => return Err(Failure::Truncated),
            Body::Length(length) => head.reply.body = rest[..rest.len().min(length)].to_vec(),
            Body::Chunks(_, false) if !full => return Err(Failure::Truncated),
            Body::Chunks(next, last) => {
                let begun = said.get(next..).filter(|_| !last).unwrap_or_default();
                head.reply.body.extend_from_slice(begun);
            }
            Body::UntilClosed => head.reply.body = rest.to_vec(),
        }
        Ok(head.reply)
    }

    fn read_head(&self, said: &[u8]) -> Result<Option<Head>, Failure> {
        let mut headers = vec![httparse::EMPTY_HEADER; self.limits.headers];
        let mut begin = 0;
        loop {
            let mut response = httparse::Response::new(&mut headers);
            let end = match response.parse(&said[begin..]) {
                Ok(httparse::Status::Partial) => return Ok(None),
                Ok(httparse::Status::Complete(length)) => begin + length,
                Err(httparse::Error::TooManyHeaders) => return Err(Failure::LargeHead),
                Err(_) => return Err(not_http(said)),
            };
            let status = response.code.unwrap_or_default();
            // What is said before the answer itself.
            if matches!(status, 100 | 102..200) {
                begin = end;
                continue;
            }
            return Ok(Some(Head {
                end,
                body: match status {
                    101 | 204 | 304 => Body::None,
                    _ if self.head_only => Body::None,
                    _ => body(response.headers, end),
                },
                reply: Reply {
                    status: Some(status),
                    headers: kept(response.headers),
                    ..Reply::default()
                },
            }));
        }
    }
}

fn not_http(said: &[u8]) -> Failure {
    Failure::NotHttp(said[..said.len().min(FIRST)].to_vec())
}

fn body(headers: &[httparse::Header<'_>], end: usize) -> Body {
    let value = |name: &str| {
        let header = headers.iter().find(|h| h.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok()
    };
    let coding = value("transfer-encoding");
    if coding.is_some_and(|coding| coding.to_ascii_lowercase().ends_with("chunked")) {
        return Body::Chunks(end, false);
    }
    let length = value("content-length").and_then(|length| length.trim().parse().ok());
    length.map_or(Body::UntilClosed, Body::Length)
}

/// The headers that say something about a node.
fn kept(headers: &[httparse::Header<'_>]) -> Vec<(String, String)> {
    let kept = headers.iter().filter_map(|header| {
        let name = result::kept(header.name)?;
        let value = String::from_utf8_lossy(header.value).into_owned();
        Some((name.to_owned(), value))
    });
    kept.collect()
}

/// Reads the chunks that are there, and says whether the last one is.
fn read_chunks(said: &[u8], next: &mut usize, body: &mut Vec<u8>) -> Result<bool, Failure> {
    loop {
        let rest = &said[*next..];
        let (begin, length) = match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete((begin, length))) => (begin, length),
            Ok(httparse::Status::Partial) => return Ok(false),
            Err(_) => return Err(Failure::Truncated),
        };
        let length = usize::try_from(length).map_err(|_| Failure::Truncated)?;
        let chunk = &rest[begin..];
        if length == 0 {
            // An empty line, after trailers where there are some.
            return Ok(
                chunk.starts_with(b"\r\n") || memchr::memmem::find(chunk, b"\r\n\r\n").is_some()
            );
        }
        match length.checked_add(2) {
            Some(whole) if chunk.len() >= whole => {
                body.extend_from_slice(&chunk[..length]);
                *next += begin + whole;
            }
            _ => return Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of an answer that comes byte by byte, and how many bytes are enough.
    fn read(said: &[u8], head_only: bool) -> (usize, Result<Reply, Failure>) {
        let limits = Limits::default();
        let mut reader = Reader::new(&limits, head_only);
        let enough = (0..=said.len()).find(|end| reader.is_enough(&said[..*end]));
        let end = enough.unwrap_or(said.len());
        (end, reader.reply(&said[..end]))
    }

    #[test]
    fn bodies_end_where_they_say() {
        let chunks =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nwe\r\n2;a=b\r\nll\r\n";
        for (said, want) in [
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell".to_owned(),
                "well",
            ),
            (format!("{chunks}0\r\n\r\n"), "well"),
            (format!("{chunks}0\r\nA: b\r\n\r\n"), "well"),
            ("HTTP/1.1 204 No Content\r\n\r\n".to_owned(), ""),
            (
                "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n".to_owned(),
                "",
            ),
            (
                "HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
                    .to_owned(),
                "",
            ),
            ("HTTP/1.0 200 OK\r\n\r\nwell".to_owned(), "well"),
        ] {
            let more = format!("{said}more");
            let asked = match said.contains("1.0") {
                true => &said,
                false => &more,
            };
            let (end, reply) = read(asked.as_bytes(), false);
            let reply = reply.unwrap();
            assert_eq!(reply.body, want.as_bytes(), "{said}");
            assert_eq!(end, said.len(), "{said}");
        }
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
        assert_eq!(read(head, true).1.unwrap().body, b"");
    }

    #[test]
    fn answers_that_are_none() {
        for (said, want) in [
            (&b"HTTP/1.1 200 OK\r\nContent-Len"[..], Failure::Truncated),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwel",
                Failure::Truncated,
            ),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwell\r\n",
                Failure::Truncated,
            ),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nwell",
                Failure::Truncated,
            ),
            (b"+PONG\r\n", Failure::NotHttp(b"+".to_vec())),
        ] {
            let (_, reply) = read(said, false);
            assert_eq!(reply, Err(want), "{}", said.escape_ascii());
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_in_any_pieces(said in "([0-9a-f]|\r\n|[;: \\PC]){0,100}", ends in proptest::collection::vec(0_usize..512, 0..8)) {
            let head = &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"[..];
            for text in [&[head, said.as_bytes()].concat(), said.as_bytes()] {
                let limits = Limits::default();
                let mut reader = Reader::new(&limits, false);
                let mut ends = ends.clone();
                ends.sort_unstable();
                for end in ends {
                    if reader.is_enough(&text[..end.min(text.len())]) {
                        break;
                    }
                }
                let _ = reader.reply(text);
            }
        }
    }
}
