//! What nginx prints while it tests, line by line.

use crate::finding::NginxLevel;
use std::path::Path;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// `Emerg` for everything that ends the test.
    pub(super) level: NginxLevel,
    /// Its words, names of files below the folder of the trial made relative to it.
    pub(super) text: String,
    /// The file below that folder, and the line.
    pub(super) place: Option<(String, u32)>,
}

/// The messages of an output, in order.
pub(super) fn read(output: &str, folder: &Path) -> Vec<Message> {
    output
        .lines()
        .filter_map(|line| message(line, folder))
        .collect()
}

fn message(line: &str, folder: &Path) -> Option<Message> {
    const LEVELS: [(&str, NginxLevel); 4] = [
        ("[emerg] ", NginxLevel::Emerg),
        ("[crit] ", NginxLevel::Emerg),
        ("[alert] ", NginxLevel::Emerg),
        ("[warn] ", NginxLevel::Warn),
    ];
    let (level, text) = LEVELS.iter().find_map(|(mark, level)| {
        let (_, text) = line.split_once(mark)?;
        Some((*level, text))
    })?;
    // Before it has read anything, nginx puts its process in front.
    let text = match text.split_once(": ") {
        Some((process, text)) if process.bytes().all(|b| b == b'#' || b.is_ascii_digit()) => text,
        _ => text,
    };
    let below = format!("{}/", folder.display());
    let placed = text.rsplit_once(&format!(" in {below}"));
    let placed = placed.and_then(|(text, place)| {
        let (file, line) = place.rsplit_once(':')?;
        Some((text, (file.to_owned(), line.parse().ok()?)))
    });
    let (text, place) = placed.map_or((text, None), |(text, place)| (text, Some(place)));
    Some(Message {
        level,
        text: text.replace(&below, ""),
        place,
    })
}

/// Whether a message depends on the machine rather than on the configuration: its files,
/// users, hosts, sockets, limits.
#[must_use]
pub fn is_of_the_machine(message: &str) -> bool {
    const BEGINNINGS: [&str; 9] = [
        "host not found in ",
        "the \"user\" directive makes sense only if",
        "still could not bind()",
        "could not open error log file",
        "dlopen() ",
        "getpwnam(",
        "getgrnam(",
        "cannot load certificate",
        "\"ssl_stapling\" ignored",
    ];
    const PARTS: [&str; 8] = [
        // OpenSSL and the libraries of modules about the files that they are given.
        "BIO_new_file(",
        "SSL_CTX_use_PrivateKey(",
        "SSL_CTX_use_certificate(",
        "SSL_CTX_load_verify_locations(",
        "SSL_load_client_CA_file(",
        "GeoIP_open(",
        "is not binary compatible",
        "exceed open file resource limit",
    ];
    // With the number of a system error at its end, `(2: No such file or directory)`.
    let system_error = message.strip_suffix(')').is_some_and(|message| {
        message.rsplit_once(" (").is_some_and(|(_, reason)| {
            let (number, _) = reason.split_once(':').unwrap_or((reason, ""));
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    });
    system_error
        || BEGINNINGS
            .iter()
            .any(|beginning| message.starts_with(beginning))
        || PARTS.iter().any(|part| message.contains(part))
}

/// The texts that a message has in double quotes.
pub(super) fn quoted(message: &str) -> impl Iterator<Item = &str> {
    message.split('"').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_from_their_places() {
        let output = "nginx: [warn] conflicting server name \"a\" on 0.0.0.0:80, ignored\n\
            2026/01/01 00:00:00 [emerg] 7#7: mkdir() \"/none\" failed (2: No such file or directory)\n\
            nginx: [emerg] cannot load certificate \"/t/a.pem\": BIO_new_file() failed\n\
            nginx: [emerg] unknown directive \"x\" in /t/conf.d/a.conf:12\n\
            nginx: configuration file /t/nginx.conf test failed\n";
        let read = read(output, Path::new("/t"));
        let shown: Vec<String> = read
            .iter()
            .map(|message| {
                let place = message.place.as_ref();
                let place = place.map_or(String::new(), |(file, line)| format!(" {file}:{line}"));
                format!("{}: {}{place}", message.level, message.text)
            })
            .collect();
        assert_eq!(
            shown,
            [
                "warn: conflicting server name \"a\" on 0.0.0.0:80, ignored",
                "emerg: mkdir() \"/none\" failed (2: No such file or directory)",
                "emerg: cannot load certificate \"a.pem\": BIO_new_file() failed",
                "emerg: unknown directive \"x\" conf.d/a.conf:12",
            ]
        );
    }

    #[test]
    fn the_machine_is_told_from_the_text() {
        for message in [
            "bind() to 0.0.0.0:80 failed (13: Permission denied)",
            "host not found in upstream \"web1:8000\"",
            "open() \"/etc/nginx/mime.types\" failed (2: No such file or directory)",
            "getpwnam(\"www-data\") failed",
            "cannot load certificate \"/a.pem\": BIO_new_file() failed (SSL: error:80000002)",
            "dlopen() \"/x.so\" failed (/x.so: cannot open shared object file: No such file)",
            "8192 worker_connections exceed open file resource limit: 1024",
        ] {
            assert!(is_of_the_machine(message), "{message}");
        }
        for message in [
            "unknown directive \"http2\"",
            "invalid number of arguments in \"server\" directive",
            "pcre2_compile() failed: missing closing parenthesis in \"(\" at \"\"",
            "no \"ssl_certificate\" is defined for the \"listen ... ssl\" directive",
            "the size 8192 of shared memory zone \"a\" conflicts (with 1: b)x",
        ] {
            assert!(!is_of_the_machine(message), "{message}");
        }
    }
}
