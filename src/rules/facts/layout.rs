//! Django by what stands beside it: projects hand out the same two folders.

use super::{Evidence, Matcher, Pass, Protocol, location_of};
use crate::directives::Context;
use crate::model::{Model, ScopeId};
use crate::rules::places::trim_slashes;
use foldhash::{HashMap, HashSet};

/// Names that projects give to what `collectstatic` fills (`STATIC_ROOT`).
const COLLECTED: &[&[u8]] = &[
    b"staticfiles",
    b"static_root",
    b"staticroot",
    b"static_files",
    b"static-files",
    b"collectstatic",
    b"collected_static",
    b"collectedstatic",
    b"static_collected",
];

/// Ports on which something else listens: web servers, development servers of JavaScript,
/// stores.
const OTHERS: &[u16] = &[80, 443, 3000, 3001, 4200, 5173, 5601, 6379, 9000, 9200];

/// Takes for Django what answers `/` over HTTP in a server that hands out files for `/static/` and
/// for `/media/`, or such as `collectstatic` writes; and every other place of that server that
/// goes to the same backend.
pub(super) fn infer(model: &Model<'_>, passes: &mut [Pass<'_>]) {
    let mut servers: HashMap<ScopeId, bool> = HashMap::default();
    let mut backends: HashSet<(ScopeId, Vec<u8>, Option<u16>)> = HashSet::default();
    let backend = |pass: &Pass<'_>| {
        let to = pass.to.as_ref().filter(|_| is_http(pass))?;
        Some((pass.server?, to.name.to_ascii_lowercase(), to.port))
    };
    for pass in passes.iter() {
        let open = pass.django == Evidence::None && answers_all(model, pass);
        let Some(backend) = backend(pass).filter(|_| open) else {
            continue;
        };
        let other = pass.to.as_ref().and_then(|to| to.port);
        if other.is_some_and(|port| OTHERS.contains(&port)) {
            continue;
        }
        let server = backend.0;
        if *{ servers.entry(server) }.or_insert_with(|| has_folders(model, server)) {
            backends.insert(backend);
        }
    }
    if backends.is_empty() {
        return;
    }
    for pass in passes.iter_mut() {
        if pass.django == Evidence::None && backend(pass).is_some_and(|to| backends.contains(&to)) {
            pass.django = Evidence::Likely;
        }
    }
}

fn is_http(pass: &Pass<'_>) -> bool {
    matches!(pass.protocol, Protocol::Http | Protocol::Https)
}

/// Whether a place takes what no other location does: `/`, or a named one behind `try_files`.
fn answers_all(model: &Model<'_>, pass: &Pass<'_>) -> bool {
    let location = super::location_around(model, pass.statement.scope).and_then(location_of);
    location.is_some_and(|(matcher, path)| match matcher {
        Matcher::Prefix | Matcher::PrefixNoRegex => *path == *b"/",
        Matcher::Named => true,
        Matcher::Exact | Matcher::Regex => false,
    })
}

/// Whether a server hands out the folders of a Django project.
fn has_folders(model: &Model<'_>, server: ScopeId) -> bool {
    let (mut of_static, mut of_uploads) = (false, false);
    for id in model.within(server) {
        let scope = model.scope(id);
        if scope.context != Context::Location {
            continue;
        }
        let Some((matcher, path)) = scope.opener.and_then(location_of) else {
            continue;
        };
        let folder = scope.last("alias").or_else(|| scope.last("root"));
        let Some(folder) = folder.and_then(|folder| folder.arg(0)) else {
            continue;
        };
        let folder = folder.value();
        let mut parts = folder.split(|byte| *byte == b'/');
        if parts.any(|part| COLLECTED.contains(&part)) {
            return true;
        }
        if matches!(matcher, Matcher::Prefix | Matcher::PrefixNoRegex) {
            of_static |= trim_slashes(&path) == b"/static";
            of_uploads |= trim_slashes(&path) == b"/media";
        }
    }
    of_static && of_uploads
}
