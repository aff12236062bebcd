//! Django behind nginx: group `django`.

mod django_host_from_client_header;
mod django_host_loses_port;
mod django_host_not_forwarded;
mod django_ssl_redirect_loop;
mod django_xff_missing;
mod django_xff_spoofable_edge;
mod django_xfp_from_client;
mod django_xfp_hardcoded_https;
mod django_xfp_missing;
mod proxy_headers_dropped;
mod uwsgi_params_missing;
mod websocket_buffering_sse;
mod websocket_connection_hardcoded;
mod websocket_read_timeout;
mod websocket_upgrade_missing;

pub use django_host_from_client_header::DjangoHostFromClientHeader;
pub use django_host_loses_port::DjangoHostLosesPort;
pub use django_host_not_forwarded::DjangoHostNotForwarded;
pub use django_ssl_redirect_loop::DjangoSslRedirectLoop;
pub use django_xff_missing::DjangoXffMissing;
pub use django_xff_spoofable_edge::DjangoXffSpoofableEdge;
pub use django_xfp_from_client::DjangoXfpFromClient;
pub use django_xfp_hardcoded_https::DjangoXfpHardcodedHttps;
pub use django_xfp_missing::DjangoXfpMissing;
pub use proxy_headers_dropped::ProxyHeadersDropped;
pub use uwsgi_params_missing::UwsgiParamsMissing;
pub use websocket_buffering_sse::WebsocketBufferingSse;
pub use websocket_connection_hardcoded::WebsocketConnectionHardcoded;
pub use websocket_read_timeout::WebsocketReadTimeout;
pub use websocket_upgrade_missing::WebsocketUpgradeMissing;
