//! The request that is asked about.

use crate::values::uri;
use std::net::IpAddr;

/// A request, as far as it is stated.
#[derive(Debug, Clone)]
pub struct Request {
    /// Whether it comes over TLS.
    pub tls: bool,
    /// The host of the URL, as written.
    pub host: Vec<u8>,
    /// The port that it goes to.
    pub port: u16,
    /// Path and query as written.
    pub target: Vec<u8>,
    /// Its method.
    pub method: String,
    /// Its headers beside `Host`, names as written.
    pub headers: Vec<(String, String)>,
    /// Where it comes from.
    pub client: Option<IpAddr>,
    /// The name in the TLS handshake; that of the host where it is not stated.
    pub sni: Option<String>,
    /// The address that it goes to.
    pub listen: Option<IpAddr>,
    /// Whether it has nothing but what is stated: no other header, no certificate.
    pub whole: bool,
}

/// Why a text is no URL that nginx can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It does not begin with `http://` or `https://`.
    #[error("write `http://` or `https://` in front, as in `https://example.com/admin/`")]
    Scheme,
    /// Its host is none.
    #[error("`{0}` is no host that nginx accepts")]
    Host(String),
}

impl Request {
    /// A `GET` of a URL.
    ///
    /// # Errors
    /// When it is no absolute URL.
    pub fn get(url: &str) -> Result<Self, UrlError> {
        let (tls, rest) = match url.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            _ => return Err(UrlError::Scheme),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, target) = rest.split_at(end);
        let wrong = |_| UrlError::Host(host.to_owned());
        let (_, port) = uri::host(host.as_bytes()).map_err(wrong)?;
        let target = match target.split('#').next().unwrap_or_default() {
            "" => "/".to_owned(),
            query if query.starts_with('?') => format!("/{query}"),
            target => target.to_owned(),
        };
        Ok(Self {
            tls,
            host: host.as_bytes().to_vec(),
            port: port.unwrap_or(if tls { 443 } else { 80 }),
            target: target.into_bytes(),
            method: "GET".to_owned(),
            headers: Vec::new(),
            client: None,
            sni: None,
            listen: None,
            whole: false,
        })
    }

    /// A header by its name in any letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The `Host` that it carries: a stated header, else that of the URL.
    #[must_use]
    pub fn host_header(&self) -> Vec<u8> {
        match self.header("host") {
            Some(host) => host.as_bytes().to_vec(),
            None => self.host.clone(),
        }
    }
}
