//! A configuration as a tree: servers, their locations, what handles them, upstreams.

use crate::directives::PASSES;
use crate::model::http::{LocationId, LocationKind, ServerId};
use crate::model::{Model, ScopeId};
use crate::source::Span;

/// A part of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// As it is written, or what it stands for.
    pub text: String,
    /// Where it is.
    pub span: Span,
    /// What is in it.
    pub children: Vec<Node>,
}

/// Kinds of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// A `server`.
    Server,
    /// A `location`.
    Location,
    /// What handles requests.
    Handler,
    /// An `upstream`.
    Upstream,
    /// A node of an upstream.
    Node,
}

/// Directives that handle requests, beside those that hand them on, as far as they say who does.
const HANDLERS: &[&str] = &["return", "stub_status", "try_files", "alias", "root"];

/// The tree of `http`.
#[must_use]
pub fn tree(model: &Model<'_>) -> Vec<Node> {
    let http = &model.http;
    (0..http.servers.len())
        .map(|index| server(model, ServerId(index as u32)))
        .collect()
}

fn server(model: &Model<'_>, id: ServerId) -> Node {
    let http = &model.http;
    let server = http.server(id);
    let names: Vec<_> = server
        .names
        .iter()
        .map(|name| {
            let shown = String::from_utf8_lossy(&name.name).into_owned();
            if name.regex.is_some() {
                format!("~{shown}")
            } else {
                shown
            }
        })
        .collect();
    let sockets: Vec<_> = http
        .sockets
        .of(id)
        .map(|socket| {
            let default = if socket.default_server == id {
                " default"
            } else {
                ""
            };
            format!("{}{default}", socket.text)
        })
        .collect();
    let names = if names.is_empty() {
        "no name".to_owned()
    } else {
        names.join(" ")
    };
    let mut children = handlers(model, server.scope);
    children.extend(
        server
            .locations
            .iter()
            .filter_map(|id| location(model, *id)),
    );
    Node {
        kind: NodeKind::Server,
        text: format!("{names} on {}", sockets.join(", ")),
        span: server.statement.head(),
        children,
    }
}

/// Locations are inside each other only as deep as blocks are looked into.
fn location(model: &Model<'_>, id: LocationId) -> Option<Node> {
    let location = model.http.location(id);
    if matches!(location.kind, LocationKind::If | LocationKind::LimitExcept) {
        return None;
    }
    let words = location.statement.directive.words();
    let words: Vec<_> = words.map(|word| word.to_str().into_owned()).collect();
    let mut children = handlers(model, location.scope);
    let inside = location.locations.iter();
    children.extend(inside.filter_map(|id| self::location(model, *id)));
    Some(Node {
        kind: NodeKind::Location,
        text: words.join(" "),
        span: location.statement.head(),
        children,
    })
}

fn handlers(model: &Model<'_>, scope: ScopeId) -> Vec<Node> {
    let statements = model.scope(scope).statements();
    let handlers = statements.filter(|statement| {
        let name = statement.name();
        HANDLERS.contains(&name) || PASSES.contains(&name)
    });
    handlers
        .map(|statement| {
            let words = statement.directive.words();
            let words: Vec<_> = words.map(|word| word.to_str().into_owned()).collect();
            let upstreams = &model.http.upstreams;
            let same = |reference: &&crate::model::upstream::Reference<'_>| {
                reference.statement.head() == statement.head()
            };
            let reference = upstreams.references.iter().find(same);
            let upstream = reference.and_then(|reference| upstreams.of(reference));
            let children = upstream.map(|upstream| Node {
                kind: NodeKind::Upstream,
                text: format!("upstream {}", String::from_utf8_lossy(&upstream.name)),
                span: upstream.statement.head(),
                children: upstream
                    .servers
                    .iter()
                    .map(|peer| {
                        let words = peer.statement.args().map(|word| word.to_str().into_owned());
                        Node {
                            kind: NodeKind::Node,
                            text: words.collect::<Vec<_>>().join(" "),
                            span: peer.statement.head(),
                            children: Vec::new(),
                        }
                    })
                    .collect(),
            });
            Node {
                kind: NodeKind::Handler,
                text: words.join(" "),
                span: statement.head(),
                children: children.into_iter().collect(),
            }
        })
        .collect()
}
