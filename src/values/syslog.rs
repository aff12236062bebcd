//! `syslog:server=…,facility=…` of `error_log` and `access_log` (`src/core/ngx_syslog.c`).

use super::address::{Allowed, Host, parse_url};
use crate::source::readable;
use std::ops::Range;

/// The facilities of syslog, in the order of their codes.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "intern", "lpr", "news", "uucp", "clock", "authpriv",
    "ftp", "ntp", "audit", "alert", "cron", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];

/// The severities that nginx knows, in the order of their codes.
const SEVERITIES: [&str; 8] = [
    "emerg", "alert", "crit", "error", "warn", "notice", "info", "debug",
];

/// The longest tag, in bytes (RFC 3164).
const TAG: usize = 32;

/// A syslog server and how it is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Syslog {
    /// Where it listens.
    pub host: Host,
    /// Its port, if one is written; nginx takes 514.
    pub port: Option<u16>,
    /// The code of the facility, if one is written; nginx takes 23, `local7`.
    pub facility: Option<u8>,
    /// The code of the severity, if one is written; nginx takes 6, `info`.
    pub severity: Option<u8>,
    /// The tag, if one is written; nginx takes `nginx`.
    pub tag: Option<Vec<u8>>,
}

/// What is wrong with the text behind `syslog:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyslogError {
    /// Where, in the text behind `syslog:`.
    pub range: Range<usize>,
    /// nginx's words.
    pub nginx: String,
    /// What is wrong, for a person.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// Reads the text behind `syslog:`.
///
/// # Errors
/// The first parameter that nginx refuses.
pub fn parse(text: &[u8]) -> Result<Syslog, SyslogError> {
    let (mut server, mut facility, mut severity, mut tag) = (None, None, None, None);
    let mut start = 0;
    for parameter in text.split(|byte| *byte == b',') {
        let range = start..start + parameter.len();
        start = range.end + 1;
        let twice = |name: &str| SyslogError {
            range: range.clone(),
            nginx: format!("duplicate syslog \"{name}\""),
            message: format!("`{name}=` is given twice to `syslog:`"),
            help: "Remove one of them".to_owned(),
        };
        if let Some(address) = parameter.strip_prefix(b"server=") {
            if server.is_some() {
                return Err(twice("server"));
            }
            let url = parse_url(address, Allowed::default()).map_err(|error| SyslogError {
                range: range.clone(),
                nginx: format!("{error} in syslog server \"{}\"", readable(address)),
                message: format!("`{}` is no address: {error}", readable(address)),
                help: "Write `server=ADDRESS:PORT` or `server=unix:/PATH`".to_owned(),
            })?;
            server = Some((url.host, url.port));
        } else if let Some(name) = parameter.strip_prefix(b"facility=") {
            if facility.is_some() {
                return Err(twice("facility"));
            }
            facility = Some(code("facility", name, &FACILITIES, &range)?);
        } else if let Some(name) = parameter.strip_prefix(b"severity=") {
            if severity.is_some() {
                return Err(twice("severity"));
            }
            severity = Some(code("severity", name, &SEVERITIES, &range)?);
        } else if let Some(name) = parameter.strip_prefix(b"tag=") {
            if tag.is_some() {
                return Err(twice("tag"));
            }
            let wrong = |nginx: &str, message: String| SyslogError {
                range: range.clone(),
                nginx: nginx.to_owned(),
                message,
                help: format!("Write up to {TAG} letters, digits and `_`"),
            };
            if name.len() > TAG {
                let message = format!("a tag of {} bytes is too long for syslog", name.len());
                return Err(wrong("syslog tag length exceeds 32", message));
            }
            let fits = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            if !name.iter().all(fits) {
                return Err(wrong(
                    "syslog \"tag\" only allows alphanumeric characters and underscore",
                    format!("`{}` is no tag of syslog", readable(name)),
                ));
            }
            tag = Some(name.to_vec());
        } else if parameter != b"nohostname" {
            return Err(SyslogError {
                nginx: format!("unknown syslog parameter \"{}\"", readable(parameter)),
                message: format!("`{}` is no parameter of `syslog:`", readable(parameter)),
                help: "Write `server=`, `facility=`, `severity=`, `tag=` or `nohostname`, with \
                       commas between them"
                    .to_owned(),
                range,
            });
        }
    }
    let Some((host, port)) = server else {
        return Err(SyslogError {
            range: 0..text.len(),
            nginx: "no syslog server specified".to_owned(),
            message: "`syslog:` has no server".to_owned(),
            help: "Add `server=ADDRESS`".to_owned(),
        });
    };
    Ok(Syslog {
        host,
        port,
        facility,
        severity,
        tag,
    })
}

fn code(what: &str, name: &[u8], known: &[&str], range: &Range<usize>) -> Result<u8, SyslogError> {
    let place = known.iter().position(|known| known.as_bytes() == name);
    place.map(|place| place as u8).ok_or_else(|| SyslogError {
        range: range.clone(),
        nginx: format!("unknown syslog {what} \"{}\"", readable(name)),
        message: format!("`{}` is no {what} of syslog", readable(name)),
        help: format!("Write one of `{}`", known.join("`, `")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nginx(text: &str) -> String {
        match parse(text.as_bytes()) {
            Ok(syslog) => format!("{syslog:?}"),
            Err(error) => error.nginx,
        }
    }

    #[test]
    fn parameters_are_read() {
        insta::assert_snapshot!(
            nginx("server=127.0.0.1:515,facility=local1,severity=warn,tag=shop_1,nohostname"),
            @"Syslog { host: V4(127.0.0.1), port: Some(515), facility: Some(17), severity: Some(4), tag: Some([115, 104, 111, 112, 95, 49]) }"
        );
    }

    #[test]
    fn what_nginx_refuses_is_refused() {
        for (text, expected) in [
            ("", "unknown syslog parameter \"\""),
            ("tag=a", "no syslog server specified"),
            ("server=a,", "unknown syslog parameter \"\""),
            ("server=", "no host in syslog server \"\""),
            ("server=a:0", "invalid port in syslog server \"a:0\""),
            ("server=a,server=b", "duplicate syslog \"server\""),
            ("facility=local8", "unknown syslog facility \"local8\""),
            ("severity=err", "unknown syslog severity \"err\""),
            (
                "facility=kern,facility=kern",
                "duplicate syslog \"facility\"",
            ),
            (
                "severity=info,severity=info",
                "duplicate syslog \"severity\"",
            ),
            ("tag=a,tag=b", "duplicate syslog \"tag\""),
            (
                "tag=a-b",
                "syslog \"tag\" only allows alphanumeric characters and underscore",
            ),
            (
                "tag=abcdefghijklmnopqrstuvwxyz0123456",
                "syslog tag length exceeds 32",
            ),
        ] {
            assert_eq!(nginx(text), expected, "{text}");
        }
    }
}
