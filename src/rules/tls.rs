//! TLS: group `tls`.

mod deprecated_tls_protocol;
mod weak_ciphers;

pub use deprecated_tls_protocol::DeprecatedTlsProtocol;
pub use weak_ciphers::WeakCiphers;
