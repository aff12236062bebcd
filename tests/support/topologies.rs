//! Random topologies that are right, in every feature that there is.
//!
//! A topology is decided by a tape of bytes: each byte is one choice, and where the tape
//! ends the plainest choice is taken. So proptest, which shortens the tape and lowers its
//! bytes, ends with the smallest topology that still fails.

#![allow(dead_code, reason = "each test target uses its own part")]

use djanginx::version::Target;
use serde_json::{Map, Value, json};

/// What a topology may count on.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// The nginx that it is for.
    pub(crate) version: String,
    /// The value of `nginx.modules`; none says nothing about modules.
    pub(crate) modules: Option<Value>,
    /// A folder for what nginx writes, with `site.pem` and `site.key` in it.
    pub(crate) folder: String,
    /// Whether nodes may have names that must be known when nginx starts.
    pub(crate) names: bool,
}

impl World {
    /// Whether the nginx has what came with a release, or with Plus before it.
    fn has(&self, minor: u16, patch: u16, plus: bool) -> bool {
        let target: Target = self.version.parse().expect("a version");
        target.at_least(1, minor, patch) || plus && target.is_plus()
    }

    fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }

    /// A folder for files; where nothing is started it may lie where it should not.
    fn files(&self, tape: &mut Tape<'_>, name: &str) -> String {
        let folders = ["", "/home/shop", "/home/anna", "/root/shop", "/vagrant"];
        match tape.below(2 * folders.len()) {
            place @ 1.. if self.names && place < folders.len() => {
                format!("{}/{name}", folders[place])
            }
            _ => self.file(name),
        }
    }
}

/// The choices, one after the other.
struct Tape<'a> {
    bytes: std::slice::Iter<'a, u8>,
}

impl Tape<'_> {
    /// A number below `count`.
    fn below(&mut self, count: usize) -> usize {
        usize::from(self.bytes.next().copied().unwrap_or(0)) % count
    }

    /// True in one of so many cases.
    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    fn of<'v, T: ?Sized>(&mut self, values: &[&'v T]) -> &'v T {
        values[self.below(values.len())]
    }

    fn number(&mut self, range: std::ops::RangeInclusive<usize>) -> usize {
        range.start() + self.below(range.end() - range.start() + 1)
    }

    fn bool(&mut self) -> bool {
        self.one_in(2)
    }

    /// Some of the values, in their order; perhaps none.
    fn some(&mut self, values: &[&str]) -> Vec<String> {
        let chosen = values.iter().filter(|_| self.bool());
        chosen.map(|&value| value.to_owned()).collect()
    }
}

/// Puts a key into a mapping, in one of so many cases.
macro_rules! perhaps {
    ($tape:expr, $map:expr, $one_in:expr, $key:expr, $($value:tt)+) => {
        if $tape.one_in($one_in) {
            let value = json!($($value)+);
            $map.insert($key.to_owned(), value);
        }
    };
}

/// A right topology as YAML.
pub(crate) fn topology(tape: &[u8], world: &World) -> String {
    let mut builder = Builder {
        tape: Tape { bytes: tape.iter() },
        world,
        addresses: 0,
        needs_resolver: false,
        has_trusted_proxies: false,
    };
    let value = builder.topology();
    serde_json::to_string_pretty(&value).expect("JSON is YAML")
}

struct Builder<'a> {
    tape: Tape<'a>,
    world: &'a World,
    addresses: usize,
    needs_resolver: bool,
    has_trusted_proxies: bool,
}

/// A pool, as far as routes have to know it.
struct Pool {
    name: &'static str,
    asgi: bool,
    uwsgi: bool,
}

const POOLS: &[&str] = &["app", "api-v2", "Realtime", "gunicorn", "x_1", "daphne"];
const SITES: &[&str] = &["shop", "blog-2", "a_b"];
const STREAMS: &[&str] = &["postgres", "cache-1", "app"];

impl Builder<'_> {
    fn topology(&mut self) -> Value {
        let mut out = Map::new();
        self.has_trusted_proxies = self.tape.one_in(3);
        if self.has_trusted_proxies {
            out.insert("trusted_proxies".into(), self.trusted_proxies());
        }
        let defaults = self.defaults();
        if !defaults.is_empty() {
            out.insert("defaults".into(), defaults.into());
        }
        let pools = self.tape.number(1..=POOLS.len());
        let mut known = Vec::new();
        let mut map = Map::new();
        for name in &POOLS[..pools] {
            let (pool, value) = self.pool(name);
            known.push(pool);
            map.insert((*name).into(), value);
        }
        out.insert("pools".into(), map.into());
        let sites = self.tape.number(1..=SITES.len());
        let map: Map<String, Value> = (0..sites)
            .map(|index| (SITES[index].to_owned(), self.site(index, &known)))
            .collect();
        let mut map = map;
        self.route_to_all(&mut map, &known);
        out.insert("sites".into(), map.into());
        if self.tape.one_in(2) {
            let streams = self.tape.number(1..=STREAMS.len());
            let map: Map<String, Value> = (0..streams)
                .map(|index| (STREAMS[index].to_owned(), self.stream(index)))
                .collect();
            out.insert("streams".into(), map.into());
        }
        out.insert("nginx".into(), self.nginx());
        out.into()
    }

    // ── The whole ───────────────────────────────────────────────────────────────────────

    fn nginx(&mut self) -> Value {
        let world = self.world;
        let tape = &mut self.tape;
        let mut out = Map::new();
        out.insert("version".into(), json!(world.version));
        if let Some(modules) = &world.modules {
            out.insert("modules".into(), modules.clone());
        }
        if world.names {
            perhaps!(tape, out, 3, "user", tape.of(&["www-data", "shop", "root"]));
        }
        out.insert("pid".into(), json!(world.file("nginx.pid")));
        out.insert("temp_dir".into(), json!(world.file("temp")));
        let log = world.file("error.log");
        out.insert(
            "error_log".into(),
            match tape.below(3) {
                0 => json!("stderr"),
                1 => json!(log),
                _ => json!({"path": log, "level": tape.of(&["warn", "crit", "debug"])}),
            },
        );
        perhaps!(tape, out, 2, "layout", tape.of(&["single", "conf.d"]));
        let mut log = Map::new();
        log.insert("path".into(), json!(world.file("access.log")));
        perhaps!(tape, log, 2, "format", tape.of(&["json", "combined"]));
        perhaps!(
            tape,
            log,
            3,
            "exclude",
            [
                "/healthz/",
                "/größe und \"mehr\"/",
                "/api/v2/organizations/0123456789/health/of/everything/that/there/is/"
            ]
        );
        out.insert(
            "log".into(),
            if tape.one_in(4) {
                json!("off")
            } else {
                log.into()
            },
        );
        let mut workers = Map::new();
        perhaps!(tape, workers, 3, "processes", tape.number(1..=8));
        perhaps!(tape, workers, 3, "connections", tape.number(64..=300));
        perhaps!(
            tape,
            workers,
            3,
            "shutdown_timeout",
            tape.of(&["10s", "1m 30s", "500ms"])
        );
        perhaps!(tape, out, 2, "workers", workers);
        match tape.below(5) {
            0 | 1 => {}
            2 => drop(out.insert("request_id".into(), json!(false))),
            3 => drop(out.insert("request_id".into(), json!({"trust": true}))),
            _ => drop(out.insert(
                "request_id".into(),
                json!({"header": "X-Correlation-ID", "trust": tape.bool()}),
            )),
        }
        if self.needs_resolver {
            let resolver = match tape.below(3) {
                0 => json!("127.0.0.53"),
                1 => json!({"addresses": ["127.0.0.1:5353", "[::1]:53"], "valid": "10s"}),
                _ => json!({"addresses": ["10.0.0.2", "8.8.8.8"], "ipv6": false}),
            };
            out.insert("resolver".into(), resolver);
        }
        out.into()
    }

    fn trusted_proxies(&mut self) -> Value {
        let tape = &mut self.tape;
        let mut networks = vec!["10.0.0.0/8"];
        networks.extend(tape.one_in(2).then_some("2001:db8::/32"));
        networks.extend(tape.one_in(3).then_some("192.0.2.7"));
        match tape.below(4) {
            0 => json!({"networks": networks}),
            1 => {
                json!({"networks": networks, "header": tape.of(&["X-Real-IP", "CF-Connecting-IP"])})
            }
            2 => json!({"networks": networks, "proxy_protocol": true}),
            _ => json!({"proxy_protocol": true}),
        }
    }

    fn defaults(&mut self) -> Map<String, Value> {
        let mut out = Map::new();
        if !self.tape.one_in(3) {
            return out;
        }
        let tape = &mut self.tape;
        perhaps!(tape, out, 3, "timeouts", {"read": "35s"});
        perhaps!(tape, out, 3, "failover", {"tries": 3});
        perhaps!(tape, out, 3, "body_limit", tape.of(&["5m", "unlimited"]));
        perhaps!(tape, out, 3, "headers", {"response": {"X-Everywhere": "yes"}});
        perhaps!(tape, out, 3, "rate_limit", {"rate": "100r/s", "burst": 50});
        perhaps!(tape, out, 3, "deny", ["203.0.113.0/24"]);
        perhaps!(tape, out, 3, "buffering", {"count": 16});
        perhaps!(tape, out, 3, "zone", "128k");
        out
    }

    // ── Pools ───────────────────────────────────────────────────────────────────────────

    fn pool(&mut self, name: &'static str) -> (Pool, Value) {
        let world = self.world;
        let mut out = Map::new();
        let server = self.tape.of(&[
            "gunicorn",
            "uvicorn",
            "daphne",
            "hypercorn",
            "granian",
            "waitress",
            "uwsgi",
        ]);
        if server != "gunicorn" || self.tape.bool() {
            out.insert("server".into(), json!(server));
        }
        let protocol = match server {
            "gunicorn" if self.tape.one_in(4) => Some("uwsgi"),
            "uwsgi" if self.tape.one_in(3) => Some("http"),
            _ if self.tape.one_in(5) && server != "uwsgi" => Some("http"),
            _ => None,
        };
        if let Some(protocol) = protocol {
            out.insert("protocol".into(), json!(protocol));
        }
        let uwsgi = protocol.map_or(server == "uwsgi", |protocol| protocol == "uwsgi");
        let count = self.tape.number(1..=5);
        let sticky = if count > 1 { self.sticky() } else { None };
        let native = world.has(29, 6, true);
        let sticks = sticky.as_ref().is_some_and(|sticky| *sticky != json!("ip"));
        let mut takes_backup = true;
        if sticky == Some(json!("ip")) || sticks && !native {
            takes_backup = false;
        } else if let Some((balance, backup)) = self.balance() {
            takes_backup = backup;
            out.insert("balance".into(), balance);
        }
        // A method that a fallback replaces may stand there, too.
        if sticks && !native && self.tape.one_in(3) {
            out.insert("balance".into(), json!("least_conn"));
        }
        if let Some(sticky) = sticky {
            out.insert("sticky".into(), sticky);
        }
        let nodes: Vec<Value> = (0..count)
            .map(|index| {
                let draining = sticks && native;
                self.node(index, count, takes_backup, draining, sticks)
            })
            .collect();
        out.insert("nodes".into(), nodes.into());
        self.pool_settings(&mut out, uwsgi);
        let asgi = !uwsgi && !matches!(server, "waitress" | "uwsgi");
        (Pool { name, asgi, uwsgi }, out.into())
    }

    fn pool_settings(&mut self, out: &mut Map<String, Value>, uwsgi: bool) {
        let world = self.world;
        let tape = &mut self.tape;
        perhaps!(tape, out, 5, "zone", tape.of(&["64k", "1m", "65536"]));
        if !uwsgi && tape.one_in(3) {
            let mut keepalive = Map::new();
            perhaps!(tape, keepalive, 2, "connections", tape.number(0..=64));
            perhaps!(tape, keepalive, 2, "requests", tape.number(1..=200));
            if tape.bool() {
                keepalive.insert("server_timeout".into(), json!("75s"));
                perhaps!(tape, keepalive, 2, "timeout", tape.of(&["60s", "1500ms"]));
            }
            if world.has(19, 10, false) {
                perhaps!(tape, keepalive, 2, "time", "30m");
            }
            let value = match tape.below(4) {
                0 => json!("auto"),
                1 => json!("off"),
                2 => json!(tape.number(0..=32)),
                _ => keepalive.into(),
            };
            out.insert("keepalive".into(), value);
        }
        if tape.one_in(3) {
            let mut failover = Map::new();
            let mut on = tape.some(&["error", "timeout", "invalid_header", "http_503", "http_429"]);
            if !uwsgi {
                on.extend(tape.some(&["http_502", "http_504", "http_404", "non_idempotent"]));
            }
            if on.is_empty() {
                on.push("off".to_owned());
            }
            perhaps!(tape, failover, 2, "on", on);
            perhaps!(tape, failover, 2, "tries", tape.number(1..=5));
            perhaps!(tape, failover, 2, "timeout", tape.of(&["10s", "1m"]));
            out.insert("failover".into(), failover.into());
        }
        perhaps!(tape, out, 3, "timeouts", {
            "connect": tape.of(&["2s", "500ms"]), "read": "35s", "send": "1h 30m"
        });
        let health = match tape.below(2) {
            0 => json!("/healthz/"),
            _ => json!({"path": "/healthz/?deep=1", "status": 204}),
        };
        perhaps!(tape, out, 4, "health", health);
    }

    fn sticky(&mut self) -> Option<Value> {
        let native = self.world.has(29, 6, true);
        let tape = &mut self.tape;
        if !tape.one_in(3) {
            return None;
        }
        let mut out = Map::new();
        match tape.below(4) {
            0 => return Some(json!("ip")),
            1 => {
                // Two pools of a site must not share one.
                let name = format!("{}_{}", tape.of(&["srv_id", "Node"]), self.addresses);
                out.insert("cookie".into(), json!(name));
                perhaps!(tape, out, 2, "expires", tape.of(&["1h", "2y"]));
                perhaps!(tape, out, 3, "path", "/shop");
                perhaps!(tape, out, 3, "domain", ".example.com");
                perhaps!(tape, out, 3, "httponly", false);
                if tape.one_in(3) {
                    out.insert("secure".into(), json!(false));
                    perhaps!(tape, out, 2, "samesite", tape.of(&["strict", "lax"]));
                }
            }
            2 => {
                let variables = match tape.below(2) {
                    0 => json!(["$cookie_node"]),
                    _ => json!(["$arg_node", "$http_x_node", "$cookie_node"]),
                };
                out.insert("route".into(), variables);
            }
            _ => {
                out.insert("learn".into(), json!("sessionid"));
                perhaps!(tape, out, 2, "zone", tape.of(&["32k", "2m"]));
                perhaps!(tape, out, 2, "timeout", tape.of(&["10m", "1d"]));
            }
        }
        if !native || tape.one_in(3) {
            out.insert("fallback".into(), json!("hash"));
        }
        Some(out.into())
    }

    /// A method, and whether it takes backup nodes.
    fn balance(&mut self) -> Option<(Value, bool)> {
        let native = self.world.has(31, 0, true);
        let tape = &mut self.tape;
        Some(match tape.below(9) {
            0 => return None,
            1 => (json!("round_robin"), true),
            2 => (json!("least_conn"), true),
            3 => (json!("ip_hash"), false),
            4 => (json!("random"), false),
            5 => (json!({"random": tape.of(&["one", "two"])}), false),
            6 => {
                let key = tape.of(&[
                    "$request_uri",
                    "${host}$uri",
                    "$cookie_sessionid - \"$arg_x\" {\\}",
                    "$binary_remote_addr",
                ]);
                (json!({"hash": key}), false)
            }
            7 => {
                let consistent = tape.bool();
                (
                    json!({"hash": "$remote_addr", "consistent": consistent}),
                    false,
                )
            }
            _ if native => {
                let what = tape.of(&["header", "last_byte"]);
                (json!({"least_time": what, "inflight": tape.bool()}), true)
            }
            _ => (json!("least_conn"), true),
        })
    }

    /// An address that no other node has.
    fn address(&mut self, port: usize) -> (String, bool) {
        self.addresses += 1;
        let id = self.addresses;
        let resolves = self.world.has(27, 3, true);
        match self.tape.below(if self.world.names { 9 } else { 6 }) {
            6 => (format!("app-{id}:{port}"), false),
            7 => (format!("app-{id}.example.com:{port}"), false),
            8 => (format!("app_{id}.eu.amazonaws.com:{port}"), false),
            3 => (format!("[2001:db8::{id:x}]:{port}"), false),
            4 => (format!("unix:/run/django/app {id}.sock"), false),
            2 if port == 8000 => (format!("127.0.0.1:{}", port + id), false),
            5 if resolves => {
                self.needs_resolver = true;
                (format!("app-{id}.internal:{port}"), true)
            }
            _ => (format!("10.1.{}.{}:{port}", id / 250, id % 250 + 1), false),
        }
    }

    fn node(
        &mut self,
        index: usize,
        count: usize,
        takes_backup: bool,
        drains: bool,
        sticks: bool,
    ) -> Value {
        let (address, resolve) = self.address(8000);
        let tape = &mut self.tape;
        let mut out = Map::new();
        perhaps!(tape, out, 4, "weight", tape.number(1..=100));
        perhaps!(tape, out, 4, "max_conns", tape.number(0..=200));
        if count > 1 {
            perhaps!(tape, out, 4, "max_fails", tape.number(0..=10));
            perhaps!(tape, out, 4, "fail_timeout", tape.of(&["30s", "1m", "0"]));
        }
        if index > 0 && tape.one_in(3) {
            let mut states = vec!["up", "down"];
            states.extend(takes_backup.then_some("backup"));
            states.extend(drains.then_some("drain"));
            let state = states[tape.below(states.len())];
            out.insert("state".into(), json!(state));
        }
        if sticks {
            perhaps!(
                tape,
                out,
                2,
                "route",
                format!("n-{index}.{}", "x".repeat(tape.below(20)))
            );
        }
        if resolve {
            out.insert("resolve".into(), json!(true));
        }
        if out.is_empty() && tape.bool() {
            return json!(address);
        }
        out.insert("address".into(), json!(address));
        if resolve && tape.one_in(3) {
            let name = address.split(':').next().unwrap_or(&address);
            out.insert("address".into(), json!(name));
            out.insert("service".into(), json!(tape.of(&["http", "_web._tcp"])));
        }
        out.into()
    }

    // ── Sites ───────────────────────────────────────────────────────────────────────────

    fn site(&mut self, index: usize, pools: &[Pool]) -> Value {
        let world = self.world;
        let mut out = Map::new();
        let mut domains = vec![format!("www{index}.example.com")];
        let tape = &mut self.tape;
        if tape.bool() {
            domains.push(format!("Example{index}.com"));
        }
        if tape.one_in(4) {
            domains.push(format!(
                "{}.example.org",
                "long-".repeat(11) + &index.to_string()
            ));
        }
        let wildcard = tape.one_in(4);
        if wildcard {
            domains.push(
                [
                    format!("*.wild{index}.example.com"),
                    format!(".dot{index}.example.com"),
                    format!("end{index}.*"),
                ][tape.below(3)]
                .clone(),
            );
        }
        out.insert("domains".into(), json!(domains));
        // Each kind of socket has ports of its own, so that none is asked to be two things.
        let plain = [
            json!([8080]),
            json!(["127.0.0.1:8081"]),
            json!([8080, "[::1]:8082"]),
            json!([]),
        ];
        let tls = tape.one_in(2);
        let mut answers = true;
        match tape.below(6) {
            5 if tls => {
                answers = false;
                out.insert("listen".into(), plain[3].clone());
            }
            3 => drop(out.insert("listen".into(), plain[1].clone())),
            4 => drop(out.insert("listen".into(), plain[2].clone())),
            1 => {}
            _ => drop(out.insert("listen".into(), plain[0].clone())),
        }
        if tls {
            out.insert("tls".into(), self.tls(answers));
        } else if self.tape.one_in(5) {
            out.insert("tls".into(), json!("off"));
        }
        let tape = &mut self.tape;
        if answers && !wildcard {
            perhaps!(tape, out, 3, "acme", world.files(tape, "acme challenges"));
        }
        // The first site leads to all pools; another may have files alone.
        if index > 0 && self.tape.one_in(4) {
            out.insert("media".into(), json!(world.file("media")));
        } else {
            let routes = self.routes(pools);
            out.insert("routes".into(), routes.into());
            self.files(&mut out);
        }
        self.site_settings(&mut out, index);
        out.into()
    }

    fn tls(&mut self, answers: bool) -> Value {
        let world = self.world;
        let tape = &mut self.tape;
        let mut out = Map::new();
        out.insert("certificate".into(), json!(world.file("site.pem")));
        out.insert("key".into(), json!(world.file("site.key")));
        // Before 1.29.2 a socket has one profile, before 1.25.1 one mind about HTTP/2.
        let modern = tape.one_in(3);
        if modern {
            out.insert("profile".into(), json!("modern"));
        }
        let h1 = tape.one_in(3);
        if h1 {
            out.insert("http2".into(), json!(false));
        }
        let port = 8440 + usize::from(modern) + 2 * usize::from(h1);
        let listen = match tape.below(3) {
            0 => json!(port),
            1 => json!([format!("127.0.0.1:{}", port + 10)]),
            _ => json!([port, format!("[::1]:{}", port + 20)]),
        };
        out.insert("listen".into(), listen);
        let hsts = match tape.below(5) {
            0 | 1 => None,
            2 => Some(json!(tape.of(&["2y", "off", "django", "1d 12h"]))),
            3 => Some(json!({"max_age": "1y", "subdomains": true, "preload": true})),
            _ => Some(json!({"max_age": "30d", "subdomains": tape.bool()})),
        };
        if let Some(hsts) = hsts {
            out.insert("hsts".into(), hsts);
        }
        if answers {
            perhaps!(tape, out, 3, "redirect", tape.bool());
        }
        out.into()
    }

    fn routes(&mut self, pools: &[Pool]) -> Map<String, Value> {
        const PREFIXES: &[&str] = &[
            "/",
            "/api/",
            "/admin/",
            "/ws/",
            "/events/",
            "/graphql",
            "/a'b~c/",
            "/static/x/",
        ];
        let count = self.tape.number(1..=8);
        (0..count)
            .map(|index| {
                let pool = &pools[self.tape.below(pools.len())];
                let prefix = match PREFIXES[index % PREFIXES.len()] {
                    "/graphql" if self.tape.bool() => "/größe und \"mehr\"; x/",
                    "/ws/" if self.tape.bool() => "/chat/Socket.IO",
                    "/events/" if self.tape.bool() => "/api/stream/",
                    prefix => prefix,
                };
                (prefix.to_owned(), self.route(prefix, pool))
            })
            .collect()
    }

    fn route(&mut self, prefix: &str, pool: &Pool) -> Value {
        let world = self.world;
        let tape = &mut self.tape;
        let mut out = Map::new();
        let mut piecemeal = false;
        if pool.asgi && tape.one_in(3) {
            piecemeal = true;
            out.insert((tape.of(&["websocket", "streaming"])).into(), json!(true));
        }
        perhaps!(
            tape,
            out,
            4,
            "body_limit",
            tape.of(&["100m", "1g", "unlimited", "512k"])
        );
        if !piecemeal {
            perhaps!(tape, out, 8, "websocket", false);
            perhaps!(tape, out, 8, "streaming", false);
        }
        perhaps!(tape, out, 4, "timeouts", {
            "read": tape.of(&["5m", "30s", "2h"]), "connect": "1s"
        });
        if !piecemeal && tape.one_in(4) {
            let buffering = match tape.below(4) {
                0 => json!("off"),
                1 => json!(true),
                2 => json!({"header": "32k", "count": 8, "size": "32k"}),
                _ => json!({"request": false, "count": 3, "size": "16k"}),
            };
            out.insert("buffering".into(), buffering);
        }
        let allow = tape.one_in(4);
        if allow {
            let list = match tape.below(3) {
                0 => json!(["10.0.0.0/8"]),
                1 => json!(["192.168.0.0/16", "2001:db8::/32", "127.0.0.1"]),
                _ => json!(["::1"]),
            };
            out.insert("allow".into(), list);
        }
        perhaps!(tape, out, 5, "deny", ["192.168.7.0/24", "2001:db8:7::/48"]);
        if tape.one_in(4) {
            let file = world.file("users");
            let auth = match tape.below(2) {
                0 => json!(file),
                _ => json!({"realm": "Größe; {x} 'y'", "file": file}),
            };
            out.insert("basic_auth".into(), auth);
            if allow {
                perhaps!(tape, out, 2, "satisfy", tape.of(&["any", "all"]));
            }
        }
        if tape.one_in(4) {
            let limit = match tape.below(3) {
                0 => json!("10r/s"),
                1 => json!({"rate": "5r/m", "burst": 5, "methods": ["POST", "PUT"]}),
                _ => json!({
                    "rate": "1r/m", "burst": 0, "status": 503, "zone": "64k", "dry_run": tape.bool()
                }),
            };
            out.insert("rate_limit".into(), limit);
        }
        if prefix.len() > 1 && prefix.ends_with('/') && !pool.uwsgi {
            perhaps!(tape, out, 4, "strip_prefix", true);
        }
        if out.is_empty() && tape.bool() {
            return json!(pool.name);
        }
        out.insert("pool".into(), json!(pool.name));
        out.into()
    }

    fn files(&mut self, out: &mut Map<String, Value>) {
        let world = self.world;
        let tape = &mut self.tape;
        if tape.bool() {
            let mut files = Map::new();
            files.insert("root".into(), json!(world.files(tape, "static files")));
            perhaps!(tape, files, 3, "url", tape.of(&["/assets/", "/größe/"]));
            perhaps!(tape, files, 2, "hashed", tape.bool());
            perhaps!(tape, files, 3, "precompressed", ["gzip"]);
            let none = tape.one_in(6);
            out.insert(
                "static".into(),
                if none { json!("none") } else { files.into() },
            );
        }
        let root = world.files(tape, "media/");
        let media = match tape.below(2) {
            0 => json!(root),
            _ => json!({"url": "/uploads/", "root": root}),
        };
        perhaps!(tape, out, 3, "media", media);
        let root = world.files(tape, "protected");
        perhaps!(tape, out, 3, "protected_media", {"url": "/_protected/", "root": root});
    }

    fn site_settings(&mut self, out: &mut Map<String, Value>, index: usize) {
        let world = self.world;
        let tape = &mut self.tape;
        perhaps!(tape, out, 4, "body_limit", tape.of(&["20m", "unlimited"]));
        if tape.one_in(3) {
            let mut headers = Map::new();
            perhaps!(tape, headers, 2, "request", {
                "X-Shop": "a; \"b\" {c}", "X-Client": "$remote_addr:${remote_port}",
                "Accept-Encoding": ""
            });
            perhaps!(tape, headers, 2, "response", {
                "Content-Security-Policy": "default-src 'self'; img-src *",
                "X-Served-By": "$hostname"
            });
            perhaps!(tape, headers, 2, "forwarded_port", tape.bool());
            out.insert("headers".into(), headers.into());
        }
        perhaps!(tape, out, 3, "errors", {"down_page": world.files(tape, "down page.html")});
        perhaps!(
            tape,
            out,
            4,
            "security_headers",
            tape.of(&["django", "none"])
        );
        let log = match tape.below(2) {
            0 => "off".to_owned(),
            _ => world.file(&format!("site {index}.log")),
        };
        perhaps!(tape, out, 3, "access_log", log);
    }

    /// A pool without a route is worth a warning.
    fn route_to_all(&mut self, sites: &mut Map<String, Value>, pools: &[Pool]) {
        let Some(first) = sites.values_mut().next() else {
            return;
        };
        for pool in pools {
            first["routes"][format!("/to-{}/", pool.name)] = json!(pool.name);
        }
    }

    // ── Streams ─────────────────────────────────────────────────────────────────────────

    fn stream(&mut self, index: usize) -> Value {
        let mut out = Map::new();
        let port = 9400 + index;
        let replicas = self.tape.one_in(3);
        let count = self.tape.number(1..=4);
        let mut takes_backup = true;
        if let Some((balance, backup)) = self.stream_balance() {
            takes_backup = backup;
            out.insert("balance".into(), balance);
        }
        let nodes: Vec<Value> = (0..count)
            .map(|at| self.stream_node(at, count, takes_backup, replicas))
            .collect();
        out.insert("nodes".into(), nodes.into());
        let tape = &mut self.tape;
        if replicas {
            out.insert("replicas".into(), json!(true));
        }
        let listen = match tape.below(4) {
            0 => json!(format!("127.0.0.1:{port}")),
            1 => json!([format!("127.0.0.1:{port}"), format!("[::1]:{port}")]),
            2 => json!(format!("192.0.2.1:{port}")),
            _ => {
                out.insert("allow".into(), json!(["10.0.0.0/8", "::1"]));
                json!(port)
            }
        };
        out.insert("listen".into(), listen);
        perhaps!(tape, out, 3, "timeouts", {"connect": "5s", "idle": "2h"});
        out.into()
    }

    fn stream_balance(&mut self) -> Option<(Value, bool)> {
        let native = self.world.has(31, 0, true);
        let tape = &mut self.tape;
        Some(match tape.below(6) {
            0 => return None,
            1 => (json!("round_robin"), true),
            2 => (json!("least_conn"), true),
            3 => (
                json!({"hash": "$remote_addr", "consistent": tape.bool()}),
                false,
            ),
            4 => (json!("random"), false),
            _ if native => (
                json!({"least_time": tape.of(&["connect", "first_byte"])}),
                true,
            ),
            _ => (json!({"random": "two"}), false),
        })
    }

    fn stream_node(
        &mut self,
        index: usize,
        count: usize,
        takes_backup: bool,
        replicas: bool,
    ) -> Value {
        // Only one node of a database takes writes.
        let port = if index == 0 || replicas { 5432 } else { 7432 };
        let (address, resolve) = self.address(port);
        let tape = &mut self.tape;
        let mut out = Map::new();
        perhaps!(tape, out, 4, "weight", tape.number(1..=100));
        if count > 1 {
            perhaps!(tape, out, 4, "max_fails", tape.number(0..=10));
        }
        if index > 0 && tape.one_in(3) {
            let state = if takes_backup { "backup" } else { "down" };
            out.insert("state".into(), json!(state));
        }
        if resolve {
            out.insert("resolve".into(), json!(true));
        }
        if out.is_empty() {
            return json!(address);
        }
        out.insert("address".into(), json!(address));
        out.into()
    }
}
