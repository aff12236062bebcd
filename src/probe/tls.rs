//! TLS to nodes, checked as nginx would check it, and looked at more closely.

use super::clock::mark;
use super::result::{Certificate, TlsFailure};
use super::target::Tls;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue,
    WebPkiServerVerifier, verify_server_name,
};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, NamedGroup,
    PeerIncompatible, RootCertStore, SignatureScheme,
};
use std::sync::Arc;
use tokio::time::Instant;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The configuration of rustls for a node.
///
/// # Errors
/// When the file of trusted certificates cannot be read.
pub(super) fn config(tls: &Tls) -> Result<ClientConfig, TlsFailure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = match tls.verify {
        true => {
            let path = tls.trusted.as_ref().ok_or(TlsFailure::TrustedFile)?;
            let mut roots = RootCertStore::empty();
            let certificates =
                CertificateDer::pem_file_iter(path).map_err(|_| TlsFailure::TrustedFile)?;
            for certificate in certificates.flatten() {
                let _ = roots.add(certificate);
            }
            let builder =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
            Some(builder.build().map_err(|_| TlsFailure::TrustedFile)?)
        }
        false => None,
    };
    let recorder = Recorder {
        verifier,
        provider: Arc::clone(&provider),
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| TlsFailure::Other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(recorder));
    let mut config = match &tls.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let unreadable = |_| TlsFailure::Identity;
            let chain = CertificateDer::pem_file_iter(certificate).map_err(unreadable)?;
            let chain = chain.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(unreadable)?;
            let config = builder.with_client_auth_cert(chain, key);
            config.map_err(|_| TlsFailure::Identity)?
        }
    };
    config.enable_sni = tls.sni;
    config.resumption = Resumption::store(Arc::new(Beginning));
    Ok(config)
}

/// How a client begins to agree on TLS.
pub(super) fn hello() -> Option<Vec<u8>> {
    let tls = Tls {
        name: "localhost".to_owned(),
        sni: false,
        verify: false,
        trusted: None,
        identity: None,
    };
    let name = ServerName::try_from(tls.name.clone()).ok()?;
    let mut connection = ClientConnection::new(Arc::new(config(&tls).ok()?), name).ok()?;
    let mut hello = Vec::new();
    connection.write_tls(&mut hello).ok()?;
    Some(hello)
}

/// Sees every certificate, and refuses those that nginx would refuse.
#[derive(Debug)]
struct Recorder {
    /// `None` where nginx takes any.
    verifier: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        mark(|marks| marks.certificate = Some(end_entity.to_vec()));
        let checked = match &self.verifier {
            Some(verifier) => verifier
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .map(|_| ()),
            None => look(end_entity, server_name, now),
        };
        if let Err(error) = checked {
            mark(|marks| marks.fault = Some(failure(&error)));
            if self.verifier.is_some() {
                return Err(error);
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// What can be said about a certificate that nobody has to have signed.
fn look(
    certificate: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<(), rustls::Error> {
    if let Some((from, until)) = validity(certificate) {
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if now < from {
            return Err(CertificateError::NotValidYet.into());
        }
        if now > until {
            return Err(CertificateError::Expired.into());
        }
    }
    verify_server_name(&ParsedCertificate::try_from(certificate)?, name)
}

/// From when until when, in seconds since 1970.
fn validity(certificate: &[u8]) -> Option<(i64, i64)> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let validity = parsed.validity();
    Some((
        validity.not_before.timestamp(),
        validity.not_after.timestamp(),
    ))
}

/// What a certificate says now.
pub(super) fn certificate(der: &[u8], unchecked: Option<TlsFailure>) -> Option<Certificate> {
    let (_, until) = validity(der)?;
    let now = i64::try_from(UnixTime::now().as_secs()).unwrap_or(i64::MAX);
    Some(Certificate {
        seconds_left: until - now,
        unchecked,
    })
}

/// The kind of an error of rustls.
pub(super) fn failure(error: &rustls::Error) -> TlsFailure {
    use rustls::AlertDescription as Alert;
    use rustls::Error as E;
    match error {
        E::InvalidCertificate(error) => match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                TlsFailure::Expired
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                TlsFailure::NotYetValid
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsFailure::Name
            }
            // An authority of the same name with another key.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsFailure::Issuer,
            _ => TlsFailure::Other,
        },
        E::InvalidMessage(_) => TlsFailure::NotTls,
        E::PeerIncompatible(PeerIncompatible::ServerRejectedEncryptedClientHello(_)) => {
            TlsFailure::Other
        }
        E::PeerIncompatible(_)
        | E::AlertReceived(Alert::ProtocolVersion | Alert::HandshakeFailure) => TlsFailure::Version,
        E::AlertReceived(Alert::CertificateRequired | Alert::BadCertificate) => {
            TlsFailure::ClientCertificate
        }
        _ => TlsFailure::Other,
    }
}

/// Keeps no sessions. It is asked for one when a handshake begins, which is when the
/// connection is there.
#[derive(Debug)]
struct Beginning;

impl ClientSessionStore for Beginning {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        mark(|marks| {
            marks.connected.get_or_insert_with(Instant::now);
            marks.securing = true;
        });
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, _: Tls13ClientSessionValue) {}

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }
}
