//! The nginx that the configuration is for, and what belongs to the whole of it.

use super::Checks;
use super::headers;
use super::place::{Place, Scope};
use super::quantities::{self, Counted};
use super::routes::parse_prefix;
use super::text::{self, shown};
use crate::directives;
use crate::finding::Finding;
use crate::topology::address::{NodeAddress, parse_node};
use crate::topology::document::Step::{Index, Key};
use crate::topology::model::{Log, Modules, Resolver};
use crate::topology::suggest::nearest;
use crate::version::{MAINLINE, OLDEST};
use std::collections::HashMap;
use std::net::IpAddr;

/// The most connections of a worker: twice as many files are what Linux lets one process
/// open (`fs.nr_open`).
const MAX_CONNECTIONS: u32 = 524_288;
/// The most worker processes (`NGX_MAX_PROCESSES`).
const MAX_PROCESSES: u32 = 1_024;

/// Checks `nginx`.
pub(super) fn check(cx: &mut Checks<'_>) {
    let (topology, document) = (cx.topology, cx.document);
    let nginx = &topology.nginx;
    let scope = Scope::new(document, &[Key("nginx")]);
    check_version(cx, scope.at(&[Key("version")]));
    check_openssl(cx, scope.at(&[Key("openssl")]));
    if let Some(modules) = &nginx.modules {
        check_modules(cx, modules, &scope);
    }
    if let Some(user) = &nginx.user {
        check_user(cx, user, scope.at(&[Key("user")]));
    }
    if let Some(pid) = &nginx.pid {
        text::path(cx, pid, scope.at(&[Key("pid")]));
    }
    if let Some(log) = nginx.error_log.as_ref().filter(|log| log.path != "stderr") {
        let keys = [Key("error_log"), Key("path")];
        text::path(cx, &log.path, scope.at(&keys));
    }
    if let Some(folder) = &nginx.temp_dir {
        text::path(cx, folder, scope.at(&[Key("temp_dir")]));
    }
    check_workers(cx, &scope);
    if let Some(log) = &nginx.log {
        check_log(cx, log, &scope);
    }
    if let Some(header) = nginx
        .request_id
        .as_ref()
        .and_then(|id| id.header.as_deref())
    {
        let keys = [Key("request_id"), Key("header")];
        headers::check_carrier(cx, header, scope.at(&keys));
    }
    if let Some(resolver) = &nginx.resolver {
        check_resolver(cx, resolver, &scope);
    }
}

fn check_version(cx: &mut Checks<'_>, place: Place<'_>) {
    let Some(text) = &cx.topology.nginx.version else {
        return;
    };
    if cx.topology.target().is_ok() {
        return;
    }
    cx.report(
        Finding::error(
            "topology-unknown-version",
            place.span(),
            format!("`{}` is no nginx that is known here", shown(text)),
        )
        .label("unknown version")
        .help(format!(
            "Write a version from {OLDEST} to {MAINLINE} such as `\"1.28\"`, or `stable`, \
             `mainline` or `plus-r35`"
        )),
    );
}

fn check_openssl(cx: &mut Checks<'_>, place: Place<'_>) {
    let Some(text) = &cx.topology.nginx.openssl else {
        return;
    };
    // 1.0.2 is the oldest that still was about when nginx 1.18 was.
    if cx
        .topology
        .openssl()
        .is_some_and(|version| ((1, 0, 2)..(5, 0, 0)).contains(&version))
    {
        return;
    }
    cx.report(
        Finding::error(
            "topology-openssl-version",
            place.span(),
            format!("`{}` is no version of OpenSSL", shown(text)),
        )
        .label("unknown version")
        .help("Write what `nginx -V` says behind `running with OpenSSL`, such as `\"3.5\"`"),
    );
}

fn check_modules(cx: &mut Checks<'_>, modules: &Modules, scope: &Scope<'_>) {
    match modules {
        Modules::Load(files) => {
            let mut first: HashMap<&str, &str> = HashMap::new();
            for (name, file) in files {
                let keys = [Key("modules"), Key(name)];
                let place = scope.at(&keys);
                check_module_file(cx, file, place);
                let earlier = *first.entry(file).or_insert(name);
                if earlier != name {
                    report_duplicate(cx, file, place, scope.at(&[Key("modules"), Key(earlier)]));
                }
            }
        }
        Modules::Present(names) => {
            let mut first: HashMap<&str, usize> = HashMap::new();
            for (index, name) in names.iter().enumerate() {
                let keys = [Key("modules"), Index(index)];
                let place = scope.at(&keys);
                check_module_name(cx, name, place);
                let earlier = *first.entry(name).or_insert(index);
                if earlier != index {
                    let other = [Key("modules"), Index(earlier)];
                    report_duplicate(cx, name, place, scope.at(&other));
                }
            }
        }
    }
}

fn report_duplicate(cx: &mut Checks<'_>, what: &str, place: Place<'_>, earlier: Place<'_>) {
    cx.report(
        Finding::error(
            "topology-duplicate-item",
            place.span(),
            format!("`{}` is listed twice", shown(what)),
        )
        .label("again")
        .related(earlier.span(), "first here")
        .help("Remove one of the two"),
    );
}

/// Files of `load_module` may lie below nginx's prefix, where packages put `modules/`.
fn check_module_file(cx: &mut Checks<'_>, file: &str, place: Place<'_>) {
    if text::literal(cx, file, place) && (!file.ends_with(".so") || file.ends_with("/.so")) {
        cx.report(
            Finding::error(
                "topology-module-file",
                place.span(),
                format!("`{}` is no module that nginx could load", shown(file)),
            )
            .label("not a `.so` file")
            .help("Write the module's file, such as `modules/ngx_stream_module.so`"),
        );
    }
}

fn check_module_name(cx: &mut Checks<'_>, name: &str, place: Place<'_>) {
    let known = |name: &str| {
        !matches!(name, "" | "all")
            && !name.contains(',')
            && directives::Modules::parse(name).is_ok()
    };
    if known(name) {
        return;
    }
    let plain = name
        .trim_start_matches("nginx-module-")
        .trim_end_matches(".so")
        .trim_end_matches("_module");
    let bare = plain.trim_start_matches("ngx_").trim_start_matches("http_");
    let near = [plain, bare].into_iter().find(|name| known(name));
    let help = match near.or_else(|| nearest(bare, module_names())) {
        Some(known) => format!("Write `{}`", shown(known)),
        None => "Remove it, or write it with the file to load, such as `{geoip2: \
                 modules/ngx_http_geoip2_module.so}`"
            .to_owned(),
    };
    cx.report(
        Finding::error(
            "topology-unknown-module",
            place.span(),
            format!("no module is called `{}`", shown(name)),
        )
        .label("unknown module")
        .help(help),
    );
}

/// Short names of all modules that are known.
fn module_names() -> impl Iterator<Item = &'static str> {
    directives::all()
        .iter()
        .map(|directive| match directive.module.origin {
            directives::Origin::ThirdParty(project) => project,
            directives::Origin::Nginx => directive
                .module
                .name
                .trim_start_matches("ngx_")
                .trim_end_matches("_module"),
        })
}

fn check_user(cx: &mut Checks<'_>, user: &str, place: Place<'_>) {
    if !text::literal(cx, user, place) {
        return;
    }
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    if user.len() > 32 || !user.bytes().all(fits) || user.starts_with(['-', '.']) {
        cx.report(
            Finding::error(
                "topology-user",
                place.span(),
                format!("`{}` is no name of a user", shown(user)),
            )
            .label("not a user name")
            .help("Write the name alone, such as `www-data`; nginx takes the group of that name"),
        );
    }
}

fn check_workers(cx: &mut Checks<'_>, scope: &Scope<'_>) {
    let workers = &cx.topology.nginx.workers;
    if let Some(processes) = &workers.processes {
        let right = processes == "auto"
            || processes
                .parse()
                .is_ok_and(|count: u32| (1..=MAX_PROCESSES).contains(&count));
        if !right {
            let keys = [Key("workers"), Key("processes")];
            cx.report(
                Finding::error(
                    "topology-workers",
                    scope.at(&keys).span(),
                    format!("`{}` is no number of processes", shown(processes)),
                )
                .label("how many?")
                .help(format!(
                    "Write `auto`, or a number from 1 to {MAX_PROCESSES}"
                )),
            );
        }
    }
    let keys = [Key("workers"), Key("shutdown_timeout")];
    let timeout = workers.shutdown_timeout.as_ref();
    quantities::positive_time(cx, timeout, Counted::Millis, scope.at(&keys));
    check_connections(cx, scope);
}

/// A worker keeps one connection for each socket that it listens on, and two for each client.
fn check_connections(cx: &mut Checks<'_>, scope: &Scope<'_>) {
    let Some(connections) = cx.topology.nginx.workers.connections else {
        return;
    };
    let keys = [Key("workers"), Key("connections")];
    let sockets = super::sockets::count(cx.topology);
    let needed = sockets + 2;
    if (connections as usize) < needed {
        cx.report(
            Finding::error(
                "topology-workers",
                scope.at(&keys).span(),
                format!(
                    "{connections} connections are not enough for {sockets} sockets and a client"
                ),
            )
            .label("too few")
            .help(
                "Write a few thousand, such as `4096`; nginx says `worker_connections are not \
                   enough`",
            ),
        );
    } else if connections > MAX_CONNECTIONS {
        cx.report(
            Finding::error(
                "topology-workers",
                scope.at(&keys).span(),
                format!("{connections} connections need more files than Linux lets a process open"),
            )
            .label("too many")
            .help(format!(
                "Write at most {MAX_CONNECTIONS}; a worker opens two files for each"
            )),
        );
    }
}

fn check_log(cx: &mut Checks<'_>, log: &Log, scope: &Scope<'_>) {
    if let Some(path) = log.path.as_ref().filter(|path| *path != "off") {
        let keys = [Key("log"), Key("path")];
        text::path(cx, path, scope.at(&keys));
    }
    // nginx folds the case of what it looks up in a map.
    let mut first: HashMap<String, usize> = HashMap::new();
    for (index, path) in log.exclude.iter().enumerate() {
        let keys = [Key("log"), Key("exclude"), Index(index)];
        let place = scope.at(&keys);
        if !text::literal(cx, path, place) {
            continue;
        }
        if let Err(problem) = parse_prefix(path) {
            cx.report(
                Finding::error(
                    "topology-log-exclude",
                    place.span(),
                    format!("`{}` {}", shown(path), problem.message),
                )
                .label(problem.label)
                .help(problem.help),
            );
            continue;
        }
        let earlier = *first.entry(path.to_lowercase()).or_insert(index);
        if earlier != index {
            let other = [Key("log"), Key("exclude"), Index(earlier)];
            report_duplicate(cx, path, place, scope.at(&other));
        }
    }
}

fn check_resolver(cx: &mut Checks<'_>, resolver: &Resolver, scope: &Scope<'_>) {
    let keys = [Key("resolver"), Key("valid")];
    quantities::positive_time(
        cx,
        resolver.valid.as_ref(),
        Counted::Seconds,
        scope.at(&keys),
    );
    if resolver.addresses.is_empty() {
        cx.report(
            Finding::error(
                "topology-resolver-address",
                scope.at(&[Key("resolver"), Key("addresses")]).span(),
                "`resolver` lists no name server",
            )
            .label("whom to ask?")
            .help("List the address of a name server, such as `127.0.0.53`"),
        );
    }
    for (index, address) in resolver.addresses.iter().enumerate() {
        let keys = [Key("resolver"), Key("addresses"), Index(index)];
        let place = scope.at(&keys);
        if !text::literal(cx, address, place) || is_name_server(address) {
            continue;
        }
        cx.report(
            Finding::error(
                "topology-resolver-address",
                place.span(),
                format!("`{}` is no address of a name server", shown(address)),
            )
            .label("not an address")
            .help(
                "Write an address with an optional port, such as `127.0.0.53` or \
                   `\"[2001:db8::53]:53\"`",
            ),
        );
    }
}

/// An address with or without a port, or a host name.
fn is_name_server(text: &str) -> bool {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match bare {
        Some(inside) => inside.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            text.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv4())
                || matches!(
                    parse_node(text),
                    Ok(NodeAddress::Ip(_) | NodeAddress::Name(..))
                )
        }
    }
}
