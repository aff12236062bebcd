//! Proxying and headers: group `proxy`.

mod add_header_dropped;
mod array_directive_dropped;
mod directive_of_other_protocol;
mod proxy_buffering_off;
mod proxy_missing_host_header;
mod proxy_pass_decoded_path;
mod proxy_pass_path_mismatch;
mod proxy_set_header_dropped;

pub use add_header_dropped::AddHeaderDropped;
pub use array_directive_dropped::ArrayDirectiveDropped;
pub use directive_of_other_protocol::DirectiveOfOtherProtocol;
pub use proxy_buffering_off::ProxyBufferingOff;
pub use proxy_missing_host_header::ProxyMissingHostHeader;
pub use proxy_pass_decoded_path::ProxyPassDecodedPath;
pub use proxy_pass_path_mismatch::ProxyPassPathMismatch;
pub use proxy_set_header_dropped::ProxySetHeaderDropped;
