//! The ids of everything that the meaning of a topology can be reported for.

/// Each id with a line that says what it is about, in the order of the alphabet.
pub const RULES: &[(&str, &str)] = &[
    (
        "topology-acme-wildcard",
        "an http-01 challenge for a wildcard",
    ),
    (
        "topology-acme-without-listen",
        "http-01 challenges without a plain socket",
    ),
    (
        "topology-address-header",
        "a header that holds no client address",
    ),
    (
        "topology-all-down",
        "a pool or stream without a node that takes requests",
    ),
    (
        "topology-allow-everybody",
        "an `allow` list that lets everybody in",
    ),
    (
        "topology-backup-with-method",
        "backup nodes under a method that has no use for them",
    ),
    (
        "topology-balance-choice",
        "no balancing method, two, or a parameter of another one",
    ),
    (
        "topology-buffered-stream",
        "`buffering` on a route that passes on each piece",
    ),
    ("topology-buffers", "buffers that nginx refuses"),
    (
        "topology-constant-hash",
        "a hash over a text without variables",
    ),
    ("topology-cookie-name", "a cookie that nginx cannot look up"),
    (
        "topology-cookie-scope",
        "a path or domain of a cookie that browsers refuse",
    ),
    ("topology-cookie-taken", "one cookie of two pools"),
    (
        "topology-dead-allow",
        "an allowed network that is denied first",
    ),
    (
        "topology-deny-everybody",
        "a `deny` list that refuses everybody",
    ),
    ("topology-dollar", "a `$` where nothing is a variable"),
    ("topology-domain", "a domain that is no host name"),
    (
        "topology-domain-idna",
        "a domain that is not written as browsers send it",
    ),
    ("topology-domain-wildcard", "a misplaced `*`"),
    (
        "topology-down-page",
        "a page for dead nodes that is no file",
    ),
    ("topology-drain-version", "`drain` on a release without it"),
    (
        "topology-drain-without-sticky",
        "`drain` in a pool that nothing sticks to",
    ),
    ("topology-duplicate-domain", "a domain twice on one socket"),
    ("topology-duplicate-header", "a header twice"),
    ("topology-duplicate-item", "an item twice in a list"),
    ("topology-duplicate-listen", "a socket twice in a site"),
    ("topology-duplicate-location", "two things at one prefix"),
    ("topology-duplicate-network", "a network twice in a list"),
    ("topology-duplicate-node", "a node twice"),
    ("topology-duplicate-node-route", "two nodes of one name"),
    ("topology-empty-allow", "an `allow` list of nobody"),
    ("topology-empty-site", "a site that answers nothing"),
    ("topology-empty-text", "an empty value"),
    (
        "topology-events-path",
        "a path of server-sent events that wait in a buffer",
    ),
    (
        "topology-exposed-stream",
        "a stream that everybody can connect to",
    ),
    (
        "topology-failover-off",
        "`off` beside other failures, or no failure at all",
    ),
    (
        "topology-failover-repeats",
        "a failure after which work may be done twice",
    ),
    (
        "topology-failover-uwsgi",
        "a failure that the uwsgi protocol does not know",
    ),
    ("topology-file-url", "a URL of files that is no prefix"),
    ("topology-hash-weight", "weights that fill the memory"),
    ("topology-header-name", "a header that cannot be sent"),
    (
        "topology-health-path",
        "a health check that cannot be asked",
    ),
    ("topology-hidden-character", "an invisible character"),
    ("topology-hsts", "HSTS without a duration"),
    (
        "topology-hsts-missing",
        "a site of files that does not keep browsers with HTTPS",
    ),
    ("topology-hsts-preload", "HSTS that browsers do not preload"),
    (
        "topology-http2-of-socket",
        "different `http2` on one socket",
    ),
    (
        "topology-insecure-cookie",
        "a cookie that browsers refuse without `secure`",
    ),
    (
        "topology-ip-hash-behind-proxy",
        "a hash of addresses that are all the same",
    ),
    ("topology-ipv6-brackets", "an IPv6 address without brackets"),
    (
        "topology-keepalive-timeout",
        "idle connections that the node closes first",
    ),
    (
        "topology-keepalive-uwsgi",
        "idle connections over the uwsgi protocol",
    ),
    (
        "topology-keepalive-version",
        "a part of `keepalive` on a release without it",
    ),
    (
        "topology-late-failover",
        "a search for another node that is over too early",
    ),
    (
        "topology-least-time-mode",
        "a time that is not measured there",
    ),
    (
        "topology-least-time-version",
        "`least_time` on a release without it",
    ),
    ("topology-listen", "a socket that nginx cannot listen on"),
    (
        "topology-listen-plain-and-tls",
        "plain HTTP and TLS on one socket",
    ),
    ("topology-listen-spelling", "one socket in two spellings"),
    ("topology-localhost", "`localhost` as a node"),
    ("topology-log-exclude", "a path that no request has"),
    (
        "topology-long-text",
        "a value that is longer than nginx reads",
    ),
    (
        "topology-missing-module",
        "a feature whose module is not declared",
    ),
    ("topology-missing-port", "a node without a port"),
    (
        "topology-missing-resolver",
        "`resolve` without a name server",
    ),
    (
        "topology-modern-openssl",
        "TLS 1.3 alone with an OpenSSL that lacks it",
    ),
    ("topology-module-file", "a file that is no module"),
    ("topology-name", "a name that a configuration cannot carry"),
    ("topology-name-clash", "names that differ in case alone"),
    (
        "topology-network",
        "a network that nginx refuses or warns of",
    ),
    ("topology-no-domains", "a site without domains"),
    ("topology-no-nodes", "a pool or stream without nodes"),
    ("topology-node-address", "a node that is no address"),
    (
        "topology-node-route",
        "a name of a node that no cookie can carry",
    ),
    ("topology-node-url", "a URL as a node"),
    ("topology-nothing-served", "neither sites nor streams"),
    ("topology-number", "a number out of its range"),
    ("topology-only-backups", "backup nodes alone"),
    ("topology-openssl-version", "an unknown OpenSSL"),
    ("topology-owned-header", "a header that is set elsewhere"),
    (
        "topology-plain-site",
        "a site without TLS beside one with it",
    ),
    ("topology-port", "a port that does not exist"),
    (
        "topology-profile-of-socket",
        "different TLS profiles on one socket",
    ),
    ("topology-proxy-loop", "nginx as its own node"),
    (
        "topology-public-protected-media",
        "protected files in a folder that is served",
    ),
    ("topology-rate", "a rate that nginx refuses"),
    ("topology-rate-methods", "a method that no request has"),
    ("topology-realm", "a realm that breaks the password"),
    (
        "topology-redirect-without-listen",
        "a redirect without a plain socket",
    ),
    ("topology-relative-path", "a path that is not absolute"),
    ("topology-resolve-address", "`resolve` on an address"),
    (
        "topology-resolve-version",
        "`resolve` on a release without it",
    ),
    (
        "topology-resolver-address",
        "a name server that is no address",
    ),
    (
        "topology-root-exposes",
        "a folder that holds far more than the files",
    ),
    ("topology-route-prefix", "a prefix that no request has"),
    ("topology-satisfy", "`satisfy: any` without two conditions"),
    (
        "topology-secure-cookie-over-http",
        "a secure cookie on a site without TLS",
    ),
    (
        "topology-server-protocol",
        "a protocol that the server does not speak",
    ),
    ("topology-service", "`service` where it cannot be looked up"),
    (
        "topology-several-writers",
        "a database with several primaries",
    ),
    (
        "topology-single-node-failures",
        "failures counted on the only node",
    ),
    ("topology-size", "a size that nginx refuses"),
    (
        "topology-socket-path",
        "a unix socket that nginx cannot connect to",
    ),
    (
        "topology-socket-taken",
        "a port of a stream that something else has",
    ),
    ("topology-sticky-and-balance", "two balancing methods"),
    (
        "topology-sticky-choice",
        "no way to recognise a session, or two",
    ),
    (
        "topology-sticky-django-cookie",
        "a cookie of Django's as nginx's own",
    ),
    (
        "topology-sticky-parameter",
        "a parameter of another mode of `sticky`",
    ),
    ("topology-sticky-route", "a text that is not one variable"),
    ("topology-sticky-single-node", "`sticky` with one node"),
    (
        "topology-sticky-version",
        "`sticky` on a release without it",
    ),
    (
        "topology-stream-balance",
        "a balancing method that streams lack",
    ),
    (
        "topology-stream-node",
        "a key of sticky sessions in a stream",
    ),
    (
        "topology-streaming-on-wsgi",
        "long responses from a server with few workers",
    ),
    ("topology-strip-prefix", "a prefix that cannot be stripped"),
    ("topology-time", "a duration that nginx refuses"),
    ("topology-timeouts-key", "a timeout that is not one here"),
    ("topology-tls-files", "TLS without certificate or key"),
    ("topology-trusts-everybody", "everybody as a trusted proxy"),
    ("topology-trusts-nobody", "no trusted proxy"),
    ("topology-two-protocols", "one node with two protocols"),
    (
        "topology-two-sources-of-address",
        "a header beside the PROXY protocol",
    ),
    ("topology-unknown-module", "an unknown module"),
    (
        "topology-unknown-pool",
        "a route to a pool that does not exist",
    ),
    (
        "topology-unknown-variable",
        "a variable that nginx does not have",
    ),
    ("topology-unknown-version", "an unknown nginx"),
    (
        "topology-unused-node-route",
        "a name of a node that nothing reads",
    ),
    ("topology-unused-pool", "a pool without a route"),
    ("topology-user", "a user that cannot exist"),
    ("topology-variable-syntax", "a `$` that begins no variable"),
    (
        "topology-variable-version",
        "a variable on a release without it",
    ),
    ("topology-websocket-on-wsgi", "WebSockets to a WSGI server"),
    (
        "topology-websocket-path",
        "a path of WebSockets that cannot be opened",
    ),
    ("topology-workers", "impossible workers"),
    ("topology-zero-body-limit", "a limit of 0, which means none"),
    ("topology-zero-time", "a duration of zero"),
    (
        "topology-zone-size",
        "a shared memory zone of an impossible size",
    ),
];

#[cfg(test)]
mod tests {
    use super::RULES;

    #[test]
    fn ids_are_sorted_and_unique() {
        assert!(RULES.is_sorted_by(|a, b| a.0 < b.0));
        for (id, about) in RULES {
            assert!(id.starts_with("topology-"), "{id}");
            assert!(!about.is_empty() && !about.ends_with('.'), "{id}");
        }
    }
}
