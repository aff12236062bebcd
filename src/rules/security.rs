//! Security: group `security`.

mod auth_basic_without_file;
mod deny_before_allow;

pub use auth_basic_without_file::AuthBasicWithoutFile;
pub use deny_before_allow::DenyBeforeAllow;
