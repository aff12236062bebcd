//! Which peers may tell the client's address and scheme.

use super::Checks;
use super::access;
use super::headers;
use super::place::Scope;
use super::text;
use crate::finding::Finding;
use crate::topology::document::Step::{Index, Key};

/// Checks `trusted_proxies`.
pub(super) fn check(cx: &mut Checks<'_>) {
    let (topology, document) = (cx.topology, cx.document);
    let Some(proxies) = &topology.trusted_proxies else {
        return;
    };
    let scope = Scope::new(document, &[Key("trusted_proxies")]);
    let networks = access::check_networks(cx, "networks", Some(&proxies.networks), &scope);
    for (index, network) in networks {
        if !network.is_everybody() {
            continue;
        }
        let keys = [Key("networks"), Index(index)];
        cx.report(
            Finding::error(
                "topology-trusts-everybody",
                scope.at(&keys).span(),
                format!("`{network}` lets every client say who it is"),
            )
            .label("everybody")
            .help("List the networks of your own proxies, such as `10.0.0.0/8`"),
        );
    }
    let over_protocol = proxies.proxy_protocol == Some(true);
    if proxies.networks.is_empty() && !over_protocol {
        cx.report(
            Finding::error(
                "topology-trusts-nobody",
                scope.at(&[Key("networks")]).span(),
                "`trusted_proxies` lists no proxy",
            )
            .label("whom?")
            .help(
                "List their `networks`, write `proxy_protocol: true`, or remove \
                   `trusted_proxies`",
            ),
        );
    }
    let Some(header) = &proxies.header else {
        return;
    };
    let keys = [Key("header")];
    let place = scope.at(&keys);
    if over_protocol {
        cx.report(
            Finding::error(
                "topology-two-sources-of-address",
                place.span(),
                "the client's address comes from the header or from the PROXY protocol",
            )
            .label("the header")
            .related(
                scope.at(&[Key("proxy_protocol")]).span(),
                "or the protocol?",
            )
            .help("Remove one of the two"),
        );
        return;
    }
    let folded = header.to_ascii_lowercase().replace('_', "-");
    let help = match folded.as_str() {
        "proxy-protocol" => "Remove it, and write `proxy_protocol: true`",
        "forwarded" => "Write `X-Forwarded-For`: nginx cannot read the form of `Forwarded`",
        "host" | "connection" | "cookie" | "x-forwarded-proto" | "x-forwarded-host" => {
            "Write the header that holds the address, such as `X-Forwarded-For`"
        }
        _ => {
            if text::literal(cx, header, place) {
                headers::check_name(cx, header, place.span());
            }
            return;
        }
    };
    cx.report(
        Finding::error(
            "topology-address-header",
            place.span(),
            format!("nginx finds no client address in `{}`", text::shown(header)),
        )
        .label("holds no address")
        .help(help),
    );
}
