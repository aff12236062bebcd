//! What is found out: the steps, and what they come to.

use crate::source::Span;

/// A decision of nginx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which kind of decision.
    pub kind: StepKind,
    /// What was decided.
    pub text: String,
    /// The place that decides, where the configuration has one.
    pub span: Option<Span>,
    /// What else there was, and why it lost.
    pub lost: Vec<Loser>,
}

/// A runner-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loser {
    /// What it is, and why it lost.
    pub text: String,
    /// Where it is.
    pub span: Span,
}

/// Kinds of decisions, in the order in which nginx makes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepKind {
    /// The socket.
    Listen,
    /// The server.
    Server,
    /// The URI.
    Uri,
    /// `rewrite`, `set`, `if`, `return`.
    Rewrite,
    /// The location.
    Location,
    /// Access rules and limits.
    Access,
    /// `try_files`, `index`, `error_page`.
    Redirect,
    /// What handles the request.
    Content,
}

impl StepKind {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Server => "server",
            Self::Uri => "uri",
            Self::Rewrite => "rewrite",
            Self::Location => "location",
            Self::Access => "access",
            Self::Redirect => "redirect",
            Self::Content => "content",
        }
    }
}

/// What a request comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The connection is closed, or nobody listens.
    Closed,
    /// A response that nginx makes itself.
    Response {
        /// Its status.
        status: u16,
        /// Its `Location`.
        location: Option<Vec<u8>>,
    },
    /// A file.
    File {
        /// Its path.
        path: Vec<u8>,
        /// The status, 200 unless it is the page of an error.
        status: u16,
    },
    /// A list of files.
    Listing {
        /// The folder.
        path: Vec<u8>,
        /// The status, 200 unless it is the page of an error.
        status: u16,
    },
    /// A backend.
    Upstream {
        /// The directive, such as `proxy_pass`.
        directive: &'static str,
        /// Its argument, as written.
        to: Vec<u8>,
        /// The URI that is sent, where it is known.
        uri: Option<Vec<u8>>,
        /// The servers of the upstream with what is said about each, in order.
        nodes: Vec<(String, Span)>,
        /// How one is chosen.
        method: Option<String>,
        /// The place among the nodes of the one that is chosen, where the request alone
        /// decides and none has failed.
        chosen: Option<usize>,
        /// The status that the client gets, whatever the backend says: that of an error whose
        /// page it makes.
        status: Option<u16>,
    },
    /// Another handler, such as `stub_status`.
    Handler(&'static str),
}

/// One way that the request may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What has to be so, for what is not known.
    pub assuming: Vec<String>,
    /// The decisions.
    pub steps: Vec<Step>,
    /// What it comes to.
    pub end: End,
    /// The place that answers.
    pub span: Option<Span>,
    /// What counts there.
    pub effects: Vec<Effect>,
}

/// A directive that counts, or does not although it might seem so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// What it does.
    pub kind: EffectKind,
    /// As it is written.
    pub text: String,
    /// What its variables come to.
    pub value: Option<String>,
    /// Why it does not count, or when.
    pub why: Option<String>,
    /// Where.
    pub span: Span,
}

/// What a directive does to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EffectKind {
    /// A value.
    Setting,
    /// A limit.
    Limit,
    /// A header or parameter that is sent to the backend.
    Sent,
    /// A header of the backend's that clients do not see.
    Hidden,
    /// A header that clients get.
    Added,
    /// It does not count: a block further inside has others of its name.
    Dropped,
}

impl EffectKind {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Setting => "setting",
            Self::Limit => "limit",
            Self::Sent => "sent",
            Self::Hidden => "hidden",
            Self::Added => "added",
            Self::Dropped => "dropped",
        }
    }
}
