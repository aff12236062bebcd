//! From what came back to its cause. Nothing here reads the words of a message: a cause is
//! told by the phase, the system's error, the kind of the TLS error, or the bytes that came.

mod pool;
mod socket;

use super::curl;
use super::result::{Evidence, Failure, Outcome, Phase, Probe, Reply, TlsFailure};
use super::run::Limits;
use super::target::{Ask, Backend, HttpRequest};
use crate::finding::{Finding, Severity};
use crate::rules::Meta;
use crate::rules::probe as causes;
use crate::text::shown;
use std::fmt;
use std::io::ErrorKind;
use std::time::Duration;

/// How many bytes of an answer a message shows.
const SHOWN: usize = 64;
/// From when on a certificate that ends is worth a warning, in days.
const ENDS_SOON: i64 = 21;
/// From when on it is an error.
const ENDS_NOW: i64 = 3;

/// What is said about a probe.
struct Cause {
    meta: &'static Meta,
    severity: Severity,
    message: String,
    label: &'static str,
    help: String,
}

impl Cause {
    fn new(meta: &'static Meta, message: impl Into<String>, label: &'static str) -> Self {
        Self {
            meta,
            severity: meta.severity,
            message: message.into(),
            label,
            help: String::new(),
        }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

/// A probe with what is to be said about it.
#[derive(Debug)]
pub struct Diagnosed {
    /// The probe.
    pub probe: Probe,
    /// How it ended.
    pub outcome: Outcome,
    /// The id of its most severe cause.
    pub cause: Option<&'static str>,
    /// A command that asks the same, where there is one and something to find out.
    pub command: Option<String>,
    /// What to tell the user, most severe first.
    pub findings: Vec<Finding>,
}

/// Names the causes of all probes of a run.
#[must_use]
pub fn diagnose(probes: Vec<Probe>, limits: &Limits) -> Vec<Diagnosed> {
    let odd = pool::odd_ones(&probes);
    let each = probes.into_iter().enumerate().map(|(index, probe)| {
        let mut causes = causes_of(&probe, limits);
        causes.extend(odd.get(&index).map(|difference| {
            Cause::new(
                causes::ProbeNodesDiffer::META,
                format!("{} {difference}", Named(&probe)),
                "differs from the others",
            )
            .help("Bring the node to the version of the others")
        }));
        causes.sort_by_key(|cause| std::cmp::Reverse(cause.severity));
        // Who is well needs no looking after.
        let command = match causes.is_empty() {
            true => None,
            false => curl::command(&probe),
        };
        let worst = causes.first();
        Diagnosed {
            outcome: match worst.map(|cause| cause.severity) {
                Some(Severity::Error) => Outcome::Failed,
                Some(_) => Outcome::Warned,
                None => Outcome::Passed,
            },
            cause: worst.map(|cause| cause.meta.id),
            findings: causes
                .into_iter()
                .map(|cause| finding(cause, &probe))
                .collect(),
            command,
            probe,
        }
    });
    each.collect()
}

/// Whether a probe has failed.
pub(super) fn is_failed(probe: &Probe, limits: &Limits) -> bool {
    let causes = causes_of(probe, limits);
    causes.iter().any(|cause| cause.severity == Severity::Error)
}

fn finding(cause: Cause, probe: &Probe) -> Finding {
    let place = probe.target.place;
    Finding::new(cause.meta.id, cause.severity, place, cause.message)
        .label(cause.label)
        .help(cause.help)
}

/// A node as messages name it.
struct Named<'a>(&'a Probe);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pool = &self.0.target.pool.name;
        write!(f, "`{}` of `{}`", self.0.address(), shown(pool))
    }
}

fn causes_of(probe: &Probe, limits: &Limits) -> Vec<Cause> {
    let mut found = Vec::new();
    found.extend(socket::shut_out(probe));
    match &probe.answer {
        Err(failure) => found.push(of_failure(probe, failure)),
        Ok(reply) => {
            match &*probe.target.ask {
                Ask::Postgres => found.extend(postgres(probe, reply)),
                Ask::Redis => found.extend(redis(probe, reply)),
                Ask::Connect => {}
                Ask::Http(request) if request.websocket => {
                    found.extend(websocket(probe, reply));
                }
                Ask::Http(request) => found.extend(page(probe, reply, Some(request))),
                Ask::Uwsgi(_) => found.extend(page(probe, reply, None)),
            }
            found.extend(slow(probe, limits));
        }
    }
    found.extend(certificate(probe, limits));
    found
}

// ── No answer ───────────────────────────────────────────────────────────────────────────

fn of_failure(probe: &Probe, failure: &Failure) -> Cause {
    let node = &Named(probe);
    let unix = matches!(probe.target.address, super::Address::Unix(_));
    match (failure, &probe.evidence) {
        (_, Some(Evidence::SpeaksUwsgi)) => http_to_uwsgi(node),
        (_, Some(Evidence::SpeaksHttp)) => uwsgi_to_http(node),
        (_, Some(Evidence::Speaks(protocol))) => another_service(probe, protocol),
        (Failure::Dns, _) => Cause::new(
            causes::ProbeDns::META,
            format!("{node} has no address on this machine"),
            "unknown name",
        )
        .help(
            "Correct the name; a name of a container network is known only inside of it, so run \
             `probe` there",
        ),
        (Failure::Forbidden, _) => Cause::new(
            causes::ProbeAddressRefused::META,
            format!("{node} is link-local or a metadata service, and was not asked"),
            "not asked",
        )
        .help("Correct the address, or allow it with `--allow-link-local`"),
        (Failure::Timeout(Phase::Resolve), _) => Cause::new(
            causes::ProbeDns::META,
            format!("the name of {node} could not be looked up in time"),
            "no answer about the name",
        )
        .help("Check `/etc/resolv.conf` and the name servers in it"),
        (Failure::Timeout(Phase::Connect), _) => Cause::new(
            causes::ProbeConnectTimeout::META,
            format!("{node} did not accept a connection in time"),
            "no connection",
        )
        .help(
            "Check the address and the firewalls between; a node whose queue of connections is \
             full looks the same",
        ),
        (Failure::Timeout(Phase::Tls), _) => Cause::new(
            causes::ProbeTlsFailed::META,
            format!("{node} accepts connections but does not answer to TLS"),
            "silent about TLS",
        )
        .help("Check that it speaks TLS on this port"),
        (Failure::Timeout(Phase::FirstByte), _) => no_answer(probe, node),
        (Failure::Timeout(Phase::Transfer), _) => Cause::new(
            causes::ProbeStalled::META,
            format!("{node} began its answer and did not end it in time"),
            "answer not ended",
        )
        .help(
            "Ask another path with `--path` if this one streams; else find what the view waits for",
        ),
        (Failure::Io(_, ErrorKind::ConnectionRefused, _), _) if !unix => refused(probe, node),
        (Failure::Io(phase, kind, code), _) => io(node, unix, *phase, *kind, *code),
        (Failure::LongPath, _) => Cause::new(
            causes::ProbeSocketPathTooLong::META,
            format!("the path of {node} is longer than 107 bytes"),
            "too long",
        )
        .help("Use a shorter path, such as `/run/app.sock`"),
        (Failure::NotASocket, _) => Cause::new(
            causes::ProbeNotASocket::META,
            format!("{node} is there, but is no socket"),
            "no socket",
        )
        .help("Write the path of the socket itself, or remove what is in its way"),
        (Failure::Tls(failure), _) => tls(node, *failure, Severity::Error),
        (Failure::Closed, _) => Cause::new(
            causes::ProbeClosedWithoutReply::META,
            format!("{node} closed the connection without a byte"),
            "closed without an answer",
        )
        .help("Read its log: a worker has died, or it speaks another protocol"),
        (Failure::Truncated, _) => Cause::new(
            causes::ProbeTruncated::META,
            format!("{node} closed the connection in the middle of its answer"),
            "answer cut short",
        )
        .help("Read its log: a worker was killed, or the view failed while writing"),
        (Failure::NotHttp(bytes), _) => not_http(probe, bytes),
        (Failure::LargeHead, _) => Cause::new(
            causes::ProbeLargeHead::META,
            format!("{node} sends more headers than nginx takes"),
            "head too large",
        )
        .help("Find what sets so many headers or cookies"),
        (Failure::Deadline, _) => Cause::new(
            causes::ProbeDeadline::META,
            format!("{node} could not be asked to the end before the run ended"),
            "not asked to the end",
        )
        .help("Raise `--deadline` or `--concurrency`"),
        (Failure::Other(phase, words), _) => Cause::new(
            causes::ProbeFailed::META,
            format!(
                "{node} could not be asked ({}): {}",
                phase.name(),
                shown(words)
            ),
            "failed",
        )
        .help("Ask it by hand"),
    }
}

fn no_answer(probe: &Probe, node: &Named<'_>) -> Cause {
    let uwsgi = matches!(&*probe.target.ask, Ask::Uwsgi(_));
    Cause::new(
        causes::ProbeNoAnswer::META,
        format!("{node} accepted the connection and then said nothing"),
        "no answer",
    )
    .help(if uwsgi {
        "Look at the load and the log of its workers: all of them may be busy (`processes`, \
         `threads`); or check that it speaks uwsgi's protocol, because a server of HTTP or FastCGI \
         waits for ever here"
    } else {
        "Look at the load and the log of its workers: all of them may be busy (`gunicorn --workers`, \
         `--threads`); or check that it speaks HTTP, because a socket of FastCGI waits for ever here"
    })
}

fn refused(probe: &Probe, node: &Named<'_>) -> Cause {
    let application = matches!(&*probe.target.ask, Ask::Http(_) | Ask::Uwsgi(_));
    Cause::new(
        causes::ProbeRefused::META,
        format!("{node} refuses connections"),
        "nothing listens here",
    )
    .help(if application {
        "Start the service, or read in its log why it ended (an import error ends gunicorn); in a \
         container it must listen on all addresses (`gunicorn --bind 0.0.0.0:8000`)"
    } else {
        "Start the service; on another machine or in a container it must listen on all addresses \
         (`listen_addresses` of PostgreSQL, `bind` of Redis)"
    })
}

fn io(node: &Named<'_>, unix: bool, phase: Phase, kind: ErrorKind, code: Option<i32>) -> Cause {
    let reset = matches!(
        kind,
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe
    );
    match kind {
        ErrorKind::ConnectionRefused => Cause::new(
            causes::ProbeSocketStale::META,
            format!("nobody listens to {node}"),
            "left behind",
        )
        .help("Start the service, which replaces the socket"),
        ErrorKind::NotFound | ErrorKind::NotADirectory if unix => Cause::new(
            causes::ProbeSocketMissing::META,
            format!("{node} is not there"),
            "no such socket",
        )
        .help(
            "Start the service that makes it; with systemd use a `.socket` unit or \
             `RuntimeDirectory=`, and no path in `/tmp`",
        ),
        ErrorKind::PermissionDenied if unix => Cause::new(
            causes::ProbeSocketPermission::META,
            format!("this user may not connect to {node}"),
            "not permitted",
        )
        .help(
            "Give nginx's group the socket (`gunicorn --umask 007`, `SocketGroup=`) and `x` on \
             its folders, and ask as nginx's user",
        ),
        ErrorKind::WouldBlock => Cause::new(
            causes::ProbeSocketBusy::META,
            format!("the queue of {node} is full"),
            "queue is full",
        )
        .help("Raise the number of workers, then `gunicorn --backlog` and `net.core.somaxconn`"),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            Cause::new(
                causes::ProbeUnreachable::META,
                format!("this machine has no way to {node}"),
                "unreachable",
            )
            .help("Check the address and the routes (`ip route get ADDRESS`)")
        }
        _ if reset => Cause::new(
            causes::ProbeReset::META,
            format!("{node} reset the connection"),
            "connection reset",
        )
        .help(
            "Read its log and the kernel's: a worker was killed by its time limit or for memory, or \
             the project could not be loaded",
        ),
        _ => {
            let code = code.map_or_else(String::new, |code| format!(", errno {code}"));
            Cause::new(
                causes::ProbeFailed::META,
                format!("{node} could not be asked ({}): {kind}{code}", phase.name()),
                "failed",
            )
            .help("Ask it by hand")
        }
    }
}

fn http_to_uwsgi(node: &Named<'_>) -> Cause {
    Cause::new(
        causes::ProbeHttpToUwsgi::META,
        format!("{node} speaks uwsgi's protocol, and nginx would send HTTP"),
        "speaks uwsgi",
    )
    .help("Write `protocol: uwsgi` for the pool (`uwsgi_pass`), or let the node speak HTTP (`http-socket`)")
}

fn uwsgi_to_http(node: &Named<'_>) -> Cause {
    Cause::new(
        causes::ProbeUwsgiToHttp::META,
        format!("{node} speaks HTTP, and nginx would send uwsgi's protocol"),
        "speaks HTTP",
    )
    .help("Write `protocol: http` for the pool (`proxy_pass`), or let the node speak uwsgi (`socket`)")
}

fn tls(node: &Named<'_>, failure: TlsFailure, severity: Severity) -> Cause {
    let (meta, what, label, help) = match failure {
        TlsFailure::NotTls => (
            causes::ProbeTlsToPlain::META,
            "does not speak TLS",
            "no TLS here",
            "Write `proxy_pass http://…`, or correct the port",
        ),
        TlsFailure::Issuer => (
            causes::ProbeTlsUnknownIssuer::META,
            "has a certificate that nobody trusted has signed",
            "unknown issuer",
            "Put its authority into `proxy_ssl_trusted_certificate`",
        ),
        TlsFailure::Name => (
            causes::ProbeTlsWrongName::META,
            "has a certificate for other names",
            "wrong name",
            "Set `proxy_ssl_name` to a name of the certificate, and `proxy_ssl_server_name on`",
        ),
        TlsFailure::Expired => (
            causes::ProbeTlsExpired::META,
            "has a certificate that is no longer valid",
            "expired",
            "Renew the certificate, and let the node load it",
        ),
        TlsFailure::NotYetValid => (
            causes::ProbeTlsNotYetValid::META,
            "has a certificate that is not valid yet",
            "not valid yet",
            "Correct the clock of this machine, or of the one that made the certificate",
        ),
        TlsFailure::Version => (
            causes::ProbeTlsVersion::META,
            "shares no version of TLS and no cipher with us",
            "nothing in common",
            "Bring the node up to TLS 1.2 or later",
        ),
        TlsFailure::ClientCertificate => (
            causes::ProbeTlsClientCertificate::META,
            "wants a certificate of its client",
            "wants a certificate",
            "Set `proxy_ssl_certificate` and `proxy_ssl_certificate_key`",
        ),
        TlsFailure::TrustedFile => (
            causes::ProbeTlsFailed::META,
            "cannot be checked: the file of trusted certificates is missing or empty",
            "nothing to check with",
            "Name a readable file in `proxy_ssl_trusted_certificate`",
        ),
        TlsFailure::Identity => (
            causes::ProbeTlsFailed::META,
            "cannot be shown a certificate: it or its key cannot be read by this user",
            "nothing to show",
            "Ask as a user who may read `proxy_ssl_certificate_key`",
        ),
        TlsFailure::Other => (
            causes::ProbeTlsFailed::META,
            "breaks off while TLS is agreed",
            "TLS failed",
            "Ask it with `openssl s_client -connect ADDRESS -servername NAME`",
        ),
    };
    Cause::new(meta, format!("{node} {what}"), label)
        .help(help)
        .severity(severity)
}

fn certificate(probe: &Probe, limits: &Limits) -> Option<Cause> {
    let certificate = probe.certificate.as_ref()?;
    if probe.answer.is_err() {
        return None;
    }
    // nginx does not look at it, so the node works.
    if let Some(fault) = certificate.unchecked {
        let severity = match limits.strict_tls {
            true => Severity::Error,
            false => Severity::Warning,
        };
        return Some(tls(&Named(probe), fault, severity));
    }
    let days = certificate.seconds_left / 86_400;
    if days >= ENDS_SOON {
        return None;
    }
    let severity = if days < ENDS_NOW {
        Severity::Error
    } else {
        Severity::Warning
    };
    Some(
        Cause::new(
            causes::ProbeCertificateExpiring::META,
            format!("the certificate of {} ends in {days} days", Named(probe)),
            "certificate ends soon",
        )
        .severity(severity)
        .help("Renew it"),
    )
}

/// Names the protocol of a server by the first bytes that it sends.
#[must_use]
pub fn spoken(bytes: &[u8]) -> Option<&'static str> {
    let begins = |text: &str| bytes.starts_with(text.as_bytes());
    Some(match bytes {
        [0x15..=0x17, 0x03, 0..=4, ..] => "TLS",
        _ if begins("SSH-") => "SSH",
        _ if begins("-ERR") || begins("-NOAUTH") || begins("+PONG") || begins("-DENIED") => "Redis",
        _ if begins("AMQP") => "AMQP",
        _ if begins("* OK") => "IMAP",
        _ if begins("+OK") => "POP3",
        _ if begins("ERROR\r\n") => "memcached",
        _ if begins("220") => "SMTP or FTP",
        _ if begins("Status:") => "FastCGI or CGI",
        _ if begins("HTTP/") => "HTTP",
        // A packet of the handshake: its length, number 0, protocol version 10.
        [_, _, _, 0, 10, ..] => "MySQL",
        // A packet that says an error before the handshake.
        [_, _, 0, 0, 0xff, ..] => "MySQL",
        // `ErrorResponse`: its length and its severity.
        [b'E', 0, 0, _, _, b'S', ..] => "PostgreSQL",
        // FastCGI's version 1 and a type of record that servers send.
        [1, 3 | 6 | 7 | 10 | 11, ..] => "FastCGI",
        // SETTINGS of HTTP/2.
        [0, _, _, 4, ..] => "HTTP/2",
        _ => return None,
    })
}

fn not_http(probe: &Probe, bytes: &[u8]) -> Cause {
    match spoken(bytes) {
        Some(protocol) => another_service(probe, protocol),
        None => Cause::new(
            causes::ProbeNotHttp::META,
            format!(
                "{} answers with something that is no HTTP: {}",
                Named(probe),
                escaped(bytes)
            ),
            "no HTTP",
        )
        .help("Correct the port"),
    }
}

fn another_service(probe: &Probe, protocol: &str) -> Cause {
    let node = &Named(probe);
    let wanted = match (&*probe.target.ask, protocol) {
        (Ask::Http(_), "TLS") => return plain_to_tls(node),
        (Ask::Uwsgi(_), _) => "uwsgi's protocol",
        _ => "HTTP",
    };
    Cause::new(
        causes::ProbeNotHttp::META,
        format!("{node} speaks {protocol}, not {wanted}"),
        "another service",
    )
    .help("Correct the port")
}

fn plain_to_tls(node: &Named<'_>) -> Cause {
    Cause::new(
        causes::ProbePlainToTls::META,
        format!("{node} speaks TLS, and nginx would send plain HTTP"),
        "speaks TLS",
    )
    .help("Let the node speak plain HTTP to nginx, or write `proxy_pass https://…`")
}

/// The first bytes of an answer, with nothing hidden in them.
fn escaped(bytes: &[u8]) -> String {
    let first = &bytes[..bytes.len().min(SHOWN)];
    format!("\"{}\"", first.escape_ascii())
}

// ── An answer ───────────────────────────────────────────────────────────────────────────

fn slow(probe: &Probe, limits: &Limits) -> Option<Cause> {
    let took = probe
        .timings
        .first_byte
        .filter(|took| *took >= limits.slow)?;
    let cause = Cause::new(
        causes::ProbeSlow::META,
        format!(
            "{} needed {} for its first byte",
            Named(probe),
            seconds(took)
        ),
        "slow",
    );
    Some(cause.help("Find what the view waits for, or ask a cheaper path"))
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn postgres(probe: &Probe, reply: &Reply) -> Option<Cause> {
    match reply.body.first() {
        Some(b'S' | b'N' | b'E') => None,
        _ => Some(unexpected(probe, reply, "PostgreSQL")),
    }
}

fn redis(probe: &Probe, reply: &Reply) -> Option<Cause> {
    // An error is an answer of Redis, too: it wants a password, or is loading.
    match reply.body.as_slice() {
        [b'+' | b'-', ..] => None,
        _ => Some(unexpected(probe, reply, "Redis")),
    }
}

fn unexpected(probe: &Probe, reply: &Reply, wanted: &str) -> Cause {
    let node = &Named(probe);
    let message = match spoken(&reply.body) {
        Some(protocol) => format!("{node} speaks {protocol}, not {wanted}"),
        None => format!("{node} does not speak {wanted}: {}", escaped(&reply.body)),
    };
    let meta = causes::ProbeUnexpectedProtocol::META;
    Cause::new(meta, message, "another service").help("Correct the port")
}

/// Headers that Django's own middleware sets on every answer, also on errors.
pub(super) fn is_django(reply: &Reply) -> bool {
    [
        "x-content-type-options",
        "referrer-policy",
        "cross-origin-opener-policy",
    ]
    .iter()
    .filter(|name| reply.header(name).is_some())
    .count()
        >= 2
}

fn page(probe: &Probe, reply: &Reply, request: Option<&HttpRequest>) -> Vec<Cause> {
    let node = &Named(probe);
    let ask = &probe.target.ask;
    let status = reply.status.unwrap_or_default();
    let mut found = Vec::new();
    match probe.evidence {
        Some(Evidence::SpeaksUwsgi) => return vec![http_to_uwsgi(node)],
        Some(Evidence::SpeaksHttp) => return vec![uwsgi_to_http(node)],
        Some(Evidence::ShowsDebugPage | Evidence::Speaks(_)) | None => {}
    }
    let path = ask.path().unwrap_or("/");
    let host = ask.host().unwrap_or_default();
    match status {
        _ if probe.target.status == Some(status) => {}
        300..=399 if let Some(redirect) = redirect(probe, reply, path, host) => {
            found.push(redirect);
        }
        _ if let Some(wanted) = probe.target.status
            && (200..400).contains(&status) =>
        {
            found.push(
                Cause::new(
                    causes::ProbeUnexpectedStatus::META,
                    format!("{node} answers {status} to `{}`, not {wanted}", shown(path)),
                    "unexpected status",
                )
                .help("Correct `health.status`, or the view"),
            );
        }
        200..=399 => {}
        400 if is_django(reply) || reply.marks.disallowed_host || reply.marks.error_page => {
            found.push(disallowed_host(node, reply, host));
        }
        400 if request.is_some_and(|request| request.tls.is_none()) && reply.marks.wants_tls => {
            found.push(plain_to_tls(node));
        }
        400 => found.push(
            Cause::new(
                causes::ProbeBadRequest::META,
                format!("{node} answers 400, and it is not Django that does"),
                "bad request",
            )
            .help("Read the log of the application server"),
        ),
        401 | 403 => found.push(
            Cause::new(
                causes::ProbeAuthRequired::META,
                format!("{node} answers {status} to `{}`", shown(path)),
                "wants a login",
            )
            .help("Ask a path that needs no login, or send one with `--header`"),
        ),
        404 => found.push(
            Cause::new(
                causes::ProbeNotFound::META,
                format!("{node} has nothing at `{}`", shown(path)),
                "not found",
            )
            .help("Write the path of a view that exists, in `health` or `--path`"),
        ),
        500.. => found.push(
            Cause::new(
                causes::ProbeServerError::META,
                format!("{node} answers {status} to `{}`", shown(path)),
                "server error",
            )
            .help(why_it_fails(probe, reply, status)),
        ),
        _ => found.push(
            Cause::new(
                causes::ProbeUnexpectedStatus::META,
                format!("{node} answers {status} to `{}`", shown(path)),
                "unexpected status",
            )
            .help("Ask another path with `--path`"),
        ),
    }
    let server = reply.header("server").unwrap_or_default();
    if server.starts_with("WSGIServer/") {
        found.push(
            Cause::new(
                causes::ProbeDevelopmentServer::META,
                format!("{node} is Django's development server"),
                "runserver",
            )
            .help("Run gunicorn, uvicorn or another server that is made for it"),
        );
    }
    let django = probe.target.pool.backend == Backend::Django;
    let elsewhere = probe.evidence == Some(Evidence::ShowsDebugPage);
    if django && (elsewhere || reply.marks.debug_page) {
        found.push(
            Cause::new(
                causes::ProbeDebugPage::META,
                format!("{node} shows Django's debug page"),
                "`DEBUG` is true",
            )
            .help("Set `DEBUG = False`"),
        );
    }
    found.extend(pool::of_page(probe, reply));
    found
}

fn disallowed_host(node: &Named<'_>, reply: &Reply, host: &str) -> Cause {
    let mut help = format!(
        "Add `{}` to `ALLOWED_HOSTS`, or let nginx send the right one (`proxy_set_header Host \
         $host`)",
        shown(host.split(':').next().unwrap_or_default())
    );
    // A project may have a page of its own for it.
    if !reply.marks.disallowed_host && !reply.marks.error_page {
        help += "; if it is there, it is the view that answers 400";
    }
    Cause::new(
        causes::ProbeDisallowedHost::META,
        format!("Django on {node} refuses the host `{}`", shown(host)),
        "host not allowed",
    )
    .help(help)
}

/// Where to look for the cause of a 5xx.
fn why_it_fails(probe: &Probe, reply: &Reply, status: u16) -> &'static str {
    let django = is_django(reply) || reply.marks.error_page || reply.marks.debug_page;
    match status {
        502 | 504 => "It is a proxy itself: look at what is behind it",
        503 => {
            "Read what it says: a maintenance mode, a health check that finds a database or cache \
             down, or a limit on requests"
        }
        _ if probe.target.pool.backend == Backend::Django && !django => {
            "It is not Django that answers, so the project may not have been loaded: read the log \
             of the application server from its start"
        }
        _ => {
            "Read the log of the application: a database that is down, migrations that are not \
             applied (`manage.py migrate --check`) and static files that are not collected look \
             like this"
        }
    }
}

/// What is behind a redirect; `None` where it is an ordinary one on the same site.
fn redirect(probe: &Probe, reply: &Reply, path: &str, host: &str) -> Option<Cause> {
    let node = &Named(probe);
    let location = reply.header("location")?;
    let (scheme, rest) = match location.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, location),
    };
    let (to_host, to_path) = match scheme {
        Some(_) => {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            (Some(&rest[..end]), &rest[end..])
        }
        None => (None, rest),
    };
    let without_port = |host: &str| {
        host.split(':')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    let same_host = to_host.is_none_or(|to| without_port(to) == without_port(host));
    if !same_host {
        return Some(
            Cause::new(
                causes::ProbeRedirectElsewhere::META,
                format!("{node} redirects to `{}`", shown(location)),
                "leads elsewhere",
            )
            .help("Check `PREPEND_WWW` and the domain, or ask another path"),
        );
    }
    if scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
        && (to_path == path || to_path == format!("{path}/"))
    {
        let told = probe.target.ask.scheme() == Some("https");
        return Some(
            Cause::new(
                causes::ProbeSslRedirectLoop::META,
                format!("{node} redirects `{}` to itself over HTTPS", shown(path)),
                if told {
                    "does not believe nginx"
                } else {
                    "wants HTTPS"
                },
            )
            .help(match told {
                // It keeps the header from Django, whatever Django is set to.
                true if reply
                    .header("server")
                    .is_some_and(|name| name.starts_with("waitress")) =>
                {
                    "Start waitress with `--trusted-proxy=ADDRESS \
                     --trusted-proxy-headers=x-forwarded-proto`, because it drops what others say"
                }
                true => {
                    "Set `SECURE_PROXY_SSL_HEADER = (\"HTTP_X_FORWARDED_PROTO\", \"https\")` in \
                     Django"
                }
                false => {
                    "Give the site TLS and let nginx send `X-Forwarded-Proto $scheme`, or unset \
                     `SECURE_SSL_REDIRECT`"
                }
            }),
        );
    }
    if to_path == format!("{path}/") {
        return Some(
            Cause::new(
                causes::ProbeSlashRedirect::META,
                format!(
                    "{node} redirects `{}` to the same with a slash",
                    shown(path)
                ),
                "slash is missing",
            )
            .help(format!("Write `{}/`", shown(path))),
        );
    }
    // `redirect_to_login` of `django.contrib.auth.views` says where to come back to.
    let asked = |next: &str| next.replace("%2F", "/") == path;
    let mut arguments = to_path.split(['?', '&']).skip(1);
    let next = arguments.find_map(|argument| argument.strip_prefix("next="));
    if path != "/" && next.is_some_and(asked) {
        return Some(
            Cause::new(
                causes::ProbeLoginRedirect::META,
                format!("{node} sends who asks for `{}` to log in", shown(path)),
                "wants somebody known",
            )
            .help("Put `@login_not_required` before the view of the health check"),
        );
    }
    None
}

fn websocket(probe: &Probe, reply: &Reply) -> Option<Cause> {
    let node = &Named(probe);
    let path = probe.target.ask.path().unwrap_or("/");
    let accepted = reply.header("sec-websocket-accept") == Some(super::plan::WEBSOCKET_ACCEPT);
    match reply.status.unwrap_or_default() {
        101 if accepted => None,
        400 if is_django(reply) => page(probe, reply, None).into_iter().next(),
        403 => Some(
            Cause::new(
                causes::ProbeWebsocketForbidden::META,
                format!("{node} refuses a WebSocket at `{}`", shown(path)),
                "WebSocket refused",
            )
            .help(
                "Add the domain to `ALLOWED_HOSTS`, which Channels compares the `Origin` with; if \
                 it is there, the consumer refuses who is not logged in, or granian has no \
                 consumer at the path",
            ),
        ),
        status @ 500.. => Some(
            Cause::new(
                causes::ProbeWebsocketError::META,
                format!(
                    "{node} answers {status} to a WebSocket at `{}`",
                    shown(path)
                ),
                "no consumer here",
            )
            .help("Check the path in Channels' `URLRouter`, and read the log of the node"),
        ),
        status => Some(
            Cause::new(
                causes::ProbeWebsocketNotUpgraded::META,
                format!(
                    "{node} answers {status} to a WebSocket at `{}` and does not become one",
                    shown(path)
                ),
                "no WebSocket",
            )
            .help("Serve the route with an ASGI server, and check the path in its `URLRouter`"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_known_by_their_first_bytes() {
        for (bytes, want) in [
            (&b"\x15\x03\x01\x00\x02\x02\x46"[..], Some("TLS")),
            (b"SSH-2.0-OpenSSH", Some("SSH")),
            (b"-ERR wrong number of arguments", Some("Redis")),
            (b"J\0\0\0\x0a8.0.36", Some("MySQL")),
            (b"E\0\0\0\x8bSFATAL", Some("PostgreSQL")),
            (b"\x01\x06\0\x01", Some("FastCGI")),
            (b"\0\0\x12\x04\0\0\0\0\0", Some("HTTP/2")),
            (b"220 mail ESMTP", Some("SMTP or FTP")),
            (b"HTTP/1.1 200 OK", Some("HTTP")),
            (b"hello", None),
            (b"", None),
        ] {
            assert_eq!(spoken(bytes), want, "{}", bytes.escape_ascii());
        }
    }
}
