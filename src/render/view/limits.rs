//! Rate limits: zones for the `http` block, limits for locations.

use super::names;
use crate::render::arg::Arg;
use crate::topology::model::{Flex, RateLimit, Route, Site};
use serde::Serialize;
use std::collections::BTreeMap;

/// A `limit_req_zone`.
#[derive(Debug, Clone, Serialize)]
pub struct RateZone {
    /// The key.
    pub key: Arg,
    /// Methods that count, when not all do; the key is then a map's variable.
    pub methods: Vec<Arg>,
    /// `zone=NAME:SIZE`.
    pub zone: Arg,
    /// `rate=RATE`.
    pub rate: Arg,
}

/// A rate limit.
#[derive(Debug, Clone, Serialize)]
pub struct Limit {
    /// `limit_req`, its arguments.
    pub args: Vec<Arg>,
    /// `limit_req_status`.
    pub status: Arg,
    /// Whether it only logs.
    pub dry_run: bool,
}

/// The routes of a site that have a rate limit, each with its number.
fn limited(site: &Site) -> impl Iterator<Item = (usize, &str, &RateLimit)> {
    site.routes
        .iter()
        .filter_map(|(path, route): (&String, &Flex<Route>)| {
            route
                .rate_limit
                .as_ref()
                .map(|limit| (path.as_str(), &limit.0))
        })
        .enumerate()
        .map(|(index, (path, limit))| (index + 1, path, limit))
}

pub(super) fn rate_zones(name: &str, site: &Site) -> Vec<RateZone> {
    limited(site)
        .map(|(number, _, limit)| {
            let methods: Vec<Arg> = limit
                .methods
                .iter()
                .flatten()
                .map(|method| method.as_str().into())
                .collect();
            RateZone {
                key: Arg::expression(if methods.is_empty() {
                    "$binary_remote_addr".to_owned()
                } else {
                    names::limit_key(name, number)
                }),
                methods,
                zone: format!(
                    "zone={}:{}",
                    names::limit_zone(name, number),
                    limit.zone.as_ref().map_or("10m", |size| &size.0)
                )
                .into(),
                rate: format!("rate={}", limit.rate).into(),
            }
        })
        .collect()
}

/// The limits of a site's locations, by path.
pub(super) fn limits<'a>(name: &str, site: &'a Site) -> BTreeMap<&'a str, Limit> {
    limited(site)
        .map(|(number, path, limit)| {
            let mut args: Vec<Arg> =
                vec![format!("zone={}", names::limit_zone(name, number)).into()];
            if let Some(burst) = limit.burst.filter(|&burst| burst > 0) {
                args.push(format!("burst={burst}").into());
                args.push("nodelay".into());
            }
            let view = Limit {
                args,
                status: limit.status.unwrap_or(429).to_string().into(),
                dry_run: limit.dry_run == Some(true),
            };
            (path, view)
        })
        .collect()
}
