//! What came of a question: plain data.

use super::secret::{self, Secret};
use super::target::{Address, Target};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// How far a question gets.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The name is looked up.
    Resolve,
    /// A connection is made.
    Connect,
    /// TLS is agreed.
    Tls,
    /// The question is sent, and the first byte waited for.
    FirstByte,
    /// The rest is read.
    Transfer,
}

impl Phase {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::FirstByte => "first-byte",
            Self::Transfer => "transfer",
        }
    }
}

/// How long each phase took; `None` for those that were not reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// The look-up of a name.
    pub resolve: Option<Duration>,
    /// Until connected.
    pub connect: Option<Duration>,
    /// Until TLS was agreed.
    pub tls: Option<Duration>,
    /// From the question to the head of the answer.
    pub first_byte: Option<Duration>,
    /// The rest.
    pub transfer: Option<Duration>,
    /// All of it.
    pub total: Duration,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The name has no address.
    Dns,
    /// The address is one that is never asked.
    Forbidden,
    /// A phase took too long.
    Timeout(Phase),
    /// The system said no in a phase.
    Io(Phase, std::io::ErrorKind, Option<i32>),
    /// The path of the socket is too long for the system.
    LongPath,
    /// The path is there and is no socket.
    NotASocket,
    /// TLS failed.
    Tls(TlsFailure),
    /// The connection was closed before a byte came.
    Closed,
    /// It was closed in the middle of the answer.
    Truncated,
    /// The answer is no HTTP; its first bytes.
    NotHttp(Vec<u8>),
    /// The head of the answer is larger than allowed.
    LargeHead,
    /// The whole run had to end before.
    Deadline,
    /// Nothing of the above; the words of the library.
    Other(Phase, String),
}

/// What went wrong with TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsFailure {
    /// What came is no TLS.
    NotTls,
    /// Nobody trusted has signed the certificate.
    Issuer,
    /// It is for other names.
    Name,
    /// It is no longer valid.
    Expired,
    /// It is not valid yet.
    NotYetValid,
    /// There is no version or cipher in common.
    Version,
    /// The node wants a certificate of ours.
    ClientCertificate,
    /// The file of trusted certificates cannot be read.
    TrustedFile,
    /// The certificate of ours, or its key, cannot be read.
    Identity,
    /// Something else.
    Other,
}

/// An answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// The status; `None` where the protocol has none.
    pub status: Option<u16>,
    /// The headers that say something about the node, names in small letters.
    pub headers: Vec<(String, String)>,
    /// The first part of the body, or what was said in another protocol. When the question is
    /// over, the first bytes of it.
    pub body: Vec<u8>,
    /// What the whole body said. Known when the question is over.
    pub marks: Marks,
}

/// What a body says that tells where it comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    /// It is Django's page for programmers.
    pub debug_page: bool,
    /// It names Django's `DisallowedHost`.
    pub disallowed_host: bool,
    /// It is the page that Django has for an error when a project has none.
    pub error_page: bool,
    /// A server wants TLS on this port.
    pub wants_tls: bool,
}

/// How many bytes of a body are kept when the question is over.
const FIRST: usize = 64;

/// The headers that say something about a node.
const KEPT: [&str; 12] = [
    "cross-origin-opener-policy",
    "etag",
    "location",
    "referrer-policy",
    "sec-websocket-accept",
    "server",
    "set-cookie",
    "x-app-version",
    "x-content-type-options",
    "x-release",
    "x-revision",
    "x-version",
];

impl Reply {
    /// The value of a header, by its name in small letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(key, _)| key == name)?;
        Some(&header.1)
    }

    /// Whether an answer sets a cookie of this name.
    pub(super) fn sets_cookie(&self, name: &str) -> bool {
        let cookies = self.headers.iter().filter(|(key, _)| key == "set-cookie");
        cookies
            .filter_map(|(_, cookie)| cookie.split_once('='))
            .any(|(key, _)| key.trim() == name)
    }

    /// Masks secrets, reads what the body says and lets go of it: there may be many answers.
    pub(super) fn settle(&mut self, secrets: &[Secret]) {
        for (_, value) in &mut self.headers {
            if let Some(masked) = secret::masked_text(secrets, value) {
                *value = masked;
            }
        }
        if let Some(masked) = secret::masked(secrets, &self.body) {
            self.body = masked;
        }
        let contains = |text: &str| memchr::memmem::find(&self.body, text.as_bytes()).is_some();
        self.marks = Marks {
            debug_page: contains("content=\"NONE,NOARCHIVE\"")
                && (contains("DEBUG = True") || contains("Django Version:")),
            disallowed_host: contains("DisallowedHost"),
            error_page: contains("<title>Bad Request (400)</title>")
                || contains("<title>Server Error (500)</title>"),
            wants_tls: contains("The plain HTTP request was sent to HTTPS port")
                || contains("Client sent an HTTP request to an HTTPS server"),
        };
        self.body.truncate(FIRST);
        self.body.shrink_to_fit();
    }
}

/// The name of a header in small letters, if it says something about a node.
pub(super) fn kept(name: &str) -> Option<&'static str> {
    let mut kept = KEPT.into_iter();
    kept.find(|kept| kept.eq_ignore_ascii_case(name))
}

/// What another question told about a node that did not answer well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// It answers HTTP.
    SpeaksHttp,
    /// It answers uwsgi.
    SpeaksUwsgi,
    /// It answers in another protocol, by name.
    Speaks(&'static str),
    /// It answers a page that is not there with Django's page for programmers.
    ShowsDebugPage,
}

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Seconds until it ends; negative when it has ended.
    pub seconds_left: i64,
    /// What a check that nginx does not make would have said.
    pub unchecked: Option<TlsFailure>,
}

/// Where nginx's workers would fail where this process does not: they run as another user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShutOut {
    /// The folder or the socket that keeps them out.
    pub path: PathBuf,
    /// Whether it is a folder on the way.
    pub folder: bool,
    /// Its owner and its group, by name where there is one.
    pub owner: (String, String),
    /// Its permissions.
    pub mode: u32,
    /// Whether the workers are of its group.
    pub member: bool,
    /// Whether that is root's group, which nobody should be of.
    pub of_root: bool,
    /// The first group of the workers.
    pub group: String,
}

/// One question, asked.
#[derive(Debug, Clone)]
pub struct Probe {
    /// What was asked of whom.
    pub target: Target,
    /// The address that was asked; `None` before it was known.
    pub peer: Option<SocketAddr>,
    /// What came of it.
    pub answer: Result<Reply, Failure>,
    /// How long it took.
    pub timings: Timings,
    /// What another question told.
    pub evidence: Option<Evidence>,
    /// The certificate of the node.
    pub certificate: Option<Certificate>,
    /// What keeps nginx's workers out.
    pub shut_out: Option<Box<ShutOut>>,
    /// How often it was asked.
    pub attempts: u32,
}

impl Probe {
    /// The address as it is shown.
    #[must_use]
    pub fn address(&self) -> String {
        match (&self.target.address, self.peer) {
            (Address::Name(..), Some(peer)) => format!("{} ({peer})", self.target.address),
            (address, _) => address.to_string(),
        }
    }

    /// The phase that was reached.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match &self.answer {
            Ok(_) | Err(Failure::Truncated) => Phase::Transfer,
            Err(Failure::Dns) => Phase::Resolve,
            Err(Failure::Forbidden | Failure::LongPath | Failure::NotASocket) => Phase::Connect,
            Err(Failure::Tls(_)) => Phase::Tls,
            Err(Failure::Closed | Failure::NotHttp(_) | Failure::LargeHead) => Phase::FirstByte,
            Err(Failure::Deadline) => match self.timings {
                Timings {
                    first_byte: Some(_),
                    ..
                } => Phase::Transfer,
                Timings {
                    connect: Some(_), ..
                } => Phase::FirstByte,
                _ => Phase::Connect,
            },
            Err(Failure::Timeout(phase) | Failure::Io(phase, ..) | Failure::Other(phase, _)) => {
                *phase
            }
        }
    }
}

/// How a probe ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Well.
    Passed,
    /// Well, with something worth knowing.
    Warned,
    /// Not well.
    Failed,
}
