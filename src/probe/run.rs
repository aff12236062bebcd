//! Asks: so many at a time, each again where that may help, all before a deadline.

use super::address::is_forbidden;
use super::client::Clients;
use super::clock::Clock;
use super::diagnose::{is_django, is_failed};
use super::permission::Workers;
use super::result::{Evidence, Failure, Phase, Probe, Reply, Timings, TlsFailure};
use super::secret::{self, Secret};
use super::target::{Address, Ask, Backend, HttpRequest, Target, UwsgiRequest};
use super::tls;
use super::wire::{self, Peer};
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::BuildHasher;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// What a run may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// For a look-up of a name, and for a connection with its TLS.
    pub connect: Duration,
    /// From the connection to the first byte of the answer.
    pub first_byte: Duration,
    /// For one question.
    pub total: Duration,
    /// For the whole run.
    pub deadline: Duration,
    /// Questions at a time.
    pub concurrency: usize,
    /// Questions at a time to one address.
    pub per_host: usize,
    /// How often a question is asked again after a failure that may pass.
    pub retries: u32,
    /// How long a question is asked again after any failure.
    pub wait: Duration,
    /// Bytes of a body that are read.
    pub body: usize,
    /// Headers that an answer may have.
    pub headers: usize,
    /// Whether link-local addresses are asked.
    pub link_local: bool,
    /// From when on an answer is slow.
    pub slow: Duration,
    /// Whether a certificate that nginx does not look at has to be right, too.
    pub strict_tls: bool,
    /// What is masked wherever a node says it.
    pub secrets: Vec<Secret>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            first_byte: Duration::from_secs(5),
            total: Duration::from_secs(8),
            deadline: Duration::from_secs(60),
            concurrency: 16,
            per_host: 4,
            retries: 2,
            wait: Duration::ZERO,
            body: 256 * 1024,
            headers: 100,
            link_local: false,
            slow: Duration::from_secs(1),
            strict_tls: false,
            secrets: Vec::new(),
        }
    }
}

/// The first pause before a question is asked again; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(200);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A page that no site has, to see what Django says of it.
const NOWHERE: &str = "/.djanginx-looks-for-a-debug-page";
/// How long that may take.
const LOOK: Duration = Duration::from_secs(2);

/// What came of a run.
#[derive(Debug)]
pub struct Run {
    /// In the order of the targets.
    pub probes: Vec<Probe>,
    /// The signal that ended it early.
    pub signal: Option<i32>,
}

/// Asks all targets. `progress` is called with how many questions are done, and how many
/// there are, whenever one is.
///
/// # Errors
/// When there are no threads or descriptors to begin with.
pub fn run(
    targets: &[Target],
    limits: &Limits,
    progress: &mut dyn FnMut(usize, usize),
) -> std::io::Result<Run> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(8)
        .build()?;
    let result = runtime.block_on(all(targets, limits, progress));
    // A look-up that hangs must not hold the process.
    runtime.shutdown_background();
    result
}

/// A question with what is known of it.
struct Item {
    target: Target,
    peer: Result<Peer, Failure>,
    resolve: Option<Duration>,
    attempts: u32,
    last: Option<Probe>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Asked,
    Done,
}

/// What questions are asked with.
struct Tools {
    clients: Clients,
    limits: Limits,
    /// Who nginx's workers are, where sockets are asked and it is known.
    workers: Option<Workers>,
}

impl Tools {
    fn new(targets: &[Target], limits: &Limits) -> Self {
        let unix = |target: &&Target| matches!(target.address, Address::Unix(_));
        let user = targets.iter().find(unix);
        let user = user.and_then(|target| target.pool.user.as_ref());
        Self {
            clients: Clients::new(limits),
            limits: limits.clone(),
            workers: user.and_then(|(user, group)| Workers::new(user, group.as_deref())),
        }
    }
}

enum Event {
    Answered(usize, Box<Probe>),
    Awake(usize),
}

async fn all(
    targets: &[Target],
    limits: &Limits,
    progress: &mut dyn FnMut(usize, usize),
) -> std::io::Result<Run> {
    let start = Instant::now();
    let mut interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let end = start + limits.deadline;
    let mut ended = std::pin::pin!(tokio::time::sleep_until(end));
    let mut signal = None;
    let mut items = Vec::new();
    tokio::select! {
        made = make(targets, limits, end) => items = made,
        _ = interrupt.recv() => signal = Some(2),
        _ = terminate.recv() => signal = Some(15),
    }
    let tools = Arc::new(Tools::new(targets, limits));
    let mut queue: VecDeque<usize> = (0..items.len()).collect();
    let mut held: HashMap<Host, VecDeque<usize>> = HashMap::new();
    let mut hosts: HashMap<Host, usize> = HashMap::new();
    let mut tasks: JoinSet<Event> = JoinSet::new();
    let (mut active, mut done) = (0, 0);
    let count = items.len();
    let first = first_of_each(&items);
    let random = RandomState::new();
    while signal.is_none() && done < count {
        while active < limits.concurrency
            && let Some(index) = queue.pop_front()
        {
            let item = &mut items[index];
            let peer = match &item.peer {
                Ok(peer) => peer.clone(),
                Err(failure) => {
                    item.last = Some(unasked(item, failure.clone()));
                    item.state = State::Done;
                    done += 1;
                    progress(done, count);
                    continue;
                }
            };
            let host = Host::of(&peer);
            let busy = hosts.entry(host.clone()).or_default();
            if *busy >= limits.per_host {
                held.entry(host).or_default().push_back(index);
                continue;
            }
            *busy += 1;
            active += 1;
            item.attempts += 1;
            item.state = State::Asked;
            let (target, resolve, attempts) = (item.target.clone(), item.resolve, item.attempts);
            let tools = Arc::clone(&tools);
            let look = first[index];
            tasks.spawn(async move {
                let mut probe = attempt(target, &peer, &tools).await;
                if look
                    && may_hide_debug_page(&probe)
                    && Box::pin(hides_debug_page(&probe, &peer, &tools)).await
                {
                    probe.evidence = Some(Evidence::ShowsDebugPage);
                }
                probe.timings.resolve = resolve;
                probe.attempts = attempts;
                Event::Answered(index, Box::new(probe))
            });
        }
        // Many answers come at once, and waiting is what costs.
        let event = match tasks.try_join_next() {
            Some(event) => Some(event),
            None => tokio::select! {
                biased;
                event = tasks.join_next() => event,
                () = &mut ended => break,
                _ = interrupt.recv() => { signal = Some(2); break }
                _ = terminate.recv() => { signal = Some(15); break }
            },
        };
        match event {
            Some(Ok(Event::Awake(index))) => queue.push_back(index),
            Some(Ok(Event::Answered(index, probe))) => {
                active -= 1;
                let item = &mut items[index];
                if let Ok(peer) = &item.peer {
                    let host = Host::of(peer);
                    if let Some(next) = held.get_mut(&host).and_then(VecDeque::pop_front) {
                        queue.push_front(next);
                    }
                    match hosts.get_mut(&host) {
                        Some(busy) if *busy > 1 => *busy -= 1,
                        _ => {
                            hosts.remove(&host);
                        }
                    }
                }
                let waits = start.elapsed() < limits.wait && is_failed(&probe, limits);
                let again = waits || item.attempts <= limits.retries && is_transient(&probe.answer);
                let attempts = item.attempts;
                item.last = Some(*probe);
                if again {
                    item.state = State::Waiting;
                    let pause = pause(attempts, &random);
                    tasks.spawn(async move {
                        sleep(pause).await;
                        Event::Awake(index)
                    });
                } else {
                    item.state = State::Done;
                    done += 1;
                    progress(done, count);
                }
            }
            Some(Err(_)) | None => break,
        }
    }
    tasks.abort_all();
    let probes = items.into_iter().map(|mut item| {
        let last = item.last.take();
        last.unwrap_or_else(|| {
            let failure = match &item.peer {
                Err(failure) => failure.clone(),
                Ok(_) => Failure::Deadline,
            };
            unasked(&item, failure)
        })
    });
    Ok(Run {
        probes: probes.collect(),
        signal,
    })
}

/// Whom a limit of questions counts for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Host {
    Ip(IpAddr),
    Unix(PathBuf),
}

impl Host {
    fn of(peer: &Peer) -> Self {
        match peer {
            Peer::Ip(address) => Self::Ip(address.ip()),
            Peer::Unix(path) => Self::Unix(path.clone()),
        }
    }
}

fn pause(attempts: u32, random: &RandomState) -> Duration {
    let doubled = PAUSE.saturating_mul(1 << attempts.saturating_sub(1).min(8));
    let most = doubled.min(LONGEST_PAUSE).as_millis() as u64;
    // Half of it is left to chance, so that nodes are not asked all at once.
    let chance = random.hash_one(Instant::now()) % (most / 2 + 1);
    Duration::from_millis(most / 2 + chance)
}

fn is_transient(answer: &Result<Reply, Failure>) -> bool {
    match answer {
        Ok(reply) => matches!(reply.status, Some(502..=504)),
        Err(Failure::Timeout(_)) => true,
        Err(Failure::Io(_, kind, _)) => matches!(
            kind,
            ErrorKind::ConnectionRefused | ErrorKind::NotFound | ErrorKind::WouldBlock
        ),
        Err(_) => false,
    }
}

/// Looks names up, each once, and makes a question for each of their addresses.
async fn make(targets: &[Target], limits: &Limits, end: Instant) -> Vec<Item> {
    let mut names: HashMap<(String, u16), Looked> = HashMap::new();
    let mut lookups = JoinSet::new();
    for target in targets {
        let Address::Name(name, port) = &target.address else {
            continue;
        };
        let key = (name.clone(), *port);
        if names.contains_key(&key) {
            continue;
        }
        names.insert(key.clone(), Looked::default());
        let most = limits
            .connect
            .max(Duration::from_secs(1))
            .min(end - Instant::now());
        lookups.spawn(async move {
            let name = key.clone();
            let start = Instant::now();
            let found = timeout(most, tokio::net::lookup_host((key.0.as_str(), key.1))).await;
            let addresses = match found {
                Ok(Ok(found)) => Ok(found.collect::<Vec<_>>()),
                Ok(Err(_)) => Err(Failure::Dns),
                Err(_) => Err(Failure::Timeout(Phase::Resolve)),
            };
            (name, addresses, start.elapsed())
        });
    }
    while let Some(found) = lookups.join_next().await {
        if let Ok((key, addresses, took)) = found {
            names.insert(key, Looked { addresses, took });
        }
    }
    let mut items = Vec::with_capacity(targets.len());
    for target in targets {
        let mut add = |peer, resolve| {
            items.push(Item {
                target: target.clone(),
                peer,
                resolve,
                attempts: 0,
                last: None,
                state: State::Waiting,
            });
        };
        let allowed = |address: SocketAddr| {
            if is_forbidden(address.ip()) && !limits.link_local {
                Err(Failure::Forbidden)
            } else {
                Ok(Peer::Ip(address))
            }
        };
        match &target.address {
            Address::Ip(address) => add(allowed(*address), None),
            Address::Unix(path) => add(Ok(Peer::Unix(path.clone())), None),
            Address::Name(name, port) => {
                let Some(looked) = names.get(&(name.clone(), *port)) else {
                    continue;
                };
                match &looked.addresses {
                    Err(failure) => add(Err(failure.clone()), Some(looked.took)),
                    Ok(addresses) => {
                        let mut addresses = addresses.clone();
                        addresses.sort();
                        addresses.dedup();
                        for address in addresses {
                            add(allowed(address), Some(looked.took));
                        }
                    }
                }
            }
        }
    }
    items
}

struct Looked {
    addresses: Result<Vec<SocketAddr>, Failure>,
    took: Duration,
}

impl Default for Looked {
    fn default() -> Self {
        Self {
            addresses: Err(Failure::Dns),
            took: Duration::ZERO,
        }
    }
}

fn unasked(item: &Item, failure: Failure) -> Probe {
    Probe {
        target: item.target.clone(),
        peer: match &item.peer {
            Ok(Peer::Ip(address)) => Some(*address),
            _ => None,
        },
        answer: Err(failure),
        timings: Timings {
            resolve: item.resolve,
            ..Timings::default()
        },
        evidence: None,
        certificate: None,
        shut_out: None,
        attempts: item.attempts,
    }
}

/// Asks once.
async fn attempt(target: Target, peer: &Peer, tools: &Tools) -> Probe {
    let Tools {
        clients,
        limits,
        workers,
    } = tools;
    let pinned = match peer {
        Peer::Ip(address) => Some(*address),
        Peer::Unix(_) => None,
    };
    let clock = Clock::new(pinned);
    let ready = match peer {
        Peer::Unix(path) => wire::look_at_socket(path),
        Peer::Ip(_) => Ok(()),
    };
    let mut answer = match ready {
        Err(failure) => Err(failure),
        Ok(()) => match &*target.ask {
            Ask::Http(request) => clients.ask(peer, request, &clock).await,
            // What is asked most stays small.
            Ask::Uwsgi(request) => Box::pin(wire::uwsgi(peer, request, limits, &clock)).await,
            Ask::Postgres => Box::pin(wire::postgres(peer, limits, &clock)).await,
            Ask::Redis => Box::pin(wire::redis(peer, limits, &clock)).await,
            Ask::Connect => Box::pin(wire::accepts(peer, limits, &clock)).await,
        },
    };
    let timings = wire::timings(&clock);
    let marks = clock.marks().clone();
    if let (Err(Failure::Tls(failure)), Some(fault)) = (&mut answer, marks.fault)
        && *failure == TlsFailure::Other
    {
        *failure = fault;
    }
    let (mut answer, evidence) = match is_well(&answer) {
        true => (answer, None),
        false => Box::pin(look_again(&target.ask, peer, answer, limits)).await,
    };
    match &mut answer {
        Ok(reply) => reply.settle(&limits.secrets),
        Err(Failure::NotHttp(bytes)) => {
            if let Some(masked) = secret::masked(&limits.secrets, bytes) {
                *bytes = masked;
            }
        }
        Err(_) => {}
    }
    let der = marks.certificate.as_deref();
    let shut_out = match (peer, workers) {
        (Peer::Unix(path), Some(workers)) => workers.shut_out(path).map(Box::new),
        _ => None,
    };
    Probe {
        target,
        peer: pinned,
        certificate: der.and_then(|der| tls::certificate(der, marks.fault)),
        shut_out,
        answer,
        timings,
        evidence,
        attempts: 1,
    }
}

/// Of each question, whether it is the first for a page of its node.
fn first_of_each(items: &[Item]) -> Vec<bool> {
    let mut seen = HashSet::with_capacity(items.len());
    let mut first = Vec::with_capacity(items.len());
    for item in items {
        let page = match &*item.target.ask {
            Ask::Http(request) => !request.websocket,
            Ask::Uwsgi(_) => true,
            _ => false,
        };
        let pool = item.target.pool.name.as_str();
        let peer = item.peer.as_ref();
        first.push(page && peer.is_ok_and(|peer| seen.insert((pool, peer))));
    }
    first
}

/// Whether it is Django that answers well, and may answer otherwise where something is wrong.
fn may_hide_debug_page(probe: &Probe) -> bool {
    let answered = probe.answer.as_ref();
    probe.evidence.is_none()
        && probe.target.pool.backend == Backend::Django
        && answered.is_ok_and(|reply| is_django(reply) && !reply.marks.debug_page)
}

/// Whether a node shows a debug page where something is wrong.
async fn hides_debug_page(probe: &Probe, peer: &Peer, tools: &Tools) -> bool {
    let Tools {
        clients, limits, ..
    } = tools;
    let clock = Clock::new(probe.peer);
    let asked = async {
        match &*probe.target.ask {
            Ask::Http(request) => {
                let request = HttpRequest {
                    head: false,
                    uri: NOWHERE.to_owned(),
                    ..request.clone()
                };
                clients.ask(peer, &request, &clock).await
            }
            Ask::Uwsgi(request) => {
                let mut request: UwsgiRequest = request.clone();
                for param in &mut request.params {
                    if matches!(param.name.as_str(), "PATH_INFO" | "REQUEST_URI") {
                        NOWHERE.clone_into(&mut param.value);
                    }
                }
                wire::uwsgi(peer, &request, limits, &clock).await
            }
            _ => Err(Failure::Closed),
        }
    };
    let Ok(Ok(mut reply)) = timeout(LOOK, asked).await else {
        return false;
    };
    reply.settle(&limits.secrets);
    reply.marks.debug_page
}

/// Whether an answer is good enough to ask nothing more.
fn is_well(answer: &Result<Reply, Failure>) -> bool {
    matches!(answer, Ok(reply) if matches!(reply.status, None | Some(100..400)))
}

/// Asks in the other protocol where that tells why the answer is none.
async fn look_again(
    ask: &Ask,
    peer: &Peer,
    answer: Result<Reply, Failure>,
    limits: &Limits,
) -> (Result<Reply, Failure>, Option<Evidence>) {
    let host = ask.host().unwrap_or("localhost");
    let uri = ask.path().unwrap_or("/");
    match ask {
        Ask::Http(request) if request.tls.is_none() => {
            let suspicious = match &answer {
                Err(Failure::Closed) => true,
                Err(Failure::Io(Phase::FirstByte, ErrorKind::ConnectionReset, _)) => true,
                // What gunicorn says to HTTP on a socket of uwsgi's protocol.
                Ok(reply) => {
                    reply.status == Some(500)
                        && reply.body.len() < 200
                        && reply.header("x-content-type-options").is_none()
                }
                _ => false,
            };
            if suspicious {
                let said = wire::look_uwsgi(peer, host, uri, limits).await;
                let better = answer.is_err() || !said.starts_with(b"HTTP/1.1 5");
                if said.starts_with(b"HTTP/1.") && better {
                    return (answer, Some(Evidence::SpeaksUwsgi));
                }
                if answer.is_err() {
                    let other = wire::look_for_others(peer, limits).await;
                    return (answer, other.map(Evidence::Speaks));
                }
            }
            if matches!(answer, Err(Failure::NotHttp(_))) {
                let said = wire::look_http(peer, host, uri, limits).await;
                // What begins well can only have been too much.
                let failure = match said.starts_with(b"HTTP/1.") {
                    true => Failure::LargeHead,
                    false => Failure::NotHttp(said),
                };
                return (Err(failure), None);
            }
        }
        Ask::Uwsgi(_) => {
            let suspicious = match &answer {
                Err(Failure::Closed | Failure::NotHttp(_)) => true,
                Err(Failure::Timeout(Phase::FirstByte)) => true,
                Err(Failure::Io(Phase::FirstByte, ErrorKind::ConnectionReset, _)) => true,
                Ok(reply) => {
                    reply.status == Some(400) && reply.header("x-content-type-options").is_none()
                }
                _ => false,
            };
            if suspicious {
                let said = wire::look_http(peer, host, uri, limits).await;
                if said.starts_with(b"HTTP/1.") {
                    return (answer, Some(Evidence::SpeaksHttp));
                }
                if answer.is_err() && said.is_empty() {
                    let other = wire::look_for_others(peer, limits).await;
                    return (answer, other.map(Evidence::Speaks));
                }
            }
        }
        _ => {}
    }
    (answer, None)
}
