//! Addresses and ports of which each may be listened on once: in `mail`, and in `stream`
//! before 1.25.5.

use super::reading::{Reading, refusal};
use super::sink::printed;
use crate::model::Statement;
use crate::source::Span;
use crate::syntax::Word;
use crate::values::address::{Allowed, Host, parse_url};
use foldhash::{HashMap, HashSet};

/// An address and a port that a server listens on.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) host: Host,
    pub(super) port: u16,
    /// UDP.
    pub(super) datagram: bool,
    /// Every address of the machine.
    pub(super) wildcard: bool,
    /// It has a socket of its own even beside a wildcard.
    pub(super) bind: bool,
    /// Where it is written.
    pub(super) span: Span,
}

/// What the first argument of `listen` says.
#[derive(Debug, Clone)]
pub(super) struct ListenAddress {
    pub(super) host: Host,
    /// The port, where one is written.
    pub(super) port: Option<u16>,
    /// The end of a range of ports.
    pub(super) last_port: Option<u16>,
    /// Every address of the machine.
    pub(super) wildcard: bool,
}

/// All of a family.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    all: Vec<Pair>,
    by_address: HashMap<(Host, u16, bool), usize>,
}

/// A pair that was there before.
pub(super) struct Taken {
    text: String,
    first: Span,
}

impl Pairs {
    /// Adds a pair, for each port up to the last one; gives the first that was there
    /// before.
    pub(super) fn add(&mut self, pair: Pair, last: Option<u16>) -> Option<Taken> {
        for port in pair.port..=last.unwrap_or(pair.port) {
            let key = (pair.host.clone(), port, pair.datagram);
            if let Some(first) = self.by_address.get(&key) {
                let first = self.all[*first].span;
                // A name may mean another address than it seems.
                return (!matches!(pair.host, Host::Name(_))).then(|| Taken {
                    text: text_of(&pair.host, port),
                    first,
                });
            }
            self.by_address.insert(key, self.all.len());
            self.all.push(Pair {
                port,
                ..pair.clone()
            });
        }
        None
    }

    /// How many sockets they need: with a wildcard, those of the same port need none of
    /// their own.
    pub(super) fn sockets(&self) -> usize {
        let family = |pair: &Pair| (std::mem::discriminant(&pair.host), pair.port, pair.datagram);
        let wildcards: HashSet<_> = { self.all.iter() }
            .filter(|pair| pair.wildcard)
            .map(family)
            .collect();
        let own = |pair: &&Pair| pair.wildcard || pair.bind || !wildcards.contains(&family(pair));
        self.all.iter().filter(own).count()
    }
}

/// An address as nginx prints it (`ngx_sock_ntop`).
pub(super) fn text_of(host: &Host, port: u16) -> String {
    match host {
        Host::V4(address) => format!("{address}:{port}"),
        Host::V6(address) => format!("[{address}]:{port}"),
        Host::Unix(path) => format!("unix:{}", printed(path)),
        Host::Name(name) => format!("{}:{port}", printed(name)),
    }
}

impl<'m> Reading<'m> {
    /// A pair that is listened on already.
    pub(super) fn refuse_pair(&mut self, statement: Statement<'m>, word: Word<'m>, taken: Taken) {
        let Taken { text, first } = taken;
        self.say(
            refusal(
                statement,
                "duplicate-listen",
                word.span(),
                format!("a server listens on `{text}` already"),
                format!("duplicate \"{text}\" address and port pair"),
            )
            .label("second")
            .related(first, "first")
            .help("Listen on another port or address"),
        );
    }

    /// The address of a `listen` and where it is written; one that is none is said.
    pub(super) fn listen_address(
        &mut self,
        statement: Statement<'m>,
    ) -> Option<(Word<'m>, ListenAddress)> {
        let word = statement.arg(0)?;
        let allowed = Allowed {
            listen: true,
            uri: false,
        };
        let error = match parse_url(&word.value(), allowed) {
            Ok(url) => {
                let address = ListenAddress {
                    host: url.host,
                    port: url.port,
                    last_port: url.last_port,
                    wildcard: url.wildcard,
                };
                return Some((word, address));
            }
            Err(error) => error,
        };
        self.refuse(
            statement,
            word,
            "invalid-listen",
            format!("`{}` is nothing to listen on: {error}", word.to_str()),
            format!(
                "{error} in \"{}\" of the \"listen\" directive",
                printed(&word.value())
            ),
            "Write a port, an address and a port such as `127.0.0.1:8000` or `[::]:8000`, or \
             `unix:` and a path",
        );
        None
    }

    /// A parameter of `listen` in `mail` or `stream` that is none; 1.25.5 changed the words.
    pub(super) fn refuse_listen_parameter(
        &mut self,
        statement: Statement<'m>,
        word: Word<'m>,
        known: &[&str],
    ) {
        if self.at_least(1, 25, 5) {
            return self.refuse_parameter(statement, word, known);
        }
        self.refuse(
            statement,
            word,
            "invalid-parameter",
            format!("`listen` has no parameter `{}`", word.to_str()),
            format!("the invalid \"{}\" parameter", printed(&word.value())),
            format!("Write one of `{}`, or remove it", known.join("`, `")),
        );
    }

    /// A parameter of `listen` with a wrong value, with nginx's words.
    pub(super) fn refuse_listen_value(
        &mut self,
        statement: Statement<'m>,
        word: Word<'m>,
        nginx: String,
    ) {
        self.refuse(
            statement,
            word,
            "invalid-listen",
            format!("the value of `{}` is wrong", word.to_str()),
            nginx,
            "Write a value that the parameter takes, or remove it",
        );
    }
}
