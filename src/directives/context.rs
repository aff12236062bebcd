//! Where directives stand.

use std::fmt;
use std::str::FromStr;

/// The kind of block that a directive stands in.
///
/// nginx has these as bits of `ngx_command_t.type`, per family of modules; the blocks
/// that modules read themselves (`mgmt` and the ones after it) have none there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Context {
    /// The outermost level.
    Main,
    /// `events`.
    Events,
    /// `http`.
    Http,
    /// `server` in `http`.
    Server,
    /// `location`.
    Location,
    /// `if` directly in a `server`.
    IfInServer,
    /// Any other `if`.
    IfInLocation,
    /// `limit_except`.
    LimitExcept,
    /// `upstream` in `http`.
    Upstream,
    /// `mail`.
    Mail,
    /// `server` in `mail`.
    MailServer,
    /// `stream`.
    Stream,
    /// `server` in `stream`.
    StreamServer,
    /// `upstream` in `stream`.
    StreamUpstream,
    /// `rtmp`, of the third-party module.
    Rtmp,
    /// `server` in `rtmp`.
    RtmpServer,
    /// `application`.
    RtmpApplication,
    /// `recorder`.
    RtmpRecorder,
    /// `mgmt`, of nginx Plus.
    Mgmt,
    /// `oidc_provider`, of nginx Plus.
    OidcProvider,
    /// `acme_issuer`, of the third-party module.
    AcmeIssuer,
    /// `otel_exporter`, of the third-party module.
    OtelExporter,
}

impl Context {
    /// Every context, in the order of declaration.
    pub const ALL: [Self; 22] = [
        Self::Main,
        Self::Events,
        Self::Http,
        Self::Server,
        Self::Location,
        Self::IfInServer,
        Self::IfInLocation,
        Self::LimitExcept,
        Self::Upstream,
        Self::Mail,
        Self::MailServer,
        Self::Stream,
        Self::StreamServer,
        Self::StreamUpstream,
        Self::Rtmp,
        Self::RtmpServer,
        Self::RtmpApplication,
        Self::RtmpRecorder,
        Self::Mgmt,
        Self::OidcProvider,
        Self::AcmeIssuer,
        Self::OtelExporter,
    ];

    /// The name in the data, such as `stream-server`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Events => "events",
            Self::Http => "http",
            Self::Server => "server",
            Self::Location => "location",
            Self::IfInServer => "if-in-server",
            Self::IfInLocation => "if-in-location",
            Self::LimitExcept => "limit_except",
            Self::Upstream => "upstream",
            Self::Mail => "mail",
            Self::MailServer => "mail-server",
            Self::Stream => "stream",
            Self::StreamServer => "stream-server",
            Self::StreamUpstream => "stream-upstream",
            Self::Rtmp => "rtmp",
            Self::RtmpServer => "rtmp-server",
            Self::RtmpApplication => "rtmp-application",
            Self::RtmpRecorder => "rtmp-recorder",
            Self::Mgmt => "mgmt",
            Self::OidcProvider => "oidc_provider",
            Self::AcmeIssuer => "acme_issuer",
            Self::OtelExporter => "otel_exporter",
        }
    }
}

impl fmt::Display for Context {
    /// In words for a message: `http`, `if in location`, `server in stream`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IfInServer => "if in server",
            Self::IfInLocation => "if in location",
            Self::MailServer => "server in mail",
            Self::StreamServer => "server in stream",
            Self::StreamUpstream => "upstream in stream",
            Self::RtmpServer => "server in rtmp",
            Self::RtmpApplication => "application in rtmp",
            Self::RtmpRecorder => "recorder in rtmp",
            other => other.name(),
        })
    }
}

/// A name of no context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a block that holds directives")]
pub struct ParseContextError;

impl FromStr for Context {
    type Err = ParseContextError;

    /// Reads the name in the data.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|c| c.name() == text)
            .ok_or(ParseContextError)
    }
}

/// A set of contexts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Contexts(u32);

impl Contexts {
    /// None.
    pub const NONE: Self = Self(0);
    /// All: where `include` may stand.
    pub const ANY: Self = Self((1 << Context::ALL.len()) - 1);

    /// Exactly these.
    #[must_use]
    pub const fn of(contexts: &[Context]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < contexts.len() {
            bits |= 1 << contexts[i] as u8;
            i += 1;
        }
        Self(bits)
    }

    /// Whether `context` is one of them.
    #[must_use]
    pub const fn contains(self, context: Context) -> bool {
        self.0 & (1 << context as u8) != 0
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many there are.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The first in the order of declaration.
    #[must_use]
    pub fn first(self) -> Option<Context> {
        Context::ALL.get(self.0.trailing_zeros() as usize).copied()
    }

    /// Each, in the order of declaration.
    pub fn iter(self) -> impl Iterator<Item = Context> {
        Context::ALL.into_iter().filter(move |c| self.contains(*c))
    }
}

impl fmt::Debug for Contexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_context_has_its_own_bit_and_name() {
        for (i, context) in Context::ALL.into_iter().enumerate() {
            assert_eq!(context as usize, i);
            assert_eq!(context.name().parse(), Ok(context));
            assert_eq!(
                Contexts::of(&[context]).iter().collect::<Vec<_>>(),
                [context]
            );
            assert!(Contexts::ANY.contains(context));
        }
        assert_eq!("ups".parse::<Context>(), Err(ParseContextError));
    }
}
