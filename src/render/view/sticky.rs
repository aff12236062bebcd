//! Sessions that are kept on their nodes: nginx's `sticky`, and what stands in for it on
//! releases that have none.

use super::names;
use super::upstream::is_alone;
use crate::render::arg::Arg;
use crate::topology::model::{Pool, SameSite, Sticky, Topology};
use crate::topology::settle::Stickiness;
use crate::topology::units::Time;
use crate::version::Target;
use serde::Serialize;
use std::fmt::Write as _;

/// The arguments of `sticky`.
pub(super) fn args(topology: &Topology, pool_name: &str, pool: &Pool) -> Option<Vec<Arg>> {
    let sticky = pool.sticky.as_ref()?;
    match sticky.mode()? {
        Stickiness::None | Stickiness::Ip => None,
        Stickiness::Cookie(cookie) => {
            let scope = cookie_scope(topology, pool_name, sticky);
            let mut args: Vec<Arg> = vec!["cookie".into(), cookie.into()];
            let mut add = |text: String| args.push(text.into());
            if let Some(expires) = &sticky.expires {
                add(format!("expires={expires}"));
            }
            if let Some(domain) = scope.domain {
                add(format!("domain={domain}"));
            }
            if scope.httponly {
                add("httponly".to_owned());
            }
            if scope.secure {
                add("secure".to_owned());
            }
            add(format!("samesite={}", scope.samesite.as_str()));
            add(format!("path={}", scope.path));
            Some(args)
        }
        Stickiness::Route(variables) => {
            let variables = variables.iter().map(|v| Arg::expression(v.as_str()));
            Some(std::iter::once("route".into()).chain(variables).collect())
        }
        Stickiness::Learn(cookie) => Some(vec![
            "learn".into(),
            Arg::expression(format!("create=$upstream_cookie_{cookie}")),
            Arg::expression(format!("lookup=$cookie_{cookie}")),
            format!(
                "zone={}:{}",
                names::session_zone(pool_name),
                sticky.zone.as_ref().map_or("1m", |size| &size.0)
            )
            .into(),
            format!(
                "timeout={}",
                sticky.timeout.as_ref().map_or("1h", |time| &time.0)
            )
            .into(),
            "header".into(),
        ]),
    }
}

/// Where a sticky cookie is sent.
struct CookieScope<'a> {
    path: &'a str,
    domain: Option<&'a str>,
    secure: bool,
    httponly: bool,
    samesite: SameSite,
}

fn cookie_scope<'a>(topology: &Topology, pool: &str, sticky: &'a Sticky) -> CookieScope<'a> {
    CookieScope {
        path: sticky.path.as_deref().unwrap_or("/"),
        domain: sticky.domain.as_deref(),
        secure: sticky
            .secure
            .unwrap_or_else(|| topology.only_over_tls(pool)),
        httponly: sticky.httponly.unwrap_or(true),
        samesite: sticky.samesite.unwrap_or(SameSite::Lax),
    }
}

/// Stands in for `sticky cookie` where nginx has none: two maps, and a hash of the first.
///
/// A client without the cookie gets the id of its first request as one. The hash takes that
/// id already for this request, so that the session never moves, not even at its beginning.
#[derive(Debug, Clone, Serialize)]
pub struct StickyMaps {
    /// The cookie as it comes in.
    pub cookie: Arg,
    /// The variable with the key.
    pub key: Arg,
    /// The variable with the `Set-Cookie`.
    pub set: Arg,
    /// The value of `Set-Cookie` for a client without the cookie.
    pub value: Arg,
}

/// The maps of every pool that needs them.
pub(super) fn maps(topology: &Topology, target: Target) -> Vec<StickyMaps> {
    let pools = topology.pools.iter();
    pools
        .filter_map(|(name, pool)| maps_of(topology, name, pool, target))
        .collect()
}

fn maps_of(topology: &Topology, name: &str, pool: &Pool, target: Target) -> Option<StickyMaps> {
    let cookie = replaced_cookie(pool, target)?;
    let sticky = &pool.sticky.as_ref()?.0;
    let scope = cookie_scope(topology, name, sticky);
    let mut value = format!("{cookie}=$request_id; Path={}", scope.path);
    if let Some(seconds) = sticky.expires.as_ref().and_then(Time::seconds) {
        let _ = write!(value, "; Max-Age={seconds}");
    }
    if let Some(domain) = scope.domain {
        let _ = write!(value, "; Domain={domain}");
    }
    if scope.httponly {
        value.push_str("; HttpOnly");
    }
    if scope.secure {
        value.push_str("; Secure");
    }
    value.push_str(match scope.samesite {
        SameSite::Strict => "; SameSite=Strict",
        SameSite::Lax => "; SameSite=Lax",
        SameSite::None => "; SameSite=None",
    });
    Some(StickyMaps {
        cookie: Arg::expression(format!("$cookie_{cookie}")),
        key: Arg::expression(names::sticky_key(name)),
        set: Arg::expression(names::sticky_cookie(name)),
        value: Arg::expression(value),
    })
}

/// The cookie of `sticky cookie` that is replaced by a hash.
pub(super) fn replaced_cookie(pool: &Pool, target: Target) -> Option<&str> {
    match pool.stickiness()? {
        Stickiness::Cookie(cookie) if pool.falls_back(target) && !is_alone(&pool.nodes) => {
            Some(cookie)
        }
        _ => None,
    }
}
