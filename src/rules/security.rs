//! Security: group `security`.

mod access_rules_bypassed;
mod add_header_multiline;
mod allow_without_deny;
mod auth_basic_without_file;
mod autoindex_enabled;
mod deny_before_allow;
mod filesystem_root_exposure;
mod host_header_spoofing;
mod hsts_missing_or_weak;
mod return_bypasses_acl;
mod server_tokens;
mod status_page_exposed;

pub use access_rules_bypassed::AccessRulesBypassed;
pub use add_header_multiline::AddHeaderMultiline;
pub use allow_without_deny::AllowWithoutDeny;
pub use auth_basic_without_file::AuthBasicWithoutFile;
pub use autoindex_enabled::AutoindexEnabled;
pub use deny_before_allow::DenyBeforeAllow;
pub use filesystem_root_exposure::FilesystemRootExposure;
pub use host_header_spoofing::HostHeaderSpoofing;
pub use hsts_missing_or_weak::HstsMissingOrWeak;
pub use return_bypasses_acl::ReturnBypassesAcl;
pub use server_tokens::ServerTokens;
pub use status_page_exposed::StatusPageExposed;
