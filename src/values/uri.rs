//! The URI of a request as nginx takes it apart (`ngx_http_parse_complex_uri`) and puts it
//! together again.

/// A path and a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uri {
    /// Decoded, without dots and, if they are merged, without double slashes.
    pub path: Vec<u8>,
    /// Behind `?`, as it is written; empty where there is none.
    pub args: Vec<u8>,
}

/// nginx answers 400 to such a URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nginx refuses this URI")]
pub struct BadUri;

/// Takes a URI as a client writes it apart.
///
/// # Errors
/// A wrong `%`, a zero byte, a path that leaves the root.
pub fn parse(raw: &[u8], merge_slashes: bool) -> Result<Uri, BadUri> {
    let (raw, args) = match raw.iter().position(|byte| matches!(byte, b'?' | b'#')) {
        Some(at) if raw[at] == b'?' => {
            let args = &raw[at + 1..];
            let end = memchr::memchr(b'#', args).unwrap_or(args.len());
            (&raw[..at], &args[..end])
        }
        Some(at) => (&raw[..at], &raw[at..at]),
        None => (raw, &raw[raw.len()..]),
    };
    // A byte, and whether it was written as itself: `%2F` is a slash for all that follows,
    // `%23`, `%25` and `%3F` are not what they stand for elsewhere.
    let mut path: Vec<u8> = Vec::with_capacity(raw.len());
    if raw.is_empty() {
        path.push(b'/');
    }
    let mut at = 0;
    let mut state = State::Usual;
    while at < raw.len() {
        let (byte, plain, width) = decode(&raw[at..])?;
        at += width;
        state = step(&mut path, state, byte, plain, merge_slashes)?;
    }
    end(&mut path, state)?;
    Ok(Uri {
        path,
        args: args.to_vec(),
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Usual,
    Slash,
    Dot,
    DotDot,
}

fn decode(raw: &[u8]) -> Result<(u8, bool, usize), BadUri> {
    if raw[0] != b'%' {
        return Ok((raw[0], true, 1));
    }
    let digit = |at: usize| {
        let byte = raw.get(at).copied().ok_or(BadUri)?;
        char::from(byte).to_digit(16).ok_or(BadUri)
    };
    let byte = (digit(1)? * 16 + digit(2)?) as u8;
    if byte == 0 {
        return Err(BadUri);
    }
    Ok((byte, !matches!(byte, b'%' | b'#' | b'?'), 3))
}

fn step(
    path: &mut Vec<u8>,
    state: State,
    byte: u8,
    plain: bool,
    merge: bool,
) -> Result<State, BadUri> {
    if !plain {
        path.push(byte);
        return Ok(State::Usual);
    }
    Ok(match (state, byte) {
        (State::Slash, b'/') => {
            if !merge {
                path.push(byte);
            }
            State::Slash
        }
        (State::Usual, b'/') => {
            path.push(byte);
            State::Slash
        }
        (State::Dot, b'/') => {
            path.pop();
            State::Slash
        }
        (State::DotDot, b'/') => {
            up(path)?;
            State::Slash
        }
        (State::Slash, b'.') => {
            path.push(byte);
            State::Dot
        }
        (State::Dot, b'.') => {
            path.push(byte);
            State::DotDot
        }
        _ => {
            path.push(byte);
            State::Usual
        }
    })
}

fn end(path: &mut Vec<u8>, state: State) -> Result<(), BadUri> {
    match state {
        State::Dot => {
            path.pop();
            Ok(())
        }
        State::DotDot => up(path),
        _ => Ok(()),
    }
}

/// Takes `/..` and the part before it away.
fn up(path: &mut Vec<u8>) -> Result<(), BadUri> {
    path.truncate(path.len().saturating_sub(3));
    loop {
        match path.last() {
            None => return Err(BadUri),
            Some(b'/') => return Ok(()),
            Some(_) => {
                path.pop();
            }
        }
    }
}

/// Where bytes of a path are escaped (`ngx_escape_uri`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// A whole path, as it is sent to a backend.
    Uri,
    /// A capture that becomes a part of a query.
    Args,
}

/// Escapes as nginx does.
#[must_use]
pub fn escape(text: &[u8], how: Escape) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len());
    for &byte in text {
        let divides_arguments = how == Escape::Args && matches!(byte, b'&' | b'+');
        let is_unsafe = !byte.is_ascii_graphic() || b"\"#%<>?\\^`{|}".contains(&byte);
        if is_unsafe || divides_arguments {
            escaped.extend(format!("%{byte:02X}").bytes());
        } else {
            escaped.push(byte);
        }
    }
    escaped
}

/// A host as nginx compares it: small letters, without port and final dot; the port apart
/// (`ngx_http_validate_host`).
///
/// # Errors
/// nginx answers 400.
pub fn host(text: &[u8]) -> Result<(Vec<u8>, Option<u16>), BadUri> {
    let literal = text.first() == Some(&b'[');
    let end = if literal {
        memchr::memchr(b']', text).ok_or(BadUri)? + 1
    } else {
        memchr::memchr(b':', text).unwrap_or(text.len())
    };
    let (name, rest) = text.split_at(end);
    let port = match rest {
        [] => None,
        [b':', digits @ ..] => {
            let text = std::str::from_utf8(digits).map_err(|_| BadUri)?;
            match text {
                "" => None,
                text if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                    Some(text.parse().map_err(|_| BadUri)?)
                }
                _ => return Err(BadUri),
            }
        }
        _ => return Err(BadUri),
    };
    let allowed = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || b"-._~!$&'()*+,;=".contains(byte)
            || !literal && *byte == b'%'
            || literal && b"[]:".contains(byte)
    };
    if !name.iter().all(allowed) || memchr::memmem::find(name, b"..").is_some() {
        return Err(BadUri);
    }
    let name = name.strip_suffix(b".").unwrap_or(name);
    if name.is_empty() {
        return Err(BadUri);
    }
    Ok((name.to_ascii_lowercase(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalized() {
        for (raw, merged, expected) in [
            ("/a/b", true, Some("/a/b")),
            ("//a///b", true, Some("/a/b")),
            ("//a///b", false, Some("//a///b")),
            ("/a/./b/../c", true, Some("/a/c")),
            ("/a/..", true, Some("/")),
            ("/a/.", true, Some("/a/")),
            ("/..", true, None),
            ("/a/../..", true, None),
            ("/%61%2f%2E%2e/b", true, Some("/b")),
            ("/a%3Fb", true, Some("/a?b")),
            ("/a%23b%25", true, Some("/a#b%")),
            ("/a%00", true, None),
            ("/a%zz", true, None),
            ("/a%4", true, None),
            ("/.a/..b/...", true, Some("/.a/..b/...")),
            ("/a?b=/../c", true, Some("/a")),
        ] {
            let path = parse(raw.as_bytes(), merged).map(|uri| uri.path);
            assert_eq!(
                path.ok(),
                expected.map(|path| path.as_bytes().to_vec()),
                "{raw}"
            );
        }
        assert_eq!(parse(b"/a?b=c#d", true).unwrap().args, b"b=c");
        assert_eq!(parse(b"/a#d?b", true).unwrap().args, b"");
    }

    #[test]
    fn hosts_are_normalized() {
        for (text, expected) in [
            ("Example.COM", Some(("example.com", None))),
            ("example.com:8080", Some(("example.com", Some(8080)))),
            ("example.com.:80", Some(("example.com", Some(80)))),
            ("[::1]:80", Some(("[::1]", Some(80)))),
            ("a..b", None),
            ("a/b", None),
            ("", None),
            (".", None),
            ("a:x", None),
            ("[::1", None),
        ] {
            let expected = expected.map(|(name, port)| (name.as_bytes().to_vec(), port));
            assert_eq!(host(text.as_bytes()).ok(), expected, "{text}");
        }
    }
}
