//! What `mail` holds.

use super::scope::{ScopeId, Statement};

/// All of `mail`.
#[derive(Debug, Clone, Default)]
pub struct Mail<'m> {
    /// Its servers, in reading order.
    pub servers: Vec<MailServer<'m>>,
}

/// A `server` of `mail`.
#[derive(Debug, Clone)]
pub struct MailServer<'m> {
    /// Its block.
    pub scope: ScopeId,
    /// The directive that opens it.
    pub statement: Statement<'m>,
    /// What it speaks, by `protocol` or by its first port that says so.
    pub protocol: Option<Protocol>,
    /// Its `listen`s, in reading order.
    pub listens: Vec<Statement<'m>>,
    /// The last `listen` with `ssl`.
    pub ssl: Option<Statement<'m>>,
}

/// What a server of `mail` speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// `imap`.
    Imap,
    /// `pop3`.
    Pop3,
    /// `smtp`.
    Smtp,
}

impl Protocol {
    /// The one that has a port.
    #[must_use]
    pub fn of_port(port: u16) -> Option<Self> {
        match port {
            143 | 993 => Some(Self::Imap),
            110 | 995 => Some(Self::Pop3),
            25 | 465 | 587 => Some(Self::Smtp),
            _ => None,
        }
    }

    /// The one of a name.
    #[must_use]
    pub fn of_name(name: &[u8]) -> Option<Self> {
        match name {
            b"imap" => Some(Self::Imap),
            b"pop3" => Some(Self::Pop3),
            b"smtp" => Some(Self::Smtp),
            _ => None,
        }
    }
}
