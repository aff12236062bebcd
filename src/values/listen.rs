//! The parameters of `listen` that sockets have in `http`, `stream` and `mail`
//! (`ngx_http_core_listen`, `ngx_stream_core_listen`, `ngx_mail_core_listen`).

use super::number::{number, size, time};

/// What a `listen` asks of its socket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SocketOptions {
    /// It has one of these at all: only one `listen` of a socket may.
    pub set: bool,
    /// `fastopen`.
    pub fastopen: bool,
    /// `backlog`.
    pub backlog: bool,
    /// `accept_filter`, which only BSD has.
    pub accept_filter: bool,
    /// `deferred`.
    pub deferred: bool,
    /// `multipath`.
    pub multipath: bool,
    /// `reuseport`.
    pub reuseport: bool,
    /// `so_keepalive`.
    pub so_keepalive: bool,
    /// `ipv6only`.
    pub ipv6only: Option<bool>,
}

impl SocketOptions {
    /// Takes a parameter, if it is one of these; `multipath` came with 1.29.7.
    ///
    /// # Errors
    /// nginx's words about a wrong value.
    pub fn take(&mut self, word: &[u8], multipath: bool) -> Result<bool, String> {
        let shown = || crate::source::readable(word).into_owned();
        let behind = |name: &str| word.strip_prefix(name.as_bytes());
        if word == b"bind" {
        } else if let Some(value) = behind("fastopen=") {
            self.fastopen = true;
            number(value).ok_or_else(|| format!("invalid fastopen \"{}\"", shown()))?;
        } else if let Some(value) = behind("backlog=") {
            self.backlog = true;
            number(value)
                .filter(|length| *length != 0)
                .ok_or_else(|| format!("invalid backlog \"{}\"", shown()))?;
        } else if let Some(value) = behind("rcvbuf=") {
            size(value).ok_or_else(|| format!("invalid rcvbuf \"{}\"", shown()))?;
        } else if let Some(value) = behind("sndbuf=") {
            size(value).ok_or_else(|| format!("invalid sndbuf \"{}\"", shown()))?;
        } else if word.starts_with(b"accept_filter=") {
            // nginx complains where the system has none, as Linux, and goes on.
            self.accept_filter = true;
            return Ok(true);
        } else if word == b"deferred" {
            self.deferred = true;
        } else if let Some(value) = behind("ipv6only=o") {
            self.ipv6only = Some(match value {
                b"n" => true,
                b"ff" => false,
                _ => {
                    let flags = crate::source::readable(&word[b"ipv6only=".len()..]);
                    return Err(format!("invalid ipv6only flags \"{flags}\""));
                }
            });
        } else if word == b"reuseport" {
            self.reuseport = true;
        } else if word == b"multipath" && multipath {
            self.multipath = true;
        } else if let Some(value) = behind("so_keepalive=") {
            if !is_keepalive(value) {
                let value = crate::source::readable(value);
                return Err(format!("invalid so_keepalive value: \"{value}\""));
            }
            self.so_keepalive = true;
        } else {
            return Ok(false);
        }
        self.set = true;
        Ok(true)
    }
}

/// `on`, `off`, or an idle time, an interval and a count with `:` between them, any of
/// which may be left out.
fn is_keepalive(value: &[u8]) -> bool {
    if value == b"on" || value == b"off" {
        return true;
    }
    let mut fields = value.splitn(3, |byte| *byte == b':');
    let mut field = |read: fn(&[u8]) -> Option<i64>| match fields.next() {
        None | Some(b"") => Some(0),
        Some(text) => read(text),
    };
    let seconds = |text: &[u8]| time(text, true);
    match (field(seconds), field(seconds), field(number)) {
        (Some(idle), Some(interval), Some(count)) => idle != 0 || interval != 0 || count != 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(word: &str) -> Result<bool, String> {
        SocketOptions::default().take(word.as_bytes(), true)
    }

    #[test]
    fn parameters_are_told_from_others_and_from_wrong_ones() {
        for word in [
            "bind",
            "backlog=5",
            "rcvbuf=8k",
            "fastopen=0",
            "ipv6only=on",
            "ipv6only=off",
            "reuseport",
            "deferred",
            "multipath",
            "so_keepalive=on",
            "so_keepalive=30m::10",
            "so_keepalive=:30",
        ] {
            assert_eq!(taken(word), Ok(true), "{word}");
        }
        for word in ["ssl", "default_server", "ipv6only=yes", "backlog", "x"] {
            assert_eq!(taken(word), Ok(false), "{word}");
        }
        for (word, said) in [
            ("backlog=0", "invalid backlog \"backlog=0\""),
            ("backlog=x", "invalid backlog \"backlog=x\""),
            ("rcvbuf=1g", "invalid rcvbuf \"rcvbuf=1g\""),
            ("sndbuf=", "invalid sndbuf \"sndbuf=\""),
            ("fastopen=-1", "invalid fastopen \"fastopen=-1\""),
            ("ipv6only=oops", "invalid ipv6only flags \"oops\""),
            ("so_keepalive=", "invalid so_keepalive value: \"\""),
            (
                "so_keepalive=x:1:1",
                "invalid so_keepalive value: \"x:1:1\"",
            ),
            (
                "so_keepalive=1:1:1:1",
                "invalid so_keepalive value: \"1:1:1:1\"",
            ),
        ] {
            assert_eq!(taken(word), Err(said.to_owned()), "{word}");
        }
    }
}
