//! Upstreams and load balancing: group `upstream`.

mod backup_with_hash_method;
mod duplicate_upstream_server;
mod keepalive_gunicorn_sync;
mod keepalive_useless_protocol;
mod keepalive_without_http11;
mod undefined_upstream;
mod unused_upstream;
mod upstream_all_down;
mod upstream_single_server_params;
mod zone_missing_multi_worker;

pub use backup_with_hash_method::BackupWithHashMethod;
pub use duplicate_upstream_server::DuplicateUpstreamServer;
pub use keepalive_gunicorn_sync::KeepaliveGunicornSync;
pub use keepalive_useless_protocol::KeepaliveUselessProtocol;
pub use keepalive_without_http11::KeepaliveWithoutHttp11;
pub use undefined_upstream::UndefinedUpstream;
pub use unused_upstream::UnusedUpstream;
pub use upstream_all_down::UpstreamAllDown;
pub use upstream_single_server_params::UpstreamSingleServerParams;
pub use zone_missing_multi_worker::ZoneMissingMultiWorker;
