//! What runs Django: topologies name it, settings state it, and rules ask for it.

use schemars::JsonSchema;
use serde::Deserialize;

/// Application servers for Django.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum AppServer {
    Gunicorn,
    Uvicorn,
    Daphne,
    Hypercorn,
    Granian,
    Waitress,
    Uwsgi,
}

impl AppServer {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Gunicorn,
        Self::Uvicorn,
        Self::Daphne,
        Self::Hypercorn,
        Self::Granian,
        Self::Waitress,
        Self::Uwsgi,
    ];

    /// The name as it is written in a topology.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gunicorn => "gunicorn",
            Self::Uvicorn => "uvicorn",
            Self::Daphne => "daphne",
            Self::Hypercorn => "hypercorn",
            Self::Granian => "granian",
            Self::Waitress => "waitress",
            Self::Uwsgi => "uwsgi",
        }
    }

    /// The server that a name speaks of. Who listens to HTTP under the name `uwsgi` may be
    /// anything.
    #[must_use]
    pub fn in_name(name: &[u8]) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let named = |server: &Self| {
            let word = server.as_str().as_bytes();
            *server != Self::Uwsgi && memchr::memmem::find(&name, word).is_some()
        };
        Self::ALL.into_iter().find(named)
    }

    /// Whether it can speak WebSocket (it serves ASGI). gunicorn can, with the uvicorn
    /// worker, and granian can, with its ASGI interface.
    #[must_use]
    pub fn speaks_websocket(self) -> bool {
        !matches!(self, Self::Waitress | Self::Uwsgi)
    }
}
