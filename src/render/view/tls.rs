//! TLS: Mozilla's guideline 6.0, and Strict-Transport-Security.

use crate::render::arg::Arg;
use crate::topology::model::{Hsts, HstsOwner, Site, Tls, TlsProfile, Topology};
use crate::version::Target;
use serde::Serialize;
use std::collections::BTreeSet;

/// Mozilla's cipher list for the intermediate profile (guideline 6.0).
const INTERMEDIATE_CIPHERS: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
    ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
    ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

/// Mozilla's key exchange groups (guideline 6.0); OpenSSL before 3.5 lacks the first.
const CURVES: &str = "X25519MLKEM768:X25519:prime256v1:secp384r1";

/// TLS settings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TlsSettings {
    /// `ssl_protocols`.
    pub protocols: Vec<Arg>,
    /// `ssl_ciphers`; none for TLS 1.3 alone.
    pub ciphers: Option<Arg>,
    /// `ssl_ecdh_curve`; none leaves it to OpenSSL.
    pub curves: Option<Arg>,
    /// `ssl_session_cache`.
    pub session_cache: Option<Arg>,
    /// Whether tickets must be turned off: before 1.23.2 their keys were never changed.
    pub tickets_off: bool,
}

/// The TLS settings that all sites share; `None` without TLS or with several profiles.
pub(super) fn shared_tls(topology: &Topology, target: Target) -> Option<TlsSettings> {
    let profiles: BTreeSet<TlsProfile> = topology
        .sites
        .values()
        .filter_map(Site::tls)
        .map(Tls::profile)
        .collect();
    let mut profiles = profiles.into_iter();
    match (profiles.next(), profiles.next()) {
        (Some(profile), None) => Some(TlsSettings::new(topology, target, profile)),
        _ => None,
    }
}

impl TlsSettings {
    pub(super) fn new(topology: &Topology, target: Target, profile: TlsProfile) -> Self {
        let intermediate = profile == TlsProfile::Intermediate;
        let protocols: &[&str] = if intermediate {
            &["TLSv1.2", "TLSv1.3"]
        } else {
            &["TLSv1.3"]
        };
        Self {
            protocols: protocols.iter().map(|&p| p.into()).collect(),
            ciphers: intermediate.then(|| INTERMEDIATE_CIPHERS.into()),
            curves: knows_mlkem(topology).then(|| CURVES.into()),
            session_cache: intermediate.then(|| "shared:djanginx_tls:10m".into()),
            tickets_off: intermediate && !target.at_least(1, 23, 2),
        }
    }
}

/// Whether the declared OpenSSL has the group X25519MLKEM768, which 3.5 brought.
fn knows_mlkem(topology: &Topology) -> bool {
    let Some(version) = topology.nginx.openssl.as_deref() else {
        return false;
    };
    let mut numbers = version
        .split('.')
        .map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    version >= (3, 5)
}

/// The value of `Strict-Transport-Security` that nginx sends; `None` when it sends none.
pub(super) fn hsts_value(tls: &Tls) -> Option<String> {
    let hsts: Hsts = tls.hsts();
    if hsts.owner != HstsOwner::Nginx {
        return None;
    }
    let seconds = hsts.max_age.as_ref()?.seconds()?;
    let mut value = format!("max-age={seconds}");
    if hsts.subdomains == Some(true) {
        value.push_str("; includeSubDomains");
    }
    if hsts.preload == Some(true) {
        value.push_str("; preload");
    }
    Some(value)
}
