//! Names that the configuration gives to variables and memory zones. All begin with
//! `djanginx_`, so that none meets a name of the user's own files.

/// The scheme that the client used, when a trusted proxy may tell it.
pub(super) const SCHEME: &str = "$djanginx_scheme";
/// `on` when that scheme is https (the `HTTPS` parameter of uwsgi).
pub(super) const HTTPS: &str = "$djanginx_https";
/// The host with the port that the client wrote.
pub(super) const HOST: &str = "$djanginx_host";
/// The `Connection` header for requests that may become WebSockets.
pub(super) const CONNECTION: &str = "$djanginx_connection";
/// The request id, when one that comes with the request may be kept.
pub(super) const REQUEST_ID: &str = "$djanginx_request_id";
/// Whether a request is logged.
pub(super) const LOGGED: &str = "$djanginx_logged";
/// `Cache-Control` of static files with hashed names.
pub(super) const STATIC_CACHE: &str = "$djanginx_static_cache";

/// The memory zone of a pool.
pub(super) fn pool_zone(pool: &str) -> String {
    format!("djanginx_http_{pool}")
}

/// The memory zone of a stream.
pub(super) fn stream_zone(stream: &str) -> String {
    format!("djanginx_stream_{stream}")
}

/// The memory zone of `sticky learn`.
pub(super) fn session_zone(pool: &str) -> String {
    format!("djanginx_sessions_{pool}")
}

/// The zone of a rate limit: the `number`th of a site.
pub(super) fn limit_zone(site: &str, number: usize) -> String {
    format!("djanginx_limit_{site}_{number}")
}

/// The key of a rate limit that counts only some methods. Variables have no `-`.
pub(super) fn limit_key(site: &str, number: usize) -> String {
    format!("$djanginx_limit_{}_{number}", variable_part(site))
}

/// `Strict-Transport-Security` of a site that also answers plain HTTP.
pub(super) fn hsts(site: &str) -> String {
    format!("$djanginx_hsts_{}", variable_part(site))
}

/// The key that keeps a session on its node of a pool, where nginx has no `sticky`.
pub(super) fn sticky_key(pool: &str) -> String {
    format!("$djanginx_sticky_{}", variable_part(pool))
}

/// The `Set-Cookie` that gives a new session its key; empty for one that has it.
pub(super) fn sticky_cookie(pool: &str) -> String {
    format!("$djanginx_set_sticky_{}", variable_part(pool))
}

/// A site's name as a part of a variable's. `_` is doubled first, so that `a-b` and `a_b`
/// stay two names.
fn variable_part(name: &str) -> String {
    name.replace('_', "__").replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_variables_stay_apart() {
        assert_ne!(hsts("a-b"), hsts("a_b"));
        assert_ne!(limit_key("a", 1), limit_key("a-1", 1));
    }
}
