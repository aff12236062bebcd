//! `upstream`.

use super::add::{self, Address};
use super::{Reading, upstreams};
use crate::model::upstream::{Method, Upstream};
use crate::model::{ScopeId, Statement};
use crate::verdict::reading::refusal;
use crate::verdict::sink::printed;

/// The block that is being read.
#[derive(Debug, Default)]
pub(super) struct Block<'m> {
    pub(super) scope: Option<ScopeId>,
    /// The method so far, which decides what its servers may have.
    pub(super) method: Method,
    /// What has set `peer.init_upstream`: a method, `sticky`, or `keepalive` of old.
    pub(super) initialized: Option<Statement<'m>>,
    pub(super) servers: usize,
}

impl Block<'_> {
    pub(super) fn new(scope: ScopeId) -> Self {
        Self {
            scope: Some(scope),
            ..Self::default()
        }
    }
}

/// `ngx_http_upstream`, `ngx_stream_upstream`: the beginning.
pub(super) fn open<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else { return };
    let name = word.value().into_owned();
    let address = Address {
        host: name.clone(),
        ..Address::default()
    };
    let family = statement.row.module.family;
    let added = add::create(reading, statement, &address, word.span());
    let scope = reading.opened;
    let upstreams = upstreams(reading, family);
    let index = upstreams.all.len();
    upstreams.all.push(Upstream {
        name: name.clone(),
        scope,
        statement,
        servers: Vec::new(),
        method: Method::default(),
        methods: Vec::new(),
        keepalive: None,
        sticky: None,
        zone: None,
        references: Vec::new(),
    });
    if added {
        upstreams.by_name.insert(name.to_ascii_lowercase(), index);
        reading.state.upstreams.of(family).block(&address, index);
    }
}

/// `ngx_http_upstream`, `ngx_stream_upstream`: the end.
pub(super) fn close<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(block) = statement.directive.block() else {
        return;
    };
    let family = statement.row.module.family;
    let Some(upstream) = upstreams(reading, family).all.last_mut() else {
        return;
    };
    upstream.servers.shrink_to_fit();
    upstream.methods.shrink_to_fit();
    let scope = upstream.scope;
    if reading.state.upstreams.block(scope).servers > 0 || reading.model.incomplete.contains(&scope)
    {
        return;
    }
    let Some(close) = block.close() else { return };
    let name = printed(
        &statement
            .arg(0)
            .map(|word| word.value())
            .unwrap_or_default(),
    )
    .into_owned();
    let mut finding = refusal(
        statement,
        "upstream-empty",
        statement.head(),
        format!("the upstream `{name}` has no server"),
        "no servers are inside upstream",
    )
    .help("Write a `server` with its address into it, or remove the upstream");
    if let Some(nginx) = &mut finding.nginx {
        nginx.at = Some(close);
    }
    reading.say(finding);
}
