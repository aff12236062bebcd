//! The causes that `djanginx probe` tells apart; [`mod@crate::probe::diagnose`] names them.

mod connection;
mod django;
mod protocol;

pub use connection::*;
pub use django::*;
pub use protocol::*;

use super::meta::Meta;

/// All of them, sorted by id.
pub(super) static ALL: &[&Meta] = &[
    ProbeAddressRefused::META,
    ProbeAuthRequired::META,
    ProbeBadRequest::META,
    ProbeCertificateExpiring::META,
    ProbeClosedWithoutReply::META,
    ProbeConnectTimeout::META,
    ProbeDeadline::META,
    ProbeDebugPage::META,
    ProbeDevelopmentServer::META,
    ProbeDisallowedHost::META,
    ProbeDns::META,
    ProbeFailed::META,
    ProbeHttpToUwsgi::META,
    ProbeLargeHead::META,
    ProbeLoginRedirect::META,
    ProbeNoAnswer::META,
    ProbeNodesDiffer::META,
    ProbeNotASocket::META,
    ProbeNotFound::META,
    ProbeNotHttp::META,
    ProbeOtherServer::META,
    ProbePlainToTls::META,
    ProbeRedirectElsewhere::META,
    ProbeRefused::META,
    ProbeReset::META,
    ProbeServerError::META,
    ProbeSessionCreated::META,
    ProbeSlashRedirect::META,
    ProbeSlow::META,
    ProbeSocketBusy::META,
    ProbeSocketMissing::META,
    ProbeSocketNginxUser::META,
    ProbeSocketPathTooLong::META,
    ProbeSocketPermission::META,
    ProbeSocketStale::META,
    ProbeSslRedirectLoop::META,
    ProbeStalled::META,
    ProbeStickyCookie::META,
    ProbeTlsClientCertificate::META,
    ProbeTlsExpired::META,
    ProbeTlsFailed::META,
    ProbeTlsNotYetValid::META,
    ProbeTlsToPlain::META,
    ProbeTlsUnknownIssuer::META,
    ProbeTlsVersion::META,
    ProbeTlsWrongName::META,
    ProbeTruncated::META,
    ProbeUnexpectedProtocol::META,
    ProbeUnexpectedStatus::META,
    ProbeUnreachable::META,
    ProbeUwsgiToHttp::META,
    ProbeWebsocketError::META,
    ProbeWebsocketForbidden::META,
    ProbeWebsocketNotUpgraded::META,
];
