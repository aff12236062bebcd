//! What `ngx_http_upstream_add` and `ngx_stream_upstream_add` keep: every upstream, and
//! every address that something passes requests to, as one list.

use super::upstreams;
use crate::directives::Family;
use crate::model::Statement;
use crate::model::upstream::{Reference, Scheme};
use crate::source::Span;
use crate::values::address::{Host, Url};
use crate::values::small;
use crate::verdict::reading::{Reading, late_refusal, refusal};
use crate::verdict::sink::printed;
use foldhash::HashMap;

/// What nginx's list holds, in the order of first mention.
#[derive(Debug, Default)]
pub(super) struct Added<'m> {
    pub(super) all: Vec<Entry<'m>>,
    by_host: HashMap<Vec<u8>, Vec<usize>>,
}

/// An upstream or an address.
#[derive(Debug)]
pub(super) struct Entry<'m> {
    address: Address,
    /// The first directive that names it, whose place nginx prints.
    pub(super) statement: Statement<'m>,
    /// Where.
    pub(super) span: Span,
    /// The `upstream` of that name among those of the model.
    pub(super) block: Option<usize>,
    created: bool,
}

/// What nginx compares.
#[derive(Debug, Clone, Default)]
pub(super) struct Address {
    /// The host, or the path of a socket.
    pub(super) host: Vec<u8>,
    /// The port that is written.
    pub(super) written: Option<u16>,
    /// The port that counts: the one that is written, else that of the protocol; 0 for none.
    pub(super) port: u16,
    pub(super) unix: bool,
}

impl Address {
    /// That of a parsed text, with the port of the protocol.
    pub(super) fn new(url: &Url<'_>, default_port: u16) -> Self {
        let unix = matches!(url.host, Host::Unix(_));
        Self {
            host: url.host_text.to_vec(),
            written: url.port,
            port: url.port.unwrap_or(if unix { 0 } else { default_port }),
            unix,
        }
    }

    /// nginx's `no_port`, which a socket does not have.
    fn has_port(&self) -> bool {
        self.unix || self.written.is_some()
    }
}

impl Entry<'_> {
    /// Its name as nginx prints it.
    pub(super) fn host(&self) -> &[u8] {
        &self.address.host
    }

    /// Whether requests can be passed to it without a port being missing.
    pub(super) fn has_port(&self) -> bool {
        self.address.port != 0 || self.address.unix
    }
}

impl<'m> Added<'m> {
    /// Notes which `upstream` of the model an entry is.
    pub(super) fn block(&mut self, address: &Address, index: usize) {
        let hosts = self.by_host.get(&*small(&address.host));
        let entry = hosts.and_then(|hosts| hosts.iter().find(|at| self.all[**at].created));
        if let Some(&at) = entry {
            self.all[at].block = Some(index);
        }
    }

    fn push(&mut self, statement: Statement<'m>, address: &Address, span: Span, created: bool) {
        let index = self.all.len();
        self.by_host
            .entry(address.host.to_ascii_lowercase())
            .or_default()
            .push(index);
        self.all.push(Entry {
            address: address.clone(),
            statement,
            span,
            block: None,
            created,
        });
    }
}

fn same_port(family: Family, entry: &Entry<'_>, address: &Address) -> bool {
    let (known, port) = (entry.address.port, address.port);
    known == port || (family != Family::Stream && (known == 0 || port == 0))
}

/// Adds an `upstream`; false where nginx refuses it.
pub(super) fn create<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    address: &Address,
    span: Span,
) -> bool {
    let family = statement.row.module.family;
    let added = reading.state.upstreams.of(family);
    let hosts = added.by_host.get(&*small(&address.host));
    for &at in hosts.into_iter().flatten() {
        let entry = &mut added.all[at];
        if entry.created {
            let shown = printed(&address.host);
            let finding = refusal(
                statement,
                "duplicate-upstream",
                span,
                format!("the upstream `{shown}` is there already"),
                format!("duplicate upstream \"{shown}\""),
            )
            .label("second")
            .related(entry.statement.head(), "first")
            .help("Join their servers in one, or give one another name");
            reading.say(finding);
            return false;
        }
        if entry.address.has_port() {
            let shown = printed(&address.host);
            let finding = late_refusal(
                "upstream-name-with-port",
                entry.span,
                format!("`{shown}` is the name of an upstream, and a port is given with it"),
                format!(
                    "upstream \"{shown}\" may not have port {}",
                    entry.address.port
                ),
                Some(entry.statement.end()),
            )
            .related(span, "the upstream")
            .help("Remove the port: the servers of the upstream have theirs");
            reading.say(finding);
            return false;
        }
        if same_port(family, entry, address) {
            entry.created = true;
            if family != Family::Stream {
                entry.address.port = 0;
            }
            return true;
        }
    }
    added.push(statement, address, span, true);
    true
}

/// Adds an address that requests are passed to; what is wrong is said, and then it is
/// false.
pub(super) fn add<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    address: &Address,
    scheme: Scheme,
    uri: &[u8],
    span: Span,
) -> bool {
    let family = statement.row.module.family;
    upstreams(reading, family).references.push(Reference {
        statement,
        scheme,
        variable: false,
        host: address.host.clone(),
        unix: address.unix,
        port: address.written,
        uri: uri.to_vec(),
        span,
    });
    let added = reading.state.upstreams.of(family);
    let hosts = added.by_host.get(&*small(&address.host));
    for &at in hosts.into_iter().flatten() {
        let entry = &added.all[at];
        if entry.created && address.has_port() {
            let shown = printed(&address.host);
            let port = address.port;
            let finding = refusal(
                statement,
                "upstream-name-with-port",
                span,
                format!("`{shown}` is the name of an upstream, and a port is given with it"),
                format!("upstream \"{shown}\" may not have port {port}"),
            )
            .related(entry.span, "the upstream")
            .help("Remove the port: the servers of the upstream have theirs");
            reading.say(finding);
            return false;
        }
        if same_port(family, entry, address) {
            return true;
        }
    }
    added.push(statement, address, span, false);
    true
}
