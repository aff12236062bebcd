//! nginx's own variables, in sorted tables.
//!
//! Taken from the `ngx_http_variable_t` and `ngx_stream_variable_t` tables of the releases
//! from 1.18.0 to 1.31.4, less those of modules that not every package has (geoip, http3,
//! stub_status, fastcgi) and those that exist for one directive alone.

use crate::version::Version;

/// A variable, and the release that brought it if that is later than 1.18.0.
pub(super) type Variable = (&'static str, Option<Version>);

const fn v(minor: u16, patch: u16) -> Option<Version> {
    Some(Version::new(1, minor, patch))
}

/// Variables of `http`.
pub(super) const HTTP: &[Variable] = &[
    ("ancient_browser", None),
    ("args", None),
    ("binary_remote_addr", None),
    ("body_bytes_sent", None),
    ("bytes_sent", None),
    ("connection", None),
    ("connection_requests", None),
    ("connection_time", v(19, 10)),
    ("content_length", None),
    ("content_type", None),
    ("date_gmt", None),
    ("date_local", None),
    ("document_root", None),
    ("document_uri", None),
    ("gzip_ratio", None),
    ("host", None),
    ("hostname", None),
    ("http2", None),
    ("https", None),
    ("is_args", None),
    ("is_request_port", v(29, 3)),
    ("limit_conn_status", None),
    ("limit_rate", None),
    ("limit_req_status", None),
    ("modern_browser", None),
    ("msec", None),
    ("msie", None),
    ("nginx_version", None),
    ("pid", None),
    ("pipe", None),
    ("proxy_add_x_forwarded_for", None),
    ("proxy_host", None),
    ("proxy_port", None),
    ("proxy_protocol_addr", None),
    ("proxy_protocol_port", None),
    ("proxy_protocol_server_addr", None),
    ("proxy_protocol_server_port", None),
    ("query_string", None),
    ("realip_remote_addr", None),
    ("realip_remote_port", None),
    ("realpath_root", None),
    ("remote_addr", None),
    ("remote_port", None),
    ("remote_user", None),
    ("request", None),
    ("request_body", None),
    ("request_body_file", None),
    ("request_completion", None),
    ("request_filename", None),
    ("request_id", None),
    ("request_length", None),
    ("request_method", None),
    ("request_port", v(29, 3)),
    ("request_time", None),
    ("request_uri", None),
    ("scheme", None),
    ("server_addr", None),
    ("server_name", None),
    ("server_port", None),
    ("server_protocol", None),
    ("ssl_alpn_protocol", v(21, 4)),
    ("ssl_cipher", None),
    ("ssl_ciphers", None),
    ("ssl_client_cert", None),
    ("ssl_client_escaped_cert", None),
    ("ssl_client_fingerprint", None),
    ("ssl_client_i_dn", None),
    ("ssl_client_i_dn_legacy", None),
    ("ssl_client_raw_cert", None),
    ("ssl_client_s_dn", None),
    ("ssl_client_s_dn_legacy", None),
    ("ssl_client_serial", None),
    ("ssl_client_sigalg", v(29, 3)),
    ("ssl_client_v_end", None),
    ("ssl_client_v_remain", None),
    ("ssl_client_v_start", None),
    ("ssl_client_verify", None),
    ("ssl_curve", v(21, 5)),
    ("ssl_curves", None),
    ("ssl_early_data", None),
    ("ssl_ech_outer_server_name", v(29, 4)),
    ("ssl_ech_status", v(29, 4)),
    ("ssl_protocol", None),
    ("ssl_server_name", None),
    ("ssl_session_id", None),
    ("ssl_session_reused", None),
    ("ssl_sigalg", v(29, 3)),
    ("ssl_sigalgs", v(31, 2)),
    ("status", None),
    ("tcpinfo_rcv_space", None),
    ("tcpinfo_rtt", None),
    ("tcpinfo_rttvar", None),
    ("tcpinfo_snd_cwnd", None),
    ("time_iso8601", None),
    ("time_local", None),
    ("uid_got", None),
    ("uid_reset", None),
    ("uid_set", None),
    ("upstream_addr", None),
    ("upstream_bytes_received", None),
    ("upstream_bytes_sent", None),
    ("upstream_cache_status", None),
    ("upstream_connect_time", None),
    ("upstream_header_time", None),
    ("upstream_response_length", None),
    ("upstream_response_time", None),
    ("upstream_status", None),
    ("uri", None),
];

/// What variables of `http` may begin with.
pub(super) const HTTP_PREFIXES: &[Variable] = &[
    ("arg_", None),
    ("cookie_", None),
    ("http_", None),
    ("proxy_protocol_tlv_", v(23, 2)),
    ("sent_http_", None),
    ("sent_trailer_", None),
    ("upstream_cookie_", None),
    ("upstream_http_", None),
    ("upstream_trailer_", None),
];

/// Variables of `stream`.
pub(super) const STREAM: &[Variable] = &[
    ("binary_remote_addr", None),
    ("bytes_sent", None),
    ("connection", None),
    ("hostname", None),
    ("msec", None),
    ("nginx_version", None),
    ("pid", None),
    ("protocol", None),
    ("proxy_protocol_addr", None),
    ("proxy_protocol_port", None),
    ("proxy_protocol_server_addr", None),
    ("proxy_protocol_server_port", None),
    ("remote_addr", None),
    ("remote_port", None),
    ("server_addr", None),
    ("server_port", None),
    ("session_time", None),
    ("time_iso8601", None),
    ("time_local", None),
];

/// What variables of `stream` may begin with.
pub(super) const STREAM_PREFIXES: &[Variable] = &[("proxy_protocol_tlv_", v(23, 2))];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        for table in [HTTP, HTTP_PREFIXES, STREAM, STREAM_PREFIXES] {
            assert!(table.is_sorted_by(|a, b| a.0 < b.0));
        }
    }
}
