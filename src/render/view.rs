//! What templates see. Every decision is made here; a template only loops, tests for
//! presence and writes.
//!
//! Values that are written are [`Arg`]s; `bool`s and lists are for tests and loops.

mod asked;
mod catch_all;
mod common;
mod files;
mod http;
mod limits;
mod location;
mod names;
mod site;
mod sockets;
mod sticky;
mod stream;
mod tls;
mod upstream;

use super::arg::Arg;
use crate::topology::model::{Layout, Modules, Topology};
use crate::version::Target;
use serde::Serialize;

pub use catch_all::CatchAll;
pub use common::{HeaderLine, LogLine};
pub use files::Files;
pub use http::{Http, Log, RealIp, ResolverView, Tempfiles};
pub use limits::{Limit, RateZone};
pub use location::{Access, Location, Proxy, UpstreamSettings, Uwsgi};
pub use site::{AppServerBlock, DownPage, Redirect, SiteView};
pub use sticky::StickyMaps;
pub use stream::{StreamServer, StreamView};
pub use tls::TlsSettings;
pub use upstream::{Keepalive, Upstream};

/// The first lines of every file.
#[derive(Debug, Clone, Serialize)]
pub struct Header {
    /// The target version.
    pub target: Arg,
    /// The hash of the topology.
    pub digest: Arg,
}

/// Everything, for `nginx.conf.j2`.
#[derive(Debug, Clone, Serialize)]
pub struct Main {
    /// The first lines.
    pub header: Header,
    /// Files of `load_module`.
    pub load_modules: Vec<Arg>,
    /// `user`.
    pub user: Option<Arg>,
    /// `pid`.
    pub pid: Option<Arg>,
    /// `error_log`, its arguments.
    pub error_log: Option<Vec<Arg>>,
    /// `worker_processes`.
    pub worker_processes: Arg,
    /// `worker_connections`.
    pub worker_connections: Arg,
    /// `worker_rlimit_nofile`: two for each connection, one to the client and one to the node.
    pub worker_rlimit_nofile: Arg,
    /// `worker_shutdown_timeout`.
    pub worker_shutdown_timeout: Arg,
    /// The `http` block.
    pub http: Option<Http>,
    /// Files that the `http` block includes instead of holding its parts itself.
    pub http_files: Vec<Arg>,
    /// `resolver` of the `stream` block, for nodes with `resolve`.
    pub stream_resolver: Option<ResolverView>,
    /// The `stream` block's upstreams and servers.
    pub streams: Vec<StreamView>,
    /// Files that the `stream` block includes instead.
    pub stream_files: Vec<Arg>,
}

/// One file of the output: its path, the template and the part of [`Main`] that it shows.
#[derive(Debug, Clone)]
pub struct FileView {
    /// The path below the output folder.
    pub path: String,
    /// The template.
    pub template: &'static str,
    /// Which site or stream it shows, if it shows one.
    pub of: Option<String>,
}

/// Everything that templates see, and the files of the layout in an order in which each
/// comes before those that refer to it.
pub(super) fn build(topology: &Topology, target: Target, digest: &str) -> (Main, Vec<FileView>) {
    let main = Main::new(topology, target, digest);
    match topology.nginx.layout.unwrap_or(Layout::Single) {
        Layout::Single => {
            let file = FileView {
                path: "nginx.conf".to_owned(),
                template: "nginx.conf.j2",
                of: None,
            };
            (main, vec![file])
        }
        Layout::ConfD => folder(main),
    }
}

/// `nginx.conf`, and one file for each concern. The includes are written out, so that a file
/// that was left behind is never read.
fn folder(mut main: Main) -> (Main, Vec<FileView>) {
    let mut files = Vec::new();
    let mut add = |path: String, template, of: Option<&str>| {
        files.push(FileView {
            path: path.clone(),
            template,
            of: of.map(str::to_owned),
        });
        Arg::literal(path)
    };
    if let Some(http) = &main.http {
        let includes = &mut main.http_files;
        includes.push(add(
            "conf.d/00-settings.conf".into(),
            "conf.d/settings.conf.j2",
            None,
        ));
        if !http.upstreams.is_empty() {
            includes.push(add(
                "conf.d/10-upstreams.conf".into(),
                "conf.d/upstreams.conf.j2",
                None,
            ));
        }
        includes.push(add(
            "conf.d/20-catch-all.conf".into(),
            "conf.d/catch_all.conf.j2",
            None,
        ));
        for site in &http.sites {
            let path = format!("conf.d/30-site-{}.conf", site.name.text());
            includes.push(add(path, "conf.d/site.conf.j2", Some(site.name.text())));
        }
    }
    for stream in &main.streams {
        let path = format!("stream.d/{}.conf", stream.name.text());
        main.stream_files
            .push(add(path, "conf.d/stream.conf.j2", Some(stream.name.text())));
    }
    files.push(FileView {
        path: "nginx.conf".into(),
        template: "nginx.conf.j2",
        of: None,
    });
    (main, files)
}

impl Main {
    fn new(topology: &Topology, target: Target, digest: &str) -> Self {
        let nginx = &topology.nginx;
        let workers = &nginx.workers;
        let connections = workers.connections.unwrap_or(4096);
        Self {
            header: Header {
                target: Arg::literal(target.to_string()),
                digest: Arg::literal(digest),
            },
            load_modules: match &nginx.modules {
                Some(Modules::Load(files)) => files.values().map(|f| f.as_str().into()).collect(),
                _ => Vec::new(),
            },
            user: nginx.user.as_deref().map(Arg::from),
            pid: nginx.pid.as_deref().map(Arg::from),
            error_log: nginx.error_log.as_ref().map(|log| {
                let level = log.level.map(|level| Arg::from(level.as_str()));
                std::iter::once(log.path.as_str().into())
                    .chain(level)
                    .collect()
            }),
            worker_processes: workers.processes.as_deref().unwrap_or("auto").into(),
            worker_connections: connections.into(),
            worker_rlimit_nofile: connections.saturating_mul(2).into(),
            worker_shutdown_timeout: workers
                .shutdown_timeout
                .as_ref()
                .map_or_else(|| "30s".into(), |time| time.0.as_str().into()),
            http: Http::new(topology, target),
            http_files: Vec::new(),
            stream_resolver: nginx
                .resolver
                .as_ref()
                .filter(|_| stream::resolves(topology))
                .map(|resolver| ResolverView::new(resolver)),
            streams: stream::all(topology),
            stream_files: Vec::new(),
        }
    }
}
