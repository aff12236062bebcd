//! Who may come in: networks and passwords.

use super::Checks;
use super::place::{Place, Scope};
use super::text::{self, shown};
use crate::finding::Finding;
use crate::topology::address::{Network, NetworkProblem};
use crate::topology::document::Step::{Index, Key};
use crate::topology::model::{BasicAuth, Route, Satisfy};
use std::collections::HashMap;

/// Checks the lists and the password file of a route, or of `defaults` for routes.
pub(super) fn check_values(cx: &mut Checks<'_>, route: &Route, scope: &Scope<'_>) {
    let allowed = check_allow(cx, route.allow.as_deref(), scope);
    let denied = check_networks(cx, "deny", route.deny.as_deref(), scope);
    refuse_closed(cx, &denied, scope);
    refuse_dead_rules(cx, &allowed, &denied, scope);
    if let Some(auth) = &route.basic_auth {
        check_basic_auth(cx, auth, scope);
    }
}

/// A list of networks that may come in.
pub(super) fn check_allow(
    cx: &mut Checks<'_>,
    allow: Option<&[String]>,
    scope: &Scope<'_>,
) -> Vec<(usize, Network)> {
    let networks = check_networks(cx, "allow", allow, scope);
    if allow.is_some_and(<[String]>::is_empty) {
        cx.report(
            Finding::error(
                "topology-empty-allow",
                scope.at(&[Key("allow")]).span(),
                "`allow` lists nobody",
            )
            .label("nobody, or everybody?")
            .help("List the networks that may come in, or remove `allow` for everybody"),
        );
    }
    if let Some((index, network)) = networks.iter().find(|(_, network)| network.is_everybody()) {
        let keys = [Key("allow"), Index(*index)];
        cx.report(
            Finding::error(
                "topology-allow-everybody",
                scope.at(&keys).span(),
                format!("`{network}` lets everybody in, whatever else is listed"),
            )
            .label("everybody")
            .help("Remove `allow`, or list the networks that are meant"),
        );
    }
    networks
}

/// Checks a list of networks; those that are right, with their place in the list.
pub(super) fn check_networks(
    cx: &mut Checks<'_>,
    key: &'static str,
    list: Option<&[String]>,
    scope: &Scope<'_>,
) -> Vec<(usize, Network)> {
    let mut networks = Vec::new();
    let mut first: HashMap<Network, usize> = HashMap::new();
    for (index, text) in list.into_iter().flatten().enumerate() {
        let keys = [Key(key), Index(index)];
        let Some(network) = check_network(cx, text, scope.at(&keys)) else {
            continue;
        };
        let earlier = *first.entry(network).or_insert(index);
        if earlier == index {
            networks.push((index, network));
            continue;
        }
        cx.report(
            Finding::error(
                "topology-duplicate-network",
                scope.at(&keys).span(),
                format!("`{}` is listed twice", shown(text)),
            )
            .label("again")
            .related(scope.at(&[Key(key), Index(earlier)]).span(), "first here")
            .help("Remove one of the two"),
        );
    }
    networks
}

/// Checks one network.
pub(super) fn check_network(cx: &mut Checks<'_>, text: &str, place: Place<'_>) -> Option<Network> {
    if !text::literal(cx, text, place) {
        return None;
    }
    let (message, label, help) = match Network::parse(text) {
        Ok(network) => return Some(network),
        Err(NetworkProblem::HostBits(meant)) => (
            format!("`{}` has bits behind its prefix", shown(text)),
            "an address, or a network?",
            format!(
                "Write `{meant}` for the network, or `{}` for the address; nginx warns that `low \
                 address bits of {} are meaningless`",
                text.split('/').next().unwrap_or(text),
                shown(text)
            ),
        ),
        Err(NetworkProblem::Form) => (
            format!("`{}` is no network", shown(text)),
            "not a network",
            "Write an address or a network, such as `10.1.2.3` or `10.0.0.0/8`; names are not \
             looked up, and nginx says `invalid parameter`"
                .to_owned(),
        ),
    };
    cx.report(
        Finding::error("topology-network", place.span(), message)
            .label(label)
            .help(help),
    );
    None
}

fn refuse_closed(cx: &mut Checks<'_>, denied: &[(usize, Network)], scope: &Scope<'_>) {
    let Some((index, network)) = denied.iter().find(|(_, network)| *network == Network::All) else {
        return;
    };
    let keys = [Key("deny"), Index(*index)];
    cx.report(
        Finding::error(
            "topology-deny-everybody",
            scope.at(&keys).span(),
            format!("`deny: {network}` comes first and refuses everybody"),
        )
        .label("everybody")
        .help("Remove it: with `allow`, everybody who is not listed is refused anyway"),
    );
}

/// What is denied stays denied: `deny` is written before `allow`, and the first rule that
/// fits decides.
fn refuse_dead_rules(
    cx: &mut Checks<'_>,
    allowed: &[(usize, Network)],
    denied: &[(usize, Network)],
    scope: &Scope<'_>,
) {
    for (allow_index, allow) in allowed {
        let covering = denied
            .iter()
            .find(|(_, deny)| *deny != Network::All && deny.contains(*allow));
        let Some((deny_index, deny)) = covering else {
            continue;
        };
        cx.report(
            Finding::error(
                "topology-dead-allow",
                scope.at(&[Key("allow"), Index(*allow_index)]).span(),
                format!("`{allow}` is allowed, and denied as a part of `{deny}`"),
            )
            .label("never gets in")
            .related(
                scope.at(&[Key("deny"), Index(*deny_index)]).span(),
                "decides first",
            )
            .help("Remove one of the two, or deny smaller networks"),
        );
    }
}

fn check_basic_auth(cx: &mut Checks<'_>, auth: &BasicAuth, scope: &Scope<'_>) {
    let keys = [Key("basic_auth"), Key("file")];
    text::path(cx, &auth.file, scope.at(&keys));
    let Some(realm) = &auth.realm else { return };
    let keys = [Key("basic_auth"), Key("realm")];
    let place = scope.at(&keys);
    if !text::literal(cx, realm, place) {
        return;
    }
    let problem = if realm == "off" {
        Some((
            "a realm called `off` turns the password off",
            "means no password",
            "Write what the browser is to show, such as `Staff only`",
        ))
    } else if realm.contains(['"', '\\']) {
        Some((
            "the realm holds a quote or a backslash, which nginx sends as it is",
            "breaks the header",
            "Write it without `\"` and `\\`",
        ))
    } else {
        None
    };
    if let Some((message, label, help)) = problem {
        cx.report(
            Finding::error("topology-realm", place.span(), message)
                .label(label)
                .help(help),
        );
    }
}

/// Checks what a route says together with `defaults`.
pub(super) fn check_route(cx: &mut Checks<'_>, route: &Route, scope: &Scope<'_>) {
    if route.satisfy != Some(Satisfy::Any) || !scope.says(&[Key("satisfy")]) {
        return;
    }
    let networks = route.allow.is_some() || route.deny.is_some();
    let missing = match (networks, route.basic_auth.is_some()) {
        (true, true) => return,
        (true, false) => "a password (`basic_auth`)",
        (false, true) => "networks (`allow`)",
        (false, false) => "neither networks (`allow`) nor a password (`basic_auth`)",
    };
    let message = if networks || route.basic_auth.is_some() {
        format!("`satisfy: any` has one condition, and lacks {missing}")
    } else {
        format!("`satisfy: any` has no condition: {missing}")
    };
    cx.report(
        Finding::error(
            "topology-satisfy",
            scope.at(&[Key("satisfy")]).span(),
            message,
        )
        .label("any of what?")
        .help("Add the other condition, or remove `satisfy`"),
    );
}
