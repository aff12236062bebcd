//! Pages over HTTP. Those inside TLS are asked for through reqwest: one client for each kind
//! of TLS, no proxy of the environment, no redirects, no idle connections. Plain ones are
//! written to the connection as they are: reqwest alone takes longer for one than a whole
//! probe may, and keeps the first bytes to itself.

use super::clock::{self, Clock, mark};
use super::result::{self, Failure, Phase, Reply};
use super::run::Limits;
use super::target::{HttpRequest, Tls};
use super::tls;
use super::wire::{self, Peer};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Request, StatusCode, Url, Version};
use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::{Instant, sleep_until, timeout_at};
use tower::util::MapFutureLayer;

/// The clients of a run.
pub(super) struct Clients {
    limits: Limits,
    secure: Mutex<HashMap<Tls, Result<Client, Failure>>>,
}

impl Clients {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            limits: limits.clone(),
            secure: Mutex::default(),
        }
    }

    fn get(&self, peer: &Peer, tls: &Tls) -> Result<Client, Failure> {
        if let Peer::Unix(path) = peer {
            return build(&self.limits, tls, Some(path));
        }
        let mut secure = self.secure.lock().unwrap_or_else(PoisonError::into_inner);
        let made = secure.entry(tls.clone());
        made.or_insert_with(|| build(&self.limits, tls, None))
            .clone()
    }

    /// Asks for a page.
    pub(super) async fn ask(
        &self,
        peer: &Peer,
        request: &HttpRequest,
        clock: &Arc<Clock>,
    ) -> Result<Reply, Failure> {
        let secure = request.tls.as_ref().and_then(|tls| {
            let url = url(peer, tls, request)?;
            is_sent_as_it_is(&url, request).then_some((tls, url))
        });
        match secure {
            None => wire::http(peer, request, &self.limits, clock).await,
            // Most are plain, so these need not be small.
            Some((tls, url)) => Box::pin(self.secure(peer, request, tls, url, clock)).await,
        }
    }

    /// Asks for a page inside TLS.
    async fn secure(
        &self,
        peer: &Peer,
        request: &HttpRequest,
        tls: &Tls,
        url: Url,
        clock: &Arc<Clock>,
    ) -> Result<Reply, Failure> {
        let client = self.get(peer, tls)?;
        let method = if request.head {
            Method::HEAD
        } else {
            Method::GET
        };
        let version = if request.http10 {
            Version::HTTP_10
        } else {
            Version::HTTP_11
        };
        let mut sent = Request::new(method, url);
        *sent.version_mut() = version;
        *sent.headers_mut() = headers(request);
        let received = self.receive(client.execute(sent), clock);
        clock.scope(received).await
    }

    async fn receive(
        &self,
        sent: impl Future<Output = reqwest::Result<reqwest::Response>>,
        clock: &Arc<Clock>,
    ) -> Result<Reply, Failure> {
        let limits = &self.limits;
        let last = clock.start + limits.total;
        let mut wake = clock.start + limits.connect.min(limits.first_byte);
        let mut sent = std::pin::pin!(sent);
        let mut response = loop {
            tokio::select! {
                biased;
                result = &mut sent => break result.map_err(|error| failure(&error, clock))?,
                () = sleep_until(wake.min(last)) => {}
            }
            // The time for the first byte counts from the connection on.
            let marks = clock.marks().clone();
            let next = match marks.secured {
                Some(ready) => (ready + limits.first_byte).min(last),
                None => clock.start + limits.connect,
            };
            if Instant::now() >= next {
                return Err(Failure::Timeout(clock.phase()));
            }
            wake = next.min(Instant::now() + limits.first_byte);
        };
        clock.marks().answered = Some(Instant::now());
        let mut reply = Reply {
            status: Some(response.status().as_u16()),
            headers: response
                .headers()
                .iter()
                .filter_map(|(name, value)| {
                    let name = result::kept(name.as_str())?;
                    let value = String::from_utf8_lossy(value.as_bytes());
                    Some((name.to_owned(), value.into_owned()))
                })
                .collect(),
            ..Reply::default()
        };
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(reply);
        }
        while reply.body.len() < limits.body {
            let chunk = match timeout_at(last, response.chunk()).await {
                Err(_) => return Err(Failure::Timeout(Phase::Transfer)),
                Ok(Err(error)) => {
                    return Err(match failure(&error, clock) {
                        reset @ Failure::Io(..) => reset,
                        _ => Failure::Truncated,
                    });
                }
                Ok(Ok(None)) => break,
                Ok(Ok(Some(chunk))) => chunk,
            };
            let room = limits.body - reply.body.len();
            reply
                .body
                .extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
        Ok(reply)
    }
}

fn headers(request: &HttpRequest) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(request.headers.len());
    for header in &request.headers {
        let name = HeaderName::try_from(&header.name);
        let value = HeaderValue::try_from(&header.value);
        if let (Ok(name), Ok(value)) = (name, value) {
            map.append(name, value);
        }
    }
    map
}

/// The address is the pinned one; the host of the URL is only what TLS checks. `None` where
/// reqwest would connect to another address.
fn url(peer: &Peer, tls: &Tls, request: &HttpRequest) -> Option<Url> {
    let (name, uri) = (&tls.name, &request.uri);
    let text = match (peer, name.parse::<IpAddr>()) {
        (Peer::Ip(address), Ok(ip)) if ip == address.ip() => format!("https://{address}{uri}"),
        (Peer::Ip(_), Ok(_)) => return None,
        (_, Ok(IpAddr::V6(ip))) => format!("https://[{ip}]{uri}"),
        _ => format!("https://{name}{uri}"),
    };
    Url::parse(&text).ok()
}

/// Whether reqwest adds nothing and changes nothing: it always sends `Host` and `Accept`, and
/// tidies paths.
fn is_sent_as_it_is(url: &Url, request: &HttpRequest) -> bool {
    let (path, query) = match request.uri.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (request.uri.as_str(), None),
    };
    let same = url.path() == path && url.query() == query;
    same && request.header("host").is_some() && request.header("accept").is_some()
}

fn build(limits: &Limits, tls: &Tls, socket: Option<&Path>) -> Result<Client, Failure> {
    let config = tls::config(tls).map_err(Failure::Tls)?;
    let connected = MapFutureLayer::new(move |connecting| async move {
        let connection = connecting.await?;
        mark(|marks| marks.secured = Some(Instant::now()));
        Ok::<_, tower::BoxError>(connection)
    });
    // A connection lives for one question, whose times are kept here.
    let builder = Client::builder()
        .tcp_keepalive(None)
        .tcp_keepalive_interval(None)
        .tcp_keepalive_retries(None)
        .tcp_user_timeout(None)
        .tls_backend_preconfigured(config)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        .http1_title_case_headers()
        .http1_max_headers(limits.headers)
        .pool_max_idle_per_host(0)
        .dns_resolver(Arc::new(Pinned))
        .connector_layer(connected);
    let builder = match socket {
        Some(path) => builder.unix_socket(path),
        None => builder,
    };
    let built = builder.build();
    built.map_err(|error| Failure::Other(Phase::Connect, error.to_string()))
}

/// Knows no names: every name is at the address that was looked up before.
struct Pinned;

impl Resolve for Pinned {
    fn resolve(&self, _: Name) -> Resolving {
        let pinned = clock::pinned();
        Box::pin(async move {
            let address = pinned.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
            Ok(Box::new(std::iter::once(address)) as Addrs)
        })
    }
}

/// What an error of reqwest's is, by its types.
fn failure(error: &reqwest::Error, clock: &Clock) -> Failure {
    let phase = clock.phase();
    let mut causes: Vec<&(dyn Error + 'static)> = Vec::new();
    let mut next: Option<&(dyn Error + 'static)> = error.source();
    while let Some(cause) = next {
        causes.push(cause);
        next = match cause.downcast_ref::<io::Error>() {
            // An error inside an `io::Error` is not its source.
            Some(io) => match io.get_ref() {
                Some(inner) => Some(inner),
                None => cause.source(),
            },
            None => cause.source(),
        };
    }
    let find_tls = causes.iter().find_map(|cause| cause.downcast_ref());
    if let Some(error) = find_tls {
        return Failure::Tls(tls::failure(error));
    }
    if error.is_timeout() {
        return Failure::Timeout(phase);
    }
    let io = causes.iter().rev().find_map(|cause| {
        let io = cause.downcast_ref::<io::Error>()?;
        (io.kind() != io::ErrorKind::Other).then_some(io)
    });
    let http = causes.iter().find_map(|cause| cause.downcast_ref());
    match (http, io) {
        (_, Some(io)) if phase == Phase::Tls && io.kind() == io::ErrorKind::UnexpectedEof => {
            Failure::Tls(super::result::TlsFailure::Other)
        }
        (_, Some(io)) if io.kind() != io::ErrorKind::UnexpectedEof => {
            Failure::Io(phase, io.kind(), io.raw_os_error())
        }
        (Some(http), _) => of_http(http, phase),
        (None, Some(_)) => Failure::Closed,
        (None, None) => Failure::Other(phase, error.to_string()),
    }
}

fn of_http(error: &hyper::Error, phase: Phase) -> Failure {
    if error.is_incomplete_message() {
        Failure::Closed
    } else if error.is_parse() {
        Failure::NotHttp(Vec::new())
    } else {
        Failure::Other(phase, error.to_string())
    }
}
